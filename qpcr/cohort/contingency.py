"""Counts in groups: Pearson's χ² without continuity correction, and Fisher's test where it is due.

References
----------
Pearson K. Philos Mag 1900;50:157-175. doi:10.1080/14786440009463897.
Fisher RA. J R Stat Soc 1922;85:87-94. doi:10.2307/2340521.
Cochran WG. Biometrics 1954;10:417-451. doi:10.2307/3001616 (when χ² may be used).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import FloatArray

SMALL, SHARE = 5.0, 0.2
"""Cochran: χ² holds where at most this share of expected counts is below 5, and none below 1."""


@dataclass(frozen=True, slots=True)
class Contingency:
    """A feature counted in groups, and the tests of independence.

    Attributes
    ----------
    statistic, df, p
        Pearson's χ² without continuity correction; ``None`` where a margin is empty.
    fisher_p
        Fisher's exact test, two-sided; ``None`` for tables other than 2 × 2.
    small
        Expected counts are too small for χ².
    """

    statistic: float | None
    df: int
    p: float | None
    fisher_p: float | None
    small: bool


def contingency(have: Sequence[int], of: Sequence[int]) -> Contingency:
    """Test whether groups share one proportion.

    Parameters
    ----------
    have
        How many of each of G ≥ 2 groups have the feature.
    of
        How many are in each group.

    Raises
    ------
    ValueError
        Counts are negative, larger than their group, or of fewer than two groups.
    """
    yes, total = np.asarray(have, dtype=np.int64), np.asarray(of, dtype=np.int64)
    if yes.shape != total.shape or yes.ndim != 1 or len(yes) < 2:
        raise ValueError("a count and a total for each of two or more groups")
    if (yes < 0).any() or (yes > total).any():
        raise ValueError("a count lies between 0 and its group's size")
    return independence(np.array([yes, total - yes], dtype=np.float64))


def independence(table: FloatArray) -> Contingency:
    """Test a table of counts (features, groups) for independence."""
    from scipy.stats import chi2, fisher_exact

    rows, columns = table.sum(axis=1), table.sum(axis=0)
    df = (len(rows) - 1) * (len(columns) - 1)
    exact = None
    if table.shape == (2, 2):
        exact = float(fisher_exact(table.astype(np.int64))[1])
    if (rows == 0).any() or (columns == 0).any():
        return Contingency(None, df, None, exact, True)
    expected = np.outer(rows, columns) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    small = bool((expected < SMALL).mean() > SHARE or (expected < 1.0).any())
    return Contingency(statistic, df, float(chi2.sf(statistic, df)), exact, small)
