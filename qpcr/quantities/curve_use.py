"""A line used on a plate that did not make it: whether it holds there, and what must be said."""

from __future__ import annotations

from calibration.read_at import ReadAt
from qpcr.said import Said, say


def refusal(target: str, curve: ReadAt | None, plate: ReadAt | None) -> Said | None:
    """Why a line does not hold for the Ct of a plate, ``None``: nothing is known against it.

    Ct move with the threshold by log(ratio)/log(factor): from 0.1 to 0.4 by two cycles, which is a
    quarter of the quantity.
    """
    if curve is None or plate is None:
        return None
    if curve.threshold is not None and plate.threshold is not None:
        if (curve.passive_reference is None) != (plate.passive_reference is None):
            return say(
                "The stored curve is not used: passive reference {curve} when it was made, {plate} "
                "on this plate.",
                curve=curve.passive_reference or say("none"),
                plate=plate.passive_reference or say("none"),
            )
        if not curve.same_level(plate):
            return say(
                "The stored curve is not used: it was read at a threshold of {curve:.9g}, this "
                "plate at {plate:.9g}. Read the plate at the curve's threshold: --threshold "
                '"{target}={curve:.9g}".',
                curve=curve.threshold,
                plate=plate.threshold,
                target=target,
            )
    return None


def remarks(curve: ReadAt | None, plate: ReadAt | None) -> list[Said]:
    """What is not known of a line that is used all the same, and what differs."""
    found = []
    if curve is None or plate is None or curve.same_level(plate) is None:
        found.append(
            say("It is not known whether the stored curve was read at this plate's threshold: if "
                "not, every quantity is wrong by one factor.")
        )  # fmt: skip
    if curve is not None and plate is not None and curve.rules and plate.rules != curve.rules:
        found.append(
            say("The stored curve was read by the rules {curve}, this plate by {plate}.",
                curve=curve.rules, plate=plate.rules or say("not known"))
        )  # fmt: skip
    return found
