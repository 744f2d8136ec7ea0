"""Baseline characteristics by group: counts, means, and the tests of the study beside better ones.

χ² has no continuity correction, as in the study. Where expected counts are small, Fisher's exact
test is preferred; where a number is skewed in small groups or spreads differently, Kruskal and
Wallis's. Both are given, and which is preferred is said.

References
----------
Shapiro SS, Wilk MB. Biometrika 1965;52:591-611. doi:10.1093/biomet/52.3-4.591.
Brown MB, Forsythe AB. J Am Stat Assoc 1974;69:364-367. doi:10.1080/01621459.1974.10482955.
Kruskal WH, Wallis WA. J Am Stat Assoc 1952;47:583-621. doi:10.1080/01621459.1952.10483441.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.cohort.contingency import contingency
from qpcr.cohort.exact import exact_p
from qpcr.said import Said, say

SMALL_GROUP, NOT_NORMAL = 30, 0.05
"""Below so many patients a group, or P of normality or of equal spread, ranks are preferred."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One group's part of a feature: how many have it, of how many known, how many are not."""

    have: int
    known: int
    missing: int

    @property
    def percent(self) -> float | None:
        """Of those known."""
        return 100.0 * self.have / self.known if self.known else None


@dataclass(frozen=True, slots=True)
class Measured:
    """One group's part of a number; ``None`` where too few are known."""

    known: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the table.

    Attributes
    ----------
    name
        Of the feature or field.
    cells
        One a group.
    test, statistic, df, p
        ``"χ²"`` or ``"F"``; ``None`` where it cannot be made.
    other, other_p
        ``"Fisher"`` or ``"Kruskal-Wallis"``, and its P.
    preferred
        Why the other one is preferred; ``None``: it is not.
    """

    name: str
    cells: tuple[Counted, ...] | tuple[Measured, ...]
    test: str
    statistic: float | None
    df: tuple[int, ...]
    p: float | None
    other: str
    other_p: float | None
    preferred: Said | None


def compare_feature(name: str, has: FloatArray, group: IntArray, groups: int) -> Compared:
    """Compare how frequent a feature is.

    Parameters
    ----------
    name
        Of the feature.
    has
        (n,) 1, 0, or NaN: not known.
    group
        (n,) −1: in none.
    groups
        How many there are.
    """
    cells = []
    for one in range(groups):
        values = has[group == one]
        known = values[np.isfinite(values)]
        cells.append(Counted(int(known.sum()), len(known), len(values) - len(known)))
    filled = [one for one in cells if one.known]
    if len(filled) < 2:
        return Compared(name, tuple(cells), "χ²", None, (0,), None, "Fisher", None, None)
    have, of = [one.have for one in filled], [one.known for one in filled]
    test = contingency(have, of)
    rare = test.small and test.statistic is not None
    exact = exact_p(have, of) if rare or len(filled) == 2 else None
    preferred = say("expected counts are small: Fisher's exact test is preferred") if rare else None
    return Compared(
        name, tuple(cells), "χ²", test.statistic, (test.df,), test.p, "Fisher", exact, preferred
    )


def compare_number(name: str, values: FloatArray, group: IntArray, groups: int) -> Compared:
    """Compare means.

    Parameters
    ----------
    name
        Of the field.
    values
        (n,) NaN: not known.
    group, groups
        As for :func:`compare_feature`.
    """
    from scipy.stats import f_oneway, kruskal

    parts = [values[(group == one) & np.isfinite(values)] for one in range(groups)]
    cells = tuple(
        _measured(part, int((group == one).sum()) - len(part)) for one, part in enumerate(parts)
    )
    told = [part for part in parts if len(part) > 1]
    pooled = np.concatenate([part - part.mean() for part in told]) if told else np.zeros(0)
    if len(told) < 2 or not np.abs(pooled).max(initial=0.0) > 0:
        return Compared(name, cells, "F", None, (0, 0), None, "Kruskal-Wallis", None, None)
    f, p = (float(one) for one in f_oneway(*told))
    ranks = float(kruskal(*told)[1])
    df = len(told) - 1, len(pooled) - len(told)
    return Compared(
        name, cells, "F", f, df, p, "Kruskal-Wallis", ranks, _rather_ranks(told, pooled)
    )


def _rather_ranks(parts: Sequence[FloatArray], pooled: FloatArray) -> Said | None:
    """Why ranks are to be preferred to means; ``None``: they are not."""
    from scipy.stats import levene, shapiro

    smallest = min(len(part) for part in parts)
    if float(levene(*parts, center="median")[1]) < NOT_NORMAL:
        return say("groups spread differently: the Kruskal-Wallis test is preferred")
    if smallest < SMALL_GROUP and 3 <= len(pooled) <= 5000:
        normal = float(shapiro(pooled)[1])
        if normal < NOT_NORMAL:
            return say("not normal, and groups are small: the Kruskal-Wallis test is preferred")
    return None


def _measured(part: FloatArray, missing: int) -> Measured:
    if not len(part):
        return Measured(0, missing, None, None, None, None, None)
    sd = float(part.std(ddof=1)) if len(part) > 1 else None
    ends = float(part.min()), float(part.max())
    return Measured(len(part), missing, float(part.mean()), sd, float(np.median(part)), *ends)
