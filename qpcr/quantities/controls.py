"""Control values run after run: where they come from, and of which lots of reagents they are.

Values come from a table (``date, value``; ``series`` and ``lot`` if there are several; ``source``)
or from runs: slope and intercept of each target's standards, mean Ct of each positive control (by
its task, or by its name where a panel names its controls: software of the 7500 has no such task),
level of the passive reference, light level and flicker (:mod:`qpcr.light_level`), and setting and
temperature of the lamp where the file tells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.light_level import light_level
from qpcr.lots import UNNAMED, Lot
from qpcr.methods import methods
from qpcr.qc import plate_of
from qpcr.qc._plate import Part, fitted_cq, rows_of
from qpcr.quantities.measured import AT_THRESHOLD, by_method, measured
from qpcr.quantities.named_table import read_named
from qpcr.quantities.quantify import quantify
from qpcr.run import Task
from qpcr.said import say

if TYPE_CHECKING:
    from qpcr.record import Record


@dataclass(frozen=True, slots=True)
class ControlValue:
    """One value of a series.

    Attributes
    ----------
    lot
        Of the reagents; ``None`` where it is not stated, or does not matter to the series.
    day, moment
        When; `moment` orders the values of one day.
    source
        The run's file, or the line of a table.
    threshold
        What the Ct was read at (:func:`threshold_named`); ``None`` where that is not stated, or
        does not matter to the series.
    """

    series: str
    lot: str | None
    day: date
    value: float
    source: str
    moment: datetime | None = None
    threshold: str | None = None

    @property
    def when(self) -> tuple[date, float]:
        """To order values by."""
        return self.day, 0.0 if self.moment is None else self.moment.timestamp()


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
                row.opt_text("series") or say("control"),
                row.opt_text("lot"),
                day,
                row.number("value"),
                row.opt_text("source") or f"{path.name}, line {row.line}",
                row.opt_moment("date"),
                threshold=row.opt_text("threshold"),
            )
        )
    return values


def lots_named(lots: Sequence[Lot], by: Sequence[str] = ()) -> str | None:
    """Lots as the name of a chart.

    Parameters
    ----------
    by
        Reagents whose change begins a new chart; by default all.
    """
    if not by:
        return "; ".join(_named(one) for one in lots) or None
    known = {one.reagent.casefold(): one for one in lots}
    found = [(name, known.get(name.casefold())) for name in by]
    if all(lot is None for _, lot in found):
        return None
    return "; ".join(f"{name} ?" if lot is None else _named(lot) for name, lot in found)


def _named(lot: Lot) -> str:
    return lot.lot if lot.reagent == UNNAMED else f"{lot.reagent} {lot.lot}"


def threshold_named(record: Record, target: str) -> str:
    """The threshold of a target in words: its value, or that it was computed for each run.

    A fixed one is the same whoever fixed it (panel, file or command): its value counts. One that
    the instrument's rule computes is another number in every run by design, and no change.
    """
    used = record.curves.thresholds[target]
    stored = record.run.settings.thresholds.get(target)
    computed = used.source not in ("manual", "panel", "file")
    if used.source == "file" and stored is not None and stored.automatic:
        computed = True
    if computed or used.value is None:
        return say("automatic threshold")
    return say("threshold {value:.4g}", value=used.value)


AT_A_THRESHOLD = (AT_THRESHOLD, "instrument")
"""Methods whose Cq moves with the threshold."""


def values_of(
    record: Record,
    lots: Sequence[Lot] | None = None,
    by: Sequence[str] = (),
    method: str = AT_THRESHOLD,
) -> list[ControlValue]:
    """Control values of a run.

    Parameters
    ----------
    lots
        Of its reagents; by default those of the record.
    by
        Reagents whose change begins a new chart; by default all.
    method
        Of Cq. Series by another than the usual one bear its name and version, so that they never
        mix.

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
    found: dict[str, float] = {}
    levels: dict[str, str] = {}
    standards = any(one.task is Task.STANDARD for one in record.run.reactions)
    for one in quantify(measured(record, method=method)).curves if standards else ():
        if one.curve is not None:
            found[say("slope of {target}", target=one.target)] = one.curve.slope
            series = say("intercept of {target}", target=one.target)
            found[series] = one.curve.intercept
            levels[series] = threshold_named(record, one.target)
    for name, target, cqs in _controls(record, method):
        if None not in cqs:
            series = say("Ct of {sample}, {target}", sample=name, target=target)
            found[series] = sum(cq for cq in cqs if cq is not None) / len(cqs)
            levels[series] = threshold_named(record, target)
    if method not in AT_A_THRESHOLD:
        levels = {}
    if method != AT_THRESHOLD:
        version = _version(record, method)
        names = {one: say("{series}, by {method}", series=one, method=version) for one in found}
        found = {names[one]: value for one, value in found.items()}
        levels = {names[one]: value for one, value in levels.items()}
    reference = record.curves.reference
    if reference is not None and np.isfinite(reference).any():
        series = say("level of {dye}", dye=record.run.passive_reference)
        found[series] = float(np.nanmedian(reference))
    reagents, lamp = _light(record)
    named = lots_named(record.lots if lots is None else lots, by)
    day, moment = source.started.date(), source.started
    return [
        ControlValue(series, lot, day, value, source.file, moment, levels.get(series))
        for lot, part in ((named, found | reagents), (None, lamp))
        for series, value in part.items()
    ]


def _version(record: Record, method: str) -> str:
    """A method with its version: that of the quantities a record holds, if they are by it."""
    kept = record.quantification
    made = kept.version if kept is not None and kept.method == method else methods()[method].version
    return f"{method} {made}"


def silent_controls(record: Record, method: str = AT_THRESHOLD) -> list[str]:
    """Say which positive controls give no value, because a well of theirs has no Ct."""
    return [
        say("{file}: a well of {sample}, {target} has no Ct, so it has no value in its chart",
            file=record.run.provenance.file, sample=name, target=target)
        for name, target, cqs in _controls(record, method)
        if None in cqs
    ]  # fmt: skip


def _controls(record: Record, method: str) -> list[tuple[str, str, list[float | None]]]:
    """Positive controls: name, target, and Ct of the wells."""
    plate = plate_of(record.run, record.curves, record.fits, record.shapes, record.panel)
    reactions = record.run.reactions
    found = grouped(
        rows_of(plate, Part.POSITIVE),
        lambda row: (reactions[row].sample or say("positive control"), reactions[row].target),
    )
    if method == AT_THRESHOLD:
        cqs = [fitted_cq(plate, row) for row in range(len(reactions))]
    else:
        cqs = [one.cq for one in by_method(record, method)]
    return [(name, target, [cqs[row] for row in rows]) for (name, target), rows in found.items()]


def _light(record: Record) -> tuple[dict[str, float], dict[str, float]]:
    """What stands for the lamp and moves with the reagents; and what is the lamp's alone."""
    lamp = record.run.light
    level = record.light_level or light_level(record.run)
    reagents: dict[str, float | None] = {
        say("light level, counts in filter {filter}", filter=level.filter or "?"): level.counts
    }
    alone: dict[str, float | None] = {
        say("light flicker, %"): level.flicker_percent,
        say("lamp setting"): lamp.setting,
        say("lamp temperature, °C"): lamp.temperature_celsius,
    }
    return _known(reagents), _known(alone)


def _known(values: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}
