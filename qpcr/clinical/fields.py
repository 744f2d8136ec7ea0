"""The clinical fields of a patient record, read from ``fields.toml``.

A value is a date, a float (or :class:`Below`), one of the field's codes, a bool or a text.
:meth:`Field.plain` and :meth:`Field.value` turn it into what a file can hold and back. What is not
known is ``None``, never a number.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from qpcr._frozen import FrozenMap

Kind = Literal["id", "date", "number", "choice", "flag", "text"]

FLAGS = {
    True: ("true", "yes", "y", "1", "positive", "pos", "+", "是", "有", "阳性"),
    False: ("false", "no", "n", "0", "negative", "neg", "否", "无", "阴性"),
}
"""How people write flags. A bare dash is none of them: it may mean negative, or not done."""

_ALIKE = {ord(sign): "-" for sign in "‐‑‒–—−"} | {ord("∆"): "Δ"}


@dataclass(frozen=True, slots=True)
class Below:
    """A number that is only known to lie below a limit, such as MRD below its detection limit."""

    limit: float

    def __str__(self) -> str:
        """As ``<0.01``; every digit that it has."""
        short = f"{self.limit:g}"
        return f"<{short if float(short) == self.limit else repr(self.limit)}"


Value = date | float | Below | str | bool


def folded(text: str) -> str:
    """A text without what people vary: case, width, spaces, kinds of dash, the two signs for Δ."""
    plain = unicodedata.normalize("NFKC", text).translate(_ALIKE)
    return "".join(plain.casefold().split())


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field comes from: see ``evidence`` in :mod:`primers.panel`."""

    name: str
    evidence: str
    citation: str
    doi: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Field:
    """One clinical field.

    Attributes
    ----------
    name
        As it is stored.
    kind
        What its values are.
    en, zh
        Labels.
    source
        Where it comes from.
    heads
        Folded heads of columns that mean it.
    unit
        Of a number; "" has none.
    units
        Folded names of units, and the factor from them to `unit`.
    low, high
        Numbers outside cannot be true.
    cut, above
        Where the study parts the patients: positive from `cut` up, or only above it.
    bounds
        Whether ``<0.01`` is a value.
    spellings
        Folded spellings to codes.
    codes
        Of a choice.
    timepoint
        When it is measured, where that is fixed.
    note
        What a person should know.
    """

    name: str
    kind: Kind
    en: str
    zh: str
    source: Source
    heads: frozenset[str]
    unit: str
    units: FrozenMap[str, float]
    low: float | None
    high: float | None
    cut: float | None
    above: bool
    bounds: bool
    spellings: FrozenMap[str, str | bool]
    codes: tuple[str, ...]
    timepoint: str | None
    note: str | None

    def plain(self, value: Value | None) -> str | float | bool | None:
        """The value as a table holds it: dates as ISO 8601, bounds as ``<0.01``."""
        if isinstance(value, date):
            return value.isoformat()
        return str(value) if isinstance(value, Below) else value

    def stored(self, value: Value | None) -> Any:
        """The value as a record holds it: a number with its unit, others as :meth:`plain`."""
        plain = self.plain(value)
        return plain if plain is None or not self.unit else {"value": plain, "unit": self.unit}

    def value(self, stored: Any) -> Value | None:
        """The value of what :meth:`stored` or :meth:`plain` made.

        Raises
        ------
        ValueError
            It is no value of this field.
        """
        plain, factor = stored, 1.0
        if isinstance(stored, Mapping):
            plain, unit = stored.get("value"), folded(str(stored.get("unit") or self.unit))
            if unit and unit not in self.units:
                raise ValueError(f"{self.name}: an unknown unit")
            factor = self.units[unit] if unit else 1.0
        if plain is None:
            return None
        made: Value = plain
        if self.kind == "date":
            made = date.fromisoformat(str(plain))
        elif self.kind == "number" and isinstance(plain, str) and plain.startswith("<"):
            made = Below(float(plain[1:]) * factor)
        elif self.kind == "number" and not isinstance(plain, bool):
            made = float(plain) * factor
        problem = self.problem(made)
        if problem is not None:
            raise ValueError(f"{self.name}: expected {problem}")
        return made

    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, as an expectation in words; ``None`` if nothing is."""
        if self.kind == "number":
            return self._number_problem(value)
        if self.kind == "choice":
            return None if value in self.codes else f"one of {', '.join(self.codes)}"
        wanted = {"date": date, "flag": bool}.get(self.kind, str)
        good = isinstance(value, wanted) and (self.kind != "id" or bool(str(value).strip()))
        return None if good else f"a {self.kind}"

    def _number_problem(self, value: Value) -> str | None:
        if isinstance(value, Below):
            if not self.bounds:
                return "a number, not a bound"
            number = value.limit
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
        else:
            return "a number"
        low = -float("inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if low <= number <= high and not (isinstance(value, Below) and number <= 0):
            return None
        return f"{low:g} to {high:g} {self.unit}".rstrip()

    def positive(self, value: Value | None) -> bool | None:
        """Whether a number reaches the study's cut; ``None`` where that is not known.

        ``<0.1`` is below a cut of 1 and of 0.1, but says nothing about a cut of 0.01.

        Raises
        ------
        ValueError
            The field has no cut.
        """
        if self.cut is None:
            raise ValueError(f"{self.name} has no cut")
        if value is None or isinstance(value, date | str):
            return None
        if isinstance(value, Below):
            return False if value.limit <= self.cut else None
        return float(value) > self.cut if self.above else float(value) >= self.cut


@dataclass(frozen=True, slots=True)
class OrderRule:
    """Dates that follow each other; ``note`` makes the breach something to say, not to refuse."""

    earlier: str
    later: str
    note: str | None


@dataclass(frozen=True, slots=True)
class OnlyRule:
    """``field`` makes sense only where ``where`` is not known to differ from ``value``."""

    field: str
    where: str
    value: str | bool


@dataclass(frozen=True, eq=False, slots=True)
class Schema:
    """All clinical fields, what binds them, and the words for specimens.

    Attributes
    ----------
    fields
        By name, in the order in which tables show them.
    specimen_fields
        Columns of a table of specimens, likewise.
    order, only
        Rules between fields of one patient.
    timepoints, specimens
        Folded spellings to the words that are stored.
    labels_zh
        Chinese for those words.
    """

    fields: FrozenMap[str, Field]
    specimen_fields: FrozenMap[str, Field]
    order: tuple[OrderRule, ...]
    only: tuple[OnlyRule, ...]
    timepoints: FrozenMap[str, str]
    specimens: FrozenMap[str, str]
    labels_zh: FrozenMap[str, str]

    def values(self, stored: Mapping[str, Any]) -> dict[str, Value]:
        """Typed values of a record's clinical fields, in the order of the schema.

        Raises
        ------
        ValueError
            A value is none of its field; names that are no field are left out.
        """
        found = {name: one.value(stored.get(name)) for name, one in self.fields.items()}
        return {name: value for name, value in found.items() if value is not None}

    def by_head(self, head: str, fields: Mapping[str, Field] | None = None) -> Field | None:
        """The field that the head of a column means, or ``None``; by default of `self.fields`."""
        wanted, known = folded(head), self.fields if fields is None else fields
        return next((field for field in known.values() if wanted in field.heads), None)


@cache
def schema() -> Schema:
    """The fields of this version."""
    text = files("qpcr.clinical").joinpath("fields.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    sources = {name: Source(name, **one) for name, one in table["sources"].items()}
    made = [_field(one, sources) for one in table["field"]]
    order = [
        OrderRule(earlier, later, one.get("note"))
        for one in table["order"]
        for at, earlier in enumerate(one["dates"])
        for later in one["dates"][at + 1 :]
    ]
    words = {**table["timepoints"], **table["specimens"]}
    specimens = table["specimen_field"]
    return Schema(
        FrozenMap({one.name: one for one in made}),
        FrozenMap({one["name"]: _field(_worded(one, table), sources) for one in specimens}),
        tuple(dict.fromkeys(order)),
        tuple(OnlyRule(one["field"], one["where"], one["is"]) for one in table["only"]),
        _words(table["timepoints"]),
        _words(table["specimens"]),
        FrozenMap({name: one["zh"] for name, one in words.items()}),
    )


def _worded(one: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """The table of a field whose codes are words listed elsewhere."""
    words = table[one["words"]] if "words" in one else {}
    return {**one, "codes": {name: [w["zh"], *w["spelled"]] for name, w in words.items()}}


def _field(table: dict[str, Any], sources: dict[str, Source]) -> Field:
    """One field of its table."""
    name, unit = table["name"], table.get("unit", "")
    heads = {name, name.replace("_", " "), table["en"], table["zh"], *table.get("heads", ())}
    codes = table.get("codes", {})
    spelled = FLAGS if table["kind"] == "flag" else {k: (k, *many) for k, many in codes.items()}
    low, high = table.get("range", (None, None))
    units = {unit: 1.0, **table.get("units", {})} if unit else {}
    return Field(
        name,
        table["kind"],
        table["en"],
        table["zh"],
        sources[table["source"]],
        frozenset(folded(head) for head in heads),
        unit,
        FrozenMap({folded(one): float(factor) for one, factor in units.items()}),
        low,
        high,
        table.get("cut"),
        table.get("above", False),
        table.get("bounds", False),
        FrozenMap({folded(one): code for code, many in spelled.items() for one in many}),
        tuple(codes),
        table.get("timepoint"),
        table.get("note"),
    )


def _words(table: dict[str, Any]) -> FrozenMap[str, str]:
    return FrozenMap(
        {
            folded(text): name
            for name, one in table.items()
            for text in (name, one["zh"], *one["spelled"])
        }
    )
