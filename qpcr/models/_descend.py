"""Levenberg-Marquardt steps for a block of curves whose linear parameters are eliminated.

Every step is one array operation over all curves of the block that have not yet settled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models import Model

STEPS = 200
"""Most steps a fit may take; the median is about seven. What needs more is marked unconverged."""

SETTLED = 1e-9
"""A fit has settled when a step promises a smaller relative change of the sum of squares."""

REACH = 2.0
"""Farthest a coordinate (a logarithm) may go in one step."""

RIDGE = 1e-9
"""Least damping, relative to each parameter's own curvature: keeps 3×3 systems solvable."""


@dataclass(slots=True)
class Block:
    """One block of curves, projected off the linear baseline: everything weighted."""

    x: FloatArray  # (1, C)
    root: FloatArray  # (n, C) square roots of the weights
    basis: FloatArray  # (n, Q, C) orthonormal columns of the baseline
    y: FloatArray  # (n, C) scaled, weighted, projected

    def take(self, rows: IntArray | BoolArray) -> Block:
        return Block(self.x, self.root[rows], self.basis[rows], self.y[rows])

    def project(self, columns: FloatArray) -> FloatArray:
        """Weight (n, K, C) columns and take off their part along the baseline."""
        columns *= self.root[:, None, :]
        columns -= (columns @ self.basis.transpose(0, 2, 1)) @ self.basis
        return columns


@dataclass(slots=True)
class State:
    """Where each curve of a block stands: coordinates, sum of squares, normal equations."""

    theta: FloatArray  # (n, P)
    rss: FloatArray  # (n,)
    normal: FloatArray  # (n, P, P)
    gradient: FloatArray  # (n, P)

    def take(self, rows: IntArray | BoolArray) -> State:
        return State(self.theta[rows], self.rss[rows], self.normal[rows], self.gradient[rows])

    def put(self, rows: IntArray | BoolArray, other: State, where: BoolArray) -> None:
        """Overwrite `rows` by the entries of `other` for which `where` holds."""
        to = np.asarray(rows)[where]
        self.theta[to], self.rss[to] = other.theta[where], other.rss[where]
        self.normal[to], self.gradient[to] = other.normal[where], other.gradient[where]


def _evaluate(block: Block, model: Model, theta: FloatArray) -> State:
    """Sum of squares and Kaufman's normal equations at θ."""
    g, slopes = model.shape_slopes(block.x, theta)
    columns = block.project(np.concatenate([g[:, None], slopes], axis=1))
    g, slopes = columns[:, 0], columns[:, 1:]
    size = np.einsum("nc,nc->n", g, g)
    # A flat shape (curve far outside the cycles) explains nothing: amplitude 0.
    safe = np.where(size > 1e-300, size, np.inf)
    rise = np.einsum("nc,nc->n", g, block.y) / safe
    residual = block.y - rise[:, None] * g
    along = np.einsum("npc,nc->np", slopes, g) / safe[:, None]
    slopes -= along[:, :, None] * g[:, None, :]
    slopes *= rise[:, None, None]
    return State(
        theta,
        np.einsum("nc,nc->n", residual, residual),
        slopes @ slopes.transpose(0, 2, 1),
        np.einsum("npc,nc->np", slopes, residual),
    )


def _solve_free(system: FloatArray, right: FloatArray, fixed: BoolArray) -> FloatArray:
    """Solve (n, P, P) systems of unit diagonal for the coordinates that are not `fixed`."""
    free = ~fixed
    system = system * (free[:, :, None] & free[:, None, :])
    size = range(system.shape[1])
    system[:, size, size] = np.where(free, system[:, size, size], 1.0)
    solved = np.linalg.solve(system, (right * free)[..., None])[..., 0]
    return np.asarray(solved, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a descent goes: when it ends (:data:`SETTLED`), how far a step goes (:data:`REACH`)."""

    settled: float = SETTLED
    reach: float = REACH


def _step(
    state: State, damping: FloatArray, low: FloatArray, high: FloatArray, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Damped step within the bounds, and the gain the linear model promises for it."""
    size = range(state.theta.shape[1])
    scale = np.sqrt(state.normal[:, size, size])
    scale = np.where(scale > 1e-150, scale, np.inf)
    system = state.normal / (scale[:, :, None] * scale[:, None, :])
    system[:, size, size] = 1.0 + damping[:, None]
    scale = np.where(np.isfinite(scale), scale, 1.0)
    right = state.gradient / scale
    fixed = ((state.theta <= low) & (right < 0)) | ((state.theta >= high) & (right > 0))
    step = _solve_free(system, right, fixed) / scale
    # A coordinate that would leave its reach goes to the end of it; the others follow suit.
    least = np.maximum(low - state.theta, -reach)
    most = np.minimum(high - state.theta, reach)
    over = (step < least) | (step > most)
    hit = np.flatnonzero(over.any(axis=1))
    if len(hit):
        ends = np.where(over[hit], np.clip(step[hit], least[hit], most[hit]), 0.0) * scale[hit]
        moved = right[hit] - np.einsum("npq,nq->np", system[hit], ends)
        rest = _solve_free(system[hit], moved, over[hit] | fixed[hit])
        step[hit] = np.clip((rest + ends) / scale[hit], least[hit], most[hit])
    promise = 2.0 * np.einsum("np,np->n", state.gradient, step) - np.einsum(
        "np,npq,nq->n", step, state.normal, step
    )
    return step, promise


USUAL = Manner()


def descend(
    block: Block, model: Model, theta: FloatArray, manner: Manner = USUAL
) -> tuple[State, BoolArray, IntArray]:
    """Levenberg-Marquardt from `theta`; returns the final state, settled or not, and steps."""
    low, high = model.bounds(block.x[0])
    state = _evaluate(block, model, np.clip(theta, low, high))
    count = len(theta)
    settled, steps = np.zeros(count, bool), np.zeros(count, np.int64)
    rows, damping = np.arange(count), np.full(count, 1e-3)
    here, now = block, state.take(rows)
    floor = 1e-26 * np.einsum("nc,nc->n", block.y, block.y)
    for _ in range(STEPS):
        step, promise = _step(now, damping, low, high, manner.reach)
        trial = _evaluate(here, model, now.theta + step)
        better = trial.rss < now.rss
        # The last, tiny step is taken if it helps; then the curve leaves the block.
        done = (np.abs(promise) <= manner.settled * now.rss + floor[rows]) | (damping > 1e12)
        gain = (now.rss - trial.rss) / np.maximum(promise, 1e-300)
        calmer = np.where(gain > 0.75, 0.1, np.where(gain > 0.25, 0.4, 2.0))
        damping = np.clip(damping * np.where(better, calmer, 8.0), RIDGE, None)
        steps[rows] += 1
        now.put(np.arange(len(rows)), trial, better)
        if done.any():
            settled[rows[done]] = True
            state.put(rows, now, np.ones(len(rows), bool))
            rows, damping, now = rows[~done], damping[~done], now.take(~done)
            here = here.take(~done)
            if not len(rows):
                break
    else:
        state.put(rows, now, np.ones(len(rows), bool))
    return state, settled, steps
