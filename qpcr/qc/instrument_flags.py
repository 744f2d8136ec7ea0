"""What the instrument's own analysis says of the plate: flags, omitted wells, a Ct unlike ours.

Exports hold the quality flags that were switched on, well by well. Those that tell of the signal or
of a control are warnings; those that other rules judge by their own limits, or that any well
without product raises, are information. Where the file says that there is no Ct and one that counts
is fitted here, that is a warning. Files of the 7500 hold the criteria of the flags, but not
which well raised which; those cannot be shown. Wells that a person omitted are information; an
omitted control is a warning, for it may have been left out because it failed.

Limits
    ``largest_cq_difference``: between the stored Ct and the same rule applied here. With the same
    settings they agree within thousandths; more means other settings or edited data. Where the
    panel fixes the threshold, the rule is applied at the file's own, if the file tells it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr.findings import Finding, Severity
from qpcr.instrument._arithmetic import cubic_ct, threshold_crossing
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import CONTROLS, cutoff_of, fitted_cq, part_of, rows_of, wells
from qpcr.said import say

NAME = "instrument_flags"
MEANINGS = {
    "AMPNC": say("amplification in a negative control"),
    "BADROX": say("a bad signal of the passive reference"),
    "BLFAIL": say("no baseline was found"),
    "CQCONF": say("a Ct of low confidence"),
    "CTFAIL": say("no Ct could be computed"),
    "DRNMIN": say("an abnormal baseline"),
    "EXPFAIL": say("no exponential phase was found"),
    "HIGHQT": say("a quantity above the standards"),
    "HIGHSD": say("replicates that spread"),
    "LOWQT": say("a quantity below the standards"),
    "MTP": say("several melting peaks"),
    "NOAMP": say("no amplification"),
    "NOISE": say("more noise than in other wells"),
    "NOSIGNAL": say("no signal"),
    "OFFSCALE": say("fluorescence beyond the detector's range"),
    "OUTLIERRG": say("a replicate that stands off the others"),
    "PRFDROP": say("a sudden change of the passive reference"),
    "PRFLOW": say("a low passive reference"),
    "SPIKE": say("spikes"),
    "THOLDFAIL": say("no threshold was found"),
}
"""The flags of the 7500, StepOne and QuantStudio software."""
GRAVE = frozenset(
    [
        "AMPNC",
        "BADROX",
        "BLFAIL",
        "CTFAIL",
        "NOSIGNAL",
        "OFFSCALE",
        "PRFDROP",
        "PRFLOW",
        "SPIKE",
        "THOLDFAIL",
    ]
)
"""Flags that tell of a control or of the signal itself."""


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
    yield from _raised(plate)
    yield from _stored(plate, limits["largest_cq_difference"])
    yield from _undetermined(plate)


def _raised(plate: Plate) -> Iterator[Finding]:
    """Flags in the file, the warnings first."""
    rows: dict[str, list[int]] = {}
    for row in rows_of(plate):
        reaction = plate.run.reactions[row]
        stored = plate.run.results.get((reaction.well, reaction.target))
        for name in () if stored is None else stored.flags:
            rows.setdefault(name, []).append(row)
    for name in sorted(rows, key=lambda name: name not in GRAVE):
        yield Finding(
            NAME,
            Severity.WARNING if name in GRAVE else Severity.INFO,
            tuple(rows[name]),
            say(
                "The instrument's software flags {wells}: {name}, {meaning}.",
                wells=wells(plate, rows[name]),
                name=name,
                meaning=MEANINGS.get(name, name),
            ),
            say("Look at the raw signal and the curve of these wells."),
        )


def _stored(plate: Plate, limit: float) -> Iterator[Finding]:
    """Where the Ct in the file is another."""
    apart: dict[int, float] = {}
    for row in rows_of(plate):
        reaction = plate.run.reactions[row]
        stored = plate.run.results.get((reaction.well, reaction.target))
        ours = _style(plate, row)
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


def _style(plate: Plate, row: int) -> float | None:
    """Ct by the instrument's rule, at the threshold that its own Ct was read at."""
    curves, target = plate.curves, plate.run.reactions[row].target
    if curves.thresholds[target].source != "panel":
        return curves.instrument_cq[row].value
    setting, peak, drn = (
        plate.run.settings.thresholds.get(target),
        curves.peaks[row],
        curves.drn[row],
    )
    if setting is None or setting.value is None or peak is None or not np.isfinite(drn).all():
        return None
    shift = int(curves.cycles[0]) - 1
    k = threshold_crossing(drn, setting.value, peak - shift)
    return None if k is None else cubic_ct(drn, setting.value, k) + shift


def _undetermined(plate: Plate) -> Iterator[Finding]:
    """Where the file says that there is no Ct, and one that counts is fitted here."""
    rows = []
    for row in rows_of(plate):
        reaction = plate.run.reactions[row]
        stored = plate.run.results.get((reaction.well, reaction.target))
        cq, cutoff = fitted_cq(plate, row), cutoff_of(plate, row)
        if stored is None or stored.determined is not False or cq is None:
            continue
        if cutoff is None or cq < cutoff:
            rows.append(row)
    if rows:
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(rows),
            say(
                "The file says that there is no Ct in {wells}; one is fitted here.",
                wells=wells(plate, rows),
            ),
            say(
                "Look at the curve: report nothing that rests on such a well before it is repeated."
            ),
        )


RULE = Rule(
    name=NAME,
    describes="Shows the instrument's flags, what was omitted there, and where its Ct differs.",
    severity=Severity.WARNING,
    limits={"largest_cq_difference": 0.1},
    needs_panel=False,
    check=_check,
)
