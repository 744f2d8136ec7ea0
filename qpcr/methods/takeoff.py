"""Take-off: the first cycle that leaves the straight line through all cycles before it.

The reading of cycle n is held against the line through cycles 1 … n − 1 by its externally
studentised residual. Take-off is the first of :data:`IN_ROW` consecutive cycles whose residuals
all lie above the (1 − :data:`ALPHA`) point of Student's t. We look upwards only, and no later than
the second-derivative maximum; the paper tests both signs and all readings of the line.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from qpcr._frozen import FloatArray
from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates, none

ALPHA, IN_ROW = 0.05, 3
FEWEST = 5
"""Readings a line needs before one is held against it."""


def studentised(cycles: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Residual of each reading from the line through all before it, and degrees of freedom.

    Both (n, C): (y_n − ŷ_n)/(s·√(1 + h)); NaN where fewer than :data:`FEWEST` came before.
    """
    known = np.isfinite(y)
    x = np.broadcast_to(cycles, y.shape)
    value = np.where(known, y - np.nanmean(np.where(known, y, 0.0), axis=1)[:, None], 0.0)
    sums = [
        np.cumsum(part, axis=1) - part
        for part in (known * 1.0, known * x, value, known * x * x, x * value, value * value)
    ]
    n, sx, sy, sxx, sxy, syy = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        mx, my = sx / n, sy / n
        qx, qxy, qy = sxx - n * mx * mx, sxy - n * mx * my, syy - n * my * my
        slope = qxy / qx
        variance = np.maximum(qy - slope * qxy, 0.0) / (n - 2)
        spread = np.sqrt(variance * (1 + 1 / n + (x - mx) ** 2 / qx))
        t = (value - my - slope * (x - mx)) / spread
    good = known & (n >= FEWEST) & (spread > 0)
    return np.where(good, t, np.nan), n - 2


def _estimate(batch: Batch) -> Estimates:
    if not len(batch):
        return Estimates(*(none(batch) for _ in range(6)))
    t, freedom = studentised(batch.cycles, batch.signal)
    limit = stats.t.ppf(1 - ALPHA, np.maximum(freedom, 1))
    out = np.where(np.isfinite(t), t, -np.inf) > limit
    row = out.copy()
    for ahead in range(1, IN_ROW):
        row[:, : -ahead or None] &= out[:, ahead:]
        row[:, -ahead:] = False
    last = batch.fits.points("cpd2")[0]
    row &= batch.cycles[None] <= np.where(np.isfinite(last), last, -np.inf)[:, None]
    cq = np.where(row.any(axis=1), batch.cycles[np.argmax(row, axis=1)], np.nan)
    level = batch.fits.height(cq)
    return Estimates.made(cq, none(batch), batch.fits.points("efficiency"), level)


METHOD = Method(
    name="takeoff",
    title="Take-off point",
    reference="Tichopad et al., Nucleic Acids Res 2003;31:e122, doi:10.1093/nar/gng122",
    assumes="A straight background with white noise; every well's noise is alike.",
    use="To find where amplification begins; a whole cycle, so too coarse for quantities.",
    estimate=_estimate,
)
