"""What samples are called: detected, not detected, inconclusive, invalid or not tested.

How a plate becomes calls says :mod:`qpcr.deciding`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from primers import Panel
from primers.panel import SOME_DELETION
from qpcr.said import say


class Outcome(StrEnum):
    """What a sample is called."""

    DETECTED = "detected"
    NOT_DETECTED = "not detected"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    NOT_TESTED = "not tested"
    """The reference gene amplified, and the panel has no target: nothing was looked for."""


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
    """A person's decision to use a run whose controls failed.

    :func:`qpcr.deciding.decide` refuses one without a person or a reason; records of earlier
    versions, which took them, can still be read.
    """

    user: str
    reason: str

    @property
    def stated(self) -> bool:
        """Person and reason are more than blanks."""
        return bool(self.user.strip() and self.reason.strip())

    @property
    def sentence(self) -> str:
        """The reason with a full stop, in whatever script it is written."""
        told = self.reason.strip()
        if told.endswith((".", "!", "?", "。", "！", "？")):
            return told
        return told + ("。" if "一" <= told[-1:] <= "鿿" else ".")


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


def tested(panel: Panel) -> tuple[str, ...]:
    """Names of the deletions that a panel's wells can show; of some panels there are none."""
    channels = [one for reaction in panel.reactions for one in reaction.channels]
    return tuple(dict.fromkeys(one.reports for one in channels if one.role == "target"))


def classes_of(panel: Panel, deletions: Iterable[str]) -> tuple[str, ...]:
    """Functional classes of deletions, as far as the panel names them, in alphabetical order."""
    names = set(deletions)
    found = {
        str(assay.functional_class)
        for assay in panel.assays
        if assay.product in names and assay.functional_class is not None
    }
    return tuple(sorted(found))


def together(answers: Iterable[Answer]) -> Answer:
    """What replicates say together: agreement of the usable ones, or nothing clear."""
    usable = {answer for answer in answers if answer is not Answer.UNUSABLE}
    if not usable:
        return Answer.UNUSABLE
    return usable.pop() if len(usable) == 1 else Answer.UNCLEAR
