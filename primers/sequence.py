"""DNA as text and as bit masks: complement, GC, IUPAC codes.

A base is a mask of four bits (A = 1, C = 2, G = 4, T = 8); an IUPAC code is the union of the
bases it stands for. Two codes are compatible when their masks share a bit.

References
----------
IUPAC codes: Cornish-Bowden (1985), doi:10.1093/nar/13.9.3021.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from primers.errors import SequenceError

MaskArray = npt.NDArray[np.uint8]

IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T",
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip

_BITS = {"A": 1, "C": 2, "G": 4, "T": 8}
_COMPLEMENT = str.maketrans("ACGTRYSWKMBDHVN", "TGCAYRSWMKVHDBN")

_MASK_OF_BYTE = np.zeros(256, dtype=np.uint8)
for _code, _bases in IUPAC.items():
    _MASK_OF_BYTE[ord(_code)] = sum(_BITS[base] for base in _bases)


def masks(sequence: str) -> MaskArray:
    """Return the bit masks of an upper-case IUPAC sequence, shape (bases,)."""
    return _MASK_OF_BYTE[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


def reverse_complement(sequence: str) -> str:
    """Return the other strand of an upper-case IUPAC sequence, read 5' to 3'."""
    return sequence.translate(_COMPLEMENT)[::-1]


def first_bad_base(sequence: str, alphabet: str) -> int | None:
    """Return the index of the first character that is not in `alphabet`, or ``None``."""
    allowed = frozenset(alphabet)
    return next((i for i, base in enumerate(sequence) if base not in allowed), None)


def check_bases(sequence: str) -> str:
    """Return `sequence` if it is upper-case A, C, G, T and not empty.

    Raises
    ------
    SequenceError
        Naming the first base that is not A, C, G or T, counted from 1 at the 5' end.
    """
    if not sequence:
        raise SequenceError("the sequence is empty", expected="A, C, G, T")
    bad = first_bad_base(sequence, "ACGT")
    if bad is not None:
        raise SequenceError(
            f"base {bad + 1} of {sequence} is not a base of DNA",
            expected="A, C, G, T in capitals",
            found=repr(sequence[bad]),
        )
    return sequence


def gc_fraction(sequence: str) -> float:
    """Return the fraction of G and C among the bases, 0 to 1."""
    check_bases(sequence)
    return (sequence.count("G") + sequence.count("C")) / len(sequence)
