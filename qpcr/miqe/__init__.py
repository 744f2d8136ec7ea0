"""What a publication of qPCR results should state (MIQE): known, computed, or still to be added.

The items are data (``items.toml``). A module of this room answers an item from the run, the panel
or arithmetic; what nobody here can know is listed as the laboratory's to add. Nothing is filled in
that the file, the panel or a computation does not say.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from qpcr.record import Record

Importance = Literal["essential", "desirable"]


class Status(StrEnum):
    """Where an answer comes from."""

    KNOWN = "known"
    """The run's file or the panel says it."""
    COMPUTED = "computed"
    """It was computed from this run."""
    PARTLY = "in part"
    """Something of it is known or computed; the laboratory must add the rest."""
    MISSING = "to add"
    """The laboratory must add it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to state.

    Attributes
    ----------
    id, section, text
        Short and stable; the part of the checklist; what is asked.
    miqe2009
        How much the guidelines of 2009 want it, or ``None``.
    miqe2
        The summary of the guidelines of 2025 asks for it by name.
    """

    id: str
    section: str
    text: str
    miqe2009: Importance | None = None
    miqe2: bool = False

    @property
    def importance(self) -> str:
        """Both guidelines' words, for people."""
        words = [f"{self.miqe2009} (2009)"] if self.miqe2009 else []
        return ", ".join([*words, *(["MIQE 2.0"] if self.miqe2 else [])])


@dataclass(frozen=True, slots=True)
class Answer:
    """An item, and what can be said to it.

    `text` holds what is known, and for what is missing, wholly or in part, where to find it.
    """

    item: Item
    status: Status
    text: tuple[str, ...] = ()


@cache
def items() -> tuple[Item, ...]:
    """Every item, in the order of the checklist."""
    text = resources.files("qpcr.miqe").joinpath("items.toml").read_text("utf-8")
    return tuple(Item(**one) for one in tomllib.loads(text)["items"])


def checklist(record: Record) -> tuple[Answer, ...]:
    """Answer every item for one analyzed run.

    Parameters
    ----------
    record
        The run; with a panel, more is known.

    Returns
    -------
    tuple of Answer
        In the order of :func:`items`.
    """
    from qpcr.miqe._computed import computed  # load SciPy: only when needed
    from qpcr.miqe._known import HINTS, known, unfinished

    given, made = known(record), computed(record)
    rest = unfinished(record, given)
    answers = []
    for item in items():
        said = (*given.get(item.id, ()), *made.get(item.id, ()))
        if not said:
            hint = HINTS.get(item.id)
            answers.append(Answer(item, Status.MISSING, () if hint is None else (hint,)))
        elif item.id in rest:
            answers.append(Answer(item, Status.PARTLY, (*said, rest[item.id])))
        else:
            whence = Status.KNOWN if item.id in given else Status.COMPUTED
            answers.append(Answer(item, whence, said))
    return tuple(answers)
