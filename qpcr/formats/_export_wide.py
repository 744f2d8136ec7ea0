"""Curves that stand in a line (``Cycle 1``, ``Cycle 2``, …) or in a column (``A1``, ``A2``, …)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from qpcr.errors import InputError
from qpcr.formats._cells import key, number, plain
from qpcr.formats._columns import well_columns, wide_cycles
from qpcr.formats._export_curves import MAX_CYCLES, Key, Point, Series
from qpcr.formats._export_setup import UNNAMED, Plate
from qpcr.formats._probe import Probe
from qpcr.formats._sections import Document, Row, Section
from qpcr.run import well_name
from qpcr.said import say

_GENERIC = re.compile(r"(sheet|tabelle|feuil|hoja|工作表|表)?\s*\d*", re.IGNORECASE)
_DYES = re.compile(
    r"(?<![A-Za-z0-9])(FAM|HEX|VIC|SYBR(?: ?Green)?|EvaGreen|Cy ?5(?:\.5)?|Quasar ?\d{3}|"
    r"Texas ?Red|ROX|TET|JOE|NED|TAMRA|Cy ?3|ABY|JUN|Cal ?\w+ ?\d{3})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
NEGATIVES = 0.1
"""Part of the early readings below zero from which on curves are taken to be ΔRn."""


def add_wide(
    probe: Probe, document: Document, plate: Plate, series: Series, notes: list[str]
) -> None:
    """Read the curves of wide and tall tables into `series`.

    Raises
    ------
    InputError
        A well twice with different values, a line of no well, a cell that is no number.
    """
    for section in (*document.of("wide"), *document.of("tall")):
        read = _wide if section.kind == "wide" else _tall
        curves = read(probe, section, plate)
        slot = _slot(section, curves)
        notes.append(
            say("{table}: its curves are taken as {what}.", table=section.name or section.kind,
                what=("ΔRn", "Rn")[slot == 0])
        )  # fmt: skip
        for one, values in curves.items():
            there = series.points.setdefault(one, {})
            for cycle, value in values.items():
                old = there.get(cycle, (None, None))
                new: Point = (value, old[1]) if slot == 0 else (old[0], value)
                if old[slot] is not None and old[slot] != value:
                    raise InputError(
                        "a cycle of a well is listed twice with different values",
                        place=f"table {section.name!r}, well "
                        f"{well_name(one[0], plate.wells.columns)}, cycle {cycle}",
                        remedy="the file holds two runs or was edited; export it again",
                    )
                there[cycle] = new
            plate.draft(*one)


def _wide(_: Probe, section: Section, plate: Plate) -> dict[Key, dict[int, float]]:
    """A curve a line."""
    cycles = wide_cycles(section.head)
    curves: dict[Key, dict[int, float]] = {}
    for line, row in section.rows:
        well = plate.wells.of(section, line, row)
        if well is None:
            continue
        values = _values(section, plate, line, row, cycles)
        if not values:
            continue
        target, dye = (_cell(section, row, name) for name in ("target", "reporter"))
        one = (well, target or _target(plate, well, dye))
        if curves.setdefault(one, values) != values:
            raise InputError(
                "a curve is listed twice with different values",
                place=section.place(line),
                remedy="the file holds two runs or was edited; export it again",
            )
        draft = plate.draft(*one)
        draft.reporter = draft.reporter or dye or None
    return curves


def _tall(probe: Probe, section: Section, plate: Plate) -> dict[Key, dict[int, float]]:
    """A curve a column; the dye is the table's name, or stands in the file's."""
    name = "" if _GENERIC.fullmatch(section.name) else section.name
    found = _DYES.search(name) or _DYES.search(probe.path.stem.replace("_", " "))
    dye = found[1] if found else name
    where: dict[Key, int] = {}
    for at, (row, column) in well_columns(section.head).items():
        if row >= plate.wells.rows or column >= plate.wells.columns:
            raise InputError("a well outside the plate", found=section.head[at])
        well = row * plate.wells.columns + column
        one = (well, _target(plate, well, dye))
        if one in where:
            raise InputError(
                "a well has two columns", place=f"table {section.name!r}", found=section.head[at]
            )
        where[one] = at
    curves: dict[Key, dict[int, float]] = {one: {} for one in where}
    for line, cells in section.rows:
        text = plain(cells[section.columns["cycle"]])
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_CYCLES):
            raise InputError("a cycle is no whole number", place=section.place(line), found=text)
        for one, at in where.items():
            value = _values(section, plate, line, cells, {int(text): at})
            if curves[one].keys() & value.keys():
                raise InputError("a cycle is listed twice", place=section.place(line), found=text)
            curves[one].update(value)
    curves = {one: values for one, values in curves.items() if values}
    for one in curves:
        plate.draft(*one).reporter = plate.draft(*one).reporter or dye or None
    return curves


def _values(
    section: Section, plate: Plate, line: int, row: Row, cycles: dict[int, int]
) -> dict[int, float]:
    found = {}
    for cycle, at in cycles.items():
        value = None if at >= len(row) else number(row[at], plate.comma, section.place(line))
        if value is not None:
            found[cycle] = value
    return found


def _cell(section: Section, row: Sequence[object], name: str) -> str:
    at = section.columns.get(name)
    return plain(row[at]) if at is not None and at < len(row) else ""


def _target(plate: Plate, well: int, dye: str) -> str:
    """Target of a curve that names only its dye: the one set up with it, else the only one."""
    targets = plate.targets_of(well)
    same = [name for name in targets if key(plate.drafts[well, name].reporter or "") == key(dye)]
    if len(same) == 1 and dye:
        return same[0]
    if len(targets) == 1 and plate.drafts[well, targets[0]].reporter is None:
        return targets[0]
    return dye or UNNAMED


def _slot(section: Section, curves: dict[Key, dict[int, float]]) -> int:
    """0: the values are Rn, 1: ΔRn. By the table's name, else by readings below zero."""
    name = key(section.name)
    if "deltarn" in name or "drn" in name:
        return 1
    if name.endswith("rn"):
        return 0
    early = [value for one in curves.values() for cycle, value in one.items() if cycle <= 10]
    return int(bool(early) and float(np.mean(np.array(early) < 0)) > NEGATIVES)
