"""Simulated amplification curves with known truth, made without the code under test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

CYCLES = np.arange(1.0, 41.0)


@dataclass
class Plate:
    """R simulated curves: rise and background without noise, and noisy Rn, all (R, C)."""

    rise: np.ndarray
    background: np.ndarray
    rn: np.ndarray


def logistic_plate(count: int, noise: float, seed: int) -> Plate:
    """Five-parameter sigmoids on a drifting background, with white noise of one size."""
    rng = np.random.default_rng(seed)
    e = rng.uniform(19, 31, (count, 1))
    b = rng.uniform(0.75, 0.95, (count, 1)) * e
    f = np.exp(rng.uniform(-0.7, 0.7, (count, 1)))
    rise = 5.0 / (1 + (e / CYCLES) ** b) ** f
    background = 1.5 + rng.normal(0, 0.002, (count, 1)) * CYCLES
    rn = rise + background + noise * rng.normal(size=rise.shape)
    return Plate(rise, background, rn)


def mechanistic_plate(count: int, noise: float, seed: int) -> Plate:
    """Product grows by a factor that falls as it accumulates; readings have a constant CV."""
    rng = np.random.default_rng(seed)
    product = 10 ** rng.uniform(2, 5, count)
    plateau = 8e11 * np.exp(rng.normal(0, 0.06, count))
    start = 0.96 + rng.normal(0, 0.004, count)
    columns = []
    for _ in CYCLES:
        chance = start * 1.2e11 / (1.2e11 + product) * np.clip(1 - product / plateau, 0, 1)
        product = product * (1 + chance)
        columns.append(product)
    rise = 7.0 * np.stack(columns, axis=1) / 8e11
    slope = 0.001 + rng.normal(0, 0.0002, (count, 1))
    background = 2.2 * np.exp(rng.normal(0, 0.02, (count, 1))) * (1 + slope * CYCLES)
    level = rise + background
    return Plate(rise, background, level * (1 + noise * rng.normal(size=level.shape)))


def baseline_line(rn: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """The straight line through the window of one curve, over all cycles; the mean if short."""
    first, last = window
    x, y = CYCLES[first - 1 : last], rn[first - 1 : last]
    if len(x) <= 3:
        return np.full_like(CYCLES, y.mean())
    return np.polyval(np.polyfit(x, y, 1), CYCLES)


def true_crossing(rise: np.ndarray, line: np.ndarray, threshold: float) -> float:
    """Cycle at which a noise-free rise, less a straight line, reaches the threshold."""
    log_rise = CubicSpline(CYCLES, np.log(rise))
    slope = line[1] - line[0]

    def above(x: float) -> float:
        return float(np.exp(log_rise(x)) - (line[0] + slope * (x - 1.0)) - threshold)

    k = int(np.flatnonzero(rise - line < threshold)[-1])
    return float(brentq(above, CYCLES[k], CYCLES[k + 1]))


def window_before(rise: np.ndarray, step: float = 0.01) -> tuple[int, int]:
    """Cycles 3 to the last before the noise-free curve climbs by `step` a cycle."""
    return 3, max(int(np.argmax(np.diff(rise) >= step)), 4)
