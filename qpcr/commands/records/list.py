"""``qpcr records list``: the runs of a store."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option
from qpcr.counted import counted

COLUMNS = dict.fromkeys(
    ("Run", "Day", "File", "Panel", "Samples", "Valid", "Replaced by", "By", "Why"), "left"
)


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
    from qpcr.records.query import DAYS, is_day

    for name, day in (("--since", since), ("--until", until)):
        if day is not None and not is_day(day):
            raise click.UsageError(f"{name} {day!r}: expected {DAYS}")
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
    click.echo(counted(len(rows), "run"))


SUBCOMMAND = list_runs
