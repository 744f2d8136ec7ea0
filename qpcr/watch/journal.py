"""What was done with each file, so that a restart does no work twice and forgets none.

One line of JSON an event, appended and forced to disk. A last line that a crash cut short is left
out of account: the work it told of is done again, which changes nothing, since a store recognises a
run it has and reports are replaced.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from qpcr.errors import InputError
from qpcr.watch.arrival import Arrival, Stamp

DONE, FAILED = "done", "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one state of one file.

    Attributes
    ----------
    file, size, modified_ns
        The file inside the drop folder, and its state.
    state
        :data:`DONE`, or :data:`FAILED`: it could not be read, and waits until it changes.
    sha256
        Of its bytes; ``None`` where they could not be read.
    folder
        Name of the folder with its results; ``None`` where there are none.
    at
        When, ISO 8601, UTC.
    """

    file: str
    size: int
    modified_ns: int
    state: str
    sha256: str | None
    folder: str | None
    at: str


class Journal:
    """The journal of one drop folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest: dict[str, Entry] = {}
        self._done: dict[str, Entry] = {}
        for entry in _entries(path):
            self._remember(entry)

    def _remember(self, entry: Entry) -> None:
        self._latest[entry.file] = entry
        if entry.state == DONE and entry.sha256 is not None:
            self._done[entry.sha256] = entry

    def knows(self, arrival: Arrival) -> bool:
        """Whether this state of this file was dealt with."""
        entry = self._latest.get(arrival.name)
        return entry is not None and arrival.stamp == Stamp(entry.size, entry.modified_ns)

    def failed(self, arrival: Arrival) -> bool:
        """Whether this state of this file could not be analyzed when it was tried."""
        return self.knows(arrival) and self._latest[arrival.name].state == FAILED

    def done(self, sha256: str) -> Entry | None:
        """The entry of the same bytes, if they were analyzed before under any name."""
        return self._done.get(sha256)

    def taken(self, folder: str, sha256: str) -> bool:
        """Whether a folder of results belongs to other bytes."""
        return any(
            entry.folder is not None
            and entry.folder.casefold() == folder.casefold()
            and entry.sha256 != sha256
            for entry in self._done.values()
        )

    def add(self, entry: Entry) -> None:
        """Append an entry; it is on disk when this returns."""
        line = json.dumps(asdict(entry), ensure_ascii=True) + "\n"
        try:
            with self._path.open("ab+") as stream:
                if stream.tell():
                    stream.seek(-1, os.SEEK_END)
                    if stream.read(1) != b"\n":  # a line that a crash cut short
                        stream.write(b"\n")
                stream.write(line.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise InputError(
                "the journal of the drop folder cannot be written",
                file=self._path,
                found=error.strerror or str(error),
                remedy="make room on the disk, or see who may write there; then start again",
            ) from error
        self._remember(entry)


def _entries(path: Path) -> Iterator[Entry]:
    try:
        text = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise InputError(
            "the journal of the drop folder cannot be read",
            file=path,
            found=error.strerror or str(error),
        ) from error
    for line in text.split(b"\n"):
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue  # cut short: what it told of is done again
