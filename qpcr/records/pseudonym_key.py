"""The key of the pseudonyms of a store: sealed, so that a flipped bit never makes other pseudonyms.

Earlier versions wrote the bare 32 bytes. Those are still read, and are sealed when they are used;
whether they had been altered before that nobody can tell.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from qpcr.errors import InputError
from qpcr.records._files import FILE_MODE, sync_folder, write_all
from qpcr.records._layout import PSEUDONYMS
from qpcr.records.seal import MAGIC, SIZE, check_seal, sealed

KEY_BYTES = 32


def key_of(data: bytes) -> bytes:
    """The key in the bytes of its file.

    Raises
    ------
    InputError
        They are not what was written.
    """
    if len(data) == KEY_BYTES and not data.startswith(MAGIC):
        return data
    try:
        check_seal(data)
    except InputError as error:
        raise _damaged(error.found) from error
    if len(data) != SIZE + KEY_BYTES:
        raise _damaged(f"a key of {len(data) - SIZE} bytes, not of {KEY_BYTES}")
    return data[SIZE:]


def is_bare(data: bytes) -> bool:
    """Whether a key is one without a seal."""
    return len(data) == KEY_BYTES


def _damaged(found: str | None) -> InputError:
    return InputError(
        "the key of the pseudonyms is damaged: other pseudonyms would come of it",
        found=found,
        remedy=f"take {PSEUDONYMS} from a backup of the store; whoever deletes it gets a new key, "
        "and all pseudonyms change",
    )


def make_key(folder: Path) -> None:
    """Make a key that appears whole and only once, whoever else makes one at the same time."""
    _appear(folder, secrets.token_bytes(KEY_BYTES), os.link)


def seal_key(folder: Path, key: bytes) -> None:
    """Seal a key that has none yet, where the folder may be written."""
    with suppress(OSError):
        _appear(folder, key, os.replace)


def _appear(folder: Path, key: bytes, put: Callable[[Path, Path], None]) -> None:
    file = folder / PSEUDONYMS
    waiting = folder / f".{PSEUDONYMS}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(waiting, flags, FILE_MODE)
    try:
        try:
            write_all(handle, sealed(key))
            os.fsync(handle)
        finally:
            os.close(handle)
        with suppress(FileExistsError):
            put(waiting, file)
        sync_folder(folder)
    finally:
        waiting.unlink(missing_ok=True)
