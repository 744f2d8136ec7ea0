"""Plain tables of curves: the first column is the cycle, every other column one curve.

A text or the first sheet of a workbook. Texts: comma, semicolon or tab; UTF-8, UTF-16 with a mark,
or GB 18030; with semicolons or tabs a decimal comma is understood. An empty cell, ``NA`` or ``NaN``
is a cycle that was not measured. Cycles count from 1 or later. Empty columns at the end, as
spreadsheets write them, are ignored.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.errors import InputError
from qpcr.formats._archive import read_whole
from qpcr.formats._decoding import decode
from qpcr.formats._probe import Probe

WORKBOOKS = {".xlsx", ".xls", ".xlsm", ".ods"}
MISSING = {"", "na", "nan", "n/a", "null"}
MAX_CYCLES = 2_000


@dataclass(frozen=True, eq=False, slots=True)
class CurveTable:
    """Curves of a plain table.

    Attributes
    ----------
    names
        R curve names.
    cycles
        (C,) consecutive whole numbers, from 1 up.
    values
        (R, C) fluorescence, NaN where it was not measured.
    """

    names: tuple[str, ...]
    cycles: IntArray
    values: FloatArray


def read_rows(path: Path) -> Iterator[list[str]]:
    """Cells of a table as texts, row by row, empty rows left out.

    Of a text table, whose delimiter is that of its first row, or of a workbook's first sheet.
    """
    return open_table(path)[0]


def open_table(path: Path) -> tuple[Iterator[list[str]], bool]:
    """Rows of a table, and whether a comma in a number is a decimal comma.

    It is not where the comma parts the cells: there ``"1,089"`` may well be a thousand.
    """
    if path.is_file() and not path.stat().st_size:
        raise InputError(
            "the table is empty", file=path, remedy="save it again, with its head line and its rows"
        )
    if path.suffix.lower() in WORKBOOKS:
        rows, delimiter = _sheet(path), ","
    else:
        text = decode(read_whole(path), path)
        first = next((line for line in text.splitlines() if line.strip()), "")
        delimiter = max("\t;,", key=first.count)
        rows = _text(text, delimiter, path)
    return (row for row in rows if any(cell.strip() for cell in row)), delimiter != ","


def _text(text: str, delimiter: str, path: Path) -> Iterator[list[str]]:
    """Rows of a text table; one at a time, since a wide table as texts is large."""
    csv.field_size_limit(1 << 20)
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise InputError("the table is damaged", file=path, found=str(error)) from error


def _sheet(path: Path) -> Iterator[list[str]]:
    """Rows of the first sheet of a workbook, whose sizes were looked at first."""
    probe = Probe.of(path)
    if probe.book is not None:
        if not probe.book.names:
            raise InputError("the workbook has no sheet", file=path)
        yield from ([_cell(value) for value in row] for row in probe.book.rows(probe.book.names[0]))
        return
    if probe.archive is None:
        raise InputError("this is not a workbook", file=path, expected="xlsx, xls or ods")
    for name in probe.archive.members:
        probe.archive.read(name)  # counts what comes out
    import python_calamine  # costs start-up time

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(probe.data))
        rows = [[_cell(value) for value in row] for row in book.get_sheet_by_index(0).to_python()]
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise InputError("the workbook is damaged", file=path, found=str(error)) from error
    yield from rows


def _cell(value: object) -> str:
    """A cell as text; whole numbers without the point a workbook gives them."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def read_curves(path: Path) -> CurveTable:
    """Read a table of curves.

    Raises
    ------
    InputError
        No curves, a row of another length, something that is no number, cycles that do not follow
        each other from 1 up, two curves of one name, a curve without a name.
    """
    rows, decimal_comma = open_table(path)
    head = next(rows, [])
    names = _names(head, path)
    width = 1 + len(names)
    table: list[FloatArray] = []
    for number, row in enumerate(rows, 2):
        if len(row) != len(head):
            raise InputError(
                "a line is of another length than the head line",
                file=path,
                place=f"line {number}",
                expected=f"{len(head)} cells",
                found=f"{len(row)} cells",
            )
        if len(table) >= MAX_CYCLES:
            raise InputError(
                "the table has too many lines",
                file=path,
                expected=f"one line a cycle, at most {MAX_CYCLES}",
                remedy="put the cycles in lines and the curves in columns",
            )
        beyond = next((n for n, cell in enumerate(row[width:], width + 1) if cell.strip()), None)
        if beyond is not None:
            raise _nameless(path, beyond)
        cells = [
            _number(cell, decimal_comma, path, number, n) for n, cell in enumerate(row[:width], 1)
        ]
        table.append(np.array(cells))
    if not names or not table:
        raise InputError(
            "the table holds no curves",
            file=path,
            expected="a head line (cycle, then a name for each curve) and one line a cycle",
            found=f"{len(table) + bool(head)} lines of {len(head)} columns",
        )
    values = np.array(table)
    return CurveTable(names, _cycles(values[:, 0], path), np.ascontiguousarray(values[:, 1:].T))


def _names(head: list[str], path: Path) -> tuple[str, ...]:
    """Names of the curves, up to the last that has one; each has one, and another than the rest."""
    names = [name.strip() for name in head[1:]]
    while names and not names[-1]:
        names.pop()
    if "" in names:
        raise _nameless(path, names.index("") + 2)
    doubled = [name for name, number in Counter(names).items() if number > 1]
    if doubled:
        raise InputError("two curves have one name", file=path, place="line 1", found=doubled[0])
    return tuple(names)


def _nameless(path: Path, column: int) -> InputError:
    return InputError(
        "a curve has no name",
        file=path,
        place=f"column {column}",
        expected="a name in the head line for each curve",
        remedy="name the curve in the first line, or delete the column",
    )


def _number(cell: str, decimal_comma: bool, path: Path, line: int, column: int) -> float:
    """A cell as number; Python alone would take ``1_0`` and digits of other scripts for one."""
    text = cell.strip()
    plain = text.replace(",", ".") if decimal_comma else text
    try:
        value = float(plain) if plain.isascii() and "_" not in plain else np.inf
    except ValueError:
        value = np.nan if text.lower() in MISSING else np.inf
    if np.isinf(value):
        raise InputError(
            "a cell is no number",
            file=path,
            place=f"line {line}, column {column}",
            expected="a number, or nothing where the cycle was not measured",
            found=text[:40],
        )
    return value


def _cycles(column: FloatArray, path: Path) -> IntArray:
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(column).all() and (column == np.round(column)).all()
    if not whole or (np.diff(column) != 1).any() or column[0] < 1:
        raise InputError(
            "the first column does not count the cycles",
            file=path,
            place="column 1",
            expected="whole numbers that follow each other: 1, 2, 3, …",
            found=", ".join(f"{v:g}" for v in column[:5]) + " …",
            remedy="number the cycles from 1" if column[0] < 1 else None,
        )
    cycles: IntArray = column.astype(np.int64)
    return cycles


def read_targets(path: Path, dataset: str, names: tuple[str, ...]) -> list[str]:
    """Target of each curve, from a table with the columns ``dataset, curve, target``.

    `dataset` may be absent; curves that are not listed belong to the target ``"target"``.

    Raises
    ------
    InputError
        A column is missing, or no curve of the table is listed.
    """
    rows = read_rows(path)
    head = [cell.strip().lower() for cell in next(rows, [])]
    missing = {"curve", "target"} - set(head)
    if missing:
        raise InputError(
            f"column {min(missing)!r} is missing",
            file=path,
            place="line 1",
            expected="curve, target and, for several tables, dataset",
            found=", ".join(head[:10]),
        )
    at = {name: head.index(name) for name in ("dataset", "curve", "target") if name in head}
    known = {
        row[at["curve"]].strip(): row[at["target"]].strip()
        for row in rows
        if len(row) > max(at.values())
        and ("dataset" not in at or row[at["dataset"]].strip() == dataset)
    }
    if not known.keys() & set(names):
        raise InputError(
            "no curve of the table is listed",
            file=path,
            expected=f"rows of dataset {dataset!r} with the curves' names",
            remedy="name the dataset with --dataset",
        )
    return [known.get(name) or "target" for name in names]
