"""Did it amplify? A sound first answer from the shape of the fitted curve.

A curve counts as amplified when the fitted sigmoid rises, says significantly more than a straight
line (F test on the sums of squares), bends away from that line by several times the noise, and
grows at its second-derivative maximum at least about as fast as a PCR does, without taking all its
rise in one cycle. The noise is that of one
reading against its neighbours (third differences), so that neither drift nor lack of fit enters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri

from qpcr._fit_reasons import Reason, code
from qpcr._frozen import BoolArray, FloatArray, IntArray

SIGNIFICANCE = 1e-4
"""Largest P of the F test."""

LEAST_BEND = 4.0
"""Root mean square departure of the curve from its straight line, in units of the noise."""

LEAST_RISE = 6.0
"""Fitted rise over the measured cycles, in units of the noise."""

LEAST_GROWTH = 1.2
"""Growth factor of the rise per cycle at the second-derivative maximum, or at the last cycle when
that comes first: 1.4-1.95 for hydrolysis probes and dyes. Slower is drift."""

LARGEST_STEP = 0.6
"""Largest share of the rise in one cycle. A logistic curve that doubles has ln 2/4 = 0.17."""

STEEPEST = 10.0
"""Where the ratio of steepest to mean climb stops to count for the score: PCR curves show 4-8."""


@dataclass(frozen=True, eq=False, slots=True)
class Decision:
    """For n curves: amplified, the reason if not (see :mod:`qpcr._fit_reasons`), and the score.

    The score is log10(bend/noise) + log10(steepest climb/mean climb): larger is more likely an
    amplification.
    """

    amplified: BoolArray
    reason: IntArray
    score: FloatArray
    noise: FloatArray


def reading_noise(y: FloatArray) -> FloatArray:
    """Standard deviation (n,) of single readings of y (n, C) by their third differences.

    The median absolute difference estimates it robustly; √20 is the noise gain of the difference.
    """
    steps = np.abs(np.diff(y, 3, axis=1))
    known = np.isfinite(steps)
    count = known.sum(axis=1)
    ordered = np.sort(np.where(known, steps, np.inf), axis=1)
    middle = np.maximum(count - 1, 0) // 2
    median = np.where(count > 0, ordered[np.arange(len(y)), middle], np.nan)
    noise: FloatArray = median / 0.6745 / np.sqrt(20.0)
    return noise


def line_squares(cycles: FloatArray, y: FloatArray) -> FloatArray:
    """Residual sum of squares (n,) of the straight line through each curve y (n, C)."""
    known = np.isfinite(y)
    count = np.maximum(known.sum(axis=1), 1)
    x = np.where(known, cycles, 0.0)
    x = np.where(known, x - (x.sum(axis=1) / count)[:, None], 0.0)
    v = np.where(known, y, 0.0)
    v = np.where(known, v - (v.sum(axis=1) / count)[:, None], 0.0)
    moment = np.einsum("nc,nc->n", x, x)
    slope = np.einsum("nc,nc->n", x, v) / np.where(moment > 0, moment, 1.0)
    rest = v - slope[:, None] * x
    return np.asarray(np.einsum("nc,nc->n", rest, rest), dtype=np.float64)


def decide(
    cycles: FloatArray,
    y: FloatArray,
    fitted: FloatArray,
    rss: FloatArray,
    degrees: IntArray,
    parameters: IntArray,
    growth: FloatArray,
) -> Decision:
    """Decide for n curves.

    Parameters
    ----------
    cycles, y, fitted
        (C,), (n, C) and (n, C): cycles, signal (NaN missing) and the fitted curve.
    rss, degrees, parameters
        (n,) residual sum of squares of the fit, its degrees of freedom, and how many parameters
        it has.
    growth
        (n,) see :data:`LEAST_GROWTH`; NaN where the curve has no second-derivative maximum.
    """
    known = np.isfinite(y)
    count = known.sum(axis=1)
    line = line_squares(cycles, y)
    # A noise of exactly 0 (rounded or made-up data) must not divide; 1e-9 of the signal is 0.
    size = np.max(np.where(known, np.abs(y), 0.0), axis=1, initial=0.0)
    noise = np.maximum(reading_noise(y), 1e-9 * size)
    safe = np.where(noise > 0, noise, 1.0)
    bend = np.sqrt(line / np.maximum(count, 1)) / safe
    rise = (fitted[:, -1] - fitted[:, 0]) / safe
    climb = np.diff(fitted, axis=1).max(axis=1, initial=0.0) / safe
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = ((line - rss) / (parameters - 2)) / (rss / degrees)
        ratio = np.where(rss > 0, ratio, np.where(line > 0, np.inf, 0.0))
        limit = fdtri(parameters - 2, np.maximum(degrees, 1), 1.0 - SIGNIFICANCE)
        mean_climb = np.abs(rise) / max(len(cycles) - 1, 1)
        score = np.log10(np.maximum(bend, 1e-3)) + np.log10(
            np.clip(climb / np.where(mean_climb > 0, mean_climb, np.inf), 1e-3, STEEPEST)
        )
    reason = np.zeros(len(y), np.int64)
    # The last word has the first test that fails, so tests are written down in reverse.
    reason[climb > LARGEST_STEP * np.abs(rise)] = code(Reason.JUMP)
    reason[~(growth >= LEAST_GROWTH)] = code(Reason.DRIFT)
    reason[~(ratio > limit) | (bend < LEAST_BEND) | (np.abs(rise) < LEAST_RISE)] = code(
        Reason.NOISY
    )
    reason[(rise < 0) & (np.abs(rise) >= LEAST_RISE)] = code(Reason.FALLING)
    reason[size <= 0] = code(Reason.FLAT)
    reason[(line <= (1e-9 * size) ** 2 * count) & (np.abs(rise) < LEAST_RISE)] = code(Reason.FLAT)
    reason[(np.abs(rise) < LEAST_RISE) & (bend < LEAST_BEND)] = code(Reason.FLAT)
    return Decision(reason == 0, reason, np.where(rise > 0, score, np.minimum(score, 0.0)), noise)
