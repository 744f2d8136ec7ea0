"""Numbers and tests in words."""

from __future__ import annotations

import math

from qpcr.cohort.logrank import Test
from qpcr.said import Said, say


def p_text(p: float | None) -> str:
    """P as papers print it."""
    if p is None or math.isnan(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def percent(value: float, digits: int = 1) -> str:
    """A share as per cent; a dash where it is not known."""
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f}"


def tested_words(test: Test | None, incidence: bool) -> Said:
    """The test of all groups as a sentence."""
    if test is None:
        return say("There are no two groups to compare.")
    values = {"x": test.statistic, "df": test.df, "p": p_text(test.p)}
    if incidence:
        return say("Gray's test: χ² = {x:.3f}, df = {df}, P = {p}; death competes.", **values)
    return say("Log-rank test: χ² = {x:.3f}, df = {df}, P = {p}", **values)
