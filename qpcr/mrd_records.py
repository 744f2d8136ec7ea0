"""Residual disease in patients' records: results in, the earlier ones out for the time course.

A result is a clinical event with the path ``residual disease/TARGET/SAMPLE``; its value holds
everything a time course needs, and by which profile it was judged. No field of the clinical schema
has such a name, so exports without ids leave it out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from calibration.mrd_profile import Profile
from qpcr.errors import InputError
from qpcr.quantities.mrd import MrdResult
from qpcr.quantities.mrd_tables import Point
from qpcr.records import Change, Kind, Store

PREFIX = "residual disease/"


def mrd_changes(
    profile: Profile, results: Sequence[MrdResult], source: str, reason: str | None = None
) -> list[Change]:
    """Results as changes to patients.

    Parameters
    ----------
    source
        The files they come from.
    reason
        Why a result that is on record already is replaced.
    """
    changes = []
    for one in results:
        made = one.residual
        value: dict[str, Any] = {
            "value": str(made.outcome) if made.value is None else made.value,
            "unit": None if made.value is None else "fraction of cells",
            "date": None if one.day is None else one.day.isoformat(),
            "target": one.target,
            "sample": one.sample,
            "outcome": str(made.outcome),
            "low": made.low,
            "high": made.high,
            "sensitivity": made.sensitivity,
            "limit": made.quantitative_limit,
            "response": None if made.response is None else str(made.response),
            "reasons": "; ".join(made.reasons),
            "profile": profile.profile.name,
            "profile_checked": profile.profile.checked,
        }
        path = f"{PREFIX}{one.target}/{one.sample}"
        changes.append(Change(one.patient, Kind.CLINICAL, path, value, reason, source))
    return changes


def points_on_record(store: Store, patients: Collection[str]) -> list[Point]:
    """Dated results of patients on record, by day.

    Raises
    ------
    InputError
        A stored result is none: somebody else wrote it.
    """
    known = {one.patient for one in store.patients()}
    points = []
    for patient in sorted(set(patients) & known):
        for path, value in store.patient(patient).clinical.items():
            if not path.startswith(PREFIX):
                continue
            try:
                if value["date"] is not None:
                    points.append(_point(patient, value))
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    "a result on record cannot be understood",
                    place=path,
                    found=f"{type(error).__name__}: {error}",
                    remedy="amend it: qpcr records amend",
                ) from error
    return sorted(points, key=lambda one: one.day)


def _point(patient: str, value: Any) -> Point:
    number = value["value"]
    return Point(
        patient,
        value["target"],
        value["sample"],
        date.fromisoformat(value["date"]),
        value["outcome"],
        None if isinstance(number, str) else float(number),
        value["low"],
        value["high"],
        value["sensitivity"],
        value["limit"],
        value["reasons"],
    )
