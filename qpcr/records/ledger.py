"""The ledger: one line a commit, each with the hash of the line before.

A line is the canonical JSON of an :class:`Entry`; its ``hash`` is the SHA-256 of that JSON without
the hash. Entry 0 names the store's own description. A complete line is what makes a commit visible.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from qpcr.errors import InputError
from qpcr.records.event import canonical

LEDGER = "ledger"
START = "0" * 64
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit.

    Attributes
    ----------
    sequence
        0, 1, 2 …
    file
        Path in the store, with ``/``.
    size, sha256
        Of the whole file.
    at
        When, ISO 8601, UTC.
    previous
        Hash of the entry before; 64 zeros in entry 0.
    """

    sequence: int
    file: str
    size: int
    sha256: str
    at: str
    previous: str

    @property
    def hash(self) -> str:
        """SHA-256 of the entry."""
        return hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()

    @property
    def line(self) -> bytes:
        """The entry as it stands in the ledger."""
        return canonical({**asdict(self), "hash": self.hash}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Position:
    """How far the ledger was read: sequence and hash of the last entry, and where it ends."""

    sequence: int
    hash: str
    end: int


BEGIN = Position(-1, START, 0)


def read_entries(folder: Path, after: Position = BEGIN) -> list[tuple[Entry, Position]]:
    """Read the entries behind a position; an unfinished last line does not count.

    Raises
    ------
    InputError
        A line is not what was written, the chain is broken, or the ledger has become shorter.
    """
    path = folder / LEDGER
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            if stream.tell() < after.end:
                raise damaged(after.sequence, "the ledger was cut")
            stream.seek(after.end)
            data = stream.read()
    except OSError as error:
        raise InputError(
            "the ledger cannot be read", file=path, found=error.strerror or str(error)
        ) from error
    found = []
    while (length := data.find(b"\n") + 1) > 0:
        line, data = data[:length], data[length:]
        entry = parse(line, after)
        after = Position(entry.sequence, entry.hash, after.end + length)
        found.append((entry, after))
    return found


def parse(line: bytes, after: Position) -> Entry:
    """Make an entry of its line, the one behind `after`.

    Raises
    ------
    InputError
        It is not what was written, or not the next one.
    """
    number = after.sequence + 1
    try:
        told = json.loads(line)
        told.pop("hash")
        entry = Entry(**told)
        good = entry.line == line and isinstance(entry.sequence, int)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(number, "a line that is no entry") from error
    if not good:
        raise damaged(number, "an entry that was altered")
    if entry.sequence != number or entry.previous != after.hash:
        raise damaged(number, "an entry that does not follow the one before")
    if not safe(entry.file) or not set(entry.sha256) <= _DIGITS:
        raise damaged(number, "an entry that names no file of a store")
    return entry


def safe(file: str) -> bool:
    """Whether a path lies in the store."""
    parts = file.split("/")
    return all(part and part.strip(". ") and "\\" not in part and ":" not in part for part in parts)


def damaged(number: int, found: str) -> InputError:
    """The error that says that the ledger is not what was written."""
    return InputError(
        "the ledger of the store is damaged",
        place=f"{LEDGER}, entry {number}",
        found=found,
        remedy="qpcr records verify says more; take the store from a backup: qpcr records restore",
    )
