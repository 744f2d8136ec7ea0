"""Efficiency of a target: one growth rate shared by its wells, then shared among targets.

While template is copied by a limiting reagent, product follows dF/dx = r·F·(1 − F/K), so
F = K/(1 + exp(−r(x − m))), with efficiency exp(r) where product is nothing: the law behind linear
regression of efficiency (Rutledge & Stewart, BMC Mol Biol 2008;9:96, doi:10.1186/1471-2199-9-96).
Wells of a target share r; each has its own K, m and straight baseline, all estimated together from
the readings before the steepest point. The wells' numbers are eliminated exactly (Schur
complement), so that one step for all wells costs what it costs for one.

That law is not exact, and its error moves r of all targets of a plate together: on dilution series
by more than targets differ. Therefore the plate's mean is held by what is known of assays
(:data:`TYPICAL`), and only the differences between targets are taken from the curves
(normal means, Efron & Morris, J Am Stat Assoc 1973;68:117, doi:10.1080/01621459.1973.10481350).
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.methods._shift import FADE, ROBUST, Weighting, Wells, line_cycles

TYPICAL, SPREAD = 1.95, 0.03
"""Mean and standard deviation of efficiencies: all values from 1.90 to 2.00 alike. MIQE takes 90 %
to 110 % for acceptable (Bustin et al., Clin Chem 2009;55:611, doi:10.1373/clinchem.2008.112797);
more than doubling there is not. Targets of a plate are expected to differ about as much."""

FORM = 0.1
"""Standard deviation of the law's own error, common to all targets of a plate."""

SPREADS = SPREAD * 2.0 ** np.arange(-2, 4)
"""Standard deviations between targets that are weighed against each other."""

BEFORE = 1.0
"""Cycles before the steepest point where weights are halved."""

STEPS, ENOUGH = 10, 96
"""Gauss-Newton steps, and wells of a target beyond which more do not sharpen r."""


def some_of_each(group: IntArray, place: FloatArray) -> IntArray:
    """Rows of at most about :data:`ENOUGH` wells of each target, evenly from first to last place.

    `place` (n,) orders the wells of a target, so that their order in the file changes nothing.
    """
    order = np.lexsort((place, group))
    counts = np.bincount(group)
    rank = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    every = np.maximum(np.repeat(counts, counts) // ENOUGH, 1)
    return np.sort(order[rank % every == 0])


def shared_rates(
    cycles: FloatArray, wells: Wells, middle: FloatArray, count: int, how: Weighting
) -> tuple[FloatArray, FloatArray]:
    """Efficiency and standard error (count,) of each target from its wells alone.

    Parameters
    ----------
    cycles
        (C,) cycle numbers.
    wells
        n wells with the amplitudes and lines to start from; their target is below `count`.
    middle
        (n,) steepest cycle of each, to start from.
    count
        Number of targets.
    how
        How readings count.

    Returns
    -------
    tuple of arrays
        NaN for targets without wells.
    """
    middle, log_a, line = middle.copy(), wells.log_a.copy(), wells.line.copy()
    group = wells.group
    rate = np.full(count, np.log(TYPICAL))
    known = np.isfinite(wells.y)
    y = np.where(known, wells.y, 0.0)
    floor = (how.floor**2 + wells.noise**2)[:, None]
    x = line_cycles(cycles)[None]
    for step in range(STEPS):
        u = cycles[None] - middle[:, None]
        own = rate[group][:, None]
        g = 1.0 / (1.0 + np.exp(-np.clip(own * u, -40.0, 40.0)))
        bend = g * (1.0 - g)
        a = np.exp(log_a)[:, None]
        residual = (y - line[:, :1] - line[:, 1:] * x) / a - g
        variance = floor + (how.proportional * g) ** 2
        weight = known / variance / (1.0 + np.exp(np.clip((u + BEFORE) / FADE, -50.0, 50.0)))
        if step:
            weight /= np.sqrt(1.0 + residual**2 * weight / ROBUST**2)
        slopes = np.stack([-bend * own, g, np.ones_like(g), np.broadcast_to(x, g.shape)], axis=1)
        weighted = slopes * weight[:, None]
        normal = weighted @ slopes.transpose(0, 2, 1)
        normal[:, 1, 1] += how.amplitude**-2
        normal[:, range(4), range(4)] += 1e-9
        pull = np.einsum("npc,nc->np", weighted, residual)
        pull[:, 1] -= (log_a - wells.log_a) / how.amplitude**2
        by_rate = bend * u
        both = np.einsum("npc,nc->np", weighted, by_rate)
        inverse = np.linalg.inv(normal)
        shed = np.einsum("npq,nq->np", inverse, both)
        held = np.einsum("nc,nc->n", weight, by_rate**2) - np.einsum("np,np->n", both, shed)
        drawn = np.einsum("nc,nc->n", weight, by_rate * residual)
        drawn -= np.einsum("np,np->n", pull, shed)
        total = np.bincount(group, held, count)
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = np.clip(np.bincount(group, drawn, count) / total, -0.1, 0.1)
        moved = np.where(np.isfinite(moved), moved, 0.0)
        rate += moved
        move = np.einsum("npq,nq->np", inverse, pull) - shed * moved[group][:, None]
        middle += np.clip(move[:, 0], -0.5, 0.5)
        log_a += np.clip(move[:, 1], -0.3, 0.3)
        line += move[:, 2:] * a
    freedom = np.bincount(group, (weight * variance).sum(axis=1) - 4.0, count)
    scale = np.bincount(group, (weight * residual**2).sum(axis=1), count) / np.maximum(freedom, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.exp(rate) * np.sqrt(scale / total)
    usable = (total > 0) & np.isfinite(error) & (np.bincount(group, minlength=count) > 0)
    return np.where(usable, np.exp(rate), np.nan), np.where(usable, error, np.nan)


def pooled(value: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Efficiency and standard deviation (K,) by :func:`posterior`, the efficiency at most 2."""
    mean, spread = posterior(value, error)
    return np.minimum(mean, 2.0), spread


def posterior(value: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and standard deviation (K,) of the targets' efficiencies.

    The model: efficiency E = m + v, m ~ N(TYPICAL, SPREAD²) of the plate, v ~ N(0, τ²) of the
    target; `value` = E + d + ε, d ~ N(0, FORM²) of the plate, ε ~ N(0, error²). How far targets
    differ the plate says itself: τ is half-Cauchy with scale SPREAD (Gelman, Bayesian Anal
    2006;1:515, doi:10.1214/06-BA117A), averaged over :data:`SPREADS`. A target without a value
    gets the plate's mean.
    """
    seen = np.isfinite(value) & np.isfinite(error)
    away = np.where(seen, value - TYPICAL, 0.0)
    means, variances, weights = [], [], []
    for spread in SPREADS:
        mean, variance, log_likelihood = _given(spread, away, np.where(seen, error, np.inf))
        means.append(mean)
        variances.append(variance)
        # Steps of the grid grow with τ: so does what a density is worth.
        weights.append(log_likelihood + np.log(spread / (1.0 + (spread / SPREAD) ** 2)))
    weight = np.exp(np.array(weights) - max(weights))
    weight /= weight.sum()
    mean = weight @ np.stack(means)
    variance = weight @ (np.stack(variances) + (np.stack(means) - mean) ** 2)
    return TYPICAL + mean, np.sqrt(variance)


def _given(
    spread: float, away: FloatArray, error: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Mean and variance (K,) of E − TYPICAL for one τ, and the log likelihood up to a constant.

    All is normal, so s = m − TYPICAL + d is estimated from all targets; it splits into its two
    parts by their variances, and what a target deviates from s by τ² and its error².
    """
    variance = spread**2 + error**2
    both = SPREAD**2 + FORM**2
    precision = 1.0 / both + (1.0 / variance).sum()
    s = (away / variance).sum() / precision
    part, shrink = SPREAD**2 / both, spread**2 / variance
    mean = part * s + shrink * (away - s)
    spare = SPREAD**2 * FORM**2 / both + (part - shrink) ** 2 / precision
    seen = np.isfinite(variance)
    squares = (away**2 / variance).sum() - s**2 * precision
    size = np.log(variance[seen]).sum() + np.log(precision)
    return mean, spare + spread**2 * (1.0 - shrink), -0.5 * float(squares + size)
