"""From a batch to wells on common curves: start, common curves, shift, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.fits import fit_arrays
from qpcr.methods._amplitude import amplitude_spread
from qpcr.methods._batch import Batch
from qpcr.methods._common_curve import CommonCurves, common_curves
from qpcr.methods._shift import Shifted, Weighting, Wells, line_cycles, shift
from qpcr.models import models

MODEL = "logistic5"

REFERENCE = 0.3
"""Share of the rise where wells are first laid onto each other: steep, and still before the
plateau's differences."""

LEVEL = 0.1
"""Share of the common rise at which Cq is counted: in the middle of the exponential phase."""

UNSEEN = 2.0
"""Cycles before the run's end by which a well must pass the reference level to have shown a
plateau of its own; a later one is measured by its target's."""

FAR = 2.0
"""Shift in cycles from the well's own fit beyond which the common curve is not its curve."""


@dataclass(frozen=True, eq=False, slots=True)
class Aligned:
    """Wells of a batch on their targets' common curves.

    Attributes
    ----------
    rows
        (n,) rows of the batch that amplified.
    wells
        What the shift started from.
    how
        How readings counted.
    curves
        Common curves of the targets.
    shifted
        What it found; t is the cycle of the reference level.
    level
        (K,) cycles from t to the level :data:`LEVEL` of each common curve.
    rise
        (K,) log of the targets' median rise.
    apart
        (n,) the common curve is not this well's curve: t is that of its own fit.
    """

    rows: IntArray
    wells: Wells
    how: Weighting
    curves: CommonCurves
    shifted: Shifted
    level: FloatArray
    rise: FloatArray
    apart: BoolArray

    @property
    def cq(self) -> FloatArray:
        """(n,) cycles."""
        return np.asarray(self.shifted.t + self.level[self.wells.group])


def align(batch: Batch, how: Weighting, ask: bool = False) -> Aligned:
    """Lay the wells of each target onto their common curve and shift them to the best place.

    With `ask` the amplitudes get the freedom that the plate's wells speak for
    (:mod:`qpcr.methods._amplitude`), instead of that of `how`.
    """
    model = models()[MODEL]
    rows, theta, a, line, noise = _own_fits(batch)
    group, count = batch.groups[rows], batch.targets
    own = model.inverse(theta, np.full(len(rows), REFERENCE))
    seen = own <= batch.cycles[-1] - UNSEEN if len(batch.cycles) else np.zeros(0, bool)
    member = batch.members[rows]
    rise = _medians(np.log(a), group, count, member & seen)
    rise = np.where(np.isnan(rise), _medians(np.log(a), group, count, member), rise)
    rise = np.where(np.isnan(rise), _medians(np.log(a), group, count, member | True), rise)
    # A well without a plateau starts where its own fit reaches the level of its target.
    level = np.clip(REFERENCE * np.exp(rise[group]) / a, 1e-6, 0.95)
    late = np.minimum(model.inverse(theta, level), batch.cycles[-1] + FAR)
    start = np.where(seen, own, late)
    log_a = np.where(seen, np.log(a), rise[group])
    wells = Wells(batch.signal[rows], group, start, log_a, line, noise / np.exp(log_a))
    basis = _basis(group, count, member, seen)
    curves = common_curves(
        model, theta[basis], batch.cycles, wells.share(batch.cycles)[basis], start[basis],
        group[basis], count,
    )  # fmt: skip
    found = shift(batch.cycles, wells, curves, how)
    if ask:
        good = member & seen & (np.abs(found.t - start) <= FAR)
        spread = amplitude_spread(found.log_a - log_a, log_a, group, good)
        if spread != how.amplitude:
            how = replace(how, amplitude=spread)
            found = shift(batch.cycles, wells, curves, how)
    apart = ~np.isfinite(found.t) | (np.abs(found.t - start) > FAR)
    t = np.where(apart, start, found.t)
    error = np.where(apart, np.nan, found.t_se)
    found = Shifted(t, found.log_a, found.line, error)
    return Aligned(rows, wells, how, curves, found, curves.level(LEVEL), rise, apart)


def _own_fits(batch: Batch) -> tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Rows that amplified; their θ, amplitude, line (n, 2) and noise.

    A well that drifts too much to be told from a straight line gets a second chance above the
    instrument's baseline.
    """
    table = batch.whole.table
    theta, amplitude, noise = table.theta.copy(), table.linear[:, 1].copy(), table.noise.copy()
    line = np.stack([table.linear[:, 0] + batch.ground, np.zeros(len(batch))], axis=1)
    good = table.amplified.copy()
    again = np.flatnonzero(~good & np.isfinite(batch.drn).any(axis=1))
    if len(again):
        second = fit_arrays(batch.cycles, batch.drn[again], model=MODEL).table
        theta[again], noise[again] = second.theta, second.noise
        amplitude[again], good[again] = second.linear[:, 1], second.amplified
        line[again] = _straight(batch.cycles, (batch.signal - batch.drn)[again])
        line[again, 0] += second.linear[:, 0]
    good &= (amplitude > 0) & np.isfinite(theta).all(axis=1) & np.isfinite(line).all(axis=1)
    rows = np.flatnonzero(good)
    return rows, theta[rows], amplitude[rows], line[rows], noise[rows]


def _straight(cycles: FloatArray, y: FloatArray) -> FloatArray:
    """Height and slope (n, 2) of straight lines given as points (n, C), some of them NaN."""
    known = np.isfinite(y)
    count = np.maximum(known.sum(axis=1), 1)
    x = np.where(known, line_cycles(cycles), 0.0)
    value = np.where(known, y, 0.0)
    mx, my = x.sum(axis=1) / count, value.sum(axis=1) / count
    spread = np.where(known, x - mx[:, None], 0.0)
    moment = (spread**2).sum(axis=1)
    slope = (spread * value).sum(axis=1) / np.where(moment > 0, moment, 1.0)
    return np.stack([my - slope * mx, slope], axis=1)


def _basis(group: IntArray, count: int, member: BoolArray, seen: BoolArray) -> IntArray:
    """Wells that a common curve is made of: members with a plateau, else members, else all."""
    chosen = np.zeros(len(group), bool)
    for good in (member & seen, member, np.ones(len(group), bool)):
        have = np.bincount(group[chosen], minlength=count) > 0
        chosen |= good & ~have[group]
    return np.flatnonzero(chosen)


def _medians(values: FloatArray, group: IntArray, count: int, good: BoolArray) -> FloatArray:
    """Median (count,) of the good values of each group; NaN without one."""
    out = np.full(count, np.nan)
    for one in np.unique(group[good]):
        out[one] = np.median(values[good & (group == one)])
    return out
