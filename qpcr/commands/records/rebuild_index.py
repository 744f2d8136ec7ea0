"""``qpcr records rebuild-index``."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import opened, store_option


@click.command("rebuild-index")
@store_option
def rebuild_index(folder: Path) -> None:
    """Make the index and the patients' files again from the commits."""
    opened(folder).rebuild_index()
    click.echo("made again")


SUBCOMMAND = rebuild_index
