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

NAME = "cq_methods_disagree"
REMEDY = (
    "Look at the curve around the threshold. Do not decide by one of the two: repeat the well if "
    "the call hangs on it."
)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    limit = limits["largest_cq_difference"]
    for row in rows_of(plate):
        fitted, style = fitted_cq(plate, row), plate.curves.instrument_cq[row].value
        if (fitted is None and not grows(plate, row)) or (fitted is None and style is None):
            continue
        where = f"{target_of(plate, row)} in {wells(plate, [row])}"
        cutoff = cutoff_of(plate, row)
        counts = [cq is not None and (cutoff is None or cq < cutoff) for cq in (fitted, style)]
        texts = ["no Ct" if cq is None else f"Ct {cq:.2f}" for cq in (fitted, style)]
        said = f"{where}: {texts[0]} fitted, {texts[1]} by the instrument's rule"
        if counts[0] != counts[1]:
            side = "only one of them exists" if cutoff is None else f"the cut-off is {cutoff:g}"
            yield Finding(
                NAME,
                Severity.WARNING,
                (row,),
                f"{said}; {side}.",
                REMEDY,
                value=fitted if fitted is not None else style,
                limit=cutoff,
            )
        elif fitted is not None and style is not None and abs(fitted - style) > limit:
            yield Finding(
                NAME,
                Severity.WARNING,
                (row,),
                f"{said}.",
                REMEDY,
                value=abs(fitted - style),
                limit=limit,
            )


RULE = Rule(
    name=NAME,
    describes="The fitted Ct and the instrument's agree.",
    severity=Severity.WARNING,
    limits={"largest_cq_difference": 0.5},
    needs_panel=False,
    check=_check,
)
