"""The threshold of each target: computed, taken from the file, or set by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.instrument import RuleSet
from qpcr.run import Reaction, ThresholdSetting
from qpcr.said import say
from qpcr.settings import Settings

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
        ``"automatic"`` (computed here), ``"file"``, ``"manual"``, or ``"default"`` with a `reason`.
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


def choose_thresholds(
    evidence: Evidence,
    rules: RuleSet,
    recorded: Mapping[str, ThresholdSetting],
    settings: Settings,
) -> tuple[dict[str, Threshold], list[str]]:
    """Choose the threshold of every target, in the order in which the targets appear.

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
        target: _choose(target, np.array(mine), evidence, rules, recorded.get(target), settings)
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


def _choose(
    target: str,
    rows: IntArray,
    evidence: Evidence,
    rules: RuleSet,
    stored: ThresholdSetting | None,
    settings: Settings,
) -> Threshold:
    wish = settings.threshold
    if isinstance(wish, Mapping):
        wish = wish.get(target, "protocol")
    if not isinstance(wish, str):
        return Threshold(float(wish), "manual")
    if stored is not None and stored.value is not None:
        by_hand = stored.automatic is False or rules.threshold is None
        if wish == "file" or (wish == "protocol" and by_hand):
            return Threshold(stored.value, "file")
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
