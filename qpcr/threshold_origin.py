"""Thresholds against what the panel fixes: said whenever a cut-off meets a threshold not its own.

A cut-off was validated with one threshold. These findings belong to no rule that a panel could
leave out, since they say whether the panel's own numbers were used. They are warnings at most: the
results stand, a person has to look.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from primers import Channel, Panel
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Plate
from qpcr.said import say
from qpcr.thresholds import why_not

RULE = "panel_threshold"
SAME = 1e-6
"""Relative difference up to which two thresholds are the same number, stored or typed."""


def threshold_findings(plate: Plate) -> tuple[Finding, ...]:
    """Compare the thresholds that were used, and those in the file, with the panel's.

    Parameters
    ----------
    plate
        With or without a panel; without one, or where it fixes nothing, there is nothing to say.

    Returns
    -------
    tuple of Finding
        Warnings about fixed thresholds that were not used, that differ from what a person set in
        the file, or that nobody has validated.
    """
    if plate.panel is None:
        return ()
    fixed = {
        reaction.target: channel
        for reaction, channel in zip(plate.run.reactions, plate.channels, strict=True)
        if channel is not None and channel.threshold is not None
    }
    return (
        *_not_used(plate, plate.panel, fixed),
        *_set_in_file(plate, fixed),
        *_not_validated(plate, fixed),
    )


def _by_panel(plate: Plate, target: str) -> bool:
    return plate.curves.thresholds[target].source == "panel"


def _same(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and math.isclose(one, other, rel_tol=SAME)


def _pairs(pairs: Iterable[tuple[str, float | None, float | None]]) -> str:
    """Targets with two thresholds each: ``A 0.5 / 0.2, B – / 0.1``."""
    return ", ".join(f"{target} {_number(one)} / {_number(two)}" for target, one, two in pairs)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _finding(plate: Plate, targets: Iterable[str], message: str, remedy: str) -> Finding:
    names = tuple(targets)
    rows = (row for row, one in enumerate(plate.run.reactions) if one.target in names)
    return Finding(RULE, Severity.WARNING, tuple(rows), message, remedy, targets=names)


def _not_used(plate: Plate, panel: Panel, fixed: dict[str, Channel]) -> Iterator[Finding]:
    """The panel fixes a threshold, and Ct were read at another one."""
    used = plate.curves.thresholds
    other = [
        target
        for target, channel in fixed.items()
        if not _by_panel(plate, target) and not _same(used[target].value, channel.threshold)
    ]
    reasons = {target: why_not(plate.run, panel, target, fixed[target]) for target in other}
    for why, targets in grouped(other, lambda target: reasons[target]).items():
        told = _pairs((name, used[name].value, fixed[name].threshold) for name in targets)
        if why is None:
            yield _finding(
                plate,
                targets,
                say(
                    "Ct are not read at the thresholds that the panel fixes, used / panel: "
                    "{targets}. The panel's cut-off holds for its own.",
                    targets=told,
                ),
                say(
                    "Leave out --threshold to use the panel's, or note why this run is read "
                    "otherwise."
                ),
            )
        else:
            yield _finding(
                plate,
                targets,
                say(
                    "The thresholds that the panel fixes do not hold on this plate: {why}. "
                    "Used / panel: {targets}.",
                    why=why,
                    targets=told,
                ),
                say("Correct the plate set-up and analyze again, or choose the right panel."),
            )


def _set_in_file(plate: Plate, fixed: dict[str, Channel]) -> Iterator[Finding]:
    """A person set a threshold in the file, and the panel's was used instead."""
    recorded = plate.run.settings.thresholds
    apart = [
        (target, recorded[target].value, channel.threshold)
        for target, channel in fixed.items()
        if _by_panel(plate, target)
        and target in recorded
        and recorded[target].automatic is False
        and recorded[target].value is not None
        and not _same(recorded[target].value, channel.threshold)
    ]
    if apart:
        yield _finding(
            plate,
            (target for target, _, _ in apart),
            say(
                "A person set other thresholds in the file than the panel fixes, file / panel: "
                "{targets}. The panel's were used.",
                targets=_pairs(apart),
            ),
            say(
                "Set the instrument's template to the panel's thresholds. To read this run as the "
                "file asks, analyze it with --threshold protocol, and note why."
            ),
        )


def _not_validated(plate: Plate, fixed: dict[str, Channel]) -> Iterator[Finding]:
    """A real run is read at thresholds that nobody has validated."""
    doubtful = [
        (target, channel)
        for target, channel in fixed.items()
        if _by_panel(plate, target)
        and (channel.threshold_source is None or channel.threshold_source.evidence == "unverified")
    ]
    if doubtful and not plate.run.provenance.simulated:
        told = ", ".join(f"{target} {_number(one.threshold)}" for target, one in doubtful)
        yield _finding(
            plate,
            (target for target, _ in doubtful),
            say(
                "Ct are read at thresholds of the panel that nobody has validated: {targets}.",
                targets=told,
            ),
            say(
                "Verify them and the cut-off with your own dilution series, and name that "
                "validation in the panel; or read the run with --threshold protocol."
            ),
        )
