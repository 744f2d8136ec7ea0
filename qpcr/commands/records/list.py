"""``qpcr records list``: the runs of a store."""

from __future__ import annotations

import re
from pathlib import Path

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option

COLUMNS = dict.fromkeys(
    ("Run", "Day", "File", "Panel", "Samples", "Valid", "Replaced by", "By", "Why"), "left"
)

DAY = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")


@click.command("list")
@store_option
@click.option("--since", metavar="DAY", help="First day, YYYY-MM-DD (or YYYY-MM, YYYY).")
@click.option("--until", metavar="DAY", help="Last day, likewise.")
@click.option("--latest", is_flag=True, help="Leave out runs that a revision replaces.")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the newest first.")
def list_runs(
    folder: Path, since: str | None, until: str | None, latest: bool, limit: int | None
) -> None:
    """List runs, the newest first."""
    from qpcr.records import RunQuery

    for name, day in (("--since", since), ("--until", until)):
        if day is not None and not DAY.fullmatch(day):  # days are compared as texts
            raise click.UsageError(f"{name} {day!r}: expected YYYY-MM-DD, YYYY-MM or YYYY")
    query = RunQuery(since=since, until=until, latest=latest, limit=limit)
    rows = [
        (
            run.run_id,
            run.day,
            run.file,
            run.panel or "",
            str(run.samples),
            "no" if run.invalid else "yes",
            run.replaced_by or "",
            run.user,
            run.reason or "",
        )
        for run in opened(folder).runs(query)
    ]
    print_table(COLUMNS, rows)
    click.echo(f"{len(rows)} runs")


SUBCOMMAND = list_runs
