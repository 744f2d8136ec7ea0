"""Which well a row of an export is of: by position (A1), by number, or by both, in agreement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from qpcr.errors import InputError
from qpcr.formats._cells import plain
from qpcr.formats._columns import row_column
from qpcr.formats._sections import Document, Row, Section
from qpcr.said import say

PLATES = {48: (6, 8), 96: (8, 12), 384: (16, 24), 1536: (32, 48)}
"""Rows and columns by number of wells; plates of 48 are the StepOne's."""


_WHOLE = re.compile(r"(\d{1,5})(?:\.0+)?", re.ASCII)


@dataclass(eq=False)
class Wells:
    """The plate of an export.

    Attributes
    ----------
    rows, columns
        Of the plate.
    """

    rows: int
    columns: int
    _known: dict[tuple[Any, Any], int | None] = field(default_factory=dict)

    def of(self, section: Section, line: int, row: Row) -> int | None:
        """Index of a row's well, ``None`` where the row names none.

        Raises
        ------
        InputError
            No such well on the plate, or number and position contradict each other.
        """
        at, by = section.columns.get("well"), section.columns.get("position")
        well = row[at] if at is not None and at < len(row) else None
        position = row[by] if by is not None and by < len(row) else None
        cells = (well, position)
        if cells not in self._known:
            self._known[cells] = self._find(well, position, section.place(line))
        return self._known[cells]

    def _find(self, well: Any, position: Any, place: str) -> int | None:
        number, spot = _number(well), row_column(position) or row_column(well)
        if number is None and spot is None:
            return None
        size = self.rows * self.columns
        index = None if spot is None else spot[0] * self.columns + spot[1]
        beyond = spot is not None and (spot[0] >= self.rows or spot[1] >= self.columns)
        if beyond or (number is not None and not 1 <= number <= size):
            raise InputError(
                "a well outside the plate",
                place=place,
                expected=f"a plate of {self.rows} × {self.columns} wells",
                found=" ".join(plain(cell) for cell in (well, position) if cell not in (None, "")),
            )
        if index is not None and number is not None and number - 1 != index:
            raise InputError(
                "a well's number and its position contradict each other",
                place=place,
                found=f"{plain(well)} and {plain(position)}",
                remedy="export the file again: its rows were sorted or edited in part",
            )
        return index if index is not None else number - 1 if number is not None else None


def _number(cell: Any) -> int | None:
    match = _WHOLE.fullmatch(plain(cell))
    return int(match[1]) if match else None


def wells_of(document: Document, notes: list[str]) -> Wells:
    """Find out the plate: what the export says, else what its wells need."""
    block = plain(document.pairs.get("blocktype", ""))
    match = re.search(r"(?<!\d)(1536|384|96|48)(?!\d)", block)
    if match:
        return Wells(*PLATES[int(match[1])])
    highest, row, column, paired = _extent(document)
    if paired is not None:
        rows = next((r for r, c in PLATES.values() if c == paired and r > row), None)
        if rows is not None:
            return Wells(rows, paired)
    if re.fullmatch(r"(?i)stepone|stepone™", plain(document.pairs.get("instrumenttype", ""))):
        return Wells(*PLATES[48])
    for size in (96, 384, 1536):
        rows, columns = PLATES[size]
        if highest <= size and row < rows and column < columns:
            if size != 96 or row < 0:
                notes.append(
                    say("The file does not name the plate; one of {size} wells holds all its "
                        "wells.", size=size)
                )  # fmt: skip
            return Wells(rows, columns)
    raise InputError(
        "no plate holds these wells", expected="at most 1,536 wells", found=f"well {highest}"
    )


def _extent(document: Document) -> tuple[int, int, int, int | None]:
    """Highest well number, row and column (−1: none), and columns where both are given."""
    highest, row, column, paired = 0, -1, -1, None
    seen: set[tuple[Any, Any]] = set()
    for section in document.sections:
        at, by = section.columns.get("well"), section.columns.get("position")
        for _, cells in section.rows:
            well = cells[at] if at is not None and at < len(cells) else None
            position = cells[by] if by is not None and by < len(cells) else None
            if (well, position) in seen:
                continue
            seen.add((well, position))
            number, spot = _number(well), row_column(position) or row_column(well)
            highest = max(highest, number or 0)
            if spot is not None:
                row, column = max(row, spot[0]), max(column, spot[1])
                if number is not None and spot[0] > 0:
                    width, rest = divmod(number - 1 - spot[1], spot[0])
                    paired = width if rest == 0 else paired
    return highest, row, column, paired
