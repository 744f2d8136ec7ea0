"""Clinical data of a table into the store: all of it in one commit, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr.clinical.column_map import ColumnMap, read_column_map
from qpcr.clinical.plan import Plan, plan_import
from qpcr.clinical.sheet import read_sheet
from qpcr.errors import InputError
from qpcr.formats._archive import read_whole
from qpcr.records.event import Change, Kind

if TYPE_CHECKING:
    from qpcr.records.query import Receipt
    from qpcr.records.store import Store


def plan_file(
    store: Store,
    file: Path,
    column_map: Path | None = None,
    sheet: str | None = None,
    today: date | None = None,
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

    Raises
    ------
    InputError
        The table or the map cannot be read.
    """
    columns = ColumnMap() if column_map is None else read_column_map(column_map)
    known = {one.patient for one in store.patients()}

    def stored(patient: str) -> Mapping[str, Any] | None:
        return store.patient(patient).clinical if patient in known else None

    try:
        return plan_import(read_sheet(file, sheet), columns, stored, today or date.today())
    except InputError as error:
        raise error.at(file) from error


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
            f"nothing was imported: {len(plan.refusals)} refusals in {plan.patients} rows",
            file=file,
            remedy="mend the cells that are listed, or the column map, and import again",
        )
    if plan.replaced and not reason:
        raise InputError(
            f"nothing was imported: {len(plan.replaced)} stored values would be replaced",
            file=file,
            expected="a reason, which is kept with every replaced value",
            remedy="state it with --reason",
        )
    digest = hashlib.sha256(read_whole(file)).hexdigest()
    changes = [
        Change(
            one.patient,
            Kind.CLINICAL,
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
