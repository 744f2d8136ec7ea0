"""From curves to fits, a block at a time: batched fit, choice of model, lmfit, points, Ct."""

from __future__ import annotations

import numpy as np

from qpcr._fit_ct import find_ct
from qpcr._fit_reasons import Reason, code
from qpcr._fit_table import FitTable, Input, Options
from qpcr._fit_whole import WholeFit
from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import models
from qpcr.models._solve import Solution, solve

AUTO = ("logistic4", "logistic5")
"""The models that ``auto`` chooses between, the simpler one first."""

LEAST_POINTS = 7
"""Measured cycles below which no curve is fitted: five parameters, and something to judge by."""


def fit_block(data: Input, options: Options) -> FitTable:
    """Fit a block of curves."""
    table = FitTable.empty(len(data.drn))
    known = np.isfinite(data.drn).sum(axis=1)
    table.reason[known < LEAST_POINTS] = code(Reason.TOO_FEW_POINTS)
    table.reason[known == 0] = code(Reason.NO_CURVE)
    names = tuple(models())
    for name, rows, solution in _solutions(data, options):
        if not len(rows):
            continue
        part = data.take(rows)
        fit = WholeFit(models()[name], part, solution, options.slope)
        table.model[rows] = names.index(name)
        if options.polish:
            table.polished[rows] = fit.polish_all()
        fit.describe(table, rows)
        foot = AUTO[1] if options.model == "auto" else options.model
        table.foot_model[rows] = names.index(foot)
        find_ct(part, models()[foot], options, table, rows, fit)
    return table


def _solutions(data: Input, options: Options) -> list[tuple[str, IntArray, Solution]]:
    """The batched fits, by model: name, rows, solution of those rows."""
    usable = np.flatnonzero(np.isfinite(data.drn).sum(axis=1) >= LEAST_POINTS)
    y = data.drn[usable]
    if options.model != "auto":
        only = solve(data.cycles, y, models()[options.model], slope=options.slope)
        good = np.isfinite(only.rss)
        return [(options.model, usable[good], _rows(only, good))]
    small, large = (models()[name] for name in AUTO)
    first = solve(data.cycles, y, small, slope=options.slope, picks=1)
    # logistic4 is logistic5 with log f = 0: its optimum is a start that cannot be beaten by it.
    start = np.concatenate([first.theta, np.zeros((len(y), 1))], axis=1)
    start = np.where(np.isfinite(start), start, 0.0)
    second = solve(data.cycles, y, large, slope=options.slope, start=start)
    known = np.isfinite(y).sum(axis=1)
    better = _criterion(second, known) < _criterion(first, known)
    return [
        (
            name,
            usable[chosen & np.isfinite(found.rss)],
            _rows(found, chosen & np.isfinite(found.rss)),
        )
        for name, found, chosen in ((AUTO[0], first, ~better), (AUTO[1], second, better))
    ]


def _rows(solution: Solution, rows: BoolArray) -> Solution:
    return Solution(
        solution.theta[rows],
        solution.linear[rows],
        solution.rss[rows],
        solution.converged[rows],
        solution.at_bound[rows],
        solution.steps[rows],
    )


def _criterion(solution: Solution, known: IntArray) -> FloatArray:
    """Akaike's criterion for small samples; infinite where the curve was not fitted.

    Hurvich & Tsai, Biometrika 1989;76:297, doi:10.1093/biomet/76.2.297.
    """
    size = solution.theta.shape[1] + solution.linear.shape[1] + 1
    spare = known - size - 1
    rss = np.maximum(np.nan_to_num(solution.rss, nan=np.inf), 1e-300)
    penalty = np.where(spare > 0, 2.0 * size * known / np.maximum(spare, 1), np.inf)
    return np.asarray(known * np.log(rss / np.maximum(known, 1)) + penalty, np.float64)
