"""What commands print: messages, tables, progress."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from qpcr.record import Record

WIDE = 150
"""Characters a line has where the output is no terminal."""
READABLE, NARROW, GAP = 12, 8, 2
"""Characters of a column of texts that can be read well, that it always keeps, between columns."""


def complain(error: Exception) -> None:
    """Say an error on the error stream."""
    click.echo(f"qpcr: {error}", err=True)


def say_stopping() -> None:
    """Say that an interruption was noticed, and what is waited for."""
    click.echo("qpcr: stopping; runs that are at work are finished first", err=True)


def is_utf8(stream: TextIO) -> bool:
    """Whether every character can be written to a stream."""
    return codecs.lookup(stream.encoding or "ascii").name == "utf-8"


def console(stderr: bool = False) -> Console:
    """A rich console, as wide as the terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE)


def progress(visible: bool) -> Progress:
    """A bar on the error stream of a terminal, so that output can still be piped."""
    from rich.progress import Progress

    shown = visible and sys.stderr.isatty()  # elsewhere, ending it would print an empty line
    return Progress(
        console=console(stderr=True),
        transient=True,
        disable=not shown,
        redirect_stdout=sys.stdout.isatty(),  # what is piped must not end on the terminal
    )


def show(record: Record) -> None:
    """Show the reactions of a record as a table, then what a person should know."""
    from qpcr.inspection import (
        CALL_COLUMNS,
        COLUMNS,
        FINDING_COLUMNS,
        LESS_WANTED,
        QUANTITY_COLUMNS,
        call_rows,
        finding_rows,
        quantity_rows,
        reaction_rows,
        replicate_lines,
    )

    source = record.run.provenance
    software = source.software or "software not named"
    click.echo(f"{source.file}  ·  {software}  ·  rules {record.curves.rules}")
    if record.lots:
        click.echo(f"lots: {'; '.join(map(str, record.lots))}")
    print_table(COLUMNS, reaction_rows(record), omit=LESS_WANTED)
    if record.quantification is not None:
        click.echo(f"quantities: {record.quantification.said}")
        print_table(QUANTITY_COLUMNS, quantity_rows(record))
        for line in replicate_lines(record):
            click.echo(line)
    for note in (*record.run.notes, *record.curves.notes):
        click.echo(f"note: {note}")
    if record.findings:
        print_table(FINDING_COLUMNS, finding_rows(record))
    if record.calls:
        print_table(CALL_COLUMNS, call_rows(record))


def print_table(
    columns: dict[str, Any],
    rows: Iterable[tuple[str, ...]],
    heads: bool = True,
    omit: Sequence[str] = (),
) -> None:
    """Print a table so that nothing of a shown cell is lost, however short the line.

    Parameters
    ----------
    columns
        Heads, and the side each column is set to: numbers right, texts left. Only texts are folded.
    rows
        A text a column. A column without any is not shown.
    heads
        Show the heads.
    omit
        Heads of columns that are left out, the first first, where the line is too short.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    cells = {head: [row[place] for row in rows] for place, head in enumerate(columns)}
    cells = {head: column for head, column in cells.items() if any(column) or not rows}
    wanted = {
        head: max(cell_len(text) for text in (*column, head if heads else ""))
        for head, column in cells.items()
    }
    folded = {head for head in wanted if columns[head] == "left"}
    screen = console()
    for head in omit:
        readable = [min(wanted[h], READABLE) if h in folded else wanted[h] for h in wanted]
        if sum(readable) + GAP * (len(readable) - 1) > screen.width:
            wanted.pop(head, None)
    room = screen.width - GAP * (len(wanted) - 1)
    widths = _shared(wanted, folded, room)
    screen.width = max(screen.width, sum(widths.values()) + GAP * (len(widths) - 1))
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=heads)
    for head, width in widths.items():
        table.add_column(head, justify=columns[head], overflow="fold", width=width)
    for row in zip(*(cells[head] for head in widths), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    screen.print(table)


def _shared(wanted: dict[str, int], folded: set[str], room: int) -> dict[str, int]:
    """Widths of columns: the widest text gives way, until all fit or none can any more."""
    widths = dict(wanted)
    while sum(widths.values()) > room:
        wide = [head for head in widths if head in folded and widths[head] > NARROW]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths
