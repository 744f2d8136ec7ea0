"""From curves to calls: per sample detected, not detected, inconclusive or invalid, and why.

One reaction answers by the panel's definition: a proper amplification curve and a Ct below the
cut-off. The cut-off was set on the instrument's Ct; the fitted Ct has to lie on the same side.
Then replicates are put together, and the sample is called:

* A run whose controls fail gives no result, unless a person releases it with a reason.
* "Not detected" needs every target of the panel tested and negative, and a reference gene that
  amplified. Without the reference gene it is "invalid".
* A detected deletion stands without the reference gene: what amplified was there.
* A deletion is named only as far as the wells can tell: a pooled well says "some deletion".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from primers import Channel, Panel
from primers.panel import SOME_DELETION
from qpcr.findings import Finding, Severity
from qpcr.qc import Plate, check_control_rules
from qpcr.qc._plate import Part, part_of
from qpcr.said import say

UNSURE = (0.2, 0.8)
"""Probability of a proper curve between these: a person has to look."""


class Outcome(StrEnum):
    """What a sample is called."""

    DETECTED = "detected"
    NOT_DETECTED = "not detected"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


class Answer(StrEnum):
    """What one reaction, or the replicates of one channel, say."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCLEAR = "unclear"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one reaction says, and by which rule.

    Attributes
    ----------
    reaction
        Row of the reaction in the run.
    well, target, product
        Where, which channel of the panel, and what it means.
    cq, cq_se, cq_instrument_style
        The numbers that were compared.
    cutoff
        The panel's cut-off.
    answer, why
        What follows, and the rule that says so.
    """

    reaction: int
    well: str
    target: str
    product: str
    cq: float | None
    cq_se: float | None
    cq_instrument_style: float | None
    cutoff: float
    answer: Answer
    why: str

    def sentence(self) -> str:
        """The chain: reaction → Ct → rule → answer."""
        fitted, style = say("no Ct"), say("none")
        if self.cq is not None:
            fitted = say("Ct {cq:.2f} ± {se:.2f}", cq=self.cq, se=self.cq_se or 0.0)
        if self.cq_instrument_style is not None:
            style = say("{cq:.2f}", cq=self.cq_instrument_style)
        return say(
            "{well} {target} ({product}): {fitted}, by the instrument's rule {style}; {why} → "
            "{answer}",
            well=self.well,
            target=self.target,
            product=product(self.product),
            fitted=fitted,
            style=style,
            why=self.why,
            answer=self.answer,
        )


@dataclass(frozen=True, slots=True)
class Release:
    """A person's decision to use a run whose controls failed."""

    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """What one sample is called.

    Attributes
    ----------
    sample
        Name on the plate.
    outcome
        The call.
    deletions
        Names of what was detected, as far as the wells can tell; several mean "mixed".
    classes
        Functional classes of the deletions that could be named.
    evidence
        What every reaction of the sample said.
    reasons
        Why, in sentences.
    recommendations
        What to do next, in sentences; may be empty.
    limitations
        What the assay cannot see; for every sample without a detected deletion.
    released
        Set where the run's controls failed and a person released it.
    """

    sample: str
    outcome: Outcome
    deletions: tuple[str, ...]
    classes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    reasons: tuple[str, ...]
    recommendations: tuple[str, ...]
    limitations: tuple[str, ...]
    released: Release | None = None

    @property
    def mixed(self) -> bool:
        """More than one deletion was named."""
        return len(self.deletions) > 1

    @property
    def fewest_wells(self) -> int:
        """Usable wells of the target that has the fewest; 1: a failed well shows in nothing."""
        usable = dict.fromkeys((one.target for one in self.evidence), 0)
        for one in self.evidence:
            usable[one.target] += one.answer is not Answer.UNUSABLE
        return min(usable.values(), default=0)

    def chain(self) -> tuple[str, ...]:
        """How the call came about, line by line."""
        return (
            *(one.sentence() for one in self.evidence),
            *self.reasons,
            self._last_word(),
        )

    def _last_word(self) -> str:
        """The call itself, as the end of the chain."""
        if not self.deletions:
            return say("{sample}: {outcome}", sample=self.sample, outcome=self.outcome)
        what = product(self.deletions[0])
        for one in self.deletions[1:]:
            what = say("{first} and {second}", first=what, second=product(one))
        return say(
            "{sample}: {outcome}: {what}", sample=self.sample, outcome=self.outcome, what=what
        )


def product(name: str) -> str:
    """Name of a product as a report may say it: a pooled well's is no name but words."""
    return say("some deletion") if name == SOME_DELETION else name


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
        The panel does not judge its controls.
    """
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
    verdict = _verdict(answers, roles, panel)
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
            reason=released.reason,
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


def classes_of(panel: Panel, deletions: Iterable[str]) -> tuple[str, ...]:
    """Functional classes of deletions, as far as the panel names them, in alphabetical order."""
    names = set(deletions)
    found = {
        str(assay.functional_class)
        for assay in panel.assays
        if assay.product in names and assay.functional_class is not None
    }
    return tuple(sorted(found))


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


def together(answers: Iterable[Answer]) -> Answer:
    """What replicates say together: agreement of the usable ones, or nothing clear."""
    usable = {answer for answer in answers if answer is not Answer.UNUSABLE}
    if not usable:
        return Answer.UNUSABLE
    return usable.pop() if len(usable) == 1 else Answer.UNCLEAR


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A call before it is dressed: outcome, channels detected, reasons, what to do."""

    outcome: Outcome
    channels: tuple[Channel, ...]
    reasons: tuple[str, ...]
    todo: tuple[str, ...]


def _verdict(answers: dict[str, Answer], roles: dict[str, Channel], panel: Panel) -> _Verdict:
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
        reasons.append(
            say(
                "The reference gene ({targets}) did not amplify as it should.",
                targets=", ".join(references),
            )
        )
        if not found:
            todo.append(say("Check the DNA for amount and inhibitors, and repeat the sample."))
    if found:
        names = ", ".join(channel.target for channel in found)
        said = say("Positive: {targets}.", targets=names)
        return _Verdict(Outcome.DETECTED, found, (said, *reasons), tuple(todo))
    if references and not amplified:
        return _Verdict(Outcome.INVALID, (), tuple(reasons), tuple(todo))
    if missing or open_ones:
        return _Verdict(Outcome.INCONCLUSIVE, (), tuple(reasons), tuple(todo))
    said = say("Every target is negative, and the reference gene amplified.")
    return _Verdict(Outcome.NOT_DETECTED, (), (said,), ())
