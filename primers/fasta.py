"""FASTA files: read whole, bounded in size, refused with the line that is wrong.

Accepted: ``>`` headers, sequence lines in either case with IUPAC codes (U is read as T), blank
lines, and comment lines that begin with ``;`` or ``#``. Gzip is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from primers.errors import SequenceError
from primers.sequence import IUPAC, first_bad_base

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are refused: this reader is for amplicons and loci, not for genomes."""


@dataclass(frozen=True)
class Reference:
    """One record of a FASTA file.

    Attributes
    ----------
    name
        The whole header without ``>``, stripped; names need not be unique.
    sequence
        Upper-case IUPAC bases, U as T.
    number
        Position of the record in its file, from 1.
    """

    name: str
    sequence: str
    number: int = 1


def read_fasta(path: Path | str, *, max_bytes: int = MAX_BYTES) -> tuple[Reference, ...]:
    """Read every record of a FASTA file.

    Parameters
    ----------
    path
        The file, UTF-8 text.
    max_bytes
        The largest file that is read.

    Raises
    ------
    SequenceError
        If the file is missing, too large, not text, has sequence before the first header, a
        character that is no IUPAC code, a record without bases, or no record at all.
    """
    path = Path(path)
    try:
        with path.open("rb") as handle:
            data = handle.read(max_bytes + 1)
    except OSError as error:
        raise SequenceError(
            "the FASTA file cannot be opened", file=path, found=error.strerror
        ) from error
    if len(data) > max_bytes:
        raise SequenceError(
            "the FASTA file is too large to be read whole",
            file=path,
            expected=f"at most {max_bytes:,} bytes",
            remedy="extract the region of interest, or raise max_bytes",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SequenceError(
            "the FASTA file is not UTF-8 text",
            file=path,
            place=f"byte {error.start + 1}",
            remedy="unpack it if it is compressed; save it as UTF-8 if it is text",
        ) from error
    return _records(text, path)


def _records(text: str, path: Path) -> tuple[Reference, ...]:
    """Split the text into records, checking every line."""
    records: list[tuple[str, int, list[str]]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in ";#":
            continue
        if line.startswith(">"):
            records.append((line[1:].strip(), number, []))
            continue
        if not records:
            raise SequenceError(
                "sequence before the first header",
                file=path,
                place=f"line {number}",
                expected="a line that begins with '>'",
                found=line[:40],
            )
        bases = line.upper().replace("U", "T")
        bad = first_bad_base(bases, "".join(IUPAC))
        if bad is not None:
            raise SequenceError(
                "not a base",
                file=path,
                place=f"line {number}, column {bad + 1}",
                expected="IUPAC codes " + "".join(IUPAC),
                found=repr(line[bad]),
            )
        records[-1][2].append(bases)
    if not records:
        raise SequenceError("no record in the FASTA file", file=path, expected="a line '>name'")
    for name, number, lines in records:
        if not lines:
            raise SequenceError(
                f"the record {name!r} has no bases", file=path, place=f"line {number}"
            )
    return tuple(
        Reference(name, "".join(lines), i) for i, (name, _, lines) in enumerate(records, start=1)
    )
