"""The log-rank test of whether groups differ in when the event comes.

References
----------
Mantel N. Cancer Chemother Rep 1966;50:163-170. Peto R, Peto J. J R Stat Soc A 1972;135:185-207.
doi:10.2307/2344317. Holm S. Scand J Stat 1979;6:65-70 (correction for several pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import chi2

from qpcr._frozen import FloatArray
from qpcr.cohort.counts import Counts, divided


@dataclass(frozen=True, slots=True)
class Test:
    """A χ² test: statistic, degrees of freedom, P.

    `observed` and `expected` events by group, where the test has them.
    """

    statistic: float
    df: int
    p: float
    observed: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()


def log_rank(counts: Counts) -> Test:
    """Test all groups against each other, by events of any cause.

    Raises
    ------
    ValueError
        Fewer than two groups ever have anybody at risk when an event happens.
    """
    dead, risk = counts.any_event, counts.at_risk
    all_dead, all_risk = dead.sum(axis=1), risk.sum(axis=1)
    share = divided(risk, all_risk[:, None])
    expected = (all_dead[:, None] * share).sum(axis=0)
    factor = divided(all_dead * (all_risk - all_dead), all_risk - 1.0)
    spread = np.diag((factor[:, None] * share).sum(axis=0)) - np.einsum(
        "t,ti,tj->ij", factor, share, share
    )
    return chi_square(dead.sum(axis=0) - expected, spread, dead.sum(axis=0), expected)


def chi_square(
    score: FloatArray, spread: FloatArray, observed: FloatArray, expected: FloatArray
) -> Test:
    """Quadratic form of scores that sum to zero with their covariance (G, G).

    Groups whose score cannot vary say nothing and are left out; of the others one is redundant.
    """
    telling = np.flatnonzero(np.diag(spread) > 1e-12)
    if telling.size < 2:
        raise ValueError("a test needs two groups with patients at risk when events happen")
    kept = telling[:-1]
    value = float(score[kept] @ np.linalg.solve(spread[np.ix_(kept, kept)], score[kept]))
    df = len(kept)
    return Test(
        value, df, float(chi2.sf(value, df)), tuple(observed.tolist()), tuple(expected.tolist())
    )


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """P values of several tests, raised so that any false alarm is as rare as for one (Holm)."""
    order = np.argsort(values)
    raised = np.asarray(values)[order] * np.arange(len(values), 0, -1)
    made = np.empty(len(values))
    made[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return tuple(float(one) for one in made)


def pairs(size: int) -> list[tuple[int, int]]:
    """Every pair of groups."""
    return list(combinations(range(size), 2))
