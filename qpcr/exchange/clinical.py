"""Clinical data of a table into the store: all of it in one commit, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr._nearest import did_you_mean
from qpcr.clinical.cells import Reading, parse_cell
from qpcr.clinical.column_map import ColumnMap, read_column_map
from qpcr.clinical.dates import CellError
from qpcr.clinical.fields import schema
from qpcr.clinical.plan import Plan, plan_import
from qpcr.clinical.sheet import read_sheet
from qpcr.clinical.specimens import plan_specimens
from qpcr.counted import counted
from qpcr.errors import InputError, UnknownNameError
from qpcr.formats._archive import read_whole
from qpcr.records.event import Change, Kind
from qpcr.records.patient import value_at

if TYPE_CHECKING:
    from qpcr.records.query import Receipt
    from qpcr.records.store import Store


def plan_file(
    store: Store,
    file: Path,
    column_map: Path | None = None,
    sheet: str | None = None,
    today: date | None = None,
    *,
    specimens: bool = False,
    ignore: Collection[str] = (),
) -> Plan:
    """Say what an import of a table would do; nothing is written.

    Parameters
    ----------
    store
        Whose records are compared.
    file
        CSV or xlsx, one row a patient.
    column_map
        TOML or CSV, see :mod:`qpcr.clinical.column_map`.
    sheet
        Of a workbook.
    today
        No date may be later; by default this day.
    specimens
        The table has a row a specimen instead.
    ignore
        Heads of columns that are left out, besides those that the map names.

    Raises
    ------
    InputError
        The table or the map cannot be read, or a column to ignore is not in the table.
    """
    columns = ColumnMap() if column_map is None else read_column_map(column_map)
    columns = replace(columns, ignore=columns.ignore | set(ignore))
    known = {one.patient for one in store.patients()}

    def stored(patient: str) -> Mapping[str, Any] | None:
        return store.patient(patient).clinical if patient in known else None

    def taken(patient: str) -> Mapping[str, Any] | None:
        if patient not in known:
            return None
        one = store.patient(patient)
        return {key: value_at(one.events, Kind.SPECIMEN, key) for key in one.specimens}

    try:
        rows, day = read_sheet(file, sheet), today or date.today()
        _check_ignored(ignore, [cell.strip() for cell in rows[0].cells])
        if specimens:
            return plan_specimens(rows, columns, taken, day)
        return plan_import(rows, columns, stored, day, known)
    except InputError as error:
        raise error.at(file) from error


def _check_ignored(ignore: Collection[str], heads: Sequence[str]) -> None:
    for name in ignore:
        if name not in heads:
            raise InputError(
                "a column that is to be ignored is not in the table",
                expected=", ".join(heads[:20]),
                found=name,
                remedy=did_you_mean(name, heads),
            )


def carry_out(
    store: Store, plan: Plan, file: Path, *, reason: str | None = None, user: str | None = None
) -> Receipt:
    """Write a plan in one commit.

    Parameters
    ----------
    store, plan
        Where, and what.
    file
        The table the plan was made of: every change names it, its digest and its row.
    reason
        Why stored values are replaced.
    user
        Who; by default as the store does.

    Raises
    ------
    InputError
        The plan has refusals, nothing would change, stored values would be replaced without a
        reason, or the store has changed since the plan was made.
    """
    if plan.refusals:
        raise InputError(
            f"nothing was imported: {counted(len(plan.refusals), 'refusal')} in "
            f"{counted(plan.patients, 'row')}",
            file=file,
            remedy="mend what is listed, or the column map, and import again",
        )
    if plan.replaced and not reason:
        raise InputError(
            f"nothing was imported: it would replace {counted(len(plan.replaced), 'stored value')}",
            file=file,
            expected="a reason, which is kept with every replaced value",
            remedy="state it with --reason",
        )
    digest = hashlib.sha256(read_whole(file)).hexdigest()
    changes = [
        Change(
            one.patient,
            Kind(one.kind),
            one.field,
            one.new,
            reason=reason,
            source=f"{file.name} row {one.row} sha256:{digest}",
            old=one.old,
        )
        for one in plan.differences
    ]
    if not changes:
        raise InputError("nothing to import: the records say all of this already", file=file)
    return store.commit(changes=changes, user=user)


def clinical_change(
    patient: str, name: str, text: str, reason: str, today: date | None = None
) -> Change:
    """A change of one field of one patient, as a person types it.

    What it may say beside the patient's other values is checked by the store, as of every change.

    Parameters
    ----------
    patient, name, text, reason
        Whose, which field, the new value (``35.2``, ``35200 /µL``, ``男``, ``2021-03-05``), why.
    today
        No date may be later; by default this day.

    Raises
    ------
    InputError
        There is no such field, or the value is none of it.
    """
    field = schema().fields.get(name)
    if field is None or field.kind == "id":
        raise UnknownNameError(
            "there is no such clinical field",
            expected=", ".join(one for one in schema().fields if one != "patient"),
            found=name,
            remedy="qpcr records fields lists them",
        )
    try:
        value = parse_cell(text, Reading(field), today or date.today())
    except CellError as error:
        raise InputError(
            error.problem, place=name, expected=error.expected, found=text[:40]
        ) from error
    if value is None:
        raise InputError(
            "this says that nothing is known", place=name, remedy="take the value back instead"
        )
    return Change(patient, Kind.CLINICAL, name, field.stored(value), reason)
