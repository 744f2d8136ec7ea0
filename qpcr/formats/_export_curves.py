"""Long tables of an export (a line a well and cycle) as arrays: Rn and ΔRn, filters, dyes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qpcr._frozen import FloatArray
from qpcr._lists import listed
from qpcr.errors import InputError
from qpcr.formats._cells import number, plain
from qpcr.formats._export_setup import UNNAMED, Plate
from qpcr.formats._sections import Document, Section
from qpcr.run import well_name
from qpcr.said import say

MAX_CYCLES = 2_000
Point = tuple[float | None, ...]
Key = tuple[int, str]
"""Well and target; of a well as a whole ``""``."""


@dataclass(eq=False)
class Series:
    """Values by reaction or well and by cycle.

    Attributes
    ----------
    points
        By (well, target), or (well, ``""``); then by cycle.
    names
        Of the values of a point.
    """

    names: tuple[str, ...]
    points: dict[Key, dict[int, Point]] = field(default_factory=dict)

    def cycles(self) -> set[int]:
        """Every cycle that occurs."""
        return {cycle for one in self.points.values() for cycle in one}

    def array(self, key: Key, first: int, count: int) -> FloatArray:
        """(values, C) of one key, NaN where nothing was measured."""
        found = np.full((len(self.names), count), np.nan)
        for cycle, point in self.points[key].items():
            for at, value in enumerate(point):
                if value is not None:
                    found[at, cycle - first] = value
        return found


def amplification_of(document: Document, plate: Plate, notes: list[str]) -> Series:
    """Rn and ΔRn by (well, target); reactions that no other table lists are added."""
    series = Series(("rn", "drn"))
    for section in document.of("amplification"):
        at = [section.columns.get("rn"), section.columns.get("drn")]
        _read(document, section, at, plate, series, notes, by_target=True)
        name = section.columns.get("sample")
        for line, row in section.rows if name is not None else ():
            well = plate.wells.of(section, line, row)
            if well is not None and name is not None and name < len(row) and plain(row[name]):
                plate.samples.setdefault(well, plain(row[name]))
    return series


def wells_series_of(document: Document, kind: str, plate: Plate, notes: list[str]) -> Series:
    """Filter readings (``"raw"``) or dye signals (``"dyes"``) by well."""
    sections = document.of(kind)
    if not sections:
        return Series(())
    columns = {
        name: at
        for name, at in sections[0].values().items()
        if kind == "raw" or _numeric(sections[0], at)
    }
    series = Series(tuple(columns))
    for section in sections:
        if set(section.values()) >= set(columns):
            at = [section.values()[name] for name in columns]
            _read(document, section, at, plate, series, notes, by_target=False)
        else:
            notes.append(say("{place} has other columns and was passed over.", place=section.name))
    return series


def _numeric(section: Section, at: int) -> bool:
    """Whether a column holds numbers, as far as it holds anything."""
    cells = [row[at] for _, row in section.rows[:2000] if at < len(row)]
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    return not any(isinstance(cell, bool) for cell in cells) and all(
        re.fullmatch(r"[-+\d.,eE \u00a0]+|[Nn]/?[Aa][Nn]?|#.*", text.strip()) for text in texts
    )


def _read(
    document: Document, section: Section, at: Sequence[int | None], plate: Plate, series: Series,
    notes: list[str], by_target: bool,
) -> None:  # fmt: skip
    """Read one long table."""
    cycle_at, target_at = section.columns["cycle"], section.columns.get("target")
    wanted = _stage(document, section, notes)
    wells, comma, points = plate.wells, plate.comma, series.points
    known: dict[int, str] = {}
    key: Key = (0, "")
    cycle = 0
    for line, row in section.rows:
        if wanted is not None and _stage_of(section, row) != wanted:
            continue
        well = wells.of(section, line, row)
        values = tuple(
            None if n is None or n >= len(row) or row[n] == "" else
            row[n] if type(row[n]) is float else number(row[n], comma, section.place(line))
            for n in at
        )  # fmt: skip
        if well is None or all(value is None for value in values):
            continue
        cycle = _cycle(row[cycle_at], section, line)
        key = (well, "")
        if by_target:
            target = plain(row[target_at]) if target_at is not None and target_at < len(row) else ""
            key = (well, target or _only_target(plate, well, known))
        there = points.get(key)
        if there is None:
            there = points[key] = {}
        if there.setdefault(cycle, values) != values:
            raise InputError(
                "a cycle of a well is listed twice with different values",
                place=f"{section.place(line)}, well {well_name(well, wells.columns)}, "
                f"cycle {cycle}",
                remedy="the file holds two runs or was edited; export it again",
            )
    if by_target:
        for one in points:
            plate.draft(*one)
    _check_end(document, section, points, key, cycle, plate, notes)


def _only_target(plate: Plate, well: int, known: dict[int, str]) -> str:
    """Target of a well's curve that names none."""
    if well not in known:
        targets = plate.targets_of(well)
        known[well] = targets[0] if len(targets) == 1 else UNNAMED
    return known[well]


def _cycle(cell: Any, section: Section, line: int) -> int:
    if type(cell) is float and cell.is_integer() and 1 <= cell <= MAX_CYCLES:
        return int(cell)
    text = plain(cell)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_CYCLES):
        raise InputError(
            "a cycle is no whole number",
            place=section.place(line),
            expected=f"1 to {MAX_CYCLES}",
            found=text[:40],
        )
    return int(text)


def _stage_of(section: Section, row: Any) -> tuple[str, str]:
    return tuple(
        plain(row[at]) if (at := section.columns.get(name)) is not None and at < len(row) else ""
        for name in ("stage", "step")
    )  # type: ignore[return-value]


def _stage(document: Document, section: Section, notes: list[str]) -> tuple[str, str] | None:
    """The stage and step that amplify, where a table holds readings of several."""
    if not {"stage", "step"} & section.columns.keys():
        return None
    counts = Counter(_stage_of(section, row) for _, row in section.rows)
    named = re.findall(r"\d+", plain(document.pairs.get("pcrstagestepnumber", "")))
    pair = tuple(named) if len(named) == 2 else None
    chosen = pair if pair in counts else counts.most_common(1)[0][0]
    others = [pair for pair in counts if pair != chosen]
    if others:
        notes.append(
            say("{name} also holds readings of {stages}, outside the cycling; they are passed "
                "over.", name=section.name or section.kind,
                stages=listed([f"stage {a} step {b}" for a, b in others]))
        )  # fmt: skip
    return chosen


def _check_end(
    document: Document, section: Section, points: Mapping[Key, Mapping[int, Point]], key: Key,
    cycle: int, plate: Plate, notes: list[str],
) -> None:  # fmt: skip
    """Say which wells have fewer cycles; a file that ends within one is cut off.

    Raises
    ------
    InputError
        The file's last table ends before its last well or its last cycle is complete.
    """
    if not points:
        return
    most = max(len(one) for one in points.values())
    short = [one for one, values in points.items() if len(values) < most]
    if not short:
        return
    full = [one for one in document.sections if one.rows]
    ends = key in short or cycle == max(max(values) for values in points.values())
    by_cycle = key not in short and all(cycle not in points[one] for one in short)
    if full[-1] is section and ends and (key in short or by_cycle):
        raise InputError(
            "the file ends in the middle of a curve",
            place=f"{section.place(section.rows[-1][0])}",
            expected=f"{most} cycles of every well",
            found=f"{len(short)} wells or reactions with fewer",
            remedy="the file was cut off: copy or export it again",
        )
    names = [well_name(well, plate.wells.columns) for well, _ in short]
    notes.append(
        say("{table}: {wells} have fewer cycles than the others.",
            table=section.name or section.kind, wells=listed(list(dict.fromkeys(names))))
    )  # fmt: skip
