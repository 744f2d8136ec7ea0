"""Assays into a store: what the commands that make them share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from qpcr.quantities.kept import Kept


def keep_values(folder: Path, values: Sequence[Kept], reason: str | None, user: str | None) -> None:
    """Keep values in a store, all or none, and say so."""
    from qpcr.records import Store
    from qpcr.records.assays import assay_changes

    store = Store.open(folder)
    done = store.commit(changes=assay_changes(store, values, reason), user=user)
    click.echo("on record already" if done.already_there else f"kept in the store: {folder}")
