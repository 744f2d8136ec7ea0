"""Look at every file of a store, and say what is not as it was written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from qpcr.counted import counted
from qpcr.errors import InputError, UnsupportedError
from qpcr.records import _layout as layout
from qpcr.records._files import FILE_MODE, TEMPORARY, in_words
from qpcr.records._hdf import same_contents
from qpcr.records._mounts import network
from qpcr.records._recover import pending, torn
from qpcr.records.commit_file import Commit, read_commit
from qpcr.records.index import INDEX, Index
from qpcr.records.ledger import BEGIN, LEDGER, Entry, Position, damaged, parse
from qpcr.records.patient_file import (
    patient_bytes,
    patient_path,
    read_head,
    state_digest,
)
from qpcr.records.pseudonym_key import is_bare, key_of
from qpcr.records.seal import broken, check_seal

FROM_BACKUP = "take this file from a backup"
REBUILD = "qpcr records rebuild-index makes it again; nothing is lost"
KNOWN = {
    layout.DESCRIPTION, layout.HEAD, layout.LOCK, layout.TURN, layout.COMMITS, layout.PSEUDONYMS,
    LEDGER, INDEX, layout.PATIENTS, TEMPORARY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written: where, what, and what to do."""

    place: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    """What :func:`verify` found.

    Attributes
    ----------
    problems
        None: every file is, bit for bit, what was written.
    notes
        Worth knowing, but no damage.
    commits, patients
        How many were looked at.
    head
        ``SEQUENCE:HASH`` of the last whole ledger entry.
    """

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    commits: int
    patients: int
    head: str


def verify(folder: Path, head: str | None = None) -> Report:
    """Look at a whole store; nothing is written.

    Parameters
    ----------
    folder
        Of the store.
    head
        What :meth:`qpcr.records.Store.head` said at some time, noted down elsewhere: without it, a
        store that was put back as a whole to an earlier state looks whole.

    Raises
    ------
    InputError
        The folder is no store at all.
    """
    with in_words("the store cannot be read", folder, "check who may read it"):
        if not (folder / layout.DESCRIPTION).exists() and not (folder / LEDGER).exists():
            layout.read_description(folder)
        before = _size(folder)
        report = _look(folder, head)
        if not report.problems or _size(folder) == before:
            return report
        # Somebody has written meanwhile, and may be why: look again while nobody does.
        with contextlib.suppress(Timeout), FileLock(folder / layout.LOCK, 60.0, FILE_MODE):
            report = _look(folder, head)
        return report


def _size(folder: Path) -> int:
    path = folder / LEDGER
    return path.stat().st_size if path.exists() else -1


def _look(folder: Path, head: str | None) -> Report:
    look = _Look(folder)
    look.ledger(head)
    look.commits()
    look.patients()
    look.rest()
    last = look.position
    return Report(
        tuple(look.problems), tuple(look.notes), max(len(look.entries) - 1, 0), look.count,
        f"{last.sequence}:{last.hash}",
    )  # fmt: skip


class _Look:
    """One look at a store, step by step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.entries: list[tuple[Entry, Position]] = []
        self.position = BEGIN
        self.index: Index | None = Index()
        self.unfinished: set[str] | None = None
        self.store = ""
        self.count = 0

    def found(self, place: str, error: InputError | str, remedy: str) -> None:
        said = error if isinstance(error, str) else error.found or error.problem
        if isinstance(error, UnsupportedError):  # whole, but not for this version to read
            said, remedy = f"{error.problem} ({error.found})", error.remedy or remedy
        self.problems.append(Problem(place, said, remedy))

    def ledger(self, head: str | None) -> None:
        """Line by line; then its end, against the head on the disk and the one noted down."""
        try:
            self.store = layout.read_description(self.folder).id
        except InputError as error:
            self.found(layout.DESCRIPTION, error, FROM_BACKUP)
        try:
            data = (self.folder / LEDGER).read_bytes()
        except OSError as error:
            self.found(LEDGER, error.strerror or "it cannot be read", FROM_BACKUP)
            data = b""
        while (length := data.find(b"\n") + 1) > 0:
            try:
                entry = parse(data[:length], self.position)
            except InputError as error:
                self.found(error.place or LEDGER, error, FROM_BACKUP)
                self.index = None
                break
            end = self.position.end + length
            self.position = Position(entry.sequence, entry.hash, end)
            self.entries.append((entry, self.position))
            data = data[length:]
        else:
            self._tail(data)
        self._heads(head)

    def _tail(self, data: bytes) -> None:
        """What stands behind the last whole line, and in the place of the next commit."""
        try:
            entry = pending(self.folder, self.store, self.position)
            if data and (entry is None or not torn(data, entry.line)):
                raise damaged(self.position.sequence + 1, "part of a line that names no file")
        except InputError as error:
            self.found(f"behind entry {self.position.sequence}", error, FROM_BACKUP)
            return
        if entry is not None:
            self.notes.append("A commit was interrupted; whoever opens the store finishes it.")

    def _heads(self, noted: str | None) -> None:
        try:
            sequence, digest = layout.read_head(self.folder)
        except InputError as error:
            self.found(layout.HEAD, error, FROM_BACKUP)
        else:
            self._head(layout.HEAD, sequence, digest)
            if sequence == self.position.sequence - 1:
                self.unfinished = set()
            elif sequence < self.position.sequence:
                self.found(layout.HEAD, "it is older than the ledger", FROM_BACKUP)
        if noted is not None:
            number, _, digest = noted.partition(":")
            if not (number.isascii() and number.isdigit()):
                raise InputError("the head is not understood", expected="SEQUENCE:HASH")
            self._head("the head that was noted down", int(number), digest)

    def _head(self, place: str, sequence: int, digest: str) -> None:
        if sequence > self.position.sequence:
            said = f"the ledger ends with entry {self.position.sequence}, it had {sequence}"
            self.found(place, said, "entries are missing: take the store from a backup")
        elif sequence >= 0 and self.entries[sequence][1].hash != digest:
            said = f"entry {sequence} is not the one that was written"
            self.found(place, said, "the history was replaced: take the store from a backup")

    def commits(self) -> None:
        """Every file that the ledger names, and every file beside them."""
        commits = list(self._commits())
        if self.index is not None:
            self.index.add(commits)
            self._saved(self.index, commits)
        named = {entry.file for entry, _ in self.entries}
        pending_name = layout.commit_name(self.position.sequence + 1)
        for path in files(self.folder / layout.COMMITS):
            name = path.relative_to(self.folder).as_posix()
            if name in named or (name == pending_name and self.index is not None):
                continue
            self.found(
                name, "the ledger does not name this file", "take the ledger from a backup, or "
                "remove the file if it was put there by mistake",
            )  # fmt: skip

    def _saved(self, index: Index, commits: list[tuple[Entry, Position, Commit | None]]) -> None:
        """Hold the copy of the index on the disk against what the commits say."""
        saved = Index.load(self.folder, self.store)
        try:
            saved.add(one for one in commits if one[0].sequence > saved.position.sequence)
            wrong = saved.differs(index)
        except (sqlite3.Error, ValueError, TypeError, KeyError, UnicodeError):
            wrong = True
        if wrong:
            self.found(INDEX, "it is not what the commits say", REBUILD)

    def _commits(self) -> Iterator[tuple[Entry, Position, Commit | None]]:
        for entry, position in self.entries:
            try:
                data = layout.read_checked(self.folder, entry.file, entry.size, entry.sha256)
                commit = None if entry.sequence == 0 else read_commit(data)
                if commit is not None:
                    told = commit.head.store, commit.head.sequence, commit.head.previous
                    if told != (self.store, entry.sequence, entry.previous):
                        raise broken("it is of another store, or of another place in this one")
            except InputError as error:
                self.found(entry.file, error, FROM_BACKUP)
                self.index = None
                continue
            if self.unfinished is not None and entry.sequence == self.position.sequence:
                self.unfinished |= {e.patient for e in commit.events} if commit else set()
            yield entry, position, commit

    def patients(self) -> None:
        """Every patient's file against the commits."""
        index = self.index
        if index is None:
            self.notes.append("Patients' files were not compared: not all commits could be read.")
            return
        names = [row[0] for row in index.db.execute("SELECT patient FROM patients")]
        self.count = len(names)
        expected = set()
        for name in names:
            path = patient_path(self.folder, self.store, name)
            expected.add(path)
            patient = index.patient(name)
            place = path.relative_to(self.folder).as_posix()
            late = self.unfinished is not None and name in self.unfinished
            try:
                data = path.read_bytes()
                told = read_head(data)
            except FileNotFoundError:
                if not late:
                    self.found(place, "the file is missing", REBUILD)
            except OSError as error:
                self.found(place, error.strerror or "it cannot be read", REBUILD)
            except InputError as error:
                self.found(place, error, REBUILD)
            else:
                if patient is None or late:
                    continue
                expected_head = name, patient.sequence, state_digest(patient)
                if told != expected_head or not _says(data, patient_bytes(patient, self.store)):
                    self.found(place, "it is not what the commits say", REBUILD)
        for path in files(self.folder / layout.PATIENTS):
            if path not in expected:
                place = path.relative_to(self.folder).as_posix()
                self.found(place, "no commit names this patient", "remove the file")

    def rest(self) -> None:
        """The saved index, strangers in the folder, and who may read it."""
        path = self.folder / INDEX
        if path.exists():
            try:
                check_seal(path.read_bytes())
            except InputError as error:
                self.found(INDEX, error, REBUILD)
        self._key()
        try:
            names = {one.name for one in self.folder.iterdir()}
        except OSError:
            names = set()
        if strange := names - KNOWN:
            what = counted(len(strange), "file or folder", "files or folders")
            self.notes.append(f"No part of the store: {what}.")
        if any(files(self.folder / TEMPORARY)):
            self.notes.append("A writer was interrupted (or is at work); its rests do no harm.")
        if self.folder.stat().st_mode & 0o077 and os.name == "posix":
            self.notes.append("Others than the owner may read the folder.")
        if (kind := network(self.folder)) is not None:
            self.notes.append(
                f"The store lies on a network file system ({kind}): whether locks and fsync keep "
                "their promises there was not tried. Put it on a local disk."
            )

    def _key(self) -> None:
        """The key of the pseudonyms, where there is one."""
        path = self.folder / layout.PSEUDONYMS
        if not path.exists():
            return
        try:
            data = path.read_bytes()
            key_of(data)
        except OSError as error:
            self.found(layout.PSEUDONYMS, error.strerror or "it cannot be read", FROM_BACKUP)
        except InputError as error:
            self.found(layout.PSEUDONYMS, error, FROM_BACKUP)
        else:
            if is_bare(data):
                self.notes.append(
                    "The key of the pseudonyms has no seal; the next export seals it."
                )


def _says(data: bytes, wanted: bytes) -> bool:
    try:
        return same_contents(data, wanted)
    except InputError:
        return False


def files(folder: Path) -> Iterator[Path]:
    """All files in a folder and in those below it, by name."""
    yield from sorted(path for path in folder.rglob("*") if not path.is_dir())
