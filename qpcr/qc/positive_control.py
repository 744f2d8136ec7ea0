"""A positive control failed, or its Ct lies outside its limits.

Wells of one control sample and target are replicates: when all of them fail, the target is not
proven to work and the run is invalid; when some fail, it is a warning. A control fails that shows
no proper product or has no Ct. A weak control may lie behind the panel's cut-off on purpose, so
its limits are its own.

Limits
    ``earliest_cq``, ``latest_cq``: between these the Ct of a positive control must lie.
"""

from __future__ import annotations

from collections.abc import Iterator

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, fitted_cq, grows, rows_of, sample_of, target_of, wells
from qpcr.said import say

NAME = "positive_control"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    groups = grouped(
        rows_of(plate, Part.POSITIVE), lambda row: (sample_of(plate, row), target_of(plate, row))
    )
    earliest, latest = limits["earliest_cq"], limits["latest_cq"]
    for (sample, target), rows in groups.items():
        cqs = {row: fitted_cq(plate, row) if grows(plate, row) else None for row in rows}
        silent = [row for row, cq in cqs.items() if cq is None]
        known = {row: cq for row, cq in cqs.items() if cq is not None}
        early = {row: cq for row, cq in known.items() if cq < earliest}
        late = {row: cq for row, cq in known.items() if cq > latest}
        failed = len(silent) + len(early) + len(late)
        severity = Severity.RUN if failed == len(rows) else Severity.WARNING
        grown = [row for row in silent if grows(plate, row)]
        if grown:
            yield _without_ct(plate, severity, grown, sample, target)
        silent = [row for row in silent if row not in grown]
        if silent:
            yield Finding(
                NAME,
                severity,
                tuple(silent),
                say(
                    "The positive control {sample!r} of {target} does not amplify in {wells}.",
                    sample=sample,
                    target=target,
                    wells=wells(plate, silent),
                ),
                say(
                    "Check that control DNA, primers and enzyme were added to these wells, and "
                    "repeat the target with a fresh control."
                ),
                targets=(target,),
            )
        if early:
            yield _outside(plate, severity, early, earliest, sample)
        if late:
            yield _outside(plate, severity, late, latest, sample)


def _without_ct(
    plate: Plate, severity: Severity, rows: list[int], sample: str, target: str
) -> Finding:
    """The control is well, and yet has no Ct: its threshold cannot be used."""
    return Finding(
        NAME,
        severity,
        tuple(rows),
        say(
            "The positive control {sample!r} of {target} amplifies in {wells}, but no Ct can be "
            "read at the threshold.",
            sample=sample,
            target=target,
            wells=wells(plate, rows),
        ),
        say("Set the threshold of this target where the curves rise evenly, and analyze again."),
        targets=(target,),
    )


def _outside(
    plate: Plate,
    severity: Severity,
    cqs: dict[int, float],
    limit: float,
    sample: str,
) -> Finding:
    """The Cts of these wells lie outside a limit."""
    worst = max(cqs, key=lambda row: abs(cqs[row] - limit))
    values = {
        "sample": sample,
        "target": target_of(plate, worst),
        "limit": limit,
        "wells": wells(plate, list(cqs)),
        "cq": cqs[worst],
        "worst": wells(plate, [worst]),
    }
    if cqs[worst] < limit:
        message = say(
            "The positive control {sample!r} of {target} amplifies before its limit, Ct "
            "{limit:g}, in {wells} (Ct {cq:.2f} in {worst}).",
            **values,
        )
        remedy = say(
            "Look for too much control DNA, or contamination with product; repeat the target with "
            "a fresh control."
        )
    else:
        message = say(
            "The positive control {sample!r} of {target} amplifies after its limit, Ct {limit:g}, "
            "in {wells} (Ct {cq:.2f} in {worst}).",
            **values,
        )
        remedy = say(
            "Look for old control DNA, weak reagents or a pipetting error; repeat the target with "
            "a fresh control."
        )
    return Finding(
        NAME,
        severity,
        tuple(cqs),
        message,
        remedy,
        value=cqs[worst],
        limit=limit,
        targets=(target_of(plate, worst),),
    )


RULE = Rule(
    name=NAME,
    describes="Positive controls amplify, with a Ct between their limits.",
    severity=Severity.RUN,
    limits={"earliest_cq": 10.0, "latest_cq": 36.0},
    needs_panel=False,
    check=_check,
)
