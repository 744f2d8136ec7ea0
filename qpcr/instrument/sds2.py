"""7500, 7500 Fast, StepOne and StepOnePlus software 2.x.

Measured on 17 files of version 2.3: baseline windows 1116 of 1117, automatic thresholds 23 of 23,
determined or not 1462 of 1464, Ct within 2.8e-6. Versions 2.0 to 2.2 could not be measured.
"""

from __future__ import annotations

import re

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.instrument import RuleSet
from qpcr.instrument._arithmetic import curvature_peaks, walk_back, window_from_end

MIN_CLIMB = 0.01
"""Rise of Rn from one cycle to the next that no longer belongs to the baseline."""

_SOFTWARE = re.compile(r"\b(7500|StepOne(Plus)?)\b.*\bv?2\.(\d|x)", re.IGNORECASE)


def _matches(software: str) -> bool:
    return _SOFTWARE.search(software.replace("™", " ")) is not None


def baseline_windows(rn: FloatArray, peaks: IntArray) -> IntArray:
    """Automatic baseline windows.

    From the cycle before the peak (without a peak: from the last but one) back while Rn climbs by
    at least :data:`MIN_CLIMB` a cycle.

    Returns
    -------
    ndarray
        (R, 2) first and last cycle, 1-based.
    """
    count = rn.shape[1]
    climb = np.append(np.diff(rn, axis=1), np.zeros((len(rn), 1)), axis=1)
    start = np.where(peaks > 0, peaks - 1, count - 1)
    return window_from_end(walk_back(climb, start, MIN_CLIMB))


def automatic_threshold(
    drn: FloatArray, peaks: IntArray, stops: IntArray, used: BoolArray
) -> float | None:
    """Automatic threshold of one target, from all its curves.

    Each curve whose baseline ends before C − 2 gives an upper value, ΔRn one cycle after its peak
    (without a peak: at the last cycle), and a lower one, ΔRn one cycle after its baseline. The
    uppers are sorted ascending, the lowers descending, each for itself; the threshold is the first
    upper that is not below the lower beside it.

    Returns
    -------
    float or None
        ``None`` when no curve can say anything.
    """
    count = drn.shape[1]
    rows = np.flatnonzero(used & (stops < count - 2))
    upper = np.sort(drn[rows, np.where(peaks[rows] > 0, peaks[rows], count - 1)])
    lower = np.sort(drn[rows, stops[rows]])[::-1]
    enough = np.flatnonzero(upper >= lower)
    return float(upper[enough[0]]) if len(enough) else None


RULES = RuleSet(
    name="7500-2.x",
    describes="7500, 7500 Fast, StepOne and StepOnePlus software 2.x",
    matches=_matches,
    measured_on=lambda software: re.search(r"\b(v)?2\.3(\.\d+)?$", software) is not None,
    peaks=curvature_peaks,
    windows=baseline_windows,
    threshold=automatic_threshold,
)
