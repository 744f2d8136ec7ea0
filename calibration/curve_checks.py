"""Whether the line is right: outliers, lack of fit, and the range over which Ct is a line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc, stdtr

from calibration.standard_curve import FloatArray, checked, fit_standard_curve

ALPHA = 0.05
"""Significance of the tests below."""

ALLOWED_DEVIATION = 0.25
"""Largest departure of a level's mean Ct from the line, cycles, that is still called linear even
where it is significant: precise wells make every line significantly bent. A starting value of ours
(0.25 cycles are 17 % of a quantity): set your own. The idea is that of CLSI EP06."""

FEWEST_LEVELS = 3
"""Levels that a linear range must hold."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A point off the line.

    Attributes
    ----------
    point
        Its 0-based place.
    residual
        Cycles from the line through all points.
    studentized
        Externally studentized residual: in units of the scatter without this point.
    p
        Two-sided P, times the number of points (Bonferroni), at most 1.
    """

    point: int
    residual: float
    studentized: float
    p: float


@dataclass(frozen=True, slots=True)
class LackOfFit:
    """F test of the levels' means about the line against the replicates about their means."""

    f: float
    df_levels: int
    df_replicates: int
    p: float


@dataclass(frozen=True, slots=True)
class LinearRange:
    """Smallest and largest quantity of the longest run of levels that lies on one line."""

    low: float
    high: float
    levels: int


def residual_tests(
    quantities: npt.ArrayLike, cqs: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Outlier, ...]:
    """Test every point against the line through the others (deleted residuals, Bonferroni).

    Cook and Weisberg, *Residuals and Influence in Regression* (1982), section 2.2.2. Fewer than 4
    points, or points exactly on a line, give no tests.

    Raises
    ------
    CalibrationError
        As :func:`~calibration.standard_curve.fit_standard_curve`.
    """
    x, y, w = checked(quantities, cqs, weights)
    n = len(x)
    design = np.column_stack([np.ones(n), x]) * np.sqrt(w)[:, None]
    q, _ = np.linalg.qr(design)
    target = y * np.sqrt(w)
    left = target - q @ (q.T @ target)
    room = 1 - (q**2).sum(axis=1)
    rss = float(left @ left)
    df = n - 3
    if df < 1 or rss < 1e-18:
        return ()
    found = []
    for place in range(n):
        if room[place] < 1e-9:  # the line must pass through this point, whatever it is
            continue
        others = max(rss - left[place] ** 2 / room[place], 0.0) / df
        scale = math.sqrt(others * room[place])
        t = float(left[place]) / scale if scale > 0 else math.copysign(math.inf, left[place])
        p = min(2 * float(stdtr(df, -abs(t))) * n, 1.0) if math.isfinite(t) else 0.0
        found.append(Outlier(place, float(left[place] / math.sqrt(w[place])), t, p))
    return tuple(found)


def outliers(
    quantities: npt.ArrayLike,
    cqs: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    alpha: float = ALPHA,
) -> tuple[Outlier, ...]:
    """Points that :func:`residual_tests` calls outliers; nothing is removed."""
    return tuple(one for one in residual_tests(quantities, cqs, weights) if one.p < alpha)


def lack_of_fit(
    quantities: npt.ArrayLike, cqs: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> LackOfFit | None:
    """Test whether the levels lie on a line; ``None`` without replicates or with two levels.

    Draper and Smith, *Applied Regression Analysis*, 3rd ed., section 2.1.

    Raises
    ------
    CalibrationError
        As :func:`~calibration.standard_curve.fit_standard_curve`.
    """
    x, y, w = checked(quantities, cqs, weights)
    levels, place = np.unique(x, return_inverse=True)
    heavy = np.bincount(place, w)
    mean = np.bincount(place, w * y) / heavy
    pure = float((w * (y - mean[place]) ** 2).sum())
    df_levels, df_pure = len(levels) - 2, len(x) - len(levels)
    if df_levels < 1 or df_pure < 1:
        return None
    curve = fit_standard_curve(quantities, cqs, weights)
    about = curve.residual_sd**2 * curve.df - pure
    if pure <= 1e-18:
        return None
    f = max(about, 0.0) / df_levels / (pure / df_pure)
    return LackOfFit(f, df_levels, df_pure, float(fdtrc(df_levels, df_pure, f)))


def linear_range(
    quantities: npt.ArrayLike,
    cqs: npt.ArrayLike,
    *,
    allowed: float = ALLOWED_DEVIATION,
    alpha: float = ALPHA,
) -> LinearRange | None:
    """Find the linear dynamic range: the longest run of levels that lies on one line.

    A run counts as linear when no level's mean Ct is further than `allowed` cycles from its line,
    or when its lack of fit is not significant. Of runs of one length the one of larger quantities
    is taken. ``None``: no run of three levels is linear, or there are fewer.

    Raises
    ------
    CalibrationError
        As :func:`~calibration.standard_curve.fit_standard_curve`.
    """
    x, y, _ = checked(quantities, cqs)
    levels = np.unique(x)
    for length in range(len(levels), FEWEST_LEVELS - 1, -1):
        for start in range(len(levels) - length, -1, -1):
            low, high = levels[start], levels[start + length - 1]
            inside = (x >= low) & (x <= high)
            if _linear(x[inside], y[inside], allowed, alpha):
                amounts = np.asarray(quantities, dtype=np.float64)[inside]
                return LinearRange(float(amounts.min()), float(amounts.max()), length)
    return None


def _linear(x: FloatArray, y: FloatArray, allowed: float, alpha: float) -> bool:
    """Whether the levels of some points lie on a line that falls."""
    levels, place = np.unique(x, return_inverse=True)
    mean = np.bincount(place, y) / np.bincount(place)
    curve = fit_standard_curve(10**x, y)
    if curve.slope >= 0:
        return False
    worst = float(np.abs(mean - curve.intercept - curve.slope * levels).max())
    if worst <= allowed:
        return True
    test = lack_of_fit(10**x, y)
    return test is not None and test.p >= alpha
