"""From what a caller wants changed to events: what was, whether the rules allow it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from qpcr.errors import InputError
from qpcr.records._clinical import check_field, check_specimen, check_together, stated
from qpcr.records.chain import check_whole
from qpcr.records.event import OURS, UNCHECKED, Change, Event, Kind
from qpcr.records.patient import LISTS, fold, value_at
from qpcr.records.review import Policy, State, check_step
from qpcr.records.run_lots import check_run_value
from qpcr.records.withdrawn import by_hand, check_return, stays_back, withdrawal

History = Callable[[Change], tuple[Event, ...]]


def completed(
    changes: Iterable[Change],
    history: History,
    sequence: int,
    at: datetime,
    user: str,
    policy: Policy,
    *,
    first: int = 0,
    specimens_once: bool = False,
) -> tuple[Event, ...]:
    """Make events of changes.

    A change to what is there already is left out, so that an import can be repeated.

    Parameters
    ----------
    changes
        In order; each sees those before it.
    history
        Gives the events so far of the patient, or of the run's part, that a change is about.
    sequence, at, user
        Of the commit.
    policy
        Rules for reviews.
    first
        Place of the first event in the commit.
    specimens_once
        Specimens that are known stay as they are.

    Raises
    ------
    InputError
        The value is not what the caller believes, a reason is missing (also for what was taken
        back and would come back), a step of the review is not allowed, only a part of a chain of
        results is taken back, or a clinical value is none of its field or contradicts another.
        Nothing is said of who the patient is.
    """
    made: list[Event] = []
    known: dict[tuple[bool, str], list[Event]] = {}
    for number, change in enumerate(changes, 1):
        ours = change.kind in OURS
        about = change.path if ours else change.patient
        events = known.setdefault((ours, about), list(history(change)))
        old = value_at(events, change.kind, change.path)
        derived = specimens_once and change.kind is Kind.SPECIMEN and change.new is not None
        if derived and (old is not None or stays_back(change, events)):
            continue
        if change.kind is Kind.REVIEW:
            _check_review(change, old, events, user, policy)
        elif old == change.new and type(old) is type(change.new):
            continue
        _check(change, old, number)
        if change.kind is not Kind.REVIEW and not (derived and _moved(change, events)):
            check_return(change, events, f"change {number}: {change.kind}")
        _check_value(change, at.astimezone().date())
        event = Event(
            f"{sequence}.{first + len(made)}",
            change.patient, at, user, change.kind, change.path, old, change.new,
            change.reason, change.source, change.run,
        )  # fmt: skip
        made.append(event)
        events.append(event)
    for patient, fields in stated(made).items():
        check_together(patient, known[False, patient], fields)
    taken = {(e.patient, e.path) for e in made if e.kind is Kind.RESULT and e.new is None}
    for patient in dict.fromkeys(patient for patient, _ in taken):
        paths = [path for name, path in taken if name == patient]
        check_whole(fold(patient, known[False, patient]), sorted(paths))
    return tuple(made)


def _moved(change: Change, events: list[Event]) -> bool:
    """A specimen was taken back only because a sample was another patient's."""
    last = withdrawal(events, change.kind, change.path)
    return last is not None and not by_hand(last, events)


def _check(change: Change, old: object, number: int) -> None:
    place = f"change {number}: {change.kind}"
    if change.old is not UNCHECKED and change.old != old:
        raise InputError(
            "a value is not what it was believed to be: somebody else has changed it",
            place=place,
            remedy="look at the patient again, and repeat the change",
        )
    replaces = change.kind is not Kind.REVIEW and old is not None
    if replaces and not (change.reason or "").strip():
        raise InputError(
            "what is on record is changed only with a reason", place=place, remedy="give a reason"
        )
    if change.kind is Kind.RESULT and change.new is not None:
        _check_result(change.new, old, place)
    if change.kind is Kind.RUN:
        check_run_value(change.path, change.new)
    elif change.kind is Kind.ASSAY and change.new is not None:
        _check_assay(change.new, change.path)


def _check_assay(new: Any, path: str) -> None:
    """What is known of an assay is a mapping that says what it is, as its path does."""
    if not isinstance(new, dict) or new.get("what") != path.partition("/")[0]:
        raise InputError("this is nothing that is kept of an assay", place=path)


def _check_value(change: Change, today: date) -> None:
    """What a clinical field and a specimen may hold."""
    if change.kind is Kind.CLINICAL:
        check_field(change.path, change.new, today)
    elif change.kind is Kind.SPECIMEN:
        check_specimen(change.new, today)


def _check_result(new: Any, old: Any, place: str) -> None:
    """A result is a mapping; which run and sample it is of never changes."""
    if not isinstance(new, dict):
        raise InputError(
            "this is no result",
            place=place,
            expected='what changes of it, as {"outcome": "not detected", "deletions": []} or '
            '{"outcome": "detected", "deletions": ["Δ4-7"]}',
            found=repr(new),
        )
    for name in LISTS:
        if not isinstance(new.get(name) or [], list):
            raise InputError(f"{name} of a result must be a list", place=place)
    if isinstance(old, dict):
        for name in ("run", "sample", "reactions", "revision_of"):
            if new.get(name) != old.get(name):
                raise InputError(
                    f"{name} of a result cannot be amended",
                    place=place,
                    remedy="amend what it says: outcome, deletions, classes, specimen, timepoint",
                )


def _check_review(
    change: Change, old: object, events: list[Event], user: str, policy: Policy
) -> None:
    """The rules of :mod:`qpcr.records.review`, laid over one step."""
    if old is None:
        raise InputError(
            "the patient has no such result", remedy="qpcr records show lists a patient's results"
        )
    try:
        new = State(change.new)
    except ValueError as error:
        raise InputError("there is no such state", expected=", ".join(State)) from error
    result = fold(change.patient, events).results[change.path]
    if result.superseded_by is not None and new in (State.REVIEWED, State.SIGNED):
        raise InputError(
            f"a later analysis replaces this result: it cannot become {new}",
            expected=f"the result of run {result.superseded_by}, or of one that replaces that",
            remedy="qpcr records show lists a patient's results: review and sign the latest one; "
            "where that was taken back, analyze the run again",
        )
    check_step(State(str(old)), new, user, result.reviewed_by, policy)
    if new is State.AMENDED and not (change.reason or "").strip():
        raise InputError("a result is amended only with a reason", remedy="give a reason")
