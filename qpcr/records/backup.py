"""Copies of a store: of a moment, verified, and there only when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from qpcr.errors import InputError
from qpcr.records import _layout as layout
from qpcr.records._files import (
    FOLDER_MODE,
    TEMPORARY,
    in_words,
    make_folder,
    sync_folder,
    write_file,
)
from qpcr.records.ledger import LEDGER, read_entries
from qpcr.records.pseudonym_key import key_of
from qpcr.records.verify import Report


def copy_store(src: Path, dest: Path, prepare: Callable[[Path], Report]) -> None:
    """Copy a store as its ledger is at this moment; writers need not stop.

    Commits are copied as bytes, each checked against the ledger; nothing is opened. What is derived
    is not copied but made again by `prepare`, beside `dest`, which appears when all is well.

    Parameters
    ----------
    src, dest
        Folders; `dest` must be absent or empty.
    prepare
        Makes the derived files of the copy, and verifies it.

    Raises
    ------
    InputError
        `dest` is not empty or cannot be written, or `src` is damaged.
    """
    with in_words("the copy cannot be written", dest):
        if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
            raise InputError(
                "the folder is not empty: nothing is ever written over a store",
                file=dest,
                remedy="name a folder that does not exist",
            )
        layout.read_description(src)
        dest.parent.mkdir(parents=True, exist_ok=True)
        waiting = dest.with_name(f".{dest.name}.writing")
        shutil.rmtree(waiting, ignore_errors=True)
        waiting.mkdir(mode=FOLDER_MODE)
        try:
            _copy(src, waiting)
            refuse(prepare(waiting), src)
            if dest.exists():
                dest.rmdir()
            waiting.rename(dest)
            sync_folder(dest.parent)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)


def _copy(src: Path, dest: Path) -> None:
    for name in (TEMPORARY, layout.COMMITS, layout.PATIENTS):
        make_folder(dest / name)
    entries = read_entries(src)
    if not entries:
        raise InputError("the ledger of the store is empty", file=src)
    for entry, _ in entries:
        target = dest / entry.file
        make_folder(target.parent)
        data = layout.read_checked(src, entry.file, entry.size, entry.sha256)
        write_file(dest, target, data)
    key = src / layout.PSEUDONYMS
    if key.exists():
        data = key.read_bytes()
        try:
            key_of(data)
        except InputError as error:
            raise error.at(key) from error
        write_file(dest, dest / layout.PSEUDONYMS, data)
    write_file(dest, dest / LEDGER, b"".join(entry.line for entry, _ in entries))
    layout.write_head(dest, entries[-1][1])


def prepare(folder: Path) -> Report:
    """Make the derived files of a copy, and verify it."""
    from qpcr.records.store import Store

    store = Store.open(folder)
    store.rebuild_index()
    return store.verify()


def refuse(report: Report, src: Path) -> None:
    """Refuse a copy in which anything is wrong."""
    for one in report.problems:
        raise InputError(
            "the store is damaged: no copy was made",
            file=src,
            place=one.place,
            found=one.problem,
            remedy="qpcr records verify lists everything that is damaged",
        )
