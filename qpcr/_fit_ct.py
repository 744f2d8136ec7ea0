"""Ct from the foot of the curve: the same model, fitted where the threshold is crossed.

No sigmoid follows a whole amplification: a plateau that creeps on pulls the curve fitted to all
cycles away from the data at the threshold, by 0.05 to 1 cycle on real and on simulated curves.
So the model is fitted once more, to the cycles from the start of the baseline to a few after the
crossing, each reading weighted by 1/variance. That follows the threshold region to a few
thousandths of a cycle, and its residuals then speak of noise and not of lack of fit.

The variance of a reading is taken as proportional to the square of the total signal (background
and rise): readings of real-time instruments have a constant coefficient of variation. Ct and its
error hardly depend on that choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from qpcr._fit_reasons import Reason, code
from qpcr._fit_table import COORDINATES, LINEAR, FitTable, Input, Options, pad
from qpcr._fit_uncertainty import baseline_draw, sensitivities, spread
from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import Model
from qpcr.models._lmfit import polish
from qpcr.models._points import crossing, curve, jacobian
from qpcr.models._solve import Solution, solve

if TYPE_CHECKING:
    from qpcr._fit_whole import WholeFit

AFTER = (4, 8, 1000)
"""Whole cycles kept after the crossing: more brings lack of fit in, fewer cost precision. The next
number is tried where the curve cannot be followed through the threshold with the one before."""

CONFIDENCE = 0.95

ALLOWANCE = 1.5
"""How many times the estimated delay by the baseline the interval reaches down, to hold the
crossing above the true background too. The estimate is low by a fifth to a third on simulated
plates, since the automatic window ends where the same curve's noise lets it."""

LEAST = 12
"""Cycles the foot has at least, where that many were measured."""

UNRULY = 0.6
"""Lag-1 autocorrelation of the residuals of a foot above which its early cycles are left out: a
hump of settling dye or a bubble there would pull the curve off the data at the threshold. Noise
alone gives it once in 10,000 curves."""

GROWTH_BEFORE = 2.0
"""Where before the crossing the growth factor is taken that stands for all earlier cycles."""

FLOOR = 0.2
"""Least background, as a share of the rise within the foot, for the variance of a reading: curves
whose background was subtracted would otherwise have readings without error."""


def variances(
    cycles: FloatArray, rn: FloatArray, rise: FloatArray, inside: BoolArray, windows: IntArray
) -> FloatArray:
    """Relative variance (n, C) of readings, 1 for those of the baseline.

    Parameters
    ----------
    rn
        (n, C) signal before the baseline was taken off.
    rise
        (n, C) fitted rise above the baseline.
    inside
        (n, C) the cycles in use.
    windows
        (n, 2) baseline windows; (0, 0) = none.
    """
    base = (cycles >= windows[:, :1]) & (cycles <= windows[:, 1:])
    base = np.where(base.any(axis=1, keepdims=True), base, inside) & np.isfinite(rn)
    level = np.where(base, rn, 0.0).sum(axis=1) / np.maximum(base.sum(axis=1), 1)
    rise = np.clip(np.where(np.isfinite(rise), rise, 0.0), 0.0, None)
    floor = FLOOR * np.where(inside, rise, 0.0).max(axis=1)
    total = np.maximum(np.abs(level), floor)
    total = np.where(total > 0, total, 1.0)[:, None]
    ratio: FloatArray = ((total + rise) / total) ** 2
    return ratio


@dataclass(frozen=True, eq=False, slots=True)
class _Foot:
    """The foot of n curves: data, model, weights (n, C), first and last cycle, fit, crossing."""

    data: Input
    model: Model
    slope: bool
    weights: FloatArray
    range: FloatArray
    solution: Solution
    cq: FloatArray
    gradient: FloatArray

    @classmethod
    def fit(
        cls,
        data: Input,
        model: Model,
        slope: bool,
        rise: FloatArray,
        guess: FloatArray,
        after: int,
        *,
        short: bool = False,
    ) -> _Foot:
        """Fit up to `after` cycles past `guess` (n,); `rise` (n, C) is for the variances.

        From the start of the baseline on, or `short`: the last :data:`LEAST` cycles of that.
        """
        cycles = data.cycles
        start = np.maximum(data.windows[:, 0], cycles[0]).astype(np.float64)
        stop = np.maximum(np.floor(guess) + after, start + LEAST - 1)
        stop = np.minimum(stop, cycles[-1])
        start = np.where(stop - start < LEAST - 1, cycles[0], start)
        if short:
            start = np.maximum(start, stop - LEAST + 1)
        inside = (cycles >= start[:, None]) & (cycles <= stop[:, None]) & np.isfinite(data.drn)
        weights = inside / variances(cycles, data.rn, rise, inside, data.windows)
        solution = solve(cycles, data.drn, model, slope=slope, weights=weights)
        blank = np.full(len(guess), np.nan)
        limits = np.stack([start, stop], axis=1)
        return cls(data, model, slope, weights, limits, solution, blank, blank[:, None]).read()

    def read(self) -> _Foot:
        """Read the crossing off the fit; none where it lies outside the foot."""
        cq, gradient = crossing(
            self.model,
            self.solution.theta,
            self.solution.linear,
            self.data.thresholds,
            above_baseline=self.slope,
        )
        outside = ~((cq >= self.range[:, 0]) & (cq <= self.range[:, 1] + 1))
        return replace(self, cq=np.where(outside, np.nan, cq), gradient=gradient)

    def merged(self, rows: BoolArray, other: _Foot) -> _Foot:
        """Take `other`'s fit for `rows`."""
        at = rows[:, None]
        mine, theirs = self.solution, other.solution
        solution = Solution(
            np.where(at, theirs.theta, mine.theta),
            np.where(at, theirs.linear, mine.linear),
            np.where(rows, theirs.rss, mine.rss),
            np.where(rows, theirs.converged, mine.converged),
            np.where(at, theirs.at_bound, mine.at_bound),
            np.where(rows, theirs.steps, mine.steps),
        )
        weights = np.where(at, other.weights, self.weights)
        limits = np.where(at, other.range, self.range)
        return replace(self, weights=weights, range=limits, solution=solution).read()

    def unruly(self) -> BoolArray:
        """Whether the model passes by the foot (n,): :data:`UNRULY`."""
        fitted = curve(
            self.model, self.solution.theta, self.solution.linear, self.data.cycles[None]
        )
        used = self.weights > 0
        residual = np.where(used, self.data.drn - fitted, 0.0) * np.sqrt(self.weights)
        squares = np.einsum("nc,nc->n", residual, residual)
        lag = np.einsum("nc,nc->n", residual[:, 1:], residual[:, :-1])
        flag: BoolArray = lag > UNRULY * np.where(squares > 0, squares, np.inf)
        return flag

    def polished(self) -> _Foot:
        """Let lmfit have the last word."""
        data, rows = self.data, np.flatnonzero(np.isfinite(self.cq))
        solution, _ = polish(data.cycles, data.drn, self.weights, self.model, self.solution, rows)
        return replace(self, solution=solution).read()

    def degrees(self) -> IntArray:
        """Residual degrees of freedom (n,), at least 1."""
        solution = self.solution
        fitted = solution.linear.shape[1] + (~solution.at_bound).sum(axis=1)
        degrees: IntArray = np.maximum((self.weights > 0).sum(axis=1) - fitted, 1)
        return degrees

    def error(self) -> FloatArray:
        """Standard error (n,) of the crossing; see :mod:`qpcr._fit_uncertainty`."""
        data, solution = self.data, self.solution
        free = np.concatenate([~solution.at_bound, np.ones_like(solution.linear) > 0], axis=1)
        columns = jacobian(self.model, solution.theta, solution.linear, data.cycles[None])
        answers = sensitivities(columns, self.weights, free * 1.0)
        gains = np.einsum("nk,nkc->nc", self.gradient, answers)[:, None]
        # A fitted slope takes up whatever line was drawn before: its error does not matter then.
        windows = np.zeros_like(data.windows) if self.slope else data.windows
        draw = baseline_draw(data.cycles, windows, np.isfinite(data.drn))
        used = self.weights > 0
        variance = np.where(used, 1.0 / np.where(used, self.weights, 1.0), 1.0)
        sigma2 = solution.rss / self.degrees()
        error: FloatArray = np.sqrt(spread(gains, draw, variance, sigma2)[:, 0])
        return error

    def baseline_shift(self) -> FloatArray:
        """Cycles (n,) by which product inside the baseline window delays the crossing.

        The line drawn through the window takes up what has already risen there. What has risen is
        the threshold, divided back cycle by cycle by the growth factor shortly before the
        crossing; H applied to it, at the crossing, over the slope of the curve, is the delay.
        """
        data, theta = self.data, self.solution.theta
        if self.slope:
            return np.zeros(len(self.cq))
        with np.errstate(all="ignore"):
            at = np.where(self.cq - GROWTH_BEFORE > 1.0, self.cq - GROWTH_BEFORE, np.nan)[:, None]
            growth = self.model.shape(at, theta) / self.model.shape(at - 1.0, theta)
            back = np.minimum(data.cycles[None] - self.cq[:, None], 0.0)
            risen = data.thresholds[:, None] * np.clip(growth, 1.1, 2.0) ** back
            draw = baseline_draw(data.cycles, data.windows, np.isfinite(data.drn))
            inside = np.einsum("nc,nkc->nk", np.where(draw.left[:, 0] > 0, risen, 0.0), draw.left)
            # right is 1 and the distance from the window's centre: linear, so extend it to cq.
            first, second = draw.right[:, 1, 0], draw.right[:, 1, -1]
            span = data.cycles[-1] - data.cycles[0]
            away = first + (second - first) * (self.cq - data.cycles[0]) / span
            line = inside[:, 0] * draw.right[:, 0, 0] + inside[:, 1] * away
            steep = self.solution.linear[:, 1] * self.model.rate(self.cq[:, None], theta)[:, 0]
            shift: FloatArray = line / steep
        return shift


def find_ct(
    data: Input, model: Model, options: Options, table: FitTable, rows: IntArray, whole: WholeFit
) -> None:
    """Write down the Ct of amplified curves that cross their threshold, and reasons for others.

    Parameters
    ----------
    data
        The n curves.
    model
        What to fit to the foot.
    table, rows
        Where to write: `rows` (n,) of the table.
    whole
        The fit to all cycles.
    """
    solution, fitted = whole.solution, whole.fitted()
    guess, _ = crossing(
        whole.model,
        solution.theta,
        solution.linear,
        data.thresholds,
        above_baseline=options.slope,
    )
    first, last = data.cycles[0], data.cycles[-1]
    asked = table.amplified[rows]
    missing = asked & ~np.isfinite(data.thresholds)
    early = asked & ~missing & ~(guess >= first) & (fitted[:, 0] >= data.thresholds)
    late = asked & ~missing & ~early & ~((guess >= first) & (guess <= last + 1))
    for where, reason in (
        (missing, Reason.NO_THRESHOLD),
        (early, Reason.EARLY),
        (late, Reason.LATE),
    ):
        table.reason[rows[where]] = code(reason)
    inside = asked & ~missing & ~early & ~late
    if inside.any():
        rise = fitted[inside] - solution.linear[inside, :1]
        foot = _follow(data.take(inside), model, options, rise, guess[inside])
        _write(table, rows[inside], foot, float(last))


def _follow(
    data: Input, model: Model, options: Options, rise: FloatArray, guess: FloatArray
) -> _Foot:
    """Foot fits whose range belongs to their own Ct."""
    best = _Foot.fit(data, model, options.slope, rise, guess, AFTER[0])
    moved = np.isfinite(best.cq) & (np.floor(best.cq) != np.floor(guess))
    if moved.any():
        again = _Foot.fit(
            data, model, options.slope, rise, np.where(moved, best.cq, guess), AFTER[0]
        )
        best = best.merged(moved & np.isfinite(again.cq), again)
    unruly = np.isfinite(best.cq) & best.unruly()
    if unruly.any():
        place = np.where(unruly, best.cq, guess)
        late = _Foot.fit(data, model, options.slope, rise, place, AFTER[0], short=True)
        best = best.merged(unruly & np.isfinite(late.cq), late)
    for after in AFTER[1:]:
        lost = ~np.isfinite(best.cq)
        if lost.any():
            best = best.merged(lost, _Foot.fit(data, model, options.slope, rise, guess, after))
    return best.polished() if options.polish else best


def _write(table: FitTable, rows: IntArray, foot: _Foot, last: float) -> None:
    """Write Ct, error and interval, or why there is none after all."""
    error, degrees = foot.error(), foot.degrees()
    found = np.isfinite(foot.cq) & np.isfinite(error)
    late = found & (foot.cq > last)
    swallowed = found & ~late & (foot.data.windows[:, 1] > foot.cq - 1.0)
    table.reason[rows[~found]] = code(Reason.UNCLEAR)
    table.reason[rows[late]] = code(Reason.LATE)
    table.reason[rows[swallowed]] = code(Reason.BASELINE)
    good = found & ~late & ~swallowed
    shift = foot.baseline_shift()[good]
    rows, cq, error = rows[good], foot.cq[good], error[good]
    reach = stdtrit(degrees[good], 0.5 + CONFIDENCE / 2) * error
    table.cq[rows], table.cq_se[rows] = cq, error
    table.cq_low[rows] = cq - reach - ALLOWANCE * np.maximum(np.nan_to_num(shift), 0.0)
    table.cq_high[rows] = cq + reach
    table.cq_degrees[rows] = degrees[good]
    table.baseline_shift[rows] = shift
    table.foot_theta[rows] = pad(foot.solution.theta[good], COORDINATES)
    table.foot_linear[rows] = pad(foot.solution.linear[good], LINEAR)
    table.foot_range[rows] = foot.range[good]
