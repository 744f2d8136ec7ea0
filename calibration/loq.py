"""Limit of quantification: the smallest quantity whose replicates agree well enough.

The coefficient of variation of quantities whose Ct scatter normally with SD s on a curve of slope
m is CV = √(exp((s · ln 10/m)²) − 1); with E = 10^(−1/m) − 1 this is √((1+E)^(s² ln(1+E)) − 1)
(Forootan 2017, doi:10.1016/j.bdq.2017.04.001). Klymus 2020 (doi:10.1002/edn3.29) takes 35 % as the
limit, from the levels themselves or from a curve through their CV.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from calibration.errors import CalibrationError
from calibration.lod import Level
from calibration.stated import state

LIMIT = 0.35


@dataclass(frozen=True, slots=True)
class Precision:
    """Scatter of a level.

    Attributes
    ----------
    level
        Quantity, wells tested and detected.
    sd, sd_low, sd_high
        Of the Ct, with its 95 % interval (χ²); ``None`` with fewer than two Ct.
    cv, cv_low, cv_high
        Of the quantities, the same.
    """

    level: Level
    sd: float | None
    sd_low: float | None
    sd_high: float | None
    cv: float | None
    cv_low: float | None
    cv_high: float | None


@dataclass(frozen=True, slots=True)
class QuantificationLimit:
    """LOQ in two ways; ``None`` with the reason.

    Attributes
    ----------
    threshold
        Smallest level that, with all above it, is always detected and has a CV within the limit.
    curve
        Where the line of log CV over log quantity crosses the limit, inside the levels tested.
    """

    limit: float
    threshold: float | None
    threshold_reason: str | None
    curve: float | None
    curve_reason: str | None
    levels: tuple[Precision, ...]


def coefficient_of_variation(sd: float, slope: float) -> float:
    """CV of quantities from the SD of their Ct (cycles) and the slope of the standard curve.

    >>> round(coefficient_of_variation(0.25, -3.3219), 4)
    0.1746
    """
    return math.sqrt(math.expm1((sd * math.log(10) / slope) ** 2))


def precision(level: Level, cqs: Sequence[float], slope: float) -> Precision:
    """Scatter of a level's Ct with its intervals.

    Raises
    ------
    CalibrationError
        A slope that is not negative, or more Ct than wells.
    """
    if not slope < 0:
        raise CalibrationError(f"the slope of a standard curve is negative, not {slope:g}")
    if len(cqs) != level.detected:
        raise CalibrationError(f"{len(cqs)} Ct, but {level.detected} wells detected")
    if len(cqs) < 2:
        return Precision(level, None, None, None, None, None, None)
    sd, df = float(np.std(cqs, ddof=1)), len(cqs) - 1
    low, high = (sd * math.sqrt(df / float(chdtri(df, tail))) for tail in (0.025, 0.975))
    cv, cv_low, cv_high = (coefficient_of_variation(one, slope) for one in (sd, low, high))
    return Precision(level, sd, low, high, cv, cv_low, cv_high)


def quantification_limit(levels: Sequence[Precision], limit: float = LIMIT) -> QuantificationLimit:
    """Find the LOQ.

    Raises
    ------
    CalibrationError
        No levels, or a limit that is not positive.
    """
    if not levels or not limit > 0:
        raise CalibrationError("a limit of quantification needs levels and a positive CV")
    ordered = sorted(levels, key=lambda one: -one.level.quantity)
    threshold: float | None = None
    for one in ordered:
        complete = one.level.detected == one.level.tested
        if one.cv is None or not complete or one.cv > limit:
            break
        threshold = one.level.quantity
    top = state(
        "the highest level is not always detected with a CV within {limit:.0%}", limit=limit
    )
    curve, why = _crossing(ordered, limit)
    return QuantificationLimit(
        limit, threshold, None if threshold is not None else top, curve, why, tuple(ordered)
    )


def _crossing(ordered: Sequence[Precision], limit: float) -> tuple[float | None, str | None]:
    """Where a line of ln CV over log10 quantity crosses the limit."""
    used = [
        (math.log10(one.level.quantity), math.log(one.cv))
        for one in ordered
        if one.cv and one.level.detected == one.level.tested
    ]
    if len(used) < 3:
        return None, state("fewer than three levels that are always detected have a CV")
    x, y = np.array(used).T
    slope, intercept = np.polyfit(x, y, 1)
    if slope >= 0:
        return None, state("the CV does not fall with the quantity")
    at = (math.log(limit) - intercept) / slope
    if at < x.min():
        return None, state(
            "the CV stays within {limit:.0%} down to the smallest level always detected",
            limit=limit,
        )
    if at > x.max():
        return None, state("the CV is above {limit:.0%} at all levels", limit=limit)
    return float(10**at), None
