"""Simulated amplification curves, sound and faulty, made without the code under test.

Every generator takes a random generator, how many curves, and how many cycles, and returns raw
signal (n, C) around a background of 1 with white noise; :func:`instrument` lays an instrument's
scale and offset over it. All of them are synthetic.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Generator = Callable[[np.random.Generator, int, int], np.ndarray]


def _column(values: np.ndarray) -> np.ndarray:
    return np.asarray(values)[:, None]


def _uniform(rng: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    return _column(rng.uniform(low, high, n))


def _log(rng: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    return np.exp(_uniform(rng, n, np.log(low), np.log(high)))


def _axis(cycles: int) -> np.ndarray:
    return np.arange(1.0, cycles + 1)[None]


def rise(rng: np.random.Generator, n: int, cycles: int, start: np.ndarray) -> np.ndarray:
    """Sigmoids of height 1 that reach 5 % at `start` (n, 1) and grew 1.7- to 2-fold before."""
    skew = _log(rng, n, 0.5, 2.0)
    width = skew / np.log(_uniform(rng, n, 1.7, 2.0))
    middle = start + width * np.log(0.05 ** (-1.0 / skew) - 1.0)
    return np.exp(-skew * np.logaddexp(0.0, (middle - _axis(cycles)) / width))


def background(rng: np.random.Generator, n: int, cycles: int, drift: float = 0.05) -> np.ndarray:
    """A background of 1 with a slow linear drift, a warm-up in some wells, and noise."""
    x = _axis(cycles)
    slope = _uniform(rng, n, -drift, drift) / cycles
    warm = (_column(rng.random(n)) < 0.3) * _uniform(rng, n, -0.05, 0.05)
    level = 1.0 + slope * x + warm * np.exp(-x / _uniform(rng, n, 1.0, 4.0))
    return level + noise(rng, n, cycles)


def noise(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """White noise of 0.05 to 1 % of the background."""
    return _log(rng, n, 5e-4, 1e-2) * rng.normal(size=(n, cycles))


def height(rng: np.random.Generator, n: int) -> np.ndarray:
    """Rise over background of real assays: probes with much background to dyes with little."""
    return _log(rng, n, 0.4, 20.0)


def proper(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """Sound curves that come near their plateau."""
    top = rise(rng, n, cycles, _uniform(rng, n, 10.0, cycles - 10.0))
    return background(rng, n, cycles) + height(rng, n) * top


def probe(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """Hydrolysis probes: growth by 1.85- to 2-fold slows to a long, nearly straight climb.

    Every cycle a copy is cleaved with a chance that falls as product piles up against an enzyme
    of limited capacity; the probe is used up at 5 to 60 times that capacity.
    """
    chance = _uniform(rng, n, 0.85, 1.0)
    product = 0.05 / (1 + chance) ** _uniform(rng, n, 12.0, cycles - 8.0)
    supply = _log(rng, n, 5.0, 60.0)
    columns = []
    for _ in range(cycles):
        product = product * (1 + chance / (1 + product) * np.clip(1 - product / supply, 0, 1))
        columns.append(product)
    top = np.concatenate(columns, axis=1)
    share = top / top.max(axis=1, keepdims=True)
    return background(rng, n, cycles, 0.03) + _log(rng, n, 1.0, 20.0) * share


def late(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """Sound curves of a few copies, which end while they still grow."""
    top = rise(rng, n, cycles, _uniform(rng, n, cycles - 6.0, cycles - 4.0))
    return background(rng, n, cycles, 0.03) + _log(rng, n, 1.5, 20.0) * top


def hook(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """Sound curves that fall from their maximum by a quarter or more."""
    x = _axis(cycles)
    start = _uniform(rng, n, 8.0, cycles - 20.0)
    fall = _uniform(rng, n, 0.25, 0.5) * np.clip((x - start - 9) / (cycles - start - 9), 0, 1)
    top = rise(rng, n, cycles, start) - fall
    return background(rng, n, cycles, 0.02) + _log(rng, n, 1.0, 20.0) * top


def flat(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """A constant background with noise."""
    return 1.0 + noise(rng, n, cycles)


def noisy(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """Readings that scatter by a twentieth to a half of the background."""
    return 1.0 + _log(rng, n, 0.05, 0.5) * rng.normal(size=(n, cycles))


def drift(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """A slow rise: a line, a warm-up that levels off, or evaporation, which speeds up."""
    x = _axis(cycles) / cycles
    line = x
    levels = 1 - np.exp(-x / _uniform(rng, n, 0.1, 0.6))
    speeds = x / (1.0 - _uniform(rng, n, 0.3, 0.7) * x)
    which = _column(rng.integers(0, 3, n))
    shape = np.choose(which, [np.broadcast_to(line, levels.shape), levels, speeds])
    return 1.0 + _log(rng, n, 0.05, 1.0) * shape + 0.3 * noise(rng, n, cycles)


def creep(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """A slow S that grows at most 1.15-fold a cycle: degrading probe, not PCR."""
    x = _axis(cycles)
    middle = _uniform(rng, n, 0.3, 1.0) * cycles
    width = 1 / np.log(_uniform(rng, n, 1.05, 1.15))
    return (
        1.0
        + _log(rng, n, 0.2, 5.0) / (1 + np.exp((middle - x) / width))
        + 0.3 * noise(rng, n, cycles)
    )


def spike(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """One reading far off an otherwise flat background."""
    at = _column(rng.integers(3, cycles - 2, n))
    hit = _axis(cycles) == at
    return background(rng, n, cycles, 0.01) + _log(rng, n, 0.2, 5.0) * hit


def step(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """The signal jumps from one level to another within one cycle."""
    at = _column(rng.integers(6, cycles - 5, n))
    return background(rng, n, cycles, 0.02) + _log(rng, n, 0.2, 5.0) * (_axis(cycles) >= at)


def bubble(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """A bubble lies in the light for a few cycles and leaves."""
    x = _axis(cycles)
    at = _column(rng.integers(5, cycles - 10, n))
    inside = (x >= at) & (x < at + _column(rng.integers(3, 8, n)))
    return background(rng, n, cycles, 0.01) + _log(rng, n, 0.2, 3.0) * inside


def falling(rng: np.random.Generator, n: int, cycles: int) -> np.ndarray:
    """Bleaching: the signal falls, straight or levelling off."""
    x = _axis(cycles) / cycles
    curved = (1 - np.exp(-x / _uniform(rng, n, 0.15, 0.6))) * 1.0
    shape = np.where(_column(rng.random(n)) < 0.5, x, curved)
    return 1.0 - _log(rng, n, 0.05, 0.6) * shape + 0.3 * noise(rng, n, cycles)


AMPLIFIED: dict[str, Generator] = {
    "proper": proper,
    "probe": probe,
    "late": late,
    "hook": hook,
}
FAULTY: dict[str, Generator] = {
    "flat": flat,
    "noisy": noisy,
    "drift": drift,
    "creep": creep,
    "spike": spike,
    "step": step,
    "bubble": bubble,
    "falling": falling,
}


def instrument(rng: np.random.Generator, curves: np.ndarray) -> np.ndarray:
    """The curves in the unit of some instrument, the background taken off in half of them."""
    n = len(curves)
    off = (_column(rng.random(n)) < 0.5) * np.median(curves[:, 2:8], axis=1, keepdims=True)
    return 10 ** _uniform(rng, n, -3.0, 6.0) * (curves - off)
