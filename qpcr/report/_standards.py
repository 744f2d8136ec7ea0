"""Standard curves for pictures: the line of Ct over log10 quantity for each target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qpcr.run import Task

if TYPE_CHECKING:
    from qpcr.record import Record


@dataclass(frozen=True, slots=True)
class StandardLine:
    """Ct = intercept + slope · log10(quantity), by ordinary least squares.

    Attributes
    ----------
    target
        Of these standards.
    rows
        Reactions that the line was drawn through.
    slope, intercept
        Cycles per power of ten, and Ct of quantity 1.
    r2
        Share of the squares that the line explains.
    efficiency
        10^(−1/slope) − 1, 1 = doubling (Rasmussen 2001, doi:10.1007/978-3-642-59524-0_3); ``None``
        for a line that does not fall.
    low, high
        Smallest and largest quantity.
    """

    target: str
    rows: tuple[int, ...]
    slope: float
    intercept: float
    r2: float
    efficiency: float | None
    low: float
    high: float


def standards(record: Record) -> tuple[StandardLine, ...]:
    """Lines of the targets with standards of at least two quantities that have a Ct."""
    by_target: dict[str, list[tuple[int, float, float]]] = {}
    for row, reaction in enumerate(record.run.reactions):
        cq, quantity = float(record.fits.table.cq[row]), reaction.quantity
        used = reaction.task is Task.STANDARD and not reaction.omitted and np.isfinite(cq)
        if used and quantity is not None and quantity > 0:
            by_target.setdefault(reaction.target, []).append((row, quantity, cq))
    return tuple(
        _line(target, points)
        for target, points in by_target.items()
        if len({quantity for _, quantity, _ in points}) > 1
    )


def _line(target: str, points: list[tuple[int, float, float]]) -> StandardLine:
    quantities = np.array([quantity for _, quantity, _ in points])
    cqs = np.array([cq for *_, cq in points])
    x, y = np.log10(quantities), cqs
    slope, intercept = (float(one) for one in np.polyfit(x, y, 1))
    total = float(((y - y.mean()) ** 2).sum())
    left = float(((y - intercept - slope * x) ** 2).sum())
    return StandardLine(
        target,
        tuple(row for row, *_ in points),
        slope,
        intercept,
        1.0 - left / total if total > 0 else 0.0,
        10.0 ** (-1.0 / slope) - 1.0 if slope < 0 else None,
        float(quantities.min()),
        float(quantities.max()),
    )
