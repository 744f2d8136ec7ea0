"""Standard curves of a run and what is read from them, for pages and pictures.

The numbers are those of ``qpcr standards`` with the method of the record's quantities (Ct at the
threshold where it has none): the same curves, made by the same function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from calibration.standard_curve import Interval, StandardCurve
from qpcr.qc import limits_of
from qpcr.quantities.measured import AT_THRESHOLD, measured, own_method
from qpcr.quantities.quantify import SampleQuantity, WellQuantity, quantify
from qpcr.quantities.target_curve import TargetCurve
from qpcr.run import Task

if TYPE_CHECKING:
    from qpcr.record import Record
    from qpcr.report.language import Language

BAND_POINTS = 41
"""Quantities at which the confidence band is computed."""
NO_TEMPLATE = (Task.STANDARD, Task.NTC)
"""Tasks whose samples have no quantity to be reported."""


@dataclass(frozen=True, slots=True)
class StandardLine:
    """The standard curve of a target with the reactions it was drawn through.

    Attributes
    ----------
    found
        The curve, or why there is none, and what speaks against it.
    rows
        Reactions that the line was drawn through.
    """

    found: TargetCurve
    rows: tuple[int, ...]

    @property
    def target(self) -> str:
        """Name of the target."""
        return self.found.target

    def band(self) -> list[tuple[float, Interval]]:
        """Quantities over the range of the standards, with the line's Ct and its limits there."""
        curve = self.found.curve
        if curve is None:
            return []
        places = np.geomspace(curve.low, curve.high, BAND_POINTS).tolist()
        return [(x, curve.cq_at(x)) for x in places]


@dataclass(frozen=True)
class PlateQuantities:
    """What a run's standards say: curves, and quantities by reaction and by sample.

    Attributes
    ----------
    lines
        One for every target with standards on the plate.
    wells
        One for every reaction of the run, in its order; empty where there are no standards.
    method
        Of the Cq that curves and quantities go by.
    """

    lines: tuple[StandardLine, ...]
    wells: tuple[WellQuantity, ...]
    samples: tuple[SampleQuantity, ...]
    method: str = AT_THRESHOLD

    @cached_property
    def drawn(self) -> tuple[tuple[StandardLine, StandardCurve], ...]:
        """Lines that could be fitted."""
        pairs = ((one, one.found.curve) for one in self.lines)
        return tuple((one, curve) for one, curve in pairs if curve is not None)


def standards(record: Record) -> PlateQuantities:
    """Curves of the targets with standards on the plate, and what is read from them."""
    if not any(one.task is Task.STANDARD for one in record.run.reactions):
        return PlateQuantities((), (), ())
    method = own_method(record)
    rows = measured(record, method=method)
    mine = {row.target for row in rows if row.task is Task.STANDARD}
    found = quantify(rows, limits=limits_of("efficiency", record.panel))
    lines = []
    for one in found.curves:
        if one.target in mine:
            used = [i for i, row in enumerate(rows) if row.target == one.target and row.calibrates]
            lines.append(StandardLine(one, tuple(used)))
    samples = tuple(
        one for one in found.samples if one.target in mine and one.task not in NO_TEMPLATE
    )
    return PlateQuantities(tuple(lines), found.wells, samples, method)


def read_from(found: PlateQuantities, t: Mapping[str, str]) -> str:
    """Which Cq curves and quantities are read from."""
    if found.method == AT_THRESHOLD:
        return t["standard_at_threshold"]
    return t["standard_by_method"].format(method=found.method)


def number(value: float | None) -> str:
    """Four significant digits or the whole number; empty for what is missing."""
    if value is None:
        return ""
    if value < 1e4:
        return f"{value:,.4g}"
    return f"{value:,.0f}" if value < 1e7 else f"{value:.3e}"


def share(value: float | None, missing: str = "–") -> str:
    """Efficiency in per cent."""
    return missing if value is None else f"{value:.1%}"


def line_text(line: StandardLine, curve: StandardCurve, t: Mapping[str, str]) -> str:
    """One curve as a line of text, with the interval of its efficiency."""
    limits = curve.efficiency_interval()
    efficiency = share(curve.efficiency)
    if limits is not None and limits.low is not None and limits.high is not None:
        efficiency = t["with_interval"].format(
            value=efficiency, low=share(limits.low), high=share(limits.high)
        )
    return t["standard_line"].format(
        target=line.target,
        slope=f"{curve.slope:.3f}",
        r2=f"{curve.r2:.4f}",
        efficiency=efficiency,
        low=number(curve.low),
        high=number(curve.high),
    )


def curve_rows(found: PlateQuantities, tongue: Language) -> list[dict[str, str | list[str]]]:
    """The curves as rows of a table, with the sentences that belong to them."""
    return [_curve_row(one, tongue) for one in found.lines]


def _curve_row(line: StandardLine, tongue: Language) -> dict[str, str | list[str]]:
    one, curve, t = line.found, line.found.curve, tongue.texts
    reason = [] if one.reason is None else [one.reason]
    row: dict[str, str | list[str]] = {
        "target": one.target,
        "said": tongue.say_all([*reason, *one.notes, *one.warnings()]),
    }
    if curve is None:
        return row

    def limits(found: Interval | None, form: str) -> str:
        if found is None or found.low is None or found.high is None:
            return ""
        return t["interval_value"].format(
            low=format(found.low, form), high=format(found.high, form)
        )

    efficiency = curve.efficiency_interval()
    return row | {
        "slope": f"{curve.slope:.3f}",
        "slope_limits": limits(curve.slope_interval(), ".3f"),
        "intercept": f"{curve.intercept:.2f}",
        "intercept_limits": limits(curve.intercept_interval(), ".2f"),
        "efficiency": share(curve.efficiency),
        "efficiency_limits": limits(efficiency, ".1%"),
        "r2": f"{curve.r2:.4f}",
        "r2_limits": limits(curve.r2_interval(), ".4f"),
        "sd": f"{curve.residual_sd:.3f}",
        "levels": t["levels_value"].format(levels=curve.levels, wells=curve.points),
        "range": t["interval_value"].format(low=number(curve.low), high=number(curve.high)),
        "linear": ""
        if one.linear is None
        else t["interval_value"].format(low=number(one.linear.low), high=number(one.linear.high)),
    }


def sample_rows(found: PlateQuantities, tongue: Language) -> list[dict[str, str]]:
    """Quantities of samples as rows of a table."""
    t, rows = tongue.texts, []
    for one in found.samples:
        q = one.quantity
        limits = ""
        if q is not None and q.low is not None and q.high is not None:
            limits = t["interval_value"].format(low=number(q.low), high=number(q.high))
        rows.append(
            {
                "sample": one.sample,
                "target": one.target,
                "task": t[f"task_{one.task}"],
                "wells": ", ".join((*one.wells, *one.wells_without_cq)),
                "cq": "" if one.mean_cq is None else f"{one.mean_cq:.2f}",
                "quantity": "" if q is None else number(q.value),
                "limits": limits,
                "reason": "" if one.reason is None else tongue.say(one.reason),
            }
        )
    return rows
