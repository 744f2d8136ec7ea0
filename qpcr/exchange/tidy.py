"""Patients as tidy tables: one row a patient, a specimen, a result, an event; typed columns.

A number that is only known to lie below a limit has its limit in the column ``…_below``. Dates may
be ISO 8601 or whole days since diagnosis. ``fields`` describes every clinical column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qpcr.clinical.fields import Below, Field, schema
from qpcr.errors import InputError
from qpcr.records.event import canonical
from qpcr.records.patient import Patient

if TYPE_CHECKING:
    from qpcr.records.event import Event

Type = Literal["text", "number", "whole", "flag", "date", "texts"]


@dataclass(frozen=True, slots=True)
class Table:
    """A named table; `columns` maps names to types, each row has a value or ``None`` a column."""

    name: str
    columns: dict[str, Type]
    rows: tuple[tuple[Any, ...], ...]

    def csv(self) -> str:
        """As CSV text: UTF-8, nothing for what is not known, lists parted by ``;``."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow([_cell(value) for value in row])
        return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ";".join(value)
    return repr(value) if isinstance(value, float) else str(value)


def tables(patients: Sequence[Patient], in_days: bool = False) -> list[Table]:
    """All tables of some patients.

    Parameters
    ----------
    patients
        As the store has them, or without what tells who they are.
    in_days
        Dates are whole days since diagnosis.

    Raises
    ------
    InputError
        A stored clinical value is none of its field.
    """
    day: Type = "whole" if in_days else "date"
    made = [
        _patients(patients, day),
        _results(patients),
        _specimens(patients, day),
        _fields(day),
    ]
    events = [event for patient in patients for event in patient.events]
    return [*made, _history(events)] if events else made


def _columns(field: Field, day: Type) -> dict[str, Type]:
    kinds: dict[str, Type] = {"number": "number", "flag": "flag", "date": day}
    columns = {field.name: kinds.get(field.kind, "text")}
    if field.bounds:
        columns[f"{field.name}_below"] = "number"
    return columns


def _clinical_fields() -> list[Field]:
    return [field for field in schema().fields.values() if field.kind != "id"]


def _patients(patients: Iterable[Patient], day: Type) -> Table:
    columns: dict[str, Type] = {"patient": "text"}
    for field in _clinical_fields():
        columns |= _columns(field, day)
    rows = []
    for patient in patients:
        row: list[Any] = [patient.id]
        for field in _clinical_fields():
            row += _values(field, patient.clinical.get(field.name), day)
        rows.append(tuple(row))
    return Table("patients", columns, tuple(rows))


def _values(field: Field, stored: Any, day: Type) -> list[Any]:
    """The cells of one field."""
    if field.kind == "date" and day == "whole":
        return [stored]
    try:
        value = field.value(stored)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"a stored value of {field.name} cannot be understood",
            expected=f"{field.kind} {field.unit}".strip(),
            remedy="amend it: qpcr records amend",
        ) from error
    if not field.bounds:
        return [field.plain(value)]
    return [None, value.limit] if isinstance(value, Below) else [value, None]


def _results(patients: Iterable[Patient]) -> Table:
    columns: dict[str, Type] = {
        "patient": "text", "run": "text", "sample": "text", "specimen": "text",
        "timepoint": "text", "outcome": "text", "deletions": "texts", "classes": "texts",
        "panel": "text", "panel_version": "text", "state": "text", "final": "flag",
        "revision_of": "text", "superseded_by": "text", "reviewed_by": "text", "signed_by": "text",
    }  # fmt: skip
    rows = []
    for patient in patients:
        final = {one.path for one in patient.final_results}
        rows += [
            (
                patient.id, one.run, one.sample, one.specimen, one.timepoint, one.outcome,
                one.deletions, one.classes, one.panel, one.panel_version, str(one.state),
                one.path in final, one.revision_of, one.superseded_by, one.reviewed_by,
                one.signed_by,
            )
            for one in patient.results.values()
        ]  # fmt: skip
    return Table("results", columns, tuple(rows))


def _specimens(patients: Iterable[Patient], day: Type) -> Table:
    columns: dict[str, Type] = {
        "patient": "text", "key": "text", "timepoint": "text", "specimen": "text", "date": day,
    }  # fmt: skip
    rows = [
        (patient.id, one.key, one.timepoint, one.specimen, one.date)
        for patient in patients
        for one in patient.specimens.values()
    ]
    return Table("specimens", columns, tuple(rows))


def _fields(day: Type) -> Table:
    """What every clinical column means."""
    columns: dict[str, Type] = {
        "column": "text", "kind": "text", "unit": "text", "label_en": "text", "label_zh": "text",
        "codes": "texts", "source": "text",
    }  # fmt: skip
    rows = [
        (
            name,
            "number" if kind == "whole" else field.kind,
            "days since diagnosis" if kind == "whole" else field.unit or None,
            field.en + (", below this limit" if name.endswith("_below") else ""),
            field.zh + ("(低于此值)" if name.endswith("_below") else ""),
            field.codes,
            field.source.citation,
        )
        for field in _clinical_fields()
        for name, kind in _columns(field, day).items()
    ]
    return Table("fields", columns, tuple(rows))


def _history(events: Sequence[Event]) -> Table:
    """Every event; values as JSON, since they are of any kind."""
    columns: dict[str, Type] = dict.fromkeys(
        ("id", "at", "user", "patient", "kind", "path", "old", "new", "reason", "source", "run"),
        "text",
    )
    rows = [
        (
            one.id, one.at.isoformat(), one.user, one.patient, str(one.kind), one.path,
            canonical(one.old), canonical(one.new), one.reason, one.source, one.run,
        )
        for one in events
    ]  # fmt: skip
    return Table("history", columns, tuple(rows))
