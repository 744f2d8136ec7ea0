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

from calibration.standard_curve import FEWEST_POINTS, fit_standard_curve
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
        levels = len({quantity for _, quantity, _ in points})
        if levels < max(limits["fewest_levels"], 2) or len(points) < FEWEST_POINTS:
            continue
        curve = fit_standard_curve([one for _, one, _ in points], [cq for *_, cq in points])
        slope, efficiency, r2 = curve.slope, curve.efficiency, curve.r2
        low, high = limits["lowest"], limits["highest"]
        value: float | None
        if efficiency is None or not low <= efficiency <= high:
            message, value = _unlike(target, wells(plate, rows), efficiency, slope), efficiency
            limit = low if efficiency is None or efficiency < low else high
        elif r2 < limits["least_r2"]:
            value, limit = r2, limits["least_r2"]
            message = say(
                "The standards of {target} ({wells}) scatter about their line (r² {r2:.3f}).",
                target=target, wells=wells(plate, rows), r2=r2,
            )  # fmt: skip
        else:
            continue
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(row for row, *_ in points),
            message,
            say(
                "Do not compute quantities with these standards. Check their dilution and the "
                "wells that stand off the line; make a fresh series."
            ),
            value=value,
            limit=limit,
            targets=(target,),
        )


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
