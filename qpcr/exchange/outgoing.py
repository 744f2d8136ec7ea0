"""Results of a patient that may be told to another system, and how final each is.

Only what is signed goes out as final. FHIR's ``amended`` means a final report that was changed, so
it is for a signed result that replaces a signed one; a result that was changed and has not been
signed again is ``preliminary``, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from qpcr.calls import Outcome
from qpcr.errors import InputError
from qpcr.records.event import Kind
from qpcr.records.patient import Patient, Result
from qpcr.records.review import State

if TYPE_CHECKING:
    from primers import Panel

OUTCOMES = tuple(str(one) for one in Outcome)
Status = Literal["preliminary", "final", "amended"]


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
    """

    result: Result
    panel: Panel | None
    status: Status
    issued: datetime | None
    changed: bool


def outgoing(patient: Patient, panel_of: Callable[[str], Panel | None]) -> tuple[Outgoing, ...]:
    """Results that stand: not replaced, or signed while their replacement is not.

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
    return tuple(
        _outgoing(one, patient, panel_of)
        for path, one in patient.results.items()
        if path in standing and one.outcome is not None
    )


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
    before = any(
        event.kind is Kind.REVIEW
        and event.new == State.SIGNED
        and event.path in patient.results
        and patient.results[event.path].run == result.revision_of
        and patient.results[event.path].sample == result.sample
        for event in patient.events
    )
    if not result.state.final:
        changed = bool(signatures) or before
        return Outgoing(result, panel_of(result.run), "preliminary", None, changed)
    status: Status = "amended" if len(signatures) > 1 or before else "final"
    issued = signatures[-1] if signatures else None
    return Outgoing(result, panel_of(result.run), status, issued, changed=False)
