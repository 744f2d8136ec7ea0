"""A workbook: where the numbers come from, reactions, and cycles, on a sheet each.

Texts are written as texts, so that none is taken for a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from qpcr.errors import InputError
from qpcr.export import Content, Writer
from qpcr.export._table import CYCLE_COLUMNS, REACTION_COLUMNS, cycle_cells, reaction_cells

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

MAX_ROWS = 1_048_576
MAX_TEXT = 32_767
"""Limits of the format: rows of a sheet, characters of a cell."""


def render(content: Content, version: str) -> bytes:  # noqa: ARG001 - one version
    """Write the workbook.

    Raises
    ------
    InputError
        The run has more rows than a sheet.
    """
    from xlsxwriter import Workbook  # costs start-up time

    if len(content.rows) * len(content.cycles) >= MAX_ROWS:
        raise InputError("the run is too large for a workbook", remedy="write csv or parquet")
    stream = io.BytesIO()
    book = Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    about = [*content.about.items(), *(("note", str(note)) for note in content.notes)]
    _sheet(book, "About", ("what", "text"), about)
    _sheet(book, "Reactions", REACTION_COLUMNS, map(reaction_cells, content.rows))
    names = ("well", "target", *CYCLE_COLUMNS)
    _sheet(
        book,
        "Cycles",
        names,
        (
            (row.reaction.well_name, row.reaction.target, *cells)
            for row in content.rows
            if row.rn is not None or row.drn is not None
            for cells in cycle_cells(content, row)
        ),
    )
    book.close()
    return stream.getvalue()


def _sheet(book: Workbook, name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    for at, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(at, column, value)
            elif isinstance(value, str):
                clean = value.encode("utf-8", "backslashreplace").decode()
                sheet.write_string(at, column, clean[:MAX_TEXT])
            else:
                sheet.write_number(at, column, value)


WRITER = Writer("xlsx", "workbook", ".xlsx", render)
