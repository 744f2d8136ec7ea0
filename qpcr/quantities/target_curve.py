"""The standard curve of a target on a plate, with what speaks for and against it."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.curve_checks import ALLOWED_DEVIATION, ALPHA, LackOfFit, LinearRange, Outlier
from calibration.read_at import ReadAt
from calibration.standard_curve import StandardCurve
from calibration.stored_curve import StoredCurve
from qpcr.qc import Limits
from qpcr.qc.efficiency import judgement
from qpcr.said import Said, say


@dataclass(frozen=True, slots=True)
class TargetCurve:
    """The curve of a target on a plate, with what speaks against it.

    Attributes
    ----------
    file, target
        Of what.
    curve
        ``None`` where `reason` says why there is none.
    suspects
        Wells of its standards that are outliers, with the test's answer.
    fit_test, linear
        Lack of fit and linear range, ``None`` where they cannot be had.
    stored
        The stored curve that was used instead of standards.
    notes
        What a person should know.
    limits
        Of the quality rule ``efficiency``, that judges the curve here as in an analysis; ``None``
        where nobody does.
    read_at
        What the Cq of this plate were read at, ``None``: not known.
    """

    file: str
    target: str
    curve: StandardCurve | None
    reason: Said | None = None
    suspects: tuple[tuple[str, Outlier], ...] = ()
    fit_test: LackOfFit | None = None
    linear: LinearRange | None = None
    stored: StoredCurve | None = None
    notes: tuple[Said, ...] = ()
    limits: Limits | None = None
    read_at: ReadAt | None = None

    @property
    def judgement(self) -> Said | None:
        """What the quality rule for efficiencies says against the curve, ``None``: nothing."""
        if self.curve is None or self.limits is None:
            return None
        return judgement(self.target, self.curve, self.limits)

    def warnings(self) -> list[Said]:
        """What the rule for efficiencies and the tests of the line say against it."""
        found = [] if self.judgement is None else [self.judgement]
        found += [
            say(
                "Well {well} lies {residual:+.2f} cycles off the line (outlier, P {p:.2g}); it was "
                "not removed.",
                well=well,
                residual=one.residual,
                p=one.p,
            )
            for well, one in self.suspects
        ]
        if self.fit_test is not None and self.fit_test.p < ALPHA:
            found.append(
                say(
                    "The levels depart from the line by more than their wells scatter (lack of "
                    "fit, P {p:.2g}); up to {allowed:g} cycles count as linear.",
                    p=self.fit_test.p,
                    allowed=ALLOWED_DEVIATION,
                )
            )
        if self.curve is not None and self.fit_test is not None and self.linear is None:
            found.append(say("No three levels lie on a line: there is no linear range."))
        return found
