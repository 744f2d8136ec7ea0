"""JSON from strangers: bounded, no key twice, and every value asked for by its type."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.formats._archive import Archive
from qpcr.formats._eds_text import MAX_NAME, clean_name, shortened

MAX_VALUES = 4_000_000
"""Commas and brackets of one document; a plate of 384 wells, 60 cycles and 21 filters has 0.5
million."""


def read_json(archive: Archive, member: str) -> Json:
    """Read one member of an archive.

    Raises
    ------
    InputError
        It is missing, damaged, too large or too deep, or has one key twice.
    """
    text = archive.text(member)
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise InputError("the JSON has too many values", place=member, expected=f"{MAX_VALUES}")
    try:
        return Json(json.loads(text, object_pairs_hook=_single), member)
    except RecursionError as error:
        raise InputError("the JSON is nested too deeply", place=member) from error
    except ValueError as error:
        raise InputError(
            "the JSON is damaged",
            place=member,
            found=shortened(str(error))[:200],
            remedy="copy the file from the instrument again",
        ) from error


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


@dataclass(frozen=True, eq=False)
class Json:
    """A value of a document, and where it stands."""

    value: Any
    place: str

    def get(self, key: str) -> Json:
        """Value of a key; nothing (``None``) where there is none.

        Raises
        ------
        InputError
            This is no object.
        """
        if self.value is None:
            return Json(None, f"{self.place}.{key}")
        if not isinstance(self.value, dict):
            raise self._wrong("an object")
        return Json(self.value.get(key), f"{self.place}.{key}")

    def items(self) -> Iterator[Json]:
        """Elements of an array; none where there is nothing."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self._wrong("an array")
        for index, one in enumerate(self.value):
            yield Json(one, f"{self.place}[{index}]")

    def text(self) -> str | None:
        """A text, cleaned; ``None`` where there is none or an empty one."""
        if self.value is None:
            return None
        if not isinstance(self.value, str):
            raise self._wrong("a text")
        cleaned = clean_name(self.value[: 64 * MAX_NAME])
        if len(cleaned) > MAX_NAME:
            raise self._wrong(f"a text of {MAX_NAME} characters at most")
        return cleaned or None

    def number(self) -> float | None:
        """A finite number, or ``None``."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._wrong("a number")
        try:
            found = float(self.value)
        except OverflowError as error:
            raise self._wrong("a number") from error
        return found if math.isfinite(found) else None

    def integer(self, low: int, high: int) -> int:
        """A whole number within limits."""
        whole = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not whole or not low <= self.value <= high:
            raise self._wrong(f"a whole number from {low} to {high}")
        return int(self.value)

    def flag(self) -> bool | None:
        """A truth value, or ``None``."""
        return self.value if isinstance(self.value, bool) else None

    def numbers(self) -> FloatArray:
        """An array of numbers; NaN where one is none."""
        found = [one.number() for one in self.items()]
        return np.array([math.nan if one is None else one for one in found], dtype=np.float64)

    def _wrong(self, expected: str) -> InputError:
        return InputError(
            "a value is not what it must be",
            place=self.place[:200],
            expected=expected,
            found=shortened(repr(self.value)[:60]),
        )
