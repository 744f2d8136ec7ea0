"""Records out of the store: tidy CSV, Parquet, JSON, or FHIR; as they are, or under pseudonyms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qpcr.document import plain_value
from qpcr.errors import InputError
from qpcr.exchange.fhir import bundle
from qpcr.exchange.outgoing import Outgoing, outgoing
from qpcr.exchange.parquet import parquet
from qpcr.exchange.pseudonyms import Dates, Pseudonyms, deidentified, open_pseudonyms
from qpcr.exchange.tidy import tables
from qpcr.outputs import digest, write_texts
from qpcr.record import versions
from qpcr.records.patient import Patient

if TYPE_CHECKING:
    from primers import Panel
    from qpcr.records.store import Store

To = Literal["csv", "parquet", "json", "fhir"]
FORMATS: tuple[To, ...] = ("csv", "parquet", "json", "fhir")
FORMAT, FORMAT_VERSION = "ikaros-qpcr patients", 1
MANIFEST, SHA, BEFORE = "manifest.json", "sha256", "before"


def export_records(
    store: Store,
    folder: Path,
    to: To,
    patients: Sequence[str] = (),
    *,
    deidentify: bool = False,
    dates: Dates = "shift",
) -> list[Path]:
    """Write records of patients into a folder.

    What an earlier export of the same format wrote there, and nobody changed since, is removed: a
    patient who is not exported any more leaves no file behind.

    Parameters
    ----------
    store
        Where they are.
    folder
        Where to; its files can be read by their owner only.
    to
        ``"fhir"`` writes a bundle a patient, the others all patients together.
    patients
        Ids; all if none is stated.
    deidentify
        Under pseudonyms, see :mod:`qpcr.exchange.pseudonyms`.
    dates
        How dates are told then.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        No such patient, a stored value that cannot be understood, FHIR with dates in days, or a
        folder that cannot be written to.
    """
    if to == "fhir" and deidentify and dates == "days":
        raise InputError(
            "FHIR knows no days since diagnosis", remedy="move the dates: --dates shift"
        )
    ids = patients or [one.patient for one in store.patients()]
    found = [store.patient(one) for one in ids]
    pseudonyms = open_pseudonyms(store.folder) if deidentify else None
    if to == "fhir":
        files: dict[str, str | bytes] = dict(_bundles(store, found, pseudonyms))
    else:
        if pseudonyms is not None:
            made = (deidentified(one, pseudonyms, dates) for one in found)
            found = sorted(made, key=lambda one: one.id)
        files = _files(found, to, in_days=pseudonyms is not None and dates == "days")
    earlier = _earlier(folder)
    _check_apart(folder, deidentify, earlier.get("deidentified") is True)
    before = _listed(earlier)
    listed = {name: {"to": one["to"], SHA: one[SHA]} for name, one in before.items()}
    listed = {name: one for name, one in listed.items() if one["to"] != to}
    stale = [
        name
        for name, one in before.items()
        if name not in listed and _digest(folder / name) in (one[SHA], one[BEFORE])
    ]
    listed |= {name: {"to": to, SHA: digest(data)} for name, data in files.items()}
    told = _manifest(to, len(found), deidentify, dates)
    # Whatever this export leaves behind when it is cut off, the next one knows.
    coming = {name: {**one, BEFORE: one[SHA]} for name, one in before.items()}
    for name, one in listed.items():
        coming[name] = {**coming.get(name, {}), **one}
    begun = {**told, "unfinished": True, "files": coming}
    write_texts({MANIFEST: _json(begun)}, folder, private=True)
    files[MANIFEST] = _json({**told, "files": listed})
    return write_texts(files, folder, private=True, replaces=stale)


def _earlier(folder: Path) -> dict[str, Any]:
    """The manifest of an earlier export into this folder."""
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(manifest: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Files that a manifest lists, by name; whatever is no name of a file is left out."""
    files = manifest.get("files")
    return {
        name: {key: str(one.get(key)) for key in ("to", SHA, BEFORE)}
        for name, one in (files.items() if isinstance(files, dict) else ())
        if isinstance(one, dict) and Path(name).name == name and name != MANIFEST
    }


def _digest(path: Path) -> str | None:
    """SHA-256 of a file, as it is now."""
    try:
        return digest(path.read_bytes())
    except OSError:
        return None


def _check_apart(folder: Path, deidentify: bool, hidden: bool) -> None:
    """Refuse a folder where files with pseudonyms and files with ids would lie side by side."""
    there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if (deidentify and there and not hidden) or (hidden and not deidentify):
        raise InputError(
            "de-identified files must lie in a folder of their own",
            file=folder,
            found=f"{len(there)} other files",
            remedy="name a folder with --out that does not exist yet",
        )


def _files(patients: Sequence[Patient], to: To, in_days: bool) -> dict[str, str | bytes]:
    if to == "json":
        plain = [_plain(one) for one in patients]
        return {
            "patients.json": _json(
                {"format": FORMAT, "format_version": FORMAT_VERSION, "patients": plain}
            )
        }
    made = tables(patients, in_days)
    if to == "parquet":
        return {f"{one.name}.parquet": parquet(one) for one in made}
    return {f"{one.name}.csv": one.csv() for one in made}


def _plain(patient: Patient) -> dict[str, Any]:
    """A patient as plain values; without history where there is none."""
    made: dict[str, Any] = plain_value(patient)
    made["specimens"] = list(made["specimens"].values())
    made["results"] = list(made["results"].values())
    if not patient.events:
        del made["events"], made["sequence"]
    return made


def _bundles(
    store: Store, patients: Sequence[Patient], pseudonyms: Pseudonyms | None
) -> dict[str, str]:
    """FHIR bundles by file name; the file's name does not tell who it is about."""

    @cache
    def panel_of(run: str) -> Panel | None:
        return store.record(run).panel

    texts: dict[str, str] = {}
    for number, patient in enumerate(patients, 1):
        results: Sequence[Outgoing] = outgoing(patient, panel_of)
        shown, name = patient, f"patient-{number}"
        if pseudonyms is not None:
            shown = deidentified(patient, pseudonyms)
            name = shown.id
            results = _hidden(patient, shown, results, pseudonyms.shift(patient.id))
        texts[f"{name}.fhir.json"] = _json(bundle(shown, results))
    return dict(sorted(texts.items()))


def _hidden(
    patient: Patient, shown: Patient, results: Sequence[Outgoing], shift: timedelta
) -> list[Outgoing]:
    """Results under pseudonyms, their dates moved; those that were taken back do not go out."""
    hidden = dict(zip(patient.results, shown.results.values(), strict=True))
    return [
        replace(
            one,
            result=hidden[one.result.path],
            issued=None,
            recorded=None if one.recorded is None else _midnight(one.recorded + shift),
            earlier=None if one.earlier is None else hidden[one.earlier].path,
        )
        for one in results
        if one.result.path in hidden
    ]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _manifest(to: To, patients: int, deidentify: bool, dates: Dates) -> dict[str, Any]:
    told = {
        "shift": "moved back by 1 to 365 days, the same for all dates of one patient",
        "days": "whole days since diagnosis; empty where the date of diagnosis is not known",
    }
    return {
        "format": f"{FORMAT} export",
        "format_version": FORMAT_VERSION,
        "to": to,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "patients": patients,
        "deidentified": deidentify,
        "dates": told[dates] if deidentify else "as recorded",
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
