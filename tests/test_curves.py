"""Curves from tables and runs: what people choose, gaps, scales, and nothing in silence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from eds_files import small_eds, written

from qpcr.curves import from_run, from_table
from qpcr.errors import InputError
from qpcr.fits import Reason, fit_curves
from qpcr.formats import read_run
from qpcr.settings import Settings, parse_settings
from qpcr.simulate import demo_plate, simulate_plate, write_eds

X = np.arange(1.0, 41.0)


def sigmoid(ct=24.0, top=5.0, ground=0.3, slope=0.002):
    return ground + slope * X + top / (1 + np.exp(-(X - ct - 3) / 1.4))


def write(folder, spec):
    path = folder / f"{spec.passive_reference}.eds"
    write_eds(simulate_plate(spec, seed=3), path)
    return read_run(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"baseline": "short"},
        {"baseline": (9, 3)},
        {"baseline": (0, 9)},
        {"baseline": (3, 9, 12)},
        {"baseline": (3.0, 9.0)},
        {"threshold": "low"},
        {"threshold": 0},
        {"threshold": -1.0},
        {"threshold": float("nan")},
        {"threshold": True},
        {"threshold": {"T": -2.0}},
        {"threshold": {"T": "0.2"}},
        {"rules": "7900"},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        Settings(**wrong)


def test_settings_as_people_type_them():
    assert parse_settings("3-15", ["0.2"], None) == Settings((3, 15), 0.2)
    assert parse_settings("auto", ["file"], "7500-2.x") == Settings("auto", "file", "7500-2.x")
    typed = parse_settings("protocol", ["A=0.2", "B=C=0.3"], None)
    assert dict(typed.threshold) == {"A": 0.2, "B=C": 0.3}
    assert Settings([3, 9]).baseline == (3, 9)
    for baseline, thresholds in (("²-5", []), ("auto", ["0.2", "0.3"]), ("auto", ["A=x"])):
        with pytest.raises(ValueError, match=r"."):
            parse_settings(baseline, thresholds, None)


def test_a_threshold_for_a_target_that_is_not_there_is_refused(tmp_path):
    run = read_run(written(tmp_path, small_eds()))
    for name in ("TYPO", "alb", ""):
        with pytest.raises(InputError, match="not on the plate") as caught:
            from_run(run, Settings(threshold={name: 0.2}))
        assert caught.value.expected == "ALB"


def test_file_settings_that_are_not_recorded_are_said_to_be_computed(tmp_path):
    run = read_run(written(tmp_path, small_eds()))
    bare = dataclasses.replace(run, settings=type(run.settings)())
    notes = from_run(bare, Settings(baseline="file", threshold="file")).notes
    assert any("no threshold for ALB" in note for note in notes)
    assert any("no baseline for 6 reactions" in note for note in notes)


def test_a_version_that_was_not_measured_is_named(tmp_path):
    run = read_run(written(tmp_path, small_eds()))
    assert not any("other versions" in note for note in from_run(run).notes)
    source = dataclasses.replace(run.provenance, software="7500 Software v2.0.6")
    older = from_run(dataclasses.replace(run, provenance=source))
    assert older.rules == "7500-2.x"
    assert any("other versions than 7500 Software v2.0.6" in note for note in older.notes)


def test_curves_of_other_targets_change_nothing():
    mine = np.array([sigmoid(22), sigmoid(25), sigmoid(28)])
    alone = from_table(X, mine, ["a", "b", "c"], ["T"] * 3)
    others = np.array([sigmoid(20 + k / 3) * 1000 for k in range(20)])
    crowd = from_table(
        X, np.vstack([mine, others]), [*"abc", *map(str, range(20))], ["T"] * 3 + ["U"] * 20
    )
    for one, other in zip(alone.instrument_cq, crowd.instrument_cq[:3], strict=True):
        assert one.value is not None
        assert one.value == other.value
    assert alone.thresholds["T"] == crowd.thresholds["T"]


def test_flat_and_background_subtracted_curves_do_not_hide_the_others():
    rng = np.random.default_rng(0)
    rising = [sigmoid(ct, ground=0.0, slope=0.0) + rng.normal(0, 0.003, 40) for ct in (20, 24, 28)]
    flat = list(rng.normal(0, 0.003, (10, 40)))
    made = from_table(X, np.array(rising + flat), [f"c{k}" for k in range(13)])
    assert made.thresholds["target"].value is not None
    assert all(one.value is not None for one in made.instrument_cq[:3])
    steps = np.diff([one.value for one in made.instrument_cq[:3]])
    assert steps == pytest.approx([4, 4], abs=0.1)


@pytest.mark.parametrize("missing", [8, 15, 20, 21, 22, 23, 24, 39])
def test_one_missing_reading_moves_ct_a_little(missing):
    chosen = Settings(threshold=0.8)
    whole = from_table(X, sigmoid()[None], ["a"], settings=chosen)
    gap = sigmoid()[None].copy()
    gap[0, missing] = np.nan
    made = from_table(X, gap, ["a"], settings=chosen)
    assert np.isnan(made.drn[0, missing])
    expected = whole.instrument_cq[0].value
    assert made.instrument_cq[0].value == pytest.approx(expected, abs=0.15)
    fit = fit_curves(made, polish=False)[0]
    assert fit.cq == pytest.approx(fit_curves(whole, polish=False)[0].cq, abs=0.02)


def test_a_baseline_that_reaches_into_the_rise_gives_no_fitted_ct():
    made = from_table(X, sigmoid()[None], ["a"], settings=Settings((3, 30), 0.3))
    fit = fit_curves(made, polish=False)[0]
    assert fit.cq is None
    assert fit.reason in (Reason.BASELINE, Reason.LATE)
    kept = from_table(X, sigmoid()[None], ["a"], settings=Settings((3, 18), 0.3))
    assert fit_curves(kept, polish=False)[0].cq is not None


def test_an_interval_reaches_down_by_the_delay_of_the_baseline():
    rng = np.random.default_rng(1)
    rn = sigmoid() * (1 + rng.normal(0, 0.002, 40))
    fit = fit_curves(from_table(X, rn[None], ["a"], settings=Settings((3, 21), 0.5)))[0]
    reach = fit.cq_high - fit.cq
    assert fit.baseline_shift > 0
    assert fit.cq - fit.cq_low == pytest.approx(reach + 1.5 * fit.baseline_shift, rel=1e-9)


def test_an_efficiency_nobody_can_know_is_left_out():
    rng = np.random.default_rng(2)
    rn = sigmoid(35.0, top=0.4) + rng.normal(0, 0.03, 40)
    for fit in fit_curves(from_table(X, np.array([rn, sigmoid()]), ["a", "b"]), polish=False):
        if fit.efficiency is not None:
            assert fit.efficiency.se <= 0.5


def test_a_plate_without_a_passive_reference_works_and_says_so(tmp_path):
    spec = demo_plate()
    with_reference, without = (
        write(tmp_path, dataclasses.replace(spec, passive_reference=dye)) for dye in ("ROX", None)
    )
    made = from_run(without)
    assert any("no passive reference" in note for note in made.notes)
    assert made.reference is None
    assert np.nanmax(made.rn) > 1e5
    normal = from_run(with_reference)
    agree = [
        (one.value is None) == (other.value is None)
        for one, other in zip(made.instrument_cq, normal.instrument_cq, strict=True)
    ]
    assert sum(agree) >= 94  # of 96; P-010 holds a few copies
    for target, threshold in made.thresholds.items():
        amplified = [
            np.nanmax(made.drn[row])
            for row, reaction in enumerate(made.reactions)
            if reaction.target == target and normal.instrument_cq[row].value is not None
        ]
        assert 0.01 < threshold.value / np.median(amplified) < 0.5, target


def test_nothing_amplifies_and_there_is_no_reference(tmp_path):
    spec = demo_plate()
    empty = tuple(
        dataclasses.replace(
            well, reactions=tuple(dataclasses.replace(r, copies=0.0) for r in well.reactions)
        )
        for well in spec.wells
    )
    made = from_run(write(tmp_path, dataclasses.replace(spec, wells=empty, passive_reference=None)))
    for row, answer in enumerate(made.instrument_cq):
        fit = fit_curves(made, polish=False)[row] if answer.value is not None else None
        assert fit is None or fit.cq is None
