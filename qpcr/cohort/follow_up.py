"""How long a patient was followed for an endpoint, and what ended it.

Definitions: EFS from diagnosis to the first of no remission, relapse, or death; OS from diagnosis
to death; DFS and the incidence of relapse from complete remission. A patient without the event is
censored at the last follow-up, or at the end of the study where that comes first; an event after
the end of the study does not count. Who never reached remission takes no part in endpoints that
start there: that is no missing value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from qpcr.clinical.fields import Value
from qpcr.cohort.study import Endpoint
from qpcr.said import Said, say

DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Follow-up of one patient for one endpoint.

    Attributes
    ----------
    months
        From its start.
    cause
        0 = censored, 1 = an event of the endpoint, 2 = a competing one.
    """

    months: float
    cause: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a patient takes no part; `missing` where something should be known and is not."""

    why: Said
    missing: bool


def follow_up(
    values: Mapping[str, Value], endpoint: Endpoint, censor: date | None
) -> FollowUp | Absent:
    """Follow one patient.

    Parameters
    ----------
    values
        Clinical fields that are known.
    endpoint
        What is asked.
    censor
        Last day of the study.
    """
    start = values.get(endpoint.start)
    if not isinstance(start, date):
        if endpoint.start == "cr_date" and values.get("cr1") is False:
            return Absent(say("no remission was reached"), False)
        return Absent(say("{field} is not known", field=endpoint.start), True)
    dates = {name: _date(name, values) for name in (*endpoint.events, *endpoint.competing)}
    unknown = next((one for one in dates.values() if isinstance(one, Absent)), None)
    if unknown is not None:
        return unknown
    last = _last(values)
    if last is None:
        return Absent(say("there is no follow-up"), True)
    found = [
        (when, 1 if name in endpoint.events else 2)
        for name, when in dates.items()
        if isinstance(when, date)
    ]
    end, cause = min([*found, (last, 0)], key=lambda one: (one[0], one[1] or 3))
    if censor is not None and end > censor:
        end, cause = censor, 0
    if end < start:
        return Absent(say("follow-up ends before it starts"), True)
    return FollowUp((end - start).days / DAYS_A_MONTH, cause)


def _last(values: Mapping[str, Value]) -> date | None:
    """The last day on which something is known of a patient."""
    known = [values.get("last_follow_up"), values.get("death_date")]
    return max((one for one in known if isinstance(one, date)), default=None)


def _date(event: str, values: Mapping[str, Value]) -> date | Absent | None:
    """When an event happened; ``None``: it did not."""
    if event == "no remission":
        return _no_remission(values)
    happened, when = values.get(event), values.get(f"{event}_date")
    if isinstance(when, date):
        return when
    if happened is True:
        return Absent(say("the date of {event} is not known", event=event), True)
    if happened is None and event == "death" and values.get("last_follow_up") is None:
        return Absent(say("whether {event} happened is not known", event=event), True)
    return None


def _no_remission(values: Mapping[str, Value]) -> date | Absent | None:
    """Never in remission: the first event, unless relapse or death is recorded instead."""
    if values.get("cr1") is not False or values.get("cr_date") is not None:
        return None
    first = values.get("first_event_date")
    if isinstance(first, date):
        return first
    if values.get("relapse") is True or values.get("death") is True:
        return None
    return Absent(say("no remission was reached, and when that was an event is not known"), True)
