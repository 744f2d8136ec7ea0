"""Samples in which nothing amplifies at all, and standards that do not.

A curve that cannot be judged shows neither; other rules name it.

A target that does not amplify is no finding: that is what a negative sample looks like. Controls
have rules of their own. A standard that does not amplify is a warning, for it was said to hold
template. The rule has no limits.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, clouded, grows, rows_of, sample_of, target_of, wells
from qpcr.said import say

NAME = "no_amplification"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    del limits
    patients = [row for row in rows_of(plate, Part.SAMPLE) if plate.run.reactions[row].sample]
    for sample, rows in grouped(patients, lambda row: sample_of(plate, row)).items():
        if any(grows(plate, row) or clouded(plate, row) for row in rows):
            continue
        yield Finding(
            NAME,
            Severity.INFO,
            tuple(rows),
            say(
                "Nothing amplifies in sample {sample} ({wells}).",
                sample=sample,
                wells=wells(plate, rows),
            ),
            say(
                "Make sure that DNA was added, and enough; repeat the sample if a reference gene "
                "should have amplified."
            ),
        )
    flat = [row for row in rows_of(plate, Part.SAMPLE, Part.STANDARD) if not grows(plate, row)]
    standards = [row for row in flat if plate.run.reactions[row].quantity is not None]
    for target, rows in grouped(standards, lambda row: target_of(plate, row)).items():
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(rows),
            say(
                "The standard of {target} does not amplify in {wells}.",
                target=target,
                wells=wells(plate, rows),
            ),
            say("Check dilution and pipetting of the standard before its curve is used."),
        )


RULE = Rule(
    name=NAME,
    describes="Something amplifies in every sample, and every standard does.",
    severity=Severity.INFO,
    limits={},
    needs_panel=False,
    check=_check,
)
