"""The fit of one model to all measured cycles: lmfit's polish, errors, statistics, decision."""

from __future__ import annotations

import numpy as np

from qpcr._fit_ct import variances
from qpcr._fit_decision import decide
from qpcr._fit_reasons import Reason, code
from qpcr._fit_table import COORDINATES, LINEAR, FitTable, Input, pad
from qpcr._fit_uncertainty import baseline_draw, sensitivities, spread
from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import Model
from qpcr.models._lmfit import polish
from qpcr.models._points import curve, jacobian, points
from qpcr.models._solve import Solution


class WholeFit:
    """The fit of one model to all cycles of n curves."""

    def __init__(self, model: Model, data: Input, solution: Solution, slope: bool) -> None:
        self.model, self.data, self.slope = model, data, slope
        self.known = np.isfinite(data.drn)
        self._take(solution)

    def _take(self, solution: Solution) -> None:
        self.solution = solution
        self.parameters = (~solution.at_bound).sum(axis=1) + solution.linear.shape[1]
        self.degrees = np.maximum(self.known.sum(axis=1) - self.parameters, 1)
        self.covariance = self._batch_covariance()

    @property
    def free(self) -> FloatArray:
        """(n, P + Q) 1 for parameters that were fitted, 0 for those at a bound."""
        linear = np.ones_like(self.solution.linear)
        return np.concatenate([(~self.solution.at_bound) * 1.0, linear], axis=1)

    def _answers(self) -> FloatArray:
        columns = jacobian(
            self.model, self.solution.theta, self.solution.linear, self.data.cycles[None]
        )
        return sensitivities(columns, self.known * 1.0, self.free)

    def _batch_covariance(self) -> FloatArray:
        answers = self._answers()
        sigma2 = self.solution.rss / self.degrees
        covariance: FloatArray = answers @ answers.transpose(0, 2, 1) * sigma2[:, None, None]
        return covariance

    def polish_all(self) -> BoolArray:
        """Let lmfit have the last word on every curve; returns where it did."""
        data, every = self.data, np.arange(len(self.known))
        weights = self.known * 1.0
        solution, spoke = polish(data.cycles, data.drn, weights, self.model, self.solution, every)
        self._take(solution)
        return spoke

    def fitted(self) -> FloatArray:
        """Fitted curve (n, C)."""
        return curve(self.model, self.solution.theta, self.solution.linear, self.data.cycles[None])

    def describe(self, table: FitTable, rows: IntArray) -> None:
        """Write down everything but the Ct."""
        solution, data = self.solution, self.data
        size, count = solution.theta.shape[1], solution.linear.shape[1]
        table.theta[rows] = pad(solution.theta, COORDINATES)
        table.linear[rows] = pad(solution.linear, LINEAR)
        for i, place in enumerate([*range(size), *range(COORDINATES, COORDINATES + count)]):
            for j, other in enumerate([*range(size), *range(COORDINATES, COORDINATES + count)]):
                table.covariance[rows, place, other] = self.covariance[:, i, j]
        table.at_bound[rows, :size] = solution.at_bound
        table.converged[rows] = solution.converged | table.polished[rows]
        table.rss[rows], table.degrees[rows] = solution.rss, self.degrees
        fitted = self.fitted()
        residual = np.where(self.known, data.drn - fitted, np.nan)
        table.r2[rows] = _explained(data.drn, solution.rss)
        table.autocorrelation[rows] = rho = _autocorrelation(residual)
        table.runs_z[rows] = _runs(residual)
        values, slopes = points(self.model, solution.theta)
        table.points[rows] = values
        table.points_se[rows] = self._point_errors(slopes, fitted, rho)
        decision = decide(
            data.cycles,
            data.drn,
            fitted,
            solution.rss,
            self.degrees,
            self.parameters,
            self._growth(values[:, 1]),
        )
        table.noise[rows], table.score[rows] = decision.noise, decision.score
        table.reason[rows] = decision.reason
        unsettled = ~table.converged[rows]
        table.reason[rows[unsettled]] = code(Reason.NOT_CONVERGED)
        table.amplified[rows] = decision.amplified & ~unsettled

    def _growth(self, cpd2: FloatArray) -> FloatArray:
        """Growth factor (n,) of the rise per cycle at cpd2, or at the last cycle if that is first.

        NaN where cpd2 is not after the second cycle: what bends up so early is settling dye.
        """
        first, last = self.data.cycles[0], self.data.cycles[-1]
        at = np.where(cpd2 >= first + 1.0, np.minimum(cpd2, last), np.nan)[:, None]
        with np.errstate(all="ignore"):
            theta = self.solution.theta
            ratio = self.model.shape(at, theta) / self.model.shape(at - 1.0, theta)
        return np.asarray(ratio[:, 0], dtype=np.float64)

    def _point_errors(self, slopes: FloatArray, fitted: FloatArray, rho: FloatArray) -> FloatArray:
        """Standard errors (n, 4): sandwich, widened where residuals are not independent.

        With lag-1 autocorrelation r the variance of a mean is (1 + r)/(1 − r) times that of
        independent errors.
        """
        data = self.data
        windows = np.zeros_like(data.windows) if self.slope else data.windows
        draw = baseline_draw(data.cycles, windows, self.known)
        rise = fitted - self.solution.linear[:, :1]
        variance = variances(data.cycles, data.rn, rise, self.known, data.windows) * self.known
        mean = variance.sum(axis=1) / np.maximum(self.known.sum(axis=1), 1)
        r = np.clip(np.nan_to_num(rho), 0.0, 0.9)
        sigma2 = self.solution.rss / self.degrees / mean * (1 + r) / (1 - r)
        # Curves of noise alone have points that nothing determines: their error overflows.
        with np.errstate(over="ignore", invalid="ignore"):
            gains = slopes @ self._answers()[:, : slopes.shape[2]]
            error: FloatArray = np.sqrt(spread(gains, draw, variance, sigma2))
        return np.where(np.isfinite(error), error, np.nan)


def _explained(y: FloatArray, rss: FloatArray) -> FloatArray:
    """Share of the squares about the mean that the fit explains; NaN for constant curves."""
    total = np.nanvar(y, axis=1) * np.isfinite(y).sum(axis=1)
    share: FloatArray = 1.0 - rss / np.where(total > 0, total, np.nan)
    return share


def _autocorrelation(residual: FloatArray) -> FloatArray:
    """Lag-1 autocorrelation (n,) of residuals (n, C)."""
    r = np.nan_to_num(residual)
    squares = np.einsum("nc,nc->n", r, r)
    lag: FloatArray = np.einsum("nc,nc->n", r[:, 1:], r[:, :-1]) / np.where(
        squares > 0, squares, np.nan
    )
    return lag


def _runs(residual: FloatArray) -> FloatArray:
    """Wald-Wolfowitz statistic of the signs of residuals (n, C): too few runs are far below 0."""
    sign = np.sign(np.nan_to_num(residual))
    plus, minus = (sign > 0).sum(axis=1), (sign < 0).sum(axis=1)
    runs = 1 + (sign[:, 1:] * sign[:, :-1] < 0).sum(axis=1)
    n = plus + minus
    mean = 2.0 * plus * minus / np.maximum(n, 1) + 1
    variance = (mean - 1) * (mean - 2) / np.maximum(n - 1, 1)
    z: FloatArray = (runs - mean) / np.sqrt(np.where(variance > 0, variance, np.nan))
    return z
