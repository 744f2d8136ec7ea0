"""The verdict on a run: its controls, its findings by severity, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr._lists import grouped, listed
from qpcr.findings import Severity
from qpcr.qc import plate_of
from qpcr.qc._plate import CONTROLS, any_cq, part_of, target_of
from qpcr.report.language import Language

if TYPE_CHECKING:
    from qpcr.qc import Plate
    from qpcr.record import Record

GRAVE = (Severity.RUN, Severity.REACTION)
_WELLS = 8
"""So many wells of a control are named."""


@dataclass(frozen=True, slots=True)
class ControlLine:
    """What one kind of control showed for one target; `kind` is ``ok``, ``look`` or ``failed``."""

    part: str
    target: str
    wells: str
    shown: str
    kind: str
    state: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The run at a glance.

    Attributes
    ----------
    kind
        ``bad``, ``look`` or ``good``.
    sentence
        The verdict.
    counts
        How many findings there are of each severity, as (severity, label, number).
    todo
        What to do, the gravest first, each thing once; information is left out.
    controls
        What the controls showed.
    """

    kind: str
    sentence: str
    counts: tuple[tuple[str, str, int], ...]
    todo: tuple[str, ...]
    controls: tuple[ControlLine, ...]


def verdict(record: Record, tongue: Language) -> Verdict:
    """Judge a run by its findings, in the words of a language."""
    t = tongue.texts
    severities = [finding.severity for finding in record.findings]
    if Severity.RUN in severities:
        kind, sentence = "bad", t["verdict_invalid"]
    elif record.panel is None:
        kind, sentence = "look", t["verdict_no_panel"]
    elif not any(record.panel.find_channel(one.target) for one in record.run.reactions):
        kind, sentence = "look", t["verdict_no_targets"]
    elif Severity.REACTION in severities or Severity.WARNING in severities:
        kind, sentence = "look", t["verdict_look"]
    else:
        kind, sentence = "good", t["verdict_usable"]
    counts = tuple(
        (str(severity), t[f"severity_{severity}"], severities.count(severity))
        for severity in reversed(Severity)
        if severity in severities
    )
    todo = dict.fromkeys(
        tongue.say(finding.remedy)
        for finding in record.findings
        if finding.severity is not Severity.INFO
    )
    return Verdict(kind, sentence, counts, tuple(todo), _controls(record, tongue))


def _controls(record: Record, tongue: Language) -> tuple[ControlLine, ...]:
    """Control wells by kind and target, in the order of the plate."""
    plate = plate_of(record.run, record.curves, record.fits, record.shapes, record.panel)
    rows = [row for row in range(len(record.curves)) if part_of(plate, row) in CONTROLS]
    groups = grouped(rows, lambda row: (part_of(plate, row), target_of(plate, row)))
    return tuple(
        _line(record, plate, tongue, str(part), target, mine)
        for (part, target), mine in groups.items()
    )


def _line(
    record: Record, plate: Plate, tongue: Language, part: str, target: str, rows: list[int]
) -> ControlLine:
    """What these control wells showed, and whether a finding is about them."""
    t = tongue.texts
    mine = set(rows)
    about = {one.severity for one in record.findings if mine & set(one.reactions)}
    kind = "failed" if about & set(GRAVE) else "look" if Severity.WARNING in about else "ok"
    shown = [
        t["no_ct"] if (cq := any_cq(plate, row)) is None else f"{t['ct']} {cq:.2f}" for row in rows
    ]
    names = [record.run.reactions[row].well_name for row in rows]
    return ControlLine(
        tongue.word(part),
        target,
        tongue.say(listed(list(dict.fromkeys(names)), _WELLS)),
        tongue.say(listed(shown, _WELLS)),
        kind,
        t[f"control_{kind}"],
        tuple(rows),
    )
