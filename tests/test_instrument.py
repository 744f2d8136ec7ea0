"""Baseline, threshold and Ct against the numbers of the instruments' own software."""

from __future__ import annotations

import numpy as np
import pytest
from exports import load_export, load_rdml

from qpcr import curves
from qpcr.formats import read_run
from qpcr.instrument import _arithmetic as arithmetic
from qpcr.instrument import rule_sets, rules_for
from qpcr.settings import Settings
from qpcr.thresholds import Threshold

A = "abi7500/rnasep_standard_curve_7500fast_v2.3.eds"
S = "stepone/steponeplus_v2.3_native_with_results.eds"
SDS2 = {
    "abi7500/qpcr1068_test_af_Cteide_CO1_qpcrrundate20240409_data.xls": (64, 14),
    "abi7500/7500fast_v2_manual_baseline.xls": (96, 96),
    "stepone/steponeplus_sybr_melt.xls": (85, 63),
}
EXPORTS = "quantstudio/exports/appbio_quantstudio_designandanalysis_"
QUANTSTUDIO = {
    "quantstudio/qs3_taqman_3target.xls": (72, 56),
    f"{EXPORTS}QS3_Relative_Quantification_example02.xlsx": (156, 152),
    f"{EXPORTS}QS5_Standard_Curve_4Plex_example03.xlsx": (384, 384),
    f"{EXPORTS}QS7Pro_Presence_and_Absence_example10.xlsx": (168, 130),
    f"{EXPORTS}QS7Pro_Primary_Analysis_example2.xlsx": (288, 27),
}


def test_an_eds_without_results_gets_the_instruments_baselines_and_threshold(data_dir):
    run = read_run(data_dir / A)
    made = curves.from_run(run)
    recorded = run.settings.baselines
    windows = [(b.start, b.stop) for b in made.baselines]
    assert windows == [
        (recorded[r.well, r.target].start, recorded[r.well, r.target].stop) for r in run.reactions
    ]
    assert len(windows) == 24
    assert made.thresholds["RNase P TAMRA"].value == 0.6053519973507173  # to the last bit
    assert made.thresholds["RNase P TAMRA"].source == "automatic"


@pytest.mark.parametrize(
    ("well", "window", "peak", "ct"),
    [(0, (3, 13), 14, None), (1, (3, 39), None, None), (2, (3, 39), None, None),
     (3, (3, 22), 28, 28.280775), (9, (3, 19), 26, 26.389279), (23, (3, 23), 30, 30.982454)],
)  # fmt: skip
def test_the_published_test_vectors(data_dir, well, window, peak, ct):
    made = curves.from_run(read_run(data_dir / A))
    assert (made.baselines[well].start, made.baselines[well].stop) == window
    assert made.peaks[well] == peak
    assert made.instrument_cq[well].value == (None if ct is None else pytest.approx(ct, abs=5e-7))
    assert (made.instrument_cq[well].reason is None) == (ct is not None)
    if well == 0:
        assert made.rn[0, 0] == np.float32(2.319212)
    if well == 3:
        assert made.drn[3, 28] == pytest.approx(0.86939268, abs=5e-9)
    if well == 23:
        assert made.drn[23, 30] == 0.6053519973507173


def test_own_optics_give_the_same_answers_without_the_stored_signals(data_dir):
    """Tampered or absent multicomponent data must not matter: the raw filters decide."""
    run = read_run(data_dir / A)
    signals = {w: type(s)(s.dyes, s.signal * np.float32(1.01)) for w, s in run.signals.items()}
    for own in (_replaced(run, signals={}), _replaced(run, signals=signals)):
        made, reference = curves.from_run(own), curves.from_run(run)
        for ours, theirs in zip(made.instrument_cq, reference.instrument_cq, strict=True):
            assert (ours.value is None) == (theirs.value is None)
            if ours.value is not None:
                assert ours.value == pytest.approx(theirs.value, abs=2e-5)
    assert any("differ from the instrument's" in note for note in made.notes)


def _replaced(run, **changes):
    import dataclasses

    return dataclasses.replace(run, **changes)


def test_an_eds_with_results_is_reproduced(data_dir):
    run = read_run(data_dir / S)
    made = curves.from_run(run)
    decisions, worst = 0, 0.0
    for row, reaction in enumerate(run.reactions):
        theirs = run.results.get((reaction.well, reaction.target))
        if theirs is None:
            continue
        np.testing.assert_array_equal(made.rn[row], theirs.rn)
        # ΔRn is stored as float32 text of values up to 25
        np.testing.assert_allclose(made.drn[row], theirs.drn, rtol=1e-6, atol=1e-6)
        ours = made.instrument_cq[row].value
        assert (ours is None) == (theirs.cq is None), reaction
        assert theirs.determined is (theirs.cq is not None)
        decisions += 1
        if ours is not None:
            worst = max(worst, abs(ours - theirs.cq))
    assert decisions == 90
    assert worst <= 1e-5


def processed(path, rules):
    """The export's Rn through our arithmetic, with the windows it records."""
    exported = load_export(path)
    rn = np.array([one.rn for one in exported])
    peaks = rules.peaks(rn)
    windows = np.array([[one.start, one.stop] for one in exported])
    intercept, slope = arithmetic.baseline_lines(rn, windows)
    drn = rn - (intercept[:, None] + slope[:, None] * np.arange(1, rn.shape[1] + 1))
    return exported, rn, peaks, windows, drn


@pytest.mark.parametrize(("name", "counts"), [*SDS2.items(), *QUANTSTUDIO.items()])
def test_exports_are_reproduced(data_dir, name, counts):
    rules = rule_sets()["7500-2.x" if name in SDS2 else "quantstudio"]
    exported, _, peaks, _, drn = processed(data_dir / name, rules)
    assert len(exported) == counts[0]
    determined = 0
    for one, curve, peak in zip(exported, drn, peaks, strict=True):
        np.testing.assert_allclose(curve, one.drn, atol=1e-6)
        ct = None
        if peak:
            k = arithmetic.threshold_crossing(curve, one.threshold, int(peak))
            ct = None if k is None else arithmetic.cubic_ct(curve, one.threshold, k)
        assert (ct is None) == (one.ct is None), (one.well, one.target)
        if ct is not None:
            determined += 1
            # some exports print the threshold with six decimals: half a unit of it is no error
            slope = np.gradient(curve)[int(ct) - 1 : int(ct) + 1].min()
            assert abs(ct - one.ct) <= 1e-5 + 5e-7 / abs(slope), (one.well, one.target)
    assert determined == counts[1]


@pytest.mark.parametrize("name", SDS2)
def test_automatic_windows_and_thresholds_of_exports(data_dir, name):
    rules = rule_sets()["7500-2.x"]
    exported, rn, peaks, recorded, drn = processed(data_dir / name, rules)
    windows = rules.windows(rn, peaks)
    by_hand = {(6, 15), (3, 8), (3, 15)} if "manual" in name else set()
    for one, window in zip(exported, windows, strict=True):
        if one.auto_baseline and (one.start, one.stop) not in by_hand:
            assert tuple(window) == (one.start, one.stop), one.well
    for target in {one.target for one in exported if one.auto_threshold}:
        used = np.array([one.target == target for one in exported])
        theirs = next(one.threshold for one in exported if one.target == target)
        ours = rules.threshold(drn, peaks, recorded[:, 1], used)
        assert ours == pytest.approx(theirs, abs=2e-15)


def test_without_a_passive_reference_the_rules_see_the_reporter_itself(data_dir):
    """The listed windows are not those its ΔRn was made with: the automatic ones are, but for 4."""
    rules = rule_sets()["7500-2.x"]
    exported = load_export(data_dir / "abi7500/7500fast_v2_sybr_no_passive_reference.xls")
    rn = np.array([one.rn for one in exported])
    windows = rules.windows(rn, rules.peaks(rn))
    intercept, slope = arithmetic.baseline_lines(rn, windows)
    drn = rn - (intercept[:, None] + slope[:, None] * np.arange(1, rn.shape[1] + 1))
    wrong = [
        one.well
        for one, curve in zip(exported, drn, strict=True)
        if np.abs(curve - one.drn).max() > 3e-6 * np.abs(one.rn).max()
    ]
    assert len(exported) == 60
    assert sorted(wrong) == ["A9", "B9", "C9", "D9"]


def test_quantstudio_windows_agree_but_for_the_known_gap(data_dir):
    rules = rule_sets()["quantstudio"]
    agree = total = 0
    for name in QUANTSTUDIO:
        exported, rn, peaks, _, _ = processed(data_dir / name, rules)
        for one, window, peak in zip(exported, rules.windows(rn, peaks), peaks, strict=True):
            total += 1
            same = tuple(window) == (one.start, one.stop)
            agree += same
            if not same:  # a peak in noise, which the instrument does not see
                assert one.ct is None
                assert one.stop == rn.shape[1] - 1
                assert peak
    assert (agree, total) == (1041, 1068)


@pytest.mark.parametrize(
    ("software", "name"),
    [
        ("7500 Software v2.3", "7500-2.x"),
        ("StepOne™ Software v2.3", "7500-2.x"),
        ("StepOnePlus Software v2.1", "7500-2.x"),
        ("QuantStudio 3 and 5 Software 1.5.1", "quantstudio"),
        ("ViiA 7 Software v1.2", "quantstudio"),
        ("Design & Analysis Software 2.6.0", "quantstudio"),
        ("7500 Software v1.4", None),
        ("7500 Software v3.0", None),
        ("MyCycler 2.3", None),
        (None, None),
    ],
)
def test_rules_go_by_the_software(software, name):
    found = rules_for(software)
    assert (None if found is None else found.name) == name


def test_an_unknown_software_is_said_to_be_unknown(data_dir):
    run = read_run(data_dir / A)
    strange = _replaced(run, provenance=_replaced(run.provenance, software="7500 Software v9.9"))
    made = curves.from_run(strange)
    assert made.rules.startswith("unknown")
    assert any("9.9" in note and "not known" in note for note in made.notes)
    chosen = curves.from_run(strange, Settings(rules="quantstudio"))
    assert chosen.rules == "quantstudio"
    assert chosen.thresholds["RNase P TAMRA"].source == "file"  # its own is not known: say whose


def test_baseline_and_threshold_by_hand(data_dir):
    run = read_run(data_dir / A)
    made = curves.from_run(run, Settings(baseline=(5, 12), threshold=0.3))
    assert all((b.start, b.stop, b.source) == (5, 12, "manual") for b in made.baselines)
    assert made.thresholds["RNase P TAMRA"] == Threshold(0.3, "manual")
    x, y = np.arange(5, 13), made.rn[3, 4:12]
    slope, intercept = np.polyfit(x, y, 1)
    assert made.baselines[3].slope == pytest.approx(slope, rel=1e-9)
    assert made.baselines[3].intercept == pytest.approx(intercept, rel=1e-9)
    named = curves.from_run(run, Settings(threshold={"RNase P TAMRA": 0.1}))
    assert named.instrument_cq[3].value < made.instrument_cq[3].value
    taken = curves.from_run(run, Settings(baseline="file", threshold="file"))
    assert taken.thresholds["RNase P TAMRA"].source == "file"
    assert taken.instrument_cq[3].value == pytest.approx(28.280775, abs=5e-7)
    with pytest.raises(ValueError, match="protocol, auto, file"):
        Settings(baseline="automatic")
    with pytest.raises(ValueError, match="no rule set"):
        Settings(rules="7900")


def test_a_mean_is_the_baseline_of_three_cycles_or_less():
    rn = np.array([[1.0, 2.0, 6.0, 50.0, 60.0]])
    intercept, slope = arithmetic.baseline_lines(rn, np.array([[1, 3]]))
    assert (intercept[0], slope[0]) == (3.0, 0.0)


def test_the_answer_does_not_depend_on_the_other_curves_of_the_batch(data_dir):
    made = curves.from_run(read_run(data_dir / A))
    rules = rule_sets()["7500-2.x"]
    for row in range(len(made)):
        alone = made.rn[row : row + 1]
        peaks = rules.peaks(alone)
        assert (int(peaks[0]) or None) == made.peaks[row]
        intercept, slope = arithmetic.baseline_lines(alone, rules.windows(alone, peaks))
        assert intercept[0] == made.baselines[row].intercept
        assert slope[0] == made.baselines[row].slope


def test_a_crossing_is_searched_from_the_peak():
    wave = np.array([0.0] * 5 + [1.0] + [0.0] * 10 + [0.1, 0.3, 0.8, 1.6, 3.0, 4.0, 5.0, 5.5])
    assert arithmetic.threshold_crossing(wave, 0.5, 18) == 18
    assert arithmetic.threshold_crossing(wave, 0.5, 21) == 18
    assert arithmetic.threshold_crossing(wave, 9.0, 18) is None


def test_ct_of_a_cubic_is_exact():
    cycles = np.arange(1.0, 41.0)
    drn = 1e-4 * np.maximum(cycles - 20, -3) ** 3 + 0.02 * (cycles - 20)
    threshold = 1e-4 * 4.3**3 + 0.02 * 4.3
    assert arithmetic.cubic_ct(drn, threshold, 24) == pytest.approx(24.3, abs=1e-9)
    assert arithmetic.cubic_ct(drn, float((drn[38] + drn[39]) / 2), 39) == 39.5  # too near the end


@pytest.mark.parametrize(
    ("name", "counts"),
    [("rdml/stepone_std.rdml", (24, 21)), ("rdml/steponeplus_multiplex.rdml", (48, 36))],
)
def test_rdml_of_the_instrument_end_to_end(data_dir, name, counts):
    """Rn in, Ct out, everything automatic: baselines, thresholds and decisions are computed."""
    rules = rule_sets()["7500-2.x"]
    reactions = [one for one in load_rdml(data_dir / name) if len(one[2])]
    determined = 0
    for target in {one[1] for one in reactions}:
        mine = [one for one in reactions if one[1] == target]
        rn = np.array([one[2] for one in mine])
        peaks = rules.peaks(rn)
        windows = rules.windows(rn, peaks)
        intercept, slope = arithmetic.baseline_lines(rn, windows)
        drn = rn - (intercept[:, None] + slope[:, None] * np.arange(1, rn.shape[1] + 1))
        threshold = rules.threshold(drn, peaks, windows[:, 1], np.ones(len(mine), bool))
        for (well, _, _, theirs), curve, peak in zip(mine, drn, peaks, strict=True):
            k = arithmetic.threshold_crossing(curve, threshold, int(peak)) if peak else None
            assert (k is None) == (theirs is None), (target, well)
            if k is not None:
                determined += 1
                assert arithmetic.cubic_ct(curve, threshold, k) == pytest.approx(theirs, abs=1e-5)
    assert (len(reactions), determined) == counts
