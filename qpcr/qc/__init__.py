"""Quality rules: one a file, found by looking; a panel names those it uses and their limits.

A rule is a function of a :class:`Plate` and its limits that yields findings. It states every limit
it understands with the value used where a panel is silent, so that a panel with a misspelt limit
can be refused, and a new rule never changes what a validated panel does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from primers import Channel, Panel
from qpcr._registry import find
from qpcr.curves import Curves
from qpcr.findings import Finding, Severity
from qpcr.fits import Fits
from qpcr.run import Run
from qpcr.shapes import Shape

Limits = Mapping[str, float]


@dataclass(frozen=True, eq=False, slots=True)
class Plate:
    """What rules look at; a row a reaction in `curves`, `fits`, `shapes` and `channels`.

    Attributes
    ----------
    run, curves, fits
        What was read and computed.
    shapes
        What each curve looks like.
    panel
        The panel, or ``None``: general rules only.
    channels
        What each reaction means by the panel; ``None`` where the panel does not know its target.
    """

    run: Run
    curves: Curves
    fits: Fits
    shapes: tuple[Shape, ...]
    panel: Panel | None
    channels: tuple[Channel | None, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One quality rule.

    Attributes
    ----------
    name
        As panels spell it.
    describes
        What it looks for, in one sentence.
    severity
        Of its findings, as a rule; a finding may be milder.
    limits
        Every limit it understands, and its value where a panel is silent.
    needs_panel
        Rules that only make sense with one; the others also run without.
    check
        The rule itself.
    """

    name: str
    describes: str
    severity: Severity
    limits: Limits
    needs_panel: bool
    check: Callable[[Plate, Limits], Iterator[Finding]]


def rules() -> dict[str, Rule]:
    """Every rule there is, by name."""
    return {rule.name: rule for rule in find("qpcr.qc", "RULE").values()}
