"""Quantities of whole plates: simulated ones of known truth, and the vendor's RNase P plate."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from cli import main
from qpcr import InputError
from qpcr.quantities.installation import installation_tests, is_rnase_p
from qpcr.quantities.measured import Measured
from qpcr.quantities.quantify import keepable, quantify
from qpcr.run import Task
from qpcr.said import say

RNASE_P = "rnasep_standard_curve_7500fast_v2.3.eds"


def well(place, task, sample, cq, stated=None, target="RNase P", file="p.eds", omitted=None):
    why = None if cq is not None else "The curve is flat."
    return Measured(file, "00", None, f"W{place}", sample, target, task, stated, cq, why, omitted)


def plate(
    rng, unknowns=((5000, 36), (10_000, 36)), sd=0.04, file="p.eds", shift=0.0, standards=True
):
    """SIMULATED plate: Ct = 40 − 3.4 log10 q and normal scatter."""
    rows = []

    def add(task, sample, q, stated=None):
        cq = 40 + shift - 3.4 * np.log10(q) + rng.normal(0, sd)
        rows.append(well(len(rows), task, sample, cq, stated, file=file))

    if standards:
        for q in np.repeat([1250.0, 2500, 5000, 10_000, 20_000], 4):
            add(Task.STANDARD, f"{q:g}", q, q)
    for q, count in unknowns:
        for _ in range(count):
            add(Task.UNKNOWN, f"pop{q}", q)
    rows.append(well(len(rows), Task.NTC, "NTC", None, file=file))
    return rows


def test_samples_have_intervals_that_hold_the_truth_and_empty_wells_a_reason():
    found = quantify(plate(np.random.default_rng(1)))
    samples = {one.sample: one for one in found.samples}
    got = samples["pop5000"].quantity
    assert got.low < 5000 < got.high
    assert samples["NTC"].quantity is None
    assert samples["NTC"].reason
    assert found.wells[-1].reason == "The curve is flat."


def test_mean_of_a_sample_with_an_empty_well_is_not_given():
    rows = plate(np.random.default_rng(2), ((5000, 2),))
    rows.append(well(99, Task.UNKNOWN, "pop5000", None))
    sample = next(one for one in quantify(rows).samples if one.sample == "pop5000")
    assert sample.quantity is None
    assert sample.wells_without_cq == ("W99",)
    assert "too high" in sample.reason


def test_omitted_wells_take_no_part():
    rows = plate(np.random.default_rng(3))
    rows.append(well(98, Task.STANDARD, "s", 39.0, 20_000.0, omitted=say("Left out.")))
    found = quantify(rows)
    assert found.curves[0].curve.points == 20
    assert found.wells[-1].quantity is None
    with_it = quantify([*rows[:-1], well(98, Task.STANDARD, "s", 39.0, 20_000.0)])
    assert [name for name, _ in with_it.curves[0].suspects] == ["W98"]
    assert with_it.curves[0].warnings()


def test_targets_have_their_own_curves_and_none_is_borrowed():
    rows = plate(np.random.default_rng(4))
    rows.append(well(99, Task.UNKNOWN, "x", 30.0, target="ALB"))
    found = quantify(rows)
    assert found.wells[-1].quantity is None
    assert "No standard curve" in found.wells[-1].reason


def test_stored_curves_serve_plates_without_standards_only():
    rng = np.random.default_rng(5)
    rows = plate(rng)
    kept = keepable(quantify(rows), rows, "L7")
    assert kept[0].lot == "L7"
    later = quantify(plate(rng, ((5000, 3),), file="q.eds", standards=False), stored=kept)
    sample = next(one for one in later.samples if one.sample == "pop5000")
    assert sample.quantity.low < 5000 < sample.quantity.high
    assert later.curves[0].stored.lot == "L7"
    assert "L7" in later.curves[0].notes[0]
    own = quantify(plate(rng), stored=kept)
    assert own.curves[0].stored is None


def test_plates_are_pooled_and_serve_a_plate_without_standards():
    rng = np.random.default_rng(6)
    rows = [*plate(rng, file="a.eds"), *plate(rng, file="b.eds", shift=0.4)]
    rows += plate(rng, ((5000, 3),), file="c.eds", standards=False)
    found = quantify(rows, pool=True)
    first, second, third = (one.curve for one in found.curves)
    assert first.slope == second.slope == third.slope
    assert second.intercept - first.intercept == pytest.approx(0.4, abs=0.1)
    assert third.between_sd > 0.2
    with pytest.raises(InputError, match="pool"):
        quantify(plate(rng), pool=True)


def test_installation_test_passes_a_sharp_plate_and_fails_a_blunt_one():
    good = installation_tests(quantify(plate(np.random.default_rng(7))))
    assert good[0].result.passed
    assert good[0].result.nominal
    assert "Installation test passed" in good[0].message
    bad = installation_tests(quantify(plate(np.random.default_rng(7), sd=0.35)))
    assert not bad[0].result.passed
    other = quantify(plate(np.random.default_rng(7), ((2500, 12), (5000, 12))))
    assert not installation_tests(other)[0].result.nominal
    assert (
        installation_tests(quantify(plate(np.random.default_rng(7), ((5000, 12),))))[0].result
        is None
    )
    assert is_rnase_p("RNASE-P VIC")


def test_well_that_failed_to_amplify_fails_the_installation_test():
    rows = plate(np.random.default_rng(8))
    rows.append(well(99, Task.UNKNOWN, "pop5000", None))
    test = installation_tests(quantify(rows))[0]
    assert test.result is None
    assert "W99" in test.message


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_rnase_p_plate_from_raw_fluorescence(data_dir, tmp_path):
    file = data_dir / "abi7500" / RNASE_P
    done = CliRunner().invoke(main, ["standards", str(file), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (curve,) = table(tmp_path / "standards.csv")
    wells = table(tmp_path / "quantities.csv")
    assert list(wells[0])[:8] == [
        "well", "sample", "target", "task", "cq", "quantity", "quantity_low", "quantity_high",
    ]  # fmt: skip
    x, y = np.array(
        [
            (np.log10(float(w["stated_quantity"])), float(w["cq"]))
            for w in wells
            if w["task"] == "STANDARD"
        ]
    ).T
    slope, intercept = np.polyfit(x, y, 1)
    assert float(curve["slope"]) == pytest.approx(slope, rel=1e-6)
    assert float(curve["intercept"]) == pytest.approx(intercept, rel=1e-6)
    assert float(curve["efficiency"]) == pytest.approx(10 ** (-1 / slope) - 1, rel=1e-6)
    assert float(curve["slope_low"]) < -3.4 - 0.25
    assert (float(curve["range_low"]), float(curve["range_high"])) == (625, 10_000)
    samples = {one["sample"]: one for one in table(tmp_path / "samples.csv")}
    for name in ("10000", "5000", "2500", "1250", "625"):  # the stated amounts are held
        assert float(samples[name]["quantity_low"]) < float(name)
        assert float(name) < float(samples[name]["quantity_high"])
    tests = table(tmp_path / "installation.csv")
    assert [one["passed"] for one in tests] == ["yes", "yes"]
    assert tests[0]["nominal_5000_10000"] == "no"
    again = tmp_path / "again"
    done = CliRunner().invoke(
        main, ["standards", str(file), "--out", str(again), "--omit", "B6", "--omit", "B12"]
    )
    assert table(again / "standards.csv")[0]["points"] == "13"
    assert "left out by hand" in (again / "quantities.csv").read_text(encoding="utf-8")
    done = CliRunner().invoke(main, ["standards", str(file), "--out", str(again), "--omit", "H12"])
    assert done.exit_code == 3
    assert "H12" in done.output


def test_pooling_with_weights_is_refused_and_not_done_without():
    rng = np.random.default_rng(6)
    with pytest.raises(InputError, match="without weights"):
        quantify([*plate(rng), *plate(rng, file="q.eds")], pool=True, weighting="variance")


def test_populations_are_ranked_by_their_wells_that_count():
    """Of the higher population most wells are left out by hand: it is still the higher one."""
    rows = plate(np.random.default_rng(7), ((5000, 12), (10_000, 12)))
    high = [place for place, row in enumerate(rows) if row.sample == "pop10000"]
    for place in high[:8]:
        rows[place] = replace(rows[place], omitted=say("Left out."))
    (made, *_) = installation_tests(quantify(rows))
    assert (made.low, made.high) == ("pop5000", "pop10000")
