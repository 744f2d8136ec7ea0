"""Plain tables of curves as runs: cycles in rows or in columns, any unit, any names.

What the values are is not known: they are taken as the reporter's own signal. Names that are wells
(all of them) give their places on a plate; others are numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.formats import Format, Probe
from qpcr.formats._cells import Comma, comma_of, key, number, plain
from qpcr.formats._columns import NAMES, row_column, wide_cycles
from qpcr.formats._export_family import family_of
from qpcr.formats._export_wells import PLATES
from qpcr.formats._sections import text_rows
from qpcr.run import InstrumentResult, Provenance, Reaction, Run, Target, Task
from qpcr.said import say

READER = "plain_table"
MAX_CYCLES = 2_000
MAX_CURVES = 5_000


def sniff(probe: Probe) -> bool:
    """A first column that counts cycles, or a head line that does, and numbers beside it."""
    if probe.archive is not None and not probe.is_workbook:
        return False
    if family_of(probe) is not None or (not probe.is_workbook and probe.text_head is None):
        return False
    try:
        rows = list(islice(_rows(probe, head=True), 3))
    except InputError:
        return False
    if len(rows) < 2:
        return False
    head, first = rows[0][1], rows[1][1]
    if wide_cycles(head):
        return True
    counted = not plain(head[0]) or NAMES.get(key(head[0])) == "cycle"
    return counted and len(head) > 1 and plain(first[0]).isdigit()


def read(probe: Probe) -> Run:
    """Read a table of curves.

    Raises
    ------
    InputError
        A line of another length, a cell that is no number, cycles that do not follow each other,
        two curves of one name, a curve without a name.
    """
    rows = list(_rows(probe, head=False))
    comma = comma_of(cells for _, cells in rows)
    head = rows[0][1]
    wide = wide_cycles(head)
    names, cycles, values = _wide(rows, wide, comma) if wide else _tall(rows, comma)
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled or "" in names:
        raise InputError("two curves have one name" if doubled else "a curve has no name",
                         found=", ".join(doubled[:3]) or None)  # fmt: skip
    if len(names) > MAX_CURVES or not names or not cycles:
        raise InputError("the table holds no curves, or too many", found=f"{len(names)} curves")
    size, places = _places(names)
    order = np.argsort(places, kind="stable")
    reactions = tuple(
        Reaction(places[at], names[at], names[at], "target", Task.UNKNOWN, "unknown")
        for at in order
    )
    notes = [say("A plain table: what its values are is not known; they are taken as signals.")]
    if not probe.is_workbook and not probe.text.endswith(("\n", "\r")):
        notes.append(say("The last line has no line end: if the file was cut off, its last number "
                         "may be wrong."))  # fmt: skip
    return Run(
        Provenance(probe.path.name, probe.sha256, probe.size, READER),
        *size,
        reactions,
        {"target": Target("target", "unknown")},
        None,
        np.array(cycles),
        results={
            (places[at], "target"): InstrumentResult(places[at], "target", None, None, values[at])
            for at in range(len(names))
        },
        notes=tuple(notes),
        unread=() if probe.book is None else probe.book.names[1:],
    )


def _rows(probe: Probe, head: bool) -> Iterable[tuple[int, Sequence[Any]]]:
    """Rows with something in them, cells after the last named column cut off."""
    if probe.book is not None:
        names = probe.book.names
        rows: Iterable[tuple[int, Sequence[Any]]] = (
            enumerate(probe.book.rows(names[0]), 1) if names else ()
        )
    else:
        rows = text_rows((probe.text_head or "") if head else probe.text)
    width = None
    for line, row in rows:
        if not any(plain(cell) for cell in row):
            continue
        if width is None:
            width = max(at for at, cell in enumerate(row) if plain(cell)) + 1
        elif any(plain(cell) for cell in row[width:]):
            raise InputError("a curve has no name", place=f"line {line}, column {width + 1}")
        elif len(row) < width and not head:
            raise InputError(
                "a line is of another length than the head line",
                place=f"line {line}",
                expected=f"{width} cells",
                found=f"{len(row)} cells",
            )
        yield line, row[:width]


def _tall(
    rows: Sequence[tuple[int, Sequence[Any]]], comma: Comma
) -> tuple[list[str], list[int], FloatArray]:
    """Cycles in rows: names, cycles and (R, C) values."""
    names = [plain(cell) for cell in rows[0][1][1:]]
    cycles: list[int] = []
    table: list[list[float]] = []
    for line, row in rows[1:]:
        cycles.append(_cycle(row[0], cycles, f"line {line}"))
        table.append([_value(cell, comma, f"line {line}") for cell in row[1:]])
    values = np.array(table, dtype=np.float64).reshape(len(cycles), len(names))
    return names, cycles, np.ascontiguousarray(values.T)


def _wide(
    rows: Sequence[tuple[int, Sequence[Any]]], cycles: dict[int, int], comma: Comma
) -> tuple[list[str], list[int], FloatArray]:
    """Cycles in columns; the column before the first cycle names the curve."""
    at = max(min(cycles.values()) - 1, 0)
    names = [plain(row[at]) for _, row in rows[1:]]
    if min(cycles.values()) == 0:
        names = [f"curve {number}" for number in range(1, len(rows))]
    table = [
        [_value(row[place], comma, f"line {line}") for _, place in sorted(cycles.items())]
        for line, row in rows[1:]
    ]
    return names, sorted(cycles), np.array(table, dtype=np.float64).reshape(len(names), len(cycles))


def _cycle(cell: Any, before: Sequence[int], place: str) -> int:
    text = plain(cell)
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= value <= MAX_CYCLES or (before and value != before[-1] + 1):
        raise InputError(
            "the first column does not count the cycles",
            place=place,
            expected="whole numbers that follow each other: 1, 2, 3, …",
            found=text[:40],
        )
    return value


def _value(cell: Any, comma: Comma, place: str) -> float:
    value = number(cell, comma, place)
    return np.nan if value is None else value


def _places(names: Sequence[str]) -> tuple[tuple[int, int], list[int]]:
    """Size of the plate, and the index of each curve's well."""
    spots = [row_column(name) for name in names]
    known = [spot for spot in spots if spot is not None]
    if len(known) == len(names) == len(set(known)):
        for rows, columns in (PLATES[96], PLATES[384], PLATES[1536]):
            if all(row < rows and column < columns for row, column in known):
                return (rows, columns), [row * columns + column for row, column in known]
    return (-(-len(names) // 12), 12), list(range(len(names)))


FORMAT = Format(READER, "plain table of curves, cycles in rows or columns (xls, xlsx, csv, txt)",
                sniff, read)  # fmt: skip
