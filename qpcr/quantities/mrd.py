"""Residual disease of samples: wells (:mod:`qpcr.quantities.mrd_wells`) → results by a profile.

Each sample is judged by the standards, background and wells without template of its own run
(:mod:`qpcr.quantities.mrd_runs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from calibration.blasts import BlastShare, blast_share
from calibration.errors import CalibrationError
from calibration.mrd import Residual, assess_sample
from calibration.mrd_assay import Assay
from calibration.mrd_profile import Profile, load_profile, profile_names
from qpcr._lists import grouped
from qpcr.errors import InputError, UnknownNameError
from qpcr.quantities.measured import one_method
from qpcr.quantities.mrd_runs import Plates, barred, unread
from qpcr.quantities.mrd_wells import MrdWell
from qpcr.quantities.named_table import read_named
from qpcr.said import as_said


@dataclass(frozen=True, slots=True)
class MrdResult:
    """Result of a sample of a patient in a target.

    `method` is that of Cq, ``None`` where not stated; `run` that of the sample's wells.
    """

    patient: str
    target: str
    sample: str
    day: date | None
    residual: Residual
    assay: Assay
    method: str | None = None
    run: str = ""


def profile_of(name_or_path: str) -> Profile:
    """Load a profile.

    Raises
    ------
    UnknownNameError
        No profile has that name.
    InputError
        The file cannot be read, or breaks the format.
    """
    if not name_or_path.endswith(".toml") and name_or_path not in profile_names():
        raise UnknownNameError(
            "there is no such profile",
            expected=f"{', '.join(profile_names())}, or a .toml file",
            found=name_or_path,
        )
    try:
        return load_profile(name_or_path)
    except CalibrationError as error:
        raise InputError("the profile cannot be used", found=str(error)) from error


def read_blasts(path: Path) -> dict[str, BlastShare]:
    """Read shares of blasts in diagnostic samples: ``patient, blasts`` and ``se`` or ``counted``.

    Raises
    ------
    InputError
        A column or cell is missing or wrong, or a patient stands twice.
    """
    found: dict[str, BlastShare] = {}
    for row in read_named(path, ["patient", "blasts"]):
        patient = row.text("patient")
        if patient in found:
            raise row.error("patient", "a patient stands twice", "one line a patient")
        counted = None if row.opt_number("counted") is None else row.whole("counted")
        try:
            found[patient] = blast_share(row.number("blasts"), row.opt_number("se"), counted)
        except CalibrationError as error:
            raise row.error("blasts", str(error), "a fraction, as 0.92") from error
    return found


def evaluate(
    profile: Profile,
    wells: Sequence[MrdWell],
    blasts: Mapping[str, BlastShare] | None = None,
    lender: str | None = None,
) -> tuple[MrdResult, ...]:
    """Judge every sample of every patient and target.

    Parameters
    ----------
    blasts
        Share of blasts in the diagnostic sample, by patient; without one, the quantities of the
        standards are taken as shares of cells.
    lender
        Run whose standards and background serve runs that have none of their own.

    Raises
    ------
    InputError
        There are no samples, a sample has two dates or two amounts of DNA or was measured in a
        target in two runs, Cq are by several methods, quantities cannot be of the profile's unit,
        or no well is of the run `lender`.
    """
    method = one_method(one.method for one in wells)
    plates = Plates.of(profile, wells, lender)
    samples = grouped(
        (one for one in wells if one.role == "sample"), lambda one: (one.patient, one.sample)
    )
    if not samples:
        raise InputError("there are no samples", expected="rows with the role sample")
    blasts = _known(blasts or {}, samples)
    results = []
    for (patient, sample), mine in samples.items():
        if patient is None or sample is None:
            raise InputError("a sample has no patient or no name", place=mine[0].source)
        ng, day = _one(mine, "ng"), _one(mine, "day")
        for (target, run), rows in _targets(plates, patient, mine).items():
            assay = plates.assay(patient, target, run, blasts.get(patient))
            cells = plates.cells(mine, run, ng)
            wanted = cells.made
            trouble = unread((*rows, *assay.used, *cells.used))
            if trouble is not None and wanted.reason is None:
                wanted = replace(wanted, reason=trouble)
            residual = assess_sample(profile, assay.made, [one.cq for one in rows], wanted)
            said = (*map(as_said, residual.reasons), *assay.remarks, *cells.remarks)
            said += barred((*rows, *assay.used, *cells.used))
            residual = replace(residual, reasons=said)
            results.append(
                MrdResult(patient, target, sample, day, residual, assay.made, method, run)
            )
    return tuple(results)


def _targets(
    plates: Plates, patient: str, mine: Sequence[MrdWell]
) -> dict[tuple[str, str], list[MrdWell]]:
    """Wells of a sample by target and run.

    A sample of which only cells were counted lacks the patient's targets, and that is said.

    Raises
    ------
    InputError
        A target was measured in two runs.
    """
    found = grouped(
        (one for one in mine if not plates.is_control(one)), lambda one: (one.target, one.run)
    )
    if not found:
        return {(target, mine[0].run): [] for target in plates.targets(patient)}
    runs = grouped(found, lambda key: key[0])
    for target, keys in runs.items():
        if len(keys) > 1:
            raise InputError(
                "a sample was measured in a target in two runs",
                place=found[keys[1]][0].source,
                found=f"{mine[0].sample}, {target}: {', '.join(run for _, run in keys)}",
                remedy="judge the runs one by one, or leave one out",
            )
    return found


def _known(
    blasts: Mapping[str, BlastShare], samples: Mapping[tuple[str | None, str | None], object]
) -> Mapping[str, BlastShare]:
    """The same shares, or an error if one is of a patient without a sample: a slip of the pen."""
    strange = sorted(set(blasts) - {patient for patient, _ in samples})
    if strange:
        raise InputError(
            "a share of blasts is of a patient without a sample",
            expected=", ".join(sorted({patient or "" for patient, _ in samples})),
            found=strange[0],
        )
    return blasts


def _one(wells: Sequence[MrdWell], name: str) -> Any:
    """The one value that all wells of a sample state, ``None`` if none does."""
    stated = {getattr(one, name) for one in wells} - {None}
    if len(stated) > 1:
        raise InputError(
            f"a sample has two values of {name}",
            place=wells[0].source,
            found=", ".join(sorted(map(str, stated))),
        )
    return stated.pop() if stated else None
