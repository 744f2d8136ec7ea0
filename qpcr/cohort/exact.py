"""Fisher's exact test for one feature in two or more groups (Freeman and Halton).

References
----------
Freeman GH, Halton JH. Biometrika 1951;38:141-149. doi:10.2307/2332323.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

from qpcr._frozen import FloatArray, IntArray

MOST = 2_000_000
"""More tables than this are not enumerated."""
SAME = 1e-7
"""Relative difference up to which two tables count as equally likely."""


def exact_p(have: Sequence[int], of: Sequence[int]) -> float | None:
    """Probability, with all margins fixed, of a table that is as unlikely as this one, or more so.

    Parameters
    ----------
    have, of
        How many of each group have the feature, and how many each group is.

    Returns
    -------
    float or None
        ``None``: there are too many tables to look at each.
    """
    total = sum(have)
    sums, logs = np.zeros(1, dtype=np.int64), np.zeros(1)
    for size in of:
        taken = np.arange(min(size, total) + 1, dtype=np.int64)
        if len(sums) * len(taken) > MOST:
            return None
        sums = (sums[:, None] + taken).ravel()
        logs = np.add.outer(logs, _log_choose(size, taken)).ravel()
        keep = sums <= total
        sums, logs = sums[keep], logs[keep]
    logs = logs[sums == total]
    seen = sum(
        float(_log_choose(n, np.array([k], dtype=np.int64))[0])
        for k, n in zip(have, of, strict=True)
    )
    weight = np.exp(logs - logs.max())
    return float(weight[logs <= seen + SAME].sum() / weight.sum())


def _log_choose(size: int, taken: IntArray) -> FloatArray:
    made: FloatArray = gammaln(size + 1) - gammaln(taken + 1) - gammaln(size - taken + 1)
    return made
