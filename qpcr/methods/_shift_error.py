"""How sure the place of a well on its target's common curve is.

Two things make a Cq uncertain: the readings of the well itself, and the common curve, which is
made of few wells where a target has few.

The first is a sandwich that does not believe the weights of the fit, since they allow for more
than the noise of a reading: the squares of the residuals over 1 - leverage stand for the variances
(HC2: MacKinnon & White, J Econom 1985;29:305, doi:10.1016/0304-4076(85)90158-7). What all wells of
a target miss alike at the same distance from their Cq moves them together and is no difference
between them, so it is taken off first.

The second: a well that makes its target's common curve alone cannot be surer than its own fit is;
with n wells the excess is one n-th (:func:`with_curve`).
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.methods._common_curve import CLIP, FIRST, LAST, CommonCurves
from qpcr.methods._medians import medians
from qpcr.methods._shift import BLOCK, Look, Shifted, Weighting, Wells, look

BINS = int(LAST - FIRST)
"""One a cycle."""


def shift_errors(
    cycles: FloatArray, wells: Wells, curves: CommonCurves, how: Weighting, found: Shifted
) -> FloatArray:
    """Standard error of t (n,) by the readings of each well; the common curve is held."""
    parts = [
        _gains(look(cycles, wells.take(part), curves, how, _place(found, part)))
        for part in (slice(n, n + BLOCK) for n in range(0, max(len(wells.y), 1), BLOCK))
    ]
    u, residual, gain = (np.concatenate(column) for column in zip(*parts, strict=True))
    own = _without_common(u, residual, np.isfinite(wells.y), wells.group)
    return np.asarray(np.sqrt(((gain * own) ** 2).sum(axis=1)))


def with_curve(
    error: FloatArray, own: FloatArray, group: IntArray, basis: IntArray, count: int
) -> FloatArray:
    """Add what the common curve's own uncertainty contributes.

    Parameters
    ----------
    error
        (n,) standard errors of t with the common curve held.
    own
        (n,) standard errors of the cycles of Cq by the wells' own fits; NaN = none.
    group
        (n,) target of each well, below `count`.
    basis
        Wells that the common curves were made of.
    count
        Number of targets.
    """
    size = np.bincount(group[basis], minlength=count)
    typical = medians(own[basis] ** 2, group[basis], count, np.isfinite(own[basis]))
    excess = np.nan_to_num(np.maximum(typical[group] - error**2, 0.0))
    return np.asarray(np.sqrt(error**2 + excess / np.maximum(size, 1)[group]))


def _place(found: Shifted, part: slice) -> tuple[FloatArray, FloatArray, FloatArray]:
    return found.t[part], found.log_a[part], found.line[part]


def _gains(seen: Look) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances, residuals, and change of t per change of each reading over sqrt(1 - leverage)."""
    inverse = np.linalg.inv(seen.normal)
    gain = (inverse[:, :1] @ seen.weighted)[:, 0]
    leverage = np.einsum("npc,npc->nc", seen.weighted, inverse @ seen.slopes)
    return seen.u, seen.residual, gain / np.sqrt(np.maximum(1.0 - leverage, 0.1))


def _without_common(
    u: FloatArray, residual: FloatArray, known: BoolArray, group: IntArray
) -> FloatArray:
    """Residuals minus their target's mean at like u, put back to the size they had."""
    place = np.clip((u - FIRST).astype(np.int64), 0, BINS - 1) + group[:, None] * BINS
    size = (int(group.max(initial=0)) + 1) * BINS
    number = np.bincount(place[known], minlength=size)
    total = np.bincount(place[known], np.clip(residual, -CLIP, CLIP)[known], minlength=size)
    several = number > 1
    mean = np.where(several, total / np.maximum(number, 1), 0.0)
    again = np.where(several, number / np.maximum(number - 1, 1), 1.0)
    return np.where(known, (residual - mean[place]) * np.sqrt(again[place]), 0.0)
