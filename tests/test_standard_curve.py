"""Standard curves against closed forms, statsmodels, a search of the confidence set, simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq

from calibration.curve_checks import lack_of_fit, linear_range, outliers, residual_tests
from calibration.errors import CalibrationError
from calibration.installation import allowed_outliers, separation
from calibration.pooled_curves import pool_curves
from calibration.standard_curve import (
    efficiency_of,
    fit_standard_curve,
    inverse_variance_weights,
)
from calibration.stored_curve import StoredCurve, dump_curves, parse_curves

LEVELS = np.repeat(10.0 ** np.arange(1, 6), 3)


def series(rng, slope=-3.4, intercept=39.0, sd=0.15, levels=LEVELS):
    """SIMULATED standards: a line with normal scatter of wells."""
    return intercept + slope * np.log10(levels) + rng.normal(0, sd, len(levels))


def peer(levels, cqs, weights=None):
    design = sm.add_constant(np.log10(levels))
    weights = np.ones(len(cqs)) if weights is None else weights
    return sm.WLS(cqs, design, weights=weights / weights.mean()).fit()


@pytest.mark.parametrize("weighted", [False, True])
def test_line_and_bands_are_those_of_statsmodels(weighted):
    rng = np.random.default_rng(1)
    cqs = series(rng)
    weights = rng.uniform(0.3, 3, len(cqs)) if weighted else None
    curve, theirs = fit_standard_curve(LEVELS, cqs, weights), peer(LEVELS, cqs, weights)
    low, high = theirs.conf_int()[1]
    mine = curve.slope_interval()
    assert (mine.value, mine.low, mine.high) == pytest.approx((theirs.params[1], low, high))
    low, high = theirs.conf_int()[0]
    mine = curve.intercept_interval()
    assert (mine.value, mine.low, mine.high) == pytest.approx((theirs.params[0], low, high))
    assert curve.r2 == pytest.approx(theirs.rsquared)
    frame = theirs.get_prediction([[1.0, np.log10(300.0)]]).summary_frame(alpha=0.05)
    band, new = curve.cq_at(300.0), curve.prediction_at(300.0)
    assert [band.low, band.high] == pytest.approx(
        frame[["mean_ci_lower", "mean_ci_upper"]].values[0]
    )
    assert [new.low, new.high] == pytest.approx(frame[["obs_ci_lower", "obs_ci_upper"]].values[0])


def test_perfect_doubling_has_efficiency_one():
    levels = np.array([1.0, 10, 100, 1000])
    curve = fit_standard_curve(levels, 38 - np.log2(levels))
    assert curve.efficiency == pytest.approx(1.0, abs=1e-12)
    assert curve.intercept == pytest.approx(38)
    assert curve.r2 == pytest.approx(1)
    assert efficiency_of(0.0) is None
    assert efficiency_of(-1 / np.log10(1.8)) == pytest.approx(0.8)


@pytest.mark.parametrize("wells", [1, 3])
@pytest.mark.parametrize("sd", [0.1, 1.5])
def test_fieller_is_the_confidence_set_found_by_search(wells, sd):
    rng = np.random.default_rng(wells)
    cqs = series(rng, sd=sd)
    unknown = 39 - 3.4 * 2.5 + rng.normal(0, sd, wells)
    curve, theirs = fit_standard_curve(LEVELS, cqs), peer(LEVELS, cqs)
    got = curve.quantity(unknown)
    df = theirs.df_resid + wells - 1
    s2 = (theirs.ssr + ((unknown - unknown.mean()) ** 2).sum()) / df
    from scipy.stats import t

    def excess(x):
        """t² of "the mean lies on the line at x", less its quantile."""
        at = np.array([1.0, x])
        variance = s2 * (1 / wells + at @ theirs.normalized_cov_params @ at)
        return (unknown.mean() - at @ theirs.params) ** 2 / variance - t.ppf(0.975, df) ** 2

    middle = (unknown.mean() - theirs.params[0]) / theirs.params[1]
    assert np.log10(got.value) == pytest.approx(middle)
    assert np.log10(got.low) == pytest.approx(brentq(excess, middle - 6, middle), abs=1e-9)
    assert np.log10(got.high) == pytest.approx(brentq(excess, middle, middle + 6), abs=1e-9)
    assert got.df == df


def test_slope_that_may_be_nothing_gives_no_limits_but_a_reason():
    curve = fit_standard_curve([1, 10, 100, 1000], [30, 33, 29, 29.9])
    got = curve.quantity([30.0])
    assert got.low is None
    assert got.high is None
    assert "too uncertain" in got.reason


def test_intervals_cover_what_they_promise():
    rng = np.random.default_rng(3)
    hits = np.zeros(3)
    trials = 2000
    for _ in range(trials):
        curve = fit_standard_curve(LEVELS, series(rng))
        x = rng.uniform(1, 5)
        one = curve.quantity(39 - 3.4 * x + rng.normal(0, 0.15, 1))
        three = curve.quantity(39 - 3.4 * x + rng.normal(0, 0.15, 3))
        slope = curve.slope_interval()
        hits += [
            one.low <= 10**x <= one.high,
            three.low <= 10**x <= three.high,
            slope.low <= -3.4 <= slope.high,
        ]
    assert ((hits / trials > 0.93) & (hits / trials < 0.97)).all(), hits / trials


def test_outside_the_standards_is_said_only_when_the_interval_is_outside():
    curve = fit_standard_curve(LEVELS, series(np.random.default_rng(5)))
    assert curve.quantity([39 - 3.4 * 5.02]).extrapolated is None
    assert curve.quantity([39 - 3.4 * 7]).extrapolated == "above"
    assert curve.quantity([41.0]).extrapolated == "below"


@pytest.mark.parametrize(
    ("quantities", "cqs", "words"),
    [
        ([1, 10], [30, 27], "2 standards"),
        ([5, 5, 5], [30, 27, 26], "one quantity"),
        ([0, 10, 100], [30, 27, 26], "positive"),
        ([1, 10, 100], [30, np.nan, 26], "finite"),
        ([1, 10, 100], [30, 27], "one length"),
    ],
)
def test_what_makes_no_line_is_refused(quantities, cqs, words):
    with pytest.raises(CalibrationError, match=words):
        fit_standard_curve(quantities, cqs)


def test_quantity_refuses_what_it_cannot_read():
    curve = fit_standard_curve(LEVELS, series(np.random.default_rng(5)))
    for cqs in ([], [np.nan], [np.inf]):
        with pytest.raises(CalibrationError):
            curve.quantity(cqs)
    with pytest.raises(CalibrationError, match="does not fall"):
        fit_standard_curve([1, 10, 100], [20, 23, 26.5]).quantity([22])


def test_deleted_residuals_are_those_of_statsmodels():
    rng = np.random.default_rng(8)
    cqs = series(rng)
    cqs[4] += 1.2
    theirs = sm.OLS(cqs, sm.add_constant(np.log10(LEVELS))).fit().get_influence()
    mine = [one.studentized for one in residual_tests(LEVELS, cqs)]
    assert mine == pytest.approx(theirs.resid_studentized_external)
    assert [one.point for one in outliers(LEVELS, cqs)] == [4]
    table = sm.OLS(cqs, sm.add_constant(np.log10(LEVELS))).fit().outlier_test()
    assert outliers(LEVELS, cqs)[0].p == pytest.approx(table[4, 2])


def test_clean_series_rarely_have_outliers():
    rng = np.random.default_rng(9)
    found = sum(bool(outliers(LEVELS, series(rng))) for _ in range(600))
    assert 0.02 < found / 600 < 0.08


def test_lack_of_fit_is_an_f_test_of_nested_models():
    rng = np.random.default_rng(10)
    cqs = series(rng) + 0.2 * (np.log10(LEVELS) - 3) ** 2
    x = np.log10(LEVELS)
    line = sm.OLS(cqs, sm.add_constant(x)).fit()
    means = sm.OLS(cqs, (x[:, None] == np.unique(x)).astype(float)).fit()
    f, p, df = means.compare_f_test(line)
    mine = lack_of_fit(LEVELS, cqs)
    assert (mine.f, mine.p, mine.df_levels) == pytest.approx((f, p, df))
    assert mine.p < 0.01
    assert lack_of_fit([1, 10, 100], [30, 27, 23]) is None


def test_linear_range_leaves_out_the_level_that_levels_off():
    rng = np.random.default_rng(11)
    cqs = series(rng, sd=0.05)
    whole = linear_range(LEVELS, cqs)
    assert (whole.low, whole.high, whole.levels) == (10, 1e5, 5)
    cqs[:3] -= 2  # background lifts the lowest level
    part = linear_range(LEVELS, cqs)
    assert (part.low, part.high, part.levels) == (100, 1e5, 4)
    rising = linear_range([1, 1, 10, 10, 100, 100], [20, 20.1, 23, 23.1, 26, 26.1])
    assert rising is None


def test_weights_by_variance_trust_quiet_levels_more():
    cqs = np.array([30.0, 31.0, 29.0, 26.0, 26.1, 25.9, 23.0, 23.05, 22.95])
    weights = inverse_variance_weights(np.repeat([10, 100, 1000], 3), cqs)
    assert weights[0] == weights[1] < weights[3] < weights[6]
    with pytest.raises(CalibrationError, match="replicates"):
        inverse_variance_weights([1, 10, 100], [30, 27, 23])


def test_pooled_plates_are_analysis_of_covariance():
    rng = np.random.default_rng(12)
    plates = [series(rng, intercept=39 + shift) for shift in (0, 0.5, -0.3)]
    pooled = pool_curves([(LEVELS, cqs) for cqs in plates])
    x, y = np.tile(np.log10(LEVELS), 3), np.concatenate(plates)
    dummies = np.kron(np.eye(3), np.ones((len(LEVELS), 1)))
    common = sm.OLS(y, np.column_stack([dummies, x])).fit()
    separate = sm.OLS(y, np.column_stack([dummies, dummies * x[:, None]])).fit()
    one = sm.OLS(y, sm.add_constant(x)).fit()
    assert [c.intercept for c in pooled.plates] == pytest.approx(common.params[:3])
    assert pooled.plates[0].slope == pytest.approx(common.params[3])
    mine, (low, high) = pooled.plates[1].intercept_interval(), common.conf_int()[1]
    assert (mine.low, mine.high) == pytest.approx((low, high))
    f, p, _ = separate.compare_f_test(common)
    assert (pooled.slopes.f, pooled.slopes.p) == pytest.approx((f, p))
    f, p, _ = common.compare_f_test(one)
    assert (pooled.intercepts.f, pooled.intercepts.p) == pytest.approx((f, p))


def test_pooled_curve_for_a_new_plate_covers_runs_that_differ():
    rng = np.random.default_rng(13)
    hits, trials = 0, 500
    for _ in range(trials):
        plates = [series(rng, intercept=39 + rng.normal(0, 0.4)) for _ in range(6)]
        curve = pool_curves([(LEVELS, cqs) for cqs in plates]).new_plate
        x = rng.uniform(1, 5)
        cq = 39 + rng.normal(0, 0.4) - 3.4 * x + rng.normal(0, 0.15)
        got = curve.quantity([cq])
        hits += got.low <= 10**x <= got.high
    assert 0.92 < hits / trials <= 0.985


def test_stored_curves_come_back_as_they_were():
    curve = fit_standard_curve(LEVELS, series(np.random.default_rng(14)))
    kept = (StoredCurve("ΔALB", curve, "批号-1", None, ("plate.eds 00ff",), "copies"),)
    assert parse_curves(dump_curves(kept)) == kept


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(format="x"), "not a file"),
        (lambda d: d.update(version=2), "version"),
        (lambda d: d["curves"][0]["curve"].update(slope=3.3), "no standard curve"),
        (lambda d: d["curves"][0]["curve"].update(slope="3"), "no standard curve"),
        (lambda d: d["curves"][0]["curve"].pop("df"), "curves\\[0\\]"),
        (lambda d: d["curves"].append(d["curves"][0]), "two curves"),
        (lambda d: d.update(curves={}), "list"),
    ],
)
def test_damaged_stored_curves_are_refused(change, words):
    curve = fit_standard_curve(LEVELS, series(np.random.default_rng(14)))
    document = json.loads(dump_curves((StoredCurve("A", curve, None, None),)))
    change(document)
    with pytest.raises(CalibrationError, match=words):
        parse_curves(json.dumps(document))
    with pytest.raises(CalibrationError, match="JSON"):
        parse_curves("{")


def test_installation_test_on_each_side_of_three_standard_deviations():
    # mean ± 3 SD of (a−d, a, a+d) with d = SD: 5000 + 3·800 against 10000 − 3·d
    low = [4200.0, 5000.0, 5800.0]
    assert separation(low, [10_000 - 866, 10_000, 10_000 + 866]).passed
    assert not separation(low, [10_000 - 867, 10_000, 10_000 + 867]).passed
    with pytest.raises(CalibrationError, match="first"):
        separation(low, [3000.0, 3100, 3200])
    with pytest.raises(CalibrationError, match="wells"):
        separation(low[:2], [10_000.0] * 3)


def test_installation_test_leaves_out_no_more_wells_than_allowed():
    rng = np.random.default_rng(15)
    low, high = list(rng.normal(5000, 250, 36)), list(rng.normal(10_000, 500, 36))
    assert separation(low, high).low.omitted == ()
    spoiled = [*low[:30], *([500.0] * 6)]
    made = separation(spoiled, high)
    assert made.passed
    assert 0 < len(made.low.omitted) <= 6
    assert set(made.low.omitted) <= set(range(30, 36))
    worse = [*low[:29], *([20_000.0] * 7)]
    failed = separation(worse, high)
    assert not failed.passed
    assert len(failed.low.omitted) <= allowed_outliers(36)


def test_quantities_with_one_logarithm_are_one_level():
    near = 1.0000000000000001e-200
    assert near != 1e-200
    with pytest.raises(CalibrationError, match="one quantity"):
        fit_standard_curve([1e-200, 1e-200, near], [30.0, 31.0, 32.0])
