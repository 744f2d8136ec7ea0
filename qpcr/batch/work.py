"""The work on files: every run analyzed, kept and written; a bad one stops no other."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qpcr.batch.analyzed import Analyzed
from qpcr.batch.finished import finished, made_by
from qpcr.batch.folders import Placed, runs_of
from qpcr.batch.kept import keep
from qpcr.errors import QpcrError
from qpcr.farm import Mapper, in_order, in_turn
from qpcr.findings import Severity
from qpcr.outputs import write_outputs
from qpcr.unmatched import matched

if TYPE_CHECKING:
    from qpcr.batch.order import Order
    from qpcr.unmatched import Matched


def analyze_files(
    files: Sequence[Path], order: Order, mapper: Mapper = in_turn
) -> Generator[Analyzed, None, None]:
    """Analyze every run of some files.

    Parameters
    ----------
    files
        Their names without ending must differ where results are written: folders are called so.
    order
        What is asked for.
    mapper
        Where it is done. A job is a file, so that it is opened once; done one after the other,
        each run is told of as soon as it is done, elsewhere all runs of a file together.

    Yields
    ------
    Analyzed
        What came of each run, in the order of files and runs. Whoever closes the generator stops
        the work; what was written is whole.
    """
    if mapper is in_turn:
        for file in files:
            yield from analyze_file(file, order)
        return
    for whole in in_order(mapper, partial(_whole, order), files):
        yield from whole


def _whole(order: Order, file: Path) -> tuple[Analyzed, ...]:
    return tuple(analyze_file(file, order))


def analyze_file(file: Path, order: Order) -> Iterator[Analyzed]:
    """Analyze the runs of one file, one after the other: what came of each."""
    try:
        runs = runs_of(file, order.run_name)
    except QpcrError as error:
        yield Analyzed(file, order.run_name, error=error)
        return
    for number, one in enumerate(runs, 1):
        yield _analyze(one, Analyzed(file, one.run.name, number, len(runs)), order)


def _analyze(placed: Placed, blank: Analyzed, order: Order) -> Analyzed:
    """Do one run. It is kept before its results are written: finished means kept, too."""
    found: Matched | None = None
    folder = None if order.out is None else order.out / blank.file.stem / placed.folder
    try:
        if order.resume and folder is not None:
            before = finished(blank, folder, order)
            if before is not None:
                return before
        record = order.record_of(placed.run.read())
        found = matched(record)
        kept = keep(record, order)
        written: list[Path] = []
        if folder is not None:
            written = write_outputs(record, folder, order.lang, made_by(order, kept))
    except QpcrError as error:
        return replace(blank, error=error, matched=found)
    return replace(
        blank,
        record=record,
        written=tuple(written),
        kept=None if kept is None else kept.text,
        why=tuple(one.message for one in record.findings if one.severity is Severity.RUN),
        matched=found,
    )
