"""Dilution tables → limits of detection and quantification, a target at a time.

A row a well: ``quantity`` and ``cq`` (empty = not detected), ``target`` if there are several; the
``reactions.csv`` of an analysis serves. Or a row a level: ``quantity, tested, detected``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.errors import CalibrationError
from calibration.hit_rates import LINKS
from calibration.levels import snapped_quantities
from calibration.lod import DetectionLimit, Level, detection_limit, single_copy_limit
from calibration.loq import LIMIT, QuantificationLimit, precision, quantification_limit
from calibration.standard_curve import fit_standard_curve
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.quantities.named_table import NamedRow, check_wells, read_named
from qpcr.quantities.tables import Cell, csv_text
from qpcr.said import Said, as_said, say


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one target.

    Attributes
    ----------
    levels
        Hit rates.
    detection
        One answer a method.
    quantification
        ``None`` where `quantification_reason` says why.
    slope
        Of the standard curve that turned Ct into quantities.
    """

    target: str
    levels: tuple[Level, ...]
    detection: tuple[DetectionLimit, ...]
    quantification: QuantificationLimit | None
    quantification_reason: str | None
    slope: float | None


def limits_of(
    path: Path,
    *,
    probability: float = 0.95,
    cv: float = LIMIT,
    slope: float | None = None,
    last_cq: float | None = None,
) -> tuple[Limits, ...]:
    """Find the limits of every target of a table.

    Parameters
    ----------
    probability
        Of detection at the LOD.
    cv
        Largest coefficient of variation at the LOQ.
    slope
        Of the standard curve; without it, of the line through these Ct themselves.
    last_cq
        A later Ct counts as not detected.

    Raises
    ------
    InputError
        The table cannot be read, or a target's wells make no series.
    """
    rows = read_named(path, ["quantity"])
    check_wells(rows)
    counts = "tested" in rows[0].cells
    if not counts and "cq" not in rows[0].cells:
        raise InputError(
            "the table holds no results",
            file=path,
            place="line 1",
            expected="the column cq (a row a well), or tested and detected (a row a level)",
            found=", ".join(rows[0].cells),
        )
    made = []
    for target, mine in grouped(rows, lambda row: row.opt_text("target") or "target").items():
        used = [row for row in mine if counts or row.opt_number("quantity")]
        if not used:  # nothing but unknowns
            continue
        try:
            made.append(_limits(target, used, counts, probability, cv, slope, last_cq))
        except CalibrationError as error:
            raise InputError(f"{target}: {error}", file=path) from error
    if not made:
        raise InputError("no row has a quantity", file=path)
    return tuple(made)


def _limits(
    target: str,
    rows: Sequence[NamedRow],
    counts: bool,
    probability: float,
    cv: float,
    slope: float | None,
    last_cq: float | None,
) -> Limits:
    cqs: dict[float, list[float]] = {}
    if counts:
        levels = [
            Level(row.number("quantity"), row.whole("tested"), row.whole("detected"))
            for row in rows
        ]
    else:
        levels = []
        wells = [row.opt_cq("cq") for row in rows]
        amounts = snapped_quantities([row.number("quantity") for row in rows])
        for quantity, mine in grouped(zip(amounts, wells, strict=True), lambda one: one[0]).items():
            seen = [cq for _, cq in mine]
            cqs[quantity] = [
                one for one in seen if one is not None and (last_cq is None or one <= last_cq)
            ]
            levels.append(Level(quantity, len(mine), len(cqs[quantity])))
    levels.sort(key=lambda one: -one.quantity)
    detection = [detection_limit(levels, link, probability) for link in LINKS]
    detection.append(single_copy_limit(levels, probability))
    detection = [_said(one) for one in detection]
    found = None
    reason: Said | None = say("the table holds counts, not Ct")
    if not counts:
        slope = slope or _own_slope(levels, cqs)
        if slope is None or slope >= 0:
            slope, reason = None, say("Ct do not fall with the quantity: give --slope")
        else:
            levels_sd = [precision(one, cqs[one.quantity], slope) for one in levels]
            found, reason = _said_loq(quantification_limit(levels_sd, cv)), None
    return Limits(target, tuple(levels), tuple(detection), found, reason, slope)


def _said(one: DetectionLimit) -> DetectionLimit:
    """The same with its reason and notes as sentences."""
    reason = None if one.reason is None else as_said(one.reason)
    return replace(one, reason=reason, notes=tuple(map(as_said, one.notes)))


def _said_loq(one: QuantificationLimit) -> QuantificationLimit:
    reasons = (one.threshold_reason, one.curve_reason)
    level, curve = (None if why is None else as_said(why) for why in reasons)
    return replace(one, threshold_reason=level, curve_reason=curve)


def _own_slope(levels: Sequence[Level], cqs: dict[float, list[float]]) -> float | None:
    """Slope through the levels that are always detected: others are late by selection."""
    points = [
        (one.quantity, cq)
        for one in levels
        if one.detected == one.tested
        for cq in cqs[one.quantity]
    ]
    if len({quantity for quantity, _ in points}) < 2 or len(points) < 3:
        return None
    return fit_standard_curve([q for q, _ in points], [cq for _, cq in points]).slope


def limit_texts(found: Sequence[Limits]) -> dict[str, str]:
    """``lod.csv`` (a row a target and method), ``loq.csv`` (a row a level)."""
    lod: list[dict[str, Cell]] = [
        {
            "target": one.target,
            "method": made.link,
            "probability": made.probability,
            "lod": made.value,
            "lod_low": made.low,
            "lod_high": made.high,
            "slope": made.slope,
            "deviance": made.deviance,
            "df": made.df,
            "fit_p": made.p,
            "reason": made.reason,
            "notes": " ".join(made.notes),
        }
        for one in found
        for made in one.detection
    ]
    return {"lod.csv": csv_text(lod), "loq.csv": csv_text(_level_rows(found))}


def _level_rows(found: Sequence[Limits]) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    for one in found:
        made = one.quantification
        for place, level in enumerate(one.levels):
            scatter = None if made is None else made.levels[place]
            rows.append(
                {
                    "target": one.target,
                    "quantity": level.quantity,
                    "tested": level.tested,
                    "detected": level.detected,
                    "hit_rate": level.detected / level.tested,
                    "cq_sd": None if scatter is None else scatter.sd,
                    "cv": None if scatter is None else scatter.cv,
                    "cv_low": None if scatter is None else scatter.cv_low,
                    "cv_high": None if scatter is None else scatter.cv_high,
                    "loq_by_level": None if made is None else made.threshold,
                    "loq_by_curve": None if made is None else made.curve,
                    "cv_limit": None if made is None else made.limit,
                    "reason": one.quantification_reason
                    or "; ".join(
                        text for text in (made and (made.threshold_reason, made.curve_reason)) or ()
                        if text
                    ),
                }
            )  # fmt: skip
    return rows
