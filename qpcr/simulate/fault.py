"""What a fault is: a value that says where it strikes, and changes one stage of the simulation.

A fault draws no random numbers. What it leaves alone, wells that it does not name above all, comes
out the same to the last bit as without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qpcr._frozen import BoolArray, Float32Array, FloatArray, IntArray
from qpcr.errors import InputError

if TYPE_CHECKING:
    from qpcr.simulate.layout import Layout
    from qpcr.simulate.spec import PlateSpec


@dataclass(frozen=True, eq=False)
class Growth:
    """What decides how R reactions amplify.

    Attributes
    ----------
    efficiency, capacity
        (R,) E₀, and molecules of product that primers and probe allow.
    delay
        (R,) cycles at the start in which nothing is copied.
    """

    efficiency: FloatArray
    capacity: FloatArray
    delay: IntArray


@dataclass(frozen=True, eq=False)
class Light:
    """Light of the dyes of R reactions, (R, C) each, arbitrary units.

    Attributes
    ----------
    probe
        Reporter as it would be without product.
    product
        What product adds to it.
    quencher
        Fluorescent quencher.
    reference
        Passive reference.
    """

    probe: FloatArray
    product: FloatArray
    quencher: FloatArray
    reference: FloatArray

    def times(self, rows: BoolArray, **factors: FloatArray | float) -> Light:
        """Return the light with some fields of some reactions multiplied."""
        changed = {}
        for name, factor in factors.items():
            values = np.array(getattr(self, name))
            values[rows] *= factor
            changed[name] = values
        return replace(self, **changed)


@dataclass(frozen=True)
class Fault:
    """Base of all faults: one overrides the stages at which it acts, the others pass through.

    Attributes
    ----------
    name
        As the truth calls it.
    wells
        0-based row-major indices of the wells it strikes; ``None`` = the whole plate.
    """

    name: ClassVar[str]
    wells: tuple[int, ...] | None

    def check(self, plate: PlateSpec) -> None:
        """Refuse wells that the plate does not use; called when the plate is made.

        Raises
        ------
        InputError
            When the fault does not fit the plate.
        """
        if self.wells is None:
            return
        used = {well.well for well in plate.wells if well.reactions}
        if not self.wells:
            raise InputError("a fault strikes no well", place=self.name)
        if strange := set(self.wells) - used:
            found = ", ".join(map(str, sorted(strange)))
            raise InputError(
                "a fault strikes wells that are not in use", place=self.name, found=found
            )

    def strikes(self, well: int) -> bool:
        """Say whether it strikes a well."""
        return self.wells is None or well in self.wells

    def template(self, mean: FloatArray, layout: Layout) -> FloatArray:
        """Change the (R,) mean copies of template."""
        del layout
        return mean

    def growth(self, growth: Growth, layout: Layout) -> Growth:
        """Change how the reactions amplify."""
        del layout
        return growth

    def light(self, light: Light, layout: Layout) -> Light:
        """Change the light of the dyes."""
        del layout
        return light

    def spectra(self, spectra: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
        """Change the true spectra, (W, F) by dye."""
        return spectra

    def expected(self, expected: FloatArray) -> FloatArray:
        """Change the (W, C, F) counts before noise."""
        return expected

    def counts(self, counts: IntArray) -> IntArray:
        """Change the (W, C, F) counts as stored."""
        return counts

    def temperatures(self, celsius: Float32Array) -> Float32Array:
        """Change the (W, C) recorded sample temperatures."""
        return celsius

    def index(self) -> list[int] | slice:
        """Index of its wells along an axis of the plate's wells."""
        return slice(None) if self.wells is None else list(self.wells)
