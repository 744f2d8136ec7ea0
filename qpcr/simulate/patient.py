"""A patient of a simulated plate: how much DNA, how many blasts, which deletions.

Assumptions, each a plain number to change: a cell is diploid, so that N input copies of a gene that
a haploid genome holds once (ALB, RPP30) are N/2 cells; a deletion is heterozygous, one of the two
alleles of a cell that carries it. Mean copies of a deletion are therefore

    input copies × blast fraction × clonal fraction × ½.
"""

from __future__ import annotations

from dataclasses import dataclass

from qpcr.errors import InputError

HETEROZYGOUS = 0.5
"""Share of the two alleles of a cell that is deleted."""


@dataclass(frozen=True, slots=True)
class Clone:
    """Blasts that carry one deletion.

    Attributes
    ----------
    deletion
        As panels call it, for example ``Δ4-7``.
    fraction
        Clonal fraction: share of the blasts that carry it, 0…1. Those of several clones need not
        add up to 1, for one cell can carry two deletions.
    pairs
        Primer pairs that amplify this junction. ``None``: the first of the panel that reads the
        deletion. Empty: none does, as with a deletion of the whole gene.

    Raises
    ------
    InputError
        When the deletion has no name, or the fraction is none.
    """

    deletion: str
    fraction: float = 1.0
    pairs: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.deletion:
            raise InputError("a deletion needs a name")
        check_range("the clonal fraction", self.fraction, 0, 1)


@dataclass(frozen=True, slots=True)
class PatientSpec:
    """What is really in the DNA of a patient.

    Attributes
    ----------
    name
        Sample name on the plate.
    clones
        Deletions; none: the patient has no deletion, two or more: mixed.
    blasts
        Share of the cells that are blasts, 0…1.
    input_copies
        Mean copies a well of a gene that a haploid genome holds once; 500 ng of DNA are about
        150,000 (6.6 pg a diploid genome).

    Raises
    ------
    InputError
        When a number is out of its range, a name is empty, or a deletion is given twice.
    """

    name: str
    clones: tuple[Clone, ...] = ()
    blasts: float = 0.9
    input_copies: float = 150_000.0

    def __post_init__(self) -> None:
        if not self.name:
            raise InputError("a patient needs a name")
        check_range("the share of blasts", self.blasts, 0, 1, self.name)
        check_range("the input copies", self.input_copies, 0, 1e9, self.name)
        if len(set(self.deletions)) < len(self.clones):
            found = ", ".join(self.deletions)
            raise InputError("a deletion is given twice", place=self.name, found=found)

    @property
    def deletions(self) -> tuple[str, ...]:
        """Names of the deletions, in the order of the clones."""
        return tuple(clone.deletion for clone in self.clones)

    def copies(self, clone: Clone) -> float:
        """Mean copies a well of the deletion of a clone."""
        return self.input_copies * self.blasts * clone.fraction * HETEROZYGOUS


def check_range(what: str, value: float, low: float, high: float, place: str | None = None) -> None:
    """Refuse a number outside ``low``…``high``, or that is none."""
    if not low <= value <= high:
        raise InputError(
            f"{what} must lie between {low:g} and {high:g}", place=place, found=str(value)
        )
