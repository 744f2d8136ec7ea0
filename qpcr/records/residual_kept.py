"""Filing residual disease: whose a measured sample is may change, but never in silence.

A result says from which files and wells it comes, whoever the patient is. So when a sheet or a
table is corrected, and the same measurement is another patient's, the earlier result is found: it
is taken back from the patient who had it, with a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr.errors import InputError
from qpcr.quantities.mrd_kept import PREFIX
from qpcr.records.event import Change, Event, Kind, canonical

if TYPE_CHECKING:
    from qpcr.quantities.mrd_wells import MrdWell
    from qpcr.records.store import Store

FILES, WELLS = "files_sha256", "wells_sha256"
"""In a stored result: digests of the files, and of the sample's wells without the patient."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What results were computed from.

    Attributes
    ----------
    files
        Digests of the files, in order.
    wells
        Digest of its wells by sample; samples of which no well amplified have none.
    """

    files: tuple[str, ...]
    wells: Mapping[str, str]


def measured_of(
    files: Sequence[Path], wells: Iterable[MrdWell], run_name: str | None = None
) -> Measured:
    """What is measured, by digests that do not depend on whose it is.

    With the name of a run, of files that hold several: another run is another measurement.
    """
    rows: dict[str, list[str]] = {}
    amplified = set()
    for one in wells:
        if one.role != "sample" or one.sample is None:
            continue
        day = None if one.day is None else one.day.isoformat()
        rows.setdefault(one.sample, []).append(canonical([one.target, one.cq, one.ng, day]))
        if one.cq is not None:
            amplified.add(one.sample)
    made = {
        sample: hashlib.sha256("\n".join([sample, *sorted(told)]).encode()).hexdigest()
        for sample, told in rows.items()
        if sample in amplified
    }
    return Measured(tuple(_digest(one, run_name) for one in files), made)


def _digest(file: Path, run_name: str | None) -> str:
    name = b"" if run_name is None else b"\0" + run_name.encode("utf-8", "backslashreplace")
    return hashlib.sha256(file.read_bytes() + name).hexdigest()


def keeping(store: Store, changes: Sequence[Change], measured: Measured) -> list[Change]:
    """Results to commit, those that are on record already left out, and what is taken back.

    Parameters
    ----------
    changes
        Results (:func:`qpcr.records.residual.mrd_changes`).
    measured
        What they were computed from.

    Raises
    ------
    InputError
        A measurement on record is another patient's, or another result of the same sample is on
        record, and nobody says why.
    """
    now = {(one.patient, one.path) for one in changes}
    made = []
    for change in changes:
        told = {**change.new, FILES: list(measured.files)}
        told[WELLS] = measured.wells.get(str(change.new["sample"]))
        last = {event.patient: event for event in store.history(path=change.path)}
        before = last.get(change.patient)
        moved = [
            event
            for patient, event in last.items()
            if (patient, change.path) not in now and _same(event, told, change.source)
        ]
        if moved and not (change.reason or "").strip():
            raise _belongs(change, len(moved))
        made += [
            Change(one.patient, Kind.CLINICAL, one.path, None, change.reason, change.source)
            for one in moved
        ]
        if before is not None and before.new is not None:
            if _bare(before.new) == _bare(told):
                continue
            if not (change.reason or "").strip():
                raise _other(change, before.new)
        made.append(
            Change(change.patient, Kind.CLINICAL, change.path, told, change.reason, change.source)
        )
    return made


def _same(event: Event, told: Mapping[str, Any], source: str | None) -> bool:
    """Whether a result on record is of the same measurement.

    The same file; the same wells in another one; or a file of the same name with a sample of the
    same day, as where more than the patient was corrected.
    """
    if event.kind is not Kind.CLINICAL or not isinstance(event.new, dict):
        return False
    files = event.new.get(FILES) or ()
    if set(files) & set(told[FILES]):
        return True
    if told[WELLS] is not None and event.new.get(WELLS) == told[WELLS]:
        return True
    return event.source == source and event.new.get("date") == told["date"]


def _bare(value: Any) -> Any:
    """A result without where it comes from."""
    if not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if name not in (FILES, WELLS)}


def _belongs(change: Change, number: int) -> InputError:
    patients = "another patient" if number == 1 else f"{number} other patients"
    return InputError(
        f"this measurement is on record of {patients}",
        place=change.path,
        expected="the same patient as before, or a reason: then it is taken back there",
        remedy="correct the sheet or table, or give --reason; what is another sample needs another "
        "name, of itself or of its file",
    )


def _other(change: Change, before: Any) -> InputError:
    days = [one.get("date") or "no day" for one in (before, change.new) if isinstance(one, dict)]
    return InputError(
        "another result of this sample is on record",
        place=change.path,
        expected="a reason, if it is the same sample measured or evaluated again",
        found=f"on record of {days[0]}, now of {days[-1]}",
        remedy="give --reason; a sample of another day needs a name of its own",
    )


def residual_left(patient_values: Mapping[str, Any], sample: str) -> list[str]:
    """Targets of residual disease that a patient has of a sample."""
    return [
        path.removeprefix(PREFIX).removesuffix(f"/{sample}")
        for path in patient_values
        if path.startswith(PREFIX) and path.endswith(f"/{sample}")
    ]
