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

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.methods._common_curve import CommonCurves

FADE = 0.5
"""Cycles over which weights fade around the steepest point."""

ROBUST = 3.0
"""Standardised residual from which on it is weighed down."""

STEPS, PATIENCE, BLOCK = 4, 24, 1024
"""Gauss-Newton steps, enough for nearly all wells; steps for the others; wells a block."""

SETTLED = 0.01
"""Cycles that t may move by in the last step of a well that has found its place."""


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
    """What the shift found for n wells: t, log a, line (n, 2), and whether t came to rest."""

    t: FloatArray
    log_a: FloatArray
    line: FloatArray
    settled: BoolArray


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """n wells against their common curves at one place of t, log a and line.

    Attributes
    ----------
    u
        (n, C) cycles from t.
    residual
        (n, C) reading minus curve, share of the amplitude.
    weighted
        (n, 4, C) slopes by t, log a, height and slope of the line, times weights.
    slopes
        (n, 4, C) the same without weights.
    normal
        (n, 4, 4) normal matrix with what the prior of log a adds.
    """

    u: FloatArray
    residual: FloatArray
    weighted: FloatArray
    slopes: FloatArray
    normal: FloatArray


def line_cycles(cycles: FloatArray) -> FloatArray:
    """Cycles (C,) as the baseline's slope counts them: centred, the whole run of length 1."""
    return np.asarray((cycles - cycles.mean()) / len(cycles))


def shift(cycles: FloatArray, wells: Wells, curves: CommonCurves, how: Weighting) -> Shifted:
    """Shift wells onto the common curves of their targets."""
    parts = [
        _settle(cycles, wells.take(slice(first, first + BLOCK)), curves, how)
        for first in range(0, max(len(wells.y), 1), BLOCK)
    ]
    return Shifted(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _settle(
    cycles: FloatArray, wells: Wells, curves: CommonCurves, how: Weighting
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """A block; wells that are still moving after :data:`STEPS` get :data:`PATIENCE`."""
    found = _block(cycles, wells, curves, how, STEPS)
    again = np.flatnonzero(~found[3])
    if len(again):
        for column, value in zip(
            found, _block(cycles, wells.take(again), curves, how, PATIENCE), strict=True
        ):
            column[again] = value
    return found


def _block(
    cycles: FloatArray, wells: Wells, curves: CommonCurves, how: Weighting, steps: int
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    t, log_a, line = wells.t.copy(), wells.log_a.copy(), wells.line.copy()
    last = np.full(len(t), np.inf)
    for step in range(steps):
        seen = look(cycles, wells, curves, how, (t, log_a, line), robust=step > 0)
        pull = np.einsum("npc,nc->np", seen.weighted, seen.residual)
        pull[:, 1] -= (log_a - wells.log_a) / how.amplitude**2
        move = np.linalg.solve(seen.normal, pull[..., None])[..., 0]
        line += move[:, 2:] * np.exp(log_a)[:, None]
        t += np.clip(move[:, 0], -0.5, 0.5)
        log_a += np.clip(move[:, 1], -0.3, 0.3)
        last = np.abs(move[:, 0])
    return t, log_a, line, last <= SETTLED


def look(
    cycles: FloatArray,
    wells: Wells,
    curves: CommonCurves,
    how: Weighting,
    place: tuple[FloatArray, FloatArray, FloatArray],
    robust: bool = True,
) -> Look:
    """See how wells lie on their common curves at t, log a and line of `place`."""
    t, log_a, line = place
    known = np.isfinite(wells.y)
    y = np.where(known, wells.y, 0.0)
    x = line_cycles(cycles)[None]
    u = cycles[None] - t[:, None]
    g, rise = curves.at(wells.group, u)
    residual = (y - line[:, :1] - line[:, 1:] * x) / np.exp(log_a)[:, None] - g
    variance = (how.floor**2 + wells.noise**2)[:, None] + (how.proportional * g) ** 2
    weight = known / variance
    if how.foot:
        end = curves.steepest[wells.group][:, None]
        weight /= 1.0 + np.exp(np.clip((u - end) / FADE, -50.0, 50.0))
    if robust:
        weight /= np.sqrt(1.0 + residual**2 * weight / ROBUST**2)
    slopes = np.stack([-rise, g, np.ones_like(g), np.broadcast_to(x, g.shape)], axis=1)
    weighted = slopes * weight[:, None]
    normal = weighted @ slopes.transpose(0, 2, 1)
    normal[:, 1, 1] += how.amplitude**-2
    normal[:, range(4), range(4)] += 1e-9
    return Look(u, residual, weighted, slopes, normal)
