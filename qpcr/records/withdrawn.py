"""What somebody took back: it never comes back in silence.

Taking back is a person's word that something is not so: "tubes swapped", "wrong tube". A table that
is read again, or a run that is analyzed again by the same sheet, does not know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qpcr.errors import InputError
from qpcr.records._short import path_of
from qpcr.records.event import Change, Event, Kind

if TYPE_CHECKING:
    from qpcr.records.index import Index


def withdrawal(events: Iterable[Event], kind: Kind, path: str) -> Event | None:
    """The event by which something was taken back, if it was and nothing came after."""
    last = None
    for event in events:
        if event.kind is kind and event.path == path:
            last = event
    return last if last is not None and last.new is None else None


def check_return(change: Change, events: Iterable[Event], place: str) -> None:
    """Refuse to bring back without a reason what was taken back.

    Raises
    ------
    InputError
        It was, and nobody says why it is so after all.
    """
    if change.new is None or (change.reason or "").strip():
        return
    last = withdrawal(events, change.kind, change.path)
    if last is not None:
        raise InputError(
            "what was taken back comes back only with a reason",
            place=place,
            expected="a reason that says why it is so after all",
            found=f"taken back by {last.user} on {last.at:%Y-%m-%d}: {last.reason or 'no reason'}",
            remedy="see its history: qpcr records history; then give a reason, or leave it",
        )


def stays_back(change: Change, events: Sequence[Event]) -> bool:
    """Whether a specimen that a record speaks of was taken back by hand, and stays so.

    It does where the record is a revision: that says nothing new of what was taken from whom. What
    was taken back together with results, because a sample was another patient's, is not meant.
    """
    last = withdrawal(events, change.kind, change.path)
    if last is None or not by_hand(last, events):
        return False
    return any(
        one.kind is Kind.RESULT and one.run == change.run and (one.new or {}).get("revision_of")
        for one in events
    )


def by_hand(last: Event, events: Iterable[Event]) -> bool:
    """Whether a specimen was taken back alone."""
    return not any(
        one.kind is Kind.RESULT and one.new is None and one.sequence == last.sequence
        for one in events
    )


def revisions_until(index: Index, run: str | None) -> list[str]:
    """A run and those that it replaces, the latest first."""
    found: list[str] = []
    while run is not None:
        found.append(run)
        row = index.db.execute("SELECT revision_of FROM runs WHERE run_id = ?", (run,)).fetchone()
        run = None if row is None else row[0]
    return found


def withdrawn_result(events: Sequence[Event], runs: Iterable[str], sample: str) -> Event | None:
    """The event by which a sample's result was taken back from a patient, if it was.

    Parameters
    ----------
    events
        Of the patient.
    runs
        Revisions of one run, the latest first: the latest that gave the patient this sample counts.
    sample
        Its name.
    """
    paths = {event.path for event in events if event.kind is Kind.RESULT}
    for run in runs:
        path = path_of(run, sample)
        if path in paths:
            return withdrawal(events, Kind.RESULT, path)
    return None
