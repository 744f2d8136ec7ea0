"""The reactions of a plate, one after the other, and what each sample holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray, IntArray
from qpcr.errors import InputError
from qpcr.simulate.spec import PlateSpec, ReactionSpec, TargetSpec


@dataclass(frozen=True, eq=False)
class Layout:
    """The R reactions of a plate, by well and in the order of their well.

    Attributes
    ----------
    plate
        What they were taken from.
    wells
        (R,) well index.
    reactions, targets, samples
        Specification, target and sample name of each.
    """

    plate: PlateSpec
    wells: IntArray
    reactions: tuple[ReactionSpec, ...]
    targets: tuple[TargetSpec, ...]
    samples: tuple[str | None, ...]

    @classmethod
    def of(cls, plate: PlateSpec) -> Layout:
        """List the reactions of a plate."""
        by_name = {target.name: target for target in plate.targets}
        wells = sorted(plate.wells, key=lambda well: well.well)
        pairs = [(well, reaction) for well in wells for reaction in well.reactions]
        return cls(
            plate=plate,
            wells=np.array([well.well for well, _ in pairs], dtype=np.int64),
            reactions=tuple(reaction for _, reaction in pairs),
            targets=tuple(by_name[reaction.target] for _, reaction in pairs),
            samples=tuple(well.sample for well, _ in pairs),
        )

    def rows(self, wells: Iterable[int] | None) -> BoolArray:
        """(R,) mask of the reactions in some wells; ``None`` = all of the plate."""
        if wells is None:
            return np.ones(len(self.wells), dtype=np.bool_)
        return np.isin(self.wells, list(wells))

    def sample_of(self, well: int) -> str | None:
        """Sample name of a well."""
        return next((w.sample for w in self.plate.wells if w.well == well), None)

    def copies_of(self, sample: str | None, target: str) -> float:
        """Mean copies of a target in a sample, as its own wells state them.

        Raises
        ------
        InputError
            When no well of the sample states them.
        """
        for name, reaction in zip(self.samples, self.reactions, strict=True):
            if name == sample and reaction.target == target:
                return reaction.copies
        raise InputError(
            "no well says how much of a target a sample holds",
            place=target,
            found=str(sample),
            remedy="give the sample a well with this target",
        )
