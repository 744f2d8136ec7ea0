"""``qpcr cohort``: studies of many patients."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qpcr.commands import FAILED
from qpcr.commands._options import FILE, language_from, language_option
from qpcr.commands._screen import print_table


@click.group()
def cohort() -> None:
    """Study many patients: check published tables."""


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
    click.echo(f"{checked.compared} printed numbers compared, {len(rows)} do not agree")
    if rows:
        sys.exit(FAILED)


COMMAND = cohort
