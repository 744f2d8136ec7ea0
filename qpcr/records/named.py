"""Whose the samples of a run are as it stands: the sheet, and what people have said of it since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpcr.records._short import path_of
from qpcr.records.patient import fold
from qpcr.records.seen import Seen
from qpcr.records.withdrawn import withdrawn_result

if TYPE_CHECKING:
    from qpcr.record import Record
    from qpcr.records.query import RunSummary
    from qpcr.records.store import Store
    from qpcr.samples import Identity


@dataclass(frozen=True, slots=True)
class Named:
    """What is known of a run beside its file.

    Attributes
    ----------
    identities
        Of its samples, with time points and specimens as amended, without those taken back.
    amended, withdrawn
        Samples of which a person has said so.
    seen
        What this rests on.
    """

    identities: tuple[Identity, ...]
    amended: tuple[str, ...]
    withdrawn: tuple[str, ...]
    seen: Seen

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it."""
        told = (
            ("Time points and specimens stay as they were amended", self.amended),
            ("Taken back from their patients, and so it stays", self.withdrawn),
        )
        return tuple(f"{said}: {', '.join(names)}." for said, names in told if names)


def named(store: Store, run: str, record: Record) -> Named:
    """Say whose the samples of a run are.

    Parameters
    ----------
    run, record
        Its last revision.
    """
    revisions = list(_revisions(store, run))
    identities, amended, withdrawn = [], [], []
    sequences: dict[str, int] = {}
    lots = store.lots(run)
    for sample, who in record.identities.items():
        events = store.history(patient=who.patient)
        if events:
            # The smallest: whatever came between two looks at one patient is found.
            sequences.setdefault(who.patient, events[-1].sequence)
        if withdrawn_result(events, revisions, sample) is not None:
            withdrawn.append(sample)
            continue
        result = fold(who.patient, events).results.get(path_of(run, sample))
        now = who
        if result is not None:
            now = replace(who, timepoint=result.timepoint, specimen=result.specimen)
        identities.append(now)
        if now != who:
            amended.append(sample)
    seen = Seen(run, lots, sequences)
    return Named(tuple(identities), tuple(amended), tuple(withdrawn), seen)


def last_revision(store: Store, run: str) -> RunSummary:
    """What replaces a run in the end, in short: itself, if nothing does."""
    found = store.summary(run)
    while found.replaced_by is not None:
        found = store.summary(found.replaced_by)
    return found


def _revisions(store: Store, run: str | None) -> Iterator[str]:
    """A run and those that it replaces, the latest first."""
    while run is not None:
        yield run
        run = store.summary(run).revision_of
