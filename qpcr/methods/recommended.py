"""The estimator we recommend for quantities.

1.  Every well gets its own five-parameter fit, which says whether it amplified and lays the wells
    of a target roughly onto each other (:mod:`qpcr.methods._aligned`).
2.  What they have in common becomes the target's common curve (:mod:`~._common_curve`).
3.  Each well is shifted along it, by the readings up to the steepest point, with a noise model, a
    robust loss, and its baseline estimated together with the shift (:mod:`~._shift`); the plate
    says how far its amplitude may leave the plateau's (:mod:`~._amplitude`). Cq is where
    the shifted common curve passes 10 % of its rise: a fraction of the target's rise, not of the
    well's own. A well whose curve this is not, and all wells of a target of which more than a
    fifth are such, are read off their own fits instead.
4.  The efficiency is one for a target, partially pooled over the targets of a plate, since each
    curve's own would triple the variance of quantities (:mod:`~._growth`).

With few wells it leans on their own fits, with one it is that fit. Scale and offset of the readings
and the order of wells change nothing. Nothing in it knows which wells are replicates or what they
were meant to hold.
Figures, and what did not help: METHODS.md.
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.methods import Method
from qpcr.methods._aligned import LEVEL, Aligned, align
from qpcr.methods._amplitude import FREE
from qpcr.methods._batch import Batch, Estimates
from qpcr.methods._growth import pooled, shared_rates, some_of_each
from qpcr.methods._shift import Weighting, Wells

HOW = Weighting(floor=0.005, proportional=0.1, amplitude=FREE, foot=True)
"""Half a percent of the rise for the baseline, a tenth of the signal between wells: round numbers
in the middle of a wide flat optimum (METHODS.md). The amplitude is free to begin with."""


def _estimate(batch: Batch) -> Estimates:
    found = align(batch, HOW, ask=True)
    factor, factor_se = pooled(*efficiencies(batch, found))
    group = found.wells.group
    columns = [np.full(len(batch), np.nan) for _ in range(5)]
    level = LEVEL * np.exp(found.rise)
    values = (batch.within(found.cq), found.error, factor[group], factor_se[group], level[group])
    for column, value in zip(columns, values, strict=True):
        column[found.rows] = value
    return Estimates.made(columns[0], columns[1], (columns[2], columns[3]), columns[4])


def efficiencies(batch: Batch, found: Aligned) -> tuple[FloatArray, FloatArray]:
    """Efficiency (K,) of each target by its own wells alone, and its standard error.

    From wells on the common curve, or from all where there is none; NaN without a well that counts.
    """
    now, group = found.shifted, found.wells.group
    wells = Wells(found.wells.y, group, now.t, now.log_a, now.line, found.wells.noise)
    member = batch.members[found.rows]
    some = np.bincount(group[member & ~found.apart], minlength=batch.targets) > 0
    good = np.flatnonzero(member & (~found.apart | ~some[group]))
    rows = good[some_of_each(group[good], now.t[good])]
    middle = (now.t + found.curves.steepest[group])[rows]
    return shared_rates(batch.cycles, wells.take(rows), middle, batch.targets, HOW)


METHOD = Method(
    name="recommended",
    title="Recommended: shift along the target's common curve",
    reference="this program; METHODS.md",
    assumes="Wells of a target amplify alike up to the steepest point; brightness, background and "
    "plateau may differ.",
    use="Quantification. Calls stay with the instrument's rule.",
    estimate=_estimate,
    settings=(("level", LEVEL), ("floor", HOW.floor), ("proportional", HOW.proportional)),
)
