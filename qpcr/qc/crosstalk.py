"""A channel of a well shows a small copy of another channel of that well: bleed-through of a dye.

The ΔRn of the weak channel is regressed on that of the strong one (ordinary least squares over the
cycles). A small share that explains the curve, in a channel that has a Ct, is no product of its
own.

Limits
    ``largest_share``: a copy of at most this share is bleed-through; more may be product.
    ``least_r2``: share of the squares that the strong channel must explain.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr._frozen import FloatArray
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import any_cq, grows, rows_of, target_of
from qpcr.said import say

NAME = "crosstalk"


def copied(weak: FloatArray, strong: FloatArray) -> tuple[float, float]:
    """Share and r² of the regression of one curve (C,) on another."""
    good = np.isfinite(weak) & np.isfinite(strong)
    x, y = strong[good] - strong[good].mean(), weak[good] - weak[good].mean()
    xx, yy, xy = float(x @ x), float(y @ y), float(x @ y)
    return (xy / xx, xy * xy / (xx * yy)) if xx > 0 and yy > 0 else (0.0, 0.0)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    drn = plate.curves.drn
    for rows in grouped(rows_of(plate), lambda row: plate.run.reactions[row].well).values():
        for weak in rows:
            cq = any_cq(plate, weak)
            for strong in rows:
                if strong == weak or cq is None or not grows(plate, strong):
                    continue
                share, r2 = copied(drn[weak], drn[strong])
                if not 0 < share <= limits["largest_share"] or r2 < limits["least_r2"]:
                    continue
                name = plate.run.reactions[weak].well_name
                yield Finding(
                    NAME,
                    Severity.REACTION,
                    (weak,),
                    say(
                        "{weak} in {well} (Ct {cq:.2f}) is a copy of {strong} at {share:.1%} of "
                        "its height: bleed-through of its dye.",
                        weak=target_of(plate, weak),
                        well=name,
                        cq=cq,
                        strong=target_of(plate, strong),
                        share=share,
                    ),
                    say(
                        "Do not report this channel. Renew the pure-dye calibration; repeat the "
                        "target in a well of its own."
                    ),
                    value=share,
                    limit=limits["largest_share"],
                )


RULE = Rule(
    name=NAME,
    describes="No channel of a well is a small copy of another.",
    severity=Severity.REACTION,
    limits={"largest_share": 0.05, "least_r2": 0.98},
    needs_panel=False,
    check=_check,
)
