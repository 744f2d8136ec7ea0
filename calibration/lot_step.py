"""Whether a new lot of reagents has shifted a control: the means of two lots, after Welch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

from calibration.start_up import mean_and_sd


@dataclass(frozen=True, slots=True)
class LotStep:
    """Mean of the new lot minus that of the lot before, with its interval and P."""

    difference: float
    low: float
    high: float
    p: float

    @property
    def seen(self) -> bool:
        """The interval does not hold 0."""
        return self.low > 0 or self.high < 0


def lot_step(
    before: Sequence[float], new: Sequence[float], confidence: float = 0.95
) -> LotStep | None:
    """Compare two lots (Welch 1947, Biometrika 34:28-35).

    Returns
    -------
    LotStep or None
        ``None`` where a lot has fewer than 3 values, neither has any scatter, or the scatter is no
        number.
    """
    if min(len(before), len(new)) < 3:
        return None
    (m1, s1), (m2, s2) = mean_and_sd(before), mean_and_sd(new)
    v1, v2 = s1 * s1 / len(before), s2 * s2 / len(new)
    total = v1 + v2
    if not (total > 0 and math.isfinite(total)):
        return None
    share = v1 / total
    df = 1 / (share * share / (len(before) - 1) + (1 - share) * (1 - share) / (len(new) - 1))
    se, difference = math.sqrt(total), m2 - m1
    half = float(stdtrit(df, 0.5 + confidence / 2)) * se
    p = 2 * float(stdtr(df, -abs(difference) / se))
    return LotStep(difference, difference - half, difference + half, p)
