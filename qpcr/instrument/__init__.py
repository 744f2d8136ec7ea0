"""The instrument's own arithmetic: baseline, ΔRn, threshold and Ct as its software computes them.

Laboratories set their cut-offs on these numbers, so they are reproduced rule by rule. The rules
depend on the software that wrote the file; each generation is one module that states one constant
``RULES``. Which to use is decided by the software's own name; for a name nobody has measured,
:func:`rules_for` answers ``None``, and the caller has to say so.

``sds2``        7500, 7500 Fast, StepOne and StepOnePlus software 2.x
``quantstudio`` QuantStudio, ViiA 7 and Design & Analysis software
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr._registry import find


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One generation of the instrument's arithmetic.

    Attributes
    ----------
    name
        Short and stable: goes into results.
    describes
        One sentence for people.
    matches
        Says of a software name and version, as the file spells it, whether these rules are its.
    measured_on
        Says whether the rules were measured on files of that very version.
    peaks
        (R, C) Rn → (R,) cycle of the accepted curvature peak; 0 is none. Internal to the
        arithmetic; results say ``None``.
    windows
        (R, C) Rn and (R,) peaks → (R, 2) first and last baseline cycle.
    threshold
        (R, C) ΔRn, (R,) peaks, (R,) baseline ends, (R,) which take part → threshold of one target,
        or ``None``; the function itself is ``None`` where the rule is not known.
    """

    name: str
    describes: str
    matches: Callable[[str], bool]
    measured_on: Callable[[str], bool]
    peaks: Callable[[FloatArray], IntArray]
    windows: Callable[[FloatArray, IntArray], IntArray]
    threshold: Callable[[FloatArray, IntArray, IntArray, BoolArray], float | None] | None


def rule_sets() -> dict[str, RuleSet]:
    """Every rule set there is, by name."""
    found = find("qpcr.instrument", "RULES")
    return {rules.name: rules for rules in found.values()}


def rules_for(software: str | None) -> RuleSet | None:
    """Rule set of the software that wrote a file, or ``None`` when nobody has measured it."""
    if not software:
        return None
    return next((rules for rules in rule_sets().values() if rules.matches(software)), None)
