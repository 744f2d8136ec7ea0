"""The vendor's installation test (:mod:`calibration.installation`) on the samples of a plate."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from calibration.errors import CalibrationError
from calibration.installation import FEWEST_WELLS, NOMINAL, Separation, separation
from qpcr._lists import grouped
from qpcr.quantities.quantify import Quantities, WellQuantity
from qpcr.run import Task
from qpcr.said import Said, as_said, say


@dataclass(frozen=True, slots=True)
class Installation:
    """The test of a target on a plate.

    Attributes
    ----------
    low, high
        Names of the two populations.
    task
        What their wells are: unknowns, as the test wants, or standards where there are none.
    result
        ``None`` where `message` says why the test could not be made.
    """

    file: str
    target: str
    low: str | None
    high: str | None
    task: Task
    result: Separation | None
    message: Said


def is_rnase_p(target: str) -> bool:
    """Whether a target is the vendor's RNase P, however it is spelled.

    >>> is_rnase_p("RNase P TAMRA"), is_rnase_p("rnasep"), is_rnase_p("RNase H")
    (True, True, False)
    """
    return "rnasep" in re.sub(r"[\s_\-]", "", target).casefold()


def installation_tests(found: Quantities, every: bool = False) -> tuple[Installation, ...]:
    """Test RNase P targets of every plate; with `every`, any target with two populations.

    Unknowns with three wells or more are populations. Of two, these are compared; of more, those
    whose means come nearest to 5,000 and 10,000 copies. The standards of 5,000 and 10,000 copies
    are tested beside them, where the plate has them: of wells that made the curve, so milder.
    """
    made = []
    for (file, target), rows in grouped(
        found.wells, lambda one: (one.measured.file, one.measured.target)
    ).items():
        if not every and not is_rnase_p(target):
            continue
        made.append(_unknowns(file, target, rows))
        standards = [row for row in rows if row.measured.task is Task.STANDARD]
        at = {
            f"{nominal:g}": [r for r in standards if math.isclose(r.measured.stated or 0, nominal)]
            for nominal in NOMINAL
        }
        if all(len(_copies(one)) >= FEWEST_WELLS for one in at.values()):
            made.append(_tested(file, target, at, Task.STANDARD))
    bad = {(one.file, one.target) for one in found.curves if one.judgement is not None}
    return tuple(_beside(one) if (one.file, one.target) in bad else one for one in made)


def _beside(one: Installation) -> Installation:
    """The same test, with what it does not answer: its curve has a warning."""
    if one.result is None:
        return one
    message = say(
        "{message} The test asks whether two populations are told apart, not whether their copies "
        "are right: see the warning about the curve.",
        message=one.message,
    )
    return replace(one, message=message)


def _copies(rows: list[WellQuantity]) -> list[float]:
    return [row.quantity.value for row in rows if row.quantity is not None]


def _unknowns(file: str, target: str, rows: list[WellQuantity]) -> Installation:
    part = [row for row in rows if row.measured.task is Task.UNKNOWN and row.measured.sample]
    groups = grouped(part, lambda row: row.measured.sample or "")
    able = {name: mine for name, mine in groups.items() if len(_copies(mine)) >= FEWEST_WELLS}
    if len(able) < 2:
        message = say(
            "Installation test not possible: it needs two populations of unknowns with "
            "{wells} wells or more that have a quantity; there are {count}.",
            wells=FEWEST_WELLS,
            count=len(able),
        )
        return Installation(file, target, None, None, Task.UNKNOWN, None, message)
    chosen = [min(able, key=lambda name: _distance(able[name], NOMINAL[1]))]
    rest = [name for name in able if name not in chosen]
    chosen.append(min(rest, key=lambda name: _distance(able[name], NOMINAL[0])))
    return _tested(file, target, {name: able[name] for name in chosen}, Task.UNKNOWN)


def _distance(rows: list[WellQuantity], nominal: float) -> float:
    """Distance of a population's mean from a nominal number of copies, in logs."""
    return abs(math.log(_mean(rows) / nominal))


def _mean(rows: list[WellQuantity]) -> float:
    """Mean copies of the wells that have a quantity; those left out do not count."""
    copies = _copies(rows)
    return sum(copies) / len(copies)


def _tested(
    file: str, target: str, groups: dict[str, list[WellQuantity]], task: Task
) -> Installation:
    low, high = sorted(groups, key=lambda name: _mean(groups[name]))
    silent = [r.measured.well for one in groups.values() for r in one if _silent(r)]
    try:
        result = separation(_copies(groups[low]), _copies(groups[high]))
    except CalibrationError as error:
        message = say("Installation test not possible: {why}.", why=as_said(error.reason))
        return Installation(file, target, low, high, task, None, message)
    if silent:
        message = say(
            "Installation test failed: wells without a quantity ({wells}).",
            wells=", ".join(silent),
        )
        return Installation(file, target, low, high, task, None, message)
    return Installation(file, target, low, high, task, result, _message(low, high, task, result))


def _silent(row: WellQuantity) -> bool:
    """A well without a quantity that nobody left out."""
    return row.quantity is None and row.measured.omitted is None


def _message(low: str, high: str, task: Task, result: Separation) -> Said:
    values = {
        "verdict": "passed" if result.passed else "failed",
        "low": low,
        "high": high,
        "mean_low": result.low.mean,
        "mean_high": result.high.mean,
        "bottom": result.lower_of_high,
        "top": result.upper_of_low,
        "out": len(result.low.omitted) + len(result.high.omitted),
    }
    if task is Task.STANDARD:
        return say(
            "The same test on the standards, milder since they made the curve: {verdict}: "
            "{mean_high:,.0f} copies − 3 SD = {bottom:,.0f}, {mean_low:,.0f} copies + 3 SD = "
            "{top:,.0f}; {out} wells left out.",
            **values,
        )
    if result.nominal:
        return say(
            "Installation test {verdict} (unknowns {low} and {high}): {mean_high:,.0f} copies "
            "− 3 SD = {bottom:,.0f}, {mean_low:,.0f} copies + 3 SD = {top:,.0f}; {out} wells left "
            "out.",
            **values,
        )
    return say(
        "Told apart at 3 SD: {verdict} (unknowns {low} and {high}): {mean_high:,.0f} copies − 3 SD "
        "= {bottom:,.0f}, {mean_low:,.0f} copies + 3 SD = {top:,.0f}; {out} wells left out. The "
        "vendor's test is for 5,000 and 10,000 copies, which these are not.",
        **values,
    )
