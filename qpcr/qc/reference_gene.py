"""The reference gene of a sample is absent, late or weak: too little DNA, or inhibition.

A sample is good as soon as one of its reference wells is. A sample without any well for the
reference gene is found too. A well whose curve cannot be judged (a step, a drift, no reading) tells
nothing of the DNA, and is not taken for a missing reference gene.

Limits
    ``latest_cq``: a reference gene that comes later tells of too little DNA for a negative result.
    ``cycles_after_median``: so does one that is later than the samples' median by more.
    ``lowest_rise_share``: a curve that rises less than this share of the samples' median rise has
    run out early: inhibition. Curves within three cycles of ``latest_cq`` are not looked at; they
    have no time to rise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr._lists import grouped, listed
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import (
    Part,
    any_cq,
    clouded,
    cutoff_of,
    fitted_cq,
    grows,
    is_reference,
    measure_again,
    names,
    rows_of,
    sample_of,
    unmeasured,
    wells,
)
from qpcr.said import say

NAME = "reference_gene"
TIME_TO_RISE = 3.0
AGAIN = say("Look at the curve and the raw signal of the well, and repeat it.")
DNA = say("Measure the DNA (amount, 260/280), dilute or clean it, and repeat the sample.")


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    rows = [row for row in rows_of(plate, Part.SAMPLE) if plate.channels[row] is not None]
    cqs = {row: _usable(plate, row) for row in rows if is_reference(plate, row)}
    rises = {row: float(np.nanmax(plate.curves.drn[row])) for row, cq in cqs.items() if cq}
    samples = grouped(rows, lambda row: sample_of(plate, row))
    best = {
        sample: min((cq, row) for row in mine if (cq := cqs.get(row)) is not None)
        for sample, mine in samples.items()
        if any(cqs.get(row) is not None for row in mine)
    }
    median = float(np.median([cq for cq, _ in best.values()])) if best else 0.0
    in_time = limits["latest_cq"] - TIME_TO_RISE
    typical = float(np.median([rises[row] for cq, row in best.values() if cq < in_time] or [0.0]))
    yield from _unmeasured(plate, [row for row in cqs if sample_of(plate, row) not in best])
    for sample, mine in samples.items():
        wanted = [row for row in mine if row in cqs]
        if wanted and _lost(plate, wanted):
            continue  # said of all such samples together
        if not wanted:
            yield _missing(sample, mine)
        elif sample not in best:
            yield _absent(plate, sample, wanted)
        else:
            cq, row = best[sample]
            latest = min(limits["latest_cq"], median + limits["cycles_after_median"])
            share = rises[row] / typical if typical > 0 else 1.0
            if cq > latest:
                yield _late(plate, sample, row, cq, latest)
            elif cq < in_time and share < limits["lowest_rise_share"]:
                yield _weak(plate, sample, row, share, limits["lowest_rise_share"])


def _usable(plate: Plate, row: int) -> float | None:
    """Ct of a reference reaction that amplified before its cut-off."""
    cq, cutoff = fitted_cq(plate, row), cutoff_of(plate, row)
    good = cq is not None and grows(plate, row) and (cutoff is None or cq < cutoff)
    return cq if good else None


def _missing(sample: str, rows: list[int]) -> Finding:
    return Finding(
        NAME,
        Severity.WARNING,
        tuple(rows),
        say("{sample} has no well for the reference gene.", sample=sample),
        say("Run the reference gene for this sample: without it no negative result can be given."),
    )


def _absent(plate: Plate, sample: str, rows: list[int]) -> Finding:
    unclear = [row for row in rows if clouded(plate, row)]
    if unclear:
        return _unjudged(plate, sample, unclear, rows)
    cq = min((c for row in rows if (c := fitted_cq(plate, row)) is not None), default=None)
    if cq is None:
        message = say(
            "The reference gene of {sample} does not amplify ({wells}): no or hardly any DNA, or "
            "inhibition.",
            sample=sample, wells=wells(plate, rows),
        )  # fmt: skip
    else:
        message = say(
            "The reference gene of {sample} amplifies only at Ct {cq:.2f} ({wells}): no or hardly "
            "any DNA, or inhibition.",
            sample=sample, cq=cq, wells=wells(plate, rows),
        )  # fmt: skip
    return Finding(
        NAME,
        Severity.REACTION,
        tuple(rows),
        message,
        DNA,
        value=cq,
        limit=cutoff_of(plate, rows[0]),
    )


def _unmeasured(plate: Plate, rows: list[int]) -> Iterator[Finding]:
    """Samples whose reference gene was not measured at all: one finding a reason."""
    whole = grouped(rows, lambda row: sample_of(plate, row))
    lost = [row for mine in whole.values() for row in mine if _lost(plate, mine)]
    for problem, mine in unmeasured(plate, lost).items():
        yield Finding(
            NAME,
            Severity.REACTION,
            tuple(mine),
            say(
                "The reference gene was not measured for {samples} ({wells}): {why}.",
                samples=names(sample_of(plate, row) for row in mine),
                wells=wells(plate, mine), why=problem,
            ),
            measure_again(plate),
        )  # fmt: skip


def _lost(plate: Plate, rows: list[int]) -> bool:
    return all(plate.curves.problems[row] is not None for row in rows)


def _unjudged(plate: Plate, sample: str, unclear: list[int], rows: list[int]) -> Finding:
    """No well is good, and some of them show no more than that they were not measured well."""
    row = unclear[0]
    cq = any_cq(plate, row)
    values = {"sample": sample, "wells": wells(plate, unclear)}
    kinds = listed(list(dict.fromkeys(plate.shapes[one].kind for one in unclear)))
    if cq is None:
        message = say(
            "The curve of the reference gene of {sample} cannot be judged ({wells}): {kind}.",
            **values, kind=kinds,
        )  # fmt: skip
    else:
        message = say(
            "The curve of the reference gene of {sample} cannot be judged ({wells}): {kind}, "
            "although it crosses the threshold at Ct {cq:.2f}.",
            **values, kind=kinds, cq=cq,
        )  # fmt: skip
    return Finding(
        NAME, Severity.REACTION, tuple(rows), message, AGAIN, value=cq, limit=cutoff_of(plate, row)
    )


def _late(plate: Plate, sample: str, row: int, cq: float, latest: float) -> Finding:
    return Finding(
        NAME,
        Severity.WARNING,
        (row,),
        say(
            "The reference gene of {sample} is late: Ct {cq:.2f} in {well}, expected up to "
            "{latest:.2f}. Little DNA, or inhibition; a small deletion clone may be missed.",
            sample=sample,
            cq=cq,
            well=wells(plate, [row]),
            latest=latest,
        ),
        DNA,
        value=cq,
        limit=latest,
    )


def _weak(plate: Plate, sample: str, row: int, share: float, limit: float) -> Finding:
    return Finding(
        NAME,
        Severity.WARNING,
        (row,),
        say(
            "The reference gene of {sample} rises to only {share:.0%} of the other samples' "
            "({well}): a sign of inhibition.",
            sample=sample,
            share=share,
            well=wells(plate, [row]),
        ),
        say("Dilute the DNA tenfold or clean it, and repeat the sample."),
        value=share,
        limit=limit,
    )


RULE = Rule(
    name=NAME,
    describes="Every sample shows its reference gene, in time and strongly.",
    severity=Severity.REACTION,
    limits={"latest_cq": 32.0, "cycles_after_median": 3.5, "lowest_rise_share": 0.6},
    needs_panel=True,
    check=_check,
)
