"""A control or a late sample amplifies beside a much stronger well of the same target.

What splashes into a neighbouring well is diluted some hundredfold to a millionfold, and comes 6.5
to 20 cycles later. The pattern is a suspicion, not a proof; but a deletion must not be reported on
it, so a sample's well is not used until it was repeated elsewhere. One splash strikes one well:
where another well of the sample, not suspected itself, shows the same product at nearly the same
Ct, the finding is a warning only. Reference genes of samples are left out, since every sample has
them; only a panel tells which they are.

Limits
    ``cycles_later_at_least``, ``cycles_later_at_most``: than the strongest of the eight neighbours.
    ``late_from_cq``: samples with an earlier Ct are not suspected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import (
    Part,
    any_cq,
    grows,
    is_reference,
    rows_of,
    sample_of,
    target_of,
    wells,
)
from qpcr.said import say

NAME = "neighbour_contamination"
ALIKE = 2.0
"""Cycles within which two wells with few molecules show the same."""


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    cqs = {row: cq for row in rows_of(plate) if grows(plate, row) and (cq := any_cq(plate, row))}
    empty = set(rows_of(plate, Part.NTC, Part.NO_ENZYME, Part.NEGATIVE))
    samples = {row for row in rows_of(plate, Part.SAMPLE) if not is_reference(plate, row)}
    late = {row for row in samples if cqs.get(row, 0.0) >= limits["late_from_cq"]}
    suspects: dict[int, int] = {}
    for row in sorted((empty | late) & cqs.keys()):
        source = _strongest_neighbour(plate, row, cqs)
        if source is None:
            continue
        later = cqs[row] - cqs[source]
        if limits["cycles_later_at_least"] <= later <= limits["cycles_later_at_most"]:
            suspects[row] = source
    for row, source in suspects.items():
        later = cqs[row] - cqs[source]
        mild = row in empty or _shown_elsewhere(plate, row, cqs, suspects)
        yield Finding(
            NAME,
            Severity.WARNING if mild else Severity.REACTION,
            (row,),
            say(
                "{target} of {sample} in {well} (Ct {cq:.2f}) comes {later:.1f} cycles after its "
                "neighbour {near} ({source}): it may have been splashed over.",
                target=target_of(plate, row),
                sample=sample_of(plate, row),
                well=wells(plate, [row]),
                cq=cqs[row],
                later=later,
                near=wells(plate, [source]),
                source=sample_of(plate, source),
            ),
            say("Repeat the sample on another place of the plate, away from strong wells."),
            value=later,
            limit=limits["cycles_later_at_least"],
        )


def _strongest_neighbour(plate: Plate, row: int, cqs: Mapping[int, float]) -> int | None:
    """Earliest well of the target among the eight neighbours that hold another sample."""
    columns = plate.run.columns
    here = divmod(plate.run.reactions[row].well, columns)
    near = [
        other
        for other in cqs
        if other != row
        and target_of(plate, other) == target_of(plate, row)
        and sample_of(plate, other) != sample_of(plate, row)
        and _apart(here, divmod(plate.run.reactions[other].well, columns)) == 1
    ]
    return min(near, key=lambda other: cqs[other], default=None)


def _shown_elsewhere(
    plate: Plate, row: int, cqs: Mapping[int, float], suspects: Mapping[int, int]
) -> bool:
    """Whether a well of the sample that is no suspect shows the same product nearly as early."""
    reaction = plate.run.reactions[row]
    return any(
        other not in suspects
        and plate.run.reactions[other].sample == reaction.sample is not None
        and plate.run.reactions[other].well != reaction.well
        and _product(plate, other) == _product(plate, row)
        and abs(cq - cqs[row]) <= ALIKE
        for other, cq in cqs.items()
    )


def _product(plate: Plate, row: int) -> str:
    """What a reaction shows: by the panel, else its target."""
    channel = plate.channels[row]
    return target_of(plate, row) if channel is None else channel.reports


def _apart(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Distance of two places (row, column) of a plate in steps to the eight neighbours."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


RULE = Rule(
    name=NAME,
    describes="No empty or late well stands beside a much stronger one of its target.",
    severity=Severity.REACTION,
    limits={
        "cycles_later_at_least": 6.5,
        "cycles_later_at_most": 20.0,
        "late_from_cq": 25.0,
    },
    needs_panel=True,
    check=_check,
)
