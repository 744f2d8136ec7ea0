"""What commands print: messages, tables, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from qpcr.record import Record

WIDE = 150
"""Characters a line has where the output is no terminal."""


def complain(error: Exception) -> None:
    """Say an error on the error stream."""
    click.echo(f"qpcr: {error}", err=True)


def console(stderr: bool = False) -> Console:
    """A rich console that never fails on characters a terminal does not have."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE)


def progress(visible: bool) -> Progress:
    """A bar on the error stream of a terminal, so that output can still be piped."""
    from rich.progress import Progress

    return Progress(console=console(stderr=True), transient=True, disable=not visible)


def show(record: Record) -> None:
    """Show the reactions of a record as a table, then what a person should know."""
    from qpcr.inspection import (
        CALL_COLUMNS,
        COLUMNS,
        FINDING_COLUMNS,
        call_rows,
        finding_rows,
        reaction_rows,
    )

    source = record.run.provenance
    click.echo(f"{source.file}  ·  {source.software}  ·  rules {record.curves.rules}")
    print_table(COLUMNS, reaction_rows(record))
    for note in (*record.run.notes, *record.curves.notes):
        click.echo(f"note: {note}")
    if record.findings:
        print_table(FINDING_COLUMNS, finding_rows(record))
    if record.calls:
        print_table(CALL_COLUMNS, call_rows(record))


def print_table(
    columns: dict[str, Any], rows: Iterable[tuple[str, ...]], heads: bool = True
) -> None:
    """Print a table; the last column is folded where the line is too short."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=heads)
    for head, side in columns.items():
        last = head == list(columns)[-1]
        table.add_column(
            head, justify=side, no_wrap=not last, overflow="fold" if last else "ellipsis"
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
