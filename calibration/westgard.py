"""Levey-Jennings charts and Westgard's rules for control values run after run.

Westgard 1981 (Clin Chem 27:493-501). z = (value − mean)/SD with a mean and SD fixed beforehand from
at least 20 runs; a value exactly at a limit does not exceed it. The values that the limits come
from are judged too, each by those before it (:mod:`calibration.start_up`).

========  =========================================================  ==========
rule      what                                                       meaning
========  =========================================================  ==========
1-2s      one value beyond 2 SD                                      warning
1-3s      one value beyond 3 SD                                      reject
2-2s      two consecutive values beyond the same 2 SD limit          reject
R-4s      of two consecutive values one above +2 SD, one below −2    reject
4-1s      four consecutive values beyond the same 1 SD limit         reject
10x       ten consecutive values on one side of the mean             reject
7T        seven consecutive values, each above (or below) the last   reject
========  =========================================================  ==========

7T is a rule that Westgard's later tables list for trends; without any, seven values rise or fall by
chance with probability 2/7! = 0.0004. It looks at the values, not at limits. Slow drift is seen by
:mod:`calibration.cusum`.

R-4s is meant for two controls of one run; on a chart of one control it is applied to consecutive
runs, as is usual where there is only one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from calibration.cusum import Cusum, cusum
from calibration.errors import CalibrationError
from calibration.start_up import in_sd, mean_and_sd, start_up
from calibration.stated import state

LARGEST = 1e100
"""Beyond, no value of a control can lie, and squares would be no numbers."""
FEWEST = 20
"""Values that limits should come from (DOMAIN: low-positive control)."""

RULES = ("1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x", "7T")
TREND = 7
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
    values
        In order of time.
    z
        Their distance from the mean in SD; of those that the limits come from, the Q statistic,
        ``None`` for the first two.
    violations
        In order of the value at which they are noticed.
    sums
        Cumulative sums of `z` where limits were given, else of the Q statistics of all values:
        limits from 20 values are too rough for them (of 120 values in control, sums of z raise an
        alarm in 48 of 100 charts, those of Q in 21, exact limits in 23; simulated).
    """

    mean: float
    sd: float
    baseline: int
    provisional: bool
    values: tuple[float, ...]
    z: tuple[float | None, ...]
    violations: tuple[Violation, ...]
    sums: Cusum

    def rules(self, place: int) -> list[str]:
        """Rules that are noticed as broken at a value."""
        return [one.rule for one in self.violations if one.places[-1] == place]

    @property
    def rejected(self) -> list[str]:
        """Rules that the newest value breaks and that reject it."""
        return [rule for rule in self.rules(len(self.values) - 1) if rule not in WARNING]

    @property
    def spoilt(self) -> list[int]:
        """Places of the values that the limits come from although they broke a rule."""
        broken = {one.places[-1] for one in self.violations if one.rejects}
        return [place for place in range(self.baseline) if place in broken]


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
        Without them: how many of the first values make the limits, which then stay. While there
        are fewer, all of them do.

    Raises
    ------
    CalibrationError
        Values that are not finite, one of `mean` and `sd` alone, or too few values.
    """
    if not all(abs(value) <= LARGEST for value in values):
        raise CalibrationError(state("control values must be finite numbers"))
    if (mean is None) != (sd is None):
        raise CalibrationError(state("mean and SD belong together: give both or neither"))
    used = 0
    if mean is None or sd is None:
        used = min(baseline, len(values))
        if used < 3:
            raise CalibrationError(
                state("limits need values: {used} are too few, {usual} usual",
                      used=used, usual=FEWEST)
            )  # fmt: skip
        mean, sd = mean_and_sd(values[:used])
        if min(values) == max(values):
            raise CalibrationError(
                state("all values are the same: there is no scatter to make limits of")
            )
    elif not sd > 0:
        raise CalibrationError(state("the SD of a control must be positive, not {sd:g}", sd=sd))
    if not (math.isfinite(sd) and math.isfinite(mean)):
        raise CalibrationError(state("values so far apart make no limits"))
    early = start_up(values) if used else []
    z = (*early[:used], *(in_sd(value - mean, sd) for value in values[used:]))
    found = violations(z, values)
    return Chart(mean, sd, used, 0 < used < FEWEST, tuple(values), z, found, cusum(early or z))


def violations(
    z: Sequence[float | None], values: Sequence[float] | None = None
) -> tuple[Violation, ...]:
    """Broken rules of a series, each rule at each value at which it is noticed.

    Parameters
    ----------
    z
        Distances from the mean in SD; ``None`` breaks no rule, and ends any row of values.
    values
        The values themselves, for trends; by default those of `z`.
    """
    found = []
    for i, one in enumerate(z):
        if one is not None:
            if abs(one) > 2:
                found.append(Violation("1-2s", (i,)))
            if abs(one) > 3:
                found.append(Violation("1-3s", (i,)))
            if _same(z, i, 2, 2):
                found.append(Violation("2-2s", (i - 1, i)))
            before = z[i - 1] if i else None
            if before is not None and min(one, before) < -2 and max(one, before) > 2:
                found.append(Violation("R-4s", (i - 1, i)))
            if _same(z, i, 4, 1):
                found.append(Violation("4-1s", tuple(range(i - 3, i + 1))))
            if _same(z, i, 10, 0):
                found.append(Violation("10x", tuple(range(i - 9, i + 1))))
        if _trend(z if values is None else values, i):
            found.append(Violation("7T", tuple(range(i - TREND + 1, i + 1))))
    return tuple(found)


def _same(z: Sequence[float | None], last: int, count: int, limit: float) -> bool:
    """Whether `count` values up to `last` all lie beyond the same limit."""
    part = [one for one in z[max(last - count + 1, 0) : last + 1] if one is not None]
    if len(part) < count:
        return False
    return all(one > limit for one in part) or all(one < -limit for one in part)


def _trend(values: Sequence[float | None], last: int) -> bool:
    """Whether seven values up to `last` rise, or fall, from each to the next."""
    part = [one for one in values[max(last - TREND + 1, 0) : last + 1] if one is not None]
    steps = [b - a for a, b in pairwise(part)]
    return len(part) == TREND and (all(s > 0 for s in steps) or all(s < 0 for s in steps))
