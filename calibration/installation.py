"""The vendor's installation test of an RNase P plate: 5,000 copies must be told from 10,000.

The manufacturer's specification for its real-time instruments: mean₁₀₀₀₀ − 3 SD₁₀₀₀₀ must be larger
than mean₅₀₀₀ + 3 SD₅₀₀₀, copies of single wells read from the plate's standard curve; on a 96-well
plate with 36 wells a population up to six outlying wells of each may be left out. Formula and
allowance as commonly described; not checked against the vendor's current guide.

On a smaller layout the allowance shrinks in proportion (whole wells, rounded down: none below six
wells). Wells are left out only where the test fails without that, one at a time, the furthest from
the median of its population (in log copies) first, and never more than allowed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.errors import CalibrationError
from calibration.stated import state

STANDARD_DEVIATIONS = 3.0
ALLOWED_OUTLIERS, OUT_OF = 6, 36
FEWEST_WELLS = 3
NOMINAL = 5_000.0, 10_000.0
"""Copies of the two populations that the test is defined for."""

NEAR = 1.25
"""Factor within which a population's mean counts as nominal; ours, for the wording only."""


@dataclass(frozen=True, slots=True)
class Population:
    """One population: copies of the wells used, and the 0-based places of wells left out."""

    wells: int
    mean: float
    sd: float
    omitted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Separation:
    """The test's outcome.

    Attributes
    ----------
    low, high
        The two populations.
    upper_of_low, lower_of_high
        mean + 3 SD of the lower, mean − 3 SD of the higher one.
    passed
        The second is larger than the first.
    nominal
        The means are those of the test as the vendor defines it, 5,000 and 10,000 copies.
    """

    low: Population
    high: Population
    upper_of_low: float
    lower_of_high: float
    passed: bool
    nominal: bool


def allowed_outliers(wells: int) -> int:
    """Wells of a population that may be left out.

    >>> allowed_outliers(36), allowed_outliers(12), allowed_outliers(3)
    (6, 2, 0)
    """
    return wells * ALLOWED_OUTLIERS // OUT_OF


def separation(low: Sequence[float], high: Sequence[float]) -> Separation:
    """Test whether two populations are told apart at 3 SD.

    Parameters
    ----------
    low, high
        Copies of each well of the population of fewer and of more copies.

    Raises
    ------
    CalibrationError
        Fewer than three wells, a number of copies that is not positive, or the lower population
        is not lower.
    """
    for one in (low, high):
        if len(one) < FEWEST_WELLS:
            raise CalibrationError(
                state(
                    "a population of {wells} wells; {need} are needed",
                    wells=len(one),
                    need=FEWEST_WELLS,
                )
            )
        if not all(value > 0 and math.isfinite(value) for value in one):
            raise CalibrationError(state("copies must be positive numbers"))
    if np.mean(low) >= np.mean(high):
        raise CalibrationError(state("the population of fewer copies must come first"))
    out_low: list[int] = []
    out_high: list[int] = []
    while True:
        result = _judged(low, high, out_low, out_high)
        room_low = len(out_low) < allowed_outliers(len(low))
        room_high = len(out_high) < allowed_outliers(len(high))
        if result.passed or not (room_low or room_high):
            return result
        worst_low = _furthest(low, out_low) if room_low else (-1.0, -1)
        worst_high = _furthest(high, out_high) if room_high else (-1.0, -1)
        if worst_low > worst_high:
            out_low.append(worst_low[1])
        else:
            out_high.append(worst_high[1])


def _furthest(values: Sequence[float], out: list[int]) -> tuple[float, int]:
    """Distance from the median in log copies, and place, of the well furthest away."""
    logs = np.log(values)
    middle = float(np.median([logs[i] for i in range(len(values)) if i not in out]))
    return max((abs(float(logs[i]) - middle), i) for i in range(len(values)) if i not in out)


def _population(values: Sequence[float], out: list[int]) -> Population:
    kept = np.array([value for place, value in enumerate(values) if place not in out])
    return Population(len(kept), float(kept.mean()), float(kept.std(ddof=1)), tuple(sorted(out)))


def _judged(
    low: Sequence[float], high: Sequence[float], out_low: list[int], out_high: list[int]
) -> Separation:
    lower, higher = _population(low, out_low), _population(high, out_high)
    upper = lower.mean + STANDARD_DEVIATIONS * lower.sd
    bottom = higher.mean - STANDARD_DEVIATIONS * higher.sd
    near = all(
        nominal / NEAR <= found.mean <= nominal * NEAR
        for nominal, found in zip(NOMINAL, (lower, higher), strict=True)
    )
    return Separation(lower, higher, upper, bottom, bottom > upper, near)
