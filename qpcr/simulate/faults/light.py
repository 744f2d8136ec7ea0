"""Faults that change the light of a well's dyes: bubbles, lost water, missing reference, drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qpcr.errors import InputError
from qpcr.simulate.fault import Fault, Light
from qpcr.simulate.patient import check_range

if TYPE_CHECKING:
    from qpcr.simulate.layout import Layout
    from qpcr.simulate.spec import PlateSpec


@dataclass(frozen=True)
class Bubble(Fault):
    """A bubble bursts, or comes: all dyes of the well step at one cycle.

    The passive reference steps by the full size. The reporter and its quencher miss a part of the
    step, so that the reference does not correct all of it, as one sees on real plates.

    Attributes
    ----------
    cycle
        First cycle of the step, from 1.
    size
        Relative change, above −1.
    spike
        That cycle only, instead of all from there on.
    uncorrected
        Share of the step that the reporter misses, 0…1.
    """

    name: ClassVar[str] = "bubble"
    cycle: int = 10
    size: float = -0.25
    spike: bool = False
    uncorrected: float = 0.2

    def __post_init__(self) -> None:
        if not -1 < self.size <= 10:
            raise InputError("a step must lie between -1 and 10", found=str(self.size))
        check_range("the uncorrected share", self.uncorrected, 0, 1, self.name)

    def check(self, plate: PlateSpec) -> None:
        """Refuse a cycle that the run does not have."""
        super().check(plate)
        check_range("the cycle of a bubble", self.cycle, 1, plate.cycles)

    def light(self, light: Light, layout: Layout) -> Light:
        """Step all dyes."""
        cycles = np.arange(1, layout.plate.cycles + 1)
        there = cycles == self.cycle if self.spike else cycles >= self.cycle
        whole = np.where(there, 1 + self.size, 1.0)
        missed = np.where(there, 1 + self.size * (1 - self.uncorrected), 1.0)
        rows = layout.rows(self.wells)
        return light.times(rows, probe=missed, product=missed, quencher=missed, reference=whole)


@dataclass(frozen=True)
class Evaporation(Fault):
    """A seal leaks: the volume falls evenly, and all dyes get as much more concentrated.

    Attributes
    ----------
    loss
        Share of the volume that is gone at the last cycle, 0…0.9.
    from_cycle
        Last cycle with the whole volume, from 1.
    """

    name: ClassVar[str] = "evaporation"
    loss: float = 0.3
    from_cycle: int = 1

    def __post_init__(self) -> None:
        check_range("the loss of volume", self.loss, 0, 0.9, self.name)

    def check(self, plate: PlateSpec) -> None:
        """Refuse a start that the run does not have."""
        super().check(plate)
        check_range("the start of evaporation", self.from_cycle, 1, plate.cycles)

    def light(self, light: Light, layout: Layout) -> Light:
        """Concentrate all dyes."""
        last = layout.plate.cycles
        elapsed = np.clip(np.arange(1, last + 1) - self.from_cycle, 0, None)
        factor = 1 / (1 - self.loss * elapsed / max(last - self.from_cycle, 1))
        rows = layout.rows(self.wells)
        return light.times(rows, probe=factor, product=factor, quencher=factor, reference=factor)


@dataclass(frozen=True)
class LowReference(Fault):
    """Hardly any passive reference in the well, or none.

    Attributes
    ----------
    level
        Factor on the passive reference, 0…1.
    """

    name: ClassVar[str] = "low passive reference"
    level: float = 0.1

    def __post_init__(self) -> None:
        check_range("the level of the passive reference", self.level, 0, 1, self.name)

    def check(self, plate: PlateSpec) -> None:
        """Refuse a plate without passive reference."""
        super().check(plate)
        if not plate.passive_reference:
            raise InputError("the plate has no passive reference", place=self.name)

    def light(self, light: Light, layout: Layout) -> Light:
        """Lower the reference."""
        return light.times(layout.rows(self.wells), reference=self.level)


@dataclass(frozen=True)
class Drift(Fault):
    """The intact probe gets brighter or darker with every cycle: a sloping baseline.

    Attributes
    ----------
    per_cycle
        Relative change a cycle, −0.02…1.
    """

    name: ClassVar[str] = "drift"
    per_cycle: float = 0.01

    def __post_init__(self) -> None:
        check_range("the drift a cycle", self.per_cycle, -0.02, 1, self.name)

    def light(self, light: Light, layout: Layout) -> Light:
        """Slope the probe's light."""
        slope = np.clip(1 + self.per_cycle * np.arange(layout.plate.cycles), 0, None)
        return light.times(layout.rows(self.wells), probe=slope)


@dataclass(frozen=True)
class Hook(Fault):
    """The signal falls again after the rise.

    Attributes
    ----------
    loss_per_cycle
        Share of the product's light that is lost each cycle after the one in which half of the
        final product was there, 0…1.
    """

    name: ClassVar[str] = "hook"
    loss_per_cycle: float = 0.06

    def __post_init__(self) -> None:
        check_range("the loss a cycle", self.loss_per_cycle, 0, 1, self.name)

    def light(self, light: Light, layout: Layout) -> Light:
        """Let the product's light fade."""
        rows = layout.rows(self.wells)
        made = light.product[rows]
        half = (made < made[:, -1:] / 2).sum(axis=1, keepdims=True)
        elapsed = np.clip(np.arange(made.shape[1]) - half, 0, None)
        return light.times(rows, product=(1 - self.loss_per_cycle) ** elapsed)
