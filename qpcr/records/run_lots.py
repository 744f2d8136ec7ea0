"""Lots of the reagents of a run on record: what was said of them, in events, and what holds now.

A lot belongs to what was done at the bench, not to an analysis: its events name the first revision
of a run in their path (``RUN/lots/REAGENT``) and hold for every later one. Names of reagents count
without case, as in charts; the path has the spelling that was first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from qpcr.errors import InputError
from qpcr.lots import Lot, by_reagent
from qpcr.records.event import NOBODY, Change, Event, Kind
from qpcr.records.patient import value_at

if TYPE_CHECKING:
    from qpcr.record import Record
    from qpcr.records.index import Index

PART = "/lots/"


def first_of(index: Index, run_id: str) -> str:
    """First revision of a run.

    Raises
    ------
    InputError
        There is no such run.
    """
    select = "SELECT revision_of FROM runs WHERE run_id = ?"
    while True:
        row = index.db.execute(select, (run_id,)).fetchone()
        if row is None:
            raise InputError(
                "the store has no such run", found=run_id, remedy="qpcr records list shows the runs"
            )
        if row[0] is None:
            return run_id
        run_id = row[0]


def changes_to(
    index: Index, run_id: str, lots: Iterable[Lot], reason: str | None, source: str | None = None,
    before: str | None = None,
) -> list[Change]:  # fmt: skip
    """What is to be changed so that a run has these lots; others of it stay.

    Parameters
    ----------
    before
        A revision that is on record; by default the run itself is.
    """
    first = run_id if before is None else first_of(index, before)
    spelt = _spelt(lot_events(index, first))
    paths = ((one, f"{first}{PART}{spelt.get(one.key, one.reagent)}") for one in by_reagent(lots))
    return [
        Change(NOBODY, Kind.RUN, path, lot_value(one), reason, source, run_id)
        for one, path in paths
    ]


def changed_lots(events: Iterable[Event]) -> tuple[str, ...]:
    """Lots on record that events change, in words."""
    return tuple(
        f"{event.path.partition(PART)[2]}: {_in_words(event.old)} → {_in_words(event.new)}"
        for event in events
        if event.kind is Kind.RUN and event.old is not None
    )


def _in_words(value: Any) -> str:
    if value is None:
        return "not known"
    end = value.get("expires")
    return str(value.get("lot")) if end is None else f"{value.get('lot')}, expires {end}"


def _spelt(events: Iterable[Event]) -> dict[str, str]:
    """How each reagent was spelt at first, by its name without case."""
    found: dict[str, str] = {}
    for event in events:
        reagent = event.path.partition(PART)[2]
        found.setdefault(reagent.casefold(), reagent)
    return found


def corrections(
    index: Index, run_id: str, lots: Iterable[Lot], taken_back: Iterable[str], reason: str | None
) -> list[Change]:
    """What is to be changed so that a run has these lots, and those others no more.

    Parameters
    ----------
    run_id
        Of any revision; lots hold for all of them.
    lots
        Of these reagents; others stay as they are.
    taken_back
        Reagents whose lot is not known after all.
    reason
        Why; needed where a lot was there already.

    Returns
    -------
    list of Change
        Each with what it changes: it is refused where somebody else was quicker.

    Raises
    ------
    InputError
        There is no such run or reagent.
    """
    first = first_of(index, run_id)
    known = {one.key: one.reagent for one in lots_known(index, run_id)}
    wanted = list(lots)
    changes = changes_to(index, run_id, wanted, reason, before=run_id)
    for reagent in taken_back:
        if reagent.casefold() in {one.key for one in wanted}:
            raise InputError("a lot is stated and taken back at once", found=reagent)
        if reagent.casefold() not in known:
            raise InputError(
                "no lot of this reagent is on record", found=reagent,
                expected=", ".join(known.values()) or "none",
            )  # fmt: skip
        path = f"{first}{PART}{known[reagent.casefold()]}"
        changes.append(Change(NOBODY, Kind.RUN, path, None, reason, None, run_id))
    events = lot_events(index, first)
    return [replace(one, old=value_at(events, one.kind, one.path)) for one in changes]


def lots_known(index: Index, run_id: str) -> tuple[Lot, ...]:
    """Lots of a run as they are known now."""
    return lots_in(lot_events(index, first_of(index, run_id)))


def lots_of(
    index: Index, record: Record, run_id: str | None, before: str | None, reason: str | None
) -> list[Change]:
    """What a record says of the lots of its run.

    Parameters
    ----------
    run_id
        The run that it is, or becomes.
    before
        Its revision that is on record, if any.

    Returns
    -------
    list of Change
        A lot that only the instrument's file names changes nothing that a person said.
    """
    if run_id is None or not record.lots:
        return []
    first = run_id if before is None else first_of(index, before)
    heard = _spelt(lot_events(index, first))
    told = [one for one in record.lots if one not in record.run.reagents or one.key not in heard]
    return changes_to(index, run_id, told, reason, record.run.provenance.file, before)


def lot_events(index: Index, first: str) -> tuple[Event, ...]:
    """Everything that was ever said of the lots of a run, by its first revision."""
    begin, end = f"{first}{PART}", f"{first}{PART[:-1]}0"  # "0" follows "/"
    return index.events("patient = ? AND path >= ? AND path < ?", (NOBODY, begin, end))


def events_at(index: Index, path: str) -> tuple[Event, ...]:
    """Everything that was ever said of one lot."""
    return index.events("patient = ? AND path = ?", (NOBODY, path))


def lot_value(lot: Lot) -> dict[str, str | None]:
    """A lot as the value of an event."""
    return {"lot": lot.lot, "expires": None if lot.expires is None else lot.expires.isoformat()}


def check_run_value(path: str, new: Any) -> None:
    """Refuse what is no lot.

    Raises
    ------
    InputError
        Another path than ``RUN/lots/REAGENT``, or another value than a lot.
    """
    _, sign, reagent = path.partition(PART)
    if not sign:
        raise InputError("of a run, only lots can be changed", expected="RUN/lots/REAGENT")
    if new is not None:
        _lot(reagent, new)


def _lot(reagent: str, value: Any) -> Lot:
    good = isinstance(value, dict) and set(value) <= {"lot", "expires"}
    lot, end = (value.get("lot"), value.get("expires")) if good else (None, None)
    if not isinstance(lot, str) or not (end is None or isinstance(end, str)):
        raise InputError("this is no lot", expected='{"lot": …, "expires": "YYYY-MM-DD" or null}')
    try:
        return Lot(reagent, lot, None if end is None else date.fromisoformat(end))
    except ValueError as error:
        raise InputError("this is no day", expected="YYYY-MM-DD", found=end) from error


def lots_in(events: Iterable[Event]) -> tuple[Lot, ...]:
    """Lots that hold after events of one run, in their order."""
    found: dict[str, Lot] = {}
    events = tuple(events)
    spelt = _spelt(events)
    for event in events:
        reagent = spelt[event.path.partition(PART)[2].casefold()]
        if event.new is None:
            found.pop(reagent, None)
        else:
            found[reagent] = _lot(reagent, event.new)
    return by_reagent(found.values())
