"""An import of clinical data, planned: what would change, and everything that is refused.

All or nothing: a plan with a refusal writes nothing. An empty cell, or one that says that nothing
is known, never takes a stored value back. A column that nobody says the meaning of is refused too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from qpcr.clinical.cells import Reading, parse_cell
from qpcr.clinical.checks import Breach, contradictions
from qpcr.clinical.column_map import ColumnMap
from qpcr.clinical.dates import CellError
from qpcr.clinical.fields import Field, Value, schema
from qpcr.clinical.patient_ids import same_id, unseen
from qpcr.clinical.sheet import Row
from qpcr.clinical.strange import meant
from qpcr.errors import InputError

PATIENT = "patient"
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Refusal:
    """One cell, or two cells together, that cannot be taken.

    Attributes
    ----------
    row
        In the file, from 1.
    column
        Its head, or names of fields.
    problem, expected
        In words, without ids or values.
    found
        What stands there; ``None`` where that could tell who the patient is.
    """

    row: int
    column: str
    problem: str
    expected: str
    found: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one patient that would change.

    Attributes
    ----------
    row
        In the file.
    patient, field
        Whose and which; of a specimen its key.
    old, new
        As :meth:`~qpcr.clinical.fields.Field.stored` has them; `old` is ``None`` if there was none.
    kind
        What `field` names.
    """

    row: int
    patient: str
    field: str
    old: Any
    new: Any
    kind: Literal["clinical", "specimen"] = "clinical"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do.

    Attributes
    ----------
    differences
        What would change.
    refusals
        Why it is not done; empty if it can be.
    notes
        Row and sentence: what is unusual.
    patients
        How many rows were read.
    new
        Patients who are not in the store yet: a mistyped id looks like one.
    unchanged
        How many cells say what the record says already.
    unread
        Heads of columns that nobody says the meaning of; each is among the refusals.
    """

    differences: tuple[Difference, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[tuple[int, str], ...]
    patients: int
    new: tuple[str, ...]
    unchanged: int
    unread: tuple[str, ...]

    @property
    def replaced(self) -> tuple[Difference, ...]:
        """Differences that replace something: these need a reason."""
        return tuple(one for one in self.differences if one.old is not None)


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Which column is read how; places from 0."""

    readings: Mapping[int, Reading]
    heads: tuple[str, ...]
    patient: int
    unread: tuple[str, ...]


def plan_import(
    rows: Sequence[Row],
    columns: ColumnMap,
    known: Callable[[str], Mapping[str, Any] | None],
    today: date,
    ids: Collection[str] = (),
) -> Plan:
    """Read every cell, check every patient, and say what would change.

    Parameters
    ----------
    rows
        Of :func:`~qpcr.clinical.sheet.read_sheet`; the first is the head.
    columns
        What the columns mean.
    known
        Stored clinical values of a patient; ``None`` for one who is not in the store.
    today
        No date may be later.
    ids
        Of all patients in the store: a new id that only looks like one of them is refused.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        No column says who the patient is, two columns mean the same, or a column of the map is
        missing.
    """
    table = columns_of(rows[0], columns, schema().fields)
    head = table.heads[table.patient]
    seen: dict[str, int] = {}
    alike = {same_id(one) for one in ids}
    new: list[str] = []
    parts: list[_Compared] = []
    refusals = unknown_columns(rows, table, schema().fields)
    for row in rows[1:]:
        values, wrong = values_of(row, table, today)
        refusals += wrong
        patient = values.pop(PATIENT, None)
        if not isinstance(patient, str):
            continue
        key = patient if patient in ids else same_id(patient)
        other = seen.setdefault(key, row.number)
        if other != row.number:
            expected = f"one row a patient; the same stands in row {other}"
            refusals.append(Refusal(row.number, head, "a patient stands twice", expected, None))
            continue
        problem = None if patient in ids else _mistaken(patient, alike)
        if problem is not None:
            refusals.append(Refusal(row.number, head, problem, "the id as it is on record", None))
            continue
        before = known(patient)
        if before is None:
            new.append(patient)
        parts.append(_compare(row.number, patient, values, before or {}))
    refusals += [one for part in parts for one in part.refusals]
    return Plan(
        tuple(one for part in parts for one in part.differences),
        tuple(sorted(refusals, key=lambda one: one.row)),
        tuple(one for part in parts for one in part.notes),
        len(rows) - 1,
        tuple(new),
        sum(part.unchanged for part in parts),
        table.unread,
    )


def _mistaken(new: str, known: Container[str]) -> str | None:
    """What is wrong with the id of a new patient; `known` as :func:`same_id` has them."""
    if (sign := unseen(new)) is not None:
        return f"an id with a sign that nobody can see: {sign}"
    if same_id(new) in known:
        return "an id that differs from one on record only in what looks the same"
    return None


@dataclass(frozen=True, slots=True)
class _Compared:
    """One row against what is stored."""

    differences: list[Difference]
    refusals: list[Refusal]
    notes: list[tuple[int, str]]
    unchanged: int


def _compare(
    row: int, patient: str, values: Mapping[str, Value], before: Mapping[str, Any]
) -> _Compared:
    """What a row changes, and what it contradicts, itself or what is stored."""
    typed = understood(before)
    merged = {**typed, **values}
    made = _Compared([], [], [], sum(typed.get(name) == one for name, one in values.items()))
    for breach in contradictions(merged):
        if not breach.fatal:
            made.notes.append((row, breach.problem))
        elif set(breach.fields) & values.keys():
            made.refusals.append(_together(row, breach, merged))
    for name, value in values.items():
        if typed.get(name) != value:
            new = schema().fields[name].stored(value)
            made.differences.append(Difference(row, patient, name, before.get(name), new))
    return made


def understood(stored: Mapping[str, Any]) -> dict[str, Value]:
    """Stored values that can be understood; what an older hand wrote otherwise is replaced."""
    found = {}
    for name, one in stored.items():
        field = schema().fields.get(name)
        try:
            value = None if field is None else field.value(one)
        except (ValueError, TypeError):
            value = None
        if value is not None:
            found[name] = value
    return found


def _together(row: int, breach: Breach, values: Mapping[str, Value]) -> Refusal:
    fields = schema().fields
    found = " and ".join(str(fields[name].plain(values[name])) for name in breach.fields)
    return Refusal(row, " and ".join(breach.fields), breach.problem, breach.expected, found)


def columns_of(head: Row, columns: ColumnMap, fields: Mapping[str, Field]) -> Columns:
    """Say what every column is."""
    heads = tuple(cell.strip() for cell in head.cells)
    missing = [name for name in columns.columns if name not in heads]
    if missing:
        raise InputError(
            "a column of the map is not in the table",
            place=f"row {head.number}",
            expected=missing[0],
            found=", ".join(heads[:20]),
        )
    readings: dict[int, Reading] = {}
    unread = []
    for place, name in enumerate(heads):
        reading = None if not name or name in columns.ignore else columns.reading(name, fields)
        if reading is not None:
            if reading.field.name not in fields:
                raise InputError(
                    "the column map names a field of another kind of table",
                    place=name,
                    expected=", ".join(fields),
                    found=reading.field.name,
                )
            readings[place] = reading
        elif name and name not in columns.ignore:
            unread.append(name)
    by_field: dict[str, int] = {}
    for place, reading in readings.items():
        other = by_field.setdefault(reading.field.name, place)
        if other != place:
            raise InputError(
                f"two columns mean {reading.field.name}",
                place=f"row {head.number}",
                found=f"{heads[other]}, {heads[place]}",
                remedy="list one of them under ignore in the column map",
            )
    if PATIENT not in by_field:
        raise InputError(
            "no column says who the patient is",
            place=f"row {head.number}",
            expected="patient, 患者编号, or a column map that names it",
            found=", ".join(heads[:20]),
        )
    return Columns(readings, heads, by_field[PATIENT], tuple(unread))


def unknown_columns(
    rows: Sequence[Row], table: Columns, fields: Mapping[str, Field]
) -> list[Refusal]:
    """Columns that are neither read nor to be ignored; an empty one without a head is none."""
    head = rows[0].number
    found = [
        Refusal(head, name, "nobody says what this column means", meant(name, fields), None)
        for name in table.unread
    ]
    for place, name in enumerate(table.heads):
        filled = (
            row.number for row in rows[1:] if any(c.strip() for c in row.cells[place : place + 1])
        )
        if not name and (first := next(filled, None)) is not None:
            problem, expected = (
                "a column without a head",
                f"a head; its first cell is in row {first}",
            )
            found.append(Refusal(head, f"column {place + 1}", problem, expected, None))
    return found


def values_of(row: Row, table: Columns, today: date) -> tuple[dict[str, Value], list[Refusal]]:
    """Values of one row by field, and its refused cells."""
    values: dict[str, Value] = {}
    refusals: list[Refusal] = []
    width, extra = len(table.heads), row.cells[len(table.heads) :]
    if len(row.cells) < width or any(cell.strip() for cell in extra):
        wanted = f"{width} cells, as the head line has"
        found = f"{len(row.cells)} cells"
        return {}, [Refusal(row.number, "", "a row of another length", wanted, found)]
    for place, reading in table.readings.items():
        head, text = table.heads[place], row.cells[place]
        try:
            value = parse_cell(text, reading, today)
        except CellError as error:
            hidden = reading.field.kind in ("id", "text")
            shown = None if hidden else text.strip()[:SHOWN]
            refusals.append(Refusal(row.number, head, error.problem, error.expected, shown))
            continue
        if value is not None:
            values[reading.field.name] = value
    head = table.heads[table.patient]
    if PATIENT not in values and all(one.column != head for one in refusals):
        problem = "a row without a patient"
        refusals.append(Refusal(row.number, head, problem, "the patient's id", None))
    return values, refusals
