"""Shift every well onto its target's common curve: weighted, robust, all wells at once.

Of each well four numbers are sought: its shift t, its amplitude log a, and the height and slope of
the straight line under it. The squares of

    (y − b − k·x)/a − g(x − t)

are summed with weights 1/(floor² + (proportional·g)²) of a :class:`Weighting`: a floor for drift
and noise of the baseline, and a part that grows with the signal (shot noise, and differences
between wells). The sum may fade out at the steepest point of the common curve, because beyond it
product, not template, shapes the curve. Large residuals are weighed down so that the loss grows as
|r|^1.5 only. The amplitude is drawn, loosely, towards the well's own plateau: the foot of a curve
must not be read by a plateau that dye and plastic scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.methods._common_curve import CommonCurves

FADE = 0.5
"""Cycles over which weights fade around the steepest point."""

ROBUST = 3.0
"""Standardised residual from which on it is weighed down."""

STEPS, BLOCK = 4, 1024
"""Gauss-Newton steps (t moves by less than 1e-3 in the last), and wells a block."""


@dataclass(frozen=True, slots=True)
class Weighting:
    """How readings count.

    Attributes
    ----------
    floor
        Standard deviation of drift and noise about the straight baseline, share of the rise.
    proportional
        Standard deviation between wells about the common curve, share of the signal.
    amplitude
        Standard deviation of log(amplitude of the foot / plateau).
    foot
        Readings beyond the steepest point do not count.
    """

    floor: float
    proportional: float
    amplitude: float
    foot: bool


@dataclass(frozen=True, eq=False, slots=True)
class Wells:
    """n wells to be shifted.

    Attributes
    ----------
    y
        (n, C) signal; NaN = not measured.
    group
        (n,) which common curve is each well's.
    t, log_a, line
        (n,), (n,) and (n, 2): start; the amplitude is drawn to its start.
    noise
        (n,) standard deviation of one reading as a share of the rise, added to the floor.
    """

    y: FloatArray
    group: IntArray
    t: FloatArray
    log_a: FloatArray
    line: FloatArray
    noise: FloatArray

    def take(self, rows: IntArray | slice) -> Wells:
        """Some of the wells."""
        return Wells(
            self.y[rows],
            self.group[rows],
            self.t[rows],
            self.log_a[rows],
            self.line[rows],
            self.noise[rows],
        )

    def share(self, cycles: FloatArray) -> FloatArray:
        """(n, C) signal above the line as a share of the amplitude."""
        x = line_cycles(cycles)[None]
        above = self.y - self.line[:, :1] - self.line[:, 1:] * x
        return np.asarray(above / np.exp(self.log_a)[:, None])


@dataclass(frozen=True, eq=False, slots=True)
class Shifted:
    """What the shift found for n wells: t, log a, line (n, 2), and standard error of t."""

    t: FloatArray
    log_a: FloatArray
    line: FloatArray
    t_se: FloatArray


def line_cycles(cycles: FloatArray) -> FloatArray:
    """Cycles (C,) as the baseline's slope counts them: centred, the whole run of length 1."""
    return np.asarray((cycles - cycles.mean()) / len(cycles))


def shift(cycles: FloatArray, wells: Wells, curves: CommonCurves, how: Weighting) -> Shifted:
    """Shift wells onto the common curves of their targets."""
    parts = [
        _block(cycles, wells.take(slice(first, first + BLOCK)), curves, how)
        for first in range(0, max(len(wells.y), 1), BLOCK)
    ]
    return Shifted(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _block(
    cycles: FloatArray, wells: Wells, curves: CommonCurves, how: Weighting
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    t, log_a, line = wells.t.copy(), wells.log_a.copy(), wells.line.copy()
    known = np.isfinite(wells.y)
    y = np.where(known, wells.y, 0.0)
    x = line_cycles(cycles)[None]
    end = curves.steepest()[wells.group][:, None] if how.foot else np.inf
    floor = (how.floor**2 + wells.noise**2)[:, None]
    for step in range(STEPS + 1):
        u = cycles[None] - t[:, None]
        g, rise = curves.at(wells.group, u)
        a = np.exp(log_a)[:, None]
        residual = (y - line[:, :1] - line[:, 1:] * x) / a - g
        variance = floor + (how.proportional * g) ** 2
        weight = known / variance / (1.0 + np.exp(np.clip((u - end) / FADE, -50.0, 50.0)))
        if step:
            weight /= np.sqrt(1.0 + residual**2 * weight / ROBUST**2)
        slopes = np.stack([-rise, g, np.ones_like(g), np.broadcast_to(x, g.shape)], axis=1)
        weighted = slopes * weight[:, None]
        normal = weighted @ slopes.transpose(0, 2, 1)
        normal[:, 1, 1] += how.amplitude**-2
        normal[:, range(4), range(4)] += 1e-9
        if step == STEPS:
            break
        pull = np.einsum("npc,nc->np", weighted, residual)
        pull[:, 1] -= (log_a - wells.log_a) / how.amplitude**2
        move = np.linalg.solve(normal, pull[..., None])[..., 0]
        t += np.clip(move[:, 0], -0.5, 0.5)
        log_a += np.clip(move[:, 1], -0.3, 0.3)
        line += move[:, 2:] * a
    return t, log_a, line, _error(normal, weighted, slopes, residual)


def _error(
    normal: FloatArray, weighted: FloatArray, slopes: FloatArray, residual: FloatArray
) -> FloatArray:
    """Standard error of t (n,) that does not believe the weights.

    The weights allow for more than the noise of a reading, so the inverse normal matrix is no
    covariance. The sandwich with each residual over 1 − leverage is (HC3: MacKinnon & White, J
    Econom 1985;29:305, doi:10.1016/0304-4076(85)90158-7).
    """
    row = np.linalg.inv(normal)[:, :1]
    share = (row @ weighted)[:, 0]
    leverage = np.einsum("npc,npc->nc", weighted, np.linalg.solve(normal, slopes))
    return np.asarray(
        np.sqrt(((share * residual / np.maximum(1.0 - leverage, 0.1)) ** 2).sum(axis=1))
    )
