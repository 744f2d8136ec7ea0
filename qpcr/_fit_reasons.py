"""Why a reaction has no Ct: short codes that stay the same, and a sentence for each."""

from __future__ import annotations

from enum import StrEnum

from qpcr.said import say


class Reason(StrEnum):
    """Why there is no Ct."""

    NO_CURVE = "no_curve"
    TOO_FEW_POINTS = "too_few_points"
    FLAT = "flat"
    FALLING = "falling"
    NOISY = "noisy"
    DRIFT = "drift"
    JUMP = "jump"
    NOT_CONVERGED = "not_converged"
    NO_THRESHOLD = "no_threshold"
    EARLY = "early"
    LATE = "late"
    UNCLEAR = "unclear"
    BASELINE = "baseline"

    @property
    def sentence(self) -> str:
        """The reason for people."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.NO_CURVE: say("There is no usable curve."),
    Reason.TOO_FEW_POINTS: say("Too few cycles were measured to fit a curve."),
    Reason.FLAT: say("The curve is flat: no amplification."),
    Reason.FALLING: say("The signal falls: no amplification."),
    Reason.NOISY: say("No rise stands out from the noise."),
    Reason.DRIFT: say("The signal drifts, but not the way a PCR grows."),
    Reason.JUMP: say("The signal jumps up faster than a PCR can grow."),
    Reason.NOT_CONVERGED: say("The fit did not settle."),
    Reason.NO_THRESHOLD: say("There is no threshold for this target."),
    Reason.EARLY: say("The curve is above the threshold from its first cycle on."),
    Reason.LATE: say("The curve does not cross the threshold within the measured cycles."),
    Reason.BASELINE: say(
        "The baseline window reaches into the rise: a Ct above it would be wrong."
    ),
    Reason.UNCLEAR: say("The curve cannot be followed through the threshold."),
}

REASONS = tuple(Reason)
"""In a fixed order: arrays of reasons hold 1 + the place here, and 0 for none."""


def code(reason: Reason) -> int:
    """The number that stands for `reason` in arrays."""
    return REASONS.index(reason) + 1
