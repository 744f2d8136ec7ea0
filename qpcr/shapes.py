"""The shape of each curve: is it a proper amplification curve, and if not, what is it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one curve.

    Attributes
    ----------
    proper
        It is a proper amplification curve.
    kind
        What it looks like.
    probability
        That a person would call it amplified, 0 … 1.
    features
        The measured features by name, so that the answer can be explained.
    why
        The answer in a sentence, naming the features that decided.
    """

    proper: bool
    kind: Kind
    probability: float
    features: Mapping[str, float]
    why: str
