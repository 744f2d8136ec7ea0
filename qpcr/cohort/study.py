"""A study: its groups, endpoints, features and tables, read from a TOML file.

``qpcr/cohort/studies/ikzf1-ball.toml`` is the one that ships and the example to start from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from qpcr._frozen import FrozenMap
from qpcr.clinical.fields import Below, Value, schema
from qpcr.errors import InputError, UnknownNameError

EVENTS = ("no remission", "relapse", "death")
"""What can end an endpoint."""
STARTS = ("diagnosis_date", "cr_date", "hsct_date")
"""From where an endpoint is counted."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a short name and labels in both languages."""

    name: str
    en: str
    zh: str

    def label(self, lang: str) -> str:
        """The label in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Feature(Named):
    """Something that a patient has or has not.

    Attributes
    ----------
    field
        Clinical field that tells.
    how
        ``is``, ``at_least``, ``above`` or ``positive`` (the field's own cut).
    value
        What the field is compared with.
    """

    field: str
    how: str
    value: str | float | bool

    def of(self, values: Mapping[str, Value]) -> bool | None:
        """Whether a patient has it; ``None``: not known."""
        value = values.get(self.field)
        if value is None:
            return None
        if self.how == "is":
            return value == self.value
        if self.how == "positive":
            return schema().fields[self.field].positive(value)
        limit = float(self.value)
        if isinstance(value, Below):
            return False if value.limit <= limit else None
        if isinstance(value, bool | str | date):
            return None
        return value > limit if self.how == "above" else value >= limit


@dataclass(frozen=True, slots=True)
class Group(Named):
    """Patients whose fields have certain values."""

    where: Mapping[str, str | bool]

    def holds(self, values: Mapping[str, Value]) -> bool | None:
        """Whether a patient belongs to it; ``None``: a field that decides is not known."""
        unknown = False
        for field, wanted in self.where.items():
            value = values.get(field)
            if value is None:
                unknown = True
            elif value != wanted:
                return False
        return None if unknown else True


@dataclass(frozen=True, slots=True)
class Endpoint(Named):
    """From when to what; `competing` events make the first impossible."""

    start: str
    events: tuple[str, ...]
    competing: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Study:
    """What is asked of a cohort.

    Attributes
    ----------
    name, title, title_zh, source
        What it is, and where its definitions come from.
    censor
        Last day of follow-up, or ``None``: as the records say.
    horizon_months, landmark_months
        Times that rates and the landmark analysis are given for.
    groups, endpoints, features
        In the order of the file; features by name.
    numbers, table_features, factors
        Fields and names of features that the tables show.
    compare
        Features by which the characteristics are compared too, beside the groups.
    enter
        P below which a factor enters the Cox model.
    """

    name: str
    title: str
    title_zh: str
    source: str
    censor: date | None
    horizon_months: float
    landmark_months: float
    groups: tuple[Group, ...]
    endpoints: tuple[Endpoint, ...]
    features: Mapping[str, Feature]
    numbers: tuple[str, ...]
    table_features: tuple[str, ...]
    factors: tuple[str, ...]
    compare: tuple[str, ...]
    enter: float

    def group_of(self, values: Mapping[str, Value]) -> str | None:
        """Name of the first group that a patient belongs to; ``None``: of none, or not known."""
        return next((one.name for one in self.groups if one.holds(values)), None)


def study_names() -> tuple[str, ...]:
    """Studies that ship."""
    folder = resources.files("qpcr.cohort").joinpath("studies")
    return tuple(
        sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if ".toml" in one.name)
    )


def load_study(name: str) -> Study:
    """Load a study that ships, by name, or a TOML file.

    Raises
    ------
    UnknownNameError
        No study has that name.
    InputError
        The file cannot be read, it is no TOML, or a key, field, event or value is not one of those
        there are.
    """
    if name in study_names():
        text = resources.files("qpcr.cohort").joinpath("studies", f"{name}.toml").read_text("utf-8")
    else:
        try:
            text = Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            named = Path(name).name == name and not name.endswith(".toml")
            kind = (
                UnknownNameError if named and isinstance(error, FileNotFoundError) else InputError
            )
            raise kind(
                "there is no such study",
                file=name,
                expected=f"{', '.join(study_names())}, or a TOML file",
                found=str(error),
            ) from error
    try:
        return _study(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError("the study is no TOML", file=name, found=str(error)) from error
    except InputError as error:
        raise error.at(name) from error


_TOP = {
    "format": int, "name": str, "title": str, "title_zh": str, "source": str, "censor": date,
    "horizon_months": (int, float), "landmark_months": (int, float), "group": list,
    "endpoint": list, "feature": list, "tables": dict,
}  # fmt: skip
_OPTIONAL = {"censor"}


def _study(table: dict[str, Any]) -> Study:
    _keys(table, _TOP, "the study", _OPTIONAL)
    features = {one.name: one for one in map(_feature, table["feature"])}
    shown = table["tables"]
    lists = {
        "numbers": list,
        "features": list,
        "factors": list,
        "compare": list,
        "enter": (int, float),
    }
    _keys(shown, lists, "tables", set())
    for key, known in (
        ("numbers", [n for n, f in schema().fields.items() if f.kind == "number"]),
        ("features", list(features)),
        ("factors", list(features)),
        ("compare", list(features)),
    ):
        for name in shown[key]:
            _one_of(name, known, f"tables.{key}")
    groups = tuple(map(_group, table["group"]))
    endpoints = tuple(map(_endpoint, table["endpoint"]))
    for names in ([one.name for one in groups], [one.name for one in endpoints]):
        if len(set(names)) < len(names):
            raise InputError("a name is used twice", found=", ".join(names))
    return Study(
        table["name"], table["title"], table["title_zh"], table["source"], table.get("censor"),
        float(table["horizon_months"]), float(table["landmark_months"]), groups, endpoints,
        FrozenMap(features), tuple(shown["numbers"]), tuple(shown["features"]),
        tuple(shown["factors"]), tuple(shown["compare"]), float(shown["enter"]),
    )  # fmt: skip


_LABELS = {"name": str, "en": str, "zh": str}


def _feature(table: dict[str, Any]) -> Feature:
    place = f"feature {table.get('name')}"
    how = [key for key in ("is", "at_least", "above", "positive") if key in table]
    if len(how) != 1:
        raise InputError(
            "a feature needs one comparison",
            place=place,
            expected="is, at_least, above or positive",
        )
    _keys(table, {**_LABELS, "field": str, how[0]: object}, place, set())
    _one_of(table["field"], schema().fields, f"{place}.field")
    field, value = schema().fields[table["field"]], table[how[0]]
    if how[0] == "is":
        _value(field.name, value, place)
    elif how[0] == "positive" and (field.cut is None or value is not True):
        raise InputError("the field has no cut", place=place, found=field.name)
    elif how[0] != "positive" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError("a limit that is no number", place=place, found=repr(value))
    return Feature(table["name"], table["en"], table["zh"], field.name, how[0], value)


def _group(table: dict[str, Any]) -> Group:
    place = f"group {table.get('name')}"
    _keys(table, {**_LABELS, "where": dict}, place, set())
    for field, value in table["where"].items():
        _one_of(field, schema().fields, f"{place}.where")
        _value(field, value, place)
    return Group(table["name"], table["en"], table["zh"], FrozenMap(table["where"]))


def _endpoint(table: dict[str, Any]) -> Endpoint:
    place = f"endpoint {table.get('name')}"
    keys = {**_LABELS, "from": str, "events": list, "competing": list}
    _keys(table, keys, place, {"competing"})
    _one_of(table["from"], STARTS, f"{place}.from")
    competing = table.get("competing", [])
    for event in (*table["events"], *competing):
        _one_of(event, EVENTS, f"{place}.events")
    if not table["events"] or set(table["events"]) & set(competing):
        raise InputError("events and competing events must be different ones", place=place)
    return Endpoint(
        table["name"], table["en"], table["zh"], table["from"], tuple(table["events"]),
        tuple(competing),
    )  # fmt: skip


def _value(field: str, value: object, place: str) -> None:
    known = schema().fields[field]
    allowed = (True, False) if known.kind == "flag" else known.codes
    if value not in allowed or isinstance(value, bool) != (known.kind == "flag"):
        expected = ", ".join(str(one) for one in allowed) or "a field with codes"
        raise InputError("a value that the field does not know", place=f"{place}.{field}",
                         expected=expected, found=repr(value))  # fmt: skip


def _one_of(name: object, known: Any, place: str) -> None:
    if name not in known:
        raise InputError(
            "an unknown name", place=place, expected=", ".join(known), found=repr(name)
        )


def _keys(table: Mapping[str, Any], wanted: Mapping[str, Any], place: str, free: set[str]) -> None:
    """Refuse missing and unknown keys, and values of another kind."""
    for key in table:
        _one_of(key, wanted, place)
    for key, kind in wanted.items():
        if key not in table:
            if key not in free:
                raise InputError("a key is missing", place=place, expected=key)
        elif not isinstance(table[key], kind):
            raise InputError(
                "a value of another kind", place=f"{place}.{key}", found=repr(table[key])
            )
