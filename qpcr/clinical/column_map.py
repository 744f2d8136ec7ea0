"""Column maps: what the columns of somebody's table mean, in which units and codes.

A TOML file::

    date_order = "day-first"        # for 03/04/2021; or "month-first"
    serial_dates = 1900             # for 44260; or 1904
    decimal = ","                   # for 12,5
    missing = ["999"]               # also means: not known
    ignore = ["姓名"]               # columns that are not read, on purpose

    [columns."WBC (10^3/µL)"]
    field = "wbc"
    unit = "10^3/µL"

    [columns."Geschlecht"]
    field = "sex"
    codes = { W = "female", M = "male" }

``date_order``, ``serial_dates``, ``decimal`` and ``missing`` can be stated for one column too. Or a
CSV table with the columns ``column``, ``field`` and, if wanted, ``unit``, ``codes`` (``W=female;
M=male``), ``date_order``, ``serial_dates``, ``decimal``, ``missing``; without a field a column is
ignored. Columns that the map does not name are found by their heads.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qpcr._frozen import FrozenMap
from qpcr.clinical.cells import Reading
from qpcr.clinical.fields import Field, folded, schema
from qpcr.errors import InputError
from qpcr.formats._decoding import decode
from qpcr.tables import read_rows

_STYLE = {"date_order": "order", "serial_dates": "serial", "decimal": "decimal"}
_ALLOWED = {
    "date_order": ("day-first", "month-first"),
    "serial_dates": (1900, 1904),
    "decimal": (".", ","),
}
_OWN = {"field", "unit", "codes", "missing", *_STYLE}


@dataclass(frozen=True, eq=False, slots=True)
class ColumnMap:
    """What columns mean.

    Attributes
    ----------
    columns
        Heads as they stand in the table, and how their cells are read.
    ignore
        Heads of columns that are left out on purpose.
    style
        What holds for columns found by their heads.
    """

    columns: Mapping[str, Reading] = field(default_factory=FrozenMap)
    ignore: frozenset[str] = frozenset()
    style: Mapping[str, Any] = field(default_factory=FrozenMap)

    def reading(self, head: str, fields: Mapping[str, Field] | None = None) -> Reading | None:
        """How a column is read, or ``None`` if nobody says what it means.

        Without `fields` the clinical ones are looked through.
        """
        if head in self.columns:
            return self.columns[head]
        field = schema().by_head(head, fields)
        return None if field is None else Reading(field, **self.style)


def read_column_map(path: Path) -> ColumnMap:
    """Read a column map, TOML or CSV by its name.

    Raises
    ------
    InputError
        Not TOML or CSV, an unknown key, field, unit or code.
    """
    try:
        return _from_csv(path) if path.suffix.lower() == ".csv" else _from_toml(path)
    except InputError as error:
        raise error.at(path) from error


def _from_toml(path: Path) -> ColumnMap:
    from qpcr.formats._archive import read_whole

    try:
        table = tomllib.loads(decode(read_whole(path), path))
    except tomllib.TOMLDecodeError as error:
        raise InputError("the column map is no TOML", file=path, found=str(error)) from error
    columns, ignore = table.pop("columns", {}), table.pop("ignore", [])
    if not isinstance(columns, dict) or not all(isinstance(c, dict) for c in columns.values()):
        raise InputError('columns are stated as [columns."their head"]', place="columns")
    return _made(table, columns, _texts(ignore, "ignore"))


def _from_csv(path: Path) -> ColumnMap:
    rows = read_rows(path)
    head = [cell.strip() for cell in next(rows, [])]
    if "column" not in head or "field" not in head:
        raise InputError(
            "a column of the map is missing", expected="column, field", found=", ".join(head[:9])
        )
    columns: dict[str, Any] = {}
    ignore = []
    for row in rows:
        cells = {name: cell.strip() for name, cell in zip(head, row, strict=False) if cell.strip()}
        name = cells.pop("column", "")
        if name in columns:
            raise InputError("a column is mapped twice", found=name)
        if "field" not in cells:
            ignore.append(name)
            continue
        columns[name] = _typed(cells, name)
    return _made({}, columns, ignore)


def _typed(cells: Mapping[str, str], place: str) -> dict[str, Any]:
    """A line of a CSV map as TOML would have it."""
    made: dict[str, Any] = dict(cells)
    if "codes" in made:
        pairs = [one.partition("=") for one in cells["codes"].split(";") if one.strip()]
        if not all(equals for _, equals, _ in pairs):
            raise InputError("codes are stated as W=female; M=male", place=place)
        made["codes"] = {theirs.strip(): ours.strip() for theirs, _, ours in pairs}
    if "missing" in made:
        made["missing"] = [one.strip() for one in cells["missing"].split(";")]
    if cells.get("serial_dates", "").isdigit():
        made["serial_dates"] = int(cells["serial_dates"])
    return made


def _made(style: dict[str, Any], columns: dict[str, Any], ignore: Sequence[str]) -> ColumnMap:
    shared = _style(style, "the column map")
    made = {name: _reading(name, one, shared) for name, one in columns.items()}
    fields = [one.field.name for one in made.values()]
    doubled = next((name for name in fields if fields.count(name) > 1), None)
    if doubled is not None:
        raise InputError("two columns of the map mean one field", found=doubled)
    return ColumnMap(FrozenMap(made), frozenset(ignore), FrozenMap(shared))


def _style(table: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The part of a table that says how cells are written."""
    unknown = sorted(table.keys() - _STYLE.keys() - {"missing"})
    if unknown:
        raise InputError(
            "the column map has an unknown key",
            place=place,
            expected=", ".join(sorted(_OWN)),
            found=unknown[0],
        )
    for key, allowed in _ALLOWED.items():
        if key in table and table[key] not in allowed:
            raise InputError(
                f"{key} has an unknown value",
                place=place,
                expected=" or ".join(map(str, allowed)),
                found=str(table[key]),
            )
    made = {ours: table[key] for key, ours in _STYLE.items() if key in table}
    if "missing" in table:
        made["missing"] = frozenset(folded(one) for one in _texts(table["missing"], "missing"))
    return made


def _reading(name: str, table: Mapping[str, Any], shared: Mapping[str, Any]) -> Reading:
    """How one mapped column is read."""
    place = f"column {name!r}"
    known = {**schema().specimen_fields, **schema().fields}
    field = known.get(str(table.get("field")))
    if field is None:
        raise InputError(
            "there is no such field",
            place=place,
            expected=", ".join(known),
            found=str(table.get("field")),
        )
    own = {key: one for key, one in table.items() if key not in ("field", "unit", "codes")}
    reading = Reading(field, **{**shared, **_style(own, place)})
    if "unit" in table:
        reading = replace(reading, factor=_factor(field, str(table["unit"]), place))
    codes = table.get("codes", {})
    if not isinstance(codes, dict):
        raise InputError("codes are stated as { W = 'female' }", place=place)
    return replace(
        reading, codes=FrozenMap({folded(k): _our(field, v, place) for k, v in codes.items()})
    )


def _factor(field: Field, unit: str, place: str) -> float:
    if folded(unit) not in field.units:
        raise InputError(
            "an unknown unit",
            place=place,
            expected=f"{field.unit or 'no unit'}, or one that {field.name} can be turned into: "
            f"{', '.join(field.units) or 'none'}",
            found=unit,
        )
    return field.units[folded(unit)]


def _our(field: Field, value: object, place: str) -> str:
    """Our spelling of a code; it must be one that the field knows."""
    text = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value
    good = folded(str(text)) in field.spellings or field.kind not in ("choice", "flag")
    if not good:
        raise InputError(
            "a code stands for nothing that the field knows",
            place=place,
            expected=", ".join(field.codes) or "yes, no",
            found=str(text),
        )
    return str(text)


def _texts(value: object, key: str) -> list[str]:
    if not isinstance(value, list):
        raise InputError(f"{key} is a list of texts", place=key)
    return [str(one) for one in value]
