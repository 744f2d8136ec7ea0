"""Share of the diagnostic sample's cells that bear the target: blasts, with its uncertainty.

A dilution of the diagnostic sample's DNA counts leukaemic cells only when it is multiplied by this
share. It was counted or measured, so its error belongs in every result that rests on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import expit, logit

from calibration.errors import CalibrationError
from calibration.stated import state

NORMAL_95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""
TINIEST = 1e-300
"""Lower limit of a share about which nothing is known: results have a logarithm of it."""


@dataclass(frozen=True, slots=True)
class BlastShare:
    """A share of cells, 0…1, with its 95 % limits; those equal the value where nothing is known."""

    value: float
    low: float
    high: float


def blast_share(value: float, se: float | None = None, counted: int | None = None) -> BlastShare:
    """A share with the limits that its standard error, or the number of cells counted, gives.

    With a standard error: ± 1.96 se/(p (1 − p)) on the logit, so that limits stay inside 0…1. With
    a count: Wilson's score interval (1927, doi:10.1080/01621459.1927.10502953).

    Raises
    ------
    CalibrationError
        A share outside 0…1, an error or a count that cannot be, or both.
    """
    if not 0 < value <= 1:
        raise CalibrationError(
            state("a share of blasts is a fraction above 0 and up to 1, not {value:g}", value=value)
        )
    if se is not None and counted is not None:
        raise CalibrationError(state("of blasts, give the standard error or the count, not both"))
    if se is not None:
        most = math.sqrt(value * (1 - value))  # that of one cell
        if not 0 < se <= most:
            raise CalibrationError(
                state(
                    "a share of blasts of {value:g} has no standard error of {se:g}",
                    value=value,
                    se=se,
                )
            )
        half = NORMAL_95 * se / (value * (1 - value))
        low, high = (float(expit(logit(value) + side * half)) for side in (-1, 1))
        return BlastShare(value, max(low, TINIEST), high)
    if counted is None:
        return BlastShare(value, value, value)
    if counted < 1:
        raise CalibrationError(state("of blasts, at least one cell must be counted"))
    z2 = NORMAL_95**2
    middle = (value + z2 / (2 * counted)) / (1 + z2 / counted)
    spread = math.sqrt(value * (1 - value) / counted + z2 / (4 * counted**2))
    half = NORMAL_95 * spread / (1 + z2 / counted)
    return BlastShare(value, max(middle - half, TINIEST), min(middle + half, 1.0))
