"""Window of linearity: the baseline that makes the exponential phase straight on a log axis.

Baseline
    Over the cycles from the second-derivative maximum downwards, :data:`HALF` in an upper and
    :data:`HALF` in a lower half, the constant b is sought with which log(y − b) rises equally fast
    in both (bisection: a larger b makes the lower half steeper).
Window
    For each target an upper limit is tried at the wells' median level at that maximum, and in
    steps of a factor :data:`STEP` below it; :data:`POINTS` cycles below the limit give each well's
    slope. The limit with the smallest spread of slopes (median absolute deviation) wins.
Efficiency, Cq
    The target's median efficiency, and the cycle where the well's line through its window meets
    the level one cycle below the limit.

After Ruijter et al.; their program looks for the window's lower limit too, starts its baseline
search elsewhere and rejects wells by rules of its own.
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates

HALF, POINTS = 3, 4
STEP, STEPS = 2**0.5, 8
BISECTIONS = 40


def baseline(y: FloatArray, top: IntArray) -> FloatArray:
    """Baseline (n,) that makes 2·HALF cycles up to position `top` (n,) log-linear; NaN: none."""
    span = np.arange(-2 * HALF + 1, 1)
    part = np.take_along_axis(y, np.maximum(top[:, None] + span, 0), axis=1)
    lowest = np.min(part, axis=1)
    rise = np.max(part, axis=1) - lowest
    usable = (top >= 2 * HALF - 1) & np.isfinite(part).all(axis=1) & (np.diff(part) > 0).all(axis=1)
    low, high = lowest - 2.0 * rise, lowest - 1e-9 * rise
    half = np.arange(HALF) - (HALF - 1) / 2
    half = half / (half @ half)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        with np.errstate(invalid="ignore", divide="ignore"):
            log = np.log(part - middle[:, None])
        steeper_below = log[:, :HALF] @ half > log[:, HALF:] @ half
        high = np.where(steeper_below, middle, high)
        low = np.where(steeper_below, low, middle)
    return np.where(usable, 0.5 * (low + high), np.nan)


def _lines(
    cycles: FloatArray, log: FloatArray, limit: FloatArray, top: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Slope and cycle at log height 0 (n,) of the line through the cycles below `limit` (n,)."""
    place = np.arange(log.shape[1])[None]
    below = (log <= limit[:, None]) & (place <= top[:, None]) & np.isfinite(log)
    last = np.where(below.any(axis=1), log.shape[1] - 1 - np.argmax(below[:, ::-1], axis=1), 0)
    index = last[:, None] + np.arange(-POINTS + 1, 1)
    part = np.take_along_axis(log, np.maximum(index, 0), axis=1)
    x = cycles[np.maximum(index, 0)]
    centre = x - x.mean(axis=1, keepdims=True)
    good = below.any(axis=1) & (index[:, 0] >= 0) & np.isfinite(part).all(axis=1)
    part = np.where(good[:, None], part, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (centre * part).sum(axis=1) / (centre**2).sum(axis=1)
        at_zero = x.mean(axis=1) - part.mean(axis=1) / slope
    good &= slope > 0
    return np.where(good, slope, np.nan), np.where(good, at_zero, np.nan)


def _estimate(batch: Batch) -> Estimates:
    count = len(batch)
    cq, factor, factor_se, level = (np.full(count, np.nan) for _ in range(4))
    peak = batch.whole.points("cpd2")[0]
    rows = np.flatnonzero(np.isfinite(peak))
    top = np.full(count, -1, np.int64)
    top[rows] = np.searchsorted(batch.cycles, peak[rows], side="right") - 1
    y = np.where(np.isfinite(batch.signal), batch.signal, np.nan)
    ground = np.full(count, np.nan)
    ground[rows] = baseline(y[rows], top[rows])
    with np.errstate(invalid="ignore", divide="ignore"):
        log = np.log(y - ground[:, None])
    at_top = np.take_along_axis(log, np.maximum(top, 0)[:, None], axis=1)[:, 0]
    for group in range(batch.targets):
        mine = np.flatnonzero((batch.groups == group) & np.isfinite(at_top))
        mates = mine[batch.members[mine]]
        if not len(mates):
            continue
        limits = np.median(at_top[mates]) - np.log(STEP) * np.arange(STEPS)
        spreads = []
        for limit in limits:
            slope = _lines(batch.cycles, log[mates], np.full(len(mates), limit), top[mates])[0]
            slope = slope[np.isfinite(slope)]
            enough = len(slope) * 2 > len(mates)
            spreads.append(_deviation(slope) if enough else np.inf)
        best = limits[int(np.argmin(spreads))]
        slope, zero = _lines(batch.cycles, log[mine], np.full(len(mine), best), top[mine])
        known = np.isfinite(slope) & batch.members[mine]
        if not known.any():
            continue
        rate = float(np.median(slope[known]))
        cq[mine] = zero + (best - rate) / slope
        factor[mine] = np.exp(rate)
        factor_se[mine] = np.exp(rate) * 1.2533 * _deviation(slope[known]) / np.sqrt(known.sum())
        level[mine] = np.exp(best - rate)
    factor, factor_se = (np.where(np.isfinite(cq), one, np.nan) for one in (factor, factor_se))
    return Estimates.made(cq, np.full(count, np.nan), (factor, factor_se), level)


def _deviation(values: FloatArray) -> float:
    """Standard deviation by the median absolute deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


METHOD = Method(
    name="window",
    title="Window of linearity, baseline from the exponential phase",
    reference="Ruijter et al., Nucleic Acids Res 2009;37:e45, doi:10.1093/nar/gkp045",
    assumes="Constant efficiency from the window's first cycle to its last; a flat background.",
    use="Comparison with results of LinRegPCR's kind; the efficiency is low rather than high.",
    estimate=_estimate,
)
