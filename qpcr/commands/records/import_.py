"""``qpcr records import``: clinical data of a table into the store, all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qpcr.commands._options import FILE
from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option, user_option
from qpcr.commands.records._values import told
from qpcr.counted import counted

if TYPE_CHECKING:
    from qpcr.clinical.plan import Plan


@click.command("import")
@click.argument("file", type=FILE)
@store_option
@user_option
@click.option("--map", "column_map", type=FILE, help="What the columns mean: TOML or CSV.")
@click.option("--sheet", help="Sheet of a workbook; needed where there are several.")
@click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out; repeatable.")
@click.option("--specimens", is_flag=True, help="One row a specimen: time point, kind, date.")
@click.option("--reason", help="Why stored values are replaced; needed where any are.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@click.option("--show-ids", is_flag=True, help="Show patients' ids; otherwise rows are named.")
def import_(
    file: Path,
    folder: Path,
    user: str | None,
    column_map: Path | None,
    sheet: str | None,
    ignore: tuple[str, ...],
    specimens: bool,
    reason: str | None,
    dry_run: bool,
    show_ids: bool,
) -> None:
    """Import clinical data from FILE (CSV or xlsx, one row a patient): everything, or nothing.

    Every cell is checked: type, unit, range, code, order of dates. An empty cell takes nothing
    back. A column that is not understood refuses the file, unless it is to be ignored.
    """
    from qpcr.exchange.clinical import carry_out, plan_file

    store = opened(folder)
    plan = plan_file(store, file, column_map, sheet, specimens=specimens, ignore=ignore)
    _show(plan, show_ids)
    if dry_run and not plan.refusals:
        click.echo("nothing was written: --dry-run")
        return
    carry_out(store, plan, file, reason=reason, user=user)
    click.echo(
        f"imported: {counted(len(plan.differences), 'value')} of {counted(plan.patients, 'row')}"
    )


def _show(plan: Plan, show_ids: bool) -> None:
    """What is refused, what is replaced, and what is unusual."""
    if plan.refusals:
        heads = ("Row", "Column", "Problem", "Found", "Expected")
        rows = [
            (str(one.row), one.column, one.problem, one.found or "", one.expected)
            for one in plan.refusals
        ]
        print_table(dict.fromkeys(heads, "left"), rows)
    if plan.replaced:
        heads = ("Row", "Patient", "Field", "On record", "New")
        rows = [
            (str(d.row), d.patient if show_ids else "", d.field, _text(d.old), _text(d.new))
            for d in plan.replaced
        ]
        print_table(dict.fromkeys(heads, "left"), rows)
    for row, sentence in plan.notes:
        click.echo(f"note: row {row}: {sentence}")
    added = len(plan.differences) - len(plan.replaced)
    click.echo(
        f"{counted(plan.patients, 'row')}: {counted(len(plan.new), 'new patient')}; "
        f"{counted(added, 'value')} added, "
        f"{len(plan.replaced)} replaced, {plan.unchanged} unchanged, {len(plan.refusals)} refused"
    )
    if show_ids and plan.new:
        click.echo(f"new patients: {', '.join(plan.new)}")


def _text(value: Any) -> str:
    if isinstance(value, dict) and "value" not in value:
        return ", ".join(str(one) for one in value.values() if one is not None)
    return told(value)


SUBCOMMAND = import_
