"""Files that are there wholly or not at all, and disk errors in words.

Everything that this package writes goes through here, so that a test can kill it at each step.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qpcr.errors import InputError

FILE_MODE, FOLDER_MODE = 0o600, 0o700
BATCH, SYNCING = 64, 8
"""Files of one batch, and how many of them are synced at the same time."""
TEMPORARY = "tmp"
ROOM = (
    "make room on the disk, or check who may write there; nothing was lost, and nothing "
    "half-written stays"
)


@contextlib.contextmanager
def in_words(problem: str, folder: Path, remedy: str = ROOM) -> Iterator[None]:
    """Turn what the operating system refuses into an error that a person can mend."""
    try:
        yield
    except OSError as error:
        raise InputError(
            problem,
            file=folder,
            found=error.strerror or type(error).__name__,
            remedy=remedy,
        ) from error


def make_folder(path: Path) -> None:
    """Make a folder for its owner only, durably; it may exist."""
    if path.is_dir():
        return
    os.mkdir(path, FOLDER_MODE)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable; where the system cannot (Windows), it does so itself."""
    flag = getattr(os, "O_DIRECTORY", None)
    if flag is None:
        return
    handle = os.open(path, os.O_RDONLY | flag)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(store: Path, path: Path, data: bytes) -> None:
    """Write a file so that its name never stands for anything but all of `data`.

    Written under a temporary name in the store's own folder for them, fsync, rename, fsync of the
    folder. An existing file is replaced.
    """
    write_files(store, [(path, data)])


def write_files(store: Path, files: Iterable[tuple[Path, bytes]]) -> None:
    """Write files, each as :func:`write_file` does; when this returns all are durable.

    Every file is synced before it gets its name. Files of one batch are synced at the same time,
    which the disk does in fewer steps, and every folder once, after the last name in it.
    """
    folders: dict[Path, None] = {}
    waiting = iter(files)
    while batch := list(itertools.islice(waiting, BATCH)):
        _write_batch(store, batch)
        folders |= dict.fromkeys(path.parent for path, _ in batch)
    for folder in folders:
        sync_folder(folder)


def _write_batch(store: Path, files: Sequence[tuple[Path, bytes]]) -> None:
    """Write files under temporary names, sync all, then rename all; or leave none of the names."""
    handles: dict[int, Path] = {}
    names: list[Path] = []
    try:
        try:
            for path, data in files:
                names.append(store / TEMPORARY / f"{path.name}.{secrets.token_hex(8)}")
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _binary()
                handle = os.open(names[-1], flags, FILE_MODE)
                handles[handle] = names[-1]
                write_all(handle, data)
            _sync_all(list(handles))
        finally:
            for handle in handles:
                os.close(handle)
        for name, (path, _) in zip(names, files, strict=True):
            os.replace(name, path)
    except BaseException:
        for name in names:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise


def _sync_all(handles: Sequence[int]) -> None:
    """Sync open files; several at the same time, where there are threads to be had."""
    if len(handles) > 1:
        # None are to be had at the end of a program, or where the system has no more of them.
        with (
            contextlib.suppress(RuntimeError),
            ThreadPoolExecutor(min(SYNCING, len(handles))) as pool,
        ):
            list(pool.map(os.fsync, handles))
            return
    for handle in handles:
        os.fsync(handle)


def write_all(handle: int, data: bytes) -> None:
    """Write all of `data`, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def append(path: Path, data: bytes, at: int) -> None:
    """Append to a file that is `at` bytes long, durably; or leave it as long as it was."""
    handle = os.open(path, os.O_WRONLY | _binary())
    try:
        try:
            os.lseek(handle, at, os.SEEK_SET)
            write_all(handle, data)
            os.fsync(handle)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, at)
                os.fsync(handle)
            raise
    finally:
        os.close(handle)


def truncate(path: Path, size: int) -> None:
    """Cut a file to `size` bytes, durably."""
    handle = os.open(path, os.O_WRONLY | _binary())
    try:
        os.ftruncate(handle, size)
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file, durably; it may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
        sync_folder(path.parent)


def clear_temporary(store: Path) -> None:
    """Remove what killed writers left; only under the writers' lock."""
    for path in (store / TEMPORARY).iterdir():
        remove(path)


def _binary() -> int:
    return getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
