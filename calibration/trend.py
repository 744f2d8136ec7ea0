"""Whether control values creep: the test of Mann and Kendall, and the slope of Sen.

Mann 1945 (Econometrica 13:245-259), Kendall 1975: S is the number of pairs in which the later value
is larger, minus those in which it is smaller. Without a trend S has mean 0 and, with ties in groups
of t values,

    var S = (n(n−1)(2n+5) − Σ t(t−1)(2t+5)) / 18,   z = (|S| − 1)/√var S

No distribution is assumed and no limit is needed, so it sees what began before there were any. Sen
1968 (J Am Stat Assoc 63:1379-1389): the slope is the median of the slopes of all pairs.

It is asked again at every new value, so its level is low (P below 0.001): of charts without a trend
2 in 100 raise an alarm within 120 values (simulated).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

FEWEST = 8
"""Values below which the test is not made."""
LEVEL = 0.001


@dataclass(frozen=True, slots=True)
class Trend:
    """A creep of values: `slope` per unit of time, two-sided P, and how many values it is of."""

    slope: float
    p: float
    values: int

    @property
    def seen(self) -> bool:
        """Beyond the level of the test."""
        return self.p < LEVEL


def trend(times: Sequence[float], values: Sequence[float]) -> Trend | None:
    """Test values in order of time; ``None`` for fewer than 8.

    Parameters
    ----------
    times
        When each was measured; they need not be apart.
    values
        Finite numbers.
    """
    n = len(values)
    if n < FEWEST:
        return None
    x, t = np.asarray(values, dtype=float), np.asarray(times, dtype=float)
    later, earlier = np.tril_indices(n, -1)
    with np.errstate(over="ignore"):
        rise, gap = x[later] - x[earlier], t[later] - t[earlier]
        apart = gap > 0
        slope = float(np.median(rise[apart] / gap[apart])) if apart.any() else 0.0
    s = float(np.sign(rise).sum())
    ties = np.unique(x, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    z = (abs(s) - 1) / math.sqrt(variance) if variance > 0 and s else 0.0
    return Trend(slope, min(1.0, 2 * float(ndtr(-z))), n)
