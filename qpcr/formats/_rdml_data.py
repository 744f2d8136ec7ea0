"""The curves and Cq of one RDML run: ``react`` and ``data``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.formats._rdml_plate import Grid
from qpcr.formats._rdml_setup import Sample
from qpcr.formats._rdml_text import children, number, reference, word
from qpcr.run import InstrumentResult, Reaction, Target, Task, well_name
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_CYCLES = 2_000
MAX_READINGS = 10_000_000
"""Reactions times cycles; 6,144 wells with six targets and 60 cycles have 2.2 million."""


@dataclass
class Readings:
    """What was read so far of one run."""

    reactions: list[Reaction] = field(default_factory=list)
    curves: dict[tuple[int, str], dict[int, float]] = field(default_factory=dict)
    cqs: dict[tuple[int, str], float | None] = field(default_factory=dict)
    excluded: dict[tuple[int, str], str] = field(default_factory=dict)
    levels: dict[str, set[float]] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    """Elements that were not used, and how many there were."""


_USED = {"tar", "cq", "excl", "adp", "quantFluor"}


def read_reacts(
    run: _Element,
    grid: Grid,
    samples: dict[str, Sample],
    targets: dict[str, Target],
    found: Readings,
) -> None:
    """Add the reactions of one run to `found`.

    Raises
    ------
    InputError
        A reaction refers to a sample or target that is not described, or holds one twice.
    """
    for react in children(run, "react"):
        well = grid.wells[react.get("id", "").strip()]
        place = f"react {react.get('id')!r}"
        key = reference(react, "sample")
        if key is not None and key not in samples:
            raise InputError(
                "a reaction refers to a sample that the file does not describe",
                place=place,
                found=repr(key[:60]),
            )
        for node in children(react, "data"):
            _data(node, well, grid.columns, samples.get(key) if key else None, targets, found)
        if next(children(react, "partitions"), None) is not None:
            found.passed["partitions (digital PCR)"] += 1


def _data(
    node: _Element,
    well: int,
    columns: int,
    sample: Sample | None,
    targets: dict[str, Target],
    found: Readings,
) -> None:
    name = reference(node, "tar")
    place = f"well {well_name(well, columns)}, target {name!r}"
    if name is None or name not in targets:
        raise InputError("a reaction refers to a target that the file does not describe",
                         place=place)  # fmt: skip
    if (well, name) in found.curves:
        raise InputError("a well holds the same target twice", place=place)
    target = targets[name]
    tasks = {} if sample is None else sample.tasks
    task = tasks.get(name, tasks.get(None, Task.UNKNOWN))
    quantity = None
    if sample is not None and task is Task.STANDARD:
        quantity = sample.quantities.get(name, sample.quantities.get(None))
        if quantity is None:  # version 1.0 states it here
            stated = number(word(node, "quantity/value"), place)
            quantity = stated if stated is not None and stated > 0 else None
            found.units.update([word(node, "quantity/unit") or "not named"] if quantity else [])
        found.units.update(sample.units)
    excluded = next(children(node, "excl"), None)
    omitted = excluded is not None and (excluded.text or "").strip().lower() != "false"
    if omitted and excluded is not None:
        found.excluded[well, name] = " ".join((excluded.text or "").split())[:200]
    found.reactions.append(
        Reaction(well, well_name(well, columns), None if sample is None else sample.name, name,
                 task, target.reporter, target.quencher, quantity, omitted)
    )  # fmt: skip
    found.curves[well, name] = _curve(node, place, found)
    if word(node, "cq") is not None:
        found.cqs[well, name] = number(word(node, "cq"), place)
    if (level := number(word(node, "quantFluor"), place)) is not None:
        found.levels.setdefault(name, set()).add(level)
    for child in node:
        tag = str(child.tag).rpartition("}")[2]
        if tag not in _USED:
            found.passed["melting curve (mdp)" if tag == "mdp" else f"{tag} of reactions"] += 1


def _curve(node: _Element, place: str, found: Readings) -> dict[int, float]:
    """Fluorescence by cycle."""
    curve: dict[int, float] = {}
    for point in children(node, "adp"):
        cycle = fluorescence = None
        for child in point:
            tag = str(child.tag).rpartition("}")[2]
            if tag == "cyc":
                cycle = number(child.text, place)
            elif tag == "fluor":
                fluorescence = number(child.text, place)
        if cycle is None or cycle != int(cycle) or not 0 <= cycle <= MAX_CYCLES:
            raise InputError(
                "a cycle that is no whole number", place=place,
                expected=f"1 to {MAX_CYCLES}", found=f"{cycle}",
            )  # fmt: skip
        if int(cycle) in curve:
            raise InputError("a cycle occurs twice", place=f"{place}, cycle {cycle:g}")
        if cycle == 0:
            found.passed["readings before the first cycle (cycle 0)"] += 1
            continue
        curve[int(cycle)] = np.nan if fluorescence is None else fluorescence
    return curve


def results_of(
    found: Readings, notes: list[str]
) -> tuple[int, dict[tuple[int, str], InstrumentResult]]:
    """Number of cycles, and curve and Cq of every reaction.

    A Cq as high as the cycles there are, or higher, is how several programs store "undetermined".
    """
    count = max((cycle for curve in found.curves.values() for cycle in curve), default=0)
    if count * len(found.curves) > MAX_READINGS:
        raise InputError(
            "the run has more readings than any instrument makes",
            expected=f"at most {MAX_READINGS}",
            found=f"{len(found.curves)} reactions of {count} cycles",
        )
    results = {}
    late = short = 0
    for key, curve in found.curves.items():
        rn: FloatArray | None = None
        if curve:
            rn = np.full(count, np.nan)
            rn[np.array(list(curve), dtype=np.int64) - 1] = list(curve.values())
            short += not np.isfinite(rn).all()
        cq = found.cqs.get(key)
        determined: bool | None = None
        if key in found.cqs:
            determined = cq is not None and cq > 0 and not (curve and cq >= max(curve))
            late += cq is not None and cq > 0 and not determined
        if rn is not None or determined is not None:
            results[key] = InstrumentResult(*key, cq if determined else None, determined, rn)
    if late:
        notes.append(
            say("{count} Cq are as high as the number of cycles: the file's way to say that there "
                "is none.", count=late)
        )  # fmt: skip
    if short:
        notes.append(
            say("{count} reactions lack readings at some cycles; they are left empty.", count=short)
        )
    return count, results
