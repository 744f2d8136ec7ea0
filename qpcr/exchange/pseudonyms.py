"""Patients without what tells who they are: the same pseudonym for the same patient, always.

A pseudonym is HMAC-SHA-256 (RFC 2104) of the id under a key that stays in the store's folder,
readable by its owner only: nobody without the key can make pseudonyms of ids and compare. Dates are
moved back by 1 to 365 days, the same for all of one patient, so that times between them are kept;
or become days since diagnosis. Only fields of the schema go out: whatever else was noted, who did
what, names of samples and of runs are dropped or replaced. Ages above 89 become 90, as in 45 CFR
164.514(b)(2)(i)(C).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from qpcr._frozen import FrozenMap
from qpcr.calls import Outcome
from qpcr.clinical.fields import folded, schema
from qpcr.errors import InputError
from qpcr.records._layout import PSEUDONYMS as KEY_FILE
from qpcr.records.patient import Patient, Result, Specimen
from qpcr.records.pseudonym_key import is_bare, key_of, make_key, seal_key

OLDEST = 90
OUTCOMES = {str(one) for one in Outcome}
Dates = Literal["shift", "days"]


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms under one key."""

    key: bytes

    def _digest(self, kind: str, name: str) -> bytes:
        return hmac.new(self.key, f"{kind}\0{name}".encode(), hashlib.sha256).digest()

    def name(self, kind: str, name: str) -> str:
        """The pseudonym of something: 80 bits, so that no two of a million meet (p < 1e-12)."""
        text = base64.b32encode(self._digest(kind, name)[:10]).decode().lower()
        return f"{kind[0].upper()}-{text}"

    def shift(self, patient: str) -> timedelta:
        """How far the dates of one patient are moved: 1 to 365 days back."""
        return -timedelta(days=1 + int.from_bytes(self._digest("shift", patient)[:8]) % 365)


def open_pseudonyms(folder: Path) -> Pseudonyms:
    """The pseudonyms of a store; its key is made when there is none.

    Raises
    ------
    InputError
        The key cannot be read or made, is damaged, or can be read by others.
    """
    file = folder / KEY_FILE
    try:
        if not file.exists():
            make_key(folder)
        mode = file.stat().st_mode
        data = file.read_bytes()
    except OSError as error:
        raise InputError(
            "the key of the pseudonyms cannot be read or made", file=file, found=error.strerror
        ) from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise InputError(
            "others can read the key of the pseudonyms",
            file=file,
            expected="a file that its owner alone can read",
            remedy=f"chmod 600 {KEY_FILE}; if others have read it, delete it: pseudonyms change",
        )
    try:
        key = key_of(data)
    except InputError as error:
        raise error.at(file) from error
    if is_bare(data):
        seal_key(folder, key)
    return Pseudonyms(key)


def deidentified(patient: Patient, pseudonyms: Pseudonyms, dates: Dates = "shift") -> Patient:
    """A patient as they may be shown to somebody who must not know who it is.

    Parameters
    ----------
    patient
        As the store has them.
    pseudonyms
        Of the store.
    dates
        ``"shift"`` moves all dates alike; ``"days"`` turns them into whole days since diagnosis
        (``None`` where the date of diagnosis is not known).

    Returns
    -------
    Patient
        Without events and without anything that no field of the schema describes.
    """
    day = _Days(pseudonyms.shift(patient.id), _diagnosis(patient), dates)
    clinical = {name: _clinical(name, patient.clinical[name], day) for name in _known(patient)}
    specimens = [
        _specimen(number, one, day) for number, one in enumerate(patient.specimens.values(), 1)
    ]
    results = [_result(one, pseudonyms) for one in patient.results.values()]
    gone = [_result(one, pseudonyms) for one in patient.taken_back.values()]
    return Patient(
        pseudonyms.name("patient", patient.id),
        FrozenMap({name: one for name, one in clinical.items() if one is not None}),
        FrozenMap({one.key: one for one in specimens}),
        FrozenMap({one.path: one for one in results}),
        (),
        0,
        FrozenMap({one.path: one for one in gone}),
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """How dates of one patient are told."""

    shift: timedelta
    diagnosis: date | None
    dates: Dates

    def of(self, text: str | None) -> Any:
        try:
            day = None if text is None else date.fromisoformat(text[:10])
        except ValueError:
            return None
        if day is None:
            return None
        if self.dates == "shift":
            return (day + self.shift).isoformat()
        return None if self.diagnosis is None else (day - self.diagnosis).days


def _known(patient: Patient) -> list[str]:
    """Names of fields that the schema knows and that are no free text."""
    fields = schema().fields
    return [n for n in fields if n in patient.clinical and fields[n].kind not in ("id", "text")]


def _diagnosis(patient: Patient) -> date | None:
    found = patient.clinical.get("diagnosis_date")
    with suppress(ValueError, TypeError):
        return date.fromisoformat(str(found))
    return None


def _clinical(name: str, stored: Any, day: _Days) -> Any:
    """One value; one that is none of its field does not go out."""
    field = schema().fields[name]
    try:
        value = field.value(stored)
    except (ValueError, TypeError):
        return None
    if isinstance(value, date):
        return day.of(value.isoformat())
    if name == "age" and isinstance(value, float) and value >= OLDEST:
        value = float(OLDEST)
    return field.stored(value)


def _specimen(number: int, specimen: Specimen, day: _Days) -> Specimen:
    words = schema()
    return replace(
        specimen,
        key=f"S{number}",
        timepoint=_word(specimen.timepoint, words.timepoints),
        specimen=_word(specimen.specimen, words.specimens),
        date=day.of(specimen.date),
        other=FrozenMap(),
    )


def _word(text: str | None, words: Mapping[str, str]) -> str | None:
    """A word of the schema; any other text may hold anything."""
    return None if text is None else words.get(folded(text))


def _result(result: Result, pseudonyms: Pseudonyms) -> Result:
    def run(name: str | None) -> str | None:
        return None if name is None else pseudonyms.name("run", name)

    words = schema()
    sample = pseudonyms.name("sample", result.sample)
    here = pseudonyms.name("run", result.run)
    return replace(
        result,
        path=f"{here}/{sample}",
        run=here,
        sample=sample,
        outcome=result.outcome if result.outcome in OUTCOMES else None,
        timepoint=_word(result.timepoint, words.timepoints),
        specimen=_word(result.specimen, words.specimens),
        revision_of=run(result.revision_of),
        superseded_by=run(result.superseded_by),
        reviewed_by=None,
        signed_by=None,
        other=FrozenMap(),
    )
