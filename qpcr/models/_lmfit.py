"""The last word on one curve: lmfit, started at the batched optimum, with the analytic Jacobian.

lmfit varies the model's coordinates without bounds of its own (its bounded parameters are
transformed, and one that lies on its bound stops the fit). A coordinate that the batch found on
its bound is held there, and one that tries to leave the model's bounds stays on them. Numeric
derivatives are never used, and no limit is set on evaluations: an abort would lose the covariance.

lmfit decides whether the batched optimum is one, and moves it where it is not by more than
:data:`BETTER`. Where both agree the batch's digits are kept: those of MINPACK depend on how the
computer's memory happens to be laid out (SciPy 1.17), and the same plate must give the same
numbers in every process. For a curve that its parameters overfit that is up to 4e-7 cycles.

This is the only module that imports lmfit, and it does so when it is first used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import Model
from qpcr.models._points import curve, jacobian
from qpcr.models._solve import Solution, refine

TOLERANCE = 1e-10
"""Relative change of the sum of squares, and of the parameters, at which lmfit stops."""

BETTER = 1e-7
"""Share of the sum of squares that lmfit must take off for its answer to be taken."""
AGREES = 1e-9
"""Share by which lmfit's sum of squares may lie above the batch's and still confirm it."""


@dataclass(frozen=True, eq=False, slots=True)
class Polished:
    """lmfit's answer for one curve.

    Attributes
    ----------
    theta, linear
        (P,) and (Q,) as in :class:`qpcr.models._solve.Solution`.
    rss
        Weighted residual sum of squares.
    """

    theta: FloatArray
    linear: FloatArray
    rss: float


def polish(
    cycles: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    model: Model,
    solution: Solution,
    rows: IntArray,
) -> tuple[Solution, BoolArray]:
    """Refine a batch of curves, and let lmfit have the last word on some of them.

    Parameters
    ----------
    cycles
        (C,) cycles.
    y, weights
        (n, C) signal; 0 where a reading is not used.
    model
        The model.
    solution
        Where the batch stands.
    rows
        Which curves lmfit is asked about.

    Returns
    -------
    tuple
        The solution, and where lmfit confirmed or mended it (n,).
    """
    solution = refine(cycles, y, model, weights, solution)
    theta, linear, rss = solution.theta.copy(), solution.linear.copy(), solution.rss.copy()
    spoke, root = np.zeros(len(y), bool), np.sqrt(weights)
    polisher = Polisher(model, linear.shape[1])
    for i in rows:
        used = weights[i] > 0
        held = solution.at_bound[i]
        end = polisher(cycles[used], y[i, used], root[i, used], theta[i], linear[i], held)
        # An end above the start is worse than what we have: the batch keeps the word.
        if end is None or end.rss > rss[i] * (1 + AGREES) + 1e-300:
            continue
        spoke[i] = True
        if end.rss < rss[i] * (1 - BETTER):
            theta[i], linear[i], rss[i] = end.theta, end.linear, end.rss
    return replace(solution, theta=theta, linear=linear, rss=rss), spoke


class Polisher:
    """lmfit for curves of one model: ``Polisher(model, linear)(x, y, root, theta, linear, held)``.

    One object serves many curves, one after the other: making lmfit's parameters anew for each
    would cost as much as the fit.
    """

    def __init__(self, model: Model, linear: int) -> None:
        from lmfit import Parameters

        self.model, self.size = model, len(model.parameters)
        self.parameters = Parameters()
        for j in range(self.size + linear):
            self.parameters.add(f"p{j}", value=0.0)

    def __call__(
        self,
        x: FloatArray,
        y: FloatArray,
        root: FloatArray,
        theta: FloatArray,
        linear: FloatArray,
        held: BoolArray,
    ) -> Polished | None:
        """Fit one curve from a given optimum.

        Parameters
        ----------
        x, y, root
            (m,) cycles, signal and square roots of the weights of the measured cycles.
        theta, linear
            (P,), (Q,) where to start.
        held
            (P,) coordinates to hold.

        Returns
        -------
        Polished or None
            ``None`` when lmfit does not succeed or gives no covariance.
        """
        from lmfit import Minimizer

        # Signals of 1e-4 and of 1e6 shall look alike to the tolerances.
        scale = float(np.max(np.abs(y))) or 1.0
        start = np.concatenate([theta, linear / scale])
        free = np.concatenate([~held, np.ones(len(linear), bool)])
        for parameter, value, vary in zip(self.parameters.values(), start, free, strict=True):
            parameter.value, parameter.vary = float(value), bool(vary)
        model, size, axis, target = self.model, self.size, x[None], y / scale * root
        low, high = model.bounds(x)

        def split(values: Any) -> tuple[FloatArray, FloatArray]:
            point = np.array([parameter.value for parameter in values.values()])
            # A singular step makes NaN: it counts as no step, which MINPACK then shortens.
            point = np.where(np.isfinite(point), point, start)
            return np.clip(point[None, :size], low, high), point[None, size:]

        def residual(values: Any) -> FloatArray:
            misfit: FloatArray = curve(model, *split(values), axis)[0] * root - target
            return misfit

        def slopes(values: Any) -> FloatArray:
            columns: FloatArray = jacobian(model, *split(values), axis)[0, free] * root
            return columns

        minimizer = Minimizer(residual, self.parameters)
        result = minimizer.leastsq(Dfun=slopes, col_deriv=True, ftol=TOLERANCE, xtol=TOLERANCE)
        if not result.success or result.covar is None or not np.isfinite(result.covar).all():
            return None
        found = split(result.params)
        rss = float(result.chisqr) * scale**2
        return Polished(found[0][0], found[1][0] * scale, rss)
