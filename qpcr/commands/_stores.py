"""Which store a command reads or writes: named by ``--store``, or by the variable QPCR_STORE.

A command that works on a store takes either. One that works on files as well never writes into a
store, or mixes its runs into a result, because a variable is set: it has to be asked.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "QPCR_STORE"

keep_option: Callable[[Any], Any] = click.option(
    "--keep", is_flag=True, help=f"Keep it in the store that {VARIABLE} names."
)


def named() -> Path | None:
    """The store that the variable names."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else None


def to_write(store: Path | None, keep: bool) -> Path | None:
    """The store to write into, if one was asked for; says so where one is only named."""
    if store is not None:
        return store
    folder = named()
    if keep:
        if folder is None:
            raise click.UsageError(f"--keep: say where with --store, or set {VARIABLE}")
        return folder
    if folder is not None:
        click.echo(f"not kept in the store {folder}: that needs --keep", err=True)
    return None


def is_run(what: str) -> bool:
    """Whether what is named by a file or a run's id is a run's id."""
    return re.fullmatch(r"r[0-9a-f]{20}", what) is not None and not Path(what).exists()


def to_read(store: Path | None, *, instead_of: bool) -> Path | None:
    """The store to read; the one that is only named where nothing else was given to read."""
    return store if store is not None or instead_of else named()
