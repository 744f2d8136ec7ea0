"""One file, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from qpcr.errors import InputError


def write_file(data: bytes, path: Path, source: Path | None = None) -> None:
    """Write beside the target under another name, then move into place.

    Raises
    ------
    InputError
        The target is the source, is no regular file, or cannot be written.
    """
    try:
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise InputError(
                "the result would overwrite the file it is made from",
                file=path,
                remedy="name another file with --out",
            )
        if path.exists() and not path.is_file():
            raise InputError("the result cannot be written: this is no file", file=path)
        if path.exists():
            path.open("r+b").close()  # locked by another program, or read-only: say so first
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        waiting = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            waiting.chmod(0o666 & ~_umask())
            waiting.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                waiting.unlink()
    except OSError as error:
        raise InputError(
            "the result cannot be written",
            file=path,
            found=error.strerror or str(error),
            remedy="close the program that has the file open, choose another folder, or make room",
        ) from error


def _umask() -> int:
    """Permissions this process takes away from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
