"""Ct from the foot of the curve: the same model, fitted where the threshold is crossed.

No sigmoid follows a whole amplification: a plateau that creeps on pulls the curve fitted to all
cycles away from the data at the threshold, by 0.05 to 1 cycle on real and on simulated curves.
So the model is fitted once more, to the cycles from the start of the baseline to a few after the
crossing, each reading weighted by 1/variance. That follows the threshold region to a few
thousandths of a cycle, and its residuals then speak of noise and not of lack of fit.

The variance of a reading is taken as proportional to the square of the total signal (background
and rise): readings of real-time instruments have a constant coefficient of variation. Ct and its
error hardly depend on that choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._fit_uncertainty import baseline_draw, sensitivities, spread
from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import Model
from qpcr.models._points import crossing, jacobian
from qpcr.models._solve import Solution, solve

AFTER = 4
"""Whole cycles kept after the crossing. More brings lack of fit in, fewer cost precision."""

LEAST = 12
"""Cycles the foot has at least, where that many were measured."""

FLOOR = 0.2
"""Least background, as a share of the rise within the foot, for the variance of a reading: curves
whose background was subtracted would otherwise have readings without error."""


@dataclass(frozen=True, eq=False, slots=True)
class FootFit:
    """The foot of n curves.

    Attributes
    ----------
    solution
        Weighted fit.
    weights
        (n, C), 0 outside the foot; the largest is 1.
    cq
        (n,) crossing, NaN = none.
    gradient
        (n, P + Q) of `cq`.
    degrees
        (n,) residual degrees of freedom.
    start, stop
        (n,) first and last cycle of the foot.
    """

    solution: Solution
    weights: FloatArray
    cq: FloatArray
    gradient: FloatArray
    degrees: IntArray
    start: FloatArray
    stop: FloatArray


def variances(
    cycles: FloatArray, rn: FloatArray, fitted: FloatArray, inside: BoolArray, windows: IntArray
) -> FloatArray:
    """Relative variance (n, C) of readings, 1 for the smallest.

    Parameters
    ----------
    rn
        (n, C) signal before the baseline was taken off.
    fitted
        (n, C) fitted rise above the baseline.
    inside
        (n, C) the cycles in use.
    windows
        (n, 2) baseline windows; (0, 0) = none.
    """
    base = (cycles >= windows[:, :1]) & (cycles <= windows[:, 1:])
    base = np.where(base.any(axis=1, keepdims=True), base, inside) & np.isfinite(rn)
    level = np.where(base, rn, 0.0).sum(axis=1) / np.maximum(base.sum(axis=1), 1)
    rise = np.clip(np.where(np.isfinite(fitted), fitted, 0.0), 0.0, None)
    floor = FLOOR * np.where(inside, rise, 0.0).max(axis=1)
    total = np.maximum(np.abs(level), floor)
    total = np.where(total > 0, total, 1.0)[:, None]
    ratio: FloatArray = ((total + rise) / total) ** 2
    return ratio


def fit_foot(
    cycles: FloatArray,
    drn: FloatArray,
    rn: FloatArray,
    fitted: FloatArray,
    model: Model,
    guess: FloatArray,
    threshold: FloatArray,
    windows: IntArray,
    *,
    slope: bool,
) -> FootFit:
    """Fit the foot of n curves and read off where it crosses the threshold.

    Parameters
    ----------
    cycles, drn, rn, fitted
        (C,) and (n, C): ΔRn, Rn, and the curve fitted to all cycles.
    guess
        (n,) crossing of that curve.
    threshold
        (n,) ΔRn.
    windows
        (n, 2) baseline windows; (0, 0) = none.
    slope
        Fit a sloping baseline too, and count the threshold from it.
    """
    start = np.maximum(windows[:, 0], cycles[0]).astype(np.float64)
    stop = np.maximum(np.floor(guess) + AFTER, start + LEAST - 1)
    stop = np.minimum(stop, cycles[-1])
    start = np.where(stop - start < LEAST - 1, cycles[0], start)
    inside = (cycles >= start[:, None]) & (cycles <= stop[:, None]) & np.isfinite(drn)
    weights = inside / variances(cycles, rn, fitted, inside, windows)
    solution = solve(cycles, drn, model, slope=slope, weights=weights)
    cq, gradient = crossing(model, solution.theta, solution.linear, threshold, above_baseline=slope)
    used = inside.sum(axis=1) - solution.linear.shape[1] - (~solution.at_bound).sum(axis=1)
    return FootFit(solution, weights, cq, gradient, used, start, stop)


def cq_error(
    cycles: FloatArray,
    known: BoolArray,
    model: Model,
    foot: FootFit,
    windows: IntArray,
    *,
    slope: bool,
) -> FloatArray:
    """Standard error (n,) of the Ct of :func:`fit_foot`; see :mod:`qpcr._fit_uncertainty`."""
    solution = foot.solution
    free = np.concatenate([~solution.at_bound, np.ones_like(solution.linear, dtype=bool)], axis=1)
    columns = jacobian(model, solution.theta, solution.linear, cycles[None])
    answer = sensitivities(columns, foot.weights, free.astype(np.float64))
    gains = np.einsum("nk,nkc->nc", foot.gradient, answer)[:, None]
    draw = baseline_draw(cycles, np.zeros_like(windows) if slope else windows, known)
    # Outside the foot the baseline line may still read cycles: they are as noisy as its others.
    variance = np.where(foot.weights > 0, 1.0 / np.where(foot.weights > 0, foot.weights, 1.0), 1.0)
    sigma2 = solution.rss / np.maximum(foot.degrees, 1)
    error: FloatArray = np.sqrt(spread(gains, draw, variance, sigma2)[:, 0])
    return error
