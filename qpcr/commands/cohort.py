"""``qpcr cohort``: studies of many patients."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from qpcr.commands import FAILED
from qpcr.commands._options import FILE, FOLDER, language_from, language_option
from qpcr.commands._screen import print_table
from qpcr.counted import counted


@click.group()
def cohort() -> None:
    """Study many patients: tables, survival, a report; check published tables."""


@cohort.command("check")
@click.argument("table", type=FILE)
@language_option
def check(table: Path, lang: str | None) -> None:
    """Recompute a published TABLE (CSV or workbook) from its counts; say what does not agree.

    Columns: factor, group, n, total and what is printed: printed_percent, printed_statistic,
    printed_p; or factor, hr, low, high, printed_p. Exit code 1 says that something does not agree.
    """
    from qpcr.cohort.check import check_table
    from qpcr.report.language import language

    checked, tongue = check_table(table), language(language_from(lang))
    rows = [
        (
            one.table,
            one.factor,
            one.group,
            one.what,
            one.printed,
            one.computed,
            tongue.say(one.explanation),
        )
        for one in checked.disagreements
    ]
    heads = ("Table", "Factor", "Group", "Number", "Printed", "Computed", "What may have happened")
    if rows:
        print_table(dict.fromkeys(heads, "left"), rows)
    what = counted(checked.compared, "printed number")
    click.echo(f"{what} compared, {len(rows)} {'does' if len(rows) == 1 else 'do'} not agree")
    if rows:
        sys.exit(FAILED)


def _asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say whose data, by which study, and where to."""
    options: list[Callable[[Any], Any]] = [
        click.option("--store", type=FOLDER, envvar="QPCR_STORE", help="Store of records."),
        click.option("--table", type=FILE, help="Instead: CSV or xlsx, one row a patient."),
        click.option("--map", "column_map", type=FILE, help="Column map of the table."),
        click.option("--sheet", help="Sheet of a workbook."),
        click.option(
            "--study", "name", default="ikzf1-ball", show_default=True, help="Or a TOML file."
        ),
        click.option("--signed-only", is_flag=True, help="Unsigned results say nothing."),
        click.option("--out", type=FOLDER, required=True, help="Folder to write to."),
        language_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _run(asked: dict[str, Any], *, survival: bool, page: bool) -> None:
    from qpcr.cohort.analysis import analyze_cohort
    from qpcr.cohort.publish import write_cohort
    from qpcr.cohort.study import load_study
    from qpcr.cohort.subjects import from_store, from_table
    from qpcr.records import Store

    store, table = asked["store"], asked["table"]
    if table is None and store is None:
        raise click.UsageError("say --store DIR or --table FILE")
    study = load_study(asked["name"])
    if table is not None:
        cohort = from_table(table, asked["column_map"], asked["sheet"])
    else:
        cohort = from_store(Store.open(store), signed_only=asked["signed_only"])
    analysis = analyze_cohort(cohort, study, survival=survival)
    written = write_cohort(analysis, asked["out"], language_from(asked["lang"]), page=page)
    if cohort.synthetic:
        click.echo("SYNTHETIC patients: invented for demonstration")
    there, out = len(cohort.subjects), len(cohort.exclusions)
    takes, left = "takes" if there == 1 else "take", "is" if out == 1 else "are"
    click.echo(f"{counted(there, 'patient')} {takes} part, {out} {left} left out")
    for rule, number in cohort.counts.items():
        if number:
            click.echo(f"  left out: {number}, {rule}")
    for path in written:
        click.echo(f"written: {path}")


@cohort.command("tables")
@_asked
def tables(**asked: Any) -> None:
    """Characteristics by group and deletion types, as CSV."""
    _run(asked, survival=False, page=False)


@cohort.command("survival")
@_asked
def survival(**asked: Any) -> None:
    """Rates, tests, Cox models as CSV, and curves as SVG."""
    _run(asked, survival=True, page=False)


@cohort.command("report")
@_asked
def report(**asked: Any) -> None:
    """Everything, with a page to read (HTML)."""
    _run(asked, survival=True, page=True)


COMMAND = cohort
