"""A control that must stay empty amplifies: contamination of reagents, plate or pipettes.

No-template and no-enzyme controls must show no target at all; negative controls (DNA of somebody
healthy) no target but the reference gene. Product that appears long after the panel's cut-off
cannot make a sample positive and is a warning; without a panel any product invalidates the target.

Limits
    ``cycles_after_cutoff``: product from this many cycles after the cut-off on only warns.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, any_cq, cutoff_of, grows, is_reference, rows_of, target_of, wells
from qpcr.said import say

NAME = "ntc_amplified"
WATCH = say("Keep an eye on this control in the next runs; if it comes again, change the reagents.")
CLEAN = say(
    "Do not report this target. Repeat the run with fresh water, primers and master mix after "
    "cleaning bench and pipettes."
)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    empty = rows_of(plate, Part.NTC, Part.NO_ENZYME)
    healthy = [row for row in rows_of(plate, Part.NEGATIVE) if not is_reference(plate, row)]
    grown = [row for row in sorted(empty + healthy) if grows(plate, row)]
    for target, rows in grouped(grown, lambda row: target_of(plate, row)).items():
        known = {row: cq for row in rows if (cq := any_cq(plate, row)) is not None}
        if not known:
            continue
        first = min(known, key=lambda row: known[row])
        cutoff = cutoff_of(plate, first)
        limit = None if cutoff is None else cutoff + limits["cycles_after_cutoff"]
        late = limit is not None and known[first] >= limit
        values = {
            "target": target,
            "wells": wells(plate, list(known)),
            "cq": known[first],
            "first": wells(plate, [first]),
        }
        yield Finding(
            NAME,
            Severity.WARNING if late else Severity.RUN,
            tuple(known),
            say(
                "{target} amplifies in the control {wells} (Ct {cq:.2f} in {first}), too late to "
                "make a sample positive.",
                **values,
            )
            if late
            else say(
                "{target} amplifies in the control {wells} (Ct {cq:.2f} in {first}): "
                "contamination.",
                **values,
            ),
            WATCH if late else CLEAN,
            value=known[first],
            limit=limit,
            targets=(target,),
        )


RULE = Rule(
    name=NAME,
    describes="A control without template must not amplify.",
    severity=Severity.RUN,
    limits={"cycles_after_cutoff": 2.0},
    needs_panel=False,
    check=_check,
)
