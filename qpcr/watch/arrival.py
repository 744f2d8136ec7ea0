"""Which files of a drop folder have completely arrived.

A file is taken when its size and its time of change have stayed the same over `settle` seconds of
our own watching (a copied file may bring an old time along), and when it can be opened: other
programs on Windows lock what they still write. A zip container, such as an ``.eds``, ends with its
table of contents, so that a copy that pauses for longer is still recognised as unreadable by its
reader, and looked at again as soon as it grows.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

PASSING = (".", "~$")
"""Names that begin so are other programs' own: hidden, temporary, locks of spreadsheets."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another: bytes, and nanoseconds since the epoch."""

    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is completely there: its path inside the folder, and its state."""

    name: str
    stamp: Stamp


def listing(folder: Path, patterns: Sequence[str], leave: Path) -> Iterator[Arrival]:
    """Files of a folder and its sub-folders whose name matches, in the order of their names.

    Parameters
    ----------
    folder
        The drop folder; links to other folders are not followed.
    patterns
        Such as ``*.eds``; case does not matter.
    leave
        A folder that is left out: where results go, should it lie inside.
    """
    wanted = [pattern.casefold() for pattern in patterns]
    left = leave.resolve()
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            one
            for one in folders
            if not one.startswith(PASSING) and (Path(place) / one).resolve() != left
        )
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(PASSING) or not any(fnmatch(name.casefold(), w) for w in wanted):
                continue
            try:
                found = path.stat()
            except OSError:  # gone again, or a link to nothing
                continue
            if stat.S_ISREG(found.st_mode):
                stamp = Stamp(found.st_size, found.st_mtime_ns)
                yield Arrival(path.relative_to(folder).as_posix(), stamp)


class Patience:
    """Remembers since when each file has looked as it does."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._since: dict[str, tuple[Stamp, float]] = {}

    def settled(self, arrival: Arrival, now: float) -> bool:
        """Whether a file has stayed the same for long enough; `now` in seconds, monotonic."""
        stamp, since = self._since.get(arrival.name, (None, now))
        if stamp != arrival.stamp:
            self._since[arrival.name] = (arrival.stamp, now)
            return self._settle <= 0
        return now - since >= self._settle


def can_be_opened(path: Path) -> bool:
    """Whether nobody keeps the file for himself."""
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True
