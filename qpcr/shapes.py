"""The shape of each curve: whether it is a proper amplification curve, and if not, what it is.

Limits speak first: too few cycles, no rise or bend above the noise, a spike, a step faster than any
PCR, wobbling, falling back to the background. Of what is left, three features decide through a
small logistic regression (:mod:`qpcr._shape_model`): how fast the curve takes off, how much its
background drifts, and whether it ends on a plateau. All features are measured on the signal itself
(:mod:`qpcr._shape_features`): scale, offset, threshold and fit do not enter, so a curve is judged
alike in Rn and in raw fluorescence, and whatever rule set draws its baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, FrozenMap, IntArray
from qpcr._shape_features import NAMES, Features, measure
from qpcr._shape_model import Limits, probability, shape_model
from qpcr.curves import Curves
from qpcr.said import say

EVEN_TAKEOFF = 2.0 * np.log2(19.0 / 3.0)
"""A take-off twice as long as that of a logistic curve that doubles."""


class Kind(StrEnum):
    """What a curve looks like."""

    PROPER = "proper"
    NONE = "no amplification"
    NOISE = "noise"
    DRIFT = "drift"
    SPIKE = "spike"
    STEP = "step"
    NO_PLATEAU = "no plateau"
    FALLING = "falling"
    HOOK = "hook"
    UNUSABLE = "unusable"


KINDS = tuple(Kind)
"""In a fixed order: arrays of kinds hold the place here."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one curve.

    Attributes
    ----------
    proper
        It is a proper amplification curve. A late one without a plateau, one that falls from its
        maximum, and one with a single reading off may be proper and still bear that kind.
    kind
        What it looks like.
    probability
        That most people would call it amplified, 0 … 1; 0 where a limit ruled it out.
    features
        The measured features by name (:class:`qpcr._shape_features.Features`), so that the answer
        can be explained; empty where the curve is not usable.
    why
        The answer in a sentence, naming the features that decided.
    """

    proper: bool
    kind: Kind
    probability: float
    features: Mapping[str, float]
    why: str


@dataclass(frozen=True, eq=False, slots=True)
class Shapes:
    """The shapes of n curves as arrays, each (n,).

    Attributes
    ----------
    proper, probability
        As in :class:`Shape`.
    kind
        Place in :data:`KINDS`.
    features
        The measured features.
    """

    proper: BoolArray
    kind: IntArray
    probability: FloatArray
    features: Features

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: int) -> Shape:
        i = range(len(self))[index]
        kind = KINDS[self.kind[i]]
        usable = bool(self.features.usable[i])
        values = {name: float(getattr(self.features, name)[i]) for name in NAMES} if usable else {}
        proper, chance = bool(self.proper[i]), float(self.probability[i])
        return Shape(proper, kind, chance, FrozenMap(values), _why(kind, proper, chance, values))


def classify(curves: Curves) -> tuple[Shape, ...]:
    """Judge the curves of a run.

    Parameters
    ----------
    curves
        R curves; their `rn` is judged.

    Returns
    -------
    tuple of Shape
        One a reaction; where `curves` names a problem the kind is *unusable* and says it.
    """
    usable = np.array([problem is None for problem in curves.problems], dtype=np.bool_)
    shapes = classify_signals(np.where(usable[:, None], curves.rn, np.nan))
    return tuple(
        shapes[i] if problem is None else Shape(False, Kind.UNUSABLE, 0.0, FrozenMap(), problem)
        for i, problem in enumerate(curves.problems)
    )


def classify_signals(signal: FloatArray) -> Shapes:
    """Judge many curves at once.

    Parameters
    ----------
    signal
        (n, C) signal at consecutive cycles, in any unit, with or without its background; NaN where
        it was not measured.

    Returns
    -------
    Shapes
    """
    values = np.asarray(signal, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"curves of shape (n, C) were expected, not {values.shape}")
    model = shape_model()
    features = measure(values)
    chance = probability(features, model)
    out = ruled_out(features, model.limits)
    chance = np.where(out >= 0, 0.0, chance)
    proper = (out < 0) & (chance >= model.limits.least_probability)
    kind = np.where(out >= 0, out, _kept(features, model.limits, proper))
    return Shapes(proper, kind, chance, features)


def ruled_out(features: Features, limits: Limits) -> IntArray:
    """Place of the kind (n,) of curves that a limit rules out, −1 for the others."""
    f = features
    kind = np.full(len(f.usable), -1)
    wavering = f.swing > limits.quiet

    def mark(which: BoolArray, name: Kind) -> None:
        kind[which] = KINDS.index(name)

    # The last word counts, so what weighs most comes last.
    back, wobbly = f.hook > limits.largest_fall, f.wobble > limits.largest_wobble
    mark(back | wobbly, Kind.NONE)
    mark(back & wavering, Kind.DRIFT)
    mark(wobbly & wavering, Kind.NOISE)
    mark(f.ascent < limits.fastest_ascent, Kind.STEP)
    small = (f.rise < limits.least_rise) | (f.bend < limits.least_bend)
    mark(small, Kind.NONE)
    # Without its background a flat curve is all scatter: then there is nothing to compare with.
    mark(small & (f.scatter > limits.noisy) & (f.scatter < 0.5), Kind.NOISE)
    mark(small & wavering & (f.change > limits.least_rise), Kind.DRIFT)
    mark(small & wavering & (f.change < -limits.least_rise), Kind.FALLING)
    mark(f.spike > limits.largest_spike, Kind.SPIKE)
    mark(~f.usable, Kind.UNUSABLE)
    return kind


def _kept(features: Features, limits: Limits, proper: BoolArray) -> IntArray:
    """Place of the kind (n,) of curves that no limit rules out."""
    f = features
    growing = (f.takeoff < EVEN_TAKEOFF) & (np.abs(f.drift) < 1.0)
    kind = np.where(proper, KINDS.index(Kind.PROPER), KINDS.index(Kind.DRIFT))
    kind[proper & (f.spike > limits.spike)] = KINDS.index(Kind.SPIKE)
    kind[~proper & (f.change < 0.0)] = KINDS.index(Kind.FALLING)
    kind[~proper & (f.swing <= limits.quiet)] = KINDS.index(Kind.NONE)
    kind[(proper | growing) & (f.plateau > limits.no_plateau)] = KINDS.index(Kind.NO_PLATEAU)
    kind[proper & (f.hook > limits.hook)] = KINDS.index(Kind.HOOK)
    return kind


def _why(kind: Kind, proper: bool, chance: float, f: Mapping[str, float]) -> str:
    if kind is Kind.UNUSABLE:
        return say("Too few cycles were measured to judge the curve.")
    if proper:
        return say(
            "It rises {times} its noise and {end} {decided}",
            times=_times(f),
            end=_end(kind, f),
            decided=_decided(f),
        )
    if chance > 0.0:
        return say(
            "It rises {times} its noise, but not the way a PCR grows. {decided}",
            times=_times(f),
            decided=_decided(f),
        )
    return _ruled_out_because(kind, f)


def _times(f: Mapping[str, float]) -> str:
    if f["rise"] < 1e4:
        return say("{rise:.0f} times", rise=f["rise"])
    return say("more than 10000 times")


def _decided(f: Mapping[str, float]) -> str:
    """The three features that the regression saw."""
    return say(
        "It takes {takeoff:.1f} cycles from 5 % to 25 % of the rise (2.7 when it doubles); its "
        "background drifts by {drift:.0%} of the rise in 40 cycles; its last climb is "
        "{plateau:.0%} of the steepest.",
        takeoff=f["takeoff"],
        drift=abs(f["drift"]),
        plateau=max(f["plateau"], 0.0),
    )


def _end(kind: Kind, f: Mapping[str, float]) -> str:
    """How a proper curve of this kind ends."""
    match kind:
        case Kind.SPIKE:
            return say(
                "has one reading off ({spike:.0%} of the range), which was bridged.",
                spike=f["spike"],
            )
        case Kind.NO_PLATEAU:
            return say("still grows when the run ends.")
        case Kind.HOOK:
            return say("falls from its maximum by {hook:.0%} of the rise.", hook=f["hook"])
        case _:
            return say("levels off.")


def _ruled_out_because(kind: Kind, f: Mapping[str, float]) -> str:
    """Why a limit ruled a curve out."""
    match kind:
        case Kind.NOISE:
            return say(
                "It goes up and down: the noise is {scatter:.1%} of the signal, and falls sum up "
                "to {wobble:.0%} of the rise.",
                **f,
            )
        case Kind.DRIFT:
            return say(
                "The signal drifts or falls back; from start to end it changes by {change:.0f} "
                "times its noise. No growth is seen.",
                **f,
            )
        case Kind.SPIKE:
            return say("One reading stands out by {spike:.0%} of the range.", **f)
        case Kind.STEP:
            return say(
                "The signal jumps: it takes {ascent:.1f} cycles from 10 % to 50 % of the rise, "
                "and no PCR takes fewer than 2.3.",
                **f,
            )
        case Kind.FALLING:
            return say("The signal falls ({change:.0f} times its noise) and does not rise.", **f)
        case _:
            return say(
                "No growth stands out: the rise is {rise:.0f} times the noise, the bend "
                "{bend:.1f} times (a straight line has 1), and the signal stays within "
                "{swing:.1%} of its level.",
                **f,
            )
