"""Which Cq are those of an amplification, before they become quantities.

A method finds its point on every curve that bends, a drifting background among them. A Cq counts
where the curve is proper (:mod:`qpcr.shapes`). Where it is not, the instrument's rule must have a
Ct, and the method's must lie as far from it as on the proper curves of the target (without any, at
the same cycle), within :data:`LARGEST_GAP`: on a truncated late rise it does, on the drift before a
rise it does not. At the threshold the fit itself refuses such curves, with its own reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from qpcr.said import Said, say

if TYPE_CHECKING:
    from qpcr.curves import Curves
    from qpcr.quantification import Quantification, Quantified
    from qpcr.shapes import Shape

LARGEST_GAP = 3.0
"""Cycles, about a factor of ten (ours)."""


def amplified(
    found: Quantification, curves: Curves, shapes: Sequence[Shape]
) -> tuple[Quantified, ...]:
    """Reactions by a method; those whose Cq is not one of an amplification have none, and say so.

    Parameters
    ----------
    found
        By any method.
    curves, shapes
        Of the same reactions.
    """
    if found.method == "threshold":
        return found.wells
    usual = _gaps(found, curves, shapes)
    made = []
    for row, (one, shape) in enumerate(zip(found.wells, shapes, strict=True)):
        reason = None
        if one.cq is not None and not shape.proper:
            style, gap = (
                curves.instrument_cq[row].value,
                usual.get(curves.reactions[row].target, 0.0),
            )
            reason = _problem(found.method, one.cq, style, gap, shape)
        made.append(one if reason is None else _without(one, reason))
    return tuple(made)


def _gaps(found: Quantification, curves: Curves, shapes: Sequence[Shape]) -> Mapping[str, float]:
    """How far the method's Cq usually lies from the instrument's, by target, on proper curves."""
    gaps: dict[str, list[float]] = {}
    rows = zip(curves.reactions, found.wells, curves.instrument_cq, shapes, strict=True)
    for reaction, one, style, shape in rows:
        if shape.proper and one.cq is not None and style.value is not None:
            gaps.setdefault(reaction.target, []).append(one.cq - style.value)
    return {target: median(values) for target, values in gaps.items()}


def _problem(method: str, cq: float, style: float | None, gap: float, shape: Shape) -> Said | None:
    """Why a Cq of a curve that is not proper does not count, or ``None``."""
    if style is None:
        return say(
            "The method {method} reads {cq:.2f}, but the curve is no proper one ({kind}) and has "
            "no Ct by the instrument's rule.",
            method=method,
            cq=cq,
            kind=shape.kind,
        )
    if abs(cq - style - gap) <= LARGEST_GAP:
        return None
    return say(
        "The method {method} reads {cq:.2f}, but the curve is no proper one ({kind}) and the "
        "instrument's rule reads {style:.2f}.",
        method=method,
        cq=cq,
        kind=shape.kind,
        style=style,
    )


def _without(one: Quantified, reason: Said) -> Quantified:
    """The reaction without its numbers."""
    return replace(
        one, cq=None, cq_se=None, efficiency=None, efficiency_se=None, n0=None, n0_se=None,
        copies=None, poisson_sd=None, reason=reason,
    )  # fmt: skip
