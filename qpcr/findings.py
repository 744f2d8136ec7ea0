"""Findings: what a rule saw on a plate, how bad it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How far a finding reaches; from the mildest to the gravest."""

    INFO = "info"
    """Worth knowing."""
    WARNING = "warning"
    """A person should look; the result stands."""
    REACTION = "reaction"
    """The reactions named must not be used."""
    RUN = "run"
    """No result of the run (or of the targets named) may be used."""

    @property
    def grade(self) -> int:
        """Place from the mildest, 0, to the gravest; texts do not sort in that order."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule saw.

    Attributes
    ----------
    rule
        Name of the rule.
    severity
        How far it reaches.
    reactions
        Rows of the reactions concerned, in the order of the run; empty: the run as a whole.
    targets
        Targets concerned where the finding is about a target as a whole; may be empty.
    value, limit
        What was measured, and the limit it broke, in the rule's own unit; ``None`` where the rule
        has none.
    message
        What was seen, as a sentence with wells by name.
    remedy
        What the technician should do, as a sentence.
    """

    rule: str
    severity: Severity
    reactions: tuple[int, ...]
    message: str
    remedy: str
    value: float | None = None
    limit: float | None = None
    targets: tuple[str, ...] = ()


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by severity; within one they stay in their order."""
    return tuple(sorted(findings, key=lambda finding: -finding.severity.grade))
