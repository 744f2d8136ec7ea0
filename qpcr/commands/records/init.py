"""``qpcr records init``: make a store."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import store_option


@click.command()
@store_option
@click.option("--two-persons", is_flag=True, help="Whoever signs must not be who reviewed.")
def init(folder: Path, two_persons: bool) -> None:
    """Make an empty store in a folder that does not exist yet."""
    from qpcr.records import Policy, Store

    Store.init(folder, Policy(two_persons))
    click.echo(f"made: {folder}")


SUBCOMMAND = init
