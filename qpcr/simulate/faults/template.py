"""Faults of pipetting: the wrong template, too little of it, or some where none belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.simulate.fault import Fault
from qpcr.simulate.patient import check_range
from qpcr.simulate.spec import POSITIVE_CONTROL

if TYPE_CHECKING:
    from qpcr.simulate.layout import Layout
    from qpcr.simulate.spec import PlateSpec


@dataclass(frozen=True)
class Dropout(Fault):
    """The sample was not pipetted, or hardly: the reaction mix is there, the template is not.

    Attributes
    ----------
    kept
        Share of the template that arrived, 0…1.
    """

    name: ClassVar[str] = "dropout"
    kept: float = 0.0

    def __post_init__(self) -> None:
        check_range("the share that is kept", self.kept, 0, 1, self.name)

    def template(self, mean: FloatArray, layout: Layout) -> FloatArray:
        """Reduce the template of the wells."""
        return np.where(layout.rows(self.wells), mean * self.kept, mean)


@dataclass(frozen=True)
class FailedControl(Dropout):
    """A positive control that holds no template, or hardly any."""

    name: ClassVar[str] = "failed positive control"

    def check(self, plate: PlateSpec) -> None:
        """Refuse wells that are no positive control."""
        super().check(plate)
        for well in plate.wells:
            if self.strikes(well.well) and well.sample != POSITIVE_CONTROL:
                raise InputError(
                    "a well is not a positive control",
                    place=f"well {well.well}",
                    expected=POSITIVE_CONTROL,
                    found=str(well.sample),
                )


@dataclass(frozen=True)
class Contamination(Fault):
    """Template of another well's sample was carried here.

    In a well that reads another target than the source, what arrives is what the source's sample
    holds of that target: its DNA is carried, not its product.

    Attributes
    ----------
    source
        Index of the well it came from.
    dilution
        Copies that arrive, for each copy in the source, 0…1.
    """

    name: ClassVar[str] = "contamination"
    source: int = 0
    dilution: float = 1e-3

    def __post_init__(self) -> None:
        check_range("the dilution", self.dilution, 0, 1, self.name)

    def check(self, plate: PlateSpec) -> None:
        """Refuse a source that is not in use, or that is struck itself."""
        super().check(plate)
        if self.strikes(self.source):
            raise InputError("a well cannot contaminate itself", found=f"well {self.source}")
        if self.source not in {well.well for well in plate.wells if well.reactions}:
            raise InputError("a contamination comes from an unused well", found=str(self.source))

    def template(self, mean: FloatArray, layout: Layout) -> FloatArray:
        """Add the share of what the source's sample holds."""
        mean, sample = mean.copy(), layout.sample_of(self.source)
        for row in np.flatnonzero(layout.rows(self.wells)):
            mean[row] += self.dilution * layout.copies_of(sample, layout.targets[row].name)
        return mean


@dataclass(frozen=True)
class ContaminatedControl(Fault):
    """Template in a no-template control: water or mix is contaminated.

    Attributes
    ----------
    copies
        Mean copies of each target that the well reads.
    """

    name: ClassVar[str] = "contaminated NTC"
    copies: float = 20.0

    def __post_init__(self) -> None:
        check_range("copies", self.copies, 0, 1e9, self.name)

    def check(self, plate: PlateSpec) -> None:
        """Refuse wells that are no NTC."""
        super().check(plate)
        for well in plate.wells:
            if self.strikes(well.well) and {r.task for r in well.reactions} != {"NTC"}:
                raise InputError("a well is not an NTC", place=f"well {well.well}")

    def template(self, mean: FloatArray, layout: Layout) -> FloatArray:
        """Add the copies."""
        return np.where(layout.rows(self.wells), mean + self.copies, mean)


@dataclass(frozen=True)
class SwappedSample(Fault):
    """The wells hold the DNA of another sample than the plate says.

    Attributes
    ----------
    sample
        Whose DNA it is.
    """

    name: ClassVar[str] = "swapped sample"
    sample: str = ""

    def check(self, plate: PlateSpec) -> None:
        """Refuse a sample that is not on the plate."""
        super().check(plate)
        if self.sample not in {well.sample for well in plate.wells}:
            raise InputError("a sample is not on the plate", place=self.name, found=self.sample)

    def template(self, mean: FloatArray, layout: Layout) -> FloatArray:
        """Take the other sample's copies of each target."""
        mean = mean.copy()
        for row in np.flatnonzero(layout.rows(self.wells)):
            mean[row] = layout.copies_of(self.sample, layout.targets[row].name)
        return mean


def swapped(plate: PlateSpec, first: str, second: str) -> tuple[SwappedSample, SwappedSample]:
    """Swap two samples of a plate in all their wells."""

    def wells_of(sample: str) -> tuple[int, ...]:
        return tuple(well.well for well in plate.wells if well.sample == sample and well.reactions)

    return SwappedSample(wells_of(first), second), SwappedSample(wells_of(second), first)
