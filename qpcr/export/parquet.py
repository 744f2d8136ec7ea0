"""The plain table in Parquet, for many runs at once; where it comes from is in its metadata."""

from __future__ import annotations

import io
import json

from qpcr.errors import InputError
from qpcr.export import Content, Writer
from qpcr.export._table import CYCLE_COLUMNS, REACTION_COLUMNS, columns, tidy

_WORDS = {"well", "sample", "target", "task", "reporter", "quencher", "excluded", "remarks"}
_WHOLE = {"baseline_start", "baseline_end", "cycle"}


def render(content: Content, version: str) -> bytes:  # noqa: ARG001 - one version
    """Write the table.

    Raises
    ------
    InputError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # optional
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            "Parquet needs the package pyarrow, which is not installed",
            remedy="install it: pip install 'ikaros-qpcr[parquet]'; or write csv",
        ) from error
    names = (*REACTION_COLUMNS, *CYCLE_COLUMNS)
    kinds = {
        name: pa.string()
        if name in _WORDS
        else pa.bool_()
        if name == "omitted"
        else pa.int64()
        if name in _WHOLE
        else pa.float64()
        for name in names
    }
    table = columns(list(tidy(content)), names)
    for name in _WORDS:
        table[name] = [
            None if value is None else str(value).encode("utf-8", "backslashreplace").decode()
            for value in table[name]
        ]
    about = json.dumps({**content.about, "notes": [str(note) for note in content.notes]})
    schema = pa.schema(list(kinds.items()), metadata={"ikaros-qpcr": about})
    stream = io.BytesIO()
    pq.write_table(pa.table(table, schema=schema), stream)
    return stream.getvalue()


WRITER = Writer("parquet", "table for many runs (needs pyarrow)", ".parquet", render)
