"""How far out the cells of an xls file lie: read before a parser allocates the rectangle.

An xls is an OLE2 container (sectors chained by a table) with a stream ``Workbook`` of BIFF records:
two bytes kind, two bytes length, content; cell records begin with row and column. Only addresses
are looked at here ([MS-CFB] 2.2, [MS-XLS] 2.4).
"""

from __future__ import annotations

import struct
from pathlib import Path

from qpcr.errors import InputError

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA
"""Sector numbers from here on are marks, not sectors."""
_CELLS = {0x0006, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E}
"""FORMULA, RSTRING, LABELSST, BLANK, NUMBER, LABEL, BOOLERR, RK."""
_SPANS = {0x00BD, 0x00BE}
"""MULRK, MULBLANK: the last column stands in the last two bytes."""
_BOF, _FORMULA, _BOOLERR = 0x0809, 0x0006, 0x0205
MAX_ERRORS = 1_000


def check_xls(data: bytes, path: Path, max_columns: int, max_cells: int) -> list[str]:
    """Refuse a workbook with a sheet larger than `max_columns` or `max_cells`.

    Returns
    -------
    list of str
        Addresses of cells whose formula could not be computed.

    Raises
    ------
    InputError
        Such a sheet, or a container that cannot be followed.
    """
    try:
        stream = _workbook_stream(data)
    except (struct.error, ValueError, IndexError) as error:
        raise InputError(
            "the workbook is cut off or damaged",
            file=path,
            found=str(error),
            remedy="copy the file again from where it was exported",
        ) from error
    errors: list[str] = []
    rows = columns = 1
    at, size = 0, len(stream)
    while at + 4 <= size:
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _BOF:
            rows = columns = 1
        elif kind in _CELLS and length >= 4 and at + 8 <= size:
            row, column = struct.unpack_from("<HH", stream, at + 4)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            if _is_error(kind, stream[at + 4 : at + 4 + length]) and len(errors) < MAX_ERRORS:
                errors.append(f"row {row + 1}, column {column + 1}")
        elif kind in _SPANS and length >= 6 and at + 4 + length <= size:
            (row,) = struct.unpack_from("<H", stream, at + 4)
            (column,) = struct.unpack_from("<H", stream, at + 2 + length)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
        if columns > max_columns or rows * columns > max_cells:
            raise InputError(
                "a sheet is larger than any export of an instrument",
                file=path,
                expected=f"at most {max_cells:,} cells",
                found=f"a cell in row {rows}, column {columns}",
            )
        at += 4 + length
    return errors


def _is_error(kind: int, record: bytes) -> bool:
    """Whether a cell record holds an error: of its own, or as the result of its formula."""
    if kind == _BOOLERR:
        return len(record) >= 8 and record[7] == 1
    return (
        kind == _FORMULA and len(record) >= 14 and record[6] == 2 and record[12:14] == b"\xff\xff"
    )


def _workbook_stream(data: bytes) -> bytes:
    """The stream of records."""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        raise ValueError("the container's sector size is unknown")
    sector = 1 << shift
    table = _table(data, sector)
    directory = _chain(data, struct.unpack_from("<I", data, 48)[0], table, sector)
    for at in range(0, len(directory) - 127, 128):
        length = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<II", directory, at + 116)
        if name.lower() in ("workbook", "book") and directory[at + 66] == 2:
            if size < 4096:
                return b""  # in the small sectors: no room for a far cell that would do harm
            stream = _chain(data, start, table, sector)
            if len(stream) < size:
                raise ValueError("the stream of sheets is cut off")
            return stream[:size]
    raise ValueError("the container holds no workbook")


def _table(data: bytes, sector: int) -> list[int]:
    """The chain table: next sector by sector."""
    places = [n for n in struct.unpack_from("<109I", data, 76) if n < _END]
    more = struct.unpack_from("<I", data, 68)[0]
    seen = 0
    while more < _END:
        block = struct.unpack_from(f"<{sector // 4}I", data, (more + 1) * sector)
        places += [n for n in block[:-1] if n < _END]
        more = block[-1]
        seen += 1
        if seen > len(data) // sector:
            raise ValueError("the container's table runs in a circle")
    table: list[int] = []
    for place in places[: len(data) // sector + 1]:
        table += struct.unpack_from(f"<{sector // 4}I", data, (place + 1) * sector)
    return table


def _chain(data: bytes, start: int, table: list[int], sector: int) -> bytes:
    """Content of a chain of sectors."""
    parts: list[bytes] = []
    while start < _END:
        if len(parts) > len(data) // sector:
            raise ValueError("the container's sectors run in a circle")
        parts.append(data[(start + 1) * sector : (start + 2) * sector])
        start = table[start]
    return b"".join(parts)
