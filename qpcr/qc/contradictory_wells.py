"""Wells of one sample contradict each other: they may not hold the same DNA.

* A deletion amplifies earlier than the reference gene allows. A diploid cell holds the reference
  gene twice and the deletion on two alleles at most, so there are never more copies of it: it may
  be earlier only as far as thresholds and efficiencies of the two assays differ. Otherwise the
  reference well is weak (less DNA, inhibition), or the deletion's well holds something else
  (another sample, product of an earlier PCR). Thresholds at another height move a Ct by log2 of
  their ratio; so both the Ct, and the Ct less log2(threshold/rise of the curve), must be too early.
* More different deletions than a person has alleles. Several clones can carry more, but a splash
  of control DNA or a well filled twice is as likely.

Limits
    ``earlier_at_most``: cycles by which a deletion may come before its sample's reference gene.
    ``most_deletions``: different products of one sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import (
    Part,
    cutoff_of,
    fitted_cq,
    is_reference,
    names,
    rows_of,
    sample_of,
    target_of,
    wells,
)
from qpcr.said import say

NAME = "contradictory_wells"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    known = [row for row in rows_of(plate, Part.SAMPLE) if plate.channels[row] is not None]
    for sample, rows in grouped(known, lambda row: sample_of(plate, row)).items():
        cqs = {row: cq for row in rows if (cq := _positive(plate, row)) is not None}
        references = {row: cq for row, cq in cqs.items() if is_reference(plate, row)}
        deletions = {row: cq for row, cq in cqs.items() if not is_reference(plate, row)}
        if references and deletions:
            best = min(references, key=lambda row: references[row])
            early = {
                row: before
                for row in deletions
                if (before := _before(plate, row, best)) > limits["earlier_at_most"]
            }
            if early:
                yield _early(plate, sample, early, best, limits["earlier_at_most"])
        products = grouped(deletions, lambda row: _product(plate, row))
        if len(products) > limits["most_deletions"]:
            yield _many(plate, sample, products, limits["most_deletions"])


def _positive(plate: Plate, row: int) -> float | None:
    """Ct of a proper curve before its cut-off."""
    cq, cutoff = fitted_cq(plate, row), cutoff_of(plate, row)
    good = cq is not None and plate.shapes[row].proper and (cutoff is None or cq < cutoff)
    return cq if good else None


def _before(plate: Plate, row: int, reference: int) -> float:
    """Cycles by which a deletion comes before a reference gene, whatever their thresholds are."""
    cqs = [fitted_cq(plate, one) or 0.0 for one in (row, reference)]
    heights = [_height(plate, one) for one in (row, reference)]
    return min(cqs[1] - cqs[0], cqs[1] - cqs[0] - (heights[1] - heights[0]))


def _height(plate: Plate, row: int) -> float:
    """Logarithm (base 2) of the threshold's share of the rise; 0 where one of them is missing."""
    threshold, rise = plate.curves.threshold_of(row), float(np.nanmax(plate.curves.drn[row]))
    return math.log2(threshold / rise) if threshold is not None and 0 < threshold < rise else 0.0


def _product(plate: Plate, row: int) -> str:
    channel = plate.channels[row]
    return "" if channel is None else channel.reports


def _early(
    plate: Plate, sample: str, early: dict[int, float], reference: int, limit: float
) -> Finding:
    worst = max(early, key=lambda row: early[row])
    return Finding(
        NAME,
        Severity.WARNING,
        (*early, reference),
        say(
            "{target} of {sample} ({wells}) comes {cycles:.1f} cycles before the reference gene "
            "({reference}): no cell holds more copies of a deletion. The wells may not hold the "
            "same DNA.",
            target=target_of(plate, worst),
            sample=sample,
            wells=wells(plate, list(early)),
            cycles=early[worst],
            reference=wells(plate, [reference]),
        ),
        say(
            "Look at the threshold of both targets; check who was pipetted into these wells, and "
            "repeat the sample with its reference gene."
        ),
        value=early[worst],
        limit=limit,
    )


def _many(plate: Plate, sample: str, products: dict[str, list[int]], limit: float) -> Finding:
    rows = [row for mine in products.values() for row in mine]
    return Finding(
        NAME,
        Severity.WARNING,
        tuple(rows),
        say(
            "{sample} shows {count} different deletions ({names}), and a cell has two alleles: "
            "several clones, or DNA of a control or of another sample.",
            sample=sample,
            count=len(products),
            names=names(products),
        ),
        say(
            "Check who was pipetted into {wells}, and repeat the sample.", wells=wells(plate, rows)
        ),
        value=float(len(products)),
        limit=limit,
    )


RULE = Rule(
    name=NAME,
    describes="What the wells of a sample show can come from the DNA of one person.",
    severity=Severity.WARNING,
    limits={"earlier_at_most": 2.0, "most_deletions": 2.0},
    needs_panel=True,
    check=_check,
)
