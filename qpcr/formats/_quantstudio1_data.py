"""Readings in ``.eds`` files of ViiA 7 and QuantStudio (version 1, XML).

Filters: ``filterdata.xml``, or while the run goes on a file a reading and filter under ``filter/``;
``PlatePointData`` states stage, cycle, step and point, its ``PlateData`` the ``FILTER_SET`` and all
wells. Dyes: ``multicomponentdata.xml``; ``CollectionPoints`` says which readings, ``DyeData`` the
dyes of each well and ``SignalData`` their signals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from qpcr._frozen import Float32Array, FloatArray
from qpcr.errors import InputError
from qpcr.formats._archive import Archive
from qpcr.formats._eds_manifest import ROOT
from qpcr.formats._eds_text import integer, text
from qpcr.run import DyeSignals, Stage
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_CYCLES = 500
MAX_FILTERS = 64
Point = tuple[int, int, int]
"""Stage, step and cycle of a reading, each from 1."""
_POINT = re.compile(r"\[Stg:(\d{1,4}) Cyc:(\d{1,4}) Stp:(\d{1,4}) Pt:(\d{1,4})\]", re.ASCII)


def amplification(
    points: Iterator[Point] | list[Point], protocol: tuple[Stage, ...], notes: list[str]
) -> tuple[int, int] | None:
    """Stage and step whose readings are the amplification: the most readings outside a melt."""
    pairs = Counter(
        (stage, step)
        for stage, step, _ in points
        if not (stage <= len(protocol) and "MELT" in protocol[stage - 1].name.upper())
    )
    if not pairs:
        return None
    most = pairs.most_common(1)[0][0]
    if len(pairs) > 1:
        notes.append(
            say("Fluorescence was read in several steps; stage {stage}, step {step} has the most "
                "readings and is taken.", stage=most[0], step=most[1])
        )  # fmt: skip
    return most


def read_filters(
    archive: Archive, wells: int, protocol: tuple[Stage, ...], notes: list[str]
) -> tuple[tuple[str, ...], FloatArray | None, str | None]:
    """Names of the filters, (W, C, F) counts, and where they stood; NaN where none was read."""
    single = f"{ROOT}filterdata.xml"
    pattern = re.compile(
        re.escape(f"{ROOT}filter/") + r"s\d+_c\d+_t\d+_p\d+_m\d+_x\d+_filterdata\.xml"
    )
    members = [single] if single in archive else sorted(filter(pattern.fullmatch, archive.members))
    found: dict[tuple[Point, str], FloatArray] = {}
    for member in members:
        for node in archive.xml(member).iterfind("PlatePointData"):
            point = tuple(integer(node, part, 1, 9_999) for part in ("Stage", "Step", "Cycle"))
            for plate in node.iterfind("PlateData"):
                name = _attribute(plate, "FILTER_SET") or "?"
                key = (point[0], point[1], point[2]), name
                if key in found:
                    raise InputError("a filter was read twice in one cycle", place=member,
                                     found=f"{name}, cycle {point[2]}")  # fmt: skip
                found[key] = _numbers(plate.findtext("WellData"), wells, member)
    chosen = amplification([point for point, _ in found], protocol, notes)
    found = {key: values for key, values in found.items() if key[0][:2] == chosen}
    names = tuple(sorted({name for _, name in found}))
    count = max((point[2] for point, _ in found), default=0)
    if not count:
        return (), None, None
    if count > MAX_CYCLES or len(names) > MAX_FILTERS:
        raise InputError("more cycles or filters than any run has", place=members[0])
    counts = np.full((wells, count, len(names)), np.nan)
    for (point, name), values in found.items():
        counts[:, point[2] - 1, names.index(name)] = values
    return names, counts, members[0] if len(members) == 1 else f"{ROOT}filter/*_filterdata.xml"


def _attribute(node: _Element, name: str) -> str | None:
    for one in node.iterfind("Attribute"):
        if text(one, "key") == name:
            return text(one, "value")
    return None


def _numbers(words: str | None, count: int, place: str) -> FloatArray:
    """Numbers in a text, apart by white space or by commas in brackets."""
    parts = (words or "").strip().removeprefix("[").removesuffix("]").replace(",", " ").split()
    if len(parts) != count:
        raise InputError("a reading is not complete", place=place,
                         expected=f"{count} values", found=f"{len(parts)}")  # fmt: skip
    try:
        values = np.array([float(part) for part in parts], dtype=np.float64)
    except ValueError as error:
        raise InputError("a reading is no number", place=place) from error
    values[~np.isfinite(values)] = np.nan
    return values


def read_signals(
    archive: Archive, wells: int, protocol: tuple[Stage, ...], notes: list[str]
) -> tuple[dict[int, DyeSignals], int]:
    """Dye signals by well, and their number of cycles."""
    member = f"{ROOT}multicomponentdata.xml"
    if member not in archive:
        return {}, 0
    root = archive.xml(member)
    points = [
        (int(stage), int(step), int(cycle))
        for stage, cycle, step, _ in _POINT.findall(root.findtext("CollectionPoints") or "")
    ]
    chosen = amplification(points, protocol, notes)
    columns = {point[2]: at for at, point in enumerate(points) if point[:2] == chosen}
    count = max(columns, default=0)
    if count > MAX_CYCLES or len(columns) != sum(point[:2] == chosen for point in points):
        raise InputError("a cycle occurs twice, or is later than any run's", place=member)
    dyes: dict[int, tuple[str, ...]] = {}
    for node in root.iterfind("DyeData"):
        names = (text(node, "DyeList") or "").strip("[]").split(",")
        dyes[_well(node, wells, member)] = tuple(name.strip() for name in names if name.strip())
    signals: dict[int, DyeSignals] = {}
    for node in root.iterfind("SignalData"):
        well = _well(node, wells, member)
        rows = [
            _numbers(one.text, len(points), f"{member}, well index {well}")
            for one in node.iterfind("CycleData")
        ]
        if len(rows) > MAX_FILTERS:
            raise InputError("more dyes than any well holds", place=member)
        if well in signals or len(rows) != len(dyes.get(well, ())) or not rows:
            raise InputError("signals that do not fit the dyes of their well", place=member,
                             found=f"well index {well}")  # fmt: skip
        values: Float32Array = np.full((len(rows), count), np.nan, dtype=np.float32)
        at = list(columns.values())
        with np.errstate(over="ignore"):
            values[:, np.array(list(columns)) - 1] = np.array(rows)[:, at]
        if count:
            signals[well] = DyeSignals(dyes[well], values)
    return signals, count


def _well(node: _Element, wells: int, place: str) -> int:
    word = node.get("WellIndex", "")
    if not re.fullmatch(r"[0-9]{1,5}", word) or int(word) >= wells:
        raise InputError("a well outside the plate", place=place, found=word[:20])
    return int(word)
