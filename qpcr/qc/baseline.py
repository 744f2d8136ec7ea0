"""The baseline of an amplified curve is too short, or slopes so much that the Ct hangs on it.

The straight line through the baseline window is drawn on to the Ct and taken off there. What that
takes off at the Ct because of the slope alone is |slope| · (Ct − last baseline cycle); it is
compared with the threshold.

Limits
    ``fewest_cycles``: a window must hold so many.
    ``largest_extrapolation``: the slope may take off so much, in units of the threshold.
    ``largest_slope``: change of Rn per cycle before any product, as a share of its mean (ordinary
    least squares); for every curve, amplified or not. The instrument's own window is no help here:
    it ends where the curve climbs, be it drift or product.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import fitted_cq, grows, rows_of, target_of, wells, wells_most
from qpcr.said import say

NAME = "baseline"
FIRST = 3
"""The first two cycles settle."""
FREE_OF_PRODUCT = 6.0
"""So many cycles before the Ct, product is below a fiftieth of the threshold."""
FEWEST = 5
"""Cycles that a slope is measured on."""


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    climbs = {row: climb for row in rows_of(plate) if (climb := _climb(plate, row)) is not None}
    sloping = [row for row, climb in climbs.items() if abs(climb) > limits["largest_slope"]]
    for (target, _), rows in grouped(
        sloping, lambda row: (target_of(plate, row), climbs[row] > 0)
    ).items():
        worst = max(rows, key=lambda row: abs(climbs[row]))
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(rows),
            _sloping(target, wells_most(plate, rows, worst), climbs[worst]),
            say(
                "Look for evaporation (the seal) or a decaying probe; repeat the wells if their "
                "results matter."
            ),
            value=abs(climbs[worst]),
            limit=limits["largest_slope"],
        )
    for row in rows_of(plate):
        if grows(plate, row):
            yield from _under_the_ct(plate, row, limits)


def _sloping(target: str, where: str, climb: float) -> str:
    """The sentence about baselines that rise or fall, the steepest by `climb` a cycle."""
    if climb > 0:
        return say(
            "The baseline of {target} rises in {wells}: {climb:.1%} a cycle.",
            target=target, wells=where, climb=climb,
        )  # fmt: skip
    return say(
        "The baseline of {target} falls in {wells}: {climb:.1%} a cycle.",
        target=target, wells=where, climb=-climb,
    )  # fmt: skip


def _climb(plate: Plate, row: int) -> float | None:
    """Relative change of Rn per cycle before any product, or ``None``: too few cycles to say."""
    cycles, rn, cq = plate.curves.cycles, plate.curves.rn[row], fitted_cq(plate, row)
    stop = float(cycles[-1]) if cq is None else cq - FREE_OF_PRODUCT
    if cq is None and grows(plate, row):
        return None
    inside = (cycles >= FIRST) & (cycles <= stop) & np.isfinite(rn)
    if inside.sum() < FEWEST:
        return None
    x = cycles[inside] - cycles[inside].mean()
    level = float(rn[inside].mean())
    return float(x @ rn[inside] / (x @ x)) / level if level > 0 else None


def _under_the_ct(plate: Plate, row: int, limits: Limits) -> Iterator[Finding]:
    """Baselines of amplified curves that a Ct cannot rest on."""
    line, cq = plate.curves.baselines[row], fitted_cq(plate, row)
    threshold = plate.curves.threshold_of(row)
    if line is None or cq is None or not threshold:
        return
    target, well = target_of(plate, row), wells(plate, [row])
    cycles = line.stop - line.start + 1
    share = abs(line.slope) * max(cq - line.stop, 0.0) / threshold
    if cycles < limits["fewest_cycles"]:
        yield Finding(
            NAME,
            Severity.WARNING,
            (row,),
            say(
                "The baseline of {target} in {well} rests on {cycles} cycles ({start} to {stop}).",
                target=target,
                well=well,
                cycles=cycles,
                start=line.start,
                stop=line.stop,
            ),
            say("The sample is very strong: dilute it, or set the baseline by hand."),
            value=float(cycles),
            limit=limits["fewest_cycles"],
        )
    elif share > limits["largest_extrapolation"]:
        yield Finding(
            NAME,
            Severity.WARNING,
            (row,),
            say(
                "The Ct of {target} in {well} hangs on the slope of its baseline, which takes off "
                "{share:.1f} thresholds at the Ct.",
                target=target,
                well=well,
                share=share,
            ),
            say("Look at the raw curve; set the baseline by hand, or repeat the well."),
            value=share,
            limit=limits["largest_extrapolation"],
        )


RULE = Rule(
    name=NAME,
    describes="Baselines rest on enough cycles and are nearly flat.",
    severity=Severity.WARNING,
    limits={"fewest_cycles": 3.0, "largest_extrapolation": 1.0, "largest_slope": 0.006},
    needs_panel=False,
    check=_check,
)
