"""Where an oligo can sit on a reference: sites with mismatches, and the best one-gap alignment.

Positions on a reference count from 0, half open, on its forward strand; positions within an
oligo count from 1 at its 5' end. A site may hang over the end of a reference with the 5' part of
the oligo: those bases are neither matches nor mismatches but unverified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from primers.fasta import Reference
from primers.sequence import MaskArray, check_bases, masks, reverse_complement

Strand = Literal["+", "-"]

_AMBIGUOUS = np.array([int(m).bit_count() > 1 for m in range(16)])
_GAP_COST = 2
_BLOCK = 200_000


@dataclass(frozen=True)
class Binding:
    """What still counts as a binding site.

    Attributes
    ----------
    max_mismatches
        In the whole oligo.
    three_prime_bases, max_three_prime_mismatches
        The stricter limit for the last bases at the 3' end, where the polymerase starts.
    max_ambiguous
        Template positions with an ambiguous IUPAC code that the oligo may cover; a code that can
        be the right base is no mismatch, one that cannot is.
    max_overhang
        How many bases at the oligo's 5' end may lie beyond the end of the reference.
    """

    max_mismatches: int = 3
    three_prime_bases: int = 5
    max_three_prime_mismatches: int = 0
    max_ambiguous: int = 2
    max_overhang: int = 0


@dataclass(frozen=True)
class Site:
    """One place where an oligo binds.

    Attributes
    ----------
    oligo
        Its name.
    strand
        "+" if the oligo reads as the forward strand does and is extended towards its end.
    start, end
        The place on the forward strand, half open; beyond the reference where the oligo hangs
        over.
    mismatches
        Positions in the oligo that do not match, from 1 at its 5' end.
    ambiguous
        Number of template positions with an ambiguous code.
    overhang
        Number of 5' bases beyond the end of the reference.
    """

    oligo: str
    strand: Strand
    start: int
    end: int
    mismatches: tuple[int, ...]
    ambiguous: int
    overhang: int


def _strands(reference: Reference, pad: int) -> Iterator[tuple[Strand, MaskArray]]:
    """Yield both strands 5' to 3' as masks, with `pad` empty places before the first base."""
    empty = np.zeros(pad, dtype=np.uint8)
    yield "+", np.concatenate([empty, masks(reference.sequence)])
    yield "-", np.concatenate([empty, masks(reverse_complement(reference.sequence))])


def find_sites(
    name: str, sequence: str, reference: Reference, binding: Binding | None = None
) -> tuple[Site, ...]:
    """Return every site of an oligo on both strands of a reference, by position.

    Parameters
    ----------
    name, sequence
        The oligo, 5' to 3', A, C, G and T.
    reference
        The template; IUPAC codes are allowed.
    binding
        The limits.

    Raises
    ------
    SequenceError
        If the oligo has other characters than A, C, G, T.
    """
    check_bases(sequence)
    binding = binding or Binding()
    oligo = masks(sequence)
    length = len(oligo)
    pad = max(0, min(binding.max_overhang, length - 1))
    total = len(reference.sequence)
    sites: list[Site] = []
    for strand, template in _strands(reference, pad):
        starts = len(template) - length + 1
        if starts < 1:
            continue
        inside = template != 0
        wrong = np.zeros(starts, dtype=np.uint16)
        wrong_three_prime = np.zeros(starts, dtype=np.uint16)
        for k in range(length):
            miss = inside[k : k + starts] & ((template[k : k + starts] & oligo[k]) == 0)
            wrong += miss
            if k >= length - binding.three_prime_bases:
                wrong_three_prime += miss
        doubtful = np.concatenate([[0], np.cumsum(_AMBIGUOUS[template])])
        ambiguous = doubtful[length:] - doubtful[:-length]
        keep = (
            (wrong <= binding.max_mismatches)
            & (wrong_three_prime <= binding.max_three_prime_mismatches)
            & (ambiguous <= binding.max_ambiguous)
        )
        for at in np.flatnonzero(keep).tolist():
            window = template[at : at + length]
            missed = np.flatnonzero((window != 0) & ((window & oligo) == 0)) + 1
            start = at - pad
            low = start if strand == "+" else total - start - length
            sites.append(
                Site(
                    oligo=name,
                    strand=strand,
                    start=low,
                    end=low + length,
                    mismatches=tuple(missed.tolist()),
                    ambiguous=int(ambiguous[at]),
                    overhang=max(0, -start),
                )
            )
    return tuple(sorted(sites, key=lambda site: (site.start, site.strand)))


@dataclass(frozen=True)
class Alignment:
    """The best place of an oligo on a reference, with at most one gap of one base.

    Attributes
    ----------
    strand, start
        The strand, and the index on that strand (5' to 3') of the first template base.
    gap
        "none"; "missing" if the template has one base more than the oligo; "extra" if the oligo
        has one base more than the template.
    gap_after
        Number of oligo bases before the gap; the rightmost of equally good places, so that a
        base missing from a run of equal bases is placed behind the run. 0 without a gap.
    mismatches
        Number of mismatching bases.
    overhang
        Number of 5' bases beyond the end of the reference.
    template
        The aligned stretch of the reference as the oligo should read there.
    """

    strand: Strand
    start: int
    gap: Literal["none", "missing", "extra"]
    gap_after: int
    mismatches: int
    overhang: int
    template: str

    @property
    def cost(self) -> int:
        """Mismatches, and two for a gap."""
        return self.mismatches + (0 if self.gap == "none" else _GAP_COST)


def best_alignment(
    sequence: str, reference: Reference, *, max_overhang: int = 0
) -> Alignment | None:
    """Return the alignment of least cost on both strands; ``None`` on too short a reference.

    All places are tried, ungapped and with one base missing from or extra in the oligo, at every
    position of the gap. A gap costs as much as two mismatches; of equal costs the one without a
    gap, then the one with the smaller overhang is taken.

    Raises
    ------
    SequenceError
        If the oligo has other characters than A, C, G, T.
    """
    check_bases(sequence)
    oligo = masks(sequence)
    pad = max(0, min(max_overhang, len(oligo) - 1))
    best: tuple[tuple[int, int, int], Alignment] | None = None
    for strand, template in _strands(reference, pad):
        text = "-" * pad + (
            reference.sequence if strand == "+" else reverse_complement(reference.sequence)
        )
        for begin in range(0, max(1, len(template) - len(oligo) + 1), _BLOCK):
            block = template[begin : begin + _BLOCK + len(oligo)]
            for gap, wrong in _costs(oligo, block):
                cut, at = np.unravel_index(int(wrong[::-1].argmin()), wrong.shape)
                cut = wrong.shape[0] - 1 - int(cut)
                start = begin + int(at)
                span = len(oligo) + {"none": 0, "missing": 1, "extra": -1}[gap]
                found = Alignment(
                    strand=strand,
                    start=start - pad,
                    gap=gap,
                    gap_after=0 if gap == "none" else cut + 1,
                    mismatches=int(wrong[cut, int(at)]),
                    overhang=max(0, pad - start),
                    template=text[start : start + span],
                )
                rank = (found.cost, int(gap != "none"), found.overhang)
                if best is None or rank < best[0]:
                    best = (rank, found)
    return None if best is None else best[1]


def _costs(
    oligo: MaskArray, template: MaskArray
) -> Iterator[tuple[Literal["none", "missing", "extra"], np.ndarray]]:
    """Yield mismatch counts, shape (gap positions, starts), for each kind of gap.

    Row r is a gap after r + 1 bases of the oligo; without a gap there is one row.
    """
    length = len(oligo)

    if len(template) < length:
        return

    def misses(shift: int, starts: int) -> np.ndarray:
        """Return mismatches of oligo base k with template base start + k + shift."""
        rows = []
        for k in range(length):
            low = k + shift
            row = np.zeros(starts, dtype=np.int16)
            if low >= 0:
                window = template[low : low + starts]
                row[: len(window)] = (window != 0) & ((window & oligo[k]) == 0)
            rows.append(row)
        return np.array(rows)

    # One start more than fits: an oligo with an extra base is shorter on the template by one.
    straight = np.cumsum(misses(0, len(template) - length + 2), axis=0)
    yield "none", straight[-1:, :-1]
    # Bases before the gap lie straight, those behind it are shifted by one.
    if len(template) > length:
        starts = len(template) - length
        moved = np.cumsum(misses(1, starts), axis=0)
        yield "missing", straight[:-1, :starts] + moved[-1] - moved[:-1]
    if length > 2:
        # The oligo's base behind the gap lies opposite nothing.
        moved = np.cumsum(misses(-1, straight.shape[1]), axis=0)
        yield "extra", straight[:-2] + moved[-1] - moved[1:-1]
