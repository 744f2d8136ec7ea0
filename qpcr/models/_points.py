"""Points of a fitted curve that people report, and their derivatives by every parameter.

    f(x) = c + k·x + A·g(x; θ),  A = d − c

``cpd1``, ``cpd2``  cycles of the largest first and second derivative of the rise A·g.
``cy0``             where the tangent at ``cpd1`` meets the baseline (Guescini et al., BMC
                    Bioinformatics 2008;9:326, doi:10.1186/1471-2105-9-326; theirs is a Richards
                    curve, ours is whichever model was fitted).
``efficiency``      amplification factor g(cpd2)/g(cpd2 − 1), 2 = doubling: qpcR's definition
                    (Ritz & Spiess, Bioinformatics 2008;24:1549,
                    doi:10.1093/bioinformatics/btn227), with the baseline taken off.

None of these depends on c, k or A. The threshold crossing does; its derivative is the implicit
one, −(∂f/∂p)/(∂f/∂x).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.models import Model, Numbers

TINY = 1e-30
"""Complex step: derivatives come out exact to the last digits (Squire & Trapp, SIAM Rev
1998;40:110, doi:10.1137/S003614459631241X)."""

POINTS = ("cpd1", "cpd2", "cy0", "efficiency")


def _cpd1(model: Model, theta: Numbers) -> Numbers:
    return model.steepest(theta)


def _cpd2(model: Model, theta: Numbers) -> Numbers:
    return model.accelerating(theta)


def _cy0(model: Model, theta: Numbers) -> Numbers:
    x = model.steepest(theta)[:, None]
    return (x - model.shape(x, theta) / model.rate(x, theta))[:, 0]


def _efficiency(model: Model, theta: Numbers) -> Numbers:
    x = model.accelerating(theta)[:, None]
    before = np.where(x.real > 1.0, x - 1.0, np.nan)
    return (model.shape(x, theta) / model.shape(before, theta))[:, 0]


_FUNCTIONS: tuple[Callable[[Model, Numbers], Numbers], ...] = (_cpd1, _cpd2, _cy0, _efficiency)


def points(model: Model, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values (n, 4) of :data:`POINTS` and their derivatives by θ (n, 4, P); NaN = none."""
    n, size = theta.shape
    values = np.full((n, 4), np.nan)
    slopes = np.full((n, 4, size), np.nan)
    with np.errstate(all="ignore"):
        for j in range(size):
            moved = theta.astype(np.complex128)
            moved[:, j] += 1j * TINY
            for i, function in enumerate(_FUNCTIONS):
                result = function(model, moved)
                values[:, i], slopes[:, i, j] = result.real, result.imag / TINY
    broken = ~np.isfinite(values) | ~np.isfinite(slopes).all(axis=2)
    values[broken], slopes[broken] = np.nan, np.nan
    return values, slopes


def curve(model: Model, theta: FloatArray, linear: FloatArray, x: FloatArray) -> FloatArray:
    """Fitted curve (n, C) at x (n, C) or (1, C), for linear parameters (n, 2 or 3)."""
    values = linear[:, 0:1] + linear[:, 1:2] * model.shape(x, theta)
    if linear.shape[1] == 3:
        values = values + linear[:, 2:3] * x
    return np.asarray(values, dtype=np.float64)


def jacobian(model: Model, theta: FloatArray, linear: FloatArray, x: FloatArray) -> FloatArray:
    """∂f/∂(θ, c, A[, k]) at x (n, C) or (1, C): (n, P + Q, C)."""
    g, slopes = model.shape_slopes(x, theta)
    columns = [slopes * linear[:, 1, None, None], np.ones_like(g)[:, None], g[:, None]]
    if linear.shape[1] == 3:
        columns.append(np.broadcast_to(x, g.shape)[:, None])
    return np.concatenate(columns, axis=1)


def crossing(
    model: Model,
    theta: FloatArray,
    linear: FloatArray,
    threshold: FloatArray,
    *,
    above_baseline: bool,
) -> tuple[FloatArray, FloatArray]:
    """Cycle (n,) where the curve crosses `threshold` (n,), and its derivatives (n, P + Q).

    Parameters
    ----------
    above_baseline
        Count the threshold from the fitted baseline c + k·x (the rise A·g crosses it), else from
        0 (c + A·g crosses it; needs a fit without k).

    Returns
    -------
    tuple
        NaN where the curve does not rise through the threshold.
    """
    offset = 0.0 if above_baseline else linear[:, 0]
    with np.errstate(all="ignore"):
        level = (threshold - offset) / linear[:, 1]
        level = np.where((linear[:, 1] > 0) & (level > 0) & (level < 1), level, np.nan)
        x = np.asarray(model.inverse(theta, level), dtype=np.float64)
        at = x[:, None]
        by = jacobian(model, theta, linear, at)[:, :, 0]
        if above_baseline:
            size = theta.shape[1]
            by[:, size] = 0.0
            by[:, size + 2 :] = 0.0
        steep = linear[:, 1] * model.rate(at, theta)[:, 0].real
        slopes = -by / steep[:, None]
    broken = ~np.isfinite(x) | ~np.isfinite(slopes).all(axis=1)
    x[broken], slopes[broken] = np.nan, np.nan
    return x, slopes
