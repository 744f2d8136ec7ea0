"""The columns of the tables that are written: reactions, and reactions by cycle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from qpcr.export._content import Content, Row

REACTION_COLUMNS = (
    "well",
    "sample",
    "target",
    "task",
    "reporter",
    "quencher",
    "quantity",
    "cq",
    "cq_se",
    "cq_low",
    "cq_high",
    "cq_instrument",
    "threshold",
    "baseline_start",
    "baseline_end",
    "omitted",
    "excluded",
    "remarks",
    "efficiency",
    "efficiency_se",
    "n0",
    "n0_se",
)
"""Cq and its error in cycles, thresholds in ΔRn, quantities in the file's own unit; efficiency is
the factor per cycle, N0 the signal before the first one: both only with a named method of Cq."""
CYCLE_COLUMNS = ("cycle", "rn", "drn", "reporter_signal", "reference_signal")
"""Rn and ΔRn are ratios (the reporter's own unit without a passive reference)."""


def reaction_cells(row: Row) -> tuple[Any, ...]:
    """Cells of one reaction, in the order of :data:`REACTION_COLUMNS`; nothing is ``None``."""
    reaction = row.reaction
    return (
        reaction.well_name,
        reaction.sample,
        reaction.target,
        str(reaction.task),
        reaction.reporter,
        reaction.quencher,
        reaction.quantity,
        row.cq,
        row.cq_se,
        row.cq_low,
        row.cq_high,
        row.cq_instrument,
        row.threshold,
        None if row.baseline is None else row.baseline[0],
        None if row.baseline is None else row.baseline[1],
        reaction.omitted,
        " ".join(row.excluded) or None,
        " ".join(row.remarks) or None,
        row.efficiency,
        row.efficiency_se,
        row.n0,
        row.n0_se,
    )


def cycle_cells(content: Content, row: Row) -> Iterator[tuple[Any, ...]]:
    """Cells of one reaction by cycle, in the order of :data:`CYCLE_COLUMNS`."""
    layers = (row.rn, row.drn, row.reporter, row.reference)
    for position, cycle in enumerate(content.cycles):
        yield (
            int(cycle),
            *(None if layer is None else _number(layer[position]) for layer in layers),
        )


def _number(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


def tidy(content: Content) -> Iterator[tuple[Any, ...]]:
    """One row a reaction and cycle; a reaction without curve has one row, without cycle."""
    for row in content.rows:
        head = reaction_cells(row)
        if row.rn is None and row.drn is None:
            yield (*head, *(None,) * len(CYCLE_COLUMNS))
            continue
        for cells in cycle_cells(content, row):
            yield (*head, *cells)


def columns(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows turned into columns."""
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}
