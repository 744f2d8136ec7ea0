"""The store: a folder of sealed files, one a commit, and a ledger that names them all.

See ``FORMAT.md``; :mod:`qpcr.records._writer` has the steps of a commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr._nearest import alike, most_like
from qpcr.errors import InputError
from qpcr.records import _layout as layout
from qpcr.records._complete import completed
from qpcr.records._files import in_words
from qpcr.records._ids import check_new
from qpcr.records._init import make_store
from qpcr.records._recover import unfinished
from qpcr.records._search import find_patients, find_runs
from qpcr.records._short import changes_of, digests, experiment_of, short
from qpcr.records._writer import NOT_WRITTEN, SAVE_EVERY, Writer
from qpcr.records.amendment import CALL, amended
from qpcr.records.chain import chain_of
from qpcr.records.commit_file import Commit, Head, commit_bytes, read_record
from qpcr.records.event import OURS, UNCHECKED, Change, Event, Kind, check_text, review_step
from qpcr.records.index import Index
from qpcr.records.patient import Patient, value_at
from qpcr.records.query import PatientQuery, PatientSummary, Receipt, RunQuery, RunSummary
from qpcr.records.replaced import CallChange, Replaced, replaced_by
from qpcr.records.review import Policy, State
from qpcr.records.run_lots import changed_lots, corrections, events_at, lots_known, lots_of
from qpcr.unmatched import refuse_contradictions

if TYPE_CHECKING:
    from qpcr.lots import Lot
    from qpcr.record import Record
    from qpcr.records.seen import Seen
    from qpcr.records.verify import Report


LISTED = "qpcr records list shows the runs"


class Store(Writer):
    """Records of runs and patients in a folder.

    Any number of readers and writers may have the same folder open, in any number of processes:
    readers take no lock, writers take turns. An object may be shared by threads.

    Attributes
    ----------
    folder
        Where it lies.
    id
        Of the store, opaque.
    policy
        The laboratory's rules for reviews.
    timeout
        Seconds to wait for other writers.
    """

    @classmethod
    def init(cls, folder: Path, policy: Policy | None = None) -> Store:
        """Make an empty store: wholly, or so that the next call makes it.

        Raises
        ------
        InputError
            `folder` is there and not empty, or cannot be written.
        """
        make_store(folder, policy or Policy())
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path, *, timeout: float = 60.0) -> Store:
        """Open a store; finish what a killed writer left, when no other is at work.

        Parameters
        ----------
        folder
            Where it lies.
        timeout
            Seconds to wait for other writers, later on.

        Raises
        ------
        InputError
            It is no store, of a later version, or damaged.
        """
        store = cls(folder, layout.read_description(folder), timeout)
        store._ask(lambda _: None)
        with contextlib.suppress(OSError, InputError):
            far = store._index.position.sequence - store._index.saved > SAVE_EVERY
            if far or unfinished(folder, store._index.position):
                with store._writing(0.0):
                    store._index.save(folder, store.id)
        return store

    def commit(
        self,
        record: Record | None = None,
        changes: Iterable[Change] = (),
        *,
        user: str | None = None,
        reason: str | None = None,
        seen: Seen | None = None,
    ) -> Receipt:
        """Write a run, changes to patients, or both: wholly, or not at all.

        Parameters
        ----------
        record
            An analyzed run. Samples with an identity become results of their patients, and its
            lots of reagents are noted down with the run.
        changes
            To patients; what is on record already is left out.
        user
            Who; by default the name that one is logged in with.
        reason
            Why the run is written again; kept with the run and the results that it gives its
            patients. Needed where results that it replaces were reviewed, signed or amended, where
            a call changes, and where a sample belongs to another patient than before: then the
            earlier result is taken back from the patient who had it. Needed too where a lot on
            record is another.
        seen
            What the caller's decision rests on, checked with the store locked.

        Returns
        -------
        Receipt
            Once everything is on the disk.

        Raises
        ------
        InputError
            A change is not allowed, `seen` holds no more, the sample sheet contradicts itself, the
            disk is full or must not be written, or others write for too long. Then nothing was
            written.
        """
        user = user or getuser()
        check_text("user", user)
        wanted = list(changes)
        if record is not None:
            refuse_contradictions(record)
        with self._writing(self.timeout):
            run, latest, again = self._known(record)
            if seen is not None:
                seen.check(self._index, latest)
            if record is not None:
                before = latest if run is None else run["revision_of"]
                now = latest if run is None else run["run_id"]
                wanted += lots_of(self._index, record, now, before, reason)
            if run is None:
                events = self._events(wanted, user)
            else:
                replaced, reason = self._spare(record, run, reason)
                run = {**run, "reason": reason, "changed_calls": list(map(str, replaced.calls))}
                mine = [*replaced.taken_back, *changes_of(record, run)]  # type: ignore[arg-type]
                mine = [replace(one, reason=reason) for one in mine]
                events = self._events(mine, user, once=True)
                events += self._events(wanted, user, before=events)
            self._check_ids(events)
            if run is None and not events:
                return Receipt(latest if again else None, None, True, self._index.position.sequence)
            position = self._index.position
            head = Head(self.id, position.sequence + 1, position.hash, self._now, user)
            data = commit_bytes(head, events, None if run is None else record, run)
            with in_words(NOT_WRITTEN, self.folder):
                self._write(Commit(head, run, events), data)
            self._derive({event.patient for event in events})
        count, lots = len(events), changed_lots(events)
        if run is None:
            return Receipt(latest if again else None, None, again, head.sequence, (), count, lots)
        id_, before = run["run_id"], run["revision_of"]
        return Receipt(id_, before, False, head.sequence, replaced.calls, count, lots)

    def _check_ids(self, events: Iterable[Event]) -> None:
        """Refuse new patients whose ids only look like others'."""
        known = {row[0] for row in self._index.db.execute("SELECT patient FROM patients")}
        named = (e.patient for e in events if e.kind not in OURS)
        check_new((one for one in named if one not in known), known)

    def changed_calls(self, record: Record) -> tuple[CallChange, ...]:
        """Calls on record that would change if a record were committed now; nothing is written."""

        def calls(index: Index) -> tuple[CallChange, ...]:
            run, _, _ = self._known(record)
            return () if run is None else replaced_by(index, record, run).calls

        return self._ask(calls)

    def _spare(
        self, record: Record | None, run: dict[str, Any], reason: str | None
    ) -> tuple[Replaced, str | None]:
        """What a record replaces, and why; refused where it has to be said and is not."""
        if record is None:
            return Replaced(), reason
        replaced = replaced_by(self._index, record, run)
        return replaced, replaced.check(reason)

    def _known(self, record: Record | None) -> tuple[dict[str, Any] | None, str | None, bool]:
        """A record in short, the last revision of its file, and whether it is that revision."""
        if record is None:
            return None, None, False
        made = digests(record)
        query = RunQuery(source_sha256=made["source_sha256"], latest=True)
        name = experiment_of(record)
        found = find_runs(self._index.db, query)  # a file may hold several runs
        latest = next((run for run in found if run.experiment == name), None)
        if latest is None:
            return short(record, made, None), None, False
        if all(getattr(latest, name) == value for name, value in made.items()):
            return None, latest.run_id, True
        return short(record, made, latest.run_id), latest.run_id, False

    def _events(
        self,
        changes: Iterable[Change],
        user: str,
        *,
        once: bool = False,
        before: tuple[Event, ...] = (),
    ) -> tuple[Event, ...]:
        """Complete changes to events, behind those of the same commit."""

        def history(change: Change) -> tuple[Event, ...]:
            if change.kind in OURS:
                return events_at(self._index, change.path)
            mine = tuple(event for event in before if event.patient == change.patient)
            return self._index.events("patient = ?", (change.patient,)) + mine

        sequence = self._index.position.sequence + 1
        return completed(
            changes, history, sequence, self._now, user, self.policy,
            first=len(before), specimens_once=once,
        )  # fmt: skip

    def runs(self, query: RunQuery | None = None) -> tuple[RunSummary, ...]:
        """Runs, the newest first."""
        return self._ask(lambda index: find_runs(index.db, query or RunQuery()))

    def record(self, run_id: str) -> Record:
        """Everything about one run; ``analyze(store.record(id).run, …)`` does it again.

        Raises
        ------
        InputError
            There is no such run, or its file is damaged.
        """
        select = "SELECT file, size, sha256 FROM commits WHERE run_id = ?"
        row = self._ask(lambda index: index.db.execute(select, (run_id,)).fetchone())
        if row is None:
            raise self._no_run(run_id)
        return read_record(layout.read_checked(self.folder, *row))

    def lots(self, run_id: str) -> tuple[Lot, ...]:
        """Lots of a run's reagents as they are known now, in order of their names.

        Raises
        ------
        InputError
            There is no such run.
        """
        return self._ask(lambda index: lots_known(index, run_id))

    def current(self, run_id: str) -> Record:
        """A run's record with its lots as they are known now."""
        return replace(self.record(run_id), lots=self.lots(run_id))

    def set_lots(
        self, run_id: str, lots: Iterable[Lot], *, taken_back: Iterable[str] = (),
        reason: str | None = None, user: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Say which lots a run was made with, or correct that (:func:`corrections`)."""
        changes = self._ask(lambda index: corrections(index, run_id, lots, taken_back, reason))
        return self.commit(None, changes, user=user)

    def summary(self, run_id: str) -> RunSummary:
        """One run in short; InputError when there is none of that id."""
        for found in self.runs(RunQuery(run_id=run_id)):
            return found
        raise self._no_run(run_id)

    def _no_run(self, run_id: str) -> InputError:
        near = most_like(run_id, (one.run_id for one in self.runs()))
        return InputError(
            "the store has no such run",
            file=self.folder,
            found=run_id,
            remedy=f"did you mean {near}? {LISTED}" if near else LISTED,
        )

    def patients(self, query: PatientQuery | None = None) -> tuple[PatientSummary, ...]:
        """Patients, by id."""
        return self._ask(lambda index: find_patients(index.db, query or PatientQuery()))

    def patient(self, patient: str) -> Patient:
        """One patient; InputError when no event names them."""
        found = self._ask(lambda index: index.patient(patient))
        if found is None:
            like = alike(patient, (one.patient for one in self.patients()))
            said = f"{like} ids on record are like it: " if like else ""
            raise InputError(
                "the store has no patient of that id",
                file=self.folder,
                remedy=f"{said}qpcr records find lists patients",
            )
        return found

    def history(
        self, *, patient: str | None = None, run: str | None = None, path: str | None = None
    ) -> tuple[Event, ...]:
        """Events of a patient, about a run, with a path, oldest first; of all without any."""
        given = {"patient": patient, "run": run, "path": path}
        chosen = {name: value for name, value in given.items() if value is not None}
        where = " AND ".join(f"{name} = ?" for name in chosen) or "1"
        return self._ask(lambda index: index.events(where, tuple(chosen.values())))

    def review(
        self, patient: str, path: str, *, user: str | None = None, seen: Seen | None = None
    ) -> Receipt:
        """Mark a result as reviewed; InputError when the rules do not allow it."""
        return self.commit(None, [review_step(patient, path, State.REVIEWED)], user=user, seen=seen)

    def sign(
        self, patient: str, path: str, *, user: str | None = None, seen: Seen | None = None
    ) -> Receipt:
        """Sign a reviewed result, which makes it final; InputError where that is not allowed."""
        return self.commit(None, [review_step(patient, path, State.SIGNED)], user=user, seen=seen)

    def amend(
        self, change: Change, *, user: str | None = None, seen: Seen | None = None
    ) -> Receipt:
        """Change what is on record of a patient who is; a reason is needed.

        Of a result, only what is named in ``change.new`` changes, and it becomes *amended*. When
        one is taken back, all analyses of that sample are (:mod:`qpcr.records.chain`).
        """
        patient = self.patient(change.patient)  # a mistyped id must not make a new patient
        result = patient.results.get(change.path)
        if change.kind is Kind.RESULT and change.new is None and result is not None:
            whole = chain_of(patient, result)
            others = [replace(change, path=o.path, old=UNCHECKED) for o in whole if o != result]
            return self.commit(None, [change, *others], user=user, seen=seen)
        return self.commit(None, [self._merged(change)], user=user, seen=seen)

    def _merged(self, change: Change) -> Change:
        if change.kind is not Kind.RESULT or not isinstance(change.new, dict):
            return change
        old = value_at(self.history(patient=change.patient), change.kind, change.path)
        if old is None:
            raise InputError("the patient has no such result", remedy="qpcr records show")
        run = change.run or str(old.get("run", ""))
        touched = any(name in change.new for name in CALL)
        new = amended(old, change.new, self.record(run).panel if touched else None)
        return Change(
            change.patient, change.kind, change.path, new, change.reason, change.source, run, old
        )

    def head(self) -> str:
        """``SEQUENCE:HASH`` of the last ledger entry, to be noted down elsewhere."""
        with self._mutex:
            self._refresh()
            return f"{self._index.position.sequence}:{self._index.position.hash}"

    def verify(self, head: str | None = None) -> Report:
        """Look at everything; see :func:`qpcr.records.verify.verify`."""
        from qpcr.records.verify import verify

        return verify(self.folder, head)

    def rebuild_index(self) -> None:
        """Make the index and all patients' files again from the commits."""
        with self._mutex:
            self._index = Index()
            with self._writing(self.timeout), in_words(NOT_WRITTEN, self.folder):
                rows = self._index.db.execute("SELECT patient FROM patients").fetchall()
                self._write_patients(self._stale(name for (name,) in rows))
                self._index.save(self.folder, self.id)

    def backup(self, dest: Path) -> None:
        """Copy the store as it is now, and verify the copy; see :mod:`qpcr.records.backup`."""
        from qpcr.records.backup import copy_store, prepare

        copy_store(self.folder, dest, prepare)

    @classmethod
    def restore(cls, src: Path, dest: Path) -> Store:
        """Copy a backup of unknown origin to `dest` (absent or empty), verified on the way."""
        from qpcr.records.backup import copy_store
        from qpcr.records.guard import guarded

        copy_store(src, dest, guarded)
        return cls.open(dest)
