"""The curve that all wells of a target share: what they look like once shifted onto each other.

One reaction mix amplifies along one curve; wells differ in when they start. The common curve is
the median of the wells' own fitted shapes (:mod:`qpcr.models.logistic5`) at equal distance from
their reference cycle, plus what the readings of all wells together say that these shapes miss:
the mean residual, smoothed by a Gaussian kernel over :data:`KERNEL` cycles and pulled towards
nothing where few readings speak (:data:`DOUBTFUL`). With one well it is that well's own fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.models import Model

FIRST, LAST, COARSE, FINE = -30.0, 30.0, 0.25, 0.05
"""Cycles from the reference at which the curve is kept, and steps in which it is made and read."""

KERNEL = 1.0
"""Standard deviation of the smoothing kernel in cycles. Narrower ones follow the whole-cycle grid
of wells that start together, and then pull these wells onto each other: too good to be true."""

DOUBTFUL = 10.0
"""Readings in reach that count as much as the assumption that the shapes miss nothing."""

ENOUGH = 200
"""Wells of a target whose shapes enter the median; beyond them it no longer changes."""

CLIP = 0.05
"""Residuals count at most so much of the rise: one bad well must not bend the common curve."""


@dataclass(frozen=True, eq=False, slots=True)
class CommonCurves:
    """Common curves of K targets.

    Attributes
    ----------
    grid
        (M,) cycles from the reference cycle, :data:`FINE` apart.
    height
        (K, M) share of the rise.
    steepest
        (K,) cycle from the reference at which each curve rises fastest.
    """

    grid: FloatArray
    height: FloatArray
    steepest: FloatArray

    def at(self, group: IntArray, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Height and slope (n, C) of the curves of `group` (n,) at u (n, C); linear in between."""
        width = len(self.grid)
        place = np.clip((u - FIRST) / FINE, 0.0, width - 1.001)
        left = place.astype(np.int64)
        place -= left
        left += group[:, None] * width
        flat = self.height.ravel()
        low = flat[left]
        step = flat[left + 1] - low
        return low + place * step, step / FINE

    def level(self, share: float) -> FloatArray:
        """Cycle (K,) from the reference at which each curve first stays above `share`."""
        below = self.height[:, ::-1] < share
        last = len(self.grid) - 1 - np.argmax(below, axis=1)
        last = np.clip(np.where(below.any(axis=1), last, 0), 0, len(self.grid) - 2)
        rows = np.arange(len(self.height))
        low, high = self.height[rows, last], self.height[rows, last + 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(high > low, (share - low) / (high - low), 0.0)
        return np.asarray(self.grid[last] + part * FINE)


def common_curves(
    model: Model,
    theta: FloatArray,
    cycles: FloatArray,
    share: FloatArray,
    reference: FloatArray,
    group: IntArray,
    count: int,
) -> CommonCurves:
    """Make the common curve of each target.

    Parameters
    ----------
    model, theta
        The wells' own shapes, (n, P).
    cycles
        (C,) cycle numbers.
    share
        (n, C) signal above the well's baseline as a share of its rise; NaN = not measured.
    reference
        (n,) reference cycle of each well.
    group, count
        (n,) target of each well as a number below `count`.
    """
    coarse = np.arange(FIRST, LAST + COARSE / 2, COARSE)
    middle = np.zeros((count, len(coarse)))
    for one in range(count):
        rows = np.flatnonzero(group == one)
        rows = rows[np.argsort(reference[rows])][:: max(len(rows) // ENOUGH, 1)]
        x = np.maximum(reference[rows, None] + coarse, 1e-3)
        if len(rows):
            middle[one] = np.median(model.shape(x, theta[rows]), axis=0)
    middle += _missed(coarse, middle, cycles, share, reference, group)
    fine = np.arange(FIRST, LAST + FINE / 2, FINE)
    height = np.ascontiguousarray(_cubic(coarse, middle, fine))
    return CommonCurves(fine, height, fine[np.argmax(np.gradient(height, FINE, axis=1), axis=1)])


def _missed(
    coarse: FloatArray,
    middle: FloatArray,
    cycles: FloatArray,
    share: FloatArray,
    reference: FloatArray,
    group: IntArray,
) -> FloatArray:
    """Mean residual (K, M) of the readings about the median shapes, smoothed."""
    count, width = middle.shape
    u = cycles[None] - reference[:, None]
    inside = (u > FIRST) & (u < LAST) & np.isfinite(share)
    place = np.clip((u - FIRST) / COARSE, 0.0, width - 1.001)
    left = place.astype(np.int64)
    part = place - left
    flat = left + group[:, None] * width
    level = middle.ravel()
    residual = np.where(inside, share, 0.0) - (
        level[flat] * (1 - part) + level[np.minimum(flat + 1, level.size - 1)] * part
    )
    residual = np.clip(residual, -CLIP, CLIP)
    near = (flat + (part > 0.5))[inside]
    total = np.bincount(near, residual[inside], count * width).reshape(count, width)
    number = np.bincount(near, minlength=count * width).reshape(count, width)
    kernel = np.exp(-0.5 * ((coarse[:, None] - coarse[None]) / KERNEL) ** 2)
    return np.asarray((total @ kernel) / (number @ kernel + DOUBTFUL))


def _cubic(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    """Cubic Hermite interpolation of rows with slopes by central differences; equal steps."""
    step = x[1] - x[0]
    slope = np.gradient(y, step, axis=1)
    place = np.clip((at - x[0]) / step, 0.0, len(x) - 1.0 - 1e-9)
    left = place.astype(np.int64)
    s = place - left
    a, b = y[:, left], y[:, left + 1]
    m, n = slope[:, left] * step, slope[:, left + 1] * step
    s2, s3 = s * s, s * s * s
    return np.asarray(
        a * (2 * s3 - 3 * s2 + 1) + m * (s3 - 2 * s2 + s) + b * (3 * s2 - 2 * s3) + n * (s3 - s2)
    )
