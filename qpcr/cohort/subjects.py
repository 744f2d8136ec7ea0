"""The patients of a cohort: from a store of records or from a table, and who is left out by rule.

Nobody is left out in silence: every exclusion names the patient, the rule and the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from qpcr._frozen import FrozenMap
from qpcr.clinical.checks import contradictions
from qpcr.clinical.column_map import ColumnMap, read_column_map
from qpcr.clinical.fields import Value, folded, schema
from qpcr.clinical.plan import PATIENT, columns_of, values_of
from qpcr.clinical.sheet import read_sheet
from qpcr.cohort.genotype import genotype
from qpcr.errors import InputError
from qpcr.said import Said, say

if TYPE_CHECKING:
    from qpcr.records.store import Store


class Rule(StrEnum):
    """Why a patient is left out of a cohort."""

    VALUE = "a value that its field does not know"
    TWICE = "a patient stands twice"
    CONTRADICTION = "fields contradict each other"
    IKZF1 = "IKZF1 results contradict each other"
    FOLLOW_UP = "no date of diagnosis or no follow-up"


@dataclass(frozen=True, eq=False, slots=True)
class Subject:
    """A patient who takes part: an opaque id and the clinical values that are known.

    `ikzf1` and `ikzf1_deletion` among the values are those of the laboratory's own results where
    there are any; `from_results` says so, `classes` are the functional classes found.
    """

    id: str
    values: Mapping[str, Value]
    from_results: bool = False
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A patient who is left out: id (or row of a table), rule, and reason in words."""

    who: str
    rule: Rule
    why: Said


@dataclass(frozen=True, eq=False, slots=True)
class Cohort:
    """Patients of a study.

    Attributes
    ----------
    subjects
        Who takes part.
    exclusions
        Who does not.
    notes
        Id and sentence: what is unusual, and nobody was left out for.
    unread
        Heads of columns of a table that nobody says the meaning of.
    synthetic
        The patients are invented.
    """

    subjects: tuple[Subject, ...]
    exclusions: tuple[Exclusion, ...] = ()
    notes: tuple[tuple[str, Said], ...] = ()
    unread: tuple[str, ...] = ()
    synthetic: bool = False

    @property
    def counts(self) -> dict[Rule, int]:
        """How many are left out by each rule."""
        found = Counter(one.rule for one in self.exclusions)
        return {rule: found[rule] for rule in Rule}


@dataclass(slots=True)
class _Gathered:
    """What :func:`_settle` has found so far."""

    subjects: list[Subject] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    notes: list[tuple[str, Said]] = field(default_factory=list)


def from_store(store: Store, *, signed_only: bool = False) -> Cohort:
    """Take the patients of a store.

    Parameters
    ----------
    store
        Of records.
    signed_only
        Results that nobody signed say nothing of IKZF1; otherwise they do where no signed one is.

    Raises
    ------
    InputError
        The store holds nobody, or cannot be read.
    """
    ids = [one.patient for one in store.patients()]
    if not ids:
        raise InputError("the store holds no patients", file=store.folder)
    made, twice = _Gathered(), _twice(ids)
    synthetic = False
    for name in ids:
        patient = store.patient(name)
        synthetic |= any(_invented(event.source or "") for event in patient.events)
        values: dict[str, Value] = {}
        wrong = None
        for one in schema().fields.values():
            try:
                value = one.value(patient.clinical.get(one.name))
            except (ValueError, TypeError):
                wrong = one.name
                continue
            if value is not None:
                values[one.name] = value
        if wrong is not None:
            why = say("a stored value of {field} cannot be understood", field=wrong)
            made.exclusions.append(Exclusion(name, Rule.VALUE, why))
            continue
        found = genotype(patient, values, signed_only)
        if found.contradiction is not None:
            made.exclusions.append(Exclusion(name, Rule.IKZF1, found.contradiction))
            continue
        subject = Subject(name, FrozenMap(found.values), found.from_results, found.classes)
        _settle(made, subject, name, folded(name) in twice)
        if made.subjects and made.subjects[-1] is subject:
            made.notes += [(name, note) for note in found.notes]
    return _cohort(made, (), synthetic)


INVENTED = ("synthetic", "simulated")
"""One of these stands in the name of every file that this program invents."""


def _invented(source: str) -> bool:
    return any(word in source.casefold() for word in INVENTED)


def from_table(
    file: Path, column_map: Path | None = None, sheet: str | None = None, today: date | None = None
) -> Cohort:
    """Take the patients of a table, one row each.

    Parameters
    ----------
    file
        CSV or xlsx, as ``qpcr records import`` reads it.
    column_map
        TOML or CSV, see :mod:`qpcr.clinical.column_map`.
    sheet
        Of a workbook.
    today
        No date may be later; by default this day.

    Raises
    ------
    InputError
        The table or the map cannot be read.
    """
    columns = ColumnMap() if column_map is None else read_column_map(column_map)
    try:
        head, *lines = read_sheet(file, sheet)
        table = columns_of(head, columns, schema().fields)
    except InputError as error:
        raise error.at(file) from error
    day = today or date.today()
    rows = [(one.number, *values_of(one, table, day)) for one in lines]
    made = _Gathered()
    twice = _twice(str(values[PATIENT]) for _, values, _ in rows if PATIENT in values)
    for number, values, refusals in rows:
        name = values.pop(PATIENT, None)
        if refusals or not isinstance(name, str):
            place = refusals[0].column if refusals else PATIENT
            problem = refusals[0].problem if refusals else "a row without a patient"
            why = say("column {column}: {problem}", column=place, problem=problem)
            made.exclusions.append(Exclusion(f"row {number}", Rule.VALUE, why))
            continue
        _settle(made, Subject(name, FrozenMap(values)), name, folded(name) in twice)
    return _cohort(made, table.unread, _invented(file.name))


def _twice(ids: Iterable[str]) -> set[str]:
    return {name for name, number in Counter(map(folded, ids)).items() if number > 1}


def _settle(made: _Gathered, subject: Subject, name: str, twice: bool) -> None:
    """Take a patient, or leave them out by the first rule that they break."""
    values = subject.values
    breaches = contradictions(values)
    fatal = next((one for one in breaches if one.fatal), None)
    if twice:
        why = say("the same id stands elsewhere, maybe written otherwise")
        made.exclusions.append(Exclusion(name, Rule.TWICE, why))
    elif fatal is not None:
        why = say("not so: {expected}", expected=fatal.expected)
        made.exclusions.append(Exclusion(name, Rule.CONTRADICTION, why))
    elif "diagnosis_date" not in values:
        made.exclusions.append(
            Exclusion(name, Rule.FOLLOW_UP, say("{field} is not known", field="diagnosis_date"))
        )
    elif "last_follow_up" not in values and "death_date" not in values:
        made.exclusions.append(Exclusion(name, Rule.FOLLOW_UP, say("there is no follow-up")))
    else:
        made.subjects.append(subject)
        made.notes += [
            (name, say("unusual: not {expected}", expected=one.expected)) for one in breaches
        ]


def _cohort(made: _Gathered, unread: tuple[str, ...], synthetic: bool) -> Cohort:
    """Note pairs that may be one person under two ids, and freeze."""
    wanted = ("sex", "age", "diagnosis_date", "wbc", "ldh")
    seen: dict[tuple[Value, ...], str] = {}
    for one in made.subjects:
        if all(name in one.values for name in wanted):
            other = seen.setdefault(tuple(one.values[name] for name in wanted), one.id)
            if other != one.id:
                made.notes.append((one.id, say("may be the same person as {other}", other=other)))
    return Cohort(
        tuple(made.subjects), tuple(made.exclusions), tuple(made.notes), unread, synthetic
    )
