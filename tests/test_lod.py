"""LOD and LOQ against statsmodels, closed forms and simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from calibration.errors import CalibrationError
from calibration.hit_rates import HitRates, quantile
from calibration.lod import Level, detection_limit, separated, single_copy_limit
from calibration.loq import (
    coefficient_of_variation,
    precision,
    quantification_limit,
)

SERIES = [Level(q, 20, k) for q, k in ((100, 20), (30, 20), (10, 18), (3, 11), (1, 5), (0.3, 1))]
LINKS = {
    "probit": sm.families.links.Probit(),
    "logit": sm.families.links.Logit(),
    "cloglog": sm.families.links.CLogLog(),
}


def peer(levels, link, offset=0.0):
    counts = np.array([(one.detected, one.tested - one.detected) for one in levels], float)
    x = np.log10([one.quantity for one in levels]) - offset
    model = sm.GLM(counts, sm.add_constant(x), family=sm.families.Binomial(LINKS[link]))
    return model.fit(tol=1e-12)


@pytest.mark.parametrize("link", LINKS)
def test_limit_is_that_of_a_generalised_linear_model(link):
    fit, mine = peer(SERIES, link), detection_limit(SERIES, link)
    a, b = fit.params
    assert mine.slope == pytest.approx(b, rel=1e-5)
    assert math.log10(mine.value) == pytest.approx((quantile(link, 0.95) - a) / b, abs=1e-6)
    assert mine.deviance == pytest.approx(fit.deviance, abs=1e-6)
    assert mine.p == pytest.approx(chi2.sf(fit.deviance, fit.df_resid), abs=1e-6)


BEETLES = ((1.6907, 59, 6), (1.7242, 60, 13), (1.7552, 62, 18), (1.7842, 56, 28),
           (1.8113, 63, 52), (1.8369, 59, 53), (1.8610, 62, 61), (1.8839, 60, 60))  # fmt: skip
"""Published counts: log10 dose, tested, responded (Bliss 1935, as in Dobson's textbook)."""


@pytest.mark.parametrize(
    ("link", "a", "b", "deviance"),
    [
        ("logit", -60.7175, 34.2703, 11.2322),
        ("probit", -34.935, 19.728, 10.120),
        ("cloglog", -39.572, 22.041, 3.446),
    ],
)
def test_a_published_example(link, a, b, deviance):
    levels = [Level(10**x, n, k) for x, n, k in BEETLES]
    for probability in (0.5, 0.95):
        made = detection_limit(levels, link, probability)
        assert made.slope == pytest.approx(b, abs=6e-3)
        assert made.deviance == pytest.approx(deviance, abs=2e-3)
        expected = (quantile(link, probability) - a) / b
        assert math.log10(made.value) == pytest.approx(expected, abs=2e-4)
        assert made.low < made.value < made.high


@pytest.mark.parametrize("link", LINKS)
def test_limits_are_where_a_likelihood_ratio_test_turns(link):
    """With the limit moved to x = 0 and eta fixed there, only the slope is free."""
    mine, free = detection_limit(SERIES, link, adjusted=False), peer(SERIES, link)
    counts = np.array([(one.detected, one.tested - one.detected) for one in SERIES], float)
    for end in (mine.low, mine.high):
        x = np.log10([one.quantity for one in SERIES]) - math.log10(end)
        held = sm.GLM(
            counts,
            x[:, None],
            family=sm.families.Binomial(LINKS[link]),
            offset=np.full(len(x), quantile(link, 0.95)),
        ).fit(tol=1e-12)
        assert held.deviance - free.deviance == pytest.approx(chi2.ppf(0.95, 1), abs=1e-4)
    assert mine.low < mine.value < mine.high


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("link", LINKS)
def test_the_adjustment_is_that_of_all_possible_outcomes(link, side):
    """Skovgaard's u with covariances over every outcome of a small series, and by differences."""
    x, n = np.log10([1.0, 3.0, 10.0]), np.array([3.0, 4.0, 3.0])
    every = [np.array(one, float) for one in itertools.product(range(4), range(5), range(4))]
    seen = np.array([1.0, 3.0, 2.0])
    fit = HitRates(x, n, seen, link, 0.95)
    best, slope, _ = fit.best()
    limit = best + (1.5 if side > 0 else -0.6)
    steep = fit.profile(limit)[1]

    def of(counts, psi, b):
        return HitRates(x, n, counts, link, 0.95).loglik(psi, b)

    def score(counts, psi, b, h=1e-5):
        by_limit = of(counts, psi + h, b) - of(counts, psi - h, b)
        return np.array([by_limit, of(counts, psi, b + h) - of(counts, psi, b - h)]) / (2 * h)

    ways = np.array([math.prod(math.comb(int(a), int(k)) for a, k in zip(n, c, strict=True))
                     for c in every])  # fmt: skip
    chance = ways * np.exp([of(counts, best, slope) for counts in every])
    assert chance.sum() == pytest.approx(1)
    free = np.array([score(counts, best, slope) for counts in every])
    held = np.array([score(counts, limit, steep) for counts in every])
    gap = np.array([of(counts, best, slope) - of(counts, limit, steep) for counts in every])
    s = (free * chance[:, None]).T @ (held - chance @ held)
    q = (free * chance[:, None]).T @ (gap - chance @ gap)
    i = (free * chance[:, None]).T @ free

    def bend(a, b, psi, c, h=1e-3):
        step = np.zeros((2, 2))
        step[0, a] += h
        step[1, b] += h
        at = np.array([psi, c])
        signs = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
        return -sum(w * of(seen, *(at + u * step[0] + v * step[1])) for u, v, w in signs) / 4 / h**2

    j = np.array([[bend(a, b, best, slope) for b in (0, 1)] for a in (0, 1)])
    u = (np.linalg.solve(s, q)[0] * math.sqrt(np.linalg.det(j)) / np.linalg.det(i)
         * np.linalg.det(s) / math.sqrt(bend(1, 1, limit, steep)))  # fmt: skip
    r = fit.root(limit, best, slope, adjusted=False)
    assert -side * r > 0.3
    mine = fit.root(limit, best, slope, adjusted=True)
    assert mine == pytest.approx(r + math.log(u / r) / r, abs=2e-4)


@pytest.mark.parametrize("link", LINKS)
def test_limits_are_where_the_adjusted_root_turns(link):
    mine, plain = detection_limit(SERIES, link), detection_limit(SERIES, link, adjusted=False)
    x = np.log10([one.quantity for one in SERIES])
    n, k = np.array([(one.tested, one.detected) for one in SERIES], float).T
    fit = HitRates(x, n, k, link, 0.95)
    best, slope, _ = fit.best()
    for end, z in ((mine.low, 1.959964), (mine.high, -1.959964)):
        found = fit.root(math.log10(end), best, slope, adjusted=True)
        assert found == pytest.approx(z, abs=1e-5)
    assert mine.value == plain.value
    assert mine.high > plain.high
    assert mine.low > plain.low


def test_interval_covers_a_known_limit():
    rng = np.random.default_rng(1)
    b, truth = 3.0, 10.0
    quantities = np.array([1.0, 2, 4, 8, 16, 32])
    eta = quantile("logit", 0.95) + b * (np.log10(quantities) - math.log10(truth))
    rates = 1 / (1 + np.exp(-eta))
    trials = hits = 0
    for _ in range(120):
        found = rng.binomial(24, rates)
        got = detection_limit(
            [Level(q, 24, int(k)) for q, k in zip(quantities, found, strict=True)], "logit"
        )
        if got.value is None:
            continue
        trials += 1
        hits += (got.low is None or got.low <= truth) and (got.high is None or truth <= got.high)
    assert trials > 110
    assert hits / trials > 0.9


def test_single_molecules_are_seen_at_three_copies():
    """SIMULATED: expected counts of 1 − exp(−q)."""
    levels = [Level(q, 100_000, round(100_000 * (1 - math.exp(-q)))) for q in (0.3, 1.0, 3.0, 6.0)]
    mine = single_copy_limit(levels)
    assert mine.value == pytest.approx(-math.log(0.05), rel=0.005)
    assert mine.p > 0.9
    half = [Level(one.quantity * 2, one.tested, one.detected) for one in levels]
    assert single_copy_limit(half).value == pytest.approx(-2 * math.log(0.05), rel=0.005)
    steep = [Level(1, 100, 2), Level(3, 100, 50), Level(9, 100, 100)]
    assert single_copy_limit(steep).p < 0.01


def test_single_copy_interval_in_closed_form_for_one_informative_level():
    """All others empty of information: p q = −ln(1 − k/n)."""
    levels = [Level(2.0, 50, 20), Level(2000.0, 50, 50)]
    assert single_copy_limit(levels).value == pytest.approx(
        -math.log(0.05) * 2 / -math.log(0.6), rel=1e-6
    )


@pytest.mark.parametrize(
    ("hits", "words"),
    [
        ((0, 0, 0), "no well"),
        ((20, 20, 20), "every well"),
        ((0, 0, 20), "jumps"),
        ((0, 7, 20), "only the level"),
    ],
)
def test_series_without_a_best_curve_get_a_reason_and_no_number(hits, words):
    levels = [Level(q, 20, k) for q, k in zip((1, 10, 100), hits, strict=True)]
    for link in LINKS:
        made = detection_limit(levels, link)
        assert made.value is None
        assert words in made.reason
    assert separated([Level(1, 20, 1), Level(10, 20, 19)]) is None


def test_detection_that_falls_has_no_limit():
    made = detection_limit([Level(1, 20, 15), Level(10, 20, 5)])
    assert made.value is None
    assert "does not rise" in made.reason


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-6, 8), st.integers(1, 30), st.integers(0, 30)),
        min_size=2,
        max_size=6,
        unique_by=lambda one: one[0],
    )
)
def test_any_counts_give_limits_in_order_or_a_reason(counts):
    levels = [Level(10.0**q, n, min(k, n)) for q, n, k in counts]
    for made in (*(detection_limit(levels, link) for link in LINKS), single_copy_limit(levels)):
        if made.value is None:
            assert made.reason
        else:
            assert made.low is None or made.low <= made.value * 1.0001
            assert made.high is None or made.value <= made.high * 1.0001


def test_flat_curve_has_no_limit_far_away():
    made = detection_limit([Level(1, 100, 50), Level(10, 100, 51)])
    assert made.value is None
    assert "flat" in made.reason


def test_notes_say_what_the_curve_rests_on():
    notes = " ".join(detection_limit([Level(1, 10, 3), Level(10, 10, 8), Level(100, 10, 9)]).notes)
    assert "20 wells" in notes
    assert "outside" in notes
    assert detection_limit(SERIES).notes == ()


@pytest.mark.parametrize(
    "levels",
    [
        [Level(1, 5, 3)],
        [Level(1, 5, 3), Level(1, 5, 4)],
        [Level(0, 5, 3), Level(1, 5, 4)],
        [Level(2, 5, 6), Level(1, 5, 4)],
        [Level(2, 0, 0), Level(1, 5, 4)],
        [Level(1e40, 5, 5), Level(1, 5, 4)],
        [Level(1e10, 5, 5), Level(1e-9, 5, 4)],
    ],
)
def test_impossible_series_are_refused(levels):
    with pytest.raises(CalibrationError):
        detection_limit(levels)


def test_cv_is_that_of_the_simulated_quantities_and_of_the_published_form():
    rng = np.random.default_rng(2)
    for sd, slope in ((0.1, -3.3), (0.5, -3.6)):
        quantities = 10 ** (rng.normal(0, sd, 400_000) / slope)
        mine = coefficient_of_variation(sd, slope)
        assert mine == pytest.approx(quantities.std() / quantities.mean(), rel=0.01)
        factor = 10 ** (-1 / slope)
        assert mine == pytest.approx(math.sqrt(factor ** (sd**2 * math.log(factor)) - 1))


def level(quantity, sd, wells=12, missed=0):
    """SIMULATED Ct with exactly this SD."""
    raw = np.linspace(-1, 1, wells - missed)
    cqs = 35 + raw / raw.std(ddof=1) * sd
    return precision(Level(quantity, wells, wells - missed), list(cqs), -3.4)


def test_loq_is_the_last_level_before_the_first_that_fails():
    made = quantification_limit(
        [level(1000, 0.1), level(100, 0.2), level(10, 0.4), level(1, 0.9), level(0.1, 0.2)]
    )
    assert made.threshold == 10
    falling = quantification_limit([level(q, 0.2 * q**-0.5) for q in (1000, 100, 10, 1, 0.1)])
    exact = [one.cv for one in falling.levels]
    assert falling.threshold == 1
    assert exact[3] < 0.35 < exact[4]
    assert 0.1 < falling.curve < 1
    missing = quantification_limit([level(1000, 0.1), level(100, 0.2, missed=1), level(10, 0.2)])
    assert missing.threshold == 1000
    none = quantification_limit([level(1000, 0.9), level(100, 0.1)])
    assert none.threshold is None
    assert none.threshold_reason
    assert none.curve_reason


def test_loq_limit_counts_from_below():
    sd = 0.4
    cv = coefficient_of_variation(sd, -3.4)
    rows = [level(100, 0.1), level(10, sd)]
    assert quantification_limit(rows, cv * 1.0001).threshold == 10
    assert quantification_limit(rows, cv * 0.9999).threshold == 100


def test_sd_interval_is_chi_square():
    one = level(10, 0.3, wells=11)
    assert one.sd_low == pytest.approx(0.3 * math.sqrt(10 / chi2.ppf(0.975, 10)))
    assert one.sd_high == pytest.approx(0.3 * math.sqrt(10 / chi2.ppf(0.025, 10)))
