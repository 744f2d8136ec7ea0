"""All curves at once: variable projection with Levenberg-Marquardt steps, in NumPy.

The linear parameters (c, d − c, optionally the slope k) are eliminated exactly (Golub & Pereyra,
SIAM J Numer Anal 1973;10:413, doi:10.1137/0710036) with Kaufman's simplified Jacobian (BIT
1975;15:49, doi:10.1007/BF01932995): two or three nonlinear parameters remain. Starts come from one
matrix product with all the model's shapes. Work is done in blocks of curves, so memory does not
grow with their number.

Missing cycles have weight 0. A curve needs more points than parameters, else it is not solved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import Model
from qpcr.models._descend import USUAL, Block, Manner, descend

BLOCK = 1024
"""Curves solved together: enough to hide what a NumPy call costs, few enough for the cache."""

STILL = Manner(settled=1e-14, reach=0.1)
"""To the last digits, in the valley where the curve stands: a long step may find another."""

DOUBT = 5e-4
"""Share of the squares that the first fit may leave unexplained before other starts are tried.
Second minima worth having were only ever found above 1.3e-3 (5,900 real curves)."""


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """What the batched solver found for n curves.

    Attributes
    ----------
    theta
        (n, P) coordinates of the model; NaN where a curve was not solved.
    linear
        (n, 2 or 3) c, d − c and, with a sloping baseline, k per cycle.
    rss
        (n,) weighted residual sum of squares, in squared units of y.
    converged
        (n,) the fit settled.
    at_bound
        (n, P) a coordinate lies on its bound.
    steps
        (n,) steps taken, all starts together.
    """

    theta: FloatArray
    linear: FloatArray
    rss: FloatArray
    converged: BoolArray
    at_bound: BoolArray
    steps: IntArray

    @classmethod
    def empty(cls, count: int, size: int, linear: int) -> Solution:
        """Arrays of NaN for `count` curves, `size` coordinates and `linear` linear parameters."""
        return cls(
            np.full((count, size), np.nan),
            np.full((count, linear), np.nan),
            np.full(count, np.nan),
            np.zeros(count, bool),
            np.zeros((count, size), bool),
            np.zeros(count, np.int64),
        )


def solve(
    cycles: FloatArray,
    y: FloatArray,
    model: Model,
    *,
    slope: bool = False,
    weights: FloatArray | None = None,
    start: FloatArray | None = None,
    picks: int = 2,
) -> Solution:
    """Fit `model` to n curves at once by (weighted) least squares.

    Parameters
    ----------
    cycles
        (C,) cycle numbers, above 0.
    y
        (n, C) signal in any unit; what is not finite counts as missing.
    model
        The model.
    slope
        Add a sloping baseline k·x to the curve.
    weights
        (n, C) weights, 0 or more; default 1.
    start
        (n, P) coordinates to start from too, where the best shape leaves doubt (:data:`DOUBT`).
    picks
        From how many groups of the model's starting shapes to start, the best one first, the
        others only where that leaves doubt. The smallest sum of squares wins.

    Returns
    -------
    Solution
        Curves with fewer usable points than parameters + 1 hold NaN.
    """
    x = np.asarray(cycles, dtype=np.float64)
    values = np.asarray(y, dtype=np.float64)
    count = len(values)
    solution = Solution.empty(count, len(model.parameters), 3 if slope else 2)
    starts = _starts(model, x.tobytes(), slope)
    for rows, data in _blocks(x, values, weights, solution):
        picked = starts.best(data, picks)
        if start is not None:
            picked.append(start[rows])
        _solve_block(data, model, picked, solution, rows)
    return solution


def refine(
    cycles: FloatArray, y: FloatArray, model: Model, weights: FloatArray, solution: Solution
) -> Solution:
    """Go on from a solution until its sum of squares stands still: :data:`STILL`.

    Parameters
    ----------
    cycles, y, model, weights
        As :func:`solve` takes them.
    solution
        Where the n curves stand; what was not solved stays so.

    Returns
    -------
    Solution
        For each curve the better one of both.
    """
    count, size, linear = *solution.theta.shape, solution.linear.shape[1]
    further = Solution.empty(count, size, linear)
    x = np.asarray(cycles, dtype=np.float64)
    for rows, data in _blocks(x, np.asarray(y, dtype=np.float64), weights, further):
        _solve_block(data, model, [solution.theta[rows]], further, rows, STILL)
    better = further.rss < solution.rss
    at = better[:, None]
    return Solution(
        np.where(at, further.theta, solution.theta),
        np.where(at, further.linear, solution.linear),
        np.where(better, further.rss, solution.rss),
        solution.converged | (better & further.converged),
        np.where(at, further.at_bound, solution.at_bound),
        solution.steps + further.steps,
    )


def _blocks(
    x: FloatArray, values: FloatArray, weights: FloatArray | None, solution: Solution
) -> Iterator[tuple[IntArray, _Data]]:
    """Curves that have enough points, in blocks: their rows, and their data."""
    least = solution.theta.shape[1] + solution.linear.shape[1]
    for first in range(0, len(values), BLOCK):
        rows = np.arange(first, min(first + BLOCK, len(values)))
        known = np.isfinite(values[rows])
        weight = known * 1.0 if weights is None else np.where(known, weights[rows], 0.0)
        usable = (weight > 0).sum(axis=1) > least
        rows, weight = rows[usable], weight[usable]
        if len(rows):
            yield rows, _Data.of(x, values[rows], weight, solution.linear.shape[1] == 3)


@dataclass(slots=True)
class _Data:
    """One block: y shifted and scaled (gaps filled), square roots of weights, slope or not."""

    x: FloatArray
    y: FloatArray
    middle: FloatArray
    spread: FloatArray
    root: FloatArray
    slope: bool

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, weight: FloatArray, slope: bool) -> _Data:
        y = _filled(x, y, weight > 0)
        middle, spread = y.mean(axis=1), y.std(axis=1)
        spread = np.where(spread > 1e-100, spread, 1.0)
        scaled = (y - middle[:, None]) / spread[:, None]
        return cls(x, scaled, middle, spread, np.sqrt(weight), slope)


def _solve_block(
    data: _Data,
    model: Model,
    starts: list[FloatArray],
    solution: Solution,
    rows: IntArray,
    manner: Manner = USUAL,
) -> None:
    """Descend from the starts, keep the best end of each curve, and write it down."""
    basis = _baseline_basis(data.x[None], data.root, data.slope)
    block = Block(data.x[None], data.root, basis, data.y)
    block.y = block.project(data.y[:, None].copy())[:, 0]
    best, settled, steps = descend(block, model, starts[0], manner)
    unclear = np.flatnonzero(best.rss > DOUBT * np.einsum("nc,nc->n", block.y, block.y))
    rest = block.take(unclear)
    for theta in starts[1:] if len(unclear) else ():
        other, other_settled, more = descend(rest, model, theta[unclear], manner)
        better = other.rss < best.rss[unclear]
        best.put(unclear, other, better)
        settled[unclear] = np.where(better, other_settled, settled[unclear])
        steps[unclear] += more
    low, high = model.bounds(data.x)
    solution.theta[rows] = best.theta
    solution.converged[rows] = settled
    solution.at_bound[rows] = (best.theta <= low) | (best.theta >= high)
    solution.steps[rows] = steps
    solution.linear[rows], solution.rss[rows] = _linear(data, model, best.theta)


def _linear(data: _Data, model: Model, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Linear parameters (n, Q) and weighted sum of squares (n,), from the residuals themselves."""
    g = model.shape(data.x[None], theta)
    columns = [np.ones_like(g), g]
    centre = float(data.x.mean())
    if data.slope:
        columns.append(np.broadcast_to(data.x - centre, g.shape))
    design = np.stack(columns, axis=2) * data.root[:, :, None]
    # A curve that only begins to rise has g of 1e-20: of unit length, its column counts too.
    size = np.sqrt(np.einsum("ncq,ncq->nq", design, design))
    size = np.where(size > 1e-150, size, np.inf)
    design /= size[:, None, :]
    target = data.y * data.root
    linear = np.einsum("nqc,nc->nq", np.linalg.pinv(design), target)
    residual = target - np.einsum("ncq,nq->nc", design, linear)
    rss = np.einsum("nc,nc->n", residual, residual) * data.spread**2
    linear *= data.spread[:, None] / size
    linear[:, 0] += data.middle
    if data.slope:
        linear[:, 0] -= linear[:, 2] * centre
    return linear, rss


def _baseline_basis(x: FloatArray, root: FloatArray, slope: bool) -> FloatArray:
    """Orthonormal (n, Q, C) basis of the weighted constant and, with `slope`, straight line."""
    first: FloatArray = root / np.sqrt(np.einsum("nc,nc->n", root, root))[:, None]
    if not slope:
        return first[:, None, :]
    line = root * (x - x.mean())
    line = line - np.einsum("nc,nc->n", line, first)[:, None] * first
    line = line / np.sqrt(np.einsum("nc,nc->n", line, line))[:, None]
    return np.stack([first, line], axis=1)


def _filled(x: FloatArray, y: FloatArray, known: BoolArray) -> FloatArray:
    """`y` with gaps closed by straight lines; good enough to choose a start."""
    y = np.where(known, y, 0.0)
    for row in np.flatnonzero(~known.all(axis=1)):
        there = known[row]
        y[row] = np.interp(x, x[there], y[row, there])
    return y


@lru_cache(maxsize=8)
def _starts(model: Model, cycles: bytes, slope: bool) -> _Starts:
    """Starting shapes of a model; plates of one protocol share them."""
    return _Starts(model, np.frombuffer(cycles, dtype=np.float64), slope)


class _Starts:
    """The model's starting shapes, projected off the baseline and of unit length."""

    def __init__(self, model: Model, x: FloatArray, slope: bool) -> None:
        table = model.starts(x)
        groups, per_group, count = table.shape
        shapes = model.shape(x[None], table.reshape(-1, count))
        self.basis = _baseline_basis(x[None], np.ones((1, len(x))), slope)[0]
        shapes -= (shapes @ self.basis.T) @ self.basis
        size = np.sqrt(np.einsum("sc,sc->s", shapes, shapes))
        shapes /= np.where(size > 1e-12, size, np.inf)[:, None]
        self.table, self.groups, self.per_group = table, groups, per_group
        self.shapes = shapes.astype(np.float32).T.copy()

    def best(self, data: _Data, picks: int) -> list[FloatArray]:
        """Best start of each of the `picks` best groups, (n, P) each, best group first."""
        y = data.y - (data.y @ self.basis.T) @ self.basis
        score = y.astype(np.float32) @ self.shapes
        score = score.reshape(len(y), self.groups, self.per_group)
        place = score.argmax(axis=2)
        top = np.take_along_axis(score, place[..., None], axis=2)[..., 0]
        order = np.argsort(-top, axis=1)[:, : min(picks, self.groups)]
        every = np.arange(len(y))
        return [self.table[group, place[every, group]] for group in order.T]
