"""Control charts: start-up, drift, lots; against published tables, closed forms and simulation."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from calibration.cusum import average_run_length, cusum
from calibration.lot_step import lot_step
from calibration.start_up import FARTHEST, start_up
from calibration.trend import trend
from calibration.westgard import chart
from cli import main
from primers import load_panel
from qpcr import analyze
from qpcr.lots import Lot
from qpcr.quantities.control_charts import charts
from qpcr.quantities.control_page import chart_texts
from qpcr.quantities.controls import (
    ControlValue,
    lots_named,
    silent_controls,
    threshold_named,
    values_of,
)
from qpcr.records import Store
from qpcr.report.language import language
from qpcr.run import Task, ThresholdSetting
from qpcr.settings import Settings
from qpcr.thresholds import Threshold
from tests.store_kit import record

# Montgomery, Introduction to Statistical Quality Control, average run lengths for k = 1/2.
PUBLISHED = {
    4: {0: 168, 0.25: 74.2, 0.5: 26.6, 0.75: 13.3, 1: 8.38, 1.5: 4.75, 2: 3.34, 3: 2.19, 4: 1.71},
    5: {0: 465, 0.25: 139, 0.5: 38.0, 0.75: 17.0, 1: 10.4, 1.5: 5.75, 2: 4.01, 3: 2.57, 4: 2.01},
}
# Same book, the example of the tabular sums: mean 10, SD 1, shifted to 11 after 20 values.
EXAMPLE = (
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40,
    10.08, 9.37, 10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62,
    11.31, 10.52,
)  # fmt: skip


@pytest.mark.parametrize("decision", PUBLISHED)
def test_run_lengths_are_the_published_ones(decision):
    for shift, length in PUBLISHED[decision].items():
        found = average_run_length(shift, 0.5, decision)
        assert found == pytest.approx(length, rel=0.005)


def test_sums_of_the_published_example():
    sums = cusum([one - 10 for one in EXAMPLE])
    assert sums.high[28] == pytest.approx(5.28)
    assert all(sums.drift(place) is None for place in range(28))
    drift = sums.drift(28)
    assert 28 - drift.since + 1 == 7
    assert 10 + drift.shift == pytest.approx(11.25, abs=0.01)  # the book's estimate of the mean
    down = cusum([10 - one for one in EXAMPLE])
    assert down.low == sums.high
    assert down.drift().shift == -sums.drift().shift


@pytest.mark.parametrize("shift", [1.0, 2.0])
def test_simulated_run_lengths_agree(shift):
    random = np.random.default_rng(5)
    lengths = []
    for _ in range(400):
        sums = cusum(random.normal(shift, 1, 120).tolist())
        lengths.append(next(i for i in range(120) if sums.drift(i)) + 1)
    error = np.std(lengths) / np.sqrt(len(lengths))
    assert np.mean(lengths) == pytest.approx(average_run_length(shift), abs=4 * error)


def test_start_up_values_are_standard_normal_and_independent():
    random = np.random.default_rng(11)
    q = np.array([start_up(row.tolist())[2:] for row in random.normal(30, 0.2, (600, 12))], float)
    assert stats.kstest(q.ravel(), "norm").pvalue > 0.001
    between = np.corrcoef(q.T) - np.eye(q.shape[1])
    assert np.abs(between).max() < 4 / np.sqrt(len(q))


def test_start_up_against_the_closed_form():
    values = [30.1, 29.8, 30.0, 30.3, 29.7]
    found = start_up(values)
    assert found[:2] == [None, None]
    for r in (3, 4, 5):
        before = values[: r - 1]
        t = np.sqrt((r - 1) / r) * (values[r - 1] - np.mean(before)) / np.std(before, ddof=1)
        assert found[r - 1] == pytest.approx(stats.norm.ppf(stats.t.cdf(t, r - 2)), rel=1e-9)


@given(
    st.lists(st.integers(-1000, 1000), min_size=3, max_size=15),
    st.floats(0.01, 100), st.floats(-50, 50),
)  # fmt: skip
def test_start_up_knows_no_unit(values, scale, offset):
    q = start_up([float(one) for one in values])
    other = start_up([scale * one + offset for one in values])
    for one, two in zip(q, other, strict=True):
        assert one == pytest.approx(two, abs=1e-4)
        assert one is None or abs(one) <= FARTHEST


def test_provisional_limits_can_reject():
    values = [30.0, 30.1, 29.9, 30.05, 29.95, 30.02, 31.5]
    made = chart(values)
    assert made.provisional
    assert max(abs(one - made.mean) / made.sd for one in values) < 3, "its own limits cannot see it"
    assert made.rejected == ["1-3s"]
    assert made.spoilt == [6]


def test_equal_values_then_another():
    with pytest.raises(ValueError, match="all values are the same"):
        chart([0.1] * 25)
    made = chart([0.1] * 24 + [0.2])
    assert made.sd == 0
    assert "1-3s" in made.rejected


def test_false_alarms_of_drift_are_as_rare_as_with_known_limits():
    random = np.random.default_rng(2)
    alarms = 0
    for _ in range(250):
        made = chart(random.normal(30, 0.2, 60).tolist())
        alarms += any(made.sums.drift(place) for place in range(60))
    expected = 1 - (1 - 1 / average_run_length(0)) ** 60
    assert alarms / 250 == pytest.approx(expected, abs=4 * np.sqrt(expected / 250))


def test_a_slow_drift_is_found():
    random = np.random.default_rng(3)
    steady, drifting = random.normal(30, 0.2, 25), random.normal(30, 0.2, 25)
    drifting += 0.02 * np.arange(25)  # a tenth of an SD a run
    drift = chart([*steady, *drifting]).sums.drift()
    assert drift.shift > 0
    assert 25 <= drift.since < 45


@given(
    st.lists(st.floats(20, 40), min_size=3, max_size=12),
    st.lists(st.floats(20, 40), min_size=3, max_size=12),
)
def test_lot_step_is_welch(before, new):
    found = lot_step(before, new)
    if min(np.std(before), np.std(new)) < 1e-6:  # where SciPy warns that digits are lost
        return
    answer = stats.ttest_ind(new, before, equal_var=False)
    low, high = answer.confidence_interval(0.95)
    assert found.difference == pytest.approx(np.mean(new) - np.mean(before), abs=1e-9)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    assert found.p == pytest.approx(answer.pvalue, abs=1e-9)


@given(st.lists(st.integers(-20, 20), min_size=8, max_size=25))
def test_trend_is_mann_kendall_and_sen(values):
    found = trend(range(len(values)), values)
    later, earlier = np.tril_indices(len(values), -1)
    x = np.array(values)
    s = np.sign(x[later] - x[earlier]).sum()
    if len(set(values)) > 1:
        tau = stats.kendalltau(range(len(values)), values, variant="c").statistic
        m = len(set(values))
        assert s == pytest.approx(tau * len(values) ** 2 * (m - 1) / m / 2)
        answer = stats.kendalltau(range(len(values)), values, method="asymptotic")
        # without the correction for continuity, of the same variance:
        spread = abs(s) / abs(stats.norm.ppf(answer.pvalue / 2)) if s and answer.pvalue < 1 else 0
        if spread:
            assert found.p == pytest.approx(min(1, 2 * stats.norm.sf((abs(s) - 1) / spread)))
    assert found.slope == pytest.approx(stats.theilslopes(values).slope)
    assert trend([0] * 7, values[:7]) is None


def test_trend_against_exact_probabilities():
    """Without ties the P of S is known exactly; the normal one is close where it matters."""
    for n in (8, 10, 15):
        rising = list(range(n))
        rising[1], rising[2] = rising[2], rising[1]
        exact = stats.kendalltau(range(n), rising, method="exact").pvalue
        assert trend(range(n), rising).p < 0.01
        assert exact < 0.01
    assert trend(range(8), [1.0] * 8).p == 1


def test_a_creep_that_began_with_the_chart_is_an_alarm():
    """Limits made of the creeping values themselves need not see it."""
    random = np.random.default_rng(6)
    start = date(2026, 1, 1)
    values = [
        ControlValue("lamp", None, start + timedelta(days=7 * i), v, "x")
        for i, v in enumerate((500 - 2 * np.arange(18) + random.normal(0, 6, 18)).tolist())
    ]
    (made,) = charts(values)
    assert made.alarm
    assert made.trend.slope == pytest.approx(-2 / 7, rel=0.4)
    assert any("TREND: -" in one for one in made.state())
    false = 0
    for _ in range(200):
        steady = [replace(one, value=v) for one, v in
                  zip(values, random.normal(0, 1, 18), strict=True)]  # fmt: skip
        false += charts(steady)[0].trend.seen
    assert false <= 3


def series(count, lot, first, mean=30.0, name="Ct of control", seed=1):
    random = np.random.default_rng(seed)
    start = date(2026, 1, 1) + timedelta(days=first)
    return [
        ControlValue(name, lot, start + timedelta(days=i), v, f"run {first + i}")
        for i, v in enumerate(random.normal(mean, 0.1, count).tolist())
    ]


def test_a_new_lot_begins_a_chart_and_is_compared_with_the_last():
    old = series(24, "A", 0)
    old[-1] = replace(old[-1], value=33.0)  # an old lot that ended badly
    first, second = charts([*series(12, "B", 30, 30.4, seed=2), *old])
    assert (first.lot, second.lot) == ("A", "B")
    assert first.chart.rejected
    assert not first.alarm, "what an old lot ended with is history"
    assert first.step is None
    assert not second.alarm
    assert second.chart.baseline == 12
    assert second.chart.provisional
    assert second.before == "A"
    _, clean = charts([*old[:-1], *series(12, "B", 30, 30.4, seed=2)])
    assert clean.step.seen
    assert clean.step.low < 0.4 < clean.step.high
    assert "ANOTHER LEVEL than lot A" in clean.remarks()[0]


def test_another_threshold_begins_a_chart_and_is_no_drift():
    """Ct fall by a cycle where the threshold is lowered to half: that is no fault of the run."""
    old = [replace(one, threshold="threshold 0.4") for one in series(24, "A", 0)]
    new = [replace(one, threshold="threshold 0.2") for one in series(12, "A", 30, 29.0, seed=2)]
    mixed = charts([*(replace(one, threshold=None) for one in (*old, *new))])
    assert len(mixed) == 1
    assert mixed[0].alarm
    first, second = charts([*old, *new])
    assert (first.threshold, second.threshold) == ("threshold 0.4", "threshold 0.2")
    assert not second.alarm
    assert second.step is None, "means read at two levels are not compared"
    assert first.state() == ("an earlier lot or threshold",)
    assert second.remarks()[0] == (
        "A NEW CHART, since Ct are read at another level: threshold 0.2, before threshold 0.4."
    )
    texts = chart_texts((first, second))
    assert "A NEW CHART" in texts["control-chart.html"].partition("<svg")[0]
    assert "lot A, threshold 0.2" in texts["control-chart.html"]
    rows = list(csv.DictReader(texts["control-chart.csv"].splitlines()))
    assert {row["threshold"] for row in rows} == {"threshold 0.4", "threshold 0.2"}
    # a new lot at the same threshold is compared as ever
    lots = [replace(one, threshold="threshold 0.4") for one in series(12, "B", 30, 30.4, seed=2)]
    assert charts([*old, *lots])[1].step.seen


@pytest.mark.parametrize(
    ("source", "automatic", "words"),
    [
        ("manual", None, "threshold 0.25"),
        ("panel", None, "threshold 0.25"),
        ("file", False, "threshold 0.25"),
        ("file", None, "threshold 0.25"),
        ("file", True, "automatic threshold"),
        ("automatic", True, "automatic threshold"),
        ("default", None, "automatic threshold"),
    ],
)
def test_thresholds_are_named_by_value_or_as_automatic(source, automatic, words):
    made = record()
    target = made.run.reactions[0].target
    level = dict(made.curves.thresholds) | {target: Threshold(0.25, source)}
    stored = {target: ThresholdSetting(0.25, automatic)}
    made = replace(
        made,
        curves=replace(made.curves, thresholds=level),
        run=replace(made.run, settings=replace(made.run.settings, thresholds=stored)),
    )
    assert threshold_named(made, target) == words


def test_charts_of_runs_part_where_the_threshold_was_fixed_anew(tmp_path):
    """SIMULATED plates of one day each; the last ones are read at a threshold of their own."""
    run_command("simulate", "--patients", 1, "--seed", 3, "--out", tmp_path)
    run = analyze(tmp_path / "simulated-1.eds", panel=load_panel("ikzf1"))
    target = next(v.series for v in values_of(run) if v.threshold is not None)
    assert {v.threshold for v in values_of(run) if v.series == target} == {"automatic threshold"}
    fixed = analyze(run.run, Settings(threshold=0.3), panel=run.panel)
    assert {v.threshold for v in values_of(fixed) if v.series == target} == {"threshold 0.3"}
    for one in (*values_of(fixed), *values_of(fixed, method="instrument")):
        moves = one.series.startswith(("Ct", "intercept"))
        assert (one.threshold is not None) is moves, one.series
    assert not any(v.threshold for v in values_of(fixed, method="cpd2"))


def test_values_of_one_day_keep_their_order():
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    values = [
        ControlValue("c", None, at.date(), float(hour), "x", at + timedelta(hours=hour))
        for hour in (5, 1, 3)
    ]
    (made,) = charts(values)
    assert [one.value for one in made.values] == [1, 3, 5]


def test_names_of_charts():
    lots = (Lot("mix", "A"), Lot("probe", "7"), Lot("reagents", "R1"))
    assert lots_named(()) is None
    assert lots_named(lots) == "mix A; probe 7; R1"
    assert lots_named(lots, ["probe"]) == "probe 7"
    assert lots_named(lots, ["probe", "water"]) == "probe 7; water ?"
    assert lots_named(lots, ["water"]) is None


def test_the_page_says_alarms_first_in_both_languages():
    values = [*series(22, "A", 0), *series(6, "A", 22, 31.0, seed=4)]
    found = charts(values)
    assert found[0].alarm
    texts = chart_texts(found)
    assert "Alarms" in texts["control-chart.html"]
    assert "DRIFT: about +" in texts["control-chart.html"]
    assert "CUSUM of Ct of control, lot A" in texts["control-chart.html"]
    chinese = chart_texts(found, language("zh").say, "zh", ["<x>"])["control-chart.html"]
    assert '<html lang="zh">' in chinese
    assert "报警" in chinese
    assert "漂移：自 2026-01-" in chinese
    assert "&lt;x&gt;" in chinese
    assert "No alarm" not in texts["control-chart.html"]
    assert "No alarm" in chart_texts(charts(series(22, "A", 0)))["control-chart.html"]
    rows = list(csv.DictReader(texts["control-chart.csv"].splitlines()))
    assert float(rows[-1]["cusum_high"]) > 5
    assert float(rows[-1]["drift_sd"]) > 0
    assert rows[0]["z"] == ""


def test_lots_do_not_part_what_is_the_lamp_s_alone(called_record):
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    run = replace(
        called_record.run, provenance=replace(called_record.run.provenance, started=moment)
    )
    made = values_of(replace(called_record, run=run, lots=(Lot("mix", "A"),)))
    lots = {str(one.series): one.lot for one in made}
    assert lots["light flicker, %"] is None
    assert lots["level of ROX"] == "mix A"
    (level,) = [one for one in made if one.series.startswith("light level")]
    assert level.lot == "mix A"
    assert level.value == called_record.light_level.counts
    assert any(one.series.startswith("Ct of ") for one in made)


def test_a_control_without_ct_is_said(called_record):
    assert silent_controls(called_record) == []
    run = called_record.run
    told = [
        replace(r, task=Task.POSITIVE_CONTROL) if called_record.fits[i].cq is None else r
        for i, r in enumerate(run.reactions)
    ]
    silent = silent_controls(replace(called_record, run=replace(run, reactions=tuple(told))))
    assert silent
    assert "no value in its chart" in silent[0]
    assert values_of(replace(called_record, panel=None))
    named = {str(one.series) for one in values_of(called_record)}
    without = {str(one.series) for one in values_of(replace(called_record, panel=None))}
    assert {one.partition(",")[0] for one in named - without} == {"Ct of Positive control"}


def run_command(*arguments, code=0):
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_charts_of_a_store_begin_anew_at_a_lot_on_record(tmp_path):
    store = Store.init(tmp_path / "store")
    for number in range(6):
        made = record(number)
        moment = datetime(2026, 1, 1 + number, tzinfo=UTC)
        made = replace(
            made, run=replace(made.run, provenance=replace(made.run.provenance, started=moment))
        )
        lots = (Lot("mix", "A" if number < 3 else "B"), Lot("probe", "7"))
        store.commit(replace(made, lots=lots))
    told = ("control-chart", "--store", tmp_path / "store", "--lang", "en", "--out")

    def lots_of(folder):
        with (folder / "control-chart.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return [row["lot"] for row in rows if row["series"] == "level of ROX"]

    run_command(*told, tmp_path / "a")
    assert lots_of(tmp_path / "a") == ["mix A; probe 7"] * 3 + ["mix B; probe 7"] * 3
    run_command(*told, tmp_path / "b", "--by", "probe")
    assert lots_of(tmp_path / "b") == ["probe 7"] * 6
    first = store.runs()[-1].run_id
    store.set_lots(first, [Lot("mix", "Z")], reason="typed wrongly")
    log = tmp_path / "log.csv"
    log.write_text("reagent,lot\nmix,never\nwater,W\n", encoding="utf-8")
    run_command(*told, tmp_path / "c", "--lots", log)
    assert lots_of(tmp_path / "c")[0] == "mix Z; probe 7; water W"


def test_a_run_counts_once_and_by_is_a_reagent_that_is_named(tmp_path):
    run_command("simulate", "--patients", 1, "--seed", 3, "--out", tmp_path)
    plate, store = tmp_path / "simulated-1.eds", tmp_path / "store"
    run_command("records", "init", "--store", store)
    run_command("analyze", plate, "--panel", "ikzf1", "--store", store, "--lot", "Mix=a17")
    told = ("control-chart", plate, "--store", store, "--lang", "en", "--out", tmp_path / "out")
    assert "simulated-1.eds is a run that was there already" in run_command(*told, "--by", "mix")
    with (tmp_path / "out" / "control-chart.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["lot"] for row in rows if row["series"] == "level of ROX"] == ["Mix a17"]
    assert any(row["series"].startswith("Ct of Positive control") for row in rows)
    run_command(*told, "--by", "miks", code=2)


def test_a_lot_is_the_same_however_it_is_written():
    (made,) = charts([*series(12, "mix A17", 0), *series(12, "Mix  a17", 12, seed=2)])
    assert len(made.values) == 24
    assert made.lot == "mix A17"


def test_drift_alone_ends_with_code_1(tmp_path):
    steady = [30 + 0.1 * (-1) ** i for i in range(20)]
    late = [30.12, 29.99] * 12  # never beyond 2 SD, never ten on one side
    lines = [f"{date(2026, 1, 1) + timedelta(days=i)},{v}" for i, v in enumerate(steady + late)]
    table = tmp_path / "t.csv"
    table.write_text("date,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
    told = ("control-chart", table, "--out", tmp_path / "out", "--limits", "control=30,0.1")
    output = run_command(*told, code=0)
    assert "in control" in output
    late = [30.16, 30.03] * 8
    lines = [f"{date(2026, 1, 1) + timedelta(days=i)},{v}" for i, v in enumerate(steady[:9] + late)]
    table.write_text("date,value\n" + "\n".join([*lines, "2026-03-01,29.995"]) + "\n")
    output = run_command(*told, code=1)
    assert "DRIFT" in output
    assert "REJECTED" not in output
