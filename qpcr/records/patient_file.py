"""A patient's own file: derived from the commits, for other tools; made again whenever wanted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from qpcr.errors import InputError
from qpcr.records._hdf import (
    build,
    number_attribute,
    opened,
    put_attributes,
    put_json,
    text_attribute,
)
from qpcr.records._layout import PATIENTS
from qpcr.records._tables import put_events, put_table
from qpcr.records.event import canonical
from qpcr.records.patient import Patient

FORMAT, FORMAT_VERSION = "ikaros-qpcr patient", 1


def patient_path(folder: Path, store: str, patient: str) -> Path:
    """Where the file of a patient lies: the name tells nothing to who does not know the store."""
    name = hashlib.sha256(f"{store}/{patient}".encode()).hexdigest()[:32]
    return folder / PATIENTS / name[:2] / f"{name}.h5"


def patient_bytes(patient: Patient, store: str) -> bytes:
    """Make the file of a patient."""

    def fill(file: Any) -> None:
        put_attributes(
            file,
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "store": store,
                "patient": patient.id,
                "sequence": patient.sequence,
                "state_sha256": state_digest(patient),
            },
        )
        put_table(file, "clinical", _clinical(patient), "clinical fields as they are now")
        put_table(file, "specimens", _specimens(patient), "what was taken from the patient, when")
        put_table(file, "results", _results(patient), "results as they are now")
        put_events(file, patient.events)
        put_json(file, "clinical_json", dict(patient.clinical), "clinical fields, exactly")

    return build(fill)


def state_digest(patient: Patient) -> str:
    """SHA-256 of the history, to tell whether a file is up to date."""
    told = [
        [e.id, e.at.isoformat(), e.user, str(e.kind), e.path, e.old, e.new, e.reason, e.source]
        for e in patient.events
    ]
    return hashlib.sha256(canonical([patient.id, told]).encode()).hexdigest()


def read_head(data: bytes) -> tuple[str, int, str]:
    """Patient, sequence and state digest of a patient's file.

    Raises
    ------
    InputError
        The file is damaged or of another kind.
    """
    with opened(data) as file:
        if text_attribute(file, "format") != FORMAT:
            raise InputError("the file is no patient's", expected=FORMAT)
        return (
            text_attribute(file, "patient"),
            number_attribute(file, "sequence"),
            text_attribute(file, "state_sha256"),
        )


def _clinical(patient: Patient) -> dict[str, list[Any]]:
    rows = []
    for name, value in patient.clinical.items():
        parts = value if isinstance(value, dict) else {"value": value}
        number = parts.get("value")
        numeric = isinstance(number, (int, float)) and not isinstance(number, bool)
        text = number if isinstance(number, str) else canonical(number)
        rows.append((name, text, number if numeric else None, parts.get("unit"), parts.get("date")))
    names = ("field", "text", "value", "unit", "date")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _specimens(patient: Patient) -> dict[str, list[Any]]:
    names = ("key", "timepoint", "specimen", "date")
    return {name: [getattr(o, name) for o in patient.specimens.values()] for name in names}


def _results(patient: Patient) -> dict[str, list[Any]]:
    plain = (
        "path", "run", "sample", "outcome", "panel", "panel_version", "specimen", "timepoint",
        "revision_of", "superseded_by", "state", "reviewed_by", "signed_by",
    )  # fmt: skip
    results = patient.results.values()
    columns: dict[str, list[Any]] = {n: [getattr(o, n) for o in results] for n in plain}
    for name in ("deletions", "classes"):
        columns[name] = [" + ".join(getattr(o, name)) for o in results]
    columns["reactions"] = [" ".join(map(str, o.reactions)) for o in results]
    return columns
