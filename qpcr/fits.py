"""Curves → fits: a model for every reaction, and its Ct with an honest standard error.

All reactions are fitted together (:mod:`qpcr.models._solve`), then lmfit, started at that optimum,
has the last word on each. A reaction without a Ct says why (:class:`Reason`).

What the Ct is
    The cycle at which the fitted curve crosses the target's threshold in ΔRn, that is above the
    automatic baseline that the instrument's rule uses too. It is read from the model fitted to the
    cycles up to shortly after the crossing (:mod:`qpcr._fit_ct`), since no sigmoid follows the
    plateau *and* the threshold region. Parameters, second-derivative maximum, Cy0 and efficiency
    come from the fit to all cycles.
What its interval covers
    The crossing of the noise-free curve, with the error of the baseline line drawn from the same
    noisy curve. A baseline window that already holds product puts that crossing a little later
    than the one above the true background; `Fit.baseline_shift` estimates by how much, and the
    interval reaches down by 1.5 times that, so that it holds the truth in either sense. Errors of
    the optical calibration or of pipetting are not in it: one curve cannot show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from qpcr._fit_engine import fit_block
from qpcr._fit_reasons import REASONS, Reason
from qpcr._fit_table import COORDINATES, FitTable, Input, Options
from qpcr._fit_value import Estimate, Fit
from qpcr._frozen import FloatArray, FrozenMap, IntArray, frozen
from qpcr.curves import Curves
from qpcr.errors import InputError
from qpcr.models import Model, models
from qpcr.models._points import POINTS, TINY, curve
from qpcr.models._solve import Solution, solve
from qpcr.said import say

__all__ = ["Estimate", "Fit", "Fits", "Reason", "Solution", "fit_arrays", "fit_curves", "solve"]

BLOCK = 1024
"""Curves fitted between two calls of `progress`; bounds memory."""

ABSURD = 1e100
"""Signals of this size are no readings, and their squares no numbers: they count as missing."""

POLISH_BLOCK = 64
"""The same with lmfit, which takes a millisecond or two a curve."""

CPD2, EFFICIENCY = POINTS.index("cpd2"), POINTS.index("efficiency")

VAGUE = 0.5
"""Standard error of an efficiency beyond which the curve says nothing about it."""

Baseline = Literal["flat", "slope"]


@dataclass(frozen=True, eq=False)
class Fits:
    """The fits of R reactions; ``fits[i]`` builds the :class:`Fit` of reaction i.

    Attributes
    ----------
    cycles
        (C,) cycle numbers.
    table
        All numbers as arrays, one row a reaction.
    baseline
        ``"flat"`` or ``"slope"``.
    models
        Model names; `table.model` counts in them.
    problems
        For each reaction why it has no usable curve, or ``None``; may be empty.
    """

    cycles: FloatArray
    table: FitTable
    baseline: Baseline
    models: tuple[str, ...]
    problems: tuple[str | None, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.table.reason)

    def __iter__(self) -> Iterator[Fit]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Fit:
        i = range(len(self))[index]
        t = self.table
        reason = REASONS[t.reason[i] - 1] if t.reason[i] else None
        text = None if reason is None else reason.sentence
        if reason is Reason.NO_CURVE and self.problems and self.problems[i]:
            text = self.problems[i]
        name = self.models[t.model[i]] if t.model[i] >= 0 else None
        parameters, covariance, fitted = self._parameters(i, name)
        df = int(t.degrees[i]) if name else None
        rss = _number(t.rss[i])
        efficiency = self._point(i, "efficiency")
        found = np.isfinite(t.cq[i])
        return Fit(
            model=name,
            engine=None if name is None else "lmfit" if t.polished[i] else "batch",
            converged=bool(t.converged[i]),
            parameters=FrozenMap(parameters),
            covariance=covariance,
            at_bound=bool(t.at_bound[i].any()),
            rss=rss,
            residual_se=None if rss is None or not df else float(np.sqrt(rss / df)),
            df=df,
            r2=_number(t.r2[i]),
            autocorrelation=_number(t.autocorrelation[i]),
            runs_z=_number(t.runs_z[i]),
            noise=_number(t.noise[i]),
            cq=_number(t.cq[i]),
            cq_se=_number(t.cq_se[i]),
            cq_low=_number(t.cq_low[i]),
            cq_high=_number(t.cq_high[i]),
            cq_df=int(t.cq_degrees[i]) if found else None,
            cq_range=(int(t.foot_range[i, 0]), int(t.foot_range[i, 1])) if found else None,
            baseline_shift=_number(t.baseline_shift[i]),
            reason=reason,
            reason_text=text,
            cpd1=self._point(i, "cpd1"),
            cpd2=self._point(i, "cpd2"),
            cy0=self._point(i, "cy0"),
            efficiency=efficiency,
            efficiency_note=_efficiency_note(efficiency),
            amplified=bool(t.amplified[i]),
            score=_number(t.score[i]),
            fitted=fitted,
        )

    def fitted(self, rows: IntArray | None = None) -> FloatArray:
        """Fitted curves (n, C) of all or some reactions, ΔRn; NaN where none was fitted."""
        t = self.table
        which = np.arange(len(self)) if rows is None else np.asarray(rows)
        out = np.full((len(which), len(self.cycles)), np.nan)
        for place, name in enumerate(self.models):
            mine = t.model[which] == place
            if mine.any():
                theta, linear = self._coordinates(which[mine], models()[name])
                out[mine] = curve(models()[name], theta, linear, self.cycles[None])
        return out

    def points(self, name: str) -> tuple[FloatArray, FloatArray]:
        """One of cpd1, cpd2, cy0 and efficiency, and its error (R,) each; NaN where there is none.

        Only of curves that amplified; cycles only where they lie within the measured ones, an
        efficiency only where its standard error is at most :data:`VAGUE`.
        """
        t, place = self.table, POINTS.index(name)
        good = t.amplified.copy()
        values = t.points[:, place]
        if name == "efficiency":
            good &= t.points_se[:, place] <= VAGUE
        else:
            good &= (values >= self.cycles[0]) & (values <= self.cycles[-1])
        return np.where(good, values, np.nan), np.where(good, t.points_se[:, place], np.nan)

    def height(self, cycles: FloatArray) -> FloatArray:
        """Rise (R,) of each fitted curve above its ground at a cycle of its own (R,), ΔRn."""
        t = self.table
        out = np.full(len(self), np.nan)
        for place, name in enumerate(self.models):
            rows = np.flatnonzero((t.model == place) & np.isfinite(cycles))
            if len(rows):
                theta, linear = self._coordinates(rows, models()[name])
                shape = models()[name].shape(cycles[rows, None], theta)[:, 0]
                out[rows] = linear[:, 1] * shape
        return out

    def foot(self) -> FloatArray:
        """Curves (R, C) that Ct was read from, ΔRn; NaN outside the cycles they were fitted to."""
        t = self.table
        out = np.full((len(self), len(self.cycles)), np.nan)
        width = 3 if self.baseline == "slope" else 2
        for place, name in enumerate(self.models):
            rows = np.flatnonzero(t.foot_model == place)
            if len(rows):
                theta = t.foot_theta[rows, : len(models()[name].parameters)]
                values = curve(
                    models()[name], theta, t.foot_linear[rows, :width], self.cycles[None]
                )
                first, last = t.foot_range[rows, :1], t.foot_range[rows, 1:]
                inside = (self.cycles >= first) & (self.cycles <= last)
                out[rows] = np.where(inside, values, np.nan)
        return out

    def _coordinates(self, rows: IntArray, model: Model) -> tuple[FloatArray, FloatArray]:
        width = 3 if self.baseline == "slope" else 2
        return self.table.theta[rows, : len(model.parameters)], self.table.linear[rows, :width]

    def _parameters(
        self, i: int, name: str | None
    ) -> tuple[dict[str, Estimate], FloatArray | None, FloatArray | None]:
        """Natural parameters, their covariance, and the fitted curve of one reaction."""
        if name is None:
            return {}, None, None
        model = models()[name]
        theta, linear = self._coordinates(np.array([i]), model)
        size, count = theta.shape[1], linear.shape[1]
        names = (*model.parameters, "c", "d", "k")[: size + count]
        values = np.concatenate([model.natural(theta)[0], linear[0]])
        values[size + 1] = linear[0, 0] + linear[0, 1]
        change = np.eye(size + count)
        change[size + 1, size] = 1.0
        for j in range(size):
            moved = theta.astype(np.complex128)
            moved[:, j] += 1j * TINY
            change[:size, j] = model.natural(moved)[0].imag / TINY
        places = [*range(size), *range(COORDINATES, COORDINATES + count)]
        covariance = change @ self.table.covariance[i][np.ix_(places, places)] @ change.T
        spread = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
        parameters = {
            key: Estimate(float(value), float(se) if se > 0 else None)
            for key, value, se in zip(names, values, spread, strict=True)
        }
        fitted = curve(model, theta, linear, self.cycles[None])[0]
        shape = (size + count, size + count)
        return parameters, frozen(covariance, np.float64, shape), frozen(fitted, float, (None,))

    def _point(self, i: int, name: str) -> Estimate | None:
        value, se = (_number(column[i]) for column in self._points[name])
        return None if value is None else Estimate(value, se)

    @cached_property
    def _points(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        return {name: self.points(name) for name in POINTS}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _efficiency_note(efficiency: Estimate | None) -> str | None:
    if efficiency is None or 1.0 <= efficiency.value <= 2.0:
        return None
    if efficiency.value > 2.0:
        if efficiency.se is not None and efficiency.value - 2.0 * efficiency.se <= 2.0:
            return say("Above doubling, but not by more than its error.")
        return say("More than doubling per cycle: not an efficiency.")
    return say("Less than no growth per cycle: not an efficiency.")


def fit_curves(
    curves: Curves,
    *,
    model: str = "auto",
    baseline: Baseline = "flat",
    polish: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Fits:
    """Fit every reaction of a run.

    Parameters
    ----------
    curves
        ΔRn, baselines and thresholds.
    model
        Name of a model, or ``"auto"``: ``logistic5`` where Akaike's criterion (for small samples)
        says that its asymmetry describes the curve better, else ``logistic4``.
    baseline
        ``"slope"`` fits a straight line under the curve together with it; Ct is then counted from
        that line, not from the baseline of `curves`.
    polish
        Let lmfit have the last word. Without it the batched answer stands.
    progress
        Called with the number of reactions done, and of all.

    Returns
    -------
    Fits

    Raises
    ------
    InputError
        There is no such model or baseline.
    """
    count = len(curves)
    thresholds = [curves.threshold_of(i) for i in range(count)]
    usable = np.array([problem is None for problem in curves.problems], dtype=bool)
    return fit_arrays(
        curves.cycles.astype(np.float64),
        np.where(usable[:, None], curves.drn, np.nan),
        rn=curves.rn,
        windows=np.array(
            [(0, 0) if b is None else (b.start, b.stop) for b in curves.baselines], np.int64
        ).reshape(count, 2),
        thresholds=np.array([np.nan if t is None else t for t in thresholds], np.float64),
        model=model,
        baseline=baseline,
        polish=polish,
        progress=progress,
        problems=curves.problems,
    )


def fit_arrays(
    cycles: FloatArray,
    drn: FloatArray,
    *,
    rn: FloatArray | None = None,
    windows: IntArray | None = None,
    thresholds: FloatArray | None = None,
    model: str = "auto",
    baseline: Baseline = "flat",
    polish: bool = False,
    progress: Callable[[int, int], None] | None = None,
    problems: tuple[str | None, ...] = (),
) -> Fits:
    """Fit R curves given as arrays; see :func:`fit_curves`.

    Parameters
    ----------
    cycles
        (C,) cycle numbers, above 0, rising.
    drn
        (R, C) baseline-corrected signal in any unit; what is not finite (or beyond
        :data:`ABSURD`) counts as not measured.
    rn
        (R, C) the signal before the baseline was taken off; default `drn`.
    windows
        (R, 2) first and last cycle of the baseline windows; (0, 0), the default: none was drawn.
    thresholds
        (R,) in units of `drn`, NaN = none; default none.

    Raises
    ------
    InputError
        Unknown model or baseline, or cycles that do not rise from above 0.
    ValueError
        Arrays whose shapes do not fit together.
    """
    known = ("auto", *models())
    if model not in known:
        raise InputError("there is no such model", expected=", ".join(known), found=model)
    if baseline not in ("flat", "slope"):
        raise InputError("there is no such baseline", expected="flat, slope", found=baseline)
    x = frozen(cycles, np.float64, (None,))
    if len(x) == 0 or not (x > 0).all() or not (np.diff(x) > 0).all():
        raise InputError("cycles must rise from above 0", found=str(cycles))
    count = len(drn)
    y = np.asarray(drn, np.float64).reshape(count, len(x))
    y = np.where(np.abs(y) < ABSURD, y, np.nan)
    data = Input(
        x,
        y,
        y if rn is None else np.asarray(rn, np.float64).reshape(y.shape),
        np.zeros((count, 2), np.int64) if windows is None else windows.reshape(count, 2),
        np.full(count, np.nan) if thresholds is None else thresholds.reshape(count),
    )
    options = Options(model, baseline == "slope", polish)
    table = FitTable.empty(count)
    size = POLISH_BLOCK if polish else BLOCK
    for first in range(0, count, size):
        part = slice(first, min(first + size, count))
        table.put(part, fit_block(data.take(part), options))
        if progress is not None:
            progress(part.stop, count)
    return Fits(x, table.freeze(), baseline, tuple(models()), problems)
