"""Runs of a file, and the folder that the results of each go to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qpcr.formats import RunIn, read_run, runs_in

MAX_FOLDER = 120
"""Bytes of a folder's name; file systems take 255, and paths of Windows 260 characters in all."""
_UNSAFE = re.compile(r"[^\w .()+=,@-]")
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)\d)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows behind a dot."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A run, and the folder of its results inside that of its file (itself where it is alone)."""

    run: RunIn
    folder: Path


def runs_of(file: Path, wanted: str | None = None) -> list[Placed]:
    """List the runs of a file, or the one that is named; its folder is the same either way.

    Raises
    ------
    InputError
        The file cannot be opened or holds no run. A name that no run has is said when the run is
        read.
    """
    runs = runs_in(file)
    folders = folder_names([one.name or "" for one in runs])
    placed = [
        Placed(one, Path() if one.name is None else Path(folder))
        for one, folder in zip(runs, folders, strict=True)
    ]
    if wanted is None:
        return placed
    named = [one.folder for one in placed if _called(one.run.name, wanted)]
    chosen = RunIn(file, wanted, partial(read_run, file, wanted))
    return [Placed(chosen, named[0] if len(named) == 1 else Path())]


def _called(name: str | None, wanted: str) -> bool:
    """Whether a run of this full name may be called so: EXPERIMENT/RUN or RUN."""
    return name is not None and (name == wanted or name.endswith(f"/{wanted}"))


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
