"""After a writer was killed: finish what it had made durable, clear away what it had not.

What a killed writer can leave, and what becomes of it; only ever under the writers' lock:

====================================  =====================================================
left                                  then
====================================  =====================================================
files under temporary names           removed: they were nothing yet
a whole commit file, no ledger line   the line is written: the commit is finished
the same, and part of its line        the part is cut off, and the line is written
a ledger line, an old head            patients' files are made again, then the head
====================================  =====================================================

Anything else was not done by this software dying, and is refused: it is damage, and mending it
unasked might destroy what could still be saved.
"""

from __future__ import annotations

from pathlib import Path

from qpcr.errors import InputError
from qpcr.records._files import TEMPORARY, append, clear_temporary, truncate
from qpcr.records._layout import commit_name, entry_of, ledger_tail, read_head
from qpcr.records.commit_file import read_commit
from qpcr.records.ledger import LEDGER, Entry, Position, damaged


def unfinished(folder: Path, position: Position) -> bool:
    """Whether there may be something to finish behind the last entry, cheaply."""
    if (folder / commit_name(position.sequence + 1)).exists():
        return True
    waiting = folder / TEMPORARY
    if waiting.is_dir() and any(waiting.iterdir()):
        return True
    if (folder / LEDGER).stat().st_size != position.end:
        return True
    try:
        return read_head(folder) != (position.sequence, position.hash)
    except InputError:
        return True


def recover_ledger(folder: Path, store: str, position: Position) -> Position:
    """Finish an unfinished commit behind the last whole line of the ledger.

    Raises
    ------
    InputError
        What is there was not left by a killed writer.
    """
    tail = ledger_tail(folder, position.end)
    check_head(folder, position)
    entry = pending(folder, store, position)
    if entry is None and tail:
        raise damaged(position.sequence + 1, "part of a line, and no file that it could name")
    if entry is not None:
        if not torn(tail, entry.line):
            raise damaged(position.sequence + 1, "a line that does not name its file")
        if tail:
            truncate(folder / LEDGER, position.end)
        append(folder / LEDGER, entry.line, position.end)
        position = Position(entry.sequence, entry.hash, position.end + len(entry.line))
    clear_temporary(folder)
    return position


def check_head(folder: Path, position: Position) -> None:
    """Refuse a ledger that ends before the head that was written down.

    Raises
    ------
    InputError
        Entries at its end are missing, or replaced.
    """
    sequence, digest = read_head(folder)
    if sequence > position.sequence:
        raise damaged(position.sequence + 1, f"it was cut: it had {sequence} entries")
    if sequence == position.sequence and digest != position.hash:
        raise damaged(sequence, "another entry than the last one that was acknowledged")


def pending(folder: Path, store: str, position: Position) -> Entry | None:
    """The entry of a whole commit file that is not in the ledger yet, or ``None``.

    Raises
    ------
    InputError
        A file has the next commit's name, but is not the next commit.
    """
    name = commit_name(position.sequence + 1)
    path = folder / name
    if not path.exists():
        return None
    data = path.read_bytes()
    try:
        head = read_commit(data).head
    except InputError as error:
        raise error.at(path) from error
    if (head.store, head.sequence, head.previous) != (
        store, position.sequence + 1, position.hash,
    ):  # fmt: skip
        raise damaged(position.sequence + 1, "a file that does not follow the last entry")
    return entry_of(position, name, data, head.at.isoformat())


def torn(tail: bytes, line: bytes) -> bool:
    """Whether `tail` may be what a crash left of `line`: its beginning, or zeros in its place."""
    return len(tail) <= len(line) and all(a in (b, 0) for a, b in zip(tail, line, strict=False))
