"""The dyes that the plate names do not explain what the filters saw.

The residual of the unmixing, relative to reporter plus passive reference, median over the cycles. A
dye that the set-up does not name, a dirty well or an outdated pure-dye calibration raise it. On a
7500 plate of the vendor it lies between 0.3 % and 2.1 %.

Limits
    ``largest_share``: of the signal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import rows_of, wells
from qpcr.said import say

NAME = "unmixing_residual"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    curves = plate.curves
    if curves.residual is None or curves.reporter is None:
        return
    shares: dict[int, float] = {}
    for row in rows_of(plate):
        signal = curves.reporter[row].copy()
        if curves.reference is not None:
            signal = signal + curves.reference[row]
        good = np.isfinite(curves.residual[row]) & (signal > 0)
        if good.any():
            shares[row] = float(np.median(curves.residual[row][good] / signal[good]))
    high = [row for row, share in shares.items() if share > limits["largest_share"]]
    if not high:
        return
    worst = max(high, key=lambda row: shares[row])
    yield Finding(
        NAME,
        Severity.WARNING,
        tuple(high),
        say(
            "The dyes named on the plate do not explain the light of {wells}: {share:.0%} of the "
            "signal is left over in {worst}.",
            wells=wells(plate, high),
            share=shares[worst],
            worst=wells(plate, [worst]),
        ),
        say(
            "Check reporter, quencher and passive reference in the plate set-up; look for dirt in "
            "the block; renew the pure-dye calibration."
        ),
        value=shares[worst],
        limit=limits["largest_share"],
    )


RULE = Rule(
    name=NAME,
    describes="The dyes named on the plate explain the light of every well.",
    severity=Severity.WARNING,
    limits={"largest_share": 0.03},
    needs_panel=False,
    check=_check,
)
