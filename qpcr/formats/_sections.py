"""Exports split into tables: head lines found by what they say, not by where they stand.

A text or a sheet is a sequence of rows. ``[Title]`` begins a table; pairs (``Key, value``;
``* Key = value``; ``# Key: value``; ``Key: value``) say something of the run; a row that names a
well column and something else is a head line; rows follow until an empty one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qpcr.errors import InputError
from qpcr.formats._cells import key, plain
from qpcr.formats._columns import FILTER, meanings, row_column, well_columns, wide_cycles
from qpcr.formats._probe import Probe

Row = Sequence[Any]
MAX_COLUMNS = 5_000
NUMERIC = {"cq", "quantity", "rn", "drn", "threshold"}
MAX_STRAYS = 30
MAX_LOOSE = 50_000
"""Lines outside of tables: wells × cycles of a large table of another kind are about 40,000."""
_PAIR = re.compile(r"\s*([^=:]{1,80}?)\s*(?:=|:(?!\\|//))\s*(.*)", re.DOTALL)
_SIMPLE = re.compile(r"[\w ./()™°%-]{1,80}")


@dataclass(eq=False)
class Section:
    """One table of an export.

    Attributes
    ----------
    name
        Title, or name of the sheet, or ``""``.
    head
        The head line as written.
    columns
        Column by meaning.
    rows
        With their line numbers.
    kind
        ``"setup"``, ``"results"``, ``"amplification"``, ``"raw"``, ``"dyes"``, ``"wide"`` (a curve
        a row), ``"tall"`` (a well a column) or ``"other"``.
    """

    name: str
    head: list[str]
    columns: dict[str, int]
    kind: str
    rows: list[tuple[int, Row]] = field(default_factory=list)

    def place(self, line: int, column: str | None = None) -> str:
        """Words for a line of the table."""
        parts = [f"table {self.name!r}" if self.name else "", f"line {line}"]
        if column is not None and column in self.columns:
            parts.append(f"column {self.head[self.columns[column]]!r}")
        return ", ".join(part for part in parts if part)

    def numbers(self) -> Iterator[list[Any]]:
        """Cells of each row that should be numbers; names may hold commas of their own."""
        at = [column for name, column in self.columns.items() if name in NUMERIC]
        if self.kind in ("raw", "dyes"):
            at += self.values().values()
        elif self.kind == "wide":
            at += wide_cycles(self.head).values()
        elif self.kind == "tall":
            at += well_columns(self.head)
        for _, row in self.rows:
            yield [row[column] for column in at if column < len(row)]

    def values(self) -> dict[str, int]:
        """Columns without a meaning of their own: filters or dyes, by their names."""
        meant = set(self.columns.values())
        return {name: at for at, name in enumerate(self.head) if name and at not in meant}


@dataclass(eq=False)
class Document:
    """What an export says.

    Attributes
    ----------
    sections
        Its tables.
    pairs, labels
        Values and names as written of what is said of the run, by :func:`key`.
    strays
        Tables and lines that belong to neither.
    complete
        The last line of a text has its end.
    errors
        Cells of a workbook whose formula could not be computed.
    reagents
        Rows of a table of reagents, by :func:`key` of its heads.
    """

    sections: list[Section] = field(default_factory=list)
    pairs: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    complete: bool = True
    errors: tuple[str, ...] = ()
    reagents: list[dict[str, str]] = field(default_factory=list)

    def of(self, kind: str) -> list[Section]:
        """Tables of one kind that have rows."""
        return [one for one in self.sections if one.kind == kind and one.rows]


def document_of(probe: Probe) -> Document:
    """Tables of a whole file, split once and shared between formats."""
    if "document" not in probe.memory:
        probe.memory["document"] = _split(probe)
    found: Document = probe.memory["document"]
    return found


def glance(probe: Probe) -> Document:
    """Tables of a file's head (of a workbook: of all of it), to recognise the file by."""
    if probe.is_workbook:
        return document_of(probe)
    if "glance" not in probe.memory:
        text = probe.text_head or ""
        if len(probe.head) < probe.path.stat().st_size:
            text = text.rpartition("\n")[0]
        found = Document()
        try:
            _read_rows(text_rows(text), "", found)
        except InputError:
            found = Document()
        probe.memory["glance"] = found
    seen: Document = probe.memory["glance"]
    return seen


def _split(probe: Probe) -> Document:
    found = Document()
    if probe.book is not None:
        found.errors = probe.book.errors
        for name in probe.book.names:
            _read_rows(enumerate(probe.book.rows(name), 1), name, found)
        return found
    text = probe.text
    found.complete = text.endswith(("\n", "\r"))
    _read_rows(text_rows(text), "", found)
    return found


def text_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a text with their line numbers; the delimiter is that of the fullest line.

    Raises
    ------
    InputError
        A quoted cell never ends, or a line has more cells than any export.
    """
    lines = text[:65536].splitlines()
    delimiter = "\t"
    most = 0
    for sign in "\t;,":
        count = max((len(_cells(line, sign)) for line in lines if line.count(sign)), default=0)
        known = max((_known(_cells(line, sign)) for line in lines if line.count(sign)), default=0)
        if known > 1:
            count += 1000 * known
        if count > most:
            delimiter, most = sign, count
    csv.field_size_limit(1 << 20)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS:
                raise InputError(
                    "a line has more cells than any export", place=f"line {reader.line_num}"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(
            "the table is cut off or damaged",
            place=f"line {reader.line_num}",
            found=str(error),
            remedy="export the file again",
        ) from error


def _known(cells: Row) -> int:
    """How many cells of a line are such as head lines have."""
    return len(meanings(cells)) + len(well_columns(cells)) + len(wide_cycles(cells))


def _cells(line: str, sign: str) -> list[str]:
    return [cell.strip('"') for cell in line.split(sign)][:MAX_COLUMNS]


def _read_rows(rows: Iterable[tuple[int, Row]], name: str, into: Document) -> None:
    """Split rows into tables and pairs."""
    title, current, gap = name, None, False
    at = loose = 0
    reagents: list[str] = []
    for line, row in rows:
        if reagents and any(plain(cell) for cell in row):
            into.reagents.append(dict(zip(reagents, map(plain, row), strict=False)))
            continue
        reagents = [key(cell) for cell in row] if _lists_reagents(row) else []
        if reagents:
            current = None
            continue
        if current is not None and not gap and at < len(row) and _names_well(row[at]):
            current.rows.append((line, row))
            continue
        filled = [cell for cell in row if cell not in ("", None) and str(cell).strip()]
        if not filled:
            gap = True
            continue
        first = plain(filled[0])
        if len(filled) == 1 and re.fullmatch(r"\[[^\]]{1,80}\]", first):
            title, current, gap = first[1:-1].strip(), None, False
            continue
        section = _head(title, row, filled)
        if section is not None:
            if current is not None and section.head == current.head:
                continue  # the head line said again
            current, gap = section, False
            at = section.columns.get("well", section.columns.get("position", len(section.head)))
            into.sections.append(section)
            continue
        if current is not None and (not gap or _is_well_row(current, row)):
            current.rows.append((line, row))
            gap = False
            continue
        current, loose = None, loose + 1
        if loose > MAX_LOOSE:
            raise InputError(
                "the file holds more lines outside of tables than any export",
                place=f"line {line}",
                expected="a head line (well, cycle, target, …) before the data",
            )
        _pair(line, row, filled, title, into)


def _lists_reagents(row: Row) -> bool:
    """Whether a row is the head line of a table of reagents and their lots."""
    named = [cell for cell in row[:40] if isinstance(cell, str) and "eagent" in cell]
    return {"reagentname", "reagentlotnumber"} <= {key(cell) for cell in named}


def _names_well(cell: Any) -> bool:
    """Whether a cell names a well, so that its row is no head line and no pair."""
    if type(cell) is float:
        return True
    return isinstance(cell, str) and (cell.strip().isdigit() or row_column(cell) is not None)


def _is_well_row(section: Section, row: Row) -> bool:
    at = section.columns.get("position", section.columns.get("well", 0))
    cell = row[at] if at < len(row) else ""
    filled = sum(bool(plain(one)) for one in row)
    return filled > 2 and (row_column(cell) is not None or plain(cell).isdigit())


def _head(title: str, row: Row, filled: Sequence[Any]) -> Section | None:
    """A table, if the row is a head line."""
    if len(filled) < 2 or any(isinstance(cell, (bool,)) for cell in filled):
        return None
    if sum(isinstance(cell, str) for cell in filled) < 2:
        return None
    columns = meanings(row)
    kind = _kind(row, columns)
    if kind is None:
        return None
    return Section(title, [plain(cell) for cell in row], columns, kind)


def _kind(row: Row, columns: dict[str, int]) -> str | None:
    """What a table with this head line holds; ``None``: it is no head line of a known table."""
    if "cycle" in columns and not {"well", "position"} & columns.keys():
        return "tall" if len(well_columns(row)) >= 1 else None
    if not {"well", "position"} & columns.keys():
        return None
    if "melt" in columns and "cycle" not in columns:
        return "other"
    if "cycle" in columns:
        if {"rn", "drn"} & columns.keys():
            return "amplification"
        rest = [
            key(cell) for at, cell in enumerate(row) if at not in columns.values() and key(cell)
        ]
        if not rest:
            return "other"
        return "raw" if all(FILTER.fullmatch(name) for name in rest) else "dyes"
    if wide_cycles(row):
        return "wide"
    if "cq" in columns:
        return "results"
    if {"sample", "target", "task", "reporter"} & columns.keys():
        return "setup"
    return "other" if len(columns) > 1 else None


def _pair(line: int, row: Row, filled: Sequence[Any], title: str, into: Document) -> None:
    """Keep what a row outside any table says."""
    text = plain(filled[0]).lstrip("*# ").strip()
    if len(filled) == 2 and _SIMPLE.fullmatch(text.rstrip(":")) and plain(row[0]):
        name, value = text.rstrip(":"), filled[1]
    else:
        whole = ",".join(plain(cell) for cell in filled).lstrip("*# ").strip()
        match = _PAIR.fullmatch(whole)
        if match is None:
            if len(filled) == 1 and _SIMPLE.fullmatch(text) and isinstance(filled[0], str):
                into.pairs.setdefault(key(text), "")
                into.labels.setdefault(key(text), text)
                return
            stray = f"table {title!r}" if title else f"line {line}: {whole[:60]}"
            if stray not in into.strays and len(into.strays) < MAX_STRAYS:
                into.strays.append(stray)
            return
        name, value = match[1], match[2]
    into.pairs.setdefault(key(name), value)
    into.labels.setdefault(key(name), name.strip())
