"""Step curves with bands and numbers at risk, as one SVG without script, font or foreign file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from qpcr._frozen import FloatArray

COLOURS = ("#d55e00", "#0072b2", "#a66b00", "#007a5a", "#8a3d72", "#444444")
"""Told apart by people who do not see all colours, after Okabe and Ito (2008); dashes help."""
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2")
WIDTH, LEFT, RIGHT, TOP, PLOT, LINE = 720.0, 150.0, 20.0, 34.0, 300.0, 17.0


@dataclass(frozen=True, eq=False, slots=True)
class StepLine:
    """One curve: level between its times, 1 or 0 (`start`) before the first.

    Attributes
    ----------
    name
        Anybody's text.
    start
        Where it begins.
    times, values, low, high, at_risk
        (T,) ascending; limits may be NaN.
    """

    name: str
    start: float
    times: FloatArray
    values: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: FloatArray

    def risk_at(self, time: float) -> int:
        """How many are observed up to a time or longer."""
        place = int(np.searchsorted(self.times, time, side="left"))
        return int(self.at_risk[place]) if place < len(self.times) else 0


def step_chart(
    title: str, lines: Sequence[StepLine], x_label: str, y_label: str, risk_label: str, note: str
) -> str:
    """Draw.

    Parameters
    ----------
    title, x_label, y_label, risk_label
        Words around it; the y axis goes from 0 to 100 %.
    lines
        None: an empty chart.
    note
        Below the title: the test.
    """
    end = max((float(one.times[-1]) for one in lines if len(one.times)), default=0.0) or 1.0
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60, 120) if end / s <= 10), 240)
    ticks = np.arange(0, end + step / 2, step)
    span = max(end, float(ticks[-1]))
    scale = (WIDTH - LEFT - RIGHT) / span
    bottom = TOP + PLOT
    height = bottom + 52 + LINE * (len(lines) + 1)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" '
            f'role="img" font-family="system-ui, sans-serif" font-size="12" fill="#1b2430">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH:g}" height="{height:g}" fill="#fff"/>',
        f'<text x="{LEFT:g}" y="14" font-weight="600">{escape(title)}</text>',
        f'<text x="{LEFT:g}" y="29" fill="#5b6675">{escape(note)}</text>',
    ]
    parts += _axes(ticks, scale, bottom, x_label, y_label)
    for place, one in enumerate(lines):
        parts += _curve(one, COLOURS[place % 6], DASHES[place % 6], scale)
    y = bottom + 52
    parts.append(f'<text x="4" y="{y:g}" font-weight="600">{escape(risk_label)}</text>')
    for place, one in enumerate(lines):
        y += LINE
        colour, dash = COLOURS[place % 6], DASHES[place % 6]
        parts.append(
            f'<line x1="4" x2="34" y1="{y - 4:g}" y2="{y - 4:g}" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dash}"/>'
            f'<text x="40" y="{y:g}" fill="{colour}">{escape(one.name[:14])}</text>'
        )
        parts += [
            f'<text x="{LEFT + t * scale:.1f}" y="{y:g}" text-anchor="middle">'
            f"{one.risk_at(float(t))}</text>"
            for t in ticks
        ]
    return "\n".join([*parts, "</svg>"])


def _axes(ticks: FloatArray, scale: float, bottom: float, x_label: str, y_label: str) -> list[str]:
    parts = [
        f'<path d="M{LEFT:g} {TOP:g}V{bottom:g}H{WIDTH - RIGHT:g}" fill="none" stroke="#1b2430"/>',
        (
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{bottom + 34:g}" text-anchor="middle">'
            f"{escape(x_label)}</text>"
        ),
        (
            f'<text transform="translate({LEFT - 44:g} {TOP + PLOT / 2:g}) rotate(-90)" '
            f'text-anchor="middle">{escape(y_label)}</text>'
        ),
    ]
    for percent in range(0, 101, 20):
        y = bottom - percent / 100 * PLOT
        parts.append(
            f'<path d="M{LEFT - 4:g} {y:g}H{WIDTH - RIGHT:g}" stroke="#e3e7ec"/>'
            f'<text x="{LEFT - 8:g}" y="{y + 4:g}" text-anchor="end">{percent} %</text>'
        )
    for t in ticks:
        x = LEFT + t * scale
        parts.append(
            f'<path d="M{x:.1f} {bottom:g}v4" stroke="#1b2430"/>'
            f'<text x="{x:.1f}" y="{bottom + 17:g}" text-anchor="middle">{t:g}</text>'
        )
    return parts


def _curve(one: StepLine, colour: str, dash: str, scale: float) -> list[str]:
    """The band where limits are known, and the curve over it."""

    def path(values: FloatArray) -> list[tuple[float, float]]:
        before, points = one.start, [(LEFT, TOP + PLOT * (1 - one.start))]
        for t, value in zip(one.times, values, strict=True):
            x = LEFT + float(t) * scale
            if value != before:
                points += [(x, TOP + PLOT * (1 - before)), (x, TOP + PLOT * (1 - float(value)))]
                before = float(value)
        if len(one.times):
            points.append((LEFT + float(one.times[-1]) * scale, TOP + PLOT * (1 - before)))
        return points

    def drawn(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

    known = np.isfinite(one.low) & np.isfinite(one.high)
    low = np.where(known, one.low, one.values)
    high = np.where(known, one.high, one.values)
    band = drawn([*path(high), *reversed(path(low))])
    return [
        f'<polygon points="{band}" fill="{colour}" fill-opacity="0.08"/>',
        (
            f'<polyline points="{drawn(path(one.values))}" fill="none" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dash}"/>'
        ),
    ]
