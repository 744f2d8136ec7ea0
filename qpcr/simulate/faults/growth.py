"""Faults of amplification: reactions that start late, run badly, or end early."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qpcr._frozen import Float32Array
from qpcr.errors import InputError
from qpcr.simulate.fault import Fault, Growth
from qpcr.simulate.patient import check_range

if TYPE_CHECKING:
    from qpcr.simulate.layout import Layout


@dataclass(frozen=True)
class Inhibition(Fault):
    """Something in the sample hinders the enzyme: later, flatter, lower.

    Attributes
    ----------
    efficiency, plateau
        Factors on the efficiency and on the capacity, 0…1.
    delay_cycles
        Cycles at the start in which nothing is copied.
    """

    name: ClassVar[str] = "inhibition"
    efficiency: float = 0.85
    plateau: float = 0.5
    delay_cycles: int = 2

    def __post_init__(self) -> None:
        check_range("the factor on the efficiency", self.efficiency, 0, 1, self.name)
        if not 0 < self.plateau <= 1:
            raise InputError(
                "the plateau needs a factor above 0, at most 1", found=str(self.plateau)
            )
        check_range("the delay", self.delay_cycles, 0, 1000, self.name)

    def growth(self, growth: Growth, layout: Layout) -> Growth:
        """Lower efficiency and plateau, and delay the start."""
        rows = layout.rows(self.wells)
        return Growth(
            efficiency=np.where(rows, growth.efficiency * self.efficiency, growth.efficiency),
            capacity=np.where(rows, growth.capacity * self.plateau, growth.capacity),
            delay=growth.delay + self.delay_cycles * rows,
        )


@dataclass(frozen=True)
class Late(Fault):
    """Amplification starts late and is normal from there on, as with a slow hot start.

    Attributes
    ----------
    cycles
        Cycles at the start in which nothing is copied.
    """

    name: ClassVar[str] = "late"
    cycles: int = 5

    def __post_init__(self) -> None:
        check_range("the delay", self.cycles, 0, 1000, self.name)

    def growth(self, growth: Growth, layout: Layout) -> Growth:
        """Delay the start."""
        return replace(growth, delay=growth.delay + self.cycles * layout.rows(self.wells))


@dataclass(frozen=True)
class EdgeEffect(Fault):
    """Wells at the edge are colder, and amplify worse; see :func:`outer_wells`.

    Attributes
    ----------
    efficiency
        Change of the efficiency (absolute; the result stays within 0…1).
    celsius
        Change of the recorded sample temperature, °C.
    """

    name: ClassVar[str] = "edge effect"
    efficiency: float = -0.05
    celsius: float = -0.6

    def __post_init__(self) -> None:
        check_range("the change of the efficiency", self.efficiency, -1, 1, self.name)
        check_range("the change of temperature", self.celsius, -40, 40, self.name)

    def growth(self, growth: Growth, layout: Layout) -> Growth:
        """Shift the efficiency."""
        shifted = np.clip(growth.efficiency + self.efficiency, 0, 1)
        rows = layout.rows(self.wells)
        return replace(growth, efficiency=np.where(rows, shifted, growth.efficiency))

    def temperatures(self, celsius: Float32Array) -> Float32Array:
        """Shift the temperature, to 0.01 °C."""
        celsius = celsius.copy()
        celsius[self.index()] = np.round(celsius[self.index()] + np.float32(self.celsius), 2)
        return celsius


def outer_wells(rows: int, columns: int) -> tuple[int, ...]:
    """Indices of the wells of the outermost ring of a plate."""
    grid = np.arange(rows * columns).reshape(rows, columns)
    inner = set(grid[1:-1, 1:-1].ravel().tolist())
    return tuple(well for well in range(rows * columns) if well not in inner)
