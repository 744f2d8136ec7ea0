"""What clinical values may say, checked below every way by which they come into the store.

A table, the command line, a page and Python all end in a commit: there every value is held against
the schema of its field, and against the patient's other values. Stored values of an earlier version
stay as they are until somebody changes them. Fields of a laboratory's own have a slash in their
name (``laboratory/nickname``) and may hold anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from qpcr._nearest import did_you_mean
from qpcr.clinical.checks import contradictions
from qpcr.clinical.dates import EARLIEST
from qpcr.clinical.fields import Field, schema
from qpcr.clinical.plan import understood
from qpcr.errors import InputError
from qpcr.records.event import Event, Kind
from qpcr.records.patient import fold

OWN = "/"
"""In the name of a field that no schema has."""
_WANTED = {"flag": "true or false", "date": "a day: YYYY-MM-DD", "text": "a text"}


def check_field(name: str, value: Any, today: date) -> None:
    """Refuse a value that its field cannot have; ``None`` takes a value back, which is no value.

    Raises
    ------
    InputError
        There is no such field, or the value is none of it.
    """
    if value is None or OWN in name:
        return
    field = schema().fields.get(name)
    if field is None or field.kind == "id":
        known = [one.name for one in schema().fields.values() if one.kind != "id"]
        raise InputError(
            "there is no such clinical field",
            expected=f"{', '.join(known)}; or a name of your own with a slash: laboratory/NAME",
            found=name,
            remedy=did_you_mean(name, known) or "qpcr records fields lists them",
        )
    problem = _problem(field, value, today)
    if problem is not None:
        raise InputError("this is no value of the clinical field", place=name, expected=problem)


def _problem(field: Field, value: Any, today: date) -> str | None:
    """What is expected instead of a value; ``None`` if it is one of the field."""
    plain = value.get("value") if isinstance(value, dict) else value
    if field.kind == "number" and isinstance(plain, str) and not plain.startswith("<"):
        return "a number, not a text; of a bound '<0.01'"
    try:
        found = field.value(value)
    except (ValueError, TypeError) as error:
        said = str(error).partition("expected ")[2]
        return _WANTED.get(field.kind) or said or f"a {field.kind} in {field.unit or 'no unit'}"
    if found is None:
        return "a value, or null as a whole: take it back"
    if isinstance(found, date) and not EARLIEST <= found <= today:
        return f"{EARLIEST} to today"
    return None


def check_specimen(value: Any, today: date) -> None:
    """Refuse a specimen whose date is none.

    Raises
    ------
    InputError
        No day, or one in the future.
    """
    told = value.get("date") if isinstance(value, dict) else None
    if told is None:
        return
    try:
        good = isinstance(told, str) and EARLIEST <= date.fromisoformat(told) <= today
    except ValueError:
        good = False
    if not good:
        raise InputError(
            "the date of a specimen is none", expected=f"YYYY-MM-DD, {EARLIEST} to today"
        )


def check_together(patient: str, events: Iterable[Event], changed: Collection[str]) -> None:
    """Refuse values that contradict each other, where a changed one is among them.

    Raises
    ------
    InputError
        With the fields, without their values.
    """
    values = understood(fold(patient, events).clinical)
    for breach in contradictions(values):
        if breach.fatal and set(breach.fields) & set(changed):
            raise InputError(
                breach.problem, place=" and ".join(breach.fields), expected=breach.expected
            )


def stated(events: Iterable[Event]) -> dict[str, set[str]]:
    """Clinical fields that events state or change, by patient."""
    found: dict[str, set[str]] = {}
    for one in events:
        if one.kind is Kind.CLINICAL and one.new is not None:
            found.setdefault(one.patient, set()).add(one.path)
    return found
