"""The fitted Ct and the Ct by the instrument's rule differ, or lie on two sides of the cut-off.

Both use the same baseline and threshold; they differ where the curve is no smooth sigmoid around
the threshold. Having no Ct counts as lying behind the cut-off. Curves that show no product and have
no fitted Ct are left to ``proper_curve``.

Limits
    ``largest_cq_difference``: in cycles.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import cutoff_of, fitted_cq, grows, rows_of, target_of, wells
from qpcr.said import say

NAME = "cq_methods_disagree"
REMEDY = say(
    "Look at the curve around the threshold. Do not decide by one of the two: repeat the well if "
    "the call hangs on it."
)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    limit = limits["largest_cq_difference"]
    for row in rows_of(plate):
        fitted, style = fitted_cq(plate, row), plate.curves.instrument_cq[row].value
        if (fitted is None and not grows(plate, row)) or (fitted is None and style is None):
            continue
        cutoff = cutoff_of(plate, row)
        counts = [cq is not None and (cutoff is None or cq < cutoff) for cq in (fitted, style)]
        if counts[0] != counts[1]:
            yield Finding(
                NAME,
                Severity.WARNING,
                (row,),
                _two_sides(plate, row, fitted, style, cutoff),
                REMEDY,
                value=fitted if fitted is not None else style,
                limit=cutoff,
            )
        elif fitted is not None and style is not None and abs(fitted - style) > limit:
            yield Finding(
                NAME,
                Severity.WARNING,
                (row,),
                say("{both}.", both=_both(plate, row, fitted, style)),
                REMEDY,
                value=abs(fitted - style),
                limit=limit,
            )


def _both(plate: Plate, row: int, fitted: float | None, style: float | None) -> str:
    """The two Ct of a reaction."""
    texts = [say("no Ct") if cq is None else say("Ct {cq:.2f}", cq=cq) for cq in (fitted, style)]
    return say(
        "{target} in {well}: {fitted} fitted, {style} by the instrument's rule",
        target=target_of(plate, row), well=wells(plate, [row]), fitted=texts[0], style=texts[1],
    )  # fmt: skip


def _two_sides(
    plate: Plate, row: int, fitted: float | None, style: float | None, cutoff: float | None
) -> str:
    """The sentence about two Ct on two sides of the cut-off, or of which one is none."""
    both = _both(plate, row, fitted, style)
    if cutoff is None:
        return say("{both}; only one of them exists.", both=both)
    return say("{both}; the cut-off is {cutoff:g}.", both=both, cutoff=cutoff)


RULE = Rule(
    name=NAME,
    describes="The fitted Ct and the instrument's agree.",
    severity=Severity.WARNING,
    limits={"largest_cq_difference": 0.5},
    needs_panel=False,
    check=_check,
)
