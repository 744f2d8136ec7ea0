"""Control values run after run, and their charts (:mod:`calibration.westgard`).

Values come from a table (``date, value``; ``series`` and ``lot`` if there are several; ``source``)
or from runs: slope and intercept of each target's standards, mean Ct of each positive control, and
the level of the passive reference. Every series is judged within each lot by itself: a new lot of
reagents begins a new chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calibration.errors import CalibrationError
from calibration.westgard import FEWEST, Chart, chart
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.light_level import light_level
from qpcr.quantities.drawing import Mark, Rule, draw, page
from qpcr.quantities.measured import measured
from qpcr.quantities.named_table import read_named
from qpcr.quantities.quantify import quantify
from qpcr.quantities.tables import Cell, csv_text
from qpcr.run import Task
from qpcr.said import as_said

if TYPE_CHECKING:
    from qpcr.record import Record


@dataclass(frozen=True, slots=True)
class ControlValue:
    """One value of a series on a day."""

    series: str
    lot: str | None
    day: date
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A series of one lot in order of time; `chart` is ``None`` where `reason` says why."""

    series: str
    lot: str | None
    values: tuple[ControlValue, ...]
    chart: Chart | None
    reason: str | None

    @property
    def alarm(self) -> bool:
        """The newest value breaks a rule that rejects."""
        if self.chart is None:
            return False
        last = len(self.values) - 1
        return any(v.rejects and v.places[-1] == last for v in self.chart.violations)


def read_values(path: Path) -> list[ControlValue]:
    """Read a table of control values.

    Raises
    ------
    InputError
        A column is missing, or a cell is no date or number.
    """
    values = []
    for row in read_named(path, ["date", "value"]):
        day = row.opt_date("date")
        if day is None:
            raise row.error("date", "a cell is empty", "a date such as 2026-01-31")
        values.append(
            ControlValue(
                row.opt_text("series") or "control",
                row.opt_text("lot"),
                day,
                row.number("value"),
                row.opt_text("source") or f"{path.name}, line {row.line}",
            )
        )
    return values


def values_of(record: Record, lot: str | None = None) -> list[ControlValue]:
    """Control values of a run.

    Raises
    ------
    InputError
        The file does not say when the run was made.
    """
    source = record.run.provenance
    if source.started is None:
        raise InputError(
            "the run has no date", file=source.file, remedy="put its values into a table"
        )
    rows = measured(record)
    found: dict[str, float] = {}
    for one in quantify(rows).curves:
        if one.curve is not None:
            found[f"slope of {one.target}"] = one.curve.slope
            found[f"intercept of {one.target}"] = one.curve.intercept
    controls = [r for r in rows if r.task is Task.POSITIVE_CONTROL and r.omitted is None]
    for (name, target), mine in grouped(
        controls, lambda row: (row.sample or "positive control", row.target)
    ).items():
        cqs = [row.cq for row in mine if row.cq is not None]
        if cqs and len(cqs) == len(mine):
            found[f"Ct of {name}, {target}"] = sum(cqs) / len(cqs)
    reference = record.curves.reference
    if reference is not None and np.isfinite(reference).any():
        found[f"level of {record.run.passive_reference}"] = float(np.nanmedian(reference))
    found |= _light(record)
    day = source.started.date()
    return [ControlValue(name, lot, day, value, source.file) for name, value in found.items()]


def _light(record: Record) -> dict[str, float]:
    """What the file says of the lamp, and what stands for it (:mod:`qpcr.light_level`)."""
    lamp = record.run.light
    level = record.light_level or light_level(record.run)
    named = {
        "lamp setting": lamp.setting,
        "lamp temperature, °C": lamp.temperature_celsius,
        f"light level, counts in filter {level.filter}": level.counts,
        "light flicker, %": level.flicker_percent,
    }
    return {name: value for name, value in named.items() if value is not None}


def charts(
    values: Sequence[ControlValue],
    limits: Mapping[str, tuple[float, float]] | None = None,
    baseline: int = FEWEST,
) -> tuple[ControlChart, ...]:
    """Judge every series within every lot.

    Parameters
    ----------
    limits
        Mean and SD fixed beforehand, by series.
    baseline
        Where there are none: how many first values make them.
    """
    fixed = limits or {}
    made = []
    for (series, lot), mine in grouped(values, lambda one: (one.series, one.lot)).items():
        ordered = sorted(mine, key=lambda one: one.day)
        mean, sd = fixed.get(series, (None, None))
        try:
            judged = chart([one.value for one in ordered], mean, sd, baseline)
        except CalibrationError as error:
            made.append(ControlChart(series, lot, tuple(ordered), None, as_said(error.reason)))
        else:
            made.append(ControlChart(series, lot, tuple(ordered), judged, None))
    return tuple(made)


def chart_texts(found: Sequence[ControlChart]) -> dict[str, str]:
    """``control-chart.csv`` (a row a value) and ``control-chart.html``."""
    rows: list[dict[str, Cell]] = []
    for one in found:
        for place, value in enumerate(one.values):
            judged = one.chart
            rows.append(
                {
                    "series": one.series,
                    "lot": one.lot,
                    "date": value.day.isoformat(),
                    "value": value.value,
                    "mean": None if judged is None else judged.mean,
                    "sd": None if judged is None else judged.sd,
                    "z": None if judged is None else judged.z[place],
                    "rules": " ".join(_rules(one, place)),
                    "rejected": bool(set(_rules(one, place)) - {"1-2s"}),
                    "limits_from": None if judged is None else judged.baseline or "given",
                    "provisional": None if judged is None else judged.provisional,
                    "source": value.source,
                    "reason": one.reason,
                }
            )
    drawn = [(_caption(one), _drawn(one)) for one in found if one.chart is not None]
    note = "Levey-Jennings charts, rules of Westgard. Orange: 1-2s, a warning. Red: rejected."
    return {
        "control-chart.csv": csv_text(rows),
        "control-chart.html": page("Control charts", drawn, note),
    }


def _rules(one: ControlChart, place: int) -> list[str]:
    """Rules that are noticed as broken at a value."""
    if one.chart is None:
        return []
    return [v.rule for v in one.chart.violations if v.places[-1] == place]


def _caption(one: ControlChart) -> str:
    judged = one.chart
    if judged is None:
        return ""
    origin = (
        "given" if not judged.baseline else f"from the first {judged.baseline} values"
        + (", provisional" if judged.provisional else "")
    )  # fmt: skip
    return f"{one.series}, lot {one.lot or 'not stated'}: limits {origin}."


def _drawn(one: ControlChart) -> str:
    judged = one.chart
    if judged is None:
        return ""
    marks = []
    for place, value in enumerate(one.values):
        broken = _rules(one, place)
        kind = "bad" if set(broken) - {"1-2s"} else "warn" if broken else "good"
        title = f"{value.day} {value.value:g} (z {judged.z[place]:+.2f}) {' '.join(broken)}"
        marks.append(Mark(place, value.value, kind, f"{title} {value.source}"))
    rules = [Rule(judged.mean, "mean", "mean")]
    for k in (-3, -2, 2, 3):
        kind = "reject" if abs(k) == 3 else "limit"
        rules.append(Rule(judged.mean + k * judged.sd, f"{k:+d} SD", kind))
    every = max(len(marks) // 6, 1)
    ticks = [(float(i), str(v.day)) for i, v in enumerate(one.values) if i % every == 0]
    return draw(f"{one.series} · {one.lot or ''}", marks, rules, ticks=ticks)
