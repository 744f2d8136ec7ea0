"""The store: a folder of sealed files, one a commit, and a ledger that names them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr.records.event import Change, Event
from qpcr.records.patient import Patient
from qpcr.records.query import PatientQuery, PatientSummary, Receipt, RunQuery, RunSummary
from qpcr.records.review import Policy

if TYPE_CHECKING:
    from qpcr.record import Record


class Store:
    """Records of runs and patients in a folder; see ``FORMAT.md``.

    Any number of readers and writers may have the same folder open, in any number of processes.
    """

    folder: Path
    policy: Policy

    @classmethod
    def init(cls, folder: Path, policy: Policy | None = None) -> Store:
        """Make an empty store; `folder` must be absent or empty. InputError otherwise."""
        raise NotImplementedError

    @classmethod
    def open(cls, folder: Path, *, timeout: float = 60.0) -> Store:
        """Open a store; InputError when it is none or damaged. `timeout`: seconds for the lock."""
        raise NotImplementedError

    def commit(
        self,
        record: Record | None = None,
        changes: Iterable[Change] = (),
        *,
        user: str | None = None,
    ) -> Receipt:
        """Write a run, changes to patients, or both: wholly, or not at all.

        Samples of `record` that have an identity become results of their patients by themselves.
        """
        raise NotImplementedError

    def runs(self, query: RunQuery | None = None) -> tuple[RunSummary, ...]:
        """Runs, the newest first."""
        raise NotImplementedError

    def record(self, run_id: str) -> Record:
        """Everything about one run; ``analyze(store.record(id).run, …)`` does it again."""
        raise NotImplementedError

    def patients(self, query: PatientQuery | None = None) -> tuple[PatientSummary, ...]:
        """Patients, by id."""
        raise NotImplementedError

    def patient(self, patient: str) -> Patient:
        """One patient; InputError when there is none of that id."""
        raise NotImplementedError

    def history(
        self, *, patient: str | None = None, run: str | None = None
    ) -> tuple[Event, ...]:
        """Events of a patient or about a run, oldest first; of all without either."""
        raise NotImplementedError

    def review(self, patient: str, path: str, *, user: str | None = None) -> Receipt:
        """Mark a result as reviewed."""
        raise NotImplementedError

    def sign(self, patient: str, path: str, *, user: str | None = None) -> Receipt:
        """Sign a reviewed result: it is final from then on."""
        raise NotImplementedError

    def amend(self, change: Change, *, user: str | None = None) -> Receipt:
        """Change what is known of a patient; a reason is needed. A result becomes *amended*."""
        raise NotImplementedError

    def head(self) -> str:
        """``SEQUENCE:HASH`` of the last ledger entry, to be noted down elsewhere."""
        raise NotImplementedError

    def verify(self, head: str | None = None) -> Any:
        """Look at everything; a report with ``problems`` (place, problem, remedy) and ``notes``."""
        raise NotImplementedError

    def rebuild_index(self) -> None:
        """Make the index and the patients' files again from the commits."""
        raise NotImplementedError

    def backup(self, dest: Path) -> None:
        """Copy the store as it is now, and verify the copy."""
        raise NotImplementedError

    @classmethod
    def restore(cls, src: Path, dest: Path) -> Store:
        """Copy a backup of unknown origin into `dest` (absent or empty), verified on the way."""
        raise NotImplementedError


def runs_of(summaries: Sequence[RunSummary]) -> tuple[str, ...]:
    """Ids of runs."""
    return tuple(one.run_id for one in summaries)
