"""Small charts over time as inline SVG: points, a line, limits, events; one HTML page of them.

No script and no network: the page can be printed and kept. All texts are escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 280
LEFT, RIGHT, TOP, BOTTOM = 78, 20, 44, 40
LETTER, WIDE_LETTER = 7.0, 12.5
"""Width of a letter, and of a Chinese one, about."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A value at a place on the time axis.

    Attributes
    ----------
    x, y
        Place and value.
    kind
        A word of the style sheet: ``"good"``, ``"bad"``, ``"warn"``, ``"open"`` (an upper bound,
        drawn hollow with an arrow down).
    title
        What a pointer over it says.
    low, high
        Interval, drawn as a bar.
    """

    x: float
    y: float
    kind: str
    title: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line with its label."""

    y: float
    label: str
    kind: str = "limit"


@dataclass(frozen=True, slots=True)
class Event:
    """A vertical line with its label."""

    x: float
    label: str


def draw(
    title: str,
    marks: Sequence[Mark],
    rules: Sequence[Rule] = (),
    events: Sequence[Event] = (),
    *,
    log: bool = False,
    ticks: Sequence[tuple[float, str]] = (),
    y_label: str = "",
) -> str:
    """One chart as SVG. `ticks` are places and labels of the time axis.

    Raises
    ------
    ValueError
        A value that is not positive on a log axis, or nothing to draw: a mistake of the caller.
    """
    values = [v for m in marks for v in (m.y, m.low, m.high) if v is not None]
    values += [rule.y for rule in rules]
    if not values or (log and min(values) <= 0):
        raise ValueError("nothing to draw, or a value that a log axis cannot show")
    y_of, y_ticks = _axis(values, log)
    xs = [m.x for m in marks] + [e.x for e in events]
    first, span = min(xs), (max(xs) - min(xs)) or 1.0

    def x_of(x: float) -> float:
        return LEFT + 12 + (x - first) / span * (WIDTH - LEFT - RIGHT - 24)

    name = escape(title)
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<text class="title" x="{LEFT}" y="16">{name}</text>',
        f'<text class="label" x="4" y="{TOP - 8}">{escape(y_label)}</text>',
    ]
    for value, label in y_ticks:
        y = y_of(value)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    parts += _ticks([(x_of(x), label) for x, label in ticks])
    parts += [_rule(rule, y_of(rule.y)) for rule in rules]
    parts += [_event(event, x_of(event.x), place) for place, event in enumerate(events)]
    line = " ".join(f"{x_of(m.x):.1f},{y_of(m.y):.1f}" for m in marks)
    parts.append(f'<polyline class="line" points="{line}"/>')
    parts += [_mark(m, x_of(m.x), y_of) for m in marks]
    return "".join(parts) + "</svg>"


def _axis(
    values: Sequence[float], log: bool
) -> tuple[Callable[[float], float], list[tuple[float, str]]]:
    """Place of a value, and the ticks of the axis."""
    scale: Callable[[float], float] = math.log10 if log else float
    low, high = scale(min(values)), scale(max(values))
    if log:
        low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
        ticks = [(10.0**n, f"{10.0**n:g}") for n in range(int(low), int(high) + 1)]
    else:
        pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
        step = 10 ** math.floor(math.log10((high - low) / 4))
        step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
        start = math.ceil(low / step)
        ticks = [(n * step, f"{n * step:.6g}") for n in range(start, int(high // step) + 1)]

    def place(value: float) -> float:
        return TOP + (high - scale(value)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    return place, ticks


def _width(text: str) -> float:
    """How wide a text is, about."""
    return sum(WIDE_LETTER if ord(letter) > 0x2E7F else LETTER for letter in text)


def _ticks(ticks: Sequence[tuple[float, str]]) -> list[str]:
    """Labels of the time axis; one that would touch the one before is left out."""
    parts, free = [], 0.0
    for x, label in ticks:
        half = _width(label) / 2
        middle = min(max(x, half), WIDTH - half)
        if middle - half >= free:
            free = middle + half + 6
            parts.append(
                f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - 14}" text-anchor="middle">'
                f"{escape(label)}</text>"
            )
    return parts


def _rule(rule: Rule, y: float) -> str:
    return (
        f'<line class="{escape(rule.kind)}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
        f'y2="{y:.1f}"/><text class="tick" x="{WIDTH - RIGHT}" y="{y - 3:.1f}" '
        f'text-anchor="end">{escape(rule.label)}</text>'
    )


def _event(event: Event, x: float, place: int) -> str:
    left = x + 3 + _width(event.label) > WIDTH
    return (
        f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="event" x="{x - 3 if left else x + 3:.1f}" y="{TOP + 10 + 12 * (place % 3)}" '
        f'text-anchor="{"end" if left else "start"}">{escape(event.label)}</text>'
    )


def _mark(mark: Mark, x: float, y_of: Callable[[float], float]) -> str:
    y, kind = y_of(mark.y), escape(mark.kind)
    parts = [f"<g><title>{escape(mark.title)}</title>"]
    if mark.low is not None and mark.high is not None:
        parts.append(
            f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="{y_of(mark.low):.1f}" '
            f'y2="{y_of(mark.high):.1f}"/>'
        )
    parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>')
    if mark.kind == "open":
        parts.append(f'<path class="open" d="M{x:.1f} {y + 5:.1f}v12m-4 -5l4 5l4 -5"/>')
    return "".join(parts) + "</g>"


STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem}
svg{width:100%;height:auto;border:1px solid #ddd;margin:.4rem 0 1.2rem;background:#fff}
text{font-size:12px;fill:#222}.title{font-size:14px;font-weight:600}.tick,.label{fill:#555}
.grid{stroke:#eee}.line{fill:none;stroke:#8aa;stroke-width:1.2}.bar{stroke:#357;stroke-width:1.6}
.mean{stroke:#2a6;stroke-width:1.2}.limit{stroke:#c90;stroke-dasharray:5 3}
.reject{stroke:#c33;stroke-dasharray:5 3}line.event{stroke:#75c}text.event{fill:#53a}
.good{fill:#246}.warn{fill:#d80}.bad{fill:#c22}.open{fill:#fff;stroke:#246;stroke-width:1.5}
path.open{fill:none}
.box{border:1px solid;border-radius:6px;padding:.2rem 1rem;margin:.8rem 0}.box h2{font-size:1rem}
.box.bad{background:#fdecea;border-color:#c33;color:#222}.box.warn{background:#fff6e5;border-color:#c90}
.verdict{font-weight:600}
"""


def page(
    title: str,
    parts: Sequence[tuple[str, str]],
    note: str = "",
    *,
    lang: str = "en",
    top: Sequence[tuple[str, str, Sequence[str]]] = (),
    verdict: str | None = None,
) -> str:
    """HTML of several charts.

    Parameters
    ----------
    parts
        Pairs of a sentence above and the SVG.
    note
        How to read them.
    lang
        Language of the page.
    top
        Boxes above all charts: head, kind (a word of the style sheet), lines.
    verdict
        One line above all charts.
    """
    boxes = "".join(
        f'<section class="box {escape(kind)}"><h2>{escape(head)}</h2><ul>'
        + "".join(f"<li>{escape(line)}</li>" for line in lines)
        + "</ul></section>"
        for head, kind, lines in top
    )
    said = "" if verdict is None else f'<p class="verdict">{escape(verdict)}</p>'
    body = "".join(f"<p>{escape(text)}</p>{svg}" for text, svg in parts)
    return (
        f'<!DOCTYPE html><html lang="{escape(lang)}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{said}{boxes}<p>{escape(note)}</p>{body}</body></html>\n"
    )
