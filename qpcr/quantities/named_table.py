"""Tables whose columns are known by name: CSV or the first sheet of a workbook, a value a cell.

Heads count without case and surrounding blanks; ``Ct`` is another word for ``cq``.
Columns that nobody asked for are ignored, so that the tables this software writes can be read again
as they are. Lines of wells that a column ``omitted`` marks (yes, true, 1) are left out, whoever
reads the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from qpcr.errors import InputError
from qpcr.tables import MISSING, open_table

UNDETERMINED = MISSING | {"undetermined", "undet.", "undet", "-", "n.d."}
"""Cells that say "no Ct" in instrument exports and in this software's tables."""
OMITTED = frozenset({"yes", "true", "1"})
USED = MISSING | {"no", "false", "0"}
LATEST_CQ = 100
"""No protocol has more cycles."""


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One line of a table."""

    cells: Mapping[str, str]
    line: int
    file: Path
    decimal_comma: bool

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self.cells.get(name, "")
        if not value:
            raise self.error(name, "a cell is empty", "a text")
        return value

    @property
    def omitted(self) -> bool:
        """Whether the line is of a well that was left out."""
        word = self.cells.get("omitted", "").casefold()
        if word not in OMITTED | USED:
            raise self.error("omitted", "a word that is not known", "yes or no, or nothing")
        return word in OMITTED

    def opt_text(self, name: str) -> str | None:
        """A text, ``None`` where the cell is empty or the column absent."""
        return self.cells.get(name) or None

    def opt_number(self, name: str) -> float | None:
        """A finite number, ``None`` where the cell is empty or says "undetermined"."""
        text = self.cells.get(name, "")
        if text.casefold() in UNDETERMINED:
            return None
        plain = text.replace(",", ".") if self.decimal_comma else text
        try:
            value = float(plain) if plain.isascii() and "_" not in plain else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(name, "a cell is no number", "a number, or nothing")
        return value

    def opt_cq(self, name: str) -> float | None:
        """A Ct, ``None`` where the cell is empty or says "undetermined".

        0, −1 and the like, by which some programs say "none", are refused: they are no Ct.
        """
        value = self.opt_number(name)
        if value is not None and not 0 < value <= LATEST_CQ:
            raise self.error(
                name, "a cell is no Ct", f"a number of cycles from 0 to {LATEST_CQ}, or nothing"
            )
        return value

    def number(self, name: str) -> float:
        """A finite number that must be there."""
        value = self.opt_number(name)
        if value is None:
            raise self.error(name, "a cell is empty", "a number")
        return value

    def whole(self, name: str) -> int:
        """A whole number that must be there."""
        value = self.number(name)
        if value != int(value):
            raise self.error(name, "a number is not whole", "a whole number")
        return int(value)

    def opt_date(self, name: str) -> date | None:
        """A day as ``2026-01-31`` (a time may follow), ``None`` where the cell is empty."""
        moment = self._moment(name)
        return None if moment is None else moment.date()

    def opt_moment(self, name: str) -> datetime | None:
        """Day and time, ``None`` where the cell states no time."""
        return self._moment(name) if ":" in self.cells.get(name, "") else None

    def _moment(self, name: str) -> datetime | None:
        text = self.cells.get(name, "")
        if not text:
            return None
        try:
            return datetime.fromisoformat(text.replace("/", "-"))
        except ValueError as error:
            raise self.error(name, "a cell is no date", "a date such as 2026-01-31") from error

    def choice(self, name: str, accepted: Sequence[str]) -> str:
        """One of some words, in any case."""
        value = self.text(name).casefold()
        if value not in accepted:
            raise self.error(name, "a word that is not known", ", ".join(accepted))
        return value

    def error(self, name: str, problem: str, expected: str) -> InputError:
        """Make the error that names this cell."""
        return InputError(
            problem,
            file=self.file,
            place=f"line {self.line}, column {name!r}",
            expected=expected,
            found=self.cells.get(name, "")[:40] or None,
        )


def check_wells(rows: Sequence[NamedRow]) -> None:
    """Refuse a table that holds a plate twice: most lines with a Ct stand there again as they are.

    Only where a column names the wells: without one, equal lines are replicates that agree. Some
    lines may be equal by chance where wells of several plates stand in one table.

    Raises
    ------
    InputError
        Most lines stand twice.
    """
    full = [row for row in rows if row.cells.get("well") and row.cells.get("cq")]
    first: dict[tuple[str, ...], int] = {}
    again = []
    for row in full:
        key = tuple(row.cells.values())
        if first.setdefault(key, row.line) != row.line:
            again.append(row)
    if again and 2 * len(again) >= len(first):
        line = first[tuple(again[0].cells.values())]
        raise InputError(
            "a plate is given twice: its wells would count double",
            file=again[0].file,
            place=f"line {again[0].line}",
            found=f"{len(again)} wells that stand in the table already (this one in line {line})",
            remedy="give every plate once",
        )


def read_named(path: Path, required: Sequence[str]) -> list[NamedRow]:
    """Read a table by its heads.

    Raises
    ------
    InputError
        A required column is missing, a head stands twice, a line has more cells than the head
        line, or there are no lines that count.
    """
    rows, decimal_comma = open_table(path)
    heads = [cell.strip().casefold() for cell in next(rows, [])]
    if "cq" not in heads:
        heads = ["cq" if one == "ct" else one for one in heads]
    missing = [name for name in required if name not in heads]
    doubled = [name for name in heads if name and heads.count(name) > 1]
    if missing or doubled:
        raise InputError(
            f"column {missing[0]!r} is missing" if missing else "two columns have one name",
            file=path,
            place="line 1",
            expected=", ".join(required),
            found=", ".join(heads[:12]) if missing else doubled[0],
        )
    found = []
    for number, row in enumerate(rows, 2):
        if any(cell.strip() for cell in row[len(heads) :]):
            raise InputError(
                "a line is longer than the head line", file=path, place=f"row {number}"
            )
        cells = {name: cell.strip() for name, cell in zip(heads, row, strict=False) if name}
        found.append(NamedRow(cells, number, path, decimal_comma))
    if not found:
        raise InputError("the table has no lines", file=path, expected=", ".join(required))
    used = [row for row in found if not row.omitted]
    if not used:
        raise InputError("all lines are of wells that were left out", file=path)
    return used
