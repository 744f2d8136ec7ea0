"""What can be computed from one run: standard curves, replicates, controls, outliers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.standard_curve import Interval, StandardCurve
from qpcr._lists import grouped, listed
from qpcr.findings import Severity
from qpcr.quantities.measured import Measured, measured, own_method
from qpcr.quantities.quantify import Quantities, quantify
from qpcr.quantities.target_curve import TargetCurve
from qpcr.record import Record
from qpcr.run import Task


def computed(record: Record) -> dict[str, list[str]]:
    """Answers by item; an item without an answer is left out."""
    rows = measured(record, method=own_method(record))
    found = quantify(rows)
    curves = [(one, one.curve) for one in found.curves if one.curve is not None]
    answers = {
        "calibration": [_line(one.target, curve) for one, curve in curves],
        "efficiency": [
            f"{one.target}: {curve.efficiency:.1%}" for one, curve in curves if curve.efficiency
        ],
        "efficiency_interval": [
            f"{one.target}: {_interval(interval, percent=True)}"
            for one, curve in curves
            if (interval := curve.efficiency_interval()) is not None
        ],
        "r2": [f"{one.target}: {curve.r2:.5f}" for one, curve in curves],
        "dynamic_range": [_range(one) for one, _ in curves if one.linear is not None],
        "intervals_range": [_band(one.target, curve) for one, curve in curves],
        "variation_low": _lowest(rows),
        "multiplex": _multiplex(rows, curves),
        "ntc": _controls(measured(record)),
        "outliers": _outliers(record, found),
        "technical_replicates": _replicates(rows),
        "repeatability": _repeatability(rows),
        "quantities": _quantities(found),
    }
    return {item: texts for item, texts in answers.items() if texts}


def _interval(interval: Interval, percent: bool = False) -> str:
    def text(value: float | None) -> str:
        if value is None:
            return "unbounded"
        return f"{value:.1%}" if percent else f"{value:.4g}"

    return f"{text(interval.value)} ({text(interval.low)} to {text(interval.high)}, 95 %)"


def _line(target: str, curve: StandardCurve) -> str:
    return (
        f"{target}: slope {_interval(curve.slope_interval())}, intercept "
        f"{_interval(curve.intercept_interval())}; {curve.points} wells at {curve.levels} levels"
    )


def _range(one: TargetCurve) -> str:
    if one.linear is None:
        return ""
    return (
        f"{one.target}: {one.linear.low:g} to {one.linear.high:g} ({one.linear.levels} levels on a "
        "line)"
    )


def _band(target: str, curve: StandardCurve) -> str:
    parts = (
        f"quantity {quantity:g}: Ct {_interval(curve.prediction_at(quantity))}"
        for quantity in (curve.low, curve.high)
    )
    return f"{target}, one well: {'; '.join(parts)}"


def _sd(rows: Sequence[Measured]) -> tuple[float | None, int]:
    """Standard deviation of the Ct there are, and their number."""
    cqs = [row.cq for row in rows if row.cq is not None and row.omitted is None]
    return (float(np.std(cqs, ddof=1)) if len(cqs) > 1 else None), len(cqs)


def _lowest(rows: Sequence[Measured]) -> list[str]:
    """Scatter of the lowest standard of each target."""
    lines = []
    standards = [row for row in rows if row.task is Task.STANDARD and row.stated]
    for target, mine in grouped(standards, lambda row: row.target).items():
        low = min(row.stated or 0.0 for row in mine)
        inside = [row for row in mine if row.stated == low and row.omitted is None]
        sd, count = _sd(inside)
        if sd is not None:
            lines.append(
                f"{target}: SD {sd:.3f} cycles at {low:g} ({count} of {len(inside)} wells with Ct)"
            )
    return lines


def _multiplex(
    rows: Sequence[Measured], curves: Sequence[tuple[TargetCurve, StandardCurve]]
) -> list[str]:
    """Efficiency of each assay where wells hold several."""
    several = {
        row.target
        for mine in grouped(rows, lambda row: row.well).values()
        if len({row.target for row in mine}) > 1
        for row in mine
    }
    return [
        f"{one.target}: efficiency {curve.efficiency:.1%}"
        for one, curve in curves
        if one.target in several and curve.efficiency
    ]


def _controls(rows: Sequence[Measured]) -> list[str]:
    lines = []
    controls = [row for row in rows if row.task is Task.NTC]
    for target, mine in grouped(controls, lambda row: row.target).items():
        used = [row for row in mine if row.omitted is None]
        seen = [row for row in used if row.cq is not None]
        text = f"{target}: {len(used)} NTC, {len(seen)} with a Ct"
        if seen:
            text += ": " + listed([f"{row.well} {row.cq:.2f}" for row in seen], 10)
        if len(mine) > len(used):
            text += f"; {len(mine) - len(used)} omitted"
        lines.append(text)
    return lines


def _outliers(record: Record, found: Quantities) -> list[str]:
    """What the rules and the tests of the standard curves saw; nothing is removed silently."""
    lines = [
        f"{one.target}: {point.residual:+.2f} cycles off the line in {well}, P {point.p:.2g}; kept"
        for one in found.curves
        for well, point in one.suspects
    ]
    barred = [one for one in record.findings if one.severity is Severity.REACTION]
    lines += [f"Not to be used: {finding.message}" for finding in barred]
    omitted = [reaction.well_name for reaction in record.run.reactions if reaction.omitted]
    if omitted:
        lines.append(f"Omitted in the file: {listed(list(dict.fromkeys(omitted)), 20)}")
    rules = sorted({finding.rule for finding in record.findings})
    seen = listed(rules, 20) or "none"
    lines.append(f"Found by the quality rules of ikaros-qpcr; findings of: {seen}")
    return lines


def _groups(rows: Sequence[Measured]) -> list[list[Measured]]:
    """Wells that repeat each other: same sample, target and task."""
    named = [row for row in rows if row.sample is not None and row.omitted is None]
    return list(grouped(named, lambda row: (row.sample, row.target, row.task, row.stated)).values())


def _replicates(rows: Sequence[Measured]) -> list[str]:
    sizes = grouped(_groups(rows), len)
    return [
        f"{len(sizes[size])} × {size} {'well' if size == 1 else 'wells'} (of the PCR step)"
        for size in sorted(sizes)
    ]


def _repeatability(rows: Sequence[Measured]) -> list[str]:
    """Pooled standard deviation of Ct within sets of wells, by target."""
    lines = []
    for target, sets in grouped(_groups(rows), lambda mine: mine[0].target).items():
        squares, df = 0.0, 0
        for mine in sets:
            sd, count = _sd(mine)
            if sd is not None:
                squares += (count - 1) * sd**2
                df += count - 1
        if df:
            lines.append(f"{target}: pooled SD {(squares / df) ** 0.5:.3f} cycles ({df} degrees of "
                         "freedom, wells without a Ct left out)")  # fmt: skip
    return lines


def _quantities(found: Quantities) -> list[str]:
    lines = []
    for one in found.samples:
        if one.quantity is None or one.task is not Task.UNKNOWN:
            continue
        low, high = one.quantity.low, one.quantity.high
        limits = "no limits" if low is None or high is None else f"{low:.4g} to {high:.4g}, 95 %"
        outside = (
            f"; {one.quantity.extrapolated} the standards" if one.quantity.extrapolated else ""
        )
        lines.append(f"{one.sample}, {one.target}: {one.quantity.value:.4g} ({limits}{outside})")
    return lines
