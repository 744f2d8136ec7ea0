"""Wells of residual disease, from tables and from runs.

A table has a row a well: ``target, role, cq`` (empty = no Ct) and, where they apply, ``patient,
sample, quantity, date, ng, run``. `quantity` is in the unit of the profile
(:mod:`qpcr.quantities.mrd_units`). Roles: ``standard`` (dilution of the diagnostic sample, or of
the control gene's plasmid, with its quantity), ``background`` (normal DNA), ``ntc``, ``sample``.
Rows without a patient serve all patients. Rows of the profile's control gene count cells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from qpcr.errors import InputError
from qpcr.quantities.measured import Measured
from qpcr.quantities.named_table import NamedRow, check_wells, read_named
from qpcr.run import Task

SMALLEST, LARGEST = 1e-30, 1e30
"""Quantities that are taken for such."""
ROLES = ("standard", "background", "ntc", "sample")


@dataclass(frozen=True, slots=True)
class MrdWell:
    """One well.

    Attributes
    ----------
    patient
        ``None`` where it serves all.
    source
        Where it stands.
    method
        Of the Cq; ``None`` where a table says none.
    run
        The run it was measured in.
    unread
        It has a Ct by the instrument's rule, and none by the method that counts.
    barred
        A quality rule says that it must not be used.
    """

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
    run: str = ""
    unread: bool = False
    barred: bool = False

    @property
    def place(self) -> str:
        """File and well, in short."""
        return self.source.replace(", ", ":")


def read_wells(path: Path) -> list[MrdWell]:
    """Read a table of wells; a column ``run`` parts runs, without it the table is one.

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
                row.opt_text("run") or path.name,
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
                patient,
                row.target,
                role,
                name,
                row.stated,
                row.cq,
                None,
                None,
                source,
                row.method,
                run=row.file,
                unread=row.unread,
                barred=row.barred is not None,
            )
        )
    return wells
