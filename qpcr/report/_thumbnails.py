"""Small pictures of amplification curves, as shapes for an inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qpcr.calls import Evidence
    from qpcr.curves import Curves

WIDTH, HEIGHT = 150.0, 64.0
"""Size of one picture in its own units."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One curve: its reaction, points as SVG has them, heights of threshold and place of the Ct."""

    evidence: Evidence
    points: str
    threshold: float | None
    cq: float | None


def thumbnails(curves: Curves, evidence: tuple[Evidence, ...]) -> tuple[Thumbnail, ...]:
    """Draw the curves of some reactions on one scale, so that heights can be compared."""
    rows = [one.reaction for one in evidence]
    values = curves.drn[rows]
    levels = [level for row in rows if (level := curves.threshold_of(row)) is not None]
    top = max([float(np.nanmax(values, initial=0.0)), *levels, 1e-9]) * 1.05
    low = min(float(np.nanmin(values, initial=0.0)), -0.03 * top)
    first, last = int(curves.cycles[0]), int(curves.cycles[-1])

    def x_of(cycle: float) -> float:
        return round((cycle - first) / max(last - first, 1) * WIDTH, 1)

    def y_of(value: float) -> float:
        return round(HEIGHT - (value - low) / (top - low) * HEIGHT, 1)

    drawn = []
    for one in evidence:
        line = zip(curves.cycles.tolist(), curves.drn[one.reaction].tolist(), strict=True)
        points = " ".join(f"{x_of(c)},{y_of(v)}" for c, v in line if np.isfinite(v))
        level = curves.threshold_of(one.reaction)
        drawn.append(
            Thumbnail(
                one,
                points,
                None if level is None else y_of(level),
                None if one.cq is None else x_of(one.cq),
            )
        )
    return tuple(drawn)
