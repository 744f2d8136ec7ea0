"""What the instrument's own analysis says of the plate: omitted wells, and a Ct unlike ours.

Files of the 7500 hold the criteria of the quality flags that were switched on, but not which well
raised which flag; those cannot be shown. What they hold is which wells a person omitted, and (not
always) the Ct. Omitted samples are information; an omitted control is a warning, for it may have
been left out because it failed.

Limits
    ``largest_cq_difference``: between the stored Ct and the same rule applied here. With the same
    settings they agree within thousandths; more means other settings or edited data.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import CONTROLS, part_of, rows_of, wells
from qpcr.said import say

NAME = "instrument_flags"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    omitted = [row for row, reaction in enumerate(plate.run.reactions) if reaction.omitted]
    controls = [row for row in omitted if part_of(plate, row) in CONTROLS]
    others = [row for row in omitted if row not in controls]
    if others:
        yield Finding(
            NAME,
            Severity.INFO,
            tuple(others),
            say("Omitted on the instrument: {wells}.", wells=wells(plate, others)),
            say("Note why in the record of the run."),
        )
    if controls:
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(controls),
            say("Controls were omitted on the instrument: {wells}.", wells=wells(plate, controls)),
            say(
                "Look at their curves before the run is used: a control must not be left out "
                "because it failed."
            ),
        )
    yield from _stored(plate, limits["largest_cq_difference"])


def _stored(plate: Plate, limit: float) -> Iterator[Finding]:
    """Where the Ct in the file is another."""
    apart: dict[int, float] = {}
    for row in rows_of(plate):
        reaction = plate.run.reactions[row]
        stored = plate.run.results.get((reaction.well, reaction.target))
        ours = plate.curves.instrument_cq[row].value
        if stored is not None and stored.cq is not None and ours is not None:
            apart[row] = abs(stored.cq - ours)
    far = [row for row, gap in apart.items() if gap > limit]
    if far:
        worst = max(far, key=lambda row: apart[row])
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(far),
            say(
                "The Ct in the file and the instrument's rule applied here differ by up to "
                "{apart:.2f} cycles in {wells}.",
                apart=apart[worst],
                wells=wells(plate, far),
            ),
            say(
                "Baseline or threshold were changed: use the settings of the file, or note why not."
            ),
            value=apart[worst],
            limit=limit,
        )


RULE = Rule(
    name=NAME,
    describes="Shows what was omitted on the instrument, and where its stored Ct differs.",
    severity=Severity.WARNING,
    limits={"largest_cq_difference": 0.1},
    needs_panel=False,
    check=_check,
)
