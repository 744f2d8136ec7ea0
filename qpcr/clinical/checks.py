"""What the fields of one patient must not say together: dates in order, dates of things denied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from qpcr.clinical.fields import Value, schema


@dataclass(frozen=True, slots=True)
class Breach:
    """Fields that contradict each other.

    Attributes
    ----------
    fields
        Their names.
    problem, expected
        In words, without values.
    fatal
        Cannot be true; otherwise only unusual.
    """

    fields: tuple[str, str]
    problem: str
    expected: str
    fatal: bool


def contradictions(values: Mapping[str, Value]) -> tuple[Breach, ...]:
    """What is wrong between the fields of one patient.

    Parameters
    ----------
    values
        By field name; what is not known is not in it.
    """
    known, found = schema(), []
    for rule in known.order:
        first, second = values.get(rule.earlier), values.get(rule.later)
        if isinstance(first, date) and isinstance(second, date) and first > second:
            labels = known.fields[rule.earlier].en, known.fields[rule.later].en
            problem = rule.note or f"{labels[0]} is after {labels[1].lower()}"
            expected = f"{rule.earlier} not after {rule.later}"
            found.append(
                Breach((rule.earlier, rule.later), problem, expected, fatal=rule.note is None)
            )
    for only in known.only:
        other = values.get(only.where)
        if only.field in values and other is not None and other != only.value:
            field, where = known.fields[only.field], known.fields[only.where]
            problem = f"{field.en} is stated, but {where.en.lower()} says otherwise"
            wanted = "yes" if only.value is True else only.value
            found.append(
                Breach((only.field, only.where), problem, f"{only.where} = {wanted}", True)
            )
    return tuple(found)
