"""Replicates disagree: in their Ct, or in whether they amplify at all.

The spread of n replicates is √2 times their standard deviation: for two of them that is the
difference of their Ct, so one limit serves any number. Few template molecules spread by chance
alone: N of them by 1/(√N ln 2) cycles (Poisson, at doubling), N = 2^(C₁ − Ct) with C₁ the Ct of a
single molecule. Twice that is allowed on top of the limit (as variances).

Limits
    ``largest_cq_difference``: largest spread of replicates with many molecules. Duplicates with a
    standard deviation of 0.2 differ by less than 1.96 · √2 · 0.2 = 0.55 in 95 % of cases.
    ``quantitative_below_cq``: replicates with a later mean Ct are only held to amplify or not.
    ``single_copy_cq``: C₁.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, cutoff_of, fitted_cq, grows, rows_of, sample_of, target_of, wells
from qpcr.said import say

NAME = "replicates"
CHANCE = 2.0
"""How many standard deviations of chance are allowed."""


def allowed(mean_cq: float, limits: Limits) -> float:
    """Largest spread of replicates at a mean Ct."""
    chance = 1.0 / (math.sqrt(2.0 ** (limits["single_copy_cq"] - mean_cq)) * math.log(2.0))
    return math.hypot(limits["largest_cq_difference"], math.sqrt(2.0) * CHANCE * chance)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    rows = rows_of(plate, Part.SAMPLE, Part.STANDARD, Part.POSITIVE)
    groups = grouped(rows, lambda row: (sample_of(plate, row), target_of(plate, row)))
    for (sample, target), mine in groups.items():
        if len(mine) < 2:
            continue
        cqs = {row: cq for row in mine if (cq := _counted(plate, row)) is not None}
        silent = [row for row in mine if row not in cqs]
        if cqs and silent:
            yield Finding(
                NAME,
                Severity.WARNING,
                tuple(mine),
                say(
                    "Replicates disagree: {sample}, {target} is positive in {wells}, not in "
                    "{silent}.",
                    sample=sample,
                    target=target,
                    wells=wells(plate, list(cqs)),
                    silent=wells(plate, silent),
                ),
                say(
                    "Look at the curves. Repeat the sample in more wells: few copies, or a "
                    "pipetting error."
                ),
            )
            continue
        if len(cqs) < 2:
            continue
        mean = float(np.mean(list(cqs.values())))
        spread = math.sqrt(2.0) * float(np.std(list(cqs.values()), ddof=1))
        limit = allowed(mean, limits)
        if mean < limits["quantitative_below_cq"] and spread > limit:
            low, high = min(cqs.values()), max(cqs.values())
            yield Finding(
                NAME,
                Severity.WARNING,
                tuple(cqs),
                say(
                    "Replicates spread: {sample}, {target} has Ct {low:.2f} to {high:.2f} in "
                    "{wells}.",
                    sample=sample,
                    target=target,
                    low=low,
                    high=high,
                    wells=wells(plate, list(cqs)),
                ),
                say(
                    "Look for a bubble, a bad seal or a pipetting error in these wells; repeat the "
                    "sample if its quantity matters."
                ),
                value=spread,
                limit=limit,
            )


def _counted(plate: Plate, row: int) -> float | None:
    """Ct of a reaction that counts as amplified."""
    cq, cutoff = fitted_cq(plate, row), cutoff_of(plate, row)
    good = cq is not None and grows(plate, row) and (cutoff is None or cq < cutoff)
    return cq if good else None


RULE = Rule(
    name=NAME,
    describes="Replicates of a sample agree.",
    severity=Severity.WARNING,
    limits={"largest_cq_difference": 0.55, "quantitative_below_cq": 33.0, "single_copy_cq": 37.0},
    needs_panel=False,
    check=_check,
)
