"""Results of a patient that may be told to another system, and how final each is.

Only what is signed goes out as final. FHIR's ``amended`` means a final report that was changed, so
it is for a signed result that replaces a signed one, and names it. A result that was changed and
has not been signed again is ``preliminary``, and says so; as long as its revision is not signed the
signed one stands beside it. One that was signed and then taken back is ``entered-in-error``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from qpcr.calls import Outcome
from qpcr.errors import InputError
from qpcr.records.event import Kind
from qpcr.records.patient import Patient, Result, fold
from qpcr.records.review import State

if TYPE_CHECKING:
    from primers import Panel

OUTCOMES = tuple(str(one) for one in Outcome)
Status = Literal["preliminary", "final", "amended", "entered-in-error"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One result that goes out.

    Attributes
    ----------
    result
        As it stands now.
    panel
        It was called by, or ``None`` if that is not known.
    status
        See above.
    issued
        When it was signed.
    changed
        It was signed once, and has been changed since without being signed again.
    recorded
        When it came on record.
    earlier
        Path of the signed result that it replaces, or would replace once it is signed.
    waiting
        An unsigned revision of it is on record.
    """

    result: Result
    panel: Panel | None
    status: Status
    issued: datetime | None
    changed: bool
    recorded: datetime | None = None
    earlier: str | None = None
    waiting: bool = False


def outgoing(patient: Patient, panel_of: Callable[[str], Panel | None]) -> tuple[Outgoing, ...]:
    """Results that stand, and those that were signed and taken back.

    A result stands that is not replaced, or is signed while its replacement is not.

    Parameters
    ----------
    patient
        With their events.
    panel_of
        Panel of a run, by its id.

    Raises
    ------
    InputError
        A result was amended to an outcome that no other system would understand.
    """
    standing = {one.path for one in patient.standing_results}
    made = [
        _outgoing(one, patient, panel_of)
        for path, one in patient.results.items()
        if path in standing and one.outcome is not None
    ]
    return (*made, *_withdrawn(patient, panel_of))


def _withdrawn(patient: Patient, panel_of: Callable[[str], Panel | None]) -> Iterator[Outgoing]:
    """Results that were signed and do not hold any more, as they were signed.

    They were taken back; or a signed result that replaced them was, and none has followed.
    """
    signed: dict[str, Result] = {}
    for place, event in enumerate(patient.events, 1):
        if event.kind is Kind.REVIEW and event.new == State.SIGNED:
            signed[event.path] = fold(patient.id, patient.events[:place]).results[event.path]
    standing = {one.path for one in patient.standing_results}
    for path, one in signed.items():
        later = {other.path for other in patient.revisions(one)}
        gone = path not in patient.results
        orphan = not gone and path not in standing and not later & patient.results.keys()
        if (gone or orphan) and one.outcome in OUTCOMES:
            yield Outgoing(one, panel_of(one.run), "entered-in-error", None, changed=False)


def _outgoing(
    result: Result, patient: Patient, panel_of: Callable[[str], Panel | None]
) -> Outgoing:
    if result.outcome not in OUTCOMES:
        raise InputError(
            "a result has an outcome that has no code",
            expected=", ".join(OUTCOMES),
            found=result.outcome,
            remedy="amend it to one of these",
        )
    signatures = [
        event.at
        for event in patient.events
        if event.kind is Kind.REVIEW and event.path == result.path and event.new == State.SIGNED
    ]
    earlier = [
        one.path
        for one in patient.results.values()
        if one.once_signed and result in patient.revisions(one)
    ]
    status: Status = "preliminary"
    if result.state.final:
        status = "amended" if len(signatures) > 1 or earlier else "final"
    final = result.state.final
    return Outgoing(
        result,
        panel_of(result.run),
        status,
        signatures[-1] if final and signatures else None,
        changed=not final and bool(signatures or earlier),
        recorded=_recorded(patient, result),
        earlier=earlier[-1] if earlier else None,
        waiting=final and result.superseded_by is not None,
    )


def _recorded(patient: Patient, result: Result) -> datetime | None:
    """When a result came on record."""
    told = (e.at for e in patient.events if e.kind is Kind.RESULT and e.path == result.path)
    return next(told, None)
