"""An import of specimens, planned: what was taken from whom, when; all or nothing, as for fields.

A specimen is known by its time point and kind, in whichever words they were filed; at follow-up,
which comes more than once, by its date too. What a run's sample sheet filed gets its date so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from qpcr.clinical.column_map import ColumnMap
from qpcr.clinical.fields import folded, schema
from qpcr.clinical.plan import (
    PATIENT,
    Difference,
    Plan,
    Refusal,
    columns_of,
    unknown_columns,
    values_of,
)
from qpcr.clinical.sheet import Row

REPEATED = "follow-up"
_KNOWN_BY = ("timepoint", "specimen")
Told = Mapping[str, Mapping[str, Any]]


def plan_specimens(
    rows: Sequence[Row], columns: ColumnMap, known: Callable[[str], Told | None], today: date
) -> Plan:
    """Read a table of specimens, one a row, and say what would change.

    Parameters
    ----------
    rows, columns, today
        As for :func:`~qpcr.clinical.plan.plan_import`.
    known
        Specimens of a patient by key, as they were told; ``None`` for one who is not in the store:
        specimens of unknown patients are refused.

    Raises
    ------
    InputError
        As for :func:`~qpcr.clinical.plan.plan_import`.
    """
    table = columns_of(rows[0], columns, schema().specimen_fields)
    head = table.heads[table.patient]
    refusals = unknown_columns(rows, table, schema().specimen_fields)
    differences: list[Difference] = []
    seen: dict[tuple[str, str], int] = {}
    unchanged = 0
    for row in rows[1:]:
        values, wrong = values_of(row, table, today)
        refusals += wrong
        patient = values.pop(PATIENT, None)
        if wrong or not isinstance(patient, str):
            continue
        before, what = known(patient), {name: str(value) for name, value in values.items()}
        problem = _problem(before, what)
        if problem is not None or before is None:
            refusals.append(Refusal(row.number, head, *(problem or _STRANGER), None))
            continue
        key = _key(what, before)
        other = seen.setdefault((patient, key), row.number)
        if other != row.number:
            expected = f"one row a specimen; the same stands in row {other}"
            refusals.append(Refusal(row.number, head, "a specimen stands twice", expected, None))
            continue
        old = before.get(key)
        # Words that were filed stay as they are: only what they do not say is added.
        new = what if old is None else {**old, **({"date": what["date"]} if "date" in what else {})}
        if old == new:
            unchanged += 1
        else:
            differences.append(Difference(row.number, patient, key, old, new, "specimen"))
    refusals.sort(key=lambda one: one.row)
    return Plan(tuple(differences), tuple(refusals), (), len(rows) - 1, (), unchanged, table.unread)


_STRANGER = ("a specimen of a patient who is not in the store", "an id on record")


def _problem(before: Told | None, what: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a row as a whole, and what was expected."""
    if before is None:
        return _STRANGER
    if "timepoint" not in what:
        return "a specimen without a time point", ", ".join(
            schema().specimen_fields["timepoint"].codes
        )
    if what["timepoint"] == REPEATED and "date" not in what:
        return (
            "a specimen of a follow-up without a date",
            "a date: follow-ups are many",
        )
    return None


def _key(what: Mapping[str, str], before: Told) -> str:
    """Key of the specimen on record that is meant, or a new one."""
    repeated = what["timepoint"] == REPEATED
    for key, told in before.items():
        same = all(
            _word(told.get(name), name) == what.get(name) for name in ("timepoint", "specimen")
        )
        if same and (not repeated or told.get("date") == what["date"]):
            return key
    parts = [what["timepoint"], what.get("specimen"), what["date"] if repeated else None]
    return " / ".join(part for part in parts if part)


def _word(text: Any, name: str) -> str | None:
    """A word as the schema has it, or itself."""
    if text is None:
        return None
    words = schema().timepoints if name == "timepoint" else schema().specimens
    return words.get(folded(str(text)), str(text))
