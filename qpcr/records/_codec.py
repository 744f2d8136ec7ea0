"""Any value of the pipeline as JSON and arrays, and back: exactly, whatever fields it has.

======================================  ==================================================
value                                   JSON
======================================  ==================================================
``None``, true, false, text             the same
number                                  the same (shortest text that reads back equal)
number that is not finite               ``{"@": "float", "value": "nan" | "inf" | "-inf"}``
list, tuple                             list
mapping                                 ``{"@": "map", "items": [[key, value], …]}``
time, date                              ``{"@": "time" | "date", "value": ISO 8601}``
sentence with a template                ``{"@": "said", "template": …, "values": {…}}``
name out of a fixed list                ``{"@": "name", "of": class, "value": …}``
value with fields                       ``{"@": class, field: …}``
array                                   ``{"@": "array", "at": data set, "row": place}``
======================================  ==================================================

Arrays go to data sets named after the fields on the way to them. Arrays of one field of many like
values (by well, by reaction) share a data set, stacked along its first axis; `row` is then the
place there, else ``null``. Classes are named by their module and name, in this software's packages
only; reading builds no other value. A field whose metadata say ``omitted_when_none`` is then left
out: versions before it can read what does not need it.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any

import numpy as np

from qpcr._frozen import FrozenMap
from qpcr.errors import InputError, UnsupportedError
from qpcr.said import Said

PACKAGES = ("qpcr", "primers", "calibration")
CLOSED = ("qpcr.commands", "qpcr.records", "qpcr.simulate", "qpcr.report")
"""Packages that hold no values of the pipeline."""
MOVED: dict[str, str] = {}
"""Names of classes in older files to where they are now."""

OMITTED = "omitted_when_none"
"""In a field's metadata: see above."""

Array = np.ndarray[Any, Any]


class Packer:
    """Turns values into JSON, and keeps their arrays for data sets."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, bool, str, tuple[int, ...]], tuple[str, list[Array]]] = {}

    def pack(self, value: Any, path: tuple[str, ...] = (), many: bool = False) -> Any:
        """The JSON form of `value`.

        Raises
        ------
        TypeError
            For a kind of value nobody has thought of: a mistake in the code.
        """
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Said):
            values = {k: self.pack(v, (*path, k), many) for k, v in value.values.items()}
            return {"@": "said", "template": value.template, "values": values}
        if isinstance(value, Enum):
            return {"@": "name", "of": _name(type(value)), "value": value.value}
        if isinstance(value, str):
            return str(value)
        if isinstance(value, (np.bool_, int, np.integer)):
            return bool(value) if isinstance(value, np.bool_) else int(value)
        if isinstance(value, (float, np.floating)):
            number = float(value)
            return number if math.isfinite(number) else {"@": "float", "value": str(number)}
        if isinstance(value, (datetime, date)):
            word = "time" if isinstance(value, datetime) else "date"
            return {"@": word, "value": value.isoformat()}
        if isinstance(value, np.ndarray):
            return self._array(value, path, many)
        return self._many(value, path, many)

    def _many(self, value: Any, path: tuple[str, ...], many: bool) -> Any:
        if isinstance(value, Mapping):
            items = [[self.pack(k), self.pack(v, path, True)] for k, v in value.items()]
            return {"@": "map", "items": items}
        if isinstance(value, (list, tuple)):
            return [self.pack(one, path, True) for one in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [
                field.name
                for field in dataclasses.fields(value)
                if field.init
                and not (field.metadata.get(OMITTED) and getattr(value, field.name) is None)
            ]
            told = {n: self.pack(getattr(value, n), (*path, n.lstrip("_")), many) for n in fields}
            return {"@": _name(type(value)), **told}
        raise TypeError(f"no stored form for {type(value).__name__}")

    def _array(self, value: Array, path: tuple[str, ...], many: bool) -> Any:
        if value.dtype.kind not in "biuf":
            raise TypeError(f"no stored form for an array of {value.dtype}")
        key = ("/".join(path), many, value.dtype.str, value.shape)
        if key not in self._groups:
            alike = sum(other[0] == key[0] for other in self._groups)
            self._groups[key] = (key[0] + (f"~{alike}" if alike else ""), [])
        name, arrays = self._groups[key]
        if not many and arrays:
            raise TypeError(f"two arrays are called {name}")
        arrays.append(value)
        return {"@": "array", "at": name, "row": len(arrays) - 1 if many else None}

    def arrays(self) -> dict[str, Array]:
        """Data set name to array."""
        return {
            name: np.stack(arrays) if key[1] else arrays[0]
            for key, (name, arrays) in self._groups.items()
        }


def unpack(value: Any, load: Callable[[str], Array]) -> Any:
    """Make the value of its JSON form.

    Parameters
    ----------
    value
        What :meth:`Packer.pack` gave.
    load
        Gives the array of a data set.

    Raises
    ------
    InputError
        It is no such form.
    UnsupportedError
        It holds what this version does not know.
    """
    kept: dict[str, Array] = {}

    def array(name: str) -> Array:
        if name not in kept:
            kept[name] = load(name)
        return kept[name]

    try:
        return _unpack(value, array)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise InputError(
            "a stored value cannot be understood", found=f"{type(error).__name__}"
        ) from error


def _unpack(value: Any, array: Callable[[str], Array]) -> Any:
    if isinstance(value, list):
        return tuple(_unpack(one, array) for one in value)
    if not isinstance(value, dict):
        return value
    kind = value["@"]
    if kind == "array":
        whole = array(value["at"])
        part = whole if value["row"] is None else whole[value["row"]]
        copy = np.array(part)
        copy.setflags(write=False)
        return copy
    if kind == "map":
        return FrozenMap({_unpack(k, array): _unpack(v, array) for k, v in value["items"]})
    if kind == "said":
        values = {name: _unpack(one, array) for name, one in value["values"].items()}
        return Said(value["template"], values)
    if kind in _SIMPLE:
        return _SIMPLE[kind](value["value"])
    if kind == "name":
        return _class(value["of"])(value["value"])
    cls = _class(kind)
    told = {name: _unpack(one, array) for name, one in value.items() if name != "@"}
    strange = told.keys() - {field.name for field in dataclasses.fields(cls)}
    if strange:
        raise newer(f"a {cls.__name__} with {', '.join(sorted(strange))}")
    return cls(**told)


_SIMPLE: dict[str, Callable[[str], Any]] = {
    "float": float,
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def _name(cls: type) -> str:
    name = f"{cls.__module__}.{cls.__qualname__}"
    if cls.__module__.partition(".")[0] not in PACKAGES or "." in cls.__qualname__:
        raise TypeError(f"no stored form for {name}")
    return name


@cache
def _class(name: str) -> Any:
    """The class of that name; only plain values of this software's own packages."""
    module, _, short = MOVED.get(name, name).rpartition(".")
    inside = module.partition(".")[0] in PACKAGES and not module.startswith(CLOSED)
    try:
        cls = getattr(importlib.import_module(module), short) if inside else None
    except (ImportError, AttributeError):
        cls = None
    plain = isinstance(cls, type) and cls.__module__ == module
    if not plain or not (dataclasses.is_dataclass(cls) or issubclass(cls, Enum)):  # type: ignore[arg-type]
        raise newer(f"a value of the kind {name}")
    return cls


def newer(found: str) -> UnsupportedError:
    """The error for what a later version wrote."""
    return UnsupportedError(
        "a stored value is of a kind that this version does not know",
        found=found,
        remedy="read it with the version of this software that wrote it, or a later one",
    )
