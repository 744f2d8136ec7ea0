"""Which of a run's readings are the cycles of the amplification.

Dye signals count readings over the whole run. Where the file flags each reading, the flags decide.
Where it does not (the multicomponent text), the protocol says in which order stages are read; a
count of readings that does not fit it is refused, since a reading too many or too few at the
beginning would move every Ct by a cycle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray
from qpcr.errors import InputError, UnsupportedError
from qpcr.run import Stage
from qpcr.said import say

OTHERS = ("PRE_READ", "POST_READ", "PRE_CYCLING", "POST_CYCLING", "DISSOCIATION")
"""Stages whose readings are never cycles, whatever else the protocol says."""
SOLE = say("The protocol names no cycling stage with readings; the only stage that reads is used.")


@dataclass(frozen=True, slots=True)
class _Reads:
    """One stage that reads: how often (``None`` = unknown), and whether its readings are cycles."""

    count: int | None
    cycles: bool


def cycling_stages(protocol: tuple[Stage, ...]) -> set[int]:
    """Numbers (from 1) of the cycling stages that read fluorescence.

    Raises
    ------
    UnsupportedError
        One reads more than once a cycle.
    """
    found = set()
    for number, stage in enumerate(protocol, 1):
        reads = sum(step.reads for step in stage.steps)
        if stage.name != "CYCLING" or not reads:
            continue
        if reads > 1 or any(step.melts for step in stage.steps):
            raise UnsupportedError(
                "the run reads fluorescence more than once a cycle",
                place=f"tcprotocol.xml, stage {number}",
                expected="one reading a cycle",
            )
        found.add(number)
    return found


def planned_cycles(protocol: tuple[Stage, ...], stages: Iterable[int]) -> int:
    """Number of cycles the protocol plans for some of its stages."""
    return sum(protocol[n - 1].repetitions for n in stages if n <= len(protocol))


def other_count(count: int, planned: int) -> str:
    """Sentence on a run that holds another number of cycles than planned."""
    return say(
        "The file holds {count} cycles, the protocol plans {planned}: the run was stopped early, "
        "extended, or is still going on.",
        count=count,
        planned=planned,
    )


def cycling_readings(total: int, protocol: tuple[Stage, ...], notes: list[str]) -> BoolArray:
    """Find the cycles among readings that are not flagged.

    Parameters
    ----------
    total
        Number R of readings.
    protocol
        The thermal protocol.
    notes
        Sentences for people are added to it.

    Returns
    -------
    ndarray
        (R,) bool.

    Raises
    ------
    InputError
        The number of readings does not fit the protocol.
    """
    layout = _layout(protocol, notes)
    unknown = next((i for i, one in enumerate(layout) if one.count is None), len(layout))
    if any(one.cycles for one in layout[unknown:]):
        raise _misfit(total, "a melt curve only after the last cycle")
    flags = [one.cycles for one in layout[:unknown] for _ in range(one.count or 0)]
    fixed, melts = len(flags), unknown < len(layout)
    if total == fixed or (melts and total > fixed):
        return np.array((flags + [False] * total)[:total], dtype=np.bool_)
    if total < fixed and all(one.cycles for one in layout):
        notes.append(other_count(total, fixed))
        return np.ones(total, dtype=np.bool_)
    raise _misfit(total, f"{fixed} readings{' or more' if melts else ''}, as the protocol plans")


def _layout(protocol: tuple[Stage, ...], notes: list[str]) -> list[_Reads]:
    """Stages that read, in order."""
    cycling = cycling_stages(protocol)
    reading = [n for n, stage in enumerate(protocol, 1) if any(s.reads for s in stage.steps)]
    if not cycling and len(reading) == 1 and protocol[reading[0] - 1].name not in OTHERS:
        notes.append(SOLE)
        cycling = set(reading)
    if not cycling:
        raise InputError(
            "the file holds no fluorescence of a cycling stage",
            place="tcprotocol.xml",
            expected="a cycling stage with a step that reads",
            remedy="choose the file of a run with amplification; this protocol measures none",
        )
    layout = []
    for number in reading:
        stage = protocol[number - 1]
        melts = stage.name == "DISSOCIATION" or any(step.melts for step in stage.steps)
        each = sum(step.reads for step in stage.steps)
        layout.append(_Reads(None if melts else stage.repetitions * each, number in cycling))
    return layout


def _misfit(total: int, expected: str) -> InputError:
    return InputError(
        "it is not said which readings are cycles, and their number does not fit the protocol",
        expected=expected,
        found=f"{total} readings",
        remedy="save the file again on the instrument, with its images or post-roi.dat",
    )
