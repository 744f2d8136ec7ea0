"""What the rule sets share: smoothing, curvature peak, baseline line, crossing and Ct.

Everything works on R curves of C cycles at once, in double precision, adding in the order of the
cycles, so that a value does not depend on how many curves are computed together. Cycles count
from 1: ``rn[:, c - 1]`` is cycle c. Source of every rule: measured on instrument files that store
their intermediate values (7500, StepOne 2.x and QuantStudio), see the figures in the tests.
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray, IntArray

MIN_CYCLES = 15
"""The rules look seven cycles to both sides of a peak; shorter runs have no room for that."""

MIN_CURVATURE = 0.001
"""Smallest curvature of Rn (per cycle²) that counts as the start of an amplification."""

SMOOTHING = (-2.0, 3.0, 6.0, 7.0, 6.0, 3.0, -2.0)
"""Quadratic smoothing over seven points (Savitzky & Golay 1964, doi 10.1021/ac60214a047)."""


def smooth(rn: FloatArray) -> FloatArray:
    """Smooth R curves: seven-point quadratic inside, the same renormalised at the head, a line at
    the tail.

    Parameters
    ----------
    rn
        (R, C) Rn, C ≥ 15.

    Returns
    -------
    ndarray
        (R, C).
    """  # noqa: D205 - one sentence
    count = rn.shape[1]
    out = np.empty_like(rn)
    for c in range(1, count - 2):
        total, weights = np.zeros(len(rn)), 0.0
        for offset, weight in zip(range(-3, 4), SMOOTHING, strict=True):
            if c + offset >= 1:
                total += weight * rn[:, c + offset - 1]
                weights += weight
        out[:, c - 1] = total / weights
    tail = rn[:, count - 7 :]
    mean, slope = np.zeros(len(rn)), np.zeros(len(rn))
    for j in range(7):
        mean += tail[:, j]
        slope += (j - 3) * tail[:, j]
    mean /= 7.0
    slope /= 28.0
    for c in range(count - 2, count + 1):
        out[:, c - 1] = mean + (c - count + 3) * slope
    return out


def curvature(smoothed: FloatArray) -> FloatArray:
    """Second derivative of smoothed curves, per cycle².

    Parameters
    ----------
    smoothed
        (R, C).

    Returns
    -------
    ndarray
        (R, C), column c - 1 for cycle c; defined for c = 3 … C−3, NaN elsewhere.
    """
    s = smoothed
    out = np.full_like(s, np.nan)
    count = s.shape[1]
    middle = slice(3, count - 3)
    out[:, middle] = (
        5.0 * s[:, 0 : count - 6]
        - 3.0 * s[:, 2 : count - 4]
        - 4.0 * s[:, middle]
        - 3.0 * s[:, 4 : count - 2]
        + 5.0 * s[:, 6:]
    ) / 42.0
    third = (-s[:, 0] + s[:, 1] + s[:, 2] - s[:, 4] - s[:, 5] + s[:, 6]) / 6.0
    out[:, 2] = out[:, 3] - third
    return out


def curvature_peaks(rn: FloatArray) -> IntArray:
    """Cycle s at which each curve bends upwards most while it rises.

    Candidates are local maxima of the curvature at cycles 4 … C−4 of at least
    :data:`MIN_CURVATURE`; from the largest down, the first at which the curve rises both before
    and after.

    Returns
    -------
    ndarray
        (R,) cycle, 0 where there is none.
    """
    count = rn.shape[1]
    y = curvature(smooth(rn))
    rises = np.diff(rn, axis=1)
    at = np.arange(4, count - 3)
    here = y[:, at - 1]
    accepted = (here > y[:, at - 2]) & (here >= y[:, at]) & (here >= MIN_CURVATURE)
    accepted &= (rises[:, at - 2] > 0) & (rises[:, at - 1] > 0)
    height = np.where(accepted, here, -np.inf)
    best = height.argmax(axis=1)
    peaks: IntArray = np.where(accepted.any(axis=1), at[best], 0).astype(np.int64)
    return peaks


def walk_back(slope: FloatArray, start: IntArray, limit: float) -> IntArray:
    """Go back from a cycle while the curve still climbs.

    Parameters
    ----------
    slope
        (R, C) slope at each cycle, Rn per cycle.
    start
        (R,) first cycle looked at.
    limit
        Climbing means a slope of at least this.

    Returns
    -------
    ndarray
        (R,) cycle reached, never below min(2, start).
    """
    c = start.copy()
    rows = np.arange(len(c))
    while True:
        climbing = (c > 2) & (slope[rows, c - 1] >= limit)
        if not climbing.any():
            return c
        c = c - climbing


def window_from_end(stop: IntArray) -> IntArray:
    """Baseline windows (R, 2) from their ends: they start at cycle 3, at 1 when that is too late.

    A window may thus hold only two or three cycles; :func:`baseline_lines` then takes the mean.
    """
    return np.stack([np.where(stop <= 3, 1, 3), stop], axis=1)


def baseline_lines(rn: FloatArray, windows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Draw the baseline: ordinary least squares over the window, the mean for three cycles or less.

    Parameters
    ----------
    rn
        (R, C) Rn.
    windows
        (R, 2) first and last cycle.

    Returns
    -------
    intercept, slope
        (R,) each, of ``intercept + slope · cycle``. Normal equations, summed in the order of the
        cycles: this reproduces the instrument to the last bit.
    """
    start, stop = windows[:, 0], windows[:, 1]
    n = (stop - start + 1).astype(np.float64)
    sx, sy, sxx, sxy = (np.zeros(len(rn)) for _ in range(4))
    for c in range(1, rn.shape[1] + 1):
        inside = (start <= c) & (c <= stop)
        x, y = np.where(inside, float(c), 0.0), np.where(inside, rn[:, c - 1], 0.0)
        sx, sy, sxx, sxy = sx + x, sy + y, sxx + x * x, sxy + x * y
    divisor = np.where(n > 3, n * sxx - sx * sx, 1.0)
    slope = np.where(n > 3, (n * sxy - sx * sy) / divisor, 0.0)
    return (sy - slope * sx) / n, slope


def threshold_crossing(drn: FloatArray, threshold: float, peak: int) -> int | None:
    """Cycle k with ΔRn(k) ≤ T < ΔRn(k+1), searched from the peak of one curve.

    Parameters
    ----------
    drn
        (C,) ΔRn.
    threshold
        T; a billionth is added so that the well whose ΔRn *is* T lies below it.
    peak
        The curvature peak s: with ΔRn(s) above T the last crossing before s counts, otherwise the
        first at or after s.
    """
    level = threshold * (1 + 1e-9)
    k = 1 + np.flatnonzero((drn[:-1] <= level) & (drn[1:] > level))
    chosen = k[k < peak][-1:] if drn[peak - 1] > level else k[k >= peak][:1]
    return int(chosen[0]) if len(chosen) else None


_AXIS = np.arange(-3.0, 4.0)
_CUBIC = np.linalg.pinv(np.vander(_AXIS, 4))


def cubic_ct(drn: FloatArray, threshold: float, k: int) -> float:
    """Ct of one curve that crosses the threshold between cycles k and k + 1.

    The least-squares cubic through cycles k−3 … k+3, solved for the threshold: its root nearest
    k + ½ within those cycles. With fewer than three cycles on one side, or no such root, the
    straight line between k and k + 1.
    """
    if 4 <= k <= len(drn) - 3:
        polynomial = _CUBIC @ drn[k - 4 : k + 3]
        polynomial[-1] -= threshold
        roots = np.roots(polynomial)
        real = roots.real[(np.abs(roots.imag) < 1e-9) & (np.abs(roots.real) <= 3.0)]
        if len(real):
            return k + float(real[np.argmin(np.abs(real - 0.5))])
    low, high = drn[k - 1], drn[k]
    return k + float((threshold - low) / (high - low))
