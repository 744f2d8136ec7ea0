"""What is measured on a curve to judge its shape: a few numbers without a unit.

All of them are ratios of differences of the signal, or counts of cycles. So they are the same in
Rn, in raw fluorescence and in ΔRn, and no instrument's scale, no fit and no threshold enters. The
curve is smoothed by local parabolas over five cycles (Savitzky & Golay, Anal Chem 1964;36:1627,
doi:10.1021/ac60214a047); one reading that departs far from its neighbours is bridged first.

The *knee* is the cycle that lies farthest below the chord from the start of the curve to its
steepest cycle: there a curve with a background takes off. The *rise* is what the smoothed curve
gains from its knee to its later maximum.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from qpcr._fit_decision import line_squares, reading_noise
from qpcr._frozen import BoolArray, FloatArray, IntArray

LEAST_CYCLES = 10
"""Measured cycles below which no shape is judged."""

FIRST = 2
"""Place of the first cycle that counts: lamps and heated lids settle during two cycles."""

ABSURD = 1e100
"""Signals of this size are no readings; see :mod:`qpcr.fits`."""

SPAN = 40.0
"""Cycles over which a drift is reckoned, however long the run was."""

SPIKED = 8.0
"""A reading this far from its neighbours, in units of the noise, is bridged."""


@dataclass(frozen=True, eq=False, slots=True)
class Features:
    """The features of n curves, each (n,); NaN where the curve is not usable.

    Attributes
    ----------
    usable
        Enough cycles were measured.
    rise
        Rise in units of the noise of one reading.
    bend
        Root mean square departure from a straight line, in units of the noise: 1 for a line.
    takeoff
        Cycles from 5 % to 25 % of the rise: log2(19/3) = 2.7 for a logistic curve that doubles. It
        comes out up to a sixth shorter, since a background drawn to the knee holds some product.
    ascent
        Cycles from 10 % to 50 % of the rise: log2 9 = 3.2 for a logistic curve that doubles; no
        curve that at most doubles needs fewer than log2 5 = 2.3.
    drift
        Slope of the background before the knee, carried over 40 cycles, as a share of the rise.
    plateau
        Climb per cycle at the end over the largest: 0 on a plateau, 1 when still steepest.
    hook
        Fall from the maximum to the end, as a share of the rise.
    wobble
        Sum of the falls between knee and maximum, as a share of the rise.
    spike
        Largest departure of one reading from its neighbours, as a share of itself and the range
        of the rest of the curve; 0 where noise explains it.
    change
        End less start, over the noise; below 0 when the signal falls.
    scatter, swing
        Noise of one reading, and largest less smallest signal, over the level of the signal; they
        mean nothing for ΔRn.
    """

    usable: BoolArray
    rise: FloatArray
    bend: FloatArray
    takeoff: FloatArray
    ascent: FloatArray
    drift: FloatArray
    plateau: FloatArray
    hook: FloatArray
    wobble: FloatArray
    spike: FloatArray
    change: FloatArray
    scatter: FloatArray
    swing: FloatArray


NAMES = tuple(field.name for field in fields(Features) if field.name != "usable")
"""Names of the features that are numbers."""


@lru_cache(maxsize=16)
def _smoothers(count: int) -> tuple[FloatArray, FloatArray]:
    """Matrices (C, C) that smooth a curve of `count` cycles and take its slope."""
    smooth, slope = np.zeros((count, count)), np.zeros((count, count))
    for i in range(count):
        first = min(max(i - 2, 0), count - 5)
        offsets = np.arange(first, first + 5) - float(i)
        parabola = np.linalg.pinv(np.vander(offsets, 3, increasing=True))
        smooth[i, first : first + 5], slope[i, first : first + 5] = parabola[0], parabola[1]
    smooth.setflags(write=False)
    slope.setflags(write=False)
    return smooth, slope


def measure(signal: FloatArray) -> Features:
    """Measure the features of n curves.

    Parameters
    ----------
    signal
        (n, C) signal at consecutive cycles, any unit; NaN where it was not measured.
    """
    values = np.where(np.abs(signal) < ABSURD, signal, np.nan)
    usable = np.isfinite(values).sum(axis=1) >= LEAST_CYCLES
    out = np.full((len(NAMES), len(values)), np.nan)
    if usable.any():
        out[:, usable] = _measure(_bridged(values[usable]))
    return Features(usable, *out)


def _bridged(values: FloatArray) -> FloatArray:
    """Missing readings replaced by straight lines, the ends by their neighbours."""
    filled = values.copy()
    axis = np.arange(values.shape[1])
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        known = np.isfinite(values[row])
        filled[row] = np.interp(axis, axis[known], values[row, known])
    return filled


def _measure(raw: FloatArray) -> FloatArray:
    """The features of complete curves (n, C) as rows, in the order of :data:`NAMES`."""
    level = np.median(np.abs(raw), axis=1)
    # Differences from one reading keep their digits even on a large offset.
    y = raw - raw[:, :1]
    # Readings that repeat have a noise of 0, which must not divide; 1e-9 of the signal is 0.
    noise = np.maximum(reading_noise(y), 1e-9 * np.maximum(np.abs(y).max(axis=1), level))
    noise = np.where(noise > 0, noise, 1.0)
    y, spike = _without_spike(y, noise)
    smoothing, slopes = _smoothers(y.shape[1])
    smooth, slope = y @ smoothing.T, y @ slopes.T
    rows, axis = np.arange(len(y)), np.arange(y.shape[1])
    steepest = FIRST + np.argmax(slope[:, FIRST:], axis=1)
    knee = _knee(smooth, steepest)
    drift, base = _background(y, knee)
    later = np.where(axis >= knee[:, None], smooth, -np.inf)
    top = np.argmax(later, axis=1)
    rise = later[rows, top] - base
    # A curve that does not rise keeps a tiny one, so that its shares are numbers.
    safe = np.maximum(rise, 1e-3 * noise)
    largest = slope[rows, steepest]
    inside = (axis[1:] > knee[:, None]) & (axis[1:] <= top[:, None])
    falls = np.where(inside, np.maximum(-np.diff(smooth, axis=1), 0.0), 0.0)
    line = line_squares(axis[FIRST:].astype(np.float64), y[:, FIRST:])
    shares = (y - base[:, None]) / safe[:, None]
    found = {
        "rise": rise / noise,
        "bend": np.sqrt(line / (y.shape[1] - FIRST)) / noise,
        "takeoff": _cycles_between(shares, knee, 0.05, 0.25),
        "ascent": _cycles_between(shares, knee, 0.10, 0.50),
        "drift": drift * SPAN / safe,
        "plateau": slope[:, -1] / np.where(largest > 0, largest, np.inf),
        "hook": (smooth[rows, top] - smooth[:, -1]) / safe,
        "wobble": falls.sum(axis=1) / safe,
        "spike": spike,
        "change": (smooth[:, -1] - smooth[:, FIRST]) / noise,
        "scatter": noise / np.where(level > 0, level, np.inf),
        "swing": np.ptp(smooth[:, FIRST:], axis=1) / np.where(level > 0, level, np.inf),
    }
    return np.stack([found[name] for name in NAMES])


def _without_spike(y: FloatArray, noise: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bridge the reading that departs most from its neighbours, and say by how much it did."""
    between = (4.0 * (y[:, 1:-3] + y[:, 3:-1]) - y[:, :-4] - y[:, 4:]) / 6.0
    gap = y[:, 2:-2] - between
    rows, at = np.arange(len(y)), np.argmax(np.abs(gap), axis=1)
    far = np.abs(gap[rows, at])
    out = far > SPIKED * noise
    clean = y.copy()
    # The neighbours next to it decide: the cubic rings where the curve has a corner.
    near = (y[rows, at + 1] + y[rows, at + 3]) / 2.0
    alone = np.abs(y[rows, at + 2] - near)
    beside = np.abs(y[rows, at + 1] - y[rows, at + 3])
    out &= alone > 2.0 * beside
    clean[rows[out], at[out] + 2] = near[out]
    rest = np.ptp(clean, axis=1)
    share = alone / np.where(alone + rest > 0, alone + rest, 1.0)
    return clean, np.where(out, share, 0.0)


def _knee(smooth: FloatArray, steepest: IntArray) -> IntArray:
    """Place of the knee (n,); the first cycle that counts where nothing lies below the chord."""
    rows, axis = np.arange(len(smooth)), np.arange(smooth.shape[1])[None]
    start = smooth[:, FIRST]
    pitch = (smooth[rows, steepest] - start) / np.maximum(steepest - FIRST, 1)
    chord = start[:, None] + pitch[:, None] * (axis - FIRST)
    inside = (axis >= FIRST) & (axis <= steepest[:, None])
    knee: IntArray = np.argmax(np.where(inside, chord - smooth, -np.inf), axis=1)
    return knee


def _background(y: FloatArray, knee: IntArray) -> tuple[FloatArray, FloatArray]:
    """Slope (n,) of the line through the cycles before the knee, and its value at the knee."""
    axis = np.arange(y.shape[1], dtype=np.float64)[None]
    last = np.maximum(knee - 1, FIRST + 3)[:, None]
    weight = ((axis >= FIRST) & (axis <= last)) * 1.0
    count = weight.sum(axis=1)
    middle = (weight * axis).sum(axis=1) / count
    mean = (weight * y).sum(axis=1) / count
    away = weight * (axis - middle[:, None])
    slope = (away * y).sum(axis=1) / (away * away).sum(axis=1)
    # Up to the knee only: carried on under the curve, a short line would decide everything.
    return slope, mean + slope * (np.minimum(knee, last[:, 0]) - middle)


def _cycles_between(share: FloatArray, knee: IntArray, low: float, high: float) -> FloatArray:
    """Cycles (n,) from the last crossing of `low` before to the first of `high` after the knee."""
    rows, axis = np.arange(len(share)), np.arange(share.shape[1])[None]
    last = share.shape[1] - 1
    above = (share >= high) & (axis > knee[:, None])
    end = np.where(above.any(axis=1), np.argmax(above, axis=1), last)
    below = (share < low) & (axis < end[:, None])
    start = np.where(below.any(axis=1), last - np.argmax(below[:, ::-1], axis=1), 0)

    def crossing(place: IntArray, level: float) -> FloatArray:
        a, b = share[rows, place], share[rows, place + 1]
        within = np.clip((level - a) / np.where(b > a, b - a, 1.0), 0.0, 1.0)
        found: FloatArray = place + within
        return found

    return crossing(np.maximum(end - 1, 0), high) - crossing(np.minimum(start, last - 1), low)
