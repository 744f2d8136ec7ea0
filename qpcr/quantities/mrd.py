"""Residual disease of samples: wells of tables or runs → results by a profile → tables and charts.

A table has a row a well: ``target, role, cq`` (empty = no Ct) and, where they apply, ``patient,
sample, quantity, date, ng``. `quantity` is in the unit of the profile
(:mod:`qpcr.quantities.mrd_units`). Roles: ``standard`` (dilution of the diagnostic sample, or of
the control gene's plasmid, with its quantity), ``background`` (normal DNA), ``ntc``, ``sample``.
Rows without a patient serve all patients. Rows of the profile's control gene count cells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from calibration.blasts import BlastShare, blast_share
from calibration.errors import CalibrationError
from calibration.mrd import Residual, assess_sample
from calibration.mrd_assay import Assay, assess_assay
from calibration.mrd_cells import count_cells
from calibration.mrd_profile import Profile, load_profile, profile_names
from calibration.standard_curve import StandardCurve, fit_standard_curve
from qpcr._lists import grouped
from qpcr.errors import InputError, UnknownNameError
from qpcr.quantities.measured import Measured, one_method
from qpcr.quantities.mrd_units import check_control_unit, check_unit
from qpcr.quantities.named_table import NamedRow, check_wells, read_named
from qpcr.run import Task
from qpcr.said import as_said

SMALLEST, LARGEST = 1e-30, 1e30
"""Quantities that are taken for such."""
ROLES = ("standard", "background", "ntc", "sample")


@dataclass(frozen=True, slots=True)
class MrdWell:
    """One well; `patient` is ``None`` where it serves all, `method` where a table says none."""

    patient: str | None
    target: str
    role: str
    sample: str | None
    quantity: float | None
    cq: float | None
    day: date | None
    ng: float | None
    source: str
    method: str | None = None


@dataclass(frozen=True, slots=True)
class MrdResult:
    """Result of a sample of a patient in a target; `method` of Cq, ``None`` where not stated."""

    patient: str
    target: str
    sample: str
    day: date | None
    residual: Residual
    assay: Assay
    method: str | None = None


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


def read_wells(path: Path) -> list[MrdWell]:
    """Read a table of wells.

    Raises
    ------
    InputError
        A column or cell is missing or wrong.
    """
    wells = []
    rows = read_named(path, ["target", "role", "cq"])
    check_wells(rows)
    for row in rows:
        role = row.choice("role", ROLES)
        wells.append(
            MrdWell(
                row.text("patient") if role == "sample" else row.opt_text("patient"),
                row.text("target"),
                role,
                row.text("sample") if role == "sample" else row.opt_text("sample"),
                _amount(row) if role == "standard" else None,
                row.opt_cq("cq"),
                row.opt_date("date"),
                row.opt_number("ng"),
                f"{path.name}, line {row.line}",
                row.opt_text("method"),
            )
        )
    return wells


def _amount(row: NamedRow) -> float:
    """Quantity of a standard, which must be positive."""
    value = row.number("quantity")
    if not SMALLEST <= value <= LARGEST:
        raise row.error(
            "quantity", "a quantity is not positive, or of no sensible size", "a number"
        )
    return value


def wells_of(
    rows: Sequence[Measured], patients: Mapping[str, str], background: Collection[str]
) -> list[MrdWell]:
    """Wells of a run: roles by task, patients by sample name, background by its samples' names.

    Raises
    ------
    InputError
        An unknown sample belongs to no patient, or a standard has no quantity.
    """
    wells = []
    tasks = {Task.STANDARD: "standard", Task.NTC: "ntc", Task.NEGATIVE_CONTROL: "background"}
    for row in rows:
        if row.omitted is not None or row.task in (Task.OTHER, Task.POSITIVE_CONTROL):
            continue
        name = row.sample or ""
        role = "background" if name in background else tasks.get(row.task, "sample")
        patient = patients.get(name)
        if role == "sample" and patient is None:
            raise InputError(
                "a sample belongs to no patient",
                file=row.file,
                place=f"well {row.well}",
                found=name or "no name",
                remedy="list it in --sheet (sample, patient), or name it with --background",
            )
        if role == "standard" and not row.stated:
            raise InputError("a standard has no quantity", file=row.file, place=f"well {row.well}")
        source = f"{row.file}, {row.well}"
        wells.append(
            MrdWell(
                patient, row.target, role, name, row.stated, row.cq, None, None, source, row.method
            )
        )
    return wells


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
    profile: Profile, wells: Sequence[MrdWell], blasts: Mapping[str, BlastShare] | None = None
) -> tuple[MrdResult, ...]:
    """Judge every sample of every patient and target.

    Parameters
    ----------
    blasts
        Share of blasts in the diagnostic sample, by patient; without one, the quantities of the
        standards are taken as shares of cells.

    Raises
    ------
    InputError
        There are no samples, a sample has two dates or two amounts of DNA, Cq are by several
        methods, or quantities cannot be of the profile's unit.
    """
    method = one_method(one.method for one in wells)
    control_name = profile.control_gene.name.casefold()
    controls = [one for one in wells if one.target.casefold() == control_name]
    others = [one for one in wells if one.target.casefold() != control_name]
    samples = grouped(
        (one for one in wells if one.role == "sample"), lambda one: (one.patient, one.sample)
    )
    if not samples:
        raise InputError("there are no samples", expected="rows whose role is sample")
    stated = [one for one in controls if one.role == "standard"]
    check_control_unit(profile, [(w.quantity or 0.0, w.cq, w.source) for w in stated])
    control = _control_curve(controls)
    blasts = _known(blasts or {}, samples)
    assays: dict[tuple[str, str], Assay] = {}
    results = []
    for (patient, sample), mine in samples.items():
        if patient is None or sample is None:
            raise InputError("a sample has no patient or no name", place=mine[0].source)
        measured = grouped(
            (one for one in mine if one.target.casefold() != control_name),
            lambda one: one.target,
        )
        if not measured:  # only cells were counted: the result is missing, and that is said
            wanted = {one.target for one in others if one.patient in (patient, None)}
            measured = {target: [] for target in sorted(wanted)}
        counted = [one.cq for one in mine if one.target.casefold() == control_name]
        ntc = [one.cq for one in controls if one.role == "ntc"]
        cells = count_cells(profile, control, counted, _one(mine, "ng"), ntc)
        for target, rows in measured.items():
            key = patient, target
            if key not in assays:
                assays[key] = _assay(profile, others, *key, blasts)
            residual = assess_sample(profile, assays[key], [one.cq for one in rows], cells)
            residual = replace(residual, reasons=tuple(map(as_said, residual.reasons)))
            day = _one(mine, "day")
            results.append(MrdResult(patient, target, sample, day, residual, assays[key], method))
    return tuple(results)


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


def _own(wells: Sequence[MrdWell], patient: str, target: str, role: str) -> list[MrdWell]:
    """Wells of a role: the patient's own, else those that serve all."""
    mine = [one for one in wells if one.target == target and one.role == role]
    own = [one for one in mine if one.patient == patient]
    return own or [one for one in mine if one.patient is None]


def _assay(
    profile: Profile,
    wells: Sequence[MrdWell],
    patient: str,
    target: str,
    blasts: Mapping[str, BlastShare],
) -> Assay:
    diluted = _own(wells, patient, target, "standard")
    check_unit(profile, [(w.quantity or 0.0, w.cq, w.source) for w in diluted])
    standards = [(w.quantity or 0.0, w.cq) for w in diluted]
    background = [w.cq for w in _own(wells, patient, target, "background")]
    ntc = [w.cq for w in wells if w.target == target and w.role == "ntc"]
    made = assess_assay(profile, standards, background, ntc, blasts.get(patient))
    reason = None if made.reason is None else as_said(made.reason)
    return replace(made, reason=reason, notes=tuple(map(as_said, made.notes)))


def _control_curve(wells: Sequence[MrdWell]) -> StandardCurve | None:
    """Standard curve of the control gene; ``None`` where its standards make none."""
    points = [
        (one.quantity, one.cq)
        for one in wells
        if one.role == "standard" and one.cq is not None and one.quantity is not None
    ]
    try:
        curve = fit_standard_curve([q for q, _ in points], [cq for _, cq in points])
    except CalibrationError:
        return None  # count_cells says that there is none
    return curve if curve.slope < 0 else None
