"""Cumulative incidence with competing events (Aalen-Johansen), and Gray's test of its equality.

References
----------
Aalen O, Johansen S. Scand J Stat 1978;5:141-150 (estimate).
Aalen O. Ann Stat 1978;6:534-545. doi:10.1214/aos/1176344198 (variance).
Gray RJ. Ann Stat 1988;16:1141-1154. doi:10.1214/aos/1176350951 (test, ρ = 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import FloatArray, frozen
from qpcr.cohort.counts import Counts, divided
from qpcr.cohort.logrank import Test, chi_square


@dataclass(frozen=True, eq=False, slots=True)
class Incidence:
    """Cumulative incidence of one cause in one group.

    Attributes
    ----------
    times, incidence, variance
        (T,) at the times of the group; level between them.
    """

    times: FloatArray
    incidence: FloatArray
    variance: FloatArray

    def at(self, time: float) -> tuple[float, float]:
        """Incidence and its variance at a time; NaN beyond the last observation."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 0.0, 0.0
        if time > self.times[-1]:
            return np.nan, np.nan
        return float(self.incidence[place]), float(self.variance[place])


def cumulative_incidence(counts: Counts, cause: int = 1, group: int = 0) -> Incidence:
    """Estimate how many have had `cause` by each time, others having had another event before."""
    seen = counts.at_risk[:, group] > 0
    risk = counts.at_risk[seen, group]
    own = counts.events[cause - 1][seen, group]
    every = counts.any_event[seen, group]
    after: FloatArray = np.cumprod(1.0 - every / risk)
    before = _before(after, 1.0)
    incidence: FloatArray = np.cumsum(before * own / risk)
    made = (counts.times[seen], incidence, _aalen(risk, own, every, before, incidence))
    return Incidence(*(frozen(one, np.float64, (len(risk),)) for one in made))


def _before(after: FloatArray, start: float) -> FloatArray:
    """Values just before each time, of values just after it, along the first axis."""
    return np.concatenate([np.full((1, *after.shape[1:]), start), after[:-1]])


def _aalen(
    risk: FloatArray, own: FloatArray, every: FloatArray, before: FloatArray, incidence: FloatArray
) -> FloatArray:
    """Variance of the incidence at each time, from sums over the times before.

    Var F(t) = Σ (F(t) − F(s))² d/((n−1)(n−d)) + Σ S(s−)² d₁ (n−d₁)/(n² (n−1))
    − 2 Σ (F(t) − F(s)) S(s−) d₁ (n−d₁)/(n (n−d) (n−1)), over event times s ≤ t.
    """
    less = np.maximum(risk - 1.0, 0.0)
    first = divided(every, less * (risk - every))
    second = before**2 * divided(own * (risk - own), risk**2 * less)
    third = before * divided(own * (risk - own), risk * (risk - every) * less)
    f = incidence
    variance: FloatArray = (
        f**2 * np.cumsum(first) - 2 * f * np.cumsum(f * first) + np.cumsum(f**2 * first)
        + np.cumsum(second) - 2 * (f * np.cumsum(third) - np.cumsum(f * third))
    )  # fmt: skip
    return variance


def gray_test(counts: Counts, cause: int = 1) -> Test:
    """Test whether groups have the same cumulative incidence of `cause`.

    With one sub-distribution for all groups under the hypothesis (Gray 1988, section 2); ties are
    treated as drawn without replacement, as the log-rank test does.
    """
    at = _Pooled.of(counts, cause)
    own = at.own.sum(axis=0)
    weight = at.reach * (1.0 - at.incidence)
    share = divided(weight, weight.sum(axis=1)[:, None])
    score = (at.own - at.own.sum(axis=1)[:, None] * share).sum(axis=0)
    return chi_square(score, _spread(at), own, own - score)


@dataclass(frozen=True, eq=False, slots=True)
class _Pooled:
    """What Gray's test is made of: (T, G) by time and group, (T,) by time.

    Attributes
    ----------
    risk, own, other
        At risk; events of the cause and of all others.
    before, after
        Survival without any event, just before and just after the time.
    incidence
        Of the cause, just before the time.
    reach
        At risk, were nobody taken out by another event or censored: `risk` / `before`.
    total, pooled
        Sum of `reach`; incidence of all groups as one, just after the time.
    """

    risk: FloatArray
    own: FloatArray
    other: FloatArray
    before: FloatArray
    after: FloatArray
    incidence: FloatArray
    reach: FloatArray
    total: FloatArray
    pooled: FloatArray

    @classmethod
    def of(cls, counts: Counts, cause: int) -> _Pooled:
        """Sum up."""
        risk, own, every = counts.at_risk, counts.events[cause - 1], counts.any_event
        after = np.asarray(np.cumprod(1.0 - divided(every, risk), axis=0), dtype=np.float64)
        before = _before(after, 1.0)
        ever: FloatArray = np.cumsum(before * divided(own, risk), axis=0)
        incidence = _before(ever, 0.0)
        reach = divided(risk, before)
        total: FloatArray = reach.sum(axis=1)
        pooled: FloatArray = np.cumsum(divided(own.sum(axis=1), total))
        return cls(risk, own, every - own, before, after, incidence, reach, total, pooled)


def _spread(at: _Pooled) -> FloatArray:
    """Covariance (G, G) of the scores: Gray 1988, section 3, summed over groups r and times."""
    all_own, total = at.own.sum(axis=1), at.total[:, None]
    share = divided(at.reach, total)
    a = at.reach[:, :, None] * (np.eye(share.shape[1]) - share[:, None, :])  # (T, k, r)
    step = divided(all_own, at.total * (1.0 - _before(at.pooled, 0.0)))
    c = np.cumsum(a * step[:, None, None], axis=0)
    rest = c[-1] - c
    ratio = divided(np.broadcast_to(1.0 - at.pooled[:, None], at.after.shape), at.after)
    hit = np.where(at.after > 0, 1.0 - ratio, 1.0)
    tied = np.maximum(all_own - 1.0, 0.0)[:, None]
    kept = 1.0 - divided(tied, total * at.before - 1.0)
    first = kept * divided(at.before * all_own[:, None], total * at.risk)
    lever = a + hit[:, None, :] * rest
    kept = 1.0 - divided(np.maximum(at.other - 1.0, 0.0), at.risk - 1.0)
    second = np.where(at.after > 0, kept * divided(at.before**2 * at.other, at.risk**2), 0.0)
    far = ratio[:, None, :] * rest
    spread: FloatArray = np.einsum("tr,tir,tjr->ij", first, lever, lever) + np.einsum(
        "tr,tir,tjr->ij", second, far, far
    )
    return spread
