"""The patient report: one A4 page for one sample, to be read by a clinician and signed.

It takes plain values: a record, the name of a sample on its plate, and how far the review is
(:class:`Review`). Where a result was amended, :func:`dataclasses.replace` the call in the case.
Until it is signed, "Preliminary" is printed across the page. The page holds no script at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from primers.panel import SOME_DELETION
from qpcr.errors import InputError

if TYPE_CHECKING:
    from primers import Panel
    from qpcr.calls import Call, Evidence
    from qpcr.quantities.mrd_kept import ResidualOnRecord
    from qpcr.quantities.mrd_tables import Treatment
    from qpcr.record import Record

STATES = ("preliminary", "reviewed", "signed", "amended")
"""How far a result can be."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a result's history.

    Attributes
    ----------
    state
        What it became, one of :data:`STATES`.
    who, when
        As texts, or ``None`` where they are not known.
    reason
        Why, where it was amended.
    """

    state: str
    who: str | None = None
    when: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """How far the review of a result is.

    Attributes
    ----------
    state
        One of :data:`STATES`.
    reviewed_by, reviewed_at, signed_by, signed_at
        Of the present state; ``None`` where nobody has (again).
    history
        What happened, oldest first.

    Raises
    ------
    ValueError
        A state that there is not, or a signed result that nobody signed.
    """

    state: str = "preliminary"
    reviewed_by: str | None = None
    reviewed_at: str | None = None
    signed_by: str | None = None
    signed_at: str | None = None
    history: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        for state in (self.state, *(step.state for step in self.history)):
            if state not in STATES:
                raise ValueError(f"there is no state {state!r}, only {', '.join(STATES)}")
        if self.final and self.signed_by is None:
            raise ValueError("a signed result names who signed it")

    @property
    def final(self) -> bool:
        """Signed: it may leave the laboratory."""
        return self.state == "signed"

    @property
    def one_person(self) -> bool:
        """Reviewed and signed by the same person."""
        return self.signed_by is not None and self.signed_by == self.reviewed_by


@dataclass(frozen=True, eq=False)
class Case:
    """All that one patient report is made of.

    Attributes
    ----------
    record
        The analyzed run.
    panel
        Its panel.
    call
        What the sample is called.
    review
        How far the review is.
    patient, specimen, timepoint
        Opaque id of the patient, and what was examined; ``None`` where nobody said so.
    residual, treatments
        The patient's residual disease by day, on a sheet of its own, and what was done meanwhile.
    """

    record: Record
    panel: Panel
    call: Call
    review: Review
    patient: str | None = None
    specimen: str | None = None
    timepoint: str | None = None
    residual: tuple[ResidualOnRecord, ...] = ()
    treatments: tuple[Treatment, ...] = ()

    @cached_property
    def seen(self) -> dict[str, str]:
        """By product what the page says was seen of it; never more than the call says.

        A product is positive exactly where the call names it. Of an invalid sample nothing is
        usable; wells that are positive without a call (or against an amended one) are unclear.
        """
        from qpcr.calls import Answer, Outcome, together

        by_product: dict[str, list[Answer]] = {}
        for one in self.call.evidence:
            for name in self.products(one):
                by_product.setdefault(name, []).append(one.answer)
        found = {name: together(answers) for name, answers in by_product.items()}
        for name, answer in found.items():
            if self.call.outcome is Outcome.INVALID:
                found[name] = Answer.UNUSABLE
            elif answer is Answer.POSITIVE:
                found[name] = Answer.UNCLEAR
        if self.call.outcome is Outcome.DETECTED:
            found |= dict.fromkeys(self.call.deletions, Answer.POSITIVE)
        return {name: str(answer) for name, answer in found.items()}

    def products(self, one: Evidence) -> tuple[str, ...]:
        """Products that a reaction looks for: all those of a pool."""
        channel = self.panel.find_channel(one.target)
        if channel is None or one.product != SOME_DELETION:
            return (one.product,)
        return tuple(dict.fromkeys(self.panel.assay(name).product for name in channel[1].reads))


def case_of(record: Record, sample: str, review: Review | None = None) -> Case:
    """Put together the case of one sample.

    Raises
    ------
    InputError
        The run has no panel, or the sample was not called.
    """
    if record.panel is None:
        raise InputError(
            "a patient report needs calls, and calls need a panel",
            file=record.run.provenance.file,
            remedy="name a panel with --panel",
        )
    call = next((one for one in record.calls if one.sample == sample), None)
    if call is None:
        raise InputError(
            "the sample is not among those called",
            file=record.run.provenance.file,
            expected=", ".join(one.sample for one in record.calls) or "a sample",
            found=sample,
        )
    who = record.identities.get(sample)
    return Case(
        record,
        record.panel,
        call,
        review or Review(),
        None if who is None else who.patient,
        None if who is None else who.specimen,
        None if who is None else who.timepoint,
    )


def render_patient(case: Case, lang: str = "en") -> str:
    """Make the report of one sample as one HTML page, A4 when printed.

    Parameters
    ----------
    case
        What it says (:func:`case_of`).
    lang
        Language of the page, one of :data:`qpcr.report.language.LANGUAGES`.

    Returns
    -------
    str
        The page, to be written as UTF-8. Names are anybody's text and stay text; the page's
        content security policy lets no script run and nothing be loaded.
    """
    from qpcr.report._patient_page import page

    return page(case, lang)
