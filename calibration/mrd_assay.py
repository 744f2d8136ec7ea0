"""What an assay of residual disease allows: its quantitative levels, curve and sensitivity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.blasts import BlastShare
from calibration.errors import CalibrationError
from calibration.mrd_profile import Profile
from calibration.poisson import poisson_curve
from calibration.standard_curve import StandardCurve, fit_standard_curve
from calibration.stated import state

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
    blasts
        Share of the diagnostic sample's cells that shares of its DNA are multiplied by; ``None``
        where the standards' quantities are shares of cells, or copies, already.
    """

    curve: StandardCurve | None
    background: float | None
    lowest: float | None
    highest: float | None
    lowest_cq: float | None
    sensitivity: float | None
    reason: str | None
    notes: tuple[str, ...] = ()
    blasts: BlastShare | None = None


def assess_assay(
    profile: Profile,
    standards: Sequence[tuple[float, float | None]],
    background: Cqs,
    ntc: Cqs = (),
    blasts: BlastShare | None = None,
) -> Assay:
    """Judge the standards and the background of one target.

    A Ct later than the profile's latest is none here too, as in samples: otherwise a sample could
    be called negative by a sensitivity that its own wells cannot reach.

    Parameters
    ----------
    profile
        The rules.
    standards
        (quantity, Ct or ``None``) of every well of the diagnostic sample's dilution.
    background
        Ct of the wells of normal DNA.
    ntc
        Ct of wells without template; any of them is contamination, however late.
    blasts
        Of the diagnostic sample, where the standards are dilutions of its DNA.
    """
    if blasts is not None and profile.quantity.unit != "fraction":
        return _invalid(
            state("a share of blasts belongs to dilutions, and the standards are copies"), None
        )
    late = _late_notes(profile, [cq for _, cq in standards], background)
    background = [in_time(profile, cq) for cq in background]
    seen = [cq for cq in background if cq is not None]
    lowest_background = min(seen) if seen else None
    if any(cq is not None for cq in ntc):
        return _invalid(
            state("a well without template amplified: contamination"), lowest_background
        )
    need = profile.background.fewest_wells
    if len(background) < need:
        return _invalid(
            state(
                "{wells} wells of background; {need} are needed", wells=len(background), need=need
            ),
            lowest_background,
        )
    levels: dict[float, list[float | None]] = {}
    for quantity, cq in standards:
        if not (quantity > 0 and math.isfinite(quantity)):
            return _invalid(state("a standard's quantity is not positive"), lowest_background)
        levels.setdefault(quantity, []).append(in_time(profile, cq))
    ordered = sorted(levels, reverse=True)
    inside, notes = _quantitative(profile, levels, ordered, lowest_background)
    notes = (*notes, *late)
    fewest = profile.standard_curve.fewest_levels
    if len(inside) < fewest:
        return _invalid(
            _with_notes(
                state(
                    "{levels} levels in the quantitative range; {need} are needed",
                    levels=len(inside),
                    need=fewest,
                ),
                notes,
            ),
            lowest_background,
        )
    points = [(q, cq) for q in inside for cq in levels[q] if cq is not None]
    try:
        curve = _curve(profile, points, blasts)
    except CalibrationError as error:
        return _invalid(error.reason, lowest_background)
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
        blasts,
    )


def _curve(
    profile: Profile, points: Sequence[tuple[float, float]], blasts: BlastShare | None
) -> StandardCurve:
    """The line through the quantitative levels, weighted as the profile wants it."""
    quantities, cqs = [q for q, _ in points], [cq for _, cq in points]
    rules = profile.quantity
    if rules.weighting == "none":
        return fit_standard_curve(quantities, cqs)
    each = 1.0
    if rules.unit == "fraction":
        share = 1.0 if blasts is None else blasts.value
        cells = profile.cells_of(profile.control_gene.ng_per_well)
        each = cells * share * rules.target_copies_per_cell
    return poisson_curve(quantities, cqs, [q * each for q in quantities])


def curve_problem(profile: Profile, curve: StandardCurve) -> str | None:
    """Why a standard curve breaks the profile's limits, or ``None``."""
    rules = profile.standard_curve
    if not rules.slope_lowest - TINY <= curve.slope <= rules.slope_highest + TINY:
        return state(
            "the slope of the standard curve is {slope:.2f}; it must lie between {low:g} and "
            "{high:g}",
            slope=curve.slope,
            low=rules.slope_lowest,
            high=rules.slope_highest,
        )
    r = math.sqrt(max(curve.r2, 0.0))
    if r < rules.least_r - TINY:
        return state(
            "|r| of the standard curve is {r:.4f}; {need:g} is needed", r=r, need=rules.least_r
        )
    return None


def _invalid(reason: str, background: float | None) -> Assay:
    return Assay(None, background, None, None, None, None, reason)


def _with_notes(reason: str, notes: Sequence[str]) -> str:
    """A reason with what explains it."""
    for note in notes:
        reason = state("{reason}; {note}", reason=reason, note=note)
    return reason


def below(cq: float | None, background: float | None, margin: float) -> bool:
    """Whether a Ct lies so many cycles below the lowest background; any does if there is none."""
    if cq is None:
        return False
    return background is None or background - cq >= margin - TINY


def in_time(profile: Profile, cq: float | None) -> float | None:
    """The Ct, or ``None`` where it is later than the profile's latest."""
    latest = profile.sample.latest_cq
    return None if cq is not None and latest is not None and cq > latest + TINY else cq


def late_wells(profile: Profile, cqs: Cqs) -> int:
    """How many wells have a Ct that is none, because it is later than the profile's latest."""
    return sum(cq is not None and in_time(profile, cq) is None for cq in cqs)


def _late_notes(profile: Profile, standards: Cqs, background: Cqs) -> tuple[str, ...]:
    """Say how many wells of standards and background have a Ct that is none."""
    latest, notes = profile.sample.latest_cq, []
    if standing := late_wells(profile, standards):
        notes.append(
            state(
                "{wells} wells of the standards have a Ct after {latest:g}, which is none",
                wells=standing,
                latest=latest,
            )
        )
    if behind := late_wells(profile, background):
        notes.append(
            state(
                "{wells} wells of background have a Ct after {latest:g}, which is none",
                wells=behind,
                latest=latest,
            )
        )
    return tuple(notes)


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
            return inside, (
                state(
                    "level {level:g} has {wells} wells; {need} are needed",
                    level=quantity,
                    wells=wells,
                    need=need,
                ),
            )
        if len(cqs) < wells:
            silent = wells - len(cqs)
            return inside, (
                state("{wells} wells of level {level:g} have no Ct", wells=silent, level=quantity),
            )
        spread = max(cqs) - min(cqs)
        if spread > profile.replicates.largest_spread + TINY:
            return inside, (
                state(
                    "the wells of level {level:g} differ by {spread:.2f} cycles",
                    level=quantity,
                    spread=spread,
                ),
            )
        mean, margin = sum(cqs) / len(cqs), profile.quantitative_range.below_background
        if not below(mean, background, margin):
            return inside, (
                state(
                    "level {level:g} lies less than {margin:g} below background",
                    level=quantity,
                    margin=margin,
                ),
            )
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
