"""Workbooks from strangers (xlsx, xls), with every size bounded; sheets are parsed when asked for.

An xlsx is a zip container: its members pass :class:`~qpcr.formats._archive.Archive`, which counts
what comes out. Both kinds can claim a cell far out and make a reader allocate the rectangle, so the
cells' addresses are looked at before the parser sees them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr.errors import InputError
from qpcr.formats._archive import Archive
from qpcr.formats._ole import check_xls

if TYPE_CHECKING:
    import python_calamine

MAX_BOOK = 64 << 20
"""Bytes of a workbook; 384 wells with six dyes and all sheets take some 30 MB as xls."""
MAX_SHEETS = 200
MAX_COLUMNS = 5_000
MAX_CELLS = 8_000_000

_FAR = re.compile(rb"""\br=["']([A-Za-z]{1,4})?(\d{1,9})["']""")
_NEAR = re.compile(rb"""\br=["'](?:[A-Za-z]{2}|[A-Za-z]?\d{6})""")
_ERROR = re.compile(rb"""<c\b[^>]*?\br="([A-Za-z]{1,3}\d{1,7})"[^>]*?\bt="e\"""")
_DAMAGED = "copy the file again, or open it in a spreadsheet program and save it as xlsx"


@dataclass(frozen=True, eq=False)
class Workbook:
    """An opened workbook.

    Attributes
    ----------
    path
        The file.
    names
        Of its sheets, in order.
    errors
        Addresses of cells whose formula could not be computed; they are read as empty.
    """

    path: Path
    names: tuple[str, ...]
    errors: tuple[str, ...]
    _book: python_calamine.CalamineWorkbook
    _sheets: dict[str, list[list[Any]]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, data: bytes, archive: Archive | None) -> Workbook:
        """Open a workbook; `archive` is its container when it is an xlsx.

        Raises
        ------
        InputError
            Damaged, locked by a password, or larger than any export.
        """
        import python_calamine  # costs start-up time

        if len(data) > MAX_BOOK:
            raise InputError(
                "the workbook is too large for an export of an instrument",
                file=path,
                expected=f"at most {MAX_BOOK >> 20} MiB",
                found=f"{len(data) >> 20} MiB",
            )
        if archive is not None:
            errors = _check_xlsx(archive)
        else:
            errors = check_xls(data, path, MAX_COLUMNS, MAX_CELLS)
        with _guarded(path):
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
            names = tuple(book.sheet_names)
        if len(names) > MAX_SHEETS:
            raise InputError("the workbook has too many sheets", file=path, found=str(len(names)))
        return cls(path, names, tuple(errors), book)

    def rows(self, name: str) -> list[list[Any]]:
        """Cells of one sheet, parsed once: numbers, texts, truth values, dates; ``""`` if empty.

        Raises
        ------
        InputError
            The sheet is damaged.
        """
        if name not in self._sheets:
            with _guarded(self.path, f"sheet {name!r}"):
                sheet = self._book.get_sheet_by_name(name)
                self._sheets[name] = sheet.to_python(skip_empty_area=False)
        return self._sheets[name]


@contextmanager
def _guarded(path: Path, place: str | None = None) -> Iterator[None]:
    """Turn what the parser says of damage into words; a panic of its own is damage too."""
    import python_calamine

    try:
        yield
    except (python_calamine.CalamineError, ValueError, OSError, OverflowError) as error:
        raise InputError(
            "the workbook is damaged or locked",
            file=path,
            place=place,
            found=str(error)[:200],
            remedy=_DAMAGED,
        ) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the parser; no class to import
            raise
        raise InputError(
            "the workbook is damaged", file=path, place=place, remedy=_DAMAGED
        ) from error


def _check_xlsx(archive: Archive) -> list[str]:
    """Unpack every member once, counted; look at how far out cells lie, and for failed formulas."""
    errors: list[str] = []
    for name in archive.members:
        data = archive.read(name)
        if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
            continue
        if b't="e"' in data:
            errors += [one.decode("ascii") for one in _ERROR.findall(data)]
        if _NEAR.search(data) is None:
            continue  # at most 99,999 rows of 26 columns: found out in a tenth of the time
        rows = columns = 1
        for letters, digits in _FAR.findall(data):
            rows = max(rows, int(digits))
            columns = max(columns, _column(letters))
        if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
            raise InputError(
                "a sheet is larger than any export of an instrument",
                file=archive.path,
                place=name,
                expected=f"at most {MAX_CELLS:,} cells",
                found=f"a cell in row {rows}, column {columns}",
            )
    return errors


def _column(letters: bytes) -> int:
    """Number of a column: ``A`` is 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
