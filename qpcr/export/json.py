"""One JSON document: where the numbers come from, and every reaction with its curves."""

from __future__ import annotations

import json
from typing import Any

from qpcr.document import plain_value
from qpcr.export import Content, Writer
from qpcr.export._content import Row
from qpcr.export._table import REACTION_COLUMNS, reaction_cells

FORMAT = "ikaros-qpcr export"
FORMAT_VERSION = 1


def render(content: Content, version: str) -> bytes:  # noqa: ARG001 - one version
    """Write the document."""
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "about": dict(content.about),
        "notes": list(content.notes),
        "rows": content.run.rows,
        "columns": content.run.columns,
        "cycles": plain_value(content.cycles),
        "reactions": [_reaction(row) for row in content.rows],
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
    return (text + "\n").encode("utf-8", "backslashreplace")


def _reaction(row: Row) -> dict[str, Any]:
    return {
        **dict(zip(REACTION_COLUMNS, reaction_cells(row), strict=True)),
        "excluded": list(row.excluded),
        "remarks": list(row.remarks),
        **{name: plain_value(getattr(row, name)) for name in ("rn", "drn")},
        "reporter_signal": plain_value(row.reporter),
        "reference_signal": plain_value(row.reference),
    }


WRITER = Writer("json", "one document", ".json", render)
