"""Curve models: what an amplification curve may look like. One file a model, found by looking.

Which to use when
-----------------
``logistic5``
    The general case: five parameters, an S that need not be symmetric.
``logistic4``
    Four parameters, symmetric in log cycle. Steadier where the plateau was not reached or the
    curve is noisy.
``auto`` (not a model, a rule of :mod:`qpcr.fits`)
    ``logistic5`` where it says more than ``logistic4`` does, else ``logistic4``.

A model states its *shape* g(x; θ), which rises from 0 to 1, with its derivatives. The curve is

    f(x) = c + k·x + (d − c)·g(x; θ)

where c, d and, as an option, the slope k enter linearly: the engines solve them, no model has to.
θ are coordinates of the model's natural parameters in which fits settle well. The same declaration
serves the batched solver (:mod:`qpcr.models._solve`) and lmfit (:mod:`qpcr.models._lmfit`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from qpcr._frozen import FloatArray
from qpcr._registry import find

Numbers = npt.NDArray[Any]
"""Real, or complex where a derivative is taken by a complex step."""


@dataclass(frozen=True, slots=True)
class Model:
    """An amplification-curve model.

    In all functions `theta` is (n, P): n curves, P nonlinear coordinates. They must accept
    complex `theta` (:mod:`qpcr.models._points` takes derivatives by complex steps).

    Attributes
    ----------
    name
        As the user writes it.
    parameters
        Names of the P nonlinear natural parameters, e.g. ``("b", "e", "f")``.
    reference
        Where the model comes from, with DOI.
    natural
        θ to natural parameters, both (n, P).
    bounds
        For cycles (C,): lower and upper bound of θ, each (P,).
    starts
        For cycles (C,): (G, S, P) coordinates of the shapes that a fit may start from, in G
        groups between which the sum of squares may have separate minima.
    shape
        (x (n, C) or (1, C) cycles, θ) to g (n, C).
    shape_slopes
        The same to (g, ∂g/∂θ), (n, C) and (n, P, C).
    rate
        (x (n, C), θ) to ∂g/∂x (n, C), per cycle.
    inverse
        (θ, level (n,)) to the cycle (n,) where g reaches `level` in (0, 1).
    steepest
        θ to the cycle (n,) where g' is largest; NaN where it has no maximum.
    accelerating
        θ to the cycle (n,) where g'' is largest; NaN where it has no maximum.
    """

    name: str
    parameters: tuple[str, ...]
    reference: str
    natural: Callable[[Numbers], Numbers]
    bounds: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    starts: Callable[[FloatArray], FloatArray]
    shape: Callable[[FloatArray, Numbers], Numbers]
    shape_slopes: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
    rate: Callable[[Numbers, Numbers], Numbers]
    inverse: Callable[[Numbers, Numbers], Numbers]
    steepest: Callable[[Numbers], Numbers]
    accelerating: Callable[[Numbers], Numbers]


def models() -> Mapping[str, Model]:
    """All models by name: the modules of this folder that state ``MODEL``."""
    return find("qpcr.models", "MODEL")
