"""Faults of the instrument: spectra that have changed, a weak lamp, counts at the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qpcr._frozen import FloatArray, IntArray
from qpcr.errors import InputError
from qpcr.simulate.fault import Fault
from qpcr.simulate.patient import check_range
from qpcr.simulate.spec import FILTERS

if TYPE_CHECKING:
    from qpcr.simulate.spec import PlateSpec


@dataclass(frozen=True)
class Crosstalk(Fault):
    """A dye bleeds into a filter by more than its calibration knows.

    Attributes
    ----------
    dye
        The dye, as the plate names it.
    filter_number
        The filter it bleeds into, 1…5.
    share
        Light that is added there, relative to the dye's brightest filter, 0…1.
    """

    name: ClassVar[str] = "crosstalk"
    wells: tuple[int, ...] | None = None
    dye: str = "FAM"
    filter_number: int = 2
    share: float = 0.05

    def __post_init__(self) -> None:
        if self.filter_number not in range(1, FILTERS + 1):
            found = str(self.filter_number)
            raise InputError("there is no such filter", expected=f"1 to {FILTERS}", found=found)
        check_range("the share of crosstalk", self.share, 0, 1, self.name)

    def check(self, plate: PlateSpec) -> None:
        """Refuse a dye that is not on the plate."""
        super().check(plate)
        dyes = {plate.passive_reference}
        for target in plate.targets:
            dyes |= {target.reporter, target.quencher}
        if self.dye not in dyes:
            raise InputError("a dye is not on the plate", place=self.name, found=self.dye)

    def spectra(self, spectra: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
        """Add to the dye's true spectrum."""
        changed = spectra[self.dye].copy()
        changed[self.index(), self.filter_number - 1] += self.share
        return {**spectra, self.dye: changed}


@dataclass(frozen=True)
class WeakLamp(Fault):
    """An old lamp: all light is less, and the noise in proportion more.

    Attributes
    ----------
    level
        Light that is left, above 0 and at most 1.
    """

    name: ClassVar[str] = "weak lamp"
    wells: tuple[int, ...] | None = None
    level: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.level <= 1:
            raise InputError("a lamp needs a level above 0, at most 1", found=str(self.level))

    def expected(self, expected: FloatArray) -> FloatArray:
        """Dim the light."""
        dimmed = expected.copy()
        dimmed[self.index()] *= self.level
        return dimmed


@dataclass(frozen=True)
class Saturation(Fault):
    """The detector reaches its ceiling.

    Attributes
    ----------
    ceiling_counts
        The largest count it can give, at least 1.
    """

    name: ClassVar[str] = "saturation"
    wells: tuple[int, ...] | None = None
    ceiling_counts: int = 1_500_000

    def __post_init__(self) -> None:
        check_range("the ceiling", self.ceiling_counts, 1, 2**31 - 1, self.name)

    def counts(self, counts: IntArray) -> IntArray:
        """Clip the counts."""
        clipped = counts.copy()
        clipped[self.index()] = np.minimum(clipped[self.index()], int(self.ceiling_counts))
        return clipped
