"""Pictures for papers: amplification curves, plate map and standard curve as SVG, PNG or PDF.

Colours are those of Okabe and Ito, told apart by the colour-blind, and viridis; what differs in
colour differs in line style or symbol too. Texts in SVG and PDF stay texts. Names from a file are
drawn as they are: nothing in them is taken for a formula.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.quantities.measured import AT_THRESHOLD
from qpcr.report import _picture_parts as parts
from qpcr.report._standards import line_text, standards
from qpcr.report.language import Language, language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from qpcr.record import Record

ENDINGS = (".svg", ".png", ".pdf")
"""What pictures can be."""
MOST_PLATES = 6
"""So many targets are drawn as plates of their own."""


def draw(
    record: Record,
    kind: str,
    lang: str = "en",
    *,
    targets: Sequence[str] = (),
    samples: Sequence[str] = (),
    log: bool = False,
) -> Figure:
    """Draw one picture of a run.

    Parameters
    ----------
    record
        The analyzed run.
    kind
        One of :data:`KINDS`.
    lang
        Language of the labels.
    targets, samples
        Only these; all where nothing is named.
    log
        Logarithmic ΔRn, for curves.

    Raises
    ------
    InputError
        A target or sample that is not on the plate, or nothing to draw.
    """
    rows = _rows(record, targets, samples)
    with parts.style():
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        KINDS[kind](figure, record, rows, language(lang), log)
        if record.run.provenance.simulated:
            figure.supxlabel("SIMULATED", x=0.995, ha="right", fontsize=7, color="#7a1226")
    return figure


def write_picture(figure: Figure, path: Path) -> Path:
    """Write a figure; its ending says as what. Nothing half-written is left.

    Raises
    ------
    InputError
        Another ending, or a place that cannot be written to.
    """
    ending = path.suffix.casefold()
    if ending not in ENDINGS:
        raise InputError(
            "a picture of that kind is not written",
            file=path,
            expected=", ".join(ENDINGS),
            found=path.suffix or "no ending",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, waiting = tempfile.mkstemp(suffix=ending, prefix=".writing-", dir=path.parent)
        os.close(handle)
        try:
            with parts.style():
                figure.savefig(waiting, format=ending[1:], dpi=300, metadata=parts.undated(ending))
            Path(waiting).chmod(0o644)
            Path(waiting).replace(path)
        finally:
            Path(waiting).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            "the picture cannot be written", file=path, found=error.strerror or str(error)
        ) from error
    return path


def _rows(record: Record, targets: Sequence[str], samples: Sequence[str]) -> list[int]:
    """Reactions asked for."""
    reactions = record.run.reactions
    for what, asked, have in (
        ("target", targets, {one.target for one in reactions}),
        ("sample", samples, {one.sample for one in reactions if one.sample}),
    ):
        for name in asked:
            if name not in have:
                raise InputError(
                    f"a {what} that is not on the plate",
                    file=record.run.provenance.file,
                    expected=", ".join(sorted(have)),
                    found=name,
                )
    rows = [
        row
        for row, one in enumerate(reactions)
        if (not targets or one.target in targets) and (not samples or one.sample in samples)
    ]
    if not rows:
        raise InputError("nothing is left to draw", file=record.run.provenance.file)
    return rows


def _curves(figure: Figure, record: Record, rows: list[int], tongue: Language, log: bool) -> None:
    """ΔRn over the cycles, a colour and line style a target, thresholds dashed."""
    curves, t = record.curves, tongue.texts
    figure.set_size_inches(5.2, 3.6)
    ax = figure.add_subplot()
    groups = grouped(rows, lambda row: curves.reactions[row].target)
    lines, names = [], []
    for place, (target, mine) in enumerate(groups.items()):
        look = parts.look(place)
        drawn = ax.plot(curves.cycles, curves.drn[mine].T, lw=0.8, **look)
        lines.append(drawn[0])
        names.append(parts.plain(target))
        level = curves.thresholds[target].value
        if level is not None:
            ax.axhline(level, color=look["color"], lw=0.7, ls=(0, (6, 3)))
    ax.set_xlabel(t["axis_cycle"])
    ax.set_ylabel(t["axis_drn"])
    if log:
        levels = [v for one in curves.thresholds.values() if (v := one.value) is not None]
        ax.set_yscale("log", nonpositive="mask")
        ax.set_ylim(bottom=min(levels) / 100.0 if levels else None)
    ax.set_xlim(int(curves.cycles[0]), int(curves.cycles[-1]))
    if len(names) > 1:
        ax.legend(lines, names, loc="upper left")


def _plate(figure: Figure, record: Record, rows: list[int], tongue: Language, log: bool) -> None:
    """Wells coloured by Ct, with it written in; hollow where there is none.

    A plate a target, unless every well holds only one of them: then one plate shows all.
    """
    del log
    reactions = record.run.reactions
    alone = len({reactions[row].well for row in rows}) == len(rows)
    groups = grouped(rows, lambda row: "" if alone else reactions[row].target)
    if len(groups) > MOST_PLATES:
        raise InputError(
            "the plate has too many targets for one picture",
            file=record.run.provenance.file,
            expected=f"at most {MOST_PLATES}",
            found=str(len(groups)),
            remedy="name some with --target",
        )
    across = 1 if len(groups) == 1 else 2
    down = -(-len(groups) // across)
    width, height = 0.36 * record.run.columns + 0.9, 0.36 * record.run.rows + 0.5
    figure.set_size_inches(across * width, down * height + 0.3)
    axes: list[Axes] = [figure.add_subplot(down, across, place + 1) for place in range(len(groups))]
    cqs = [cq for row in rows if (cq := record.fits[row].cq) is not None]
    norm = parts.scale(cqs)
    for ax, (target, mine) in zip(axes, groups.items(), strict=True):
        parts.plate(ax, record, mine, norm)
        ax.set_title(parts.plain(target))
    if cqs:
        figure.colorbar(parts.shades(norm), ax=axes, label=tongue.texts["ct"], shrink=0.6)


def _standard(figure: Figure, record: Record, rows: list[int], tongue: Language, log: bool) -> None:
    """Ct over quantity with the line of each target."""
    del log
    t = tongue.texts
    found = standards(record)
    lines = [one for one in found.drawn if set(one[0].rows) & set(rows)]
    if not lines:
        raise InputError(
            "the run holds no standards to draw a line through",
            file=record.run.provenance.file,
            expected="three standards or more, of two or more quantities, with a Ct",
        )
    figure.set_size_inches(4.6, 3.6)
    ax = figure.add_subplot()
    handles, names = [], []
    for place, (line, curve) in enumerate(lines):
        look = parts.look(place)
        x = [record.run.reactions[row].quantity or 0.0 for row in line.rows]
        y = [found.wells[row].measured.cq or 0.0 for row in line.rows]
        mark = parts.symbol(place)
        (drawn,) = ax.plot(x, y, ls="", marker=mark, ms=5, mfc="none", color=look["color"])
        parts.line(ax, line.band(), look)
        handles.append(drawn)
        names.append(parts.folded(parts.plain(line_text(line, curve, t))))
    ax.set_xscale("log")
    ax.set_xlabel(t["standard_axis"])
    at_threshold = found.method == AT_THRESHOLD
    ax.set_ylabel(t["ct"] if at_threshold else t["cq_by"].format(method=found.method))
    figure.legend(handles, names, loc="outside lower center", fontsize=7)


KINDS: dict[str, Callable[[Figure, Record, list[int], Language, bool], None]] = {
    "curves": _curves,
    "plate": _plate,
    "standard": _standard,
}
"""Kinds of pictures by name."""
