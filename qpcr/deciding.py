"""From curves to calls: per sample what was found, whether a result can be given, and why.

One reaction answers by the panel's definition: a proper amplification curve and a Ct below the
cut-off. The cut-off was set on the instrument's Ct; the fitted Ct has to lie on the same side.
Then replicates are put together, and the sample is called:

* A run whose controls fail gives no result, unless a person releases it with a reason.
* "Not detected" needs every target of the panel tested and negative, and a reference gene that
  amplified. Without the reference gene it is "invalid".
* A detected deletion stands without the reference gene: what amplified was there.
* A panel without targets looks for no deletion: its samples are "not tested" at best.
* A deletion is named only as far as the wells can tell: a pooled well says "some deletion".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from primers import Channel, Panel
from qpcr.calls import Answer, Call, Evidence, Outcome, Release, classes_of, together
from qpcr.errors import InputError
from qpcr.findings import Finding, Severity
from qpcr.qc import Plate, check_control_rules
from qpcr.qc._plate import Part, part_of
from qpcr.said import say

REFERENCE_RULE = "reference_gene"
"""The rule whose findings say themselves what is wrong with the reference gene."""
UNSURE = (0.2, 0.8)
"""Probability of a proper curve between these: a person has to look."""


def decide(
    plate: Plate, findings: Sequence[Finding], release: Release | None = None
) -> tuple[Call, ...]:
    """Call every sample of a plate.

    Parameters
    ----------
    plate
        With a panel.
    findings
        Of the plate's quality rules.
    release
        Use the run although its controls failed.

    Returns
    -------
    tuple of Call
        In the order in which the samples appear; controls and standards are not called.

    Raises
    ------
    ValueError
        The plate has no panel.
    InputError
        The panel does not judge its controls, or the release does not say who or why.
    """
    if release is not None and not release.stated:
        raise InputError(
            "a run is released by a person who says why",
            place="release",
            expected="a name and a reason",
            found=f"{release.user!r}, {release.reason!r}",
        )
    panel = plate.panel
    if panel is None:
        raise ValueError("calls need a panel")
    check_control_rules(panel)
    failed = [finding for finding in findings if finding.severity is Severity.RUN]
    barred = {
        row: finding
        for finding in findings
        if finding.severity is Severity.REACTION
        for row in finding.reactions
    }
    samples: dict[str, list[int]] = {}
    for row, reaction in enumerate(plate.run.reactions):
        if reaction.sample and plate.channels[row] and part_of(plate, row) is Part.SAMPLE:
            samples.setdefault(reaction.sample, []).append(row)
    return tuple(
        _call(sample, rows, plate, panel, failed, barred, release)
        for sample, rows in samples.items()
    )


def _call(
    sample: str,
    rows: list[int],
    plate: Plate,
    panel: Panel,
    failed: list[Finding],
    barred: dict[int, Finding],
    release: Release | None,
) -> Call:
    """Call one sample."""
    evidence: dict[str, list[Evidence]] = {}
    roles: dict[str, Channel] = {}
    for row in rows:
        channel = plate.channels[row]
        if channel is not None:
            evidence.setdefault(channel.target, []).append(
                _evidence(row, channel, plate, panel, barred)
            )
            roles[channel.target] = channel
    answers = {target: together(one.answer for one in many) for target, many in evidence.items()}
    verdict = _verdict(answers, roles, panel, evidence, barred)
    released = release if failed else None
    if failed and release is None:
        reasons: tuple[str, ...] = tuple(
            say("The run is invalid: {why}", why=finding.message) for finding in failed
        )
        todo = tuple(dict.fromkeys(finding.remedy for finding in failed))
        verdict = _Verdict(Outcome.INVALID, (), reasons, todo)
    elif released is not None:
        said = say(
            "The run's controls failed; released by {user}: {reason}",
            user=released.user,
            reason=released.sentence,
        )
        verdict = _Verdict(
            verdict.outcome, verdict.channels, (said, *verdict.reasons), verdict.todo
        )
    names = tuple(dict.fromkeys(channel.reports for channel in verdict.channels))
    detected = verdict.outcome is Outcome.DETECTED
    todo = verdict.todo
    if detected and panel.reflex is not None:
        todo = (*todo, panel.reflex.text)
    return Call(
        sample,
        verdict.outcome,
        names,
        classes_of(panel, names),
        tuple(one for many in evidence.values() for one in many),
        verdict.reasons,
        todo,
        () if detected else tuple(one.text for one in panel.limitations),
        released,
    )


def _evidence(
    row: int, channel: Channel, plate: Plate, panel: Panel, barred: dict[int, Finding]
) -> Evidence:
    """What one reaction says."""
    reaction, fit = plate.run.reactions[row], plate.fits[row]
    style = plate.curves.instrument_cq[row].value
    answer, why = _answer(row, channel, plate, panel, barred, fit.cq, style)
    return Evidence(
        row, reaction.well_name, channel.target, channel.reports, fit.cq, fit.cq_se, style,
        channel.cq_below, answer, why,
    )  # fmt: skip


def _answer(
    row: int,
    channel: Channel,
    plate: Plate,
    panel: Panel,
    barred: dict[int, Finding],
    fitted: float | None,
    style: float | None,
) -> tuple[Answer, str]:
    """The panel's definition of positive, laid over one reaction."""
    cutoff, grey, shape = channel.cq_below, panel.cutoffs.grey_cq or 0.0, plate.shapes[row]
    problem = plate.curves.problems[row]
    if plate.run.reactions[row].omitted:
        return Answer.UNUSABLE, say("omitted on the instrument")
    if problem is not None:
        return Answer.UNUSABLE, problem
    if row in barred:
        return Answer.UNUSABLE, barred[row].message
    near = say("Ct within {grey:g} cycles of the cut-off {cutoff:g}", grey=grey, cutoff=cutoff)
    below = [cq is not None and cq < cutoff for cq in (fitted, style)]
    if not any(below):
        late = [cq for cq in (fitted, style) if cq is not None and cq < cutoff + grey]
        if late and shape.proper:
            return Answer.UNCLEAR, near
        return Answer.NEGATIVE, say("no Ct below the cut-off {cutoff:g}", cutoff=cutoff)
    if panel.cutoffs.proper_curve and not shape.proper:
        unsure = UNSURE[0] < shape.probability < UNSURE[1] or all(below)
        answer = Answer.UNCLEAR if unsure else Answer.NEGATIVE
        return answer, say(
            "Ct below {cutoff:g}, but not a proper curve ({kind})", cutoff=cutoff, kind=shape.kind
        )
    if not all(below):
        return Answer.UNCLEAR, say(
            "the two Ct lie on two sides of the cut-off {cutoff:g}", cutoff=cutoff
        )
    if min(cq for cq in (fitted, style) if cq is not None) > cutoff - grey:
        return Answer.UNCLEAR, near
    return Answer.POSITIVE, say("Ct below the cut-off {cutoff:g}, proper curve", cutoff=cutoff)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A call before it is dressed: outcome, channels detected, reasons, what to do."""

    outcome: Outcome
    channels: tuple[Channel, ...]
    reasons: tuple[str, ...]
    todo: tuple[str, ...]


def _verdict(
    answers: dict[str, Answer],
    roles: dict[str, Channel],
    panel: Panel,
    evidence: dict[str, list[Evidence]],
    barred: dict[int, Finding],
) -> _Verdict:
    """Put the channels of one sample together."""
    wanted = {channel.target: channel for one in panel.reactions for channel in one.channels}
    targets = {name: channel for name, channel in wanted.items() if channel.role == "target"}
    references = [name for name, channel in wanted.items() if channel.role == "reference"]
    found = tuple(roles[name] for name in targets if answers.get(name) is Answer.POSITIVE)
    missing = [name for name in targets if name not in answers]
    open_ones = [name for name in targets if answers.get(name) in (Answer.UNCLEAR, Answer.UNUSABLE)]
    amplified = [name for name in references if answers.get(name) is Answer.POSITIVE]
    reasons: list[str] = []
    todo: list[str] = []
    if missing:
        reasons.append(say("Not tested: {targets}.", targets=", ".join(missing)))
        todo.append(say("Test {targets} too.", targets=", ".join(missing)))
    if open_ones:
        reasons.append(say("Not clear: {targets}.", targets=", ".join(open_ones)))
        todo.append(say("Repeat {targets}.", targets=", ".join(open_ones)))
    if references and not amplified:
        why = dict(
            one
            for name in references
            for one in _no_reference(name, answers.get(name), evidence.get(name, []), barred)
        )
        reasons += why
        if not found:
            todo += dict.fromkeys(why.values())
    if found:
        names = ", ".join(channel.target for channel in found)
        said = say("Positive: {targets}.", targets=names)
        return _Verdict(Outcome.DETECTED, found, (said, *reasons), tuple(todo))
    if references and not amplified:
        return _Verdict(Outcome.INVALID, (), tuple(reasons), tuple(todo))
    if missing or open_ones:
        return _Verdict(Outcome.INCONCLUSIVE, (), tuple(reasons), tuple(todo))
    if not targets:
        said = say("The reference gene amplified; the panel has no target: nothing was tested for.")
        return _Verdict(Outcome.NOT_TESTED, (), (said,), ())
    said = say("Every target is negative, and the reference gene amplified.")
    return _Verdict(Outcome.NOT_DETECTED, (), (said,), ())


def _no_reference(
    target: str, answer: Answer | None, wells: list[Evidence], barred: dict[int, Finding]
) -> Iterator[tuple[str, str]]:
    """Why the reference gene did not count, and what to do about that very cause."""
    again = say("Repeat {targets}.", targets=target)
    if answer is None:
        yield (
            say("No well of the sample reads the reference gene ({targets}).", targets=target),
            say("Test {targets} too.", targets=target),
        )
        return
    if answer is Answer.NEGATIVE:
        yield (
            say("The reference gene ({targets}) did not amplify as it should.", targets=target),
            say("Check the DNA for amount and inhibitors, and repeat the sample."),
        )
        return
    if any(one.answer is Answer.POSITIVE for one in wells):
        yield (
            say("The wells of the reference gene ({targets}) contradict each other.",
                targets=target),
            again,
        )  # fmt: skip
        return
    for one in wells:
        finding = barred.get(one.reaction)
        if finding is not None and finding.rule == REFERENCE_RULE and one.why == finding.message:
            yield finding.message, finding.remedy
            continue
        why = one.why if one.why.endswith(".") else say("{why}.", why=one.why)
        yield (
            say("The reference gene ({targets}) cannot be judged: {why}", targets=target, why=why),
            again if finding is None else finding.remedy,
        )
