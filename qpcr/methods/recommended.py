"""The estimator we recommend for quantities.

1.  Every well gets its own five-parameter fit, which says whether it amplified and lays the wells
    of a target roughly onto each other (:mod:`qpcr.methods._aligned`).
2.  What they have in common becomes the target's common curve (:mod:`~._common_curve`).
3.  Each well is shifted along it, by the readings up to the steepest point, with a noise model, a
    robust loss, and its baseline estimated together with the shift (:mod:`~._shift`); the plate
    says how far its amplitude may leave the plateau's (:mod:`~._amplitude`). Cq is where
    the shifted common curve passes 10 % of its rise: a fraction of the target's rise, not of the
    well's own.
4.  The efficiency is one for a target, partially pooled over the targets of a plate, since each
    curve's own would triple the variance of quantities (:mod:`~._growth`).

Nothing in it knows which wells are replicates or what they were meant to hold.
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
from qpcr.methods._shift import Shifted, Weighting, Wells, shift

HOW = Weighting(floor=0.005, proportional=0.1, amplitude=FREE, foot=True)
"""Half a percent of the rise for the baseline, a tenth of the signal between wells: round numbers
in the middle of a wide flat optimum (METHODS.md). The amplitude is free to begin with."""


def _estimate(batch: Batch) -> Estimates:
    found = align(batch, HOW, ask=True)
    factor, factor_se = efficiencies(batch, found)
    group = found.wells.group
    columns = [np.full(len(batch), np.nan) for _ in range(5)]
    level = LEVEL * np.exp(found.rise)
    values = (found.cq, found.shifted.t_se, factor[group], factor_se[group], level[group])
    for column, value in zip(columns, values, strict=True):
        column[found.rows] = value
    return Estimates.made(columns[0], columns[1], (columns[2], columns[3]), columns[4])


def efficiencies(batch: Batch, found: Aligned) -> tuple[FloatArray, FloatArray]:
    """Efficiency (K,) of each target and its standard error, pooled over the plate."""
    now, group = found.shifted, found.wells.group
    wells = Wells(found.wells.y, group, now.t, now.log_a, now.line, found.wells.noise)
    good = np.flatnonzero(batch.members[found.rows] & ~found.apart)
    rows = good[some_of_each(group[good])]
    middle = (now.t + found.curves.steepest()[group])[rows]
    value, error = shared_rates(batch.cycles, wells.take(rows), middle, batch.targets, HOW)
    return pooled(value, error)


def bootstrap(batch: Batch, draws: int, seed: int = 0) -> FloatArray:
    """Standard error (R,) of Cq by the wild bootstrap; NaN where there is no Cq.

    The residuals of each well keep their size and change their sign, in blocks of three cycles so
    that drift stays drift (Shao, J Am Stat Assoc 2010;105:218, doi:10.1198/jasa.2009.tm08744);
    the common curve is held.

    Parameters
    ----------
    batch
        The curves.
    draws
        Number of draws, at least 2.
    seed
        Of the random signs.
    """
    if draws < 2:
        raise ValueError("a standard error needs at least 2 draws")
    found = align(batch, HOW, ask=True)
    rng = np.random.default_rng(seed)
    now, wells = found.shifted, found.wells
    fitted = Wells(wells.y, wells.group, now.t, now.log_a, now.line, wells.noise)
    g = found.curves.at(wells.group, batch.cycles[None] - now.t[:, None])[0]
    residual = (fitted.share(batch.cycles) - g) * np.exp(now.log_a)[:, None]
    smooth = wells.y - residual
    blocks = -(-len(batch.cycles) // 3)
    values = np.empty((draws, len(wells.y)))
    for draw in range(draws):
        signs = rng.choice((-1.0, 1.0), (len(wells.y), blocks))
        signs = np.repeat(signs, 3, axis=1)[:, : len(batch.cycles)]
        y = smooth + signs * residual
        again = Wells(y, wells.group, now.t, wells.log_a, now.line, wells.noise)
        values[draw] = _moved(batch.cycles, again, found).t
    out = np.full(len(batch), np.nan)
    out[found.rows] = np.where(found.apart, np.nan, values.std(axis=0, ddof=1))
    return out


def _moved(cycles: FloatArray, wells: Wells, found: Aligned) -> Shifted:
    return shift(cycles, wells, found.curves, found.how)


METHOD = Method(
    name="recommended",
    title="Recommended: shift along the target's common curve",
    reference="this program; METHODS.md",
    assumes="Wells of a target amplify alike up to the steepest point; brightness, background and "
    "plateau may differ.",
    use="Quantification. Calls stay with the instrument's rule.",
    estimate=_estimate,
)
