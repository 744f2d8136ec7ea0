"""``qpcr records restore``."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import FOLDER, store_option


@click.command()
@store_option
@click.argument("backup", type=FOLDER)
def restore(folder: Path, backup: Path) -> None:
    """Make a store of a BACKUP, verified on the way; nothing is ever written over."""
    from qpcr.records import Store

    store = Store.restore(backup, folder)
    click.echo(f"restored and verified: {folder}\nhead: {store.head()}")


SUBCOMMAND = restore
