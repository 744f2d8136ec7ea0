"""Survival by Kaplan and Meier: curve, standard error, confidence band, numbers at risk, median.

References
----------
Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481. doi:10.1080/01621459.1958.10501452.
Greenwood M. Reports on Public Health and Medical Subjects 1926;33:1-26 (variance).
Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data, 1980 (log-log interval).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from qpcr._frozen import FloatArray, frozen
from qpcr.cohort.counts import Counts, divided


@dataclass(frozen=True, eq=False, slots=True)
class Survival:
    """A survival curve of one group.

    Attributes
    ----------
    times
        (T,) where it is known; it falls at them and is level between.
    survival
        (T,) share without the event, after the events of the time.
    se
        (T,) standard error (Greenwood); NaN once everybody at risk has had the event.
    low, high
        (T,) pointwise limits on the log(−log) scale, which stay inside 0 … 1.
    at_risk
        (T,) just before the time.
    """

    times: FloatArray
    survival: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: FloatArray

    def at(self, time: float) -> tuple[float, float, float, float]:
        """Survival, standard error, low and high at a time: 1 ± 0 before the first event.

        NaN beyond the last observation: nothing is known there, unless nobody is left.
        """
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 1.0, 0.0, 1.0, 1.0
        if time > self.times[-1] and self.survival[-1] > 0:
            return np.nan, np.nan, np.nan, np.nan
        s, e, low, high = (
            float(one[place]) for one in (self.survival, self.se, self.low, self.high)
        )
        return s, e, low, high

    @property
    def median(self) -> float | None:
        """First time at which the curve is at or below one half; ``None``: not reached."""
        below = np.flatnonzero(self.survival <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if below.size else None


def kaplan_meier(counts: Counts, group: int = 0, level: float = 0.95) -> Survival:
    """Estimate the survival curve of one group from the events of any cause.

    Parameters
    ----------
    counts
        At least one group.
    group
        Its number.
    level
        Of the confidence limits.
    """
    seen = counts.at_risk[:, group] > 0
    risk, dead = counts.at_risk[seen, group], counts.any_event[seen, group]
    survival = np.cumprod(1.0 - dead / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.cumsum(divided(dead, risk * (risk - dead), np.nan))  # of log S
        spread = np.where(survival > 0, spread, np.nan)
        reach = -ndtri((1.0 - level) / 2.0) * np.sqrt(spread) / np.abs(np.log(survival))
        low, high = survival ** np.exp(reach), survival ** np.exp(-reach)
    untouched = survival >= 1.0
    low, high = np.where(untouched, 1.0, low), np.where(untouched, 1.0, high)
    size = len(risk)
    made = (counts.times[seen], survival, survival * np.sqrt(spread), low, high, risk)
    return Survival(*(frozen(one, np.float64, (size,)) for one in made))
