"""Baseline windows: computed, taken from the file, or set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qpcr._frozen import IntArray
from qpcr.errors import InputError
from qpcr.run import AnalysisSettings, Reaction
from qpcr.said import say
from qpcr.settings import Settings


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline of one reaction: window (1-based cycles, both inside) and line.

    Rn over the window is described by ``intercept + slope · cycle``; ΔRn is Rn minus that line.
    `source` is ``"automatic"`` (computed here), ``"file"`` or ``"manual"``.
    """

    start: int
    stop: int
    intercept: float
    slope: float
    source: str


def choose_windows(
    reactions: Sequence[Reaction],
    automatic: IntArray,
    recorded: AnalysisSettings,
    settings: Settings,
    cycles: IntArray,
) -> tuple[IntArray, list[str], list[str]]:
    """Choose the window of every reaction.

    Parameters
    ----------
    reactions
        R reactions.
    automatic
        (R, 2) computed windows, as positions from 1.
    recorded, settings
        What the file says and what a person wants.
    cycles
        (C,) cycle numbers.

    Returns
    -------
    windows, sources, notes
        (R, 2) positions from 1, who chose each, and sentences for people.

    Raises
    ------
    InputError
        A window by hand that does not lie within the run.
    """
    windows, sources = automatic.copy(), ["automatic"] * len(reactions)
    if isinstance(settings.baseline, tuple):
        first, last = (cycle - int(cycles[0]) + 1 for cycle in settings.baseline)
        if not 1 <= first <= last <= len(cycles):
            raise InputError(
                "the baseline window does not lie within the run",
                expected=f"cycles {cycles[0]} to {cycles[-1]}",
                found=f"{settings.baseline[0]} to {settings.baseline[1]}",
            )
        windows[:] = first, last
        return windows, ["manual"] * len(reactions), []
    same = total = 0
    for row, reaction in enumerate(reactions):
        window = recorded.baselines.get((reaction.well, reaction.target))
        if window is None or window.stop > len(cycles):
            continue
        if window.automatic:
            total += 1
            same += bool((automatic[row] == (window.start, window.stop)).all())
        by_hand = settings.baseline == "protocol" and window.automatic is False
        if settings.baseline == "file" or by_hand:
            windows[row], sources[row] = (window.start, window.stop), "file"
    notes: list[str] = []
    if total:
        notes.append(
            say(
                "Automatic baselines: {same} of {total} are those the instrument recorded.",
                same=same,
                total=total,
            )
        )
    absent = sources.count("automatic")
    if settings.baseline == "file" and absent:
        notes.append(
            say("The file records no baseline for {absent} reactions: computed.", absent=absent)
        )
    return windows, sources, notes
