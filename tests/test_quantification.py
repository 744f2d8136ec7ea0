"""Cq by a chosen method on a plate, and what it leaves alone."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from report_records import synthetic_record, synthetic_run

from cli import main
from qpcr import InputError, analyze
from qpcr.document import document
from qpcr.frames import QUANTIFICATION_COLUMNS
from qpcr.inspection import replicate_lines
from qpcr.methods import methods
from qpcr.outputs import write_outputs
from qpcr.quantification import Quantification, Quantified, quantified
from qpcr.quantities.kept_view import summary_of
from qpcr.quantities.measured import measured
from qpcr.quantities.quantify import keepable, quantify
from qpcr.records import Store
from qpcr.records.assays import assays
from qpcr.replicates import replicates
from qpcr.run import Task


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by(record, method):
    return quantified(record.curves, record.fits, method).wells


@pytest.fixture(scope="module")
def standards(data_dir):
    """A vendor's standard curve: 15 standards, 6 unknowns, 3 controls without template."""
    return analyze(data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds")


def test_the_plate_of_a_standard_curve(standards):
    """Like its Ct to a constant; better against the stated quantities than the instrument's."""
    found = by(standards, "recommended")
    wells = standards.run.reactions
    state = [i for i, well in enumerate(wells) if str(well.task) == "STANDARD"]
    x = np.log10([wells[i].quantity for i in state])

    def scatter(cq):
        residual = cq - np.polyval(np.polyfit(x, cq, 1), x)
        return residual.std(ddof=2)

    ours = np.array([found[i].cq for i in state])
    style = np.array([standards.curves.instrument_cq[i].value for i in state])
    assert scatter(ours) < 0.6 * scatter(style)
    assert 1.85 < 10 ** (-1 / np.polyfit(x, ours, 1)[0]) < 2.15
    assert all(0 < found[i].cq_se < 0.3 for i in state)
    assert len({found[i].efficiency for i in state}) == 1
    for well, one in zip(wells, found, strict=True):
        assert (one.cq is None) == (one.reason is not None), well.well_name
        if str(well.task) == "NTC":
            assert one.cq is None


def test_every_method_takes_a_plate(standards):
    for name in methods():
        found = by(standards, name)
        assert len(found) == len(standards.run.reactions)
        assert sum(one.cq is not None for one in found) >= 15, name


def test_the_instruments_method_is_the_instruments_rule(standards):
    for one, style in zip(by(standards, "instrument"), standards.curves.instrument_cq, strict=True):
        assert one.cq == style.value


def test_quantities_take_the_chosen_cq(standards):
    plain, chosen = measured(standards), measured(standards, method="recommended")
    found = by(standards, "recommended")
    assert [one.cq for one in chosen] == [one.cq for one in found]
    assert [one.cq for one in plain] == [fit.cq for fit in standards.fits]


def test_no_such_method(standards):
    with pytest.raises(InputError, match="no such method"):
        by(standards, "best")
    with pytest.raises(InputError, match="no such method"):
        measured(standards, method="best")
    with pytest.raises(InputError, match="no such method"):
        analyze(standards.run, method="best")


def test_the_command_adds_one_file_and_changes_none(tmp_path):
    plate = written(tmp_path, small_eds())
    for folder, options in (("a", ()), ("b", ("--method", "recommended"))):
        assert run("analyze", plate, "--out", tmp_path / folder, *options).exit_code == 0
    a, b = tmp_path / "a" / "plate", tmp_path / "b" / "plate"
    assert {p.name for p in b.iterdir()} - {p.name for p in a.iterdir()} == {"quantification.csv"}
    for name in ("reactions.csv", "cycles.csv", "findings.csv"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    found = rows(b / "quantification.csv")
    assert tuple(found[0]) == QUANTIFICATION_COLUMNS
    shown = ("well", "proper_curve", "shape")
    judged = [[row[name] for name in shown] for row in rows(a / "reactions.csv")]
    assert [[row[name] for name in shown] for row in found] == judged
    for row in found:
        assert bool(row["cq"]) != bool(row["reason"])


def test_the_screen_says_which_method_and_its_numbers(tmp_path):
    plate = written(tmp_path, small_eds())
    done = run("analyze", plate, "--method", "cpd2")
    assert done.exit_code == 0
    assert "by the method cpd2" in done.output
    first = next(one for one in analyze(plate, method="cpd2").quantification.wells if one.cq)
    assert f"{first.cq:.2f}" in done.output
    assert "by the method" not in run("analyze", plate).output
    assert run("analyze", plate, "--copies").exit_code == 2


def test_the_record_holds_what_the_files_say(standards, tmp_path):
    """Quantities come from the record alone, and change nothing else in it."""
    made = analyze(standards.run, method="recommended", copies=True)
    assert (
        made.quantification.wells
        == quantified(made.curves, made.fits, "recommended", copies=True).wells
    )
    assert standards.quantification is None
    write_outputs(made, tmp_path)
    told = json.loads((tmp_path / "run.json").read_text("utf-8"))["quantification"]
    assert (told["method"], told["version"], told["copies"]) == ("recommended", 1, True)
    assert told["settings"]["level"] == 0.1
    for row, one, well in zip(
        rows(tmp_path / "quantification.csv"), told["wells"], made.quantification.wells, strict=True
    ):
        for name in ("cq", "cq_se", "efficiency", "n0", "n0_se", "copies", "poisson_sd"):
            value = getattr(well, name)
            assert one[name] == value
            assert row[name] == ("" if value is None else repr(value))
    before, after = document(standards), document(made)
    for part in ("curves", "fits", "findings", "calls", "shapes"):
        assert before[part] == after[part]
    write_outputs(standards, tmp_path)
    assert not (tmp_path / "quantification.csv").exists()
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["quantification"] is None


def test_one_row_a_reaction(standards):
    made = quantified(standards.curves, standards.fits, "cpd2")
    with pytest.raises(ValueError, match="one row a reaction"):
        replace(standards, quantification=replace(made, wells=made.wells[1:]))


def test_quantities_that_a_record_holds_are_taken_as_they_are(standards):
    """As its fits are: what was reported is not computed again behind somebody's back."""
    made = quantified(standards.curves, standards.fits, "cpd2")
    marked = tuple(replace(one, cq=1.0) for one in made.wells)
    now = replace(standards, quantification=replace(made, wells=marked))
    found = zip(measured(now, method="cpd2"), standards.shapes, strict=True)
    assert {one.cq for one, shape in found if shape.proper} == {1.0}
    assert {one.method for one in measured(now, method="cpd2")} == {"cpd2"}
    assert 1.0 not in {one.cq for one in measured(now, method="cpd1")}
    assert [one.cq for one in measured(now)] == [fit.cq for fit in standards.fits]


def test_replicates_of_a_real_plate(standards):
    """The method's SD beside the instrument's, and what leads one to expect it."""
    (one,) = replicates(analyze(standards.run, method="recommended", copies=True))
    assert (one.groups, one.wells) == (7, 21)
    assert one.observed < 0.5 * one.by_rule
    assert 0.5 < one.observed / one.predicted < 1.5
    assert one.predicted == pytest.approx(np.hypot(one.stated, one.poisson))
    assert replicates(standards) == ()
    (line,) = replicate_lines(analyze(standards.run, method="recommended", copies=True))
    for value in (one.observed, one.by_rule, one.predicted):
        assert f"{value:.3f}" in line
    assert line.endswith("expected from standard errors and sampling")


def test_pooled_sd_of_replicates_by_hand():
    """Two groups, SD² 2 and 1 with one and two degrees of freedom; a well alone does not count."""
    run = synthetic_run(1, 7, used=7, samples=("a", "b", "a", "b", "c", "b", None))
    reactions = tuple(replace(one, task=Task.UNKNOWN) for one in run.reactions)
    record = synthetic_record(replace(run, reactions=reactions))
    cqs = (20.0, 30.0, 22.0, 31.0, 15.0, 32.0, 9.0)
    wells = tuple(Quantified(cq, 0.1 * i, None, None, None, None, None)
                  for i, cq in enumerate(cqs))  # fmt: skip
    (one,) = replicates(replace(record, quantification=Quantification("cpd2", 1, wells=wells)))
    assert (one.groups, one.wells) == (2, 5)
    assert one.observed == pytest.approx(np.sqrt((2 + 2) / 3))
    a, b = np.mean([0, 0.04]), np.mean([0.01, 0.09, 0.25])
    assert one.stated == pytest.approx(np.sqrt((a + 2 * b) / 3))
    assert (one.poisson, one.predicted) == (None, one.stated)


def test_curves_at_the_threshold_do_not_mix_with_another_method(data_dir, tmp_path):
    """A stored curve read with another Cq would give a wrong quantity without a word."""
    plate = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    done = run("standards", plate, "--out", tmp_path / "m", "--method", "recommended")
    assert done.exit_code == 0, done.output
    assert "Cq by the method: recommended" in done.output
    assert not (tmp_path / "m" / "curves.json").exists()
    for name in ("standards", "quantities", "samples"):
        assert {r["cq_method"] for r in rows(tmp_path / "m" / f"{name}.csv")} == {"recommended"}
    done = run("standards", plate, "--out", tmp_path / "t")
    assert (tmp_path / "t" / "curves.json").exists()
    assert {r["cq_method"] for r in rows(tmp_path / "t" / "samples.csv")} == {"threshold"}
    again = run(
        "standards", plate, "--out", tmp_path / "x", "--method", "recommended",
        *("--curves", tmp_path / "t" / "curves.json"),
    )  # fmt: skip
    assert again.exit_code == 2
    assert "do not go with --method" in again.output


def test_quantities_by_a_method_are_kept_with_its_name_and_their_curve_is_not(data_dir, tmp_path):
    plate = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    Store.init(tmp_path / "store")
    given = [plate, "--out", tmp_path / "o", "--store", tmp_path / "store", "--keep"]
    done = run("standards", *given, "--method", "recommended")
    assert done.exit_code == 0, done.output
    (one,) = assays(Store.open(tmp_path / "store"))
    assert (one.what, one.value["method"]) == ("quantities", "recommended")
    assert "by the method recommended" in " ".join(summary_of(one.value).says)
    assert run("standards", *given).exit_code == 0, "beside the usual ones, not instead of them"
    names = [each.value.get("method") for each in assays(Store.open(tmp_path / "store"))]
    assert sorted(map(str, names)) == ["None", "recommended", "threshold"]
    assert run("standards", *given, "--method", "recommended", "--stored-curves").exit_code == 2


def test_stored_curves_and_another_method_are_refused_by_the_library(standards):
    rows_ = measured(standards, method="cpd2")
    curves = keepable(quantify(measured(standards)), measured(standards), None)
    with pytest.raises(InputError, match="at the threshold"):
        quantify(rows_, stored=curves)
    with pytest.raises(InputError, match="several methods"):
        quantify([*rows_, *measured(standards)])
