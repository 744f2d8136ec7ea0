"""The threshold of a target does not lie in the exponential phase of its curves.

The exponential phase ends near the second-derivative maximum, at 7 % (Gompertz) to 21 % (logistic)
of the rise. The instrument's automatic threshold lies at about 10 %, often just above that
maximum, so only a threshold clearly beyond it is found. A threshold that is lost in the noise, or
tiny beside the rise, makes every Ct of the target wrong.

An automatic threshold is the ΔRn of one well, one cycle after its curvature peak. A false peak in a
noisy negative well can pull it down to some thousandths; that well is named.

Limits
    ``least_noise_multiple``: the threshold must be so many times the noise of a reading.
    ``least_share_of_rise``, ``largest_share_of_rise``: between these shares of the rise of the
    target's highest amplified curve it must lie; later curves have had no time to rise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import grows, rows_of, sample_of, target_of, wells
from qpcr.said import say

NAME = "threshold_phase"
BY_HAND = say(
    "Set the threshold of this target by hand where the curves rise evenly, and analyze again."
)

FIXED = say(
    "Look for what changed: reagents, passive reference, calibration. Do not move a threshold that "
    "the panel fixes for one run; if it fits no run, validate another."
)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    for target, rows in grouped(rows_of(plate), lambda row: target_of(plate, row)).items():
        threshold = plate.curves.thresholds[target].value
        if threshold is None:
            continue
        noise = plate.fits.table.noise[rows]
        noise = noise[np.isfinite(noise) & (noise > 0)]
        rises = [np.nanmax(plate.curves.drn[row]) for row in rows if grows(plate, row)]
        multiple = threshold / float(np.median(noise)) if len(noise) else None
        share = threshold / float(np.max(rises)) if rises else None
        values = {"target": target, "threshold": threshold}
        if multiple is not None and multiple < limits["least_noise_multiple"]:
            said = say(
                "The threshold of {target}, {threshold:.4g}, is only {multiple:.1f} times the "
                "noise of the readings",
                **values, multiple=multiple,
            )  # fmt: skip
            yield _low(plate, rows, target, threshold, said, multiple, limits, "noise")
        elif share is not None and share < limits["least_share_of_rise"]:
            said = say(
                "The threshold of {target}, {threshold:.4g}, is only {share:.2%} of the rise of "
                "its highest curve",
                **values, share=share,
            )  # fmt: skip
            yield _low(plate, rows, target, threshold, said, share, limits, "rise")
        elif share is not None and share > limits["largest_share_of_rise"]:
            yield Finding(
                NAME,
                Severity.WARNING,
                tuple(rows),
                say(
                    "The threshold of {target}, {threshold:.4g}, lies at {share:.0%} of the rise "
                    "of its highest curve, behind the exponential phase.",
                    **values,
                    share=share,
                ),
                _remedy(plate, target),
                value=share,
                limit=limits["largest_share_of_rise"],
                targets=(target,),
            )


def _low(
    plate: Plate,
    rows: list[int],
    target: str,
    threshold: float,
    said: str,
    value: float,
    limits: Limits,
    kind: str,
) -> Finding:
    """The threshold is too low; say which well pulled it there."""
    row = setter(plate, rows, threshold)
    message, remedy = say("{problem}.", problem=said), _remedy(plate, target)
    if row is not None:
        values = {"problem": said, "well": wells(plate, [row]), "sample": sample_of(plate, row)}
        if grows(plate, row):
            message = say("{problem}; well {well} ({sample}) set it.", **values)
        else:
            message = say(
                "{problem}; well {well} ({sample}, which does not amplify) set it.", **values
            )
        remedy = say(
            "Set the threshold of this target by hand where the curves rise evenly, and analyze "
            "again, or omit well {well} if it is faulty.",
            well=values["well"],
        )
    limit = limits["least_noise_multiple" if kind == "noise" else "least_share_of_rise"]
    return Finding(
        NAME,
        Severity.REACTION,
        tuple(rows),
        message,
        remedy,
        value=value,
        limit=limit,
        targets=(target,),
    )


def _remedy(plate: Plate, target: str) -> str:
    return FIXED if plate.curves.thresholds[target].source == "panel" else BY_HAND


def setter(plate: Plate, rows: list[int], threshold: float) -> int | None:
    """Row of the reaction whose ΔRn became the automatic threshold of its target, or ``None``."""
    curves = plate.curves
    if curves.thresholds[target_of(plate, rows[0])].source != "automatic":
        return None
    first = int(curves.cycles[0])
    for row in rows:
        peak = curves.peaks[row]
        at = (
            len(curves.cycles) - 1
            if peak is None
            else min(peak + 1 - first, len(curves.cycles) - 1)
        )
        if np.isclose(curves.drn[row, at], threshold, rtol=1e-9, atol=0.0):
            return row
    return None


RULE = Rule(
    name=NAME,
    describes="Thresholds lie above the noise and in the exponential phase.",
    severity=Severity.REACTION,
    limits={
        "least_noise_multiple": 10.0,
        "least_share_of_rise": 0.005,
        "largest_share_of_rise": 0.3,
    },
    needs_panel=False,
    check=_check,
)
