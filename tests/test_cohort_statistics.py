"""Survival statistics against R's answers (survival, cmprsk), closed forms and hand counts."""

from __future__ import annotations

import csv
import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from qpcr.cohort.contingency import contingency
from qpcr.cohort.counts import count
from qpcr.cohort.incidence import cumulative_incidence, gray_test
from qpcr.cohort.kaplan_meier import kaplan_meier
from qpcr.cohort.logrank import holm, log_rank


@pytest.fixture(scope="module")
def oracle(data_dir):
    """Synthetic patients and R's answers."""
    folder = data_dir / "ikzf1"
    with (folder / "survival_oracle.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = sorted({row["g"] for row in rows})
    counts = count(
        [float(row["ft"]) for row in rows],
        [int(row["fs"]) for row in rows],
        [names.index(row["g"]) for row in rows],
        tuple(names),
    )
    return counts, json.loads((folder / "survival_oracle.json").read_text())


def test_log_rank_is_r_s(oracle):
    counts, answers = oracle
    assert log_rank(counts).statistic == pytest.approx(answers["logrank4"]["chisq"], abs=1e-9)


@pytest.mark.parametrize("cause", [1, 2])
def test_gray_is_cmprsk_s(oracle, cause):
    counts, answers = oracle
    test, answer = gray_test(counts, cause), answers[f"gray_cause{cause}"]
    assert test.statistic == pytest.approx(answer["stat"], abs=1e-9)
    assert test.p == pytest.approx(answer["p"], abs=1e-9)
    assert test.df == 3


def test_incidence_and_variance_are_cmprsk_s(oracle):
    counts, answers = oracle
    at12 = [cumulative_incidence(counts, 1, one).at(12) for one in range(4)]
    at24 = [cumulative_incidence(counts, 1, one).at(24) for one in range(4)]
    assert [f for f, _ in at12] == pytest.approx(answers["cif_cause1_t12"], abs=1e-9)
    assert [f for f, _ in at24] == pytest.approx(answers["cif_cause1_t24"], abs=1e-9)
    assert [v for _, v in at12] == pytest.approx(answers["cif_cause1_var_t12"], abs=1e-9)


def test_kaplan_meier_and_greenwood_are_r_s(oracle):
    counts, answers = oracle
    told = answers["km_any_event"]
    for strata, time, survival, se in zip(
        told["strata"], told["time"], told["surv"], told["se"], strict=True
    ):
        curve = kaplan_meier(counts, counts.groups.index(strata[-1]))
        assert curve.at(time)[:2] == pytest.approx((survival, se), abs=1e-9)


def test_a_curve_counted_by_hand():
    # 1, 2+, 3, 3, 4+: S = 4/5, then 4/5·1/3
    curve = kaplan_meier(count([1, 2, 3, 3, 4], [1, 0, 1, 1, 0]))
    assert curve.at(0.5) == (1.0, 0.0, 1.0, 1.0)
    assert curve.at(2.9)[0] == pytest.approx(0.8)
    assert curve.at(3)[0] == pytest.approx(0.8 / 3)
    assert curve.at(3)[1] == pytest.approx(0.8 / 3 * np.sqrt(1 / (5 * 4) + 2 / (3 * 1)))
    assert curve.median == 3
    assert curve.at_risk.tolist() == [5, 4, 3, 1]
    assert np.isnan(curve.at(5)[0])  # nobody was seen for so long


def test_a_curve_that_nobody_falls_from_has_no_median():
    curve = kaplan_meier(count([5, 6], [0, 0]))
    assert curve.median is None
    assert curve.at(6) == (1.0, 0.0, 1.0, 1.0)


def test_everybody_dead_is_known_beyond_the_last_time():
    curve = kaplan_meier(count([1, 2], [1, 1]))
    assert curve.at(9)[0] == 0.0


def test_incidences_and_survival_sum_to_one(oracle):
    counts, _ = oracle
    for group in range(4):
        parts = [cumulative_incidence(counts, cause, group).incidence for cause in (1, 2)]
        whole = kaplan_meier(counts, group).survival + parts[0] + parts[1]
        assert whole == pytest.approx(np.ones(len(whole)))


def test_incidence_without_competition_or_censoring_is_binomial():
    time = np.arange(1, 21.0)
    told = cumulative_incidence(count(time, np.tile([1, 0], 10)))
    assert told.at(0.5) == (0.0, 0.0)
    everybody = cumulative_incidence(count([1] * 4 + [9] * 6, [1] * 4 + [2] * 6))
    share, variance = everybody.at(1)
    assert share == pytest.approx(0.4)
    assert variance == pytest.approx(0.4 * 0.6 / (10 - 1))  # unbiased: n − 1


def test_two_groups_by_hand():
    # Peto's form: at each death (O − E)², hypergeometric variances
    test = log_rank(count([1, 2, 3, 4], [1, 1, 1, 1], [0, 1, 0, 1]))
    expected = 2 / 4 + 1 / 3 + 1 / 2
    variance = 1 / 4 + 2 / 9 + 1 / 4
    assert test.statistic == pytest.approx((2 - expected) ** 2 / variance)
    assert test.df == 1


def test_groups_must_be_there():
    with pytest.raises(ValueError, match="two groups"):
        log_rank(count([1, 2, 3], [1, 1, 1]))


@pytest.mark.parametrize(
    ("time", "cause"), [([-1.0], [1]), ([np.nan], [1]), ([1.0], [-1]), ([1.0, 2.0], [1])]
)
def test_impossible_data_are_refused(time, cause):
    with pytest.raises(ValueError, match=r"length|negative"):
        count(time, cause)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60
    )
)
def test_estimates_stay_possible(rows):
    time, cause, group = (list(one) for one in zip(*rows, strict=True))
    counts = count(time, cause, group, ("a", "b", "c"))
    for one in range(3):
        if not counts.at_risk[:, one].any():
            continue
        curve, incidence = kaplan_meier(counts, one), cumulative_incidence(counts, 1, one)
        assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
        assert (np.diff(curve.survival) <= 1e-12).all()
        known = np.isfinite(curve.low) & np.isfinite(curve.high)
        assert (curve.low[known] <= curve.survival[known] + 1e-12).all()
        assert (curve.high[known] >= curve.survival[known] - 1e-12).all()
        assert (np.diff(incidence.incidence) >= -1e-12).all()
        assert (incidence.variance >= -1e-9).all()
    for test in (log_rank, gray_test):
        with suppress(ValueError):  # fewer than two groups to compare
            assert test(counts).statistic >= -1e-9


def test_the_order_of_groups_and_the_unit_of_time_do_not_matter():
    rng = np.random.default_rng(5)
    time, cause, group = rng.integers(1, 50, 90), rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    first = count(time, cause, group)
    turned = count(time * 30.4375, cause, 2 - group)
    assert log_rank(first).statistic == pytest.approx(log_rank(turned).statistic)
    assert gray_test(first).statistic == pytest.approx(gray_test(turned).statistic)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, 0.9]) == pytest.approx((1.0, 1.0))


def test_contingency_is_scipy_s_without_correction():
    test = contingency([26, 26], [92, 50])
    told = chi2_contingency([[26, 26], [66, 24]], correction=False)
    assert (test.statistic, test.p, test.df) == pytest.approx((told[0], told[1], 1))
    assert not test.small


def test_contingency_says_when_it_should_not_be_used():
    assert contingency([1, 2], [5, 6]).small
    empty = contingency([0, 0], [5, 6])
    assert empty.statistic is None
    assert empty.p is None
    with pytest.raises(ValueError, match="between 0"):
        contingency([7, 2], [5, 6])
