"""What is said of a run that has fewer cycles than its protocol plans."""

from __future__ import annotations

from collections.abc import Iterable

from qpcr.run import Stage
from qpcr.said import say


def note_unfinished(protocol: Iterable[Stage], count: int, notes: list[str]) -> None:
    """Say so in `notes` where `count` cycles were measured and the protocol plans more."""
    planned = max((s.repetitions for s in protocol if any(x.reads for x in s.steps)), default=0)
    if count < planned:
        notes.append(
            say(
                "The file holds {count} of the {planned} cycles of its protocol: the run was cut "
                "off, or has not finished.",
                count=count,
                planned=planned,
            )
        )
