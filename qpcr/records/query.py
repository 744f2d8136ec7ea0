"""What can be asked of a store, and the short answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from qpcr.errors import InputError
from qpcr.records.replaced import CallChange
from qpcr.records.review import State

_DAY = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
DAYS = "YYYY-MM-DD, YYYY-MM or YYYY"


def is_day(text: str) -> bool:
    """Whether a text names a day, a month or a year as :class:`RunQuery` compares them."""
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return _DAY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs; ``None`` means any.

    Attributes
    ----------
    since, until
        First and last day, ``YYYY-MM-DD`` (or ``YYYY-MM``, ``YYYY``), both inside; of the day the
        run was started on the instrument, or analyzed where the file does not say.
    patient, sample
        Runs with a result of the patient, or with a sample of that name.
    deletion, outcome
        Runs in which that was found.
    source_sha256
        Of the instrument's file.
    panel
        Name of the panel.
    run_id
        The run of that id.
    latest
        Leave out runs that a later revision replaces.
    limit
        At most so many, the newest first.

    Raises
    ------
    InputError
        A day that is none: days are compared as texts.
    """

    since: str | None = None
    until: str | None = None
    patient: str | None = None
    sample: str | None = None
    deletion: str | None = None
    outcome: str | None = None
    source_sha256: str | None = None
    panel: str | None = None
    run_id: str | None = None
    latest: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            day = getattr(self, name)
            if day is not None and not is_day(day):
                raise InputError("this is no day", place=name, expected=DAYS, found=day)


@dataclass(frozen=True, slots=True)
class PatientQuery:
    """Which patients; ``None`` means any.

    What is asked of results must all be true of one and the same result. Results that a revision
    replaced do not count, except a signed one as long as its revision is not signed: it is final.

    Attributes
    ----------
    outcome
        With a result that is called so (``"detected"``: a deletion was found).
    deletion
        With that deletion found.
    state
        With a result in that state.
    run
        With a result from that run.
    replaced
        Replaced results count too.
    limit
        At most so many, by id.
    patient
        The patient of that id.
    """

    outcome: str | None = None
    deletion: str | None = None
    state: State | None = None
    run: str | None = None
    limit: int | None = None
    patient: str | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run, in short.

    Attributes
    ----------
    run_id
        Opaque id.
    sequence
        Of its commit.
    file, source_sha256
        Name and digest of the instrument's file.
    settings_sha256, panel_sha256
        Digests of how it was analyzed.
    day
        ``YYYY-MM-DD``, see :class:`RunQuery`.
    started, created
        When the instrument started and when it was analyzed (ISO 8601); `started` may be ``None``.
    experiment, instrument
        As the file says.
    panel, panel_version
        What it was called by, or ``None``.
    reactions, samples
        How many.
    invalid
        A finding says that the run must not be used.
    revision_of
        Id of the run that it replaces, or ``None``.
    replaced_by
        Id of the next revision, or ``None``.
    user, committed
        Who committed it, and when (ISO 8601, UTC).
    reason
        Why it replaces another, or ``None`` where nobody said so.
    """

    run_id: str
    sequence: int
    file: str
    source_sha256: str
    settings_sha256: str
    panel_sha256: str
    day: str
    started: str | None
    created: str
    experiment: str | None
    instrument: str | None
    panel: str | None
    panel_version: str | None
    reactions: int
    samples: int
    invalid: bool
    revision_of: str | None
    replaced_by: str | None
    user: str
    committed: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PatientSummary:
    """One patient, in short: id, how many results count, what was found, the last commit.

    What counts: see :class:`PatientQuery`; a signed result and its unsigned revision both do.
    """

    patient: str
    results: int
    final: int
    outcomes: tuple[str, ...]
    deletions: tuple[str, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What :meth:`qpcr.records.Store.commit` answers once everything is on the disk.

    Attributes
    ----------
    run_id
        Of the record, or ``None`` when there was none.
    revision_of
        The run that it replaces, or ``None``.
    already_there
        The very same analysis was in the store: nothing was written.
    sequence
        Of the commit in the ledger.
    calls
        Calls that the record changed, or made for the first time, in what it replaces.
    events
        How many events were written: results, lots, changes.
    lots
        Lots on record that it changed, in words.
    """

    run_id: str | None
    revision_of: str | None
    already_there: bool
    sequence: int
    calls: tuple[CallChange, ...] = ()
    events: int = 0
    lots: tuple[str, ...] = ()
