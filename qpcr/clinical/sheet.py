"""Tables of patients as rows of texts that know their line: CSV, TSV, or one sheet of a workbook.

What spreadsheets show and what they store differ in ways that would change a value silently, so
workbooks are looked into twice: by calamine for values and dates, and for what it does not tell: a
cell that holds an error (it would read as empty), and a cell shown as per cent (35 % is stored as
0.35; here it becomes ``35%``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from qpcr.errors import InputError, UnsupportedError
from qpcr.formats._archive import Archive, read_whole
from qpcr.formats._decoding import decode

WORKBOOKS = {".xlsx", ".xlsm"}
OTHERS = {".xls", ".ods", ".xlsb", ".numbers"}
MAX_ROWS = 100_000
_PERCENT = {9, 10}
"""Number formats 9 and 10 are ``0%`` and ``0.00%`` (ECMA-376 part 1, 18.8.30)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, from 1, and its cells as texts."""

    number: int
    cells: tuple[str, ...]


def read_sheet(path: Path, sheet: str | None = None) -> tuple[Row, ...]:
    """Read a table; empty rows are left out, and the others keep their numbers.

    Parameters
    ----------
    path
        A text in UTF-8, UTF-16 or GB 18030, parted by comma, semicolon or tab; or ``.xlsx``,
        ``.xlsm``.
    sheet
        Name of a workbook's sheet; the first if not stated.

    Raises
    ------
    InputError
        Damaged, too long, without rows, no such sheet, several sheets and none named, or a kind of
        workbook whose errors cannot be seen.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        raise InputError(
            "this is a folder, not a table", file=path, expected="a CSV or xlsx file in it"
        )
    if suffix in OTHERS:
        raise UnsupportedError(
            f"workbooks of the kind {suffix} are not read here: their errors cannot be seen",
            file=path,
            remedy="save the table as .xlsx or as CSV (UTF-8)",
        )
    rows = _workbook(path, sheet) if suffix in WORKBOOKS else _text(path)
    found: list[Row] = []
    for row in rows:
        if len(found) >= MAX_ROWS:
            raise InputError("the table is too long", file=path, expected=f"{MAX_ROWS} rows")
        if any(cell.strip() for cell in row.cells):
            found.append(row)
    if len(found) < 2:
        raise InputError(
            "the table holds no patients",
            file=path,
            expected="a head line, then one line a patient",
        )
    return tuple(found)


def _text(path: Path) -> Iterator[Row]:
    """Rows of a text table, by the line on which each begins."""
    text = decode(read_whole(path), path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_delimiter(first))
    line = 1
    try:
        for cells in reader:
            yield Row(line, tuple(cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            "the table is damaged", file=path, place=f"line {line}", found=str(error)
        ) from error


def _delimiter(line: str) -> str:
    return max("\t;,", key=line.count)


def _workbook(path: Path, sheet: str | None) -> Iterator[Row]:
    """Rows of a sheet, with its errors and percentages."""
    import python_calamine  # costs start-up time

    data = read_whole(path)
    archive = Archive.open(path)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        name = _sheet_name(book.sheet_names, sheet, path)
        table = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        shown = dict(_overlay(archive, name, path))
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise InputError("the workbook is damaged", file=path, found=str(error)) from error
    for at, cells in enumerate(table):
        row = (shown.get((at, column), _cell(value)) for column, value in enumerate(cells))
        yield Row(at + 1, tuple(row))


def _sheet_name(names: list[str], wanted: str | None, path: Path) -> str:
    if wanted in names:
        return wanted or ""
    if wanted is None and len(names) == 1:
        return names[0]
    raise InputError(
        "the workbook has several sheets" if wanted is None else "there is no such sheet",
        file=path,
        expected=", ".join(names[:10]),
        found=wanted,
        remedy="name one with --sheet",
    )


def _cell(value: object) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        value = int(value)
    return str(value)


def _overlay(archive: Archive, sheet: str, path: Path) -> Iterator[tuple[tuple[int, int], str]]:
    """Cells (row, column from 0) that hold an error or are shown as per cent, and their text."""
    percent = _percent_styles(archive)
    member = _member(archive, sheet, path)
    row = column = -1
    for element in archive.xml(member).iter("{*}row", "{*}c"):
        if str(element.tag).endswith("}row"):
            row, column = int(element.get("r", row + 2)) - 1, -1
            continue
        named = re.fullmatch(r"([A-Z]+)[0-9]+", element.get("r", ""))
        column = column + 1 if named is None else _column(named[1])
        value = element.findtext("{*}v")
        kind = element.get("t", "n")
        if kind == "e":
            yield (row, column), value or "#N/A"
        elif kind == "n" and value and int(element.get("s", "0")) in percent:
            yield (row, column), f"{float(value) * 100:.12g}%"


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _member(archive: Archive, sheet: str, path: Path) -> str:
    """The archive's member that holds a sheet."""
    book = archive.xml("xl/workbook.xml")
    links = archive.xml("xl/_rels/workbook.xml.rels")
    targets = {str(one.get("Id")): str(one.get("Target", "")) for one in links}
    for one in book.iter("{*}sheet"):
        if one.get("name") == sheet:
            link = next((v for k, v in one.attrib.items() if str(k).endswith("}id")), "")
            target = targets.get(str(link), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise InputError("the workbook is damaged", file=path, found="a sheet without content")


def _percent_styles(archive: Archive) -> set[int]:
    """Numbers of the cell styles that show per cent."""
    if "xl/styles.xml" not in archive:
        return set()
    styles = archive.xml("xl/styles.xml")
    own = {
        int(one.get("numFmtId", "0"))
        for one in styles.iter("{*}numFmt")
        if "%" in re.sub(r'"[^"]*"|\\.', "", one.get("formatCode", ""))
    }
    table = styles.find("{*}cellXfs")
    formats = [] if table is None else [int(one.get("numFmtId", "0")) for one in table]
    return {number for number, one in enumerate(formats) if one in _PERCENT | own}
