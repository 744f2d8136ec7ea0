"""Standard errors that know where ΔRn comes from.

ΔRn is Rn minus the straight line drawn through the baseline window of the same noisy curve:
ΔRn = (I − H)·Rn, with H the projection that draws the line. The errors of ΔRn are therefore
neither independent nor equal: with errors of Rn of variance σ²v they are σ²(I − H)V(I − H)ᵀ. A
weighted least-squares fit turns them into errors of its parameters by J⁺ = (JᵀWJ)⁻¹JᵀW, so

    cov(p) = σ² · J⁺(I − H) V (I − H)ᵀJ⁺ᵀ                       (the "sandwich")

and a point q(p) with gradient ∇q has the variance ∇qᵀ·cov(p)·∇q (delta method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray

MEAN_ONLY = 3
"""Windows of so few cycles have their mean taken off, no line (the instrument's rule)."""


NOTHING = 1e-40
"""A parameter that changes the curve by less than this changes nothing: it has no error."""


@dataclass(frozen=True, eq=False, slots=True)
class BaselineDraw:
    """H = rightᵀ·left of n curves: left (n, 2, C) reads the window, right (n, 2, C) draws on."""

    left: FloatArray
    right: FloatArray

    def take_off(self, rows: FloatArray) -> FloatArray:
        """Multiply row vectors (n, K, C) by (I − H)."""
        taken: FloatArray = rows - (rows @ self.right.transpose(0, 2, 1)) @ self.left
        return taken


def baseline_draw(cycles: FloatArray, windows: IntArray, known: BoolArray) -> BaselineDraw:
    """How the baseline lines of n curves were drawn.

    Parameters
    ----------
    cycles
        (C,) cycles.
    windows
        (n, 2) first and last cycle of the baseline; 0, 0 = no line was taken off.
    known
        (n, C) where Rn was measured.
    """
    inside = (cycles >= windows[:, :1]) & (cycles <= windows[:, 1:]) & known
    count = inside.sum(axis=1, keepdims=True)
    share = inside / np.maximum(count, 1)
    centre = share @ cycles
    away = cycles[None, :] - centre[:, None]
    moment = np.einsum("nc,nc,nc->n", inside, away, away)[:, None]
    sloped = (count > MEAN_ONLY) & (moment > 0)
    left = np.stack(
        [share, np.where(sloped, inside * away / np.where(sloped, moment, 1.0), 0.0)], 1
    )
    right = np.stack([np.ones_like(away), np.where(sloped, away, 0.0)], 1)
    return BaselineDraw(left, right * (count > 0)[:, :, None])


def sensitivities(jacobian: FloatArray, weights: FloatArray, free: FloatArray) -> FloatArray:
    """J⁺ = (JᵀWJ)⁻¹JᵀW, (n, K, C): change of each parameter per change of each ΔRn.

    Parameters
    ----------
    jacobian
        (n, K, C).
    weights
        (n, C), 0 where missing.
    free
        (n, K) 1 for fitted parameters, 0 for those held at a bound.
    """
    columns = jacobian * free[:, :, None]
    root = np.sqrt(weights)
    columns = columns * root[:, None, :]
    size = np.sqrt(np.einsum("nkc,nkc->nk", columns, columns))
    size = np.where(size > NOTHING, size, np.inf)
    columns /= size[:, :, None]
    normal = columns @ columns.transpose(0, 2, 1)
    # Directions that the data do not determine at all (a shape at its limit) are left out.
    inverse = np.linalg.pinv(normal, rcond=1e-11, hermitian=True)
    inner: FloatArray = (inverse @ columns) * root[:, None, :]
    return inner / size[:, :, None]


def spread(
    gains: FloatArray, draw: BaselineDraw, variance: FloatArray, sigma2: FloatArray
) -> FloatArray:
    """Variance (n, K) of quantities that change by `gains` (n, K, C) per ΔRn.

    `variance` (n, C) is that of each Rn relative to σ² (n,).
    """
    gains = draw.take_off(gains)
    result: FloatArray = np.einsum("nkc,nkc,nc->nk", gains, gains, variance) * sigma2[:, None]
    return result
