"""Judging control values before there are enough for limits: each by those before it.

Limits made from few values, those judged among them, judge nothing: of n values none lies further
than (n − 1)/√n SD from their mean, so below 11 values none can be beyond 3 SD. Quesenberry 1991
(J Qual Technol 23:213-224, "SPC Q charts for start-up processes and short or long runs", mean and
variance unknown) compares the r-th value with the r − 1 before it instead:

    Q_r = Φ⁻¹( T_{r−2}( √((r − 1)/r) · (x_r − mean_{r−1}) / SD_{r−1} ) ),   r = 3, 4, …

with T the t distribution function of r − 2 degrees of freedom. For independent normal values of one
mean and variance the Q are independent and standard normal, exactly: they can be put to the same
rules as z values. Hawkins 1987 (The Statistician 36:299-316) makes self-starting CUSUMs of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtr

FARTHEST = 8.0
"""Largest Q or z that is given: beyond any limit, and where the t distribution underflows."""


def start_up(values: Sequence[float]) -> list[float | None]:
    """Q statistics of values in order of time; ``None`` for the first two."""
    found: list[float | None] = [None for _ in values[:2]]
    for place in range(2, len(values)):
        mean, sd = mean_and_sd(values[:place])
        away = values[place] - mean
        if sd == 0 or not math.isfinite(sd):
            found.append(in_sd(away, 0.0) if sd == 0 else None)
            continue
        t = math.sqrt(place / (place + 1)) * away / sd
        q = -float(ndtri(stdtr(place - 1, -abs(t))))
        found.append(math.copysign(min(q, FARTHEST), away))
    return found


def mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample SD; exactly 0 for equal values, whatever rounding would make of it.

    The SD of values too far apart for floating point is not finite.
    """
    if max(values) == min(values):
        return values[0], 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean(values)), float(np.std(values, ddof=1))


def in_sd(away: float, sd: float) -> float:
    """A distance in SD; of values without scatter, every other one is as far away as can be."""
    if sd > 0:
        return min(max(away / sd, -FARTHEST), FARTHEST)
    return math.copysign(FARTHEST, away) if away else 0.0
