"""The index: what the commits say, in SQLite, in memory; kept between times as a sealed file.

It holds nothing of its own. A copy on the disk is believed only when its seal is whole and the
ledger still holds the entry that it ends with; whatever came later is read from the commits. So a
flipped bit in it is found, and it can be thrown away at any time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from qpcr.errors import InputError
from qpcr.records._files import write_file
from qpcr.records._schema import EVENT_ROW, INDEX_VERSION, RUN_COLUMNS, SCHEMA, TABLES
from qpcr.records.commit_file import Commit
from qpcr.records.event import FORMAT_MINOR, NOBODY, Event, Kind, canonical
from qpcr.records.ledger import BEGIN, LEDGER, Entry, Position, parse
from qpcr.records.patient import Patient, fold
from qpcr.records.seal import SIZE, check_seal, sealed

INDEX = "index.sealed"


class Index:
    """What the commits up to :attr:`position` say.

    Attributes
    ----------
    position
        How far the ledger is in the index.
    saved
        Sequence of the last entry in the copy on the disk.
    """

    def __init__(self) -> None:
        self.db = _connect()
        self.db.executescript(SCHEMA)
        self.position = BEGIN
        self.saved = -1
        self._begin = 0

    @classmethod
    def load(cls, folder: Path, store: str) -> Index:
        """Take the copy on the disk when it can be believed, else begin an empty one."""
        index = cls()
        try:
            data = (folder / INDEX).read_bytes()
            check_seal(data)
            db = _connect()
            db.deserialize(data[SIZE:])
            told = dict(db.execute("SELECT name, value FROM meta"))
            if told.get("version") != _version() or told.get("store") != store:
                return index
            position = Position(int(told["sequence"]), told["hash"], int(told["end"]))
            begin = int(told["begin"])
            if not _still_there(folder, position, begin):
                return index
        except (OSError, InputError, sqlite3.Error, KeyError, ValueError, TypeError):
            return index
        index.db, index.position, index.saved = db, position, position.sequence
        index._begin = begin
        return index

    def save(self, folder: Path, store: str) -> None:
        """Write a copy to the disk."""
        meta = {
            "version": _version(),
            "store": store,
            "sequence": self.position.sequence,
            "hash": self.position.hash,
            "end": self.position.end,
            "begin": self._begin,
        }
        with self.db:
            self.db.execute("DELETE FROM meta")
            self.db.executemany(
                "INSERT INTO meta VALUES (?, ?)", [(name, str(v)) for name, v in meta.items()]
            )
        write_file(folder, folder / INDEX, sealed(self.db.serialize()))
        self.saved = self.position.sequence

    def differs(self, other: Index) -> bool:
        """Whether another index says anything else."""
        for table in TABLES:
            select = f"SELECT * FROM {table}"  # noqa: S608 - names of our own
            if sorted(map(repr, self.db.execute(select))) != sorted(
                map(repr, other.db.execute(select))
            ):
                return True
        return False

    def add(self, entries: Iterable[tuple[Entry, Position, Commit | None]]) -> None:
        """Take in commits, in the order of the ledger; entry 0 has none."""
        touched: dict[str, None] = {}
        begin, end = self._begin, self.position
        with self.db:
            for entry, position, commit in entries:
                run = None if commit is None or commit.run is None else commit.run
                run_id = None if run is None else run["run_id"]
                self.db.execute(
                    "INSERT INTO commits VALUES (?, ?, ?, ?, ?)",
                    (entry.sequence, entry.file, entry.size, entry.sha256, run_id),
                )
                if commit is not None:
                    self._add_run(commit)
                    self._add_events(commit.events)
                    touched |= dict.fromkeys(event.patient for event in commit.events)
                begin, end = position.end - len(entry.line), position
            for patient in touched:
                if patient != NOBODY:
                    self._refold(patient)
        self._begin, self.position = begin, end

    def _add_run(self, commit: Commit) -> None:
        run = commit.run
        if run is None:
            return
        told = {
            "reason": None,  # of what was written before there was one
            **run,
            "samples": len(run["samples"]),
            "sequence": commit.head.sequence,
            "user": commit.head.user,
            "committed": commit.head.at.isoformat(),
            "replaced_by": None,
        }
        marks = ", ".join("?" * len(RUN_COLUMNS))
        self.db.execute(
            f"INSERT INTO runs VALUES ({marks})",  # noqa: S608 - only question marks
            [told[name] for name in RUN_COLUMNS],
        )
        self.db.execute(
            "UPDATE runs SET replaced_by = ? WHERE run_id = ?", (run["run_id"], run["revision_of"])
        )
        self.db.executemany(
            "INSERT INTO samples VALUES (?, ?, ?, ?)",
            [(run["run_id"], s["sample"], s["outcome"], s["deletions"]) for s in run["samples"]],
        )

    def _add_events(self, events: Sequence[Event]) -> None:
        self.db.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(int(part) for part in one.id.split(".")), one.patient, one.at.isoformat(),
                    one.user, str(one.kind), one.path, canonical(one.old), canonical(one.new),
                    one.reason, one.source, one.run,
                )
                for one in events
            ],
        )  # fmt: skip

    def _refold(self, name: str) -> None:
        """Renew what is said in short of one patient."""
        patient = self.patient(name)
        for table in ("results", "result_deletions", "patients"):
            self.db.execute(f"DELETE FROM {table} WHERE patient = ?", (name,))  # noqa: S608
        if patient is None:
            return
        every, standing = patient.results.values(), patient.standing_results
        stands = {one.path for one in standing}
        self.db.executemany(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    name, one.path, one.run, one.outcome, str(one.state), one.superseded_by,
                    one.path in stands,
                )
                for one in every
            ],
        )  # fmt: skip
        self.db.executemany(
            "INSERT INTO result_deletions VALUES (?, ?, ?)",
            [(deletion, name, one.path) for one in every for deletion in one.deletions],
        )
        outcomes = dict.fromkeys(one.outcome for one in standing if one.outcome is not None)
        found = dict.fromkeys(deletion for one in standing for deletion in one.deletions)
        self.db.execute(
            "INSERT INTO patients VALUES (?, ?, ?, ?, ?, ?)",
            (
                name, len(standing), len(patient.final_results), canonical(list(outcomes)),
                canonical(list(found)), patient.sequence,
            ),
        )  # fmt: skip

    def patient(self, name: str) -> Patient | None:
        """One patient, or ``None`` when no event names them."""
        events = () if name == NOBODY else self.events("patient = ?", (name,))
        return fold(name, events) if events else None

    def events(self, where: str = "1", values: Sequence[object] = ()) -> tuple[Event, ...]:
        """Events, in order."""
        rows = self.db.execute(
            f"SELECT {', '.join(EVENT_ROW)} FROM events WHERE {where} ORDER BY sequence, place",  # noqa: S608
            values,
        )
        return tuple(_event(row) for row in rows)


def _event(row: Sequence[object]) -> Event:
    sequence, place, patient, at, user, kind, path, old, new, reason, source, run = row
    return Event(
        f"{sequence}.{place}", str(patient), datetime.fromisoformat(str(at)), str(user),
        Kind(str(kind)), str(path), json.loads(str(old)), json.loads(str(new)),
        _text(reason), _text(source), _text(run),
    )  # fmt: skip


def _version() -> str:
    """Of the index, and of what it may hold: one of a later version is never believed."""
    return f"{INDEX_VERSION}.{FORMAT_MINOR}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False)


def _still_there(folder: Path, position: Position, begin: int) -> bool:
    """Whether the ledger still holds the entry that a copy of the index ends with."""
    with (folder / LEDGER).open("rb") as stream:
        stream.seek(begin)
        line = stream.read(position.end - begin)
    told = json.loads(line)
    before = Position(position.sequence - 1, str(told["previous"]), begin)
    return parse(line, before).hash == position.hash
