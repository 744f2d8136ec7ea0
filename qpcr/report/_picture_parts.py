"""What pictures for papers are put together of: style, fonts, colours, a plate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    from calibration.standard_curve import Interval
    from qpcr.record import Record

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito, https://jfly.uni-koeln.de/color/."""
DASHES = ("-", "--", ":", "-.")
WIDE = 0x2E7F
"""Letters beyond are as wide as two."""
SYMBOLS = "oDs^vPX"
CHINESE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC",
    "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Droid Sans Fallback",
)  # fmt: skip
"""Fonts with Chinese characters; those that are installed stand in for what the first lacks."""


@cache
def _families() -> list[str]:
    """Fonts to use, of those installed."""
    from matplotlib.font_manager import fontManager

    have = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in CHINESE if name in have)]


@contextmanager
def style() -> Iterator[None]:
    """The style of all pictures; the user's own settings of matplotlib play no part."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": _families(),
                "font.size": 8,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.titlesize": 8,
                "legend.fontsize": 7,
                "legend.frameon": False,
                "svg.fonttype": "none",
                "svg.hashsalt": "qpcr",
                "pdf.fonttype": 42,
            }
        )
        yield


def undated(ending: str) -> dict[str, Any]:
    """Metadata without a date, so that the same run gives the same file."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(ending, {})


def plain(text: str) -> str:
    """A name that matplotlib takes neither for a formula nor for a label to be hidden."""
    shown = "".join(c if c.isprintable() else " " for c in text).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def folded(text: str, width: int = 60) -> str:
    """A text in lines of about so many letters, broken behind commas; a Chinese one counts two."""
    lines, line, size = [], "", 0
    for part in re.split(r"(?<=, )|(?<=，)", text):
        own = sum(2 if ord(letter) > WIDE else 1 for letter in part)
        if line and size + own > width:
            lines.append(line.rstrip())
            line, size = "", 0
        line, size = line + part, size + own
    return "\n".join([*lines, line])


def look(place: int) -> dict[str, Any]:
    """Colour and line style of the target at a place."""
    return {"color": COLOURS[place % len(COLOURS)], "ls": DASHES[place % len(DASHES)]}


def symbol(place: int) -> str:
    """Symbol of the target at a place."""
    return SYMBOLS[place % len(SYMBOLS)]


def line(ax: Axes, band: list[tuple[float, Interval]], look: dict[str, Any]) -> None:
    """A standard curve with its confidence band."""
    x = [one for one, _ in band]
    low = [cq.low if cq.low is not None else np.nan for _, cq in band]
    high = [cq.high if cq.high is not None else np.nan for _, cq in band]
    ax.plot(x, [cq.value for _, cq in band], lw=1.0, **look)
    ax.fill_between(x, low, high, color=look["color"], alpha=0.18, lw=0)


def scale(cqs: list[float]) -> Normalize:
    """Range of the colours of Ct: whole cycles around all of them."""
    from matplotlib.colors import Normalize

    low, high = (np.floor(min(cqs)), np.ceil(max(cqs))) if cqs else (0.0, 1.0)
    return Normalize(float(low), float(max(high, low + 1)))


def shades(norm: Normalize) -> ScalarMappable:
    """Colours of Ct."""
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm, "viridis")


def plate(ax: Axes, record: Record, rows: list[int], norm: Normalize) -> None:
    """One plate: a circle a well, filled by Ct with the number in it, hollow without."""
    from matplotlib.patches import Circle

    run, colours = record.run, shades(norm)
    for well in range(run.wells):
        y, x = divmod(well, run.columns)
        ax.add_patch(Circle((x, y), 0.1, fc="#d5dae1", ec="none"))
    for row in rows:
        y, x = divmod(run.reactions[row].well, run.columns)
        cq = record.fits[row].cq
        if cq is None:
            ax.add_patch(Circle((x, y), 0.42, fc="white", ec="#5b6675", lw=0.7, ls=":"))
            continue
        fill = colours.to_rgba(np.array([cq]))[0]
        ax.add_patch(Circle((x, y), 0.42, fc=fill, ec="black", lw=0.4))
        bright = 0.2126 * fill[0] + 0.7152 * fill[1] + 0.0722 * fill[2] > 0.45
        ink = "black" if bright else "white"
        ax.text(x, y, f"{cq:.1f}", ha="center", va="center", fontsize=5, color=ink)
    ax.set_xlim(-0.6, run.columns - 0.4)
    ax.set_ylim(run.rows - 0.4, -0.6)
    ax.set_aspect("equal")
    ax.set_xticks(range(run.columns), [str(n + 1) for n in range(run.columns)])
    ax.set_yticks(range(run.rows), [_letters(n) for n in range(run.rows)])
    ax.tick_params(length=0, labelsize=6)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def _letters(row: int) -> str:
    """Name of a plate's row, counted from 0."""
    from qpcr.run import well_name

    return well_name(row, 1).rstrip("0123456789")
