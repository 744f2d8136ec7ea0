"""The plate of an RDML run: its size, and the well each reaction id means.

Version 1.0 describes the plate in words ("96-well plate; A1-H12", "free format") and names wells
(``A1``); later versions state rows and columns and count wells row by row from 1.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr._lists import listed
from qpcr.errors import InputError
from qpcr.formats._eds_text import clean_name
from qpcr.formats._rdml_text import children, identity, number, word
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_WELLS = 10_000
_STANDARD = ((6, 8), (8, 12), (16, 24), (32, 48))
"""Rows and columns of plates of 48, 96, 384 and 1,536 wells."""
_NAMED = re.compile(r"([A-Za-z]{1,2})0*([1-9]\d{0,2})", re.ASCII)


@dataclass(frozen=True)
class Grid:
    """Rows and columns, and the well index of each reaction id."""

    rows: int
    columns: int
    wells: dict[str, int]


def read_grid(run: _Element, notes: list[str]) -> Grid:
    """Read the size of the plate and the place of every reaction.

    Raises
    ------
    InputError
        An impossible plate, or a reaction outside it or twice in one place.
    """
    keys = [identity(node, "react") for node in children(run, "react")]
    spots = [_spot(key) for key in keys]
    size = _stated(run)
    if size is None:
        size = _assumed(spots)
        notes.append(
            say("The file does not state the size of the plate; {rows} × {columns} is the smallest "
                "usual one that holds its wells.", rows=size[0], columns=size[1])
        )  # fmt: skip
    rows, columns = size
    wells: dict[str, int] = {}
    for key, spot in zip(keys, spots, strict=True):
        row, column = divmod(spot, columns) if isinstance(spot, int) else spot
        if not (row < rows and column < columns):
            raise InputError(
                "a reaction lies outside the plate",
                place=f"react {key!r}",
                expected=f"{rows} rows and {columns} columns",
            )
        wells[key] = row * columns + column
    doubled = [key for key, count in Counter(keys).items() if count > 1]
    if doubled or len(set(wells.values())) < len(wells):
        raise InputError(
            "a well occurs twice in one run",
            place=f"react {listed(doubled) or 'by name and by number'}",
            remedy="export the run again",
        )
    return Grid(rows, columns, wells)


def _spot(key: str) -> int | tuple[int, int]:
    """Place a reaction id means: a running number from 0, or row and column."""
    if re.fullmatch(r"[0-9]{1,6}", key) and int(key) > 0:
        return int(key) - 1
    named = _NAMED.fullmatch(key)
    if named is None:
        raise InputError(
            "a reaction's id is no well",
            place=f"react {key[:60]!r}",
            expected="a number from 1, or a name such as A1",
        )
    row = 0
    for letter in named[1].upper():
        row = row * 26 + ord(letter) - ord("A") + 1
    return row - 1, int(named[2]) - 1


def _stated(run: _Element) -> tuple[int, int] | None:
    rows = number(word(run, "pcrFormat/rows"), "pcrFormat")
    columns = number(word(run, "pcrFormat/columns"), "pcrFormat")
    if rows is None or columns is None:
        node = next(children(run, "pcrFormat"), None)
        said = "" if node is None else clean_name((node.text or "")[:1000])
        count = re.match(r"(\d{1,5})-well", said)
        known = {r * c: (r, c) for r, c in _STANDARD}
        return known.get(int(count[1])) if count else None
    if (
        rows != int(rows)
        or columns != int(columns)
        or not (rows >= 1 and columns >= 1 and rows * columns <= MAX_WELLS)
    ):
        raise InputError(
            "an impossible plate",
            place="pcrFormat",
            expected=f"whole numbers, {MAX_WELLS} wells at most",
            found=f"{rows:g} rows and {columns:g} columns",
        )
    return int(rows), int(columns)


def _assumed(spots: list[int | tuple[int, int]]) -> tuple[int, int]:
    """Smallest usual plate from 96 wells on that holds all of them."""
    for rows, columns in _STANDARD[1:]:
        if all(
            spot < rows * columns if isinstance(spot, int) else spot[0] < rows and spot[1] < columns
            for spot in spots
        ):
            return rows, columns
    raise InputError("the file does not state the size of the plate", place="pcrFormat")
