"""The plate does not hold what the panel asks for: controls, replicates, targets, dyes.

Controls are counted for each target that the plate holds; wells that were omitted
or not measured do not count. A missing
control makes the target's results unusable; a plate without any target of the panel is the wrong
panel's, or misnamed. The panel states all that is asked for, so the rule has
no limits of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from primers import Panel
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import KINDS, Part, names, part_of, rows_of, sample_of, wells
from qpcr.said import say

NAME = "layout"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    del limits
    panel = plate.panel
    if panel is None:
        return
    yield from _targets(plate)
    known = [row for row in rows_of(plate) if plate.channels[row] is not None]
    by_target = grouped(known, lambda row: _meaning(plate, row))
    for target, rows in by_target.items():
        yield from _controls(plate, panel, target, rows)
    yield from _replicates(plate, panel, known)
    yield from _dyes(plate, panel, known)


def _meaning(plate: Plate, row: int) -> str:
    """The panel's own name of a target."""
    channel = plate.channels[row]
    return "" if channel is None else channel.target


def _targets(plate: Plate) -> Iterator[Finding]:
    strange = [row for row in rows_of(plate) if plate.channels[row] is None]
    which = names(plate.run.reactions[row].target for row in strange)
    if strange and not any(plate.channels):
        yield Finding(
            NAME,
            Severity.RUN,
            tuple(strange),
            say(
                "None of the panel's targets is on this plate, which holds {targets} ({wells}): "
                "nothing can be called.",
                targets=which,
                wells=wells(plate, strange),
            ),
            say("Correct the target names in the plate set-up, or choose the right panel."),
        )
    elif strange:
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(strange),
            say(
                "The panel does not know these targets: {targets} ({wells}).",
                targets=which,
                wells=wells(plate, strange),
            ),
            say(
                "Correct the target names in the plate set-up, or choose the right panel. These "
                "wells take no part in any call."
            ),
        )


def _controls(plate: Plate, panel: Panel, target: str, rows: list[int]) -> Iterator[Finding]:
    for control in panel.layout.controls:
        part = KINDS[control.kind]
        have = [
            row
            for row in rows
            if part_of(plate, row) is part and plate.curves.problems[row] is None
        ]
        if len(have) >= control.minimum:
            continue
        yield Finding(
            NAME,
            Severity.RUN,
            tuple(have),
            say(
                "{target} has {count} {part} on this plate; the panel asks for {wanted}.",
                target=target,
                count=len(have) or say("no"),
                part=part,
                wanted=control.minimum,
            ),
            say(
                "If the control is there under another name, correct the task or the sample name "
                "in the plate set-up; otherwise repeat the target with its controls."
            ),
            value=float(len(have)),
            limit=float(control.minimum),
            targets=(target,),
        )


def _replicates(plate: Plate, panel: Panel, known: list[int]) -> Iterator[Finding]:
    wanted = panel.layout.replicates
    groups = grouped(
        [row for row in known if part_of(plate, row) is Part.SAMPLE],
        lambda row: (sample_of(plate, row), _meaning(plate, row)),
    )
    few = {key: mine for key, mine in groups.items() if len(mine) < wanted}
    if few:
        targets = tuple(dict.fromkeys(target for _, target in few))
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(sorted(row for mine in few.values() for row in mine)),
            say(
                "Fewer than {wanted} wells for {samples} ({targets}).",
                wanted=wanted,
                samples=names(sample for sample, _ in few),
                targets=names(targets),
            ),
            say("Run every sample in {wanted} wells for each target.", wanted=wanted),
            value=float(min(len(mine) for mine in few.values())),
            limit=float(wanted),
            targets=targets,
        )


def _dyes(plate: Plate, panel: Panel, known: list[int]) -> Iterator[Finding]:
    wrong = [row for row in known if _other_dye(plate, row)]
    for (target, dye), rows in grouped(
        wrong, lambda row: (_meaning(plate, row), plate.run.reactions[row].reporter)
    ).items():
        channel = plate.channels[rows[0]]
        asked = "" if channel is None else channel.reporter
        yield Finding(
            NAME,
            Severity.WARNING,
            tuple(rows),
            say(
                "{target} is read in {dye} on this plate ({wells}), the panel says {asked}.",
                target=target,
                dye=dye,
                wells=wells(plate, rows),
                asked=asked,
            ),
            say(
                "Correct the reporter in the plate set-up and analyze again, or correct the panel."
            ),
            targets=(target,),
        )
    asked_passive = panel.layout.passive_reference
    passive = plate.run.passive_reference
    if known and (asked_passive or "").casefold() != (passive or "").casefold():
        yield Finding(
            NAME,
            Severity.WARNING,
            (),
            say(
                "The passive reference is {passive} on this plate, the panel says {asked}.",
                passive=passive or say("none"),
                asked=asked_passive or say("none"),
            ),
            say("Correct the passive reference in the plate set-up and analyze again."),
        )


def _other_dye(plate: Plate, row: int) -> bool:
    channel = plate.channels[row]
    dye = plate.run.reactions[row].reporter
    return channel is not None and channel.reporter.casefold() != dye.casefold()


RULE = Rule(
    name=NAME,
    describes="The plate holds the controls, replicates, targets and dyes the panel asks for.",
    severity=Severity.RUN,
    limits={},
    needs_panel=True,
    check=_check,
)
