"""Medians of many groups at once."""

from __future__ import annotations

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray


def medians(values: FloatArray, group: IntArray, count: int, good: BoolArray) -> FloatArray:
    """Median (count,) of the good values of each group; NaN without one.

    Parameters
    ----------
    values
        (n,) finite where `good`.
    group
        (n,) numbers below `count`.
    good
        (n,) what counts.
    """
    group, values = group[good], values[good]
    ordered = values[np.lexsort((values, group))]
    sizes = np.bincount(group, minlength=count)
    some = sizes > 0
    first, size = (np.cumsum(sizes) - sizes)[some], sizes[some]
    out = np.full(count, np.nan)
    out[some] = 0.5 * (ordered[first + (size - 1) // 2] + ordered[first + size // 2])
    return out
