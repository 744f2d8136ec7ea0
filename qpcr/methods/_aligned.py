"""From a batch to wells on common curves: start, common curves, shift, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.methods._amplitude import amplitude_spread
from qpcr.methods._batch import Batch
from qpcr.methods._common_curve import CommonCurves, common_curves
from qpcr.methods._medians import medians
from qpcr.methods._own_fits import OwnFits, own_fits
from qpcr.methods._shift import Shifted, Weighting, Wells, shift
from qpcr.methods._shift_error import shift_errors, with_curve

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

CROWD = 0.2
"""Share of a target's wells beyond which wells whose curve it is not mean that there is none."""


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
    cq, error
        (n,) cycles, and their standard error, the common curve's included.
    level
        (K,) cycles from t to the level :data:`LEVEL` of each common curve.
    rise
        (K,) log of the targets' median rise.
    apart
        (n,) the common curve is not this well's curve: Cq and its error are those of its own fit,
        t is where it started.
    """

    rows: IntArray
    wells: Wells
    how: Weighting
    curves: CommonCurves
    shifted: Shifted
    cq: FloatArray
    error: FloatArray
    level: FloatArray
    rise: FloatArray
    apart: BoolArray


def align(batch: Batch, how: Weighting, ask: bool = False) -> Aligned:
    """Lay the wells of each target onto their common curve and shift them to the best place.

    With `ask` the amplitudes get the freedom that the plate's wells speak for
    (:mod:`qpcr.methods._amplitude`), instead of that of `how`.
    """
    own = own_fits(batch)
    begin = _begin(batch, own)
    wells, group, count = begin.wells, begin.wells.group, batch.targets
    basis = _basis(group, count, begin.member, begin.seen)
    curves = _common(batch, own, wells, basis)
    found = shift(batch.cycles, wells, curves, how)
    if ask:
        good = begin.member & begin.seen & (np.abs(found.t - wells.t) <= FAR)
        spread = amplitude_spread(found.log_a - wells.log_a, wells.log_a, group, good)
        if spread != how.amplitude:
            how = replace(how, amplitude=spread)
            found = shift(batch.cycles, wells, curves, how)
    stray, apart = _apart(found, begin, count)
    if (stray & ~apart)[basis].any():
        # A well whose curve this is not must not have made it.
        basis = basis[(apart | ~stray)[basis]]
        curves = _common(batch, own, wells, basis)
        found = shift(batch.cycles, wells, curves, how)
        stray, apart = _apart(found, begin, count)
    apart |= stray
    level = curves.level(LEVEL)
    # Where the well's own fit passes the level, of its own rise if that is seen.
    share = LEVEL * np.exp(wells.log_a) / own.amplitude
    cq = np.where(apart, own.passes(share), found.t + level[group])
    alone = own.errors(share)
    error = shift_errors(batch.cycles, wells, curves, how, found)
    error = np.where(apart, alone, with_curve(error, alone, group, basis, count))
    found = Shifted(
        np.where(apart, wells.t, found.t),
        np.where(apart, wells.log_a, found.log_a),
        np.where(apart[:, None], wells.line, found.line),
        found.settled,
    )
    return Aligned(own.rows, wells, how, curves, found, cq, error, level, begin.rise, apart)


@dataclass(frozen=True, eq=False, slots=True)
class _Begin:
    """Wells as they start; (n,) which count for the target and show a plateau; (K,) log rise."""

    wells: Wells
    member: BoolArray
    seen: BoolArray
    rise: FloatArray


def _begin(batch: Batch, own: OwnFits) -> _Begin:
    group, count = batch.groups[own.rows], batch.targets
    last = float(batch.cycles[-1]) if len(batch.cycles) else 0.0
    log_a = np.log(own.amplitude)
    place = own.passes(np.full(len(own), REFERENCE))
    seen = place <= last - UNSEEN
    member = batch.members[own.rows]
    rise = medians(log_a, group, count, member & seen)
    rise = np.where(np.isnan(rise), medians(log_a, group, count, member), rise)
    rise = np.where(np.isnan(rise), medians(log_a, group, count, member | True), rise)
    # A well without a plateau starts where its own fit reaches the level of its target.
    level = np.clip(REFERENCE * np.exp(rise[group]) / own.amplitude, 1e-6, 0.95)
    start = np.where(seen, place, np.minimum(own.passes(level), last + FAR))
    log_a = np.where(seen, log_a, rise[group])
    noise = own.noise / np.exp(log_a)
    wells = Wells(batch.signal[own.rows], group, start, log_a, own.line, noise)
    return _Begin(wells, member, seen, rise)


def _common(batch: Batch, own: OwnFits, wells: Wells, basis: IntArray) -> CommonCurves:
    made = wells.take(basis)
    return common_curves(
        own.model,
        own.theta[basis],
        batch.cycles,
        made.share(batch.cycles),
        made.t,
        made.group,
        batch.targets,
    )


def _apart(found: Shifted, begin: _Begin, count: int) -> tuple[BoolArray, BoolArray]:
    """Wells (n,) whose curve the common curve is not; wells of targets that have none."""
    group, member = begin.wells.group, begin.member
    stray = ~found.settled | ~(np.abs(found.t - begin.wells.t) <= FAR)
    share = np.bincount(group, stray & member, count)
    return stray, (share > CROWD * np.bincount(group, member, count))[group]


def _basis(group: IntArray, count: int, member: BoolArray, seen: BoolArray) -> IntArray:
    """Wells that a common curve is made of: members with a plateau, else members, else all."""
    chosen = np.zeros(len(group), bool)
    for good in (member & seen, member, np.ones(len(group), bool)):
        have = np.bincount(group[chosen], minlength=count) > 0
        chosen |= good & ~have[group]
    return np.flatnonzero(chosen)
