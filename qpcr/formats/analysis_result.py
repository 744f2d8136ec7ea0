"""``analysis_result.txt`` on its own, as it lies inside ``.eds`` files of SDS 2.x and ViiA 7.

What :mod:`qpcr.formats._eds_results` says; wells count from 0, and nothing names the plate.
"""

from __future__ import annotations

import re

import numpy as np

from qpcr.errors import InputError
from qpcr.formats import Format, Probe
from qpcr.formats._cells import Comma, number
from qpcr.formats._eds_results import read_results
from qpcr.formats._eds_text import clean_name
from qpcr.formats._export_family import RESULT, family_of
from qpcr.formats._export_setup import task_of
from qpcr.formats._export_wells import PLATES
from qpcr.run import Provenance, Reaction, Run, Target, Task, well_name
from qpcr.said import say


def read(probe: Probe) -> Run:
    """Read the instrument's own results.

    Raises
    ------
    InputError
        Cut off, a reaction twice, curves of unequal length.
    """
    text = probe.text
    if not text.endswith("\n"):
        raise InputError(
            "the file ends in the middle of a line", remedy="the file was cut off: copy it again"
        )
    results = read_results(text, max(PLATES))
    if not results:
        raise InputError("the file holds no results", expected="a line a well and target")
    bare = [key for key, one in results.items() if one.rn is None or one.drn is None]
    if bare:
        raise InputError(
            "a reaction has no curve",
            place=f"well number {bare[0][0]}, target {bare[0][1]!r}",
            remedy="the file was cut off: copy it again",
        )
    highest = max(well for well, _ in results)
    rows, columns = next(PLATES[size] for size in (96, 384, 1536) if highest < size)
    reactions = _reactions(text, columns)
    cycles = max(len(one.rn) for one in results.values() if one.rn is not None)
    return Run(
        Provenance(probe.path.name, probe.sha256, probe.size, RESULT),
        rows,
        columns,
        tuple(sorted(reactions, key=lambda one: one.well)),
        {one.target: Target(one.target, "unknown") for one in reactions},
        None,
        np.arange(1, cycles + 1),
        results=results,
        notes=(
            say("The file does not name the plate; one of {size} wells holds all its wells.",
                size=rows * columns),
            say("The file does not say whether the plate has a passive reference."),
        ),
        unread=("Avg Ct, Ct SD, Delta Ct, Avg Qty, Qty SD", "lines 'DDCT Values'"),
    )  # fmt: skip


def _reactions(text: str, columns: int) -> list[Reaction]:
    """Sample, task and quantity of each line that names a well."""
    names: list[str] = []
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        cells = line.split("\t")
        if cells[0] == "Well":
            names = [name.strip() for name in cells]
        elif cells[0].isascii() and cells[0].isdigit() and names:
            row = dict(zip(names, cells, strict=False))
            task = task_of(row.get("Task", ""))
            amount = number(row.get("Qty", ""), Comma.UNKNOWN, f"well number {cells[0]}")
            found.append(
                Reaction(
                    int(cells[0]),
                    well_name(int(cells[0]), columns),
                    clean_name(row.get("Sample Name", "")) or None,
                    clean_name(row.get("Detector", "")),
                    task,
                    "unknown",
                    quantity=amount if task is Task.STANDARD else None,
                )
            )
    return found


FORMAT = Format(
    RESULT,
    "analysis_result.txt out of an .eds file",
    lambda probe: family_of(probe) == RESULT,
    read,
)
