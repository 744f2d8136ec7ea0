"""Curves that are no proper amplification curves: noise, drift, spike, step, hook and the like.

What each curve is was decided by :mod:`qpcr.shapes`. Reactions that were not measured are named
together, by what is missing. A curve that could not be measured must not be
used. Any other improper curve is a warning where it has a Ct, or where its shape (spike, step,
hook, falling) tells of a fault in the well; drift and noise without a Ct are information.

Limits
    ``least_height``: a curve without a Ct is passed over where ΔRn never leaves the baseline by
    this many thresholds: it can neither hide a product nor feign one.
    ``least_probability``: proper curves that are less sure than this are warnings too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import any_cq, measure_again, rows_of, target_of, unmeasured, wells
from qpcr.said import say
from qpcr.shapes import Kind

NAME = "proper_curve"

REMEDIES = {
    Kind.NOISE: say(
        "Look at the raw signal; a weak lamp, too little probe or an empty well is noisy."
    ),
    Kind.DRIFT: say(
        "Look for evaporation (the seal) or a decaying probe; repeat if the Ct matters."
    ),
    Kind.SPIKE: say(
        "Look for dust, a bubble or a knock at that cycle; spin the plate, repeat the well."
    ),
    Kind.STEP: say(
        "Look for a bubble or a lifted seal in this well; spin the plate, repeat the well."
    ),
    Kind.NO_PLATEAU: say(
        "The product comes at the end of the run: repeat with more DNA or in more wells."
    ),
    Kind.FALLING: say("Check the well for evaporation and the choice of dyes; repeat the well."),
    Kind.HOOK: say(
        "Look at the raw signal of reporter and passive reference; repeat if the Ct matters."
    ),
    Kind.UNUSABLE: say("Repeat the well: it gave no curve that could be judged."),
}
FAULTY = frozenset({Kind.SPIKE, Kind.STEP, Kind.HOOK, Kind.FALLING})
DOUBTFUL = say("Look at the curve yourself before the result is used.")


def _unmeasured(plate: Plate, rows: list[int]) -> Iterator[Finding]:
    for problem, mine in unmeasured(plate, rows).items():
        yield Finding(
            NAME,
            Severity.REACTION,
            tuple(mine),
            say(
                "Reactions without a curve that can be judged: {count} of {of} ({wells}): {why}.",
                count=len(mine), of=len(rows), wells=wells(plate, mine), why=problem,
            ),
            measure_again(plate),
            value=float(len(mine)),
        )  # fmt: skip


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    rows = rows_of(plate)
    yield from _unmeasured(plate, rows)
    odd = [
        row
        for row in rows
        if plate.curves.problems[row] is None
        and (
            plate.shapes[row].kind in FAULTY
            or not (plate.shapes[row].proper or plate.shapes[row].kind in (Kind.NONE, Kind.PROPER))
        )
    ]
    groups = grouped(
        odd,
        lambda row: (
            _severity(plate, row, limits["least_height"]),
            plate.shapes[row].kind,
            target_of(plate, row),
        ),
    )
    for (severity, kind, target), mine in groups.items():
        if severity is None:
            continue
        values = {"kind": kind, "target": target, "wells": wells(plate, mine)}
        yield Finding(
            NAME,
            severity,
            tuple(mine),
            say(
                "Not a clean curve ({kind}): {target} in {wells}. {why}",
                **values,
                why=plate.shapes[mine[0]].why,
            )
            if len(mine) == 1
            else say("Not a clean curve ({kind}): {target} in {wells}.", **values),
            REMEDIES[kind],
            value=min(plate.shapes[row].probability for row in mine),
            limit=limits["least_probability"],
        )
    for row in rows:
        shape = plate.shapes[row]
        if shape.proper and shape.probability < limits["least_probability"]:
            yield Finding(
                NAME,
                Severity.WARNING,
                (row,),
                say(
                    "A doubtful curve: {target} in {well}. {why}",
                    target=target_of(plate, row),
                    well=wells(plate, [row]),
                    why=shape.why,
                ),
                DOUBTFUL,
                value=shape.probability,
                limit=limits["least_probability"],
            )


def _severity(plate: Plate, row: int, least_height: float) -> Severity | None:
    """How far an improper curve reaches; ``None``: nowhere."""
    kind = plate.shapes[row].kind
    if kind is Kind.UNUSABLE:
        return Severity.REACTION
    if any_cq(plate, row) is not None:
        return Severity.WARNING
    threshold = plate.curves.threshold_of(row)
    height = float(np.nanmax(np.abs(plate.curves.drn[row]), initial=0.0))
    if threshold is not None and height < least_height * threshold:
        return None
    return Severity.WARNING if kind in FAULTY else Severity.INFO


RULE = Rule(
    name=NAME,
    describes="Curves are either flat or proper amplification curves.",
    severity=Severity.WARNING,
    limits={"least_height": 0.1, "least_probability": 0.5},
    needs_panel=False,
    check=_check,
)
