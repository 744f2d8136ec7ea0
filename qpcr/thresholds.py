"""The threshold of each target: set by hand, fixed by the panel, from the file, or computed.

In this order, where nothing else is asked for: what a person names for this analysis; what the
panel fixes, since its cut-off holds for that threshold; what a person set in the file; the
instrument's automatic rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from primers import Channel, Panel
from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.instrument import RuleSet
from qpcr.run import Reaction, Run, ThresholdSetting
from qpcr.said import say
from qpcr.settings import BY_PANEL, Settings

DEFAULT_THRESHOLD = 0.2
"""What the 7500's software starts with; kept where no curve of a target says anything."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold of one target.

    Attributes
    ----------
    value
        ΔRn, or ``None`` with a `reason`.
    source
        ``"manual"`` (named for this analysis), ``"panel"``, ``"file"``, ``"automatic"`` (computed
        here), or ``"default"`` with a `reason`.
    """

    value: float | None
    source: str
    reason: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """What thresholds are computed from.

    Attributes
    ----------
    reactions
        R reactions.
    drn
        (R, C) ΔRn, missing cycles bridged.
    peaks, stops
        (R,) curvature peaks (0 = none) and baseline ends, positions from 1.
    usable
        (R,) which curves may take part.
    normalised
        The signal is Rn, so that the instrument's default threshold has a meaning.
    """

    reactions: Sequence[Reaction]
    drn: FloatArray
    peaks: IntArray
    stops: IntArray
    usable: BoolArray
    normalised: bool


def fixed_thresholds(run: Run, panel: Panel | None) -> dict[str, float]:
    """Thresholds (ΔRn) that the panel fixes, by the plate's target names, as far as they hold here.

    One that does not hold is left out; :func:`why_not` says why.
    """
    fixed = {}
    for target in dict.fromkeys(reaction.target for reaction in run.reactions):
        found = None if panel is None else panel.find_channel(target)
        if panel is None or found is None or found[1].threshold is None:
            continue
        if why_not(run, panel, target, found[1]) is None:
            fixed[target] = found[1].threshold
    return fixed


def why_not(run: Run, panel: Panel, target: str, channel: Channel) -> str | None:
    """Why the threshold of a channel says nothing about this run, or ``None``: it holds.

    ΔRn is measured in units of the passive reference, and every dye has its own brightness.
    """
    asked, passive = panel.layout.passive_reference, run.passive_reference
    if (asked or "").casefold() != (passive or "").casefold():
        return say(
            "the passive reference is {passive}, the panel says {asked}",
            passive=passive or say("none"), asked=asked or say("none"),
        )  # fmt: skip
    for reaction in run.reactions:
        if reaction.target == target and not reaction.omitted:
            dye = reaction.reporter
            if dye.casefold() != channel.reporter.casefold():
                return say(
                    "the dye is {dye}, the panel says {asked}", dye=dye, asked=channel.reporter
                )
    return None


def choose_thresholds(
    evidence: Evidence,
    rules: RuleSet,
    recorded: Mapping[str, ThresholdSetting],
    settings: Settings,
    fixed: Mapping[str, float],
) -> tuple[dict[str, Threshold], list[str]]:
    """Choose the threshold of every target, in the order in which the targets appear.

    Parameters
    ----------
    evidence, rules
        What automatic thresholds are computed from, and how.
    recorded
        What the file says, by target.
    settings
        What is asked for.
    fixed
        What the panel fixes (ΔRn), by target.

    Returns
    -------
    thresholds, notes
        By target name, and sentences for people.

    Raises
    ------
    InputError
        `settings` names a target that is not there.
    """
    reactions = evidence.reactions
    rows = grouped(range(len(reactions)), lambda row: reactions[row].target)
    if isinstance(settings.threshold, Mapping):
        unknown = sorted(settings.threshold.keys() - rows.keys())
        if unknown:
            raise InputError(
                "a threshold is named for a target that is not on the plate",
                expected=", ".join(rows),
                found=unknown[0],
            )
    chosen = {
        target: _asked(target, recorded.get(target), rules, settings, fixed)
        or _automatic(np.array(mine), evidence, rules)
        for target, mine in rows.items()
    }
    absent = [name for name, one in chosen.items() if one.source != "file"]
    if settings.threshold == "file" and absent:
        return chosen, [
            say(
                "The file records no threshold for {targets}: computed.",
                targets=", ".join(absent),
            )
        ]
    return chosen, []


def _asked(
    target: str,
    stored: ThresholdSetting | None,
    rules: RuleSet,
    settings: Settings,
    fixed: Mapping[str, float],
) -> Threshold | None:
    """The threshold that somebody has set; ``None``: it has to be computed."""
    wish = settings.threshold
    if isinstance(wish, Mapping):
        wish = wish.get(target, BY_PANEL)
    if not isinstance(wish, str):
        return Threshold(float(wish), "manual")
    if wish == BY_PANEL:
        if target in fixed:
            return Threshold(fixed[target], "panel")
        wish = "protocol"
    if stored is None or stored.value is None:
        return None
    by_hand = stored.automatic is False or rules.threshold is None
    if wish == "file" or (wish == "protocol" and by_hand):
        return Threshold(stored.value, "file")
    return None


def _automatic(rows: IntArray, evidence: Evidence, rules: RuleSet) -> Threshold:
    """The threshold by the instrument's rule, from the curves of one target."""
    if rules.threshold is None:
        reason = say("the automatic threshold of {rules} is not known; name one", rules=rules.name)
        return Threshold(None, "automatic", reason)
    used = evidence.usable[rows] & ~np.array([evidence.reactions[row].omitted for row in rows])
    value = rules.threshold(evidence.drn[rows], evidence.peaks[rows], evidence.stops[rows], used)
    if value is not None and value > 0:
        return Threshold(value, "automatic")
    reason = say("no curve of the target amplifies, by the instrument's rule for thresholds")
    if evidence.normalised:
        return Threshold(DEFAULT_THRESHOLD, "default", reason)
    return Threshold(None, "automatic", reason)
