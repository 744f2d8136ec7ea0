"""Residual disease in patients' records: results in, the earlier ones out for the time course.

A result is a clinical event with the path ``residual disease/TARGET/SAMPLE``; its value holds
everything a time course and a report need, and by which profile it was judged. No field of the
clinical schema has such a name, so exports without ids leave it out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

from calibration.mrd_profile import Profile
from qpcr.quantities.mrd import MrdResult
from qpcr.quantities.mrd_kept import PREFIX, ResidualOnRecord, residual_of, residual_value
from qpcr.quantities.mrd_tables import Point, Treatment
from qpcr.records.event import Change, Kind

if TYPE_CHECKING:
    from qpcr.records.patient import Patient
    from qpcr.records.store import Store

TREATMENTS = ("cr_date", "hsct_date", "relapse_date", "death_date")
"""Clinical fields that are drawn on a time course."""


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
    return [
        Change(
            one.patient,
            Kind.CLINICAL,
            f"{PREFIX}{one.target}/{one.sample}",
            residual_value(profile, one),
            reason,
            source,
        )
        for one in results
    ]


def residual_on_record(patient: Patient) -> tuple[ResidualOnRecord, ...]:
    """Results of a patient by day, those without one last.

    Raises
    ------
    InputError
        A stored result is none: somebody else wrote it.
    """
    found = [
        residual_of(patient.id, path, value)
        for path, value in patient.clinical.items()
        if path.startswith(PREFIX)
    ]
    return tuple(sorted(found, key=lambda one: (one.day is None, one.day or date.min)))


def treatments_on_record(patient: Patient) -> tuple[Treatment, ...]:
    """Remission, transplantation, relapse and death, as far as their days are on record."""
    found = []
    for name in TREATMENTS:
        value = patient.clinical.get(name)
        text = value.get("value") if isinstance(value, dict) else value
        try:
            found.append(Treatment(patient.id, date.fromisoformat(str(text)), name))
        except ValueError:  # not known, or not as a day
            continue
    return tuple(found)


def points_on_record(store: Store, patients: Collection[str]) -> list[Point]:
    """Dated results of patients on record, by day.

    Raises
    ------
    InputError
        A stored result is none: somebody else wrote it.
    """
    known = {one.patient for one in store.patients()}
    found = [
        one
        for patient in sorted(set(patients) & known)
        for one in residual_on_record(store.patient(patient))
    ]
    points = [point for one in found if (point := one.point) is not None]
    return sorted(points, key=lambda one: one.day)
