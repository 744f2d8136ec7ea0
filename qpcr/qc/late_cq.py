"""A sample's Ct lies near the panel's cut-off, in the grey zone, or its error reaches across it.

The width of the zone is the panel's ``grey_cq`` in ``[cutoffs]``; without one only the interval of
the Ct counts. Curves that grow behind the zone are information. Reference genes and controls have
their own rules. The rule has no limits.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import (
    Part,
    cutoff_of,
    fitted_cq,
    grows,
    is_reference,
    rows_of,
    sample_of,
    target_of,
    wells,
)
from qpcr.said import say

NAME = "late_cq"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    del limits
    grey = (plate.panel.cutoffs.grey_cq or 0.0) if plate.panel is not None else 0.0
    table = plate.fits.table
    for row in rows_of(plate, Part.SAMPLE):
        cq, cutoff = fitted_cq(plate, row), cutoff_of(plate, row)
        if cq is None or cutoff is None or is_reference(plate, row) or not grows(plate, row):
            continue
        names = {
            "target": target_of(plate, row),
            "sample": sample_of(plate, row),
            "well": wells(plate, [row]),
        }
        across = bool(table.cq_low[row] < cutoff <= table.cq_high[row])
        if abs(cq - cutoff) <= grey or across:
            yield Finding(
                NAME,
                Severity.WARNING,
                (row,),
                say(
                    "{target} of {sample} ({well}) has Ct {cq:.2f}, too near the cut-off "
                    "{cutoff:g} to be called.",
                    **names,
                    cq=cq,
                    cutoff=cutoff,
                ),
                say("Repeat the sample in more wells, with more DNA if there is any."),
                value=cq,
                limit=cutoff,
            )
        elif cq > cutoff:
            yield Finding(
                NAME,
                Severity.INFO,
                (row,),
                say(
                    "{target} of {sample} ({well}) amplifies at Ct {cq:.2f}, after the cut-off "
                    "{cutoff:g}: not counted.",
                    **names,
                    cq=cq,
                    cutoff=cutoff,
                ),
                say("Compare with other samples of the patient, if there are any."),
                value=cq,
                limit=cutoff,
            )


RULE = Rule(
    name=NAME,
    describes="Cts are clear of the cut-off.",
    severity=Severity.WARNING,
    limits={},
    needs_panel=True,
    check=_check,
)
