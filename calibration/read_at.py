"""What Ct were read at: a line holds only for Ct that were read the same way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EQUAL = 1e-6
"""Relative difference below which two thresholds are one; Ct move by less than 2e-6 cycles."""


@dataclass(frozen=True, slots=True)
class ReadAt:
    """How the Ct of a target on a plate were read.

    Attributes
    ----------
    threshold
        ΔRn; ``None`` where it is not known, or several plates have several.
    passive_reference
        Its dye, ``None`` for none: then the threshold is no ΔRn, but in counts.
    rules
        Name of the rule set for baseline and threshold, ``None``: not known.
    method
        Of the Ct.
    """

    threshold: float | None
    passive_reference: str | None = None
    rules: str | None = None
    method: str | None = None

    def same_level(self, other: ReadAt) -> bool | None:
        """Whether both thresholds are one; ``None`` where one of them is not known."""
        if self.threshold is None or other.threshold is None:
            return None
        return math.isclose(self.threshold, other.threshold, rel_tol=EQUAL)

    def sound(self) -> bool:
        """Whether these are values that a plate can have had."""
        level = self.threshold
        right = level is None or (
            isinstance(level, (int, float)) and math.isfinite(level) and level > 0
        )
        texts = (self.passive_reference, self.rules, self.method)
        return right and all(one is None or isinstance(one, str) for one in texts)


def read_at(value: Mapping[str, Any] | None) -> ReadAt | None:
    """The same of plain values.

    Raises
    ------
    TypeError
        They hold something else.
    """
    return None if value is None else ReadAt(**value)


def shared(found: list[ReadAt | None]) -> ReadAt | None:
    """What several plates were read at: where they differ, it is not known."""
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    first = known[0]
    level = first.threshold if all(first.same_level(one) for one in known) else None

    def only(name: str) -> str | None:
        values = {getattr(one, name) for one in known}
        return values.pop() if len(values) == 1 else None

    return ReadAt(level, only("passive_reference"), only("rules"), only("method"))
