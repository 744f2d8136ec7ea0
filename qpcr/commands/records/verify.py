"""``qpcr records verify``: whether every file is as it was written."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qpcr.commands import FAILED
from qpcr.commands.records._options import say_report, store_option


@click.command()
@store_option
@click.option("--head", help="What records head said earlier, noted down elsewhere.")
@click.option(
    "--foreign", is_flag=True, help="A store of unknown origin: read by a process of its own."
)
def verify(folder: Path, head: str | None, foreign: bool) -> None:
    """Look at every file; exit code 1 when anything is not as it was written."""
    from qpcr.records.guard import guarded
    from qpcr.records.verify import verify as look

    report = guarded(folder, make=False, head=head) if foreign else look(folder, head)
    say_report(report)
    if report.problems:
        sys.exit(FAILED)


SUBCOMMAND = verify
