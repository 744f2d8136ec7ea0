"""Calibration ``.ini`` files: sections, ``key=value`` and blocks of numbers between ``<<eof``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError

MAX_NUMBER = 1e12
"""Calibrations hold ratios and counts; a larger number is damage, and would overflow later."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its plain values, and its blocks as text lines."""

    values: dict[str, str]
    blocks: dict[str, list[str]]

    def numbers(self, key: str, rows: int, columns: int, each: int = 1) -> FloatArray:
        """Read a block as numbers.

        Returns
        -------
        ndarray
            (rows × columns, each), float64, in well order.

        Raises
        ------
        InputError
            Missing, of another shape, or not finite.
        """
        lines = self.blocks.get(key)
        if lines is None:
            raise InputError(f"block {key!r} is missing")
        try:
            table = [[float(cell) for cell in line.split(",")] for line in lines]
        except ValueError as error:
            raise InputError(f"block {key!r} holds something that is no number") from error
        if len(table) != rows or any(len(line) != columns * each for line in table):
            raise InputError(
                f"block {key!r} is of another shape than the plate",
                expected=f"{rows} rows of {columns * each} numbers",
                found=f"{len(table)} rows of {sorted({len(line) for line in table})}",
            )
        values = np.array(table, dtype=np.float64).reshape(rows * columns, each)
        if not (np.abs(values) < MAX_NUMBER).all():
            raise InputError(
                f"block {key!r} holds values that are not finite numbers or impossibly large"
            )
        return values

    def list(self, key: str) -> tuple[str, ...]:
        """Read a comma-separated value."""
        return tuple(part.strip() for part in self.values.get(key, "").split(",") if part.strip())

    def moment(self, key: str) -> datetime | None:
        """Read milliseconds since 1970 UTC, or ``None`` where there is none."""
        return moment(self.values.get(key))


def moment(text: str | None) -> datetime | None:
    """Milliseconds since 1970 UTC as a date, or ``None`` for anything else; 0 means never."""
    if text is None or not re.fullmatch(r"0*[1-9]\d{0,14}", text.strip()):
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def parse_ini(text: str) -> dict[str, Section]:
    """Split a calibration file into its sections.

    Raises
    ------
    InputError
        A block is not closed, a section or a key occurs twice.
    """
    sections: dict[str, Section] = {}
    current: Section | None = None
    block: list[str] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if block is not None:
            if line == "eof":
                block = None
            elif line:
                block.append(line)
            continue
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            if name in sections:
                raise InputError(f"section {name!r} occurs twice", place=f"line {number}")
            current = sections[name] = Section({}, {})
        elif "=" in line and current is not None:
            key, value = (part.strip() for part in line.split("=", 1))
            if key in current.values or key in current.blocks:
                raise InputError(f"key {key!r} occurs twice", place=f"line {number}")
            if value == "<<eof":
                block = current.blocks[key] = []
            else:
                current.values[key] = value.strip('"')
        else:
            raise InputError("a line is not understood", place=f"line {number}", found=line[:80])
    if block is not None:
        raise InputError("the last block is not closed", place=f"line {len(text.splitlines())}")
    return sections
