"""Quality rules: one a file, found by looking; a panel names those it uses and their limits.

A rule is a function of a :class:`Plate` and its limits that yields findings. It states every limit
it understands with the value used where a panel is silent, so that a panel with a misspelt limit
can be refused, and a new rule never changes what a validated panel does.

:func:`evaluate` applies the rules a panel names; without a panel, all rules that need none.
Findings reach as far as their severity says (:class:`qpcr.findings.Severity`). Wells that were
omitted on the instrument are left out by every rule but ``instrument_flags``, which names them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from primers import Channel, Panel
from qpcr._registry import find
from qpcr.curves import Curves
from qpcr.errors import InputError
from qpcr.findings import Finding, Severity, gravest_first
from qpcr.fits import Fits
from qpcr.run import Run
from qpcr.shapes import Shape

Limits = Mapping[str, float]
CONTROL_RULES = ("layout", "ntc_amplified", "positive_control")
"""Rules without which a run whose controls failed, or are missing, would give results."""


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

    def __post_init__(self) -> None:
        parts = (self.curves, self.fits, self.shapes, self.channels)
        if any(len(part) != len(self.run.reactions) for part in parts):
            raise ValueError("curves, fits, shapes and channels must have one row a reaction")


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


def plate_of(
    run: Run, curves: Curves, fits: Fits, shapes: tuple[Shape, ...], panel: Panel | None = None
) -> Plate:
    """Put a plate together, looking up what each target means by the panel."""
    known: dict[str, Channel | None] = dict.fromkeys(r.target for r in run.reactions)
    if panel is not None:
        for target in known:
            found = panel.find_channel(target)
            known[target] = None if found is None else found[1]
    channels = tuple(known[reaction.target] for reaction in run.reactions)
    return Plate(run, curves, fits, shapes, panel, channels)


def evaluate(plate: Plate) -> tuple[Finding, ...]:
    """Apply the rules: those the panel names, with its limits; without a panel the general ones.

    Without a panel nobody has said what makes a run or a reaction invalid: findings are warnings
    at most.

    Returns
    -------
    tuple of Finding
        The gravest first; within a severity in the order of the rules and of the wells.

    Raises
    ------
    InputError
        The panel names a rule or a limit that does not exist (:func:`check_panel_rules`).
    """
    every = rules()
    found: list[Finding] = []
    if plate.panel is None:
        for rule in every.values():
            if not rule.needs_panel:
                found += (_milder(one) for one in rule.check(plate, rule.limits))
    else:
        for name, limits in check_panel_rules(plate.panel).items():
            found += every[name].check(plate, limits)
    return gravest_first(found)


def _milder(finding: Finding) -> Finding:
    grave = finding.severity.grade > Severity.WARNING.grade
    return replace(finding, severity=Severity.WARNING) if grave else finding


def limits_of(name: str, panel: Panel | None) -> Limits | None:
    """Limits that a rule goes by: its own, or the panel's; ``None`` where the panel leaves it out.

    Raises
    ------
    InputError
        The panel names a rule or a limit that does not exist.
    """
    return rules()[name].limits if panel is None else check_panel_rules(panel).get(name)


def check_panel_rules(panel: Panel) -> dict[str, Limits]:
    """Limits by rule, in the panel's order: those the panel states, and the rule's own for others.

    Raises
    ------
    InputError
        A rule or a limit that does not exist, or a limit that is no number. It names the place in
        the panel, the accepted names and the nearest of them.
    """
    every = rules()
    chosen: dict[str, Limits] = {}
    for asked in panel.qc:
        place = f"qc.{asked.name}"
        rule = every.get(asked.name)
        if rule is None:
            raise _unknown(panel, "a quality rule that does not exist", place, asked.name, every)
        limits = dict(rule.limits)
        for key, value in asked.limits:
            here = f"{place}.{key}"
            if key not in limits:
                problem = f"a limit that the rule {rule.name} does not know"
                raise _unknown(panel, problem, here, key, limits)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(
                    "a limit that is not a number",
                    file=panel.file or panel.name,
                    place=here,
                    expected=f"a number, such as {rule.limits[key]:g}",
                    found=repr(value),
                )
            limits[key] = float(value)
        chosen[rule.name] = limits
    return chosen


def check_control_rules(panel: Panel) -> None:
    """Refuse to call samples by a panel that does not judge its controls.

    A rule that a panel does not name is not applied; without these a negative could be reported
    from a run whose no-template control amplified.

    Raises
    ------
    InputError
        One of :data:`CONTROL_RULES` is not named.
    """
    named = {asked.name for asked in panel.qc}
    missing = [name for name in CONTROL_RULES if name not in named]
    if missing:
        raise InputError(
            "the panel does not judge its controls, so nothing can be called by it",
            file=panel.file or panel.name,
            place="qc",
            expected=", ".join(f"[qc.{name}]" for name in CONTROL_RULES),
            found=f"no [qc.{missing[0]}]",
            remedy="name these rules; their limits may be the panel's own",
        )


def _unknown(
    panel: Panel, problem: str, place: str, name: str, accepted: Iterable[str]
) -> InputError:
    names = list(accepted)
    near = difflib.get_close_matches(name, names, n=1)
    return InputError(
        problem,
        file=panel.file or panel.name,
        place=place,
        expected="one of " + ", ".join(names) if names else "no limits: the rule has none",
        found=repr(name),
        remedy=f"did you mean {near[0]!r}?" if near else None,
    )
