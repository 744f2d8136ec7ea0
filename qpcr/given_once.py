"""What is given twice would count double: files and runs are compared before anything is computed.

Two files are one where their bytes are (a copy under another name), two runs where their readings
are (saved again, or held by two files).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qpcr.errors import InputError
from qpcr.formats._archive import read_whole

if TYPE_CHECKING:
    from qpcr.record import Record

TWICE = "a file is given twice: its wells would count double"


def check_files(files: Iterable[Path]) -> None:
    """Refuse files that are copies of one another.

    Raises
    ------
    InputError
        Two are, or one cannot be read.
    """
    known: dict[str, Path] = {}
    for file in files:
        digest = hashlib.sha256(read_whole(file)).hexdigest()
        if digest in known:
            raise InputError(
                TWICE,
                file=file,
                found=f"the same bytes as {known[digest]}",
                remedy="give every plate once",
            )
        known[digest] = file


def readings_of(record: Record) -> str:
    """Digest of a run's wells, normalised reporter (R, C) and start: the same for one run only."""
    curves, started = record.curves, record.run.provenance.started
    wells = [one.well_name for one in curves.reactions]
    made = hashlib.sha256(repr((wells, started)).encode())
    made.update(curves.rn.tobytes())
    if np.isnan(curves.rn).all():  # nothing was measured: only the file tells
        made.update(repr((record.run.provenance.sha256, record.run.provenance.experiment)).encode())
    return made.hexdigest()


def check_runs(records: Iterable[Record]) -> None:
    """Refuse runs that are one run, whatever their files are called and say beside it.

    Raises
    ------
    InputError
        Two have the same readings.
    """
    known: dict[str, str] = {}
    for record in records:
        name, digest = record.run.provenance.file, readings_of(record)
        if digest in known:
            raise InputError(
                "a run is given twice: its wells would count double",
                file=name,
                found=f"the same readings as {known[digest]}",
                remedy="give every plate once",
            )
        known[digest] = name
