"""Four-parameter logistic: f(x) = c + (d − c)/(1 + (x/e)^b), b < 0; ``logistic5`` with f = 1."""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.models import Model, Numbers, _logistic


def _full(theta: Numbers) -> Numbers:
    """(n, 2) coordinates with log f = 0 added."""
    return np.concatenate([theta, np.zeros((len(theta), 1), theta.dtype)], axis=1)


def _natural(theta: Numbers) -> Numbers:
    return _logistic.natural(_full(theta))[:, :2]


def _bounds(cycles: FloatArray) -> tuple[FloatArray, FloatArray]:
    low, high = _logistic.bounds(cycles)
    return low[:2], high[:2]


def _starts(cycles: FloatArray) -> FloatArray:
    return _logistic.starts(cycles, (1.0,), 480)[..., :2]


def _shape(x: FloatArray, theta: Numbers) -> Numbers:
    return _logistic.shape(x, _full(theta))


def _shape_slopes(x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    g, slopes = _logistic.shape_slopes(x, _full(theta))
    return g, slopes[:, :2]


def _rate(x: Numbers, theta: Numbers) -> Numbers:
    return _logistic.rate(x, _full(theta))


def _inverse(theta: Numbers, level: Numbers) -> Numbers:
    return _logistic.inverse(_full(theta), level)


def _steepest(theta: Numbers) -> Numbers:
    return _logistic.steepest(_full(theta))


def _accelerating(theta: Numbers) -> Numbers:
    return _logistic.accelerating(_full(theta))


MODEL = Model(
    name="logistic4",
    parameters=("b", "e"),
    reference="l4: Spiess, Feig & Ritz, BMC Bioinformatics 2008;9:221, doi:10.1186/1471-2105-9-221",
    natural=_natural,
    bounds=_bounds,
    starts=_starts,
    shape=_shape,
    shape_slopes=_shape_slopes,
    rate=_rate,
    inverse=_inverse,
    steepest=_steepest,
    accelerating=_accelerating,
)
