"""Runs that a command works through: those of all files, each with a folder of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from qpcr.commands._screen import progress

if TYPE_CHECKING:
    from qpcr.errors import InputError
    from qpcr.formats import RunIn
    from qpcr.run import Run

MAX_FOLDER = 120
"""Bytes of a folder's name; file systems take 255, and paths of Windows 260 characters in all."""
_UNSAFE = re.compile(r"[^\w .()+=,@-]")
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)\d)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows behind a dot."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the files a command was given.

    Attributes
    ----------
    folder
        Where its results go, inside the folder of all results: the file's name without its
        ending and, in a file with several runs, the run's name.
    run
        What it reads.
    """

    folder: Path
    run: RunIn

    @property
    def name(self) -> str | None:
        """Name of the run in a file that holds several."""
        return self.run.name


def jobs_of(file: Path, run_name: str | None, *, alone: bool) -> Iterator[Job]:
    """Jobs of one file: the run that is named, or every run, with a bar if the file is `alone`.

    A file that cannot be opened is one job, whose run says why when it is read.
    """
    from qpcr.errors import InputError
    from qpcr.formats import RunIn, read_run, runs_in

    stem = Path(file.stem)
    if run_name is not None:
        yield Job(stem, RunIn(file, None, partial(read_run, file, run_name)))
        return
    try:
        runs = runs_in(file)
    except InputError as error:
        yield Job(stem, RunIn(file, None, partial(_refuse, error)))
        return
    folders = folder_names([one.name or "" for one in runs])
    jobs = [
        Job(stem if one.name is None else stem / folder, one)
        for one, folder in zip(runs, folders, strict=True)
    ]
    with progress(alone and len(jobs) > 1) as bar:
        yield from bar.track(jobs, description="runs")


def _refuse(error: InputError) -> NoReturn:
    raise error


def folder_names(names: Sequence[str]) -> list[str]:
    """Names for folders: safe on every file system, no two alike, the same for the same names.

    Whatever is no letter, digit, space or one of ``.()+=,@-_`` becomes ``_``. Names that would be
    one, in capitals or not, get a number behind them.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        base = folder = _safe(name)
        number = 1
        while folder.casefold() in taken:
            number += 1
            folder = f"{base} ({number})"
        taken.add(folder.casefold())
        found.append(folder)
    return found


def _safe(name: str) -> str:
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).lstrip(" .")
    short = plain.encode()[:MAX_FOLDER].decode(errors="ignore").rstrip(" .")
    if not short or _DEVICES.fullmatch(short.partition(".")[0].strip()):
        short = f"run {short}".strip()
    return short


def read_all(runs: Sequence[RunIn]) -> Iterator[tuple[RunIn, Run | InputError]]:
    """Read runs one after the other; one that cannot be read is what is wrong with it."""
    from qpcr.errors import InputError

    with progress(len(runs) > 1) as bar:
        for one in bar.track(runs, description="runs"):
            try:
                yield one, one.read()
            except InputError as error:
                yield one, error
