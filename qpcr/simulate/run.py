"""A simulated run, and the truth behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import Float32Array, FloatArray, FrozenMap, IntArray, frozen
from qpcr.errors import InputError
from qpcr.simulate.spec import FILTERS, PlateSpec


@dataclass(frozen=True, eq=False)
class Truth:
    """What really happened in the R reactions, in the order of the plate.

    Attributes
    ----------
    wells, targets
        (R,) well index; R target names.
    mean_copies, copies
        (R,) mean, faults included, and template molecules drawn.
    efficiency
        (R,) E₀ of each reaction, faults included.
    product
        (R, C) molecules after each cycle.
    rn, baseline
        (R, C) noise-free reporter ÷ passive reference (reporter alone on a plate without one):
        with product, and as it would be without. NaN in a well that a fault left without any.
    signals
        By dye: (W, C) noise-free dye amounts, arbitrary units.
    """

    wells: IntArray
    targets: tuple[str, ...]
    mean_copies: FloatArray
    copies: IntArray
    efficiency: FloatArray
    product: FloatArray
    rn: FloatArray
    baseline: FloatArray
    signals: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        count, set_ = len(self.targets), object.__setattr__
        set_(self, "wells", frozen(self.wells, np.int64, (count,)))
        set_(self, "copies", frozen(self.copies, np.int64, (count,)))
        for name in ("mean_copies", "efficiency"):
            set_(self, name, frozen(getattr(self, name), np.float64, (count,)))
        for name in ("product", "rn", "baseline"):
            set_(self, name, frozen(getattr(self, name), np.float64, (count, None)))
        signals = {dye: frozen(v, np.float64, (None, None)) for dye, v in self.signals.items()}
        set_(self, "signals", FrozenMap(signals))

    @property
    def drn(self) -> FloatArray:
        """(R, C) noise-free rise above the true baseline."""
        rise: FloatArray = self.rn - self.baseline
        return rise

    def cq(self, threshold: float) -> tuple[float | None, ...]:
        """Cycle at which each true ΔRn first rises above `threshold`.

        Between readings the curve is taken as a cubic of log ΔRn through the nearest four
        readings that are above zero (exact for exponential growth). ``None`` where the curve
        never crosses, or had crossed before the first reading.

        Raises
        ------
        InputError
            When the threshold is not a positive number.
        """
        if not 0 < threshold < float("inf"):
            raise InputError("a threshold must be positive", found=str(threshold))
        return tuple(_crossing(curve, threshold) for curve in self.drn)


def _crossing(curve: FloatArray, threshold: float) -> float | None:
    above = np.flatnonzero((curve[:-1] <= threshold) & (curve[1:] > threshold))
    if not above.size:
        return None
    k = int(above[0])
    near = np.arange(max(k - 1, 0), min(k + 3, len(curve)))
    near = near[curve[near] > 0]
    offsets, logs = near - k, np.log(curve[near] / threshold)
    polynomial = np.polynomial.Polynomial.fit(offsets, logs, len(near) - 1)
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if polynomial(middle) <= 0 else (low, middle)
    return k + 1 + (low + high) / 2


@dataclass(frozen=True, eq=False)
class SimulatedRun:
    """Everything that goes into the file, and the truth, which does not.

    Attributes
    ----------
    spec, seed
        What it was made from.
    counts
        (W, C, F) stored counts.
    uniformity
        (W, F) float32 multipliers.
    pure_dyes
        By dye: (W, F) float32 relative emission.
    background
        (W, F, 2) float32 offset and coefficient; stored, and used by nothing.
    temperatures
        (W, C) float32 sample temperature, °C.
    dyes
        By index of the wells in use: their dyes, alphabetical.
    truth
        Not written to the file.
    """

    spec: PlateSpec
    seed: int
    counts: IntArray
    uniformity: Float32Array
    pure_dyes: Mapping[str, Float32Array]
    background: Float32Array
    temperatures: Float32Array
    dyes: Mapping[int, tuple[str, ...]]
    truth: Truth

    def __post_init__(self) -> None:
        wells, set_, single = self.spec.size, object.__setattr__, np.float32
        set_(self, "counts", frozen(self.counts, np.int64, (wells, self.spec.cycles, FILTERS)))
        set_(self, "uniformity", frozen(self.uniformity, single, (wells, FILTERS)))
        set_(self, "background", frozen(self.background, single, (wells, FILTERS, 2)))
        set_(self, "temperatures", frozen(self.temperatures, single, (wells, self.spec.cycles)))
        pure = {dye: frozen(v, single, (wells, FILTERS)) for dye, v in self.pure_dyes.items()}
        set_(self, "pure_dyes", FrozenMap(pure))
        set_(self, "dyes", FrozenMap(self.dyes))
