"""Mass-action kinetics, MAK2: a mechanism with one constant.

    D(n) = D(n−1) + k·log(1 + D(n−1)/k),   F(n) = D(n) + F_b

In units of k there is one curve for all wells: they differ in the cycle at which they pass a given
height, in k and in the background F_b. So a fit is a search for a shift along the solution
tabulated once (from a start so small that growth is doubling), with k and F_b by linear regression
at each shift: no starting values, and no second minimum is missed on the grid. As in the paper,
readings after the steepest point do not count.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates, none

BELOW, ABOVE, FINE = 60, 20, 64
"""Doublings tabulated below D = k, cycles above, and places a cycle."""

REACH, STEP = 4.0, 0.125
"""Cycles around the first guess that are searched, and how finely before the parabola."""

BLOCK = 1024


@cache
def _solution() -> FloatArray:
    """log2 of D/k every 1/FINE cycle; its first value is −BELOW."""
    d = 2.0 ** (-BELOW + np.arange(FINE) / FINE)
    columns = [d]
    for _ in range(BELOW + ABOVE):
        d = d + np.log1p(d)
        columns.append(d)
    return np.log2(np.stack(columns).ravel())


def _height(u: FloatArray) -> FloatArray:
    """D/k at u cycles after the tabulated start; doubling before it."""
    log = _solution()
    place = np.clip(u * FINE, 0.0, len(log) - 2.0)
    left = place.astype(np.int64)
    part = place - left
    value = log[left] * (1 - part) + log[left + 1] * part
    return np.asarray(2.0 ** (value + np.minimum(u, 0.0)))


def _regress(g: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Residual sum of squares and k (n,) of y = F_b + k·g; infinite where k is not above 0."""
    n = weight.sum(axis=1)
    mg, my = (weight * g).sum(axis=1) / n, (weight * y).sum(axis=1) / n
    cg, cy = g - mg[:, None], y - my[:, None]
    gg = (weight * cg * cg).sum(axis=1)
    gy = (weight * cg * cy).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        k = gy / gg
        rss = (weight * cy * cy).sum(axis=1) - k * gy
    good = (gg > 0) & (k > 0)
    return np.where(good, rss, np.inf), np.where(good, k, np.nan)


def fit(
    cycles: FloatArray, y: FloatArray, last: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Shift (n,), so that D/k at cycle x is _height(x − shift), and k (n,); NaN: none.

    Parameters
    ----------
    cycles, y
        (C,) and (n, C); NaN = not measured.
    last
        (n,) last cycle that counts.
    guess
        (n,) cycle where D is about k.
    """
    counts = np.isfinite(y) & (cycles[None] <= last[:, None])
    weight = counts.astype(np.float64)
    weight[weight.sum(axis=1) < 5] = np.nan
    y = np.where(np.isfinite(y), y, 0.0)
    offsets = np.arange(-REACH, REACH + STEP / 2, STEP)
    start = guess - BELOW
    rss = np.stack(
        [_regress(_height(cycles - (start + o)[:, None]), y, weight)[0] for o in offsets], axis=1
    )
    rss = np.where(np.isfinite(rss), rss, np.inf)
    best = np.clip(np.argmin(rss, axis=1), 1, len(offsets) - 2)
    rows = np.arange(len(y))
    a, b, c = (rss[rows, best + d] for d in (-1, 0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        move = 0.5 * (a - c) / (a - 2 * b + c)
    inside = np.isfinite(move) & (np.abs(move) <= 1.0)
    shift = start + offsets[best] + STEP * np.where(inside, move, 0.0)
    k = _regress(_height(cycles - shift[:, None]), y, weight)[1]
    return np.where(inside, shift, np.nan), np.where(inside, k, np.nan)


def _estimate(batch: Batch) -> Estimates:
    count = len(batch)
    shift, k = np.full(count, np.nan), np.full(count, np.nan)
    steepest, early = batch.whole.points("cpd1")[0], batch.whole.points("cpd2")[0]
    rows = np.flatnonzero(np.isfinite(steepest) & np.isfinite(early))
    for first in range(0, len(rows), BLOCK):
        part = rows[first : first + BLOCK]
        shift[part], k[part] = fit(batch.cycles, batch.signal[part], steepest[part], early[part])
    with np.errstate(invalid="ignore"):
        n0 = k * 2.0 ** (-BELOW - shift)
    level = np.full(count, np.nan)
    for group in range(batch.targets):
        mine = batch.groups == group
        known = mine & batch.members & np.isfinite(k)
        if known.any():
            level[mine] = np.median(k[known])
    with np.errstate(invalid="ignore", divide="ignore"):
        cq = np.log2(level / n0)
    two = np.where(np.isfinite(cq), 2.0, np.nan)
    return Estimates(cq, none(batch), two, none(batch), n0, none(batch))


METHOD = Method(
    name="mak2",
    title="Mass-action kinetics (MAK2)",
    reference="Boggy & Woolf, PLoS ONE 2010;5:e12355, doi:10.1371/journal.pone.0012355",
    assumes="Doubling while product is scarce; only annealing of product to itself slows growth.",
    use="Absolute comparison without standards, where assays do double.",
    estimate=_estimate,
)
