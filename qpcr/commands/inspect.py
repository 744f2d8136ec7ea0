"""``qpcr inspect``: what a file holds."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qpcr.commands._options import FILE, run_option
from qpcr.commands._screen import is_utf8, print_table


@click.command()
@click.argument("file", type=FILE)
@run_option
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def inspect(file: Path, run_name: str | None, as_json: bool) -> None:
    """Say what a file holds, what it does not, and what was not read."""
    from qpcr.formats import read_run

    run = read_run(file, run_name)
    if as_json:
        import json

        from qpcr.document import plain_value

        # Escaped where the stream does not know every character: a "?" would be other data.
        escaped = not is_utf8(sys.stdout)
        click.echo(json.dumps(plain_value(run), ensure_ascii=escaped, allow_nan=False))
        return
    from qpcr.inspection import facts

    print_table({"what": "left", "found": "left"}, facts(run), heads=False)


COMMAND = inspect
