"""Quantities of standards against the unit that a profile expects: what cannot be of it is refused.

A profile takes its standards' quantities for fractions of the diagnostic sample or for copies per
well. Neither a table nor an instrument's file says which they are, and a mistake turns a failure
into a complete response. Three things tell:

- a fraction is not above 1;
- a dilution series in copies does not end at its top at one copy;
- of less than one copy a well, few wells amplify. A well of λ copies holds a molecule with
  probability 1 − exp(−λ) (Poisson), so that wells in which all levels below one copy amplified are
  no accident, but another unit, where the product of those probabilities is below
  :data:`BY_CHANCE`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from calibration.mrd_profile import Profile
from qpcr.errors import InputError

BY_CHANCE = 1e-6
"""What happens more rarely than this in a series is no chance (ours)."""

Standards = Sequence[tuple[float, float | None, str]]
"""(quantity, Ct or ``None``, where it stands) of every well of a series."""


def check_unit(profile: Profile, standards: Standards) -> None:
    """Refuse standards of a target whose quantities cannot be of the profile's unit.

    Raises
    ------
    InputError
        They cannot.
    """
    name, rules = profile.profile.name, profile.quantity
    if rules.unit == "copies":
        _check_copies(standards, f"of the target, by unit of the profile {name}", profile)
        return
    above = [one for one in standards if one[0] > 1]
    if above:
        raise InputError(
            "a quantity cannot be a fraction of the diagnostic sample",
            place=above[0][2],
            found=f"{above[0][0]:g}",
            expected=f"fractions, as the profile {name} has it: 1 is the undiluted sample",
            remedy="write 0.01 for one per cent; for copies per well take a profile with unit = "
            '"copies", as laboratory',
        )


def check_control_unit(profile: Profile, standards: Standards) -> None:
    """Refuse standards of the control gene that cannot be copies per well.

    Raises
    ------
    InputError
        They cannot.
    """
    _check_copies(standards, f"of the control gene {profile.control_gene.name}", None)


def _check_copies(standards: Standards, whose: str, profile: Profile | None) -> None:
    if not standards:
        return
    top, _, place = max(standards, key=lambda one: one[0])
    remedy = "write the copies of every standard in a well"
    if profile is not None:
        remedy += (
            '; for fractions of the diagnostic sample take a profile with unit = "fraction", as '
            "euromrd-2007"
        )
    if top <= 1:
        raise InputError(
            "the quantities cannot be copies per well",
            place=place,
            found=f"a highest standard of {top:g}",
            expected=f"copies per well {whose}",
            remedy=remedy,
        )
    few = [one for one in standards if one[0] < 1]
    if few and all(cq is not None for _, cq, _ in few):
        chance = math.prod(-math.expm1(-quantity) for quantity, _, _ in few)
        if chance < BY_CHANCE:
            low = min(few, key=lambda one: one[0])
            raise InputError(
                "the quantities cannot be copies per well",
                place=low[2],
                found=f"{len(few)} wells of less than one copy, down to {low[0]:g}, and all have a "
                f"Ct (by chance: {chance:.0e})",
                expected=f"copies per well {whose}",
                remedy=remedy,
            )
