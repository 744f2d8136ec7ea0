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

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, fitted_cq, grouped, grows, rows_of, sample_of, target_of, wells

NAME = "positive_control"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    groups = grouped(
        rows_of(plate, Part.POSITIVE), lambda row: (sample_of(plate, row), target_of(plate, row))
    )
    for (sample, target), rows in groups.items():
        cqs = {row: fitted_cq(plate, row) if grows(plate, row) else None for row in rows}
        silent = [row for row, cq in cqs.items() if cq is None]
        early, late = (
            [row for row, cq in cqs.items() if cq is not None and cq < limits["earliest_cq"]],
            [row for row, cq in cqs.items() if cq is not None and cq > limits["latest_cq"]],
        )
        failed = len(silent) + len(early) + len(late)
        severity = Severity.RUN if failed == len(rows) else Severity.WARNING
        control = f"The positive control {sample!r} of {target}"
        if silent:
            yield Finding(
                NAME,
                severity,
                tuple(silent),
                f"{control} does not amplify in {wells(plate, silent)}.",
                "Check that control DNA, primers and enzyme were added to these wells, and repeat "
                "the target with a fresh control.",
                targets=(target,),
            )
        for bad, limit, word, remedy in (
            (early, "earliest_cq", "before", "too much control DNA, or contamination with product"),
            (late, "latest_cq", "after", "old control DNA, weak reagents or a pipetting error"),
        ):
            if not bad:
                continue
            worst = max(bad, key=lambda row: abs((cqs[row] or 0.0) - limits[limit]))
            yield Finding(
                NAME,
                severity,
                tuple(bad),
                f"{control} amplifies {word} its limit, Ct {limits[limit]:g}, in "
                f"{wells(plate, bad)} (Ct {cqs[worst]:.2f} in {wells(plate, [worst])}).",
                f"Look for {remedy}; repeat the target with a fresh control.",
                value=cqs[worst],
                limit=limits[limit],
                targets=(target,),
            )


RULE = Rule(
    name=NAME,
    describes="Positive controls amplify, with a Ct between their limits.",
    severity=Severity.RUN,
    limits={"earliest_cq": 10.0, "latest_cq": 36.0},
    needs_panel=False,
    check=_check,
)
