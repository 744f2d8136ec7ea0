"""Survival by group: rates at the study's horizon, curves, and the tests of all and of each pair.

Where an endpoint has competing events, its incidence (Aalen-Johansen) and Gray's test stand for the
survival (Kaplan-Meier) and the log-rank test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.cohort.counts import Counts, count
from qpcr.cohort.incidence import cumulative_incidence, gray_test
from qpcr.cohort.kaplan_meier import kaplan_meier
from qpcr.cohort.logrank import Test, holm, log_rank, pairs


@dataclass(frozen=True, eq=False, slots=True)
class Arm:
    """One group's survival, or incidence where events compete.

    Attributes
    ----------
    name
        Of the group.
    patients, events, competing
        How many.
    rate, se, low, high
        At the horizon; NaN: nobody was followed for so long.
    median
        Survival time, or ``None``: not reached, or events compete.
    times, curve, lower, upper
        (T,) steps with their 95 % limits.
    at_risk
        (T,) just before each time.
    """

    name: str
    patients: int
    events: int
    competing: int
    rate: float
    se: float
    low: float
    high: float
    median: float | None
    times: FloatArray
    curve: FloatArray
    lower: FloatArray
    upper: FloatArray
    at_risk: FloatArray


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups against each other: P, and P by Holm's correction for all pairs."""

    first: str
    second: str
    statistic: float
    p: float
    corrected: float


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Groups compared for one endpoint; `test` is ``None`` where there is nothing to compare."""

    endpoint: str
    incidence: bool
    arms: tuple[Arm, ...]
    test: Test | None
    pairs: tuple[Pair, ...]


def compare_survival(
    endpoint: str, months: FloatArray, cause: IntArray, group: IntArray, names: tuple[str, ...],
    horizon: float, *, incidence: bool = False, pairwise: bool = False,
) -> Comparison:  # fmt: skip
    """Compare groups.

    Parameters
    ----------
    endpoint
        Its name.
    months, cause
        (n,) follow-up; NaN and −1 where a patient takes no part.
    group
        (n,) −1: in none.
    names
        Of the groups.
    horizon
        Months that rates are given for.
    incidence
        Events compete: causes 1 and 2 are not one.
    pairwise
        Test every pair too.
    """
    used = (cause >= 0) & (group >= 0)
    t, c, g = months[used], cause[used], group[used]
    if not len(t):
        return Comparison(endpoint, incidence, (), None, ())
    if not incidence:
        c = np.minimum(c, 1)
    counts = count(t, c, g, names)
    arms = tuple(
        _arm(counts, place, name, c[g == place], horizon, incidence)
        for place, name in enumerate(names)
        if (g == place).any()
    )
    asked = pairs(len(names)) if pairwise else []
    chosen = [(names[i], names[j], _test(t, c, g, (i, j), incidence)) for i, j in asked]
    told = [(a, b, test) for a, b, test in chosen if test is not None]
    raised = holm([test.p for _, _, test in told])
    found = tuple(
        Pair(a, b, test.statistic, test.p, p) for (a, b, test), p in zip(told, raised, strict=True)
    )
    return Comparison(
        endpoint, incidence, arms, _test(t, c, g, tuple(range(len(names))), incidence), found
    )


def _test(
    t: FloatArray, c: IntArray, g: IntArray, which: tuple[int, ...], incidence: bool
) -> Test | None:
    """Test some of the groups; ``None``: fewer than two of them tell anything."""
    here: BoolArray = np.isin(g, which)
    if len(set(g[here].tolist())) < 2:
        return None
    counts = count(t[here], c[here], np.searchsorted(which, g[here]))
    try:
        return gray_test(counts) if incidence else log_rank(counts)
    except ValueError:
        return None


def _arm(
    counts: Counts, place: int, name: str, cause: IntArray, horizon: float, incidence: bool
) -> Arm:
    size, events, competing = len(cause), int((cause == 1).sum()), int((cause == 2).sum())
    curve = kaplan_meier(counts, place)
    if not incidence:
        return Arm(
            name, size, events, competing, *curve.at(horizon), curve.median, curve.times,
            curve.survival, curve.low, curve.high, curve.at_risk,
        )  # fmt: skip
    own = cumulative_incidence(counts, 1, place)
    rate, variance = own.at(horizon)
    low, high = _limits(np.array([rate]), np.array([variance]))
    lower, upper = _limits(own.incidence, own.variance)
    return Arm(
        name, size, events, competing, rate, float(np.sqrt(max(variance, 0.0))), float(low[0]),
        float(high[0]), None, own.times, own.incidence, lower, upper, curve.at_risk,
    )  # fmt: skip


def _limits(f: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """95 % limits of incidences on the scale of log(−log(1 − F)), which stay inside 0 … 1.

    Choudhury JB. Stat Med 2002;21:1129-1144. doi:10.1002/sim.1098.
    """
    inside = (f > 0) & (f < 1)
    safe = np.where(inside, f, 0.5)
    log = np.log1p(-safe)
    reach = ndtri(0.975) * np.sqrt(np.maximum(variance, 0.0)) / ((1.0 - safe) * np.abs(log))
    low = np.where(inside, 1.0 - (1.0 - safe) ** np.exp(-reach), f)
    high = np.where(inside, 1.0 - (1.0 - safe) ** np.exp(reach), f)
    return low, high
