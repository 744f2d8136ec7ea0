"""``qpcr inspect``: what a file holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import BAD_INPUT
from qpcr.commands._options import FILE, run_option
from qpcr.commands._screen import complain, is_utf8, print_table, progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpcr.errors import InputError
    from qpcr.formats import RunIn
    from qpcr.run import Run


@click.command()
@click.argument("file", type=FILE)
@run_option
@click.option("--json", "as_json", is_flag=True, help="Everything of one run, as JSON.")
def inspect(file: Path, run_name: str | None, as_json: bool) -> None:
    """Say what a file holds, what it does not, and what was not read.

    Of a file with several runs: all of them in short, unless --run names one.
    """
    from qpcr.formats import read_run, runs_in

    if as_json or run_name is not None:
        _show(read_run(file, run_name), as_json)
        return
    runs = runs_in(file)
    if len(runs) == 1:
        _show(runs[0].read(), as_json)
    elif _show_all(file, runs):
        sys.exit(BAD_INPUT)


def _show(run: Run, as_json: bool) -> None:
    if as_json:
        import json

        from qpcr.document import plain_value

        # Escaped where the stream does not know every character: a "?" would be other data.
        escaped = not is_utf8(sys.stdout)
        click.echo(json.dumps(plain_value(run), ensure_ascii=escaped, allow_nan=False))
        return
    from qpcr.inspection import facts

    print_table({"what": "left", "found": "left"}, facts(run), heads=False)


def _show_all(file: Path, runs: list[RunIn]) -> int:
    """Show a line a run, then what is wrong with those that cannot be read; how many these are."""
    from qpcr.errors import InputError
    from qpcr.inspection import RUN_COLUMNS, run_row

    rows, wrong = [], []
    for one, run in _read_all(runs):
        if isinstance(run, InputError):
            wrong.append(run)
            rows.append((one.name or "", *[""] * (len(RUN_COLUMNS) - 2), run.problem))
        else:
            rows.append((one.name or "", *run_row(run), ""))
    click.echo(f"{file.name}  ·  {len(runs)} runs; --run NAME shows all of one")
    print_table(RUN_COLUMNS, rows)
    for error in wrong:
        complain(error)
    return len(wrong)


def _read_all(runs: Sequence[RunIn]) -> Iterator[tuple[RunIn, Run | InputError]]:
    """Read runs one after the other; one that cannot be read is what is wrong with it."""
    from qpcr.errors import InputError

    with progress(len(runs) > 1) as bar:
        for one in bar.track(runs, description="runs"):
            try:
                yield one, one.read()
            except InputError as error:
                yield one, error


COMMAND = inspect
