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
def verify(folder: Path, head: str | None) -> None:
    """Look at every file; exit code 1 when anything is not as it was written."""
    from qpcr.records.verify import verify as look

    report = look(folder, head)
    say_report(report)
    if report.problems:
        sys.exit(FAILED)


SUBCOMMAND = verify
