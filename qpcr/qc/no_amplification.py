"""Reactions without amplification, for the record: most are negative samples.

Reference genes are left to ``reference_gene``, controls to their own rules. A standard that does
not amplify is a warning, for it was said to hold template. The rule has no limits.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, grouped, grows, is_reference, rows_of, target_of, wells

NAME = "no_amplification"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    del limits
    flat = [row for row in rows_of(plate, Part.SAMPLE, Part.STANDARD) if not grows(plate, row)]
    samples = [row for row in flat if plate.run.reactions[row].quantity is None]
    for target, rows in grouped(samples, lambda row: target_of(plate, row)).items():
        if all(is_reference(plate, row) for row in rows):
            continue
        yield Finding(
            NAME,
            Severity.INFO,
            tuple(rows),
            f"No amplification of {target} in {wells(plate, rows)}.",
            "Nothing to do for a negative sample.",
        )
    standards = [row for row in flat if plate.run.reactions[row].quantity is not None]
    for target, rows in grouped(standards, lambda row: target_of(plate, row)).items():
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(rows),
            f"The standard of {target} does not amplify in {wells(plate, rows)}.",
            "Check dilution and pipetting of the standard before its curve is used.",
        )


RULE = Rule(
    name=NAME,
    describes="Lists the samples and standards that do not amplify.",
    severity=Severity.INFO,
    limits={},
    needs_panel=False,
    check=_check,
)
