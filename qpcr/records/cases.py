"""What a patient report is made of, from the store: the run as it was, the result as it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpcr.calls import Call, Outcome
from qpcr.errors import InputError
from qpcr.records.event import Event, Kind
from qpcr.records.patient import Patient, Result
from qpcr.records.residual import residual_on_record, treatments_on_record
from qpcr.records.review import State
from qpcr.records.store import Store
from qpcr.report.patient import Case, Review, Step, case_of
from qpcr.said import Said, say

if TYPE_CHECKING:
    from collections.abc import Sequence


def stored_case(store: Store, patient: str, path: str) -> Case:
    """Put together the case of one result on record.

    Parameters
    ----------
    store
        Where it is.
    patient
        Opaque id.
    path
        ``RUN/SAMPLE``, as :class:`qpcr.records.Result` has it.

    Raises
    ------
    InputError
        There is no such patient or result, or the result has no call.
    """
    found = store.patient(patient)
    result = found.results.get(path)
    if result is None:
        raise InputError(
            "the patient has no such result",
            remedy="qpcr records show lists the results of a patient",
        )
    record = store.current(result.run)
    case = case_of(record, result.sample, _review(found, result))
    return replace(
        case,
        call=_as_it_stands(case, found, result),
        patient=found.id,
        specimen=result.specimen,
        timepoint=result.timepoint,
        residual=residual_on_record(found),
        treatments=treatments_on_record(found),
    )


def _about(patient: Patient, path: str) -> list[Event]:
    kinds = (Kind.RESULT, Kind.REVIEW)
    return [event for event in patient.events if event.path == path and event.kind in kinds]


def _review(patient: Patient, result: Result) -> Review:
    """How far the review of a result is, and how it came there."""
    events = _about(patient, result.path)
    steps = tuple(_step(event, first=place == 0) for place, event in enumerate(events))
    return Review(
        str(result.state),
        result.reviewed_by,
        _when(steps, State.REVIEWED) if result.reviewed_by else None,
        result.signed_by,
        _when(steps, State.SIGNED) if result.signed_by else None,
        steps,
    )


def _step(event: Event, first: bool) -> Step:
    if event.kind is Kind.REVIEW:
        state = str(event.new)
    else:
        state = str(State.PRELIMINARY if first else State.AMENDED)
    return Step(state, event.user, f"{event.at:%Y-%m-%d %H:%M} UTC", event.reason)


def _when(steps: Sequence[Step], state: State) -> str | None:
    return next((step.when for step in reversed(steps) if step.state == state), None)


def _place(patient: Patient, result: Result) -> list[Said]:
    """Which of two analyses counts, where there are two."""
    valid = {one.path for one in patient.final_results}
    if result.superseded_by is not None and result.path in valid:
        return [
            say(
                "A later analysis of this run is not signed yet; until it is, this result is valid."
            )
        ]
    if result.superseded_by is not None:
        return [say("A later analysis of this run replaces this result.")]
    earlier = [one for one in patient.results.values() if result in patient.revisions(one)]
    if any(one.path in valid for one in earlier):
        return [
            say("An earlier analysis of this run is signed, and valid until this one is signed.")
        ]
    return []


def _as_it_stands(case: Case, patient: Patient, result: Result) -> Call:
    """The call with what was amended since, and why."""
    call, outcome = case.call, Outcome(str(result.outcome))
    reasons = list(call.reasons)
    reasons += _place(patient, result)
    told = (result.outcome, result.deletions, result.classes)
    if told == (str(call.outcome), call.deletions, call.classes):
        return replace(call, reasons=tuple(reasons))
    changes = [one for one in _about(patient, result.path) if one.kind is Kind.RESULT]
    last = changes[-1]
    reasons.insert(
        0,
        say("Amended by {user}: {reason}.", user=last.user, reason=(last.reason or "").rstrip(".")),
    )
    return replace(
        call,
        outcome=outcome,
        deletions=result.deletions,
        classes=result.classes,
        reasons=tuple(reasons),
        limitations=()
        if outcome is Outcome.DETECTED
        else tuple(one.text for one in case.panel.limitations),
    )
