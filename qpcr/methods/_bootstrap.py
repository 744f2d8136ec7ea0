"""Wild bootstrap of the recommended method: how far its numbers move with the readings' noise.

The residuals of each well keep their size and change their sign, in blocks of three cycles so that
drift stays drift (Shao, J Am Stat Assoc 2010;105:218, doi:10.1198/jasa.2009.tm08744). Cq,
efficiency and N0 come from the same resampled readings, so what they have in common enters N0. The
targets' common curves and median rises, and the plateaus of the wells, are held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.methods._aligned import Aligned, align
from qpcr.methods._batch import Batch
from qpcr.methods._growth import posterior
from qpcr.methods._shift import Wells, shift
from qpcr.methods.recommended import HOW, efficiencies

RUN = 3
"""Cycles that change their sign together."""


@dataclass(frozen=True, eq=False, slots=True)
class Resampled:
    """Standard errors of R curves from resampled readings; NaN where there is nothing to say.

    Attributes
    ----------
    cq
        (R,) cycles; none where the target's common curve is not this well's.
    efficiency
        (R,) of the target's efficiency. It holds the readings' noise only: that curves do not
        quite follow the law of growth is in ``Estimates.efficiency_se``. None where no well of
        the target has an efficiency.
    n0
        (R,) in units of N0, to first order: N0 times the standard deviation of log N0.
    """

    cq: FloatArray
    efficiency: FloatArray
    n0: FloatArray


def bootstrap(batch: Batch, n0: FloatArray, draws: int, seed: int = 0) -> Resampled:
    """Standard errors of the recommended method by the wild bootstrap.

    Parameters
    ----------
    batch
        The curves.
    n0
        (R,) what the method says of them: ``Estimates.n0``.
    draws
        Number of draws, at least 2; a standard error from N draws is itself uncertain by
        1/sqrt(2(N - 1)) of its size, 5 % with 200.
    seed
        Of the random signs.

    Raises
    ------
    ValueError
        Fewer than 2 draws.
    """
    if draws < 2:
        raise ValueError("a standard error needs at least 2 draws")
    found = align(batch, HOW, ask=True)
    rng = np.random.default_rng(seed)
    smooth, residual = _split(batch.cycles, found)
    known = np.isfinite(efficiencies(batch, found)[0])[found.wells.group]
    first = _numbers(batch, found)
    total, squares = np.zeros_like(first), np.zeros_like(first)
    blocks = -(-len(batch.cycles) // RUN)
    for _ in range(draws):
        signs = rng.choice((-1.0, 1.0), (len(smooth), blocks))
        signs = np.repeat(signs, RUN, axis=1)[:, : len(batch.cycles)]
        moved = _numbers(batch, _again(batch.cycles, found, smooth + signs * residual)) - first
        total += moved
        squares += moved**2
    spread = np.sqrt(np.maximum(squares - total**2 / draws, 0.0) / (draws - 1))
    columns = [np.full(len(batch), np.nan) for _ in range(3)]
    silent = found.apart | np.isnan(batch.within(found.cq))
    columns[0][found.rows] = np.where(silent, np.nan, spread[0])
    columns[1][found.rows] = np.where(known, spread[1], np.nan)
    columns[2][found.rows] = np.where(found.apart | ~known, np.nan, spread[2])
    return Resampled(columns[0], columns[1], n0 * columns[2])


def _split(cycles: FloatArray, found: Aligned) -> tuple[FloatArray, FloatArray]:
    """Readings (n, C) as what the shifted common curves say, and the rest."""
    now, wells = found.shifted, found.wells
    fitted = Wells(wells.y, wells.group, now.t, now.log_a, now.line, wells.noise)
    g = found.curves.at(wells.group, cycles[None] - now.t[:, None])[0]
    residual = (fitted.share(cycles) - g) * np.exp(now.log_a)[:, None]
    return wells.y - residual, residual


def _again(cycles: FloatArray, found: Aligned, y: FloatArray) -> Aligned:
    """The wells with other readings (n, C), shifted along the same common curves."""
    now, old = found.shifted, found.wells
    wells = Wells(y, old.group, now.t, old.log_a, now.line, old.noise)
    return replace(found, wells=wells, shifted=shift(cycles, wells, found.curves, found.how))


def _numbers(batch: Batch, found: Aligned) -> FloatArray:
    """Cq, efficiency, and log N0 up to a constant, (3, n).

    Here the efficiency may exceed 2: where the method stops at 2 its efficiency would not move at
    all, and its standard error look like 0.
    """
    factor = posterior(*efficiencies(batch, found))[0][found.wells.group]
    cq = found.shifted.t + found.level[found.wells.group]
    return np.stack([cq, factor, -cq * np.log(factor)])
