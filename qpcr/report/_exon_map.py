"""The exon map of a gene with the deletions an assay looks for, as shapes for an inline SVG.

Exons stand at equal distances; their widths grow with the logarithm of their length. The numbers of
the exons and their bounds are those of the panel's transcript.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from primers import Panel

WIDTH = 640.0
"""Width of the drawing in its own units."""
LEFT, RIGHT = 60.0, 110.0
"""Room for names of deletions at the left, and for what was seen at the right."""
TOP, EXON, ROW = 6.0, 22.0, 17.0
"""Top edge, height of an exon, and height of a deletion's row."""


@dataclass(frozen=True, slots=True)
class ExonBox:
    """One exon: number, left edge, width."""

    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class DeletionBar:
    """One deletion: name, from where to where, at which height, and what was seen of it."""

    name: str
    x: float
    width: float
    y: float
    seen: str


@dataclass(frozen=True, slots=True)
class ExonMap:
    """The drawing: exons in a row, one bar a deletion under them."""

    exons: tuple[ExonBox, ...]
    deletions: tuple[DeletionBar, ...]
    height: float


def exon_map(panel: Panel, seen: Mapping[str, str]) -> ExonMap | None:
    """Lay out the map.

    Parameters
    ----------
    panel
        With a transcript; without one there is no map.
    seen
        By product what was seen of it: ``positive``, ``negative``, ``unclear``, ``unusable``;
        products that are not in it were not tested.
    """
    if panel.transcript is None or not panel.transcript.exons:
        return None
    exons = sorted(panel.transcript.exons, key=lambda exon: exon.number)
    lengths = [exon.grch38[1] - exon.grch38[0] + 1 for exon in exons]
    widths = [16.0 + 9.0 * math.log10(max(length, 10) / 10.0) for length in lengths]
    gap = (WIDTH - LEFT - RIGHT - sum(widths)) / max(len(exons) - 1, 1)
    boxes, x = [], LEFT
    for exon, width in zip(exons, widths, strict=True):
        boxes.append(ExonBox(exon.number, round(x, 1), round(width, 1)))
        x += width + gap
    at = {box.number: box for box in boxes}
    lost = {
        assay.product: assay.deleted_exons
        for assay in panel.assays
        if assay.role == "target" and assay.deleted_exons is not None
    }
    bars = []
    for place, (name, (first, last)) in enumerate(sorted(lost.items(), key=lambda one: one[1])):
        start = at[first].x - gap / 2
        stop = at[last].x + at[last].width + gap / 2
        y = TOP + EXON + 14.0 + place * ROW
        bar = DeletionBar(name, round(start, 1), round(stop - start, 1), y, seen.get(name, "none"))
        bars.append(bar)
    return ExonMap(tuple(boxes), tuple(bars), TOP + EXON + 14.0 + len(bars) * ROW)
