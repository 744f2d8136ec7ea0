"""How likely people call a curve amplified: a logistic regression on three features.

    P = 1/(1 + exp(−(w₀ + w₁·log2(takeoff) + w₂·|drift| + w₃·plateau)))

Each feature is first held within the range in which it means something: a take-off faster than
doubling is no better than doubling. Weights, ranges and limits live in ``shapes.toml``, with the
curves they were fitted to; ``tests/benchmarks/train_shapes.py`` writes them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from qpcr._frozen import FloatArray
from qpcr._shape_features import Features

if TYPE_CHECKING:
    from collections.abc import Mapping

TERMS = ("takeoff", "drift", "plateau")
"""What the regression sees, in the order of the weights."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where one kind of curve ends and another begins; see :mod:`qpcr.shapes`.

    Attributes
    ----------
    least_rise, least_bend
        `rise` and `bend` below which nothing amplified.
    fastest_ascent
        Cycles from 10 % to 50 % of the rise below which it is a step, not growth.
    largest_spike, largest_wobble, largest_fall
        `spike`, `wobble` and `hook` above which no curve is proper.
    spike, hook, no_plateau
        `spike`, `hook` and `plateau` above which a curve bears these names.
    noisy
        `scatter` above which a flat curve is called noisy.
    quiet
        `swing` up to which a background may drift, fall or waver and still be called flat.
    least_probability
        Probability below which a curve is not proper.
    """

    least_rise: float
    least_bend: float
    fastest_ascent: float
    largest_spike: float
    largest_wobble: float
    largest_fall: float
    spike: float
    hook: float
    no_plateau: float
    noisy: float
    quiet: float
    least_probability: float


@dataclass(frozen=True, slots=True)
class ShapeModel:
    """Weights of the regression and limits of the kinds.

    Attributes
    ----------
    intercept, weights
        w₀, and w of each of :data:`TERMS`.
    ranges
        (low, high) that each feature is held within, before its logarithm is taken.
    limits
        See :class:`Limits`.
    """

    intercept: float
    weights: tuple[float, ...]
    ranges: tuple[tuple[float, float], ...]
    limits: Limits


@lru_cache(maxsize=1)
def shape_model() -> ShapeModel:
    """The model that ships."""
    text = resources.files("qpcr").joinpath("shapes.toml").read_text("utf-8")
    return parsed(tomllib.loads(text))


def parsed(table: Mapping[str, Mapping[str, object]]) -> ShapeModel:
    """Build a model of the tables ``weights``, ``ranges`` and ``limits``."""
    weights = {key: _number(value) for key, value in table["weights"].items()}
    ranges = {key: _pair(value) for key, value in table["ranges"].items()}
    limits = {key: _number(value) for key, value in table["limits"].items()}
    return ShapeModel(
        weights["intercept"],
        tuple(weights[name] for name in TERMS),
        tuple(ranges[name] for name in TERMS),
        Limits(**limits),
    )


def terms(features: Features, ranges: tuple[tuple[float, float], ...]) -> FloatArray:
    """The numbers (n, 3) that the regression sees; NaN where the curve is not usable."""
    values = features.takeoff, np.abs(features.drift), features.plateau
    held = [np.clip(v, low, high) for v, (low, high) in zip(values, ranges, strict=True)]
    return np.stack([np.log2(held[0]), held[1], held[2]], axis=1)


def probability(features: Features, model: ShapeModel) -> FloatArray:
    """Probability (n,) that people call the curves amplified, before any limit has spoken."""
    scores = model.intercept + terms(features, model.ranges) @ np.array(model.weights)
    chance: FloatArray = 1.0 / (1.0 + np.exp(-scores))
    return chance


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"shapes.toml: a number was expected, not {value!r}")
    return float(value)


def _pair(value: object) -> tuple[float, float]:
    if not isinstance(value, list):
        raise TypeError(f"shapes.toml: a pair of numbers was expected, not {value!r}")
    low, high = value
    return _number(low), _number(high)
