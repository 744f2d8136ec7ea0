"""Tables for people and other programs: one compound data set each, columns with units.

They repeat what the record's exact values say; numbers that are missing are NaN, texts empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from qpcr.records._hdf import printable, put_array
from qpcr.records.event import canonical

if TYPE_CHECKING:
    from qpcr.record import Record

UNITS = {
    "cq": "cycle",
    "cq_se": "cycle",
    "cq_low": "cycle",
    "cq_high": "cycle",
    "cq_instrument_style": "cycle",
    "cq_instrument": "cycle",
    "cq_first_cycle": "cycle",
    "cq_last_cycle": "cycle",
    "cq_baseline_shift": "cycle",
    "cpd1": "cycle",
    "cpd1_se": "cycle",
    "cpd2": "cycle",
    "cpd2_se": "cycle",
    "cy0": "cycle",
    "cy0_se": "cycle",
    "efficiency": "1 (factor a cycle; 2 = doubling)",
    "efficiency_se": "1",
    "baseline_start": "cycle",
    "baseline_end": "cycle",
    "threshold": "ΔRn (1)",
    "n0": "signal (Rn; the reporter's own unit without a passive reference)",
    "n0_se": "as n0",
    "copies": "copies in the reaction",
    "poisson_sd": "cycle",
    "shape_probability": "1",
    "r2": "1",
    "residual_se": "ΔRn (1)",
    "quantity": "as in the instrument's file",
    "cycle": "cycle",
    "rn": "Rn (1; the reporter's own unit without a passive reference)",
    "drn": "ΔRn (1; likewise)",
    "value": "the rule's own",
    "limit": "the rule's own",
    "se": "as value",
    "row": "row of the reactions, from 0",
}
"""Units of columns with numbers; texts and flags have none."""
FLAGS = {"omitted", "proper_curve", "mixed"}


def put_table(group: Any, name: str, columns: Mapping[str, Sequence[Any]], meaning: str) -> None:
    """Write a table; the attribute ``units`` holds a unit a column, in their order."""
    made = {column: _column(column, list(values)) for column, values in columns.items()}
    count = len(next(iter(made.values()))) if made else 0
    table = np.zeros(count, dtype=[(column, values.dtype) for column, values in made.items()])
    for column, values in made.items():
        table[column] = values
    units = [UNITS.get(column, "") if made[column].dtype.kind == "f" else "" for column in made]
    kept = put_array(group, name, table, "see the attribute units: one a column", meaning)
    text = h5py.string_dtype()
    attributes = kept.attrs
    attributes["columns"] = np.array(list(made), dtype=text)
    attributes["units"] = np.array(units, dtype=text)


def _column(name: str, values: list[Any]) -> np.ndarray[Any, Any]:
    """One column: flags, numbers or texts of one length, by the name or else by what is in it."""
    there = [value for value in values if value is not None and value == value]
    if name in FLAGS or (there and all(isinstance(v, (bool, np.bool_)) for v in there)):
        return np.array([bool(value) for value in values], dtype=np.bool_)
    numeric = there and all(isinstance(v, (int, float, np.integer, np.floating)) for v in there)
    if name in UNITS or numeric:
        kept = [math.nan if value is None else float(value) for value in values]
        return np.array(kept, dtype=np.float64)
    texts = [
        b"" if value is None or value != value else printable(str(value)).encode()
        for value in values
    ]
    length = max([1, *map(len, texts)])
    return np.array(texts, dtype=h5py.string_dtype("utf-8", length))


def put_record_tables(group: Any, record: Record) -> None:
    """Write a record's tables: reactions, cycles, fits, findings, calls, any quantification."""
    from qpcr import frames  # pandas costs start-up time

    made = [
        ("reactions", frames.reactions(record), "one row a reaction, in the order of the plate"),
        (
            "cycles",
            frames.cycles(record)[["well", "target", "cycle", "rn", "drn"]],
            "one row a reaction and cycle",
        ),
        ("findings", frames.findings(record), "what the quality rules saw, the gravest first"),
        ("calls", frames.calls(record), "one row a sample: what it is called, and why"),
    ]
    if (found := record.quantification) is not None:
        meaning = "one row a reaction by the method of quantities; calls do not rest on it"
        made.append(("quantification", frames.quantification(record, found), meaning))
    for name, frame, meaning in made:
        columns = {str(column): frame[column].tolist() for column in frame.columns}
        put_table(group, name, columns, meaning)
    put_table(group, "fits", _fits(record), "one row a fitted parameter of a reaction")


def _fits(record: Record) -> dict[str, list[Any]]:
    rows = [
        (row, reaction.well_name, reaction.target, fit.model, name, one.value, one.se)
        for row, (reaction, fit) in enumerate(zip(record.run.reactions, record.fits, strict=True))
        for name, one in fit.parameters.items()
    ]
    names = ("row", "well", "target", "model", "parameter", "value", "se")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


EVENT_COLUMNS = (
    "id", "patient", "at", "user", "kind", "path", "old", "new", "reason", "source", "run",
)  # fmt: skip


def put_events(group: Any, events: Sequence[Any]) -> None:
    """Write events as a table; `old` and `new` are JSON, empty texts are ``None``."""
    columns = {
        name: [_event_text(name, getattr(event, name)) for event in events]
        for name in EVENT_COLUMNS
    }
    put_table(group, "events", columns, "one row an event; old and new are JSON")


def _event_text(name: str, value: Any) -> str | None:
    if name in ("old", "new"):
        return canonical(value)
    return None if value is None else value.isoformat() if name == "at" else str(value)
