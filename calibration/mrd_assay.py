"""What an assay of residual disease allows: its quantitative levels, curve, sensitivity, cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.errors import CalibrationError
from calibration.mrd_profile import Profile
from calibration.standard_curve import StandardCurve, fit_standard_curve

TINY = 1e-9
"""Rounding of differences of Ct: 33.1 − 30.1 must count as 3.0."""

Cqs = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Assay:
    """What the standards and the background of one patient's target allow.

    Attributes
    ----------
    curve
        Through the quantitative levels.
    background
        Lowest Ct of the background, ``None`` where none of its wells amplified.
    lowest, highest
        Quantities of the quantitative range.
    lowest_cq
        Mean Ct of its lowest level.
    sensitivity
        Smallest quantity detected.
    reason
        Why the assay is invalid, or ``None``.
    notes
        What a person should know.
    """

    curve: StandardCurve | None
    background: float | None
    lowest: float | None
    highest: float | None
    lowest_cq: float | None
    sensitivity: float | None
    reason: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells in a well of a sample, with the interval; `reason` says why there are none."""

    value: float | None
    low: float | None
    high: float | None
    reason: str | None


def assess_assay(
    profile: Profile,
    standards: Sequence[tuple[float, float | None]],
    background: Cqs,
    ntc: Cqs = (),
) -> Assay:
    """Judge the standards and the background of one target.

    Parameters
    ----------
    profile
        The rules.
    standards
        (quantity, Ct or ``None``) of every well of the diagnostic sample's dilution.
    background
        Ct of the wells of normal DNA.
    ntc
        Ct of wells without template.
    """
    seen = [cq for cq in background if cq is not None]
    lowest_background = min(seen) if seen else None
    if any(cq is not None for cq in ntc):
        return _invalid("a well without template amplified: contamination", lowest_background)
    need = profile.background.fewest_wells
    if len(background) < need:
        return _invalid(
            f"{len(background)} wells of background; {need} are needed", lowest_background
        )
    levels: dict[float, list[float | None]] = {}
    for quantity, cq in standards:
        if not (quantity > 0 and math.isfinite(quantity)):
            return _invalid("a standard's quantity is not positive", lowest_background)
        levels.setdefault(quantity, []).append(cq)
    ordered = sorted(levels, reverse=True)
    inside, notes = _quantitative(profile, levels, ordered, lowest_background)
    fewest = profile.standard_curve.fewest_levels
    if len(inside) < fewest:
        return _invalid(
            f"{len(inside)} levels in the quantitative range; {fewest} are needed"
            + "".join(f"; {note}" for note in notes),
            lowest_background,
        )
    points = [(q, cq) for q in inside for cq in levels[q] if cq is not None]
    try:
        curve = fit_standard_curve([q for q, _ in points], [cq for _, cq in points])
    except CalibrationError as error:
        return _invalid(str(error), lowest_background)
    last = [cq for cq in levels[inside[-1]] if cq is not None]
    return Assay(
        curve,
        lowest_background,
        inside[-1],
        inside[0],
        sum(last) / len(last),
        _sensitivity(profile, levels, ordered, lowest_background),
        curve_problem(profile, curve),
        notes,
    )


def curve_problem(profile: Profile, curve: StandardCurve) -> str | None:
    """Why a standard curve breaks the profile's limits, or ``None``."""
    rules = profile.standard_curve
    if not rules.slope_lowest - TINY <= curve.slope <= rules.slope_highest + TINY:
        return (
            f"the slope of the standard curve is {curve.slope:.2f}; it must lie between "
            f"{rules.slope_lowest:g} and {rules.slope_highest:g}"
        )
    r = math.sqrt(max(curve.r2, 0.0))
    if r < rules.least_r - TINY:
        return f"|r| of the standard curve is {r:.4f}; {rules.least_r:g} is needed"
    return None


def _invalid(reason: str, background: float | None) -> Assay:
    return Assay(None, background, None, None, None, None, reason)


def below(cq: float | None, background: float | None, margin: float) -> bool:
    """Whether a Ct lies so many cycles below the lowest background; any does if there is none."""
    if cq is None:
        return False
    return background is None or background - cq >= margin - TINY


def _quantitative(
    profile: Profile,
    levels: dict[float, list[float | None]],
    ordered: Sequence[float],
    background: float | None,
) -> tuple[list[float], tuple[str, ...]]:
    """Levels from the highest down to the first that breaks a rule, and which rule that was."""
    inside: list[float] = []
    for quantity in ordered:
        cqs = [cq for cq in levels[quantity] if cq is not None]
        wells, need = len(levels[quantity]), profile.replicates.standard_wells
        if wells < need:
            return inside, (f"level {quantity:g} has {wells} wells; {need} are needed",)
        if len(cqs) < wells:
            return inside, (f"{wells - len(cqs)} wells of level {quantity:g} have no Ct",)
        spread = max(cqs) - min(cqs)
        if spread > profile.replicates.largest_spread + TINY:
            return inside, (f"the wells of level {quantity:g} differ by {spread:.2f} cycles",)
        mean, margin = sum(cqs) / len(cqs), profile.quantitative_range.below_background
        if not below(mean, background, margin):
            return inside, (f"level {quantity:g} lies less than {margin:g} below background",)
        inside.append(quantity)
    return inside, ()


def _sensitivity(
    profile: Profile,
    levels: dict[float, list[float | None]],
    ordered: Sequence[float],
    background: float | None,
) -> float | None:
    """Smallest level that is detected, as all above it are."""
    rules, reached = profile.sensitivity, None
    for quantity in ordered:
        hits = sum(below(cq, background, rules.below_background) for cq in levels[quantity])
        if hits < rules.fewest_positive:
            break
        reached = quantity
    return reached


def count_cells(
    profile: Profile,
    control: StandardCurve | None,
    control_cqs: Cqs,
    ng: float | None = None,
) -> Cells:
    """Cells in a well of a sample: by the control gene, else by the stated DNA.

    Parameters
    ----------
    control
        Standard curve of the control gene, quantities in copies per well.
    control_cqs
        Ct of the sample's wells of the control gene.
    ng
        DNA per well; used only where the control gene was not measured.
    """
    rules = profile.control_gene
    if not control_cqs:
        if ng is None:
            return Cells(None, None, None, f"neither {rules.name} nor the amount of DNA is known")
        if ng <= 0:
            return Cells(None, None, None, "the amount of DNA is not positive")
        cells = profile.cells_of(ng)
        return Cells(cells, cells, cells, None)
    cqs = [cq for cq in control_cqs if cq is not None]
    reason = None
    if len(control_cqs) < rules.fewest_wells:
        reason = f"{len(control_cqs)} wells of {rules.name}; {rules.fewest_wells} are needed"
    elif len(cqs) < len(control_cqs):
        reason = f"a well of {rules.name} has no Ct"
    elif max(cqs) - min(cqs) > profile.replicates.largest_spread + TINY:
        reason = f"the wells of {rules.name} differ by {max(cqs) - min(cqs):.2f} cycles"
    elif control is None:
        reason = f"there is no standard curve of {rules.name}"
    else:
        problem = curve_problem(profile, control)
        reason = None if problem is None else f"{rules.name}: {problem}"
    if reason is not None or control is None:
        return Cells(None, None, None, reason)
    copies = control.quantity(cqs)
    if copies.value < rules.fewest_copies:
        return Cells(
            None,
            None,
            None,
            f"{copies.value:.3g} copies of {rules.name} in a well; {rules.fewest_copies:g} are "
            "needed",
        )
    each = rules.copies_per_cell
    low = None if copies.low is None else copies.low / each
    high = None if copies.high is None else copies.high / each
    return Cells(copies.value / each, low, high, None)
