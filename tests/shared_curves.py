"""Simulated wells that share an assay's curve, with known template; no code under test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CYCLES = np.arange(1.0, 46.0)


@dataclass
class Assay:
    """(R,) starting quantities, the efficiency where product is nothing, and (R, C) readings."""

    start: np.ndarray
    efficiency: float
    signal: np.ndarray

    @property
    def cycles_late(self) -> np.ndarray:
        """Cycles (R,) by which each well is later than a well of quantity 1."""
        return -np.log(self.start) / np.log(self.efficiency)


def assay(
    start: np.ndarray,
    efficiency: float = 1.93,
    noise: float = 0.002,
    brightness: float = 0.1,
    seed: int = 0,
) -> Assay:
    """Wells of one assay: growth slows as product binds reagent; gain and background differ.

    `start` is in units of the plateau. Readings: gain × (product + background + drift) + noise.
    """
    rng = np.random.default_rng(seed)
    product = np.asarray(start, float).copy()
    columns = []
    for _ in CYCLES:
        product = product * (1.0 + (efficiency - 1.0) * np.clip(1.0 - product, 0.0, 1.0))
        columns.append(product)
    count = len(start)
    gain = np.exp(rng.normal(0.0, brightness, (count, 1)))
    ground = rng.uniform(0.2, 0.4, (count, 1)) + rng.normal(0.0, 2e-4, (count, 1)) * CYCLES
    signal = gain * (np.stack(columns, axis=1) + ground)
    return Assay(
        np.asarray(start, float), efficiency, signal + noise * rng.normal(size=signal.shape)
    )


def batch_of(signal: np.ndarray, targets: list[str] | None = None, cycles: np.ndarray = CYCLES):
    """A batch of the program under test, of a table of readings."""
    from qpcr.curves import from_table
    from qpcr.fits import fit_curves
    from qpcr.methods._batch import Batch

    names = tuple(f"w{number}" for number in range(len(signal)))
    curves = from_table(cycles.astype(int), signal, names, targets)
    return Batch.of(curves, lambda: fit_curves(curves, polish=False))
