"""``qpcr records head``: a digest of the whole history."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import opened, store_option


@click.command()
@store_option
def head(folder: Path) -> None:
    """Print a digest of the whole history, to be noted down elsewhere for records verify."""
    click.echo(opened(folder).head())


SUBCOMMAND = head
