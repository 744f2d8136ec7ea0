"""Sealed HDF5 files made and read in memory; attributes that say unit and meaning.

Files are written as HDF5 1.10 lays them out, compressed, every chunk with a checksum, and without
times of their own: equal contents give equal bytes.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

from qpcr.errors import InputError
from qpcr.records.event import canonical
from qpcr.records.seal import SIZE, broken, check_seal, sealed

Array = np.ndarray[Any, Any]
CHUNK = 16 * 1024**2
"""Bytes of a chunk at most, about."""
_FILTERS: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "fletcher32": True}


def build(fill: Callable[[h5py.File], None]) -> bytes:
    """The bytes of a sealed HDF5 file whose contents `fill` writes."""
    target = io.BytesIO()
    with h5py.File(target, "w", libver=("v110", "v110"), userblock_size=SIZE) as file:
        fill(file)
    return sealed(target.getvalue()[SIZE:])


@contextlib.contextmanager
def opened(data: bytes) -> Iterator[h5py.File]:
    """A sealed HDF5 file, open for reading from memory, once its seal is found whole.

    Raises
    ------
    InputError
        The seal is broken, or what lies behind it is no such HDF5 file.
    """
    check_seal(data)
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise broken(f"HDF5 contents that cannot be read ({type(error).__name__})") from error


def same_contents(one: bytes, other: bytes) -> bool:
    """Whether two sealed HDF5 files hold the same data sets and attributes."""
    return one == other or _contents(one) == _contents(other)


def _contents(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def take(name: str, thing: Any) -> None:
        for key, value in thing.attrs.items():
            found[f"{name}@{key}"] = np.asarray(value).tolist()
        if isinstance(thing, h5py.Dataset):
            values = thing[()]
            found[name] = (str(thing.dtype), thing.shape, values.tobytes())

    with opened(data) as file:
        take("", file)
        file.visititems(take)
    return found


def put_attributes(thing: Any, values: dict[str, Any]) -> None:
    """Set attributes; ``None`` becomes an empty text."""
    attributes = thing.attrs
    for name, value in values.items():
        text = isinstance(value, str) or value is None
        attributes[name] = printable(value or "") if text else value


def put_array(group: Any, name: str, values: Array, unit: str, meaning: str) -> Any:
    """Write an array with its unit and meaning; the data set that it became."""
    filters = {**_FILTERS, "chunks": _chunk(values)} if values.size and values.ndim else {}
    made = group.create_dataset(name, data=values, **filters)
    put_attributes(made, {"unit": unit, "meaning": meaning})
    return made


def _chunk(values: Array) -> tuple[int, ...]:
    """One chunk for all, unless that were too large for a reader's comfort."""
    rows = max(1, len(values) * CHUNK // max(values.nbytes, 1))
    return (min(rows, len(values)), *values.shape[1:])


def put_json(group: Any, name: str, value: Any, meaning: str) -> None:
    """Write a plain value as a data set of one text: canonical JSON in ASCII."""
    text = np.array([canonical(value).encode()])
    made = group.create_dataset(name, data=text, **_FILTERS)
    put_attributes(made, {"unit": "", "meaning": meaning, "coding": "JSON, ASCII"})


def get_json(group: Any, name: str) -> Any:
    """Read what :func:`put_json` wrote."""
    dataset = group[name]
    if dataset.shape != (1,) or dataset.dtype.kind != "S":
        raise broken("a data set that is no JSON text")
    try:
        return json.loads(dataset[0])
    except (ValueError, RecursionError) as error:
        raise broken("a text that is no JSON") from error


def text_attribute(thing: Any, name: str) -> str:
    """A text attribute, or an error that names it."""
    value = thing.attrs.get(name)
    if not isinstance(value, str):
        raise InputError("a file of the store lacks an attribute", expected=name)
    return value


def number_attribute(thing: Any, name: str) -> int:
    """A whole number attribute, or an error that names it."""
    value = thing.attrs.get(name)
    if not isinstance(value, (int, np.integer)):
        raise InputError("a file of the store lacks an attribute", expected=name)
    return int(value)


def printable(text: str) -> str:
    """A text that HDF5 can hold: what is not Unicode, and NUL, as escapes."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
