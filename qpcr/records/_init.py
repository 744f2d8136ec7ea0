"""How a store comes into being, so that a kill at any moment leaves none, or a whole one.

The description is written last, under the writers' lock: it is what makes a folder a store. What a
kill leaves before that is known by its names and its emptiness; the next call begins anew there.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from qpcr.errors import InputError
from qpcr.records import _layout as layout
from qpcr.records._files import (
    FILE_MODE,
    FOLDER_MODE,
    TEMPORARY,
    clear_temporary,
    in_words,
    make_folder,
    sync_folder,
    write_file,
)
from qpcr.records.ledger import BEGIN, LEDGER, Position
from qpcr.records.review import Policy

WAIT = 10.0
"""Seconds to wait for somebody else who makes the same store."""


def make_store(folder: Path, policy: Policy) -> None:
    """Make an empty store.

    Raises
    ------
    InputError
        The folder holds something else, or cannot be written.
    """
    with in_words("the store cannot be made", folder):
        _check_free(folder)
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        try:
            with FileLock(folder / layout.LOCK, timeout=WAIT, mode=FILE_MODE):
                _check_free(folder)
                _fill(folder, policy)
        except Timeout as error:
            raise InputError(
                "somebody else is making a store there", file=folder, remedy="try again"
            ) from error


def _check_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError("this is a file, not a folder", file=folder, remedy="name a folder")
    names = [path.name for path in folder.iterdir() if path.name != layout.LOCK]
    if layout.DESCRIPTION in names:
        raise InputError(
            "the folder is not empty: there is a store in it already",
            file=folder,
            remedy="use it as it is, or name a folder that does not exist",
        )
    if names and not layout.begun(folder):
        raise InputError(
            "the folder is not empty", file=folder, remedy="name one that does not exist"
        )


def _fill(folder: Path, policy: Policy) -> None:
    """Write what a store consists of; its description last."""
    told = layout.Description(uuid.uuid4().hex, datetime.now(UTC).isoformat(), policy)
    folder.chmod(FOLDER_MODE)
    for name in (TEMPORARY, layout.COMMITS, layout.PATIENTS):
        make_folder(folder / name)
    clear_temporary(folder)
    sync_folder(folder.parent)
    entry = layout.entry_of(BEGIN, layout.DESCRIPTION, told.text, told.created)
    write_file(folder, folder / LEDGER, entry.line)
    layout.write_head(folder, Position(0, entry.hash, len(entry.line)))
    write_file(folder, folder / layout.DESCRIPTION, told.text)
