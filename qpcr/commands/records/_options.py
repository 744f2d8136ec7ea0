"""Options that the commands of a store share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qpcr.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpcr.records import Store
    from qpcr.records.verify import Report

FOLDER = click.Path(path_type=Path, file_okay=False)

store_option: Callable[[Any], Any] = click.option(
    "--store",
    "folder",
    type=FOLDER,
    required=True,
    envvar="QPCR_STORE",
    show_envvar=True,
    help="Folder of the store.",
)
user_option: Callable[[Any], Any] = click.option(
    "--user", help="Who does it; default: the name you are logged in with."
)


def opened(folder: Path) -> Store:
    """Open the store that a command works on."""
    from qpcr.records import Store

    return Store.open(folder)


def say_report(report: Report) -> None:
    """Print what a verification found."""
    for one in report.problems:
        click.echo(f"{one.place}: {one.problem}\n  what to do: {one.remedy}")
    for note in report.notes:
        click.echo(f"note: {note}")
    state = counted(len(report.problems), "problem") if report.problems else "whole"
    held = f"{counted(report.commits, 'commit')}, {counted(report.patients, 'patient')}"
    click.echo(f"{held}: {state}")
    click.echo(f"head: {report.head}")
