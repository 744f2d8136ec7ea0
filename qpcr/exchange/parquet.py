"""Tidy tables as Parquet, through pyarrow, which the extra ``parquet`` installs."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from qpcr.errors import InputError
from qpcr.exchange.tidy import Table, Type


def parquet(table: Table) -> bytes:
    """A table as the bytes of a Parquet file; every column has the type that the table states.

    Raises
    ------
    InputError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            "Parquet needs pyarrow, which is not installed",
            remedy="pip install 'ikaros-qpcr[parquet]', or export to csv or json",
        ) from error
    types: dict[Type, Any] = {
        "text": pa.string(),
        "number": pa.float64(),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "date": pa.date32(),
        "texts": pa.list_(pa.string()),
    }
    arrays = []
    for place, kind in enumerate(table.columns.values()):
        values = [_value(row[place], kind) for row in table.rows]
        arrays.append(pa.array(values, type=types[kind]))
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(table.columns)), stream)
    return stream.getvalue()


def _value(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    return list(value) if kind == "texts" else value
