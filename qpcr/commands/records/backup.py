"""``qpcr records backup``."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import FOLDER, opened, store_option


@click.command()
@store_option
@click.argument("dest", type=FOLDER)
def backup(folder: Path, dest: Path) -> None:
    """Copy the store to DEST, which must not exist, and verify the copy."""
    store = opened(folder)
    store.backup(dest)
    click.echo(f"copied and verified: {dest}")


SUBCOMMAND = backup
