"""Residual disease by the rules of a profile: one assay of one patient, then sample by sample.

Order: which levels are quantitative → the standard curve through them → the sensitivity reached →
the sample's cells by a control gene → negative, positive not quantifiable, positive with its share,
or invalid with the reason. Shares are fractions of cells; they are never capped at 1, but one that
no measurement of cells can be (:data:`LARGEST_SHARE`) makes the sample invalid, and so does a
sensitivity that would not show a sample in which every cell is positive.

A negative sample is a complete response by its sensitivity only where nothing speaks against it: no
well of it has a Ct by which a standard would count as detected, and its cells are counted inside
the control gene's standards and agree with the DNA in the well.

Where the diagnostic sample's share of blasts is given, shares of its DNA are multiplied by it, so
that they are shares of leukaemic cells; sensitivity and quantitative limit too.

Cells of a sample's well are ``control copies / copies_per_cell``. With standards that are shares of
diagnostic DNA the share read from the curve is corrected by the standards' cells over the sample's;
with standards in copies the result is (target copies / target_copies_per_cell) / cells. Sensitivity
and quantitative limit are corrected alike: less DNA is less sensitivity.

The interval joins those of target, control gene and blasts, and the chance of few molecules, on the
log scale by the method of variance estimates recovery (Zou and Donner 2008, doi:10.1002/sim.3095).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calibration.blasts import NORMAL_95
from calibration.mrd_assay import TINY, Assay, Cqs, below, in_time, late_wells
from calibration.mrd_cells import Cells
from calibration.mrd_profile import Profile
from calibration.poisson import mean_quantity
from calibration.standard_curve import Quantity
from calibration.stated import state

LARGEST_SHARE = 10.0
"""A larger share of cells is none: neither ploidy nor the error of a measurement makes 1000 %.
Ours; a quantity in another unit than the profile's does, or hardly any DNA."""


class Outcome(StrEnum):
    """What is said of a sample."""

    NEGATIVE = "negative"
    NOT_QUANTIFIABLE = "positive, not quantifiable"
    POSITIVE = "positive"
    INVALID = "invalid"


class Response(StrEnum):
    """Terms of clinical response."""

    COMPLETE = "complete MRD response"
    INTERMEDIATE = "intermediate"
    FAILURE = "MRD failure"


@dataclass(frozen=True, slots=True)
class Residual:
    """Result of a sample; shares as fractions of cells.

    Attributes
    ----------
    value, low, high
        Only of a positive sample that can be quantified.
    sensitivity, quantitative_limit
        Reached with this sample's DNA.
    positive_wells, wells
        Counts.
    response
        ``None`` for an invalid sample.
    prognostic
        Whether the value reaches the prognostic cut; ``None`` without a value.
    """

    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None
    sensitivity: float | None
    quantitative_limit: float | None
    cells: float | None
    positive_wells: int
    wells: int
    response: Response | None
    prognostic: bool | None
    reasons: tuple[str, ...]


def assess_sample(profile: Profile, assay: Assay, cqs: Cqs, cells: Cells) -> Residual:
    """Judge one sample.

    Parameters
    ----------
    assay
        Of the sample's patient and target.
    cqs
        Ct of the sample's wells of that target, ``None`` = no Ct.
    cells
        Of the sample.
    """
    seen = [kept for cq in cqs if (kept := in_time(profile, cq)) is not None]
    hits = [cq for cq in seen if below(cq, assay.background, profile.sample.below_background)]
    reason = assay.reason or cells.reason
    need = profile.replicates.sample_wells
    if reason is None and len(cqs) < need:
        reason = state("{wells} wells of the sample; {need} are needed", wells=len(cqs), need=need)
    if reason is None and assay.sensitivity is None:
        reason = state("no level of the standards is told from background")
    faint = _faint(profile, assay, seen) if len(hits) < profile.sample.fewest_positive else 0
    made = _State(profile, assay, cells, hits, len(cqs), faint, late_wells(profile, cqs))
    if reason is None:
        reason = _blind(made)
    if reason is not None:
        return made.result(Outcome.INVALID, reason)
    if len(hits) < profile.sample.fewest_positive:
        return made.result(Outcome.NEGATIVE, *_unspecific(len(seen) - faint))
    return _positive(made, seen)


def _faint(profile: Profile, assay: Assay, seen: Sequence[float]) -> int:
    """Wells of a negative sample whose Ct is one by which a standard counts as detected.

    They are too few, or too late, for a positive sample by the profile. A standard of such a Ct
    would set the sensitivity, so the sample cannot be told from one that has as much.
    """
    margin = min(profile.sample.below_background, profile.sensitivity.below_background)
    return sum(below(cq, assay.background, margin) for cq in seen)


def _blind(made: _State) -> str | None:
    """Say that not even a sample of nothing but positive cells would show; ``None``: it would."""
    reached = made.share(made.assay.sensitivity)
    if reached is None or reached < 1:
        return None
    return state(
        "a sensitivity of {share:.3g} % is none: too little DNA, or quantities that are not {unit}",
        share=reached * 100,
        unit=made.profile.quantity.unit_words,
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What a result is made of."""

    profile: Profile
    assay: Assay
    cells: Cells
    hits: list[float]
    wells: int
    faint: int
    late: int

    def share(self, quantity: float | None, cells: float | None = None) -> float | None:
        """Share of cells that a quantity per well means, with this sample's cells or others."""
        cells = cells or self.cells.value
        if quantity is None or cells is None:
            return None
        rules = self.profile.quantity
        if rules.unit == "copies":
            return quantity / rules.target_copies_per_cell / cells
        blasts = 1.0 if self.assay.blasts is None else self.assay.blasts.value
        standard = self.profile.cells_of(self.profile.control_gene.ng_per_well)
        return quantity * blasts * standard / cells

    def result(self, outcome: Outcome, *reasons: str, quantity: Quantity | None = None) -> Residual:
        """Put the result together."""
        value = None if quantity is None else self.share(quantity.value)
        low, high = (None, None) if quantity is None else self._limits(quantity)
        if outcome is Outcome.INVALID and self.hits:
            before = state("{wells} wells amplified before the background", wells=len(self.hits))
            reasons = (*reasons, before)
        reasons = (*reasons, *self._remarks(outcome))
        sensitivity = self.share(self.assay.sensitivity)
        if sensitivity is not None and sensitivity >= 1:
            sensitivity = None  # the reason says so
        return Residual(
            outcome,
            value,
            low,
            high,
            sensitivity,
            self.share(self.assay.lowest),
            self.cells.value,
            len(self.hits),
            self.wells,
            self._response(outcome, value, sensitivity, reasons),
            None if value is None else value >= self.profile.response.prognostic * (1 - TINY),
            reasons,
        )

    def _remarks(self, outcome: Outcome) -> tuple[str, ...]:
        """What must be known beside the result, whatever it is."""
        remarks: list[str] = []
        if outcome is Outcome.NEGATIVE and self.faint:
            remarks.append(
                state(
                    "{wells} positive wells below the margin: no complete response",
                    wells=self.faint,
                )
            )
        if self.late:
            remarks.append(
                state(
                    "{wells} wells of the sample have a Ct after {latest:g}, which is none",
                    wells=self.late,
                    latest=self.profile.sample.latest_cq,
                )
            )
        return (*remarks, *self.cells.doubts)

    def _limits(self, quantity: Quantity) -> tuple[float | None, float | None]:
        """Interval of quantity times blasts over cells (variance estimates recovery, log scale).

        Few molecules scatter by chance more than the standards show: 1/N, the variance of the log
        of a Poisson count, joins both sides, N being the molecules expected in all the wells.
        """
        cells, value = self.cells, self.share(quantity.value)
        parts = (quantity.low, quantity.high, cells.low, cells.high)
        if value is None or cells.value is None or None in parts:
            return None, None
        q_low, q_high, c_low, c_high = (float(one) for one in parts if one is not None)
        if not (q_low > 0 and c_low > 0 and math.isfinite(q_high * c_high)):
            return None, None
        each = self.profile.quantity.target_copies_per_cell
        chance = NORMAL_95 / math.sqrt(value * cells.value * each * self.wells)
        b_down, b_up = 0.0, 0.0
        if self.assay.blasts is not None:
            b_down = math.log(self.assay.blasts.value / self.assay.blasts.low)
            b_up = math.log(self.assay.blasts.high / self.assay.blasts.value)
        q_down, q_up = math.log(quantity.value / q_low), math.log(q_high / quantity.value)
        c_down, c_up = math.log(c_high / cells.value), math.log(cells.value / c_low)
        down = math.hypot(q_down, c_down, b_down, chance)
        return value * math.exp(-down), value * math.exp(math.hypot(q_up, c_up, b_up, chance))

    def _response(
        self,
        outcome: Outcome,
        value: float | None,
        sensitivity: float | None,
        reasons: Sequence[str],
    ) -> Response | None:
        rules = self.profile.response
        if outcome is Outcome.INVALID:
            return None
        if outcome is Outcome.NEGATIVE:
            enough = sensitivity is not None and sensitivity <= rules.complete_sensitivity * (
                1 + TINY
            )
            doubtful = self.faint > 0 or bool(self.cells.doubts)
            return Response.COMPLETE if enough and not doubtful else Response.INTERMEDIATE
        if value is None:
            top = self.share(self.assay.highest)
            above = ABOVE in reasons and top is not None and top >= rules.failure
            return Response.FAILURE if above else Response.INTERMEDIATE
        return Response.FAILURE if value >= rules.failure * (1 - TINY) else Response.INTERMEDIATE


ABOVE = state("above the highest standard")


def _unspecific(wells: int) -> list[str]:
    """Say that wells amplified, though no earlier than the background."""
    said = state("{wells} wells amplified, no earlier than background may", wells=wells)
    return [said] if wells else []


def _positive(made: _State, seen: Sequence[float]) -> Residual:
    """Quantify a positive sample, or say why it cannot be."""
    assay, rules = made.assay, made.profile
    if assay.curve is None or assay.lowest is None or assay.highest is None:
        return made.result(Outcome.INVALID, state("there is no standard curve"))
    spread, largest = max(seen) - min(seen), rules.replicates.largest_spread
    poisson = rules.quantity.weighting == "poisson"
    quantity = mean_quantity(assay.curve, seen) if poisson else assay.curve.quantity(seen)
    mean = sum(seen) / len(seen)
    margin = rules.quantitative_range.below_background
    in_range = quantity.value >= assay.lowest * (1 - TINY) and below(mean, assay.background, margin)
    limit = assay.curve.cq_at(assay.lowest).value
    surely = min(seen) < limit - largest - TINY  # so much template that every well must show it
    trouble = None
    if len(seen) < made.wells:
        trouble = state(
            "{silent} of {wells} wells have no Ct",
            silent=made.wells - len(seen),
            wells=made.wells,
        )
    elif spread > largest + TINY:
        trouble = state("the wells differ by {spread:.2f} cycles", spread=spread)
    if trouble is not None and (surely or (in_range and len(seen) == made.wells)):
        repeat = state("{trouble} inside the quantitative range: repeat", trouble=trouble)
        return made.result(Outcome.INVALID, repeat)
    if trouble is not None or not in_range:
        below_range = state("below the quantitative range")
        return made.result(Outcome.NOT_QUANTIFIABLE, trouble or below_range)
    share = made.share(quantity.value)
    if share is not None and share > LARGEST_SHARE:
        return made.result(
            Outcome.INVALID,
            state(
                "{share:.3g} % of the cells cannot be: hardly any DNA, or quantities that are not "
                "{unit}",
                share=share * 100,
                unit=rules.quantity.unit_words,
            ),
        )
    if quantity.extrapolated == "above":
        if rules.quantity.above_range == "not quantifiable":
            return made.result(Outcome.NOT_QUANTIFIABLE, ABOVE)
        extrapolated = state("above the highest standard: extrapolated")
        return made.result(Outcome.POSITIVE, extrapolated, quantity=quantity)
    return made.result(Outcome.POSITIVE, quantity=quantity)
