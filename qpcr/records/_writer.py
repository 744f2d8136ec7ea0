"""How a store is written: taking turns, the two steps that count, and what is derived from them.

A commit is one file. It is written under a temporary name, synced, renamed, its folder synced; then
its line is appended to the ledger and synced: that is when it becomes visible, and only then is it
acknowledged. All else (patients' files, head, index) is derived.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from qpcr.errors import InputError, QpcrWarning
from qpcr.records import _layout as layout
from qpcr.records._files import (
    FILE_MODE,
    TEMPORARY,
    append,
    in_words,
    make_folder,
    remove,
    write_file,
    write_files,
)
from qpcr.records._recover import recover_ledger, unfinished
from qpcr.records.commit_file import Commit, read_commit
from qpcr.records.index import Index
from qpcr.records.ledger import LEDGER, Entry, Position, damaged, read_entries
from qpcr.records.patient import Patient
from qpcr.records.patient_file import patient_bytes, patient_path, read_head, state_digest
from qpcr.records.seal import broken

Answer = TypeVar("Answer")
SAVE_EVERY = 32
"""Commits after which the index is saved again."""
POLL = 0.005
"""Seconds between two looks at a lock."""
NOT_WRITTEN = "the store cannot be written"


class Writer:
    """A store as files: what :class:`qpcr.records.Store` stands on."""

    def __init__(self, folder: Path, told: layout.Description, timeout: float) -> None:
        self.folder, self.id, self.policy = folder, told.id, told.policy
        self.timeout = timeout
        self._index = Index.load(folder, told.id)
        self._mutex = threading.RLock()

    def _write(self, commit: Commit, data: bytes) -> None:
        """Write the file of a commit and its line: the two steps that count."""
        position, head = self._index.position, commit.head
        name = layout.commit_name(head.sequence)
        path = self.folder / name
        make_folder(path.parent)
        entry = layout.entry_of(position, name, data, head.at.isoformat())
        try:
            write_file(self.folder, path, data)
            append(self.folder / LEDGER, entry.line, position.end)
        except BaseException:
            with contextlib.suppress(OSError):
                if (self.folder / LEDGER).stat().st_size == position.end:
                    remove(path)
            raise
        end = Position(entry.sequence, entry.hash, position.end + len(entry.line))
        self._index.add([(entry, end, commit)])

    def _derive(self, patients: Iterable[str]) -> None:
        """Renew what follows from the commits; when that fails, the commit stands all the same."""
        try:
            self._write_patients(patients)
            layout.write_head(self.folder, self._index.position)  # last: it says that all is done
            if self._index.position.sequence - self._index.saved >= SAVE_EVERY:
                self._index.save(self.folder, self.id)
        except (OSError, RuntimeError, MemoryError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            said = (
                "The commit is safe, but what is derived from it could not be renewed "
                f"({why}); the next writer will try again."
            )
            warnings.warn(said, QpcrWarning, stacklevel=3)

    def _write_patients(self, names: Iterable[str]) -> None:
        """Make the files of patients again; when this returns all are durable."""

        def files() -> Iterator[tuple[Path, bytes]]:
            for name in names:
                patient = self._index.patient(name)
                if patient is not None:
                    path = patient_path(self.folder, self.id, name)
                    make_folder(path.parent)
                    yield path, patient_bytes(patient, self.id)

        write_files(self.folder, files())

    @contextlib.contextmanager
    def _writing(self, timeout: float) -> Iterator[None]:
        """Have the store for oneself, with nothing unfinished in it and the index up to date."""
        lock = FileLock(self.folder / layout.LOCK, timeout=timeout, mode=FILE_MODE)
        # Who waits has this one, so that nobody who has just written can write again before.
        turn = FileLock(self.folder / layout.TURN, timeout=timeout, mode=FILE_MODE)
        with self._mutex:
            with in_words(NOT_WRITTEN, self.folder):
                try:
                    with turn.acquire(poll_interval=POLL):
                        lock.acquire(poll_interval=POLL)
                except Timeout as error:
                    raise InputError(
                        "another program is writing to the store",
                        file=self.folder,
                        found=f"it was waited for, {timeout:g} seconds",
                        remedy="try again when it has finished",
                    ) from error
            try:
                with in_words(NOT_WRITTEN, self.folder):
                    self._recover()
                self._now = datetime.now(UTC)
                yield
            finally:
                lock.release()

    def _recover(self) -> None:
        make_folder(self.folder / TEMPORARY)  # backup programs leave out empty folders
        self._ask(lambda _: None)
        if not unfinished(self.folder, self._index.position):
            return
        recover_ledger(self.folder, self.id, self._index.position)
        self._refresh()
        last = self._index.position
        events = self._index.events("sequence = ?", (last.sequence,))
        self._write_patients(self._stale(dict.fromkeys(event.patient for event in events)))
        layout.write_head(self.folder, last)

    def _stale(self, names: Iterable[str]) -> list[str]:
        """Patients whose files are not what the commits say."""
        return [one for one in names if stale(self.folder, self.id, self._index.patient(one))]

    def _ask(self, question: Callable[[Index], Answer]) -> Answer:
        """Ask the index, brought up to date; one that cannot be read is made again.

        Raises
        ------
        InputError
            The ledger is damaged, or ends before what was acknowledged.
        """
        with self._mutex:
            try:
                self._refresh_whole()
                return question(self._index)
            except (sqlite3.Error, ValueError, TypeError, KeyError):
                self._index = Index()
                self._refresh_whole()
                return question(self._index)

    def _refresh_whole(self) -> None:
        """Refresh; an end that was cut off must not look like the whole."""
        try:
            acknowledged, _ = layout.read_head(self.folder)  # first: the ledger is never behind it
        except InputError:
            acknowledged = -1  # derived, and verify says that it is damaged
        self._refresh()
        if acknowledged > self._index.position.sequence:
            raise damaged(
                self._index.position.sequence + 1, f"it was cut: it had {acknowledged} entries"
            )

    def _refresh(self) -> None:
        """Take in what others have committed."""
        found = read_entries(self.folder, self._index.position)
        self._index.add((entry, end, self._commit_of(entry)) for entry, end in found)

    def _commit_of(self, entry: Entry) -> Commit | None:
        data = layout.read_checked(self.folder, entry.file, entry.size, entry.sha256)
        if entry.sequence == 0:
            return None
        commit = read_commit(data)
        told = (commit.head.store, commit.head.sequence, commit.head.previous)
        if told != (self.id, entry.sequence, entry.previous):
            raise broken("a commit of another store or place").at(self.folder / entry.file)
        return commit


def stale(folder: Path, store: str, patient: Patient | None) -> bool:
    """Whether a patient's file is absent, damaged or older than the patient."""
    if patient is None:
        return False
    try:
        told = read_head(patient_path(folder, store, patient.id).read_bytes())
    except (OSError, InputError):
        return True
    return told != (patient.id, patient.sequence, state_digest(patient))
