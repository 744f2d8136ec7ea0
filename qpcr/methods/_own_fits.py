"""The five-parameter fits of single wells, before they learn from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._fit_table import COORDINATES
from qpcr._frozen import FloatArray, IntArray
from qpcr.fits import fit_arrays
from qpcr.methods._batch import Batch
from qpcr.methods._shift import line_cycles
from qpcr.models import Model, models

MODEL = "logistic5"

STEP = 1e-4
"""Relative step of the differences that stand for derivatives."""


@dataclass(frozen=True, eq=False, slots=True)
class OwnFits:
    """Fits of the n wells of a batch that amplified.

    Attributes
    ----------
    model
        The model fitted.
    rows
        (n,) rows of the batch.
    theta, covariance
        (n, P) coordinates of the shape, (n, P, P) their covariance.
    amplitude
        (n,) rise to the plateau.
    line
        (n, 2) height and slope of the baseline.
    noise
        (n,) standard deviation of one reading.
    """

    model: Model
    rows: IntArray
    theta: FloatArray
    covariance: FloatArray
    amplitude: FloatArray
    line: FloatArray
    noise: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def passes(self, share: FloatArray) -> FloatArray:
        """Cycle (n,) at which each fit passes `share` (n,) of its rise; NaN where it never does."""
        inside = (share > 0.0) & (share < 1.0)
        found = self.model.inverse(self.theta, np.clip(share, 1e-6, 1.0 - 1e-6))
        return np.where(inside, found, np.nan)

    def errors(self, share: FloatArray) -> FloatArray:
        """Standard error (n,) of that cycle to first order; NaN where there is none."""
        share = np.clip(share, 1e-6, 1.0 - 1e-6)
        here = self.model.inverse(self.theta, share)
        slopes = []
        for column in range(self.theta.shape[1]):
            step = STEP * np.maximum(1.0, np.abs(self.theta[:, column]))
            moved = self.theta.copy()
            moved[:, column] += step
            slopes.append((self.model.inverse(moved, share) - here) / step)
        slope = np.stack(slopes, axis=1)
        variance = np.einsum("np,npq,nq->n", slope, self.covariance, slope)
        return np.sqrt(np.where(variance > 0.0, variance, np.nan))


def own_fits(batch: Batch) -> OwnFits:
    """Fits of the wells that amplified.

    A well that drifts too much to be told from a straight line gets a second chance above the
    instrument's baseline. A slow drift without a baseline taken off looks like a rise: a well that
    stays below the instrument's threshold must also amplify above its baseline.
    """
    table = batch.whole.table
    theta, amplitude, noise = table.theta.copy(), table.linear[:, 1].copy(), table.noise.copy()
    covariance = table.covariance[:, :COORDINATES, :COORDINATES].copy()
    line = np.stack([table.linear[:, 0] + batch.ground, np.zeros(len(batch))], axis=1)
    good = table.amplified.copy()
    above = (batch.drn > batch.thresholds[:, None]).any(axis=1) | np.isnan(batch.thresholds)
    asked = np.flatnonzero((~good | ~above) & np.isfinite(batch.drn).any(axis=1))
    if len(asked):
        second = fit_arrays(batch.cycles, batch.drn[asked], model=MODEL).table
        chance = ~good[asked]
        good[asked] = second.amplified
        again = asked[chance]
        theta[again], noise[again] = second.theta[chance], second.noise[chance]
        covariance[again] = second.covariance[chance, :COORDINATES, :COORDINATES]
        amplitude[again] = second.linear[chance, 1]
        line[again] = _straight(batch.cycles, (batch.signal - batch.drn)[again])
        line[again, 0] += second.linear[chance, 0]
    good &= (amplitude > 0) & np.isfinite(theta).all(axis=1) & np.isfinite(line).all(axis=1)
    rows = np.flatnonzero(good)
    return OwnFits(
        models()[MODEL],
        rows,
        theta[rows],
        covariance[rows],
        amplitude[rows],
        line[rows],
        noise[rows],
    )


def _straight(cycles: FloatArray, y: FloatArray) -> FloatArray:
    """Height and slope (n, 2) of straight lines given as points (n, C), some of them NaN."""
    known = np.isfinite(y)
    count = np.maximum(known.sum(axis=1), 1)
    x = np.where(known, line_cycles(cycles), 0.0)
    value = np.where(known, y, 0.0)
    mx, my = x.sum(axis=1) / count, value.sum(axis=1) / count
    spread = np.where(known, x - mx[:, None], 0.0)
    moment = (spread**2).sum(axis=1)
    slope = (spread * value).sum(axis=1) / np.where(moment > 0, moment, 1.0)
    return np.stack([my - slope * mx, slope], axis=1)
