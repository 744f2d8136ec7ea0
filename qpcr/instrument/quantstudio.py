"""QuantStudio, ViiA 7 and Design & Analysis software.

Baseline line and Ct are those of the 7500; the end of the automatic baseline is another, and the
automatic threshold is not known: the recorded one must be taken. Known gap: flat, noisy curves in
which these rules see a peak and the instrument none; its baseline then runs to the last but one
cycle. On five exports with 1068 automatic windows that is 27 curves, all without a recorded Ct; the
other 1041 windows agree, and every Ct does.
"""

from __future__ import annotations

import re

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.instrument import RuleSet
from qpcr.instrument._arithmetic import curvature_peaks, walk_back, window_from_end

MIN_CLIMB = 0.005
"""Slope of Rn above the curve's own drift, per cycle, that no longer belongs to the baseline."""

_SOFTWARE = re.compile(r"QuantStudio|ViiA|Design\s*(&|and)\s*Analysis", re.IGNORECASE)


def _matches(software: str) -> bool:
    return _SOFTWARE.search(software) is not None


def baseline_windows(rn: FloatArray, peaks: IntArray) -> IntArray:
    """Automatic baseline windows.

    As in the 7500's rule, but the slope is the central difference less its median over cycles
    3 … s − 4 (the drift of the curve), and the limit is :data:`MIN_CLIMB`.

    Returns
    -------
    ndarray
        (R, 2) first and last cycle, 1-based.
    """
    count = rn.shape[1]
    slope = np.zeros_like(rn)
    slope[:, 1:-1] = (rn[:, 2:] - rn[:, :-2]) / 2
    for row, peak in enumerate(peaks):
        last = int(peak) - 4
        if last >= 3:
            slope[row] -= np.median(slope[row, 2:last])
    stop = walk_back(slope, np.maximum(peaks - 1, 1), MIN_CLIMB)
    return window_from_end(np.where(peaks > 0, stop, count - 1))


RULES = RuleSet(
    name="quantstudio",
    describes="QuantStudio, ViiA 7 and Design & Analysis software",
    matches=_matches,
    measured_on=lambda software: re.search(r"\b(v)?(1\.[2-7]|2\.\d)", software) is not None,
    peaks=curvature_peaks,
    windows=baseline_windows,
    threshold=None,
)
