"""The efficiency of a target, from its standards on this plate, lies outside its range.

The line is the one quantities are read from: :func:`calibration.standard_curve.fit_standard_curve`
through every standard that states a positive quantity, has a Ct and was not omitted. Targets with
too few levels are left out.

Limits
    ``lowest``, ``highest``: between these the efficiency must lie.
    ``least_r2``: of the line.
    ``fewest_levels``: different quantities with a Ct.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calibration.standard_curve import FEWEST_POINTS, StandardCurve, fit_standard_curve
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, fitted_cq, rows_of, target_of, wells
from qpcr.said import Said, say

NAME = "efficiency"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    for target, rows in grouped(
        rows_of(plate, Part.STANDARD), lambda row: target_of(plate, row)
    ).items():
        points = [
            (row, quantity, cq)
            for row in rows
            if (quantity := plate.run.reactions[row].quantity) is not None
            and quantity > 0
            and (cq := fitted_cq(plate, row)) is not None
        ]
        if len(points) < FEWEST_POINTS or len({quantity for _, quantity, _ in points}) < 2:
            continue
        curve = fit_standard_curve([one for _, one, _ in points], [cq for *_, cq in points])
        fault = _fault(curve, limits)
        if fault is None:
            continue
        if fault.scatter:
            message = say(
                "The standards of {target} ({wells}) scatter about their line (r² {r2:.3f}).",
                target=target, wells=wells(plate, rows), r2=curve.r2,
            )  # fmt: skip
        else:
            message = _unlike(target, wells(plate, rows), curve.efficiency, curve.slope)
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(row for row, *_ in points),
            message,
            _remedy(),
            value=fault.value,
            limit=fault.limit,
            targets=(target,),
        )


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a line: its scatter, or else its efficiency."""

    value: float | None
    limit: float
    scatter: bool


def _fault(curve: StandardCurve, limits: Limits) -> _Fault | None:
    """Judge a line; ``None``: nothing is wrong, or there are too few levels to tell."""
    efficiency, low, high = curve.efficiency, limits["lowest"], limits["highest"]
    if curve.levels < limits["fewest_levels"]:
        return None
    if efficiency is None or not low <= efficiency <= high:
        limit = low if efficiency is None or efficiency < low else high
        return _Fault(efficiency, limit, scatter=False)
    if curve.r2 < limits["least_r2"]:
        return _Fault(curve.r2, limits["least_r2"], scatter=True)
    return None


def _remedy() -> Said:
    return say(
        "Do not compute quantities with these standards. Check their dilution and the "
        "wells that stand off the line; make a fresh series."
    )


def judgement(target: str, curve: StandardCurve, limits: Limits) -> Said | None:
    """What this rule says against a standard curve, for whoever shows the curve.

    Parameters
    ----------
    limits
        Of this rule: its own, or a panel's.

    Returns
    -------
    Said or None
        ``None``: nothing.
    """
    fault = _fault(curve, limits)
    if fault is None:
        return None
    if fault.scatter:
        return say(
            "The standards of {target} scatter about their line: r² is {r2:.3f}, {least:g} is "
            "wanted. {remedy}",
            target=target, r2=curve.r2, least=fault.limit, remedy=_remedy(),
        )  # fmt: skip
    if fault.value is None:
        return say(
            "The standards of {target} give no efficiency: their slope is {slope:.2f}. {remedy}",
            target=target, slope=curve.slope, remedy=_remedy(),
        )  # fmt: skip
    return say(
        "The standards of {target} give an efficiency of {efficiency:.1%}; {low:.0%} to {high:.0%} "
        "is wanted. {remedy}",
        target=target, efficiency=fault.value, low=limits["lowest"], high=limits["highest"],
        remedy=_remedy(),
    )  # fmt: skip


def _unlike(target: str, where: str, efficiency: float | None, slope: float) -> Said:
    """The sentence about an efficiency that is none, or outside its range."""
    if efficiency is None:
        return say(
            "The standards of {target} ({wells}) give no efficiency (slope {slope:.2f}).",
            target=target, wells=where, slope=slope,
        )  # fmt: skip
    return say(
        "The standards of {target} ({wells}) give an efficiency of {efficiency:.0%} (slope "
        "{slope:.2f}).",
        target=target, wells=where, efficiency=efficiency, slope=slope,
    )  # fmt: skip


RULE = Rule(
    name=NAME,
    describes="Standards lie on a line whose slope tells of nearly doubling.",
    severity=Severity.WARNING,
    limits={"lowest": 0.9, "highest": 1.1, "least_r2": 0.98, "fewest_levels": 3.0},
    needs_panel=False,
    check=_check,
)
