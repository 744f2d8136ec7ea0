"""What rules ask of a plate: what a reaction is for, whether it grows, and how wells are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from qpcr._lists import grouped, listed
from qpcr.run import Task
from qpcr.said import say
from qpcr.shapes import Kind

if TYPE_CHECKING:
    from qpcr.qc import Plate

GROWING = frozenset({Kind.NO_PLATEAU, Kind.HOOK})
"""Kinds that are no proper curves and yet show product."""


SPOILT = frozenset({Kind.SPIKE, Kind.STEP, Kind.FALLING})
"""Kinds that come from a fault of the well, and may hide a product."""


class Part(StrEnum):
    """What a reaction is for, by its task and by the names the panel gives its controls."""

    SAMPLE = "sample"
    STANDARD = "standard"
    NTC = "no-template control"
    POSITIVE = "positive control"
    NEGATIVE = "negative control"
    NO_ENZYME = "no-enzyme control"
    OTHER = "other"


CONTROLS = frozenset({Part.NTC, Part.POSITIVE, Part.NEGATIVE, Part.NO_ENZYME})

_TASKS = {
    Task.STANDARD: Part.STANDARD,
    Task.NTC: Part.NTC,
    Task.POSITIVE_CONTROL: Part.POSITIVE,
    Task.NEGATIVE_CONTROL: Part.NEGATIVE,
}
KINDS = {
    "ntc": Part.NTC,
    "positive": Part.POSITIVE,
    "negative": Part.NEGATIVE,
    "no_enzyme": Part.NO_ENZYME,
}
"""Kinds of control as panels spell them."""


def part_of(plate: Plate, row: int) -> Part:
    """Say what a reaction is for: its task; where that is unknown, its sample's name."""
    reaction = plate.run.reactions[row]
    if reaction.task in _TASKS:
        return _TASKS[reaction.task]
    if plate.panel is not None:
        kind = plate.panel.layout.control_kind(reaction.sample)
        if kind is not None:
            return KINDS[kind]
    return Part.SAMPLE if reaction.task is Task.UNKNOWN else Part.OTHER


def rows_of(plate: Plate, *parts: Part) -> list[int]:
    """Rows of the reactions with one of these parts (default: all) that were not omitted."""
    return [
        row
        for row, reaction in enumerate(plate.run.reactions)
        if not reaction.omitted and (not parts or part_of(plate, row) in parts)
    ]


def target_of(plate: Plate, row: int) -> str:
    """Target name of a reaction."""
    return plate.run.reactions[row].target


def sample_of(plate: Plate, row: int) -> str:
    """Sample name of a reaction; a well without one is a sample of its own."""
    reaction = plate.run.reactions[row]
    return reaction.sample or say("well {well}", well=reaction.well_name)


def is_reference(plate: Plate, row: int) -> bool:
    """Say whether the panel reads a reference gene in this reaction."""
    channel = plate.channels[row]
    return channel is not None and channel.role == "reference"


def cutoff_of(plate: Plate, row: int) -> float | None:
    """Ct below which the panel counts a reaction as amplified, or ``None``."""
    channel = plate.channels[row]
    return None if channel is None else channel.cq_below


def grows(plate: Plate, row: int) -> bool:
    """Say whether the curve shows product, be it a proper one or not."""
    shape = plate.shapes[row]
    return shape.proper or shape.kind in GROWING


def clouded(plate: Plate, row: int) -> bool:
    """Say whether a curve without growth cannot be judged, rather than shows that there is none.

    It was not measured, something in the well spoilt it, or it crosses the threshold without the
    shape of an amplification.
    """
    kind = plate.shapes[row].kind
    if grows(plate, row):
        return False
    if kind in SPOILT or kind is Kind.UNUSABLE:
        return True
    cq, cutoff = any_cq(plate, row), cutoff_of(plate, row)
    return kind is Kind.DRIFT and cq is not None and (cutoff is None or cq < cutoff)


def unmeasured(plate: Plate, rows: Sequence[int]) -> dict[str, list[int]]:
    """Reactions without a curve that could be judged, by the reason."""
    problems = plate.curves.problems
    return grouped([row for row in rows if problems[row]], lambda row: problems[row] or "")


def measure_again(plate: Plate) -> str:
    """What to do about reactions that were not measured: where most were not, it is the file."""
    rows = rows_of(plate)
    lost = sum(plate.curves.problems[row] is not None for row in rows)
    if 2 * lost >= len(rows):
        return say(
            "It is the file, not the wells: it has to hold the readings of every cycle. Export all "
            "of them, or analyze the instrument's own file."
        )
    return say("Repeat the well: it gave no curve that could be judged.")


def fitted_cq(plate: Plate, row: int) -> float | None:
    """Ct of the fitted curve, or ``None``."""
    value = plate.fits.table.cq[row]
    return float(value) if np.isfinite(value) else None


def any_cq(plate: Plate, row: int) -> float | None:
    """Ct of the fitted curve; where there is none, by the instrument's rule."""
    value = fitted_cq(plate, row)
    return plate.curves.instrument_cq[row].value if value is None else value


def wells(plate: Plate, rows: Sequence[int], most: int = 6) -> str:
    """Name wells as people do: ``A1, A2 and 3 more``; each well once."""
    return names((plate.run.reactions[row].well_name for row in rows), most)


def wells_most(plate: Plate, rows: Sequence[int], worst: int) -> str:
    """Name wells, and the worst of them: ``A1, A2, most in A2``."""
    if len({plate.run.reactions[row].well for row in rows}) == 1:
        return wells(plate, rows)
    return say("{wells}, most in {worst}", wells=wells(plate, rows), worst=wells(plate, [worst]))


def names(texts: Iterable[str], most: int = 6) -> str:
    """The same for other names."""
    return listed(list(dict.fromkeys(texts)), most)
