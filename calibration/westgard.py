"""Levey-Jennings charts and Westgard's rules for control values run after run.

Westgard 1981 (Clin Chem 27:493-501). z = (value − mean)/SD with a mean and SD fixed beforehand from
at least 20 runs; a value exactly at a limit does not exceed it.

========  =========================================================  ==========
rule      what                                                       meaning
========  =========================================================  ==========
1-2s      one value beyond 2 SD                                      warning
1-3s      one value beyond 3 SD                                      reject
2-2s      two consecutive values beyond the same 2 SD limit          reject
R-4s      of two consecutive values one above +2 SD, one below −2    reject
4-1s      four consecutive values beyond the same 1 SD limit         reject
10x       ten consecutive values on one side of the mean             reject
========  =========================================================  ==========

R-4s is meant for two controls of one run; on a chart of one control it is applied to consecutive
runs, as is usual where there is only one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.errors import CalibrationError
from calibration.stated import state

FEWEST = 20
"""Values that limits should come from (DOMAIN: low-positive control)."""

RULES = ("1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x")
WARNING = frozenset({"1-2s"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, and the 0-based places of the values that break it.

    The last of them is the value at which it is noticed.
    """

    rule: str
    places: tuple[int, ...]

    @property
    def rejects(self) -> bool:
        """The run is rejected; otherwise a warning."""
        return self.rule not in WARNING


@dataclass(frozen=True, slots=True)
class Chart:
    """Values against limits.

    Attributes
    ----------
    mean, sd
        The limits' origin and unit.
    baseline
        Number of values they come from; 0 where they were given.
    provisional
        They come from fewer than 20 values.
    values, z
        The values in order of time, and their distance from the mean in SD.
    violations
        In order of the value at which they are noticed.
    """

    mean: float
    sd: float
    baseline: int
    provisional: bool
    values: tuple[float, ...]
    z: tuple[float, ...]
    violations: tuple[Violation, ...]


def chart(
    values: Sequence[float],
    mean: float | None = None,
    sd: float | None = None,
    baseline: int = FEWEST,
) -> Chart:
    """Judge values in order of time.

    Parameters
    ----------
    values
        The values.
    mean, sd
        Limits fixed beforehand, both or neither.
    baseline
        Without them: how many of the first values make the limits. These are judged too, by limits
        they took part in, which is mild.

    Raises
    ------
    CalibrationError
        Values that are not finite, one of `mean` and `sd` alone, or too few values.
    """
    if not all(math.isfinite(value) for value in values):
        raise CalibrationError(state("control values must be finite numbers"))
    if (mean is None) != (sd is None):
        raise CalibrationError(state("mean and SD belong together: give both or neither"))
    used = 0
    if mean is None or sd is None:
        used = min(baseline, len(values))
        if used < 3:
            raise CalibrationError(
                state(
                    "limits need values: {used} are too few, {usual} usual",
                    used=used,
                    usual=FEWEST,
                )
            )
        mean, sd = float(np.mean(values[:used])), float(np.std(values[:used], ddof=1))
    if not (sd > 0 and math.isfinite(sd) and math.isfinite(mean)):
        raise CalibrationError(state("the SD of a control must be positive, not {sd:g}", sd=sd))
    z = [(value - mean) / sd for value in values]
    provisional = 0 < used < FEWEST
    return Chart(mean, sd, used, provisional, tuple(values), tuple(z), violations(z))


def violations(z: Sequence[float]) -> tuple[Violation, ...]:
    """Broken rules of a series of z values, each rule at each value at which it is noticed."""
    found = []
    for i, one in enumerate(z):
        if abs(one) > 2:
            found.append(Violation("1-2s", (i,)))
        if abs(one) > 3:
            found.append(Violation("1-3s", (i,)))
        if _same(z, i, 2, 2):
            found.append(Violation("2-2s", (i - 1, i)))
        if i and min(one, z[i - 1]) < -2 and max(one, z[i - 1]) > 2:
            found.append(Violation("R-4s", (i - 1, i)))
        if _same(z, i, 4, 1):
            found.append(Violation("4-1s", tuple(range(i - 3, i + 1))))
        if _same(z, i, 10, 0):
            found.append(Violation("10x", tuple(range(i - 9, i + 1))))
    return tuple(found)


def _same(z: Sequence[float], last: int, count: int, limit: float) -> bool:
    """Whether `count` values up to `last` all lie beyond the same limit."""
    part = z[max(last - count + 1, 0) : last + 1]
    if len(part) < count:
        return False
    return all(one > limit for one in part) or all(one < -limit for one in part)
