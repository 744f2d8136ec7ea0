"""What sampling alone adds to a Cq: a reaction of N copies holds a Poisson number of them.

Copies are told by the standards of the plate, and only when a person says that their quantities are
copies in the reaction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calibration.errors import CalibrationError
from calibration.standard_curve import StandardCurve, fit_standard_curve
from qpcr.run import Task
from qpcr.said import Said, as_said, say

if TYPE_CHECKING:
    from qpcr.run import Reaction

MANY = 2000.0
"""Copies above which the first two terms of the series are exact to six digits."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Copies in one reaction, SD of its Cq by their sampling (cycles), and what to know of them."""

    copies: float | None
    sd: float | None
    reason: Said | None


def poisson_sd(copies: float, factor: float) -> float:
    """SD of Cq, cycles, of wells that hold a Poisson number of copies and are not empty.

    Cq falls by log(K)/log(factor) with K copies; a well without any has no Cq. So this is the SD of
    log(K) for K ~ Poisson(`copies`), K > 0, summed term by term, over log(`factor`). The usual
    √(log(1 + 1/N)) says 0.84 of it at 5 copies, and 1.9 times it at 1. Above :data:`MANY` copies:
    Var log K = 1/N + 3/(2N²), its series by the delta method.

    Parameters
    ----------
    copies
        Mean number in a well, above 0.
    factor
        Amplification factor per cycle, above 1.
    """
    from scipy.special import gammaln  # costs start-up time

    if copies > MANY:
        return math.sqrt(1 / copies + 1.5 / copies**2) / math.log(factor)
    reach = 12 * math.sqrt(copies) + 30
    k = np.arange(max(1, math.floor(copies - reach)), math.ceil(copies + reach) + 1)
    weight = np.exp(k * math.log(copies) - copies - gammaln(k + 1))
    weight /= weight.sum()
    logs = np.log(k)
    mean = float(weight @ logs)
    return math.sqrt(max(float(weight @ (logs - mean) ** 2), 0.0)) / math.log(factor)


def sampling(
    reactions: Sequence[Reaction], cqs: Sequence[float | None], copies: bool
) -> list[Sampling]:
    """Copies of every reaction by the line of its target's standards, and what follows.

    Parameters
    ----------
    reactions, cqs
        Of one plate, and their Cq by one method.
    copies
        Quantities of standards are copies in the reaction.
    """
    if not copies:
        unsaid = say("It was not said that the quantities of standards are copies.")
        return [Sampling(None, None, unsaid) for _ in reactions]
    used = [
        (one, cq)
        for one, cq in zip(reactions, cqs, strict=True)
        if one.task is Task.STANDARD and not one.omitted
    ]
    curves = {name: _curve(name, used) for name in {one.target for one in reactions}}
    return [_of_well(one, cq, curves[one.target]) for one, cq in zip(reactions, cqs, strict=True)]


def _curve(target: str, standards: Sequence[tuple[Reaction, float | None]]) -> StandardCurve | Said:
    """Line of a target's standards, or why there is none."""
    points = [
        (one.quantity, cq)
        for one, cq in standards
        if one.target == target and one.quantity and one.quantity > 0 and cq is not None
    ]
    try:
        curve = fit_standard_curve([quantity for quantity, _ in points], [cq for _, cq in points])
    except CalibrationError as error:
        return say("No standard curve: {why}.", why=as_said(error.reason))
    if curve.slope >= 0:
        return say(
            "No standard curve: Ct does not fall with the quantity (slope {slope:.3g}).",
            slope=curve.slope,
        )
    return curve


def _of_well(reaction: Reaction, cq: float | None, curve: StandardCurve | Said) -> Sampling:
    stated = reaction.quantity if reaction.task is Task.STANDARD else None
    number = stated if stated is not None and stated > 0 else None
    if isinstance(curve, Said):
        return Sampling(number, None, curve)
    if cq is None:
        return Sampling(number, None, say("The well has no Cq."))
    remark = None
    if number is None:
        read = curve.quantity([cq])
        number = read.value
        if read.extrapolated == "above":
            remark = say("Above the highest standard: extrapolated.")
        elif read.extrapolated == "below":
            remark = say("Below the lowest standard: extrapolated.")
    if not (0 < number < math.inf):
        return Sampling(None, None, say("The standards' line gives no number of copies here."))
    efficiency = curve.efficiency
    if efficiency is None:
        flat = say("The standards' line is too flat to tell an amplification factor.")
        return Sampling(number, None, flat)
    return Sampling(number, poisson_sd(number, 1 + efficiency), remark)
