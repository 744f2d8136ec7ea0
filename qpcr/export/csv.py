"""A plain table: one row a reaction and cycle, UTF-8, comma, point, empty where there is nothing.

A text that a spreadsheet would take for a formula gets a quote before it (:func:`plain`).
"""

from __future__ import annotations

import csv
import io
from typing import Any

from qpcr.export import Content, Writer
from qpcr.export._table import CYCLE_COLUMNS, REACTION_COLUMNS, tidy
from qpcr.frames import plain


def render(content: Content, version: str) -> bytes:  # noqa: ARG001 - one version
    """Write the table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*REACTION_COLUMNS, *CYCLE_COLUMNS))
    writer.writerows([_cell(value) for value in row] for row in tidy(content))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) or "" if isinstance(value, str) else repr(value)


WRITER = Writer("csv", "table, one row a reaction and cycle", ".csv", render)
