"""Records → standard curves and quantities: the arithmetic of :mod:`calibration` on fitted plates.

Every target has its own curve, from the standards of its own plate unless several plates are
pooled or a stored curve is used. Wells that the file marks as omitted, or that a person leaves out
by name, take no part; outliers are reported and never removed silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calibration.curve_checks import lack_of_fit, linear_range, outliers
from calibration.errors import CalibrationError
from calibration.pooled_curves import PooledCurve, pool_curves
from calibration.read_at import shared
from calibration.standard_curve import (
    Quantity,
    StandardCurve,
    fit_standard_curve,
    inverse_variance_weights,
)
from calibration.stored_curve import StoredCurve
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.qc import Limits
from qpcr.qc.efficiency import RULE
from qpcr.quantities.curve_use import refusal, remarks
from qpcr.quantities.measured import AT_THRESHOLD, Measured, one_method
from qpcr.quantities.target_curve import TargetCurve
from qpcr.run import Task
from qpcr.said import Said, as_said, say

WEIGHTINGS = ("none", "variance")


@dataclass(frozen=True, slots=True)
class WellQuantity:
    """Quantity of one well, or the reason there is none."""

    measured: Measured
    quantity: Quantity | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class SampleQuantity:
    """Quantity of a sample from all its wells with a Ct."""

    file: str
    sample: str
    target: str
    task: Task
    wells: tuple[str, ...]
    wells_without_cq: tuple[str, ...]
    mean_cq: float | None
    quantity: Quantity | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Quantities:
    """Curves and quantities of one or more plates.

    `pooled` is by target, where plates were pooled; `method` is that of all Cq.
    """

    curves: tuple[TargetCurve, ...]
    wells: tuple[WellQuantity, ...]
    samples: tuple[SampleQuantity, ...]
    pooled: Mapping[str, PooledCurve]
    method: str = AT_THRESHOLD


def quantify(
    rows: Sequence[Measured],
    *,
    weighting: str = "none",
    pool: bool = False,
    stored: Sequence[StoredCurve] = (),
    confidence: float = 0.95,
    limits: Limits | None = RULE.limits,
) -> Quantities:
    """Fit every target's standards and read every well and sample from them.

    Parameters
    ----------
    rows
        Reactions of one plate or several.
    weighting
        ``"none"``, or ``"variance"``: by the scatter of each level's replicates.
    pool
        One slope over the plates of a target, an intercept a plate.
    stored
        Curves for targets that have no standards on their plate.
    confidence
        Level of the intervals.
    limits
        By which the rule for efficiencies judges the curves: those of a panel, if there is one.

    Raises
    ------
    InputError
        Pooling is asked for and not possible, or together with weights; Cq are by several methods,
        or by another than stored curves.
    """
    if pool and weighting != "none":
        raise InputError(
            "plates are pooled without weights",
            found=f"pooling, and weights by {weighting}",
            remedy="leave one of them out",
        )
    method = one_method(row.method for row in rows)
    if stored and method not in (None, AT_THRESHOLD):
        raise InputError(
            "stored curves hold Ct at the threshold", found=f"Cq by the method {method}"
        )
    plates = grouped(rows, lambda row: (row.file, row.target))
    kept = {one.target: one for one in stored}
    curves = {
        key: _curve(key, mine, weighting, kept.get(key[1]), confidence)
        for key, mine in plates.items()
    }
    pooled = _pool(plates, curves, confidence) if pool else {}
    curves = {
        key: replace(one, limits=limits, read_at=plates[key][0].read_at)
        for key, one in curves.items()
    }
    wells = [_well(row, curves[row.file, row.target]) for row in rows]
    samples = [
        _sample(mine, curves[key[0], key[2]])
        for key, mine in grouped(
            rows, lambda row: (row.file, row.sample, row.target, row.task)
        ).items()
        if key[1] is not None
    ]
    return Quantities(
        tuple(curves.values()), tuple(wells), tuple(samples), pooled, method or AT_THRESHOLD
    )


def _curve(
    key: tuple[str, str],
    rows: Sequence[Measured],
    weighting: str,
    stored: StoredCurve | None,
    confidence: float,
) -> TargetCurve:
    """Fit one target's standards on one plate, or take the stored curve."""
    file, target = key
    standards = [row for row in rows if row.calibrates]
    if not any(row.task is Task.STANDARD for row in rows) and stored is not None:
        return _stored(file, rows, stored, confidence)
    quantities = [row.stated or 0.0 for row in standards]
    cqs = [row.cq or 0.0 for row in standards]
    try:
        weights = inverse_variance_weights(quantities, cqs) if weighting == "variance" else None
        curve = fit_standard_curve(
            quantities, cqs, weights, weighting=weighting, confidence=confidence
        )
    except CalibrationError as error:
        reason = say("No standard curve: {why}.", why=as_said(error.reason))
        return TargetCurve(file, target, None, reason)
    if curve.slope >= 0:
        reason = say(
            "No standard curve: Ct does not fall with the quantity (slope {slope:.3g}).",
            slope=curve.slope,
        )
        return TargetCurve(file, target, None, reason)
    suspects = tuple((standards[one.point].well, one) for one in outliers(quantities, cqs, weights))
    return TargetCurve(
        file,
        target,
        curve,
        suspects=suspects,
        fit_test=lack_of_fit(quantities, cqs, weights),
        linear=linear_range(quantities, cqs),
        notes=_notes(rows, curve),
    )


def _stored(
    file: str, rows: Sequence[Measured], stored: StoredCurve, confidence: float
) -> TargetCurve:
    """A stored curve for a plate, unless its Ct were read at another level."""
    here = rows[0].read_at
    why = refusal(stored.target, stored.read_at, here)
    if why is not None:
        return TargetCurve(file, stored.target, None, why, stored=stored)
    notes = remarks(stored.read_at, here)
    if stored.curve.between_sd == 0:
        note = say(
            "The curve was stored: lot {lot}, made {made}. Its interval does not hold what differs "
            "from run to run.",
            lot=stored.lot or "not stated",
            made=str(stored.made or "on an unknown day"),
        )
        notes.insert(0, note)
    curve = replace(stored.curve, confidence=confidence)
    return TargetCurve(file, stored.target, curve, stored=stored, notes=tuple(notes))


def _notes(rows: Sequence[Measured], curve: StandardCurve) -> tuple[Said, ...]:
    notes = []
    silent = [row for row in rows if row.task is Task.STANDARD and row.cq is None]
    if silent:
        names = ", ".join(row.well for row in silent)
        notes.append(say("Standards without a Ct take no part: {wells}.", wells=names))
    unstated = [row.well for row in rows if row.task is Task.STANDARD and not (row.stated or 0) > 0]
    if unstated:
        notes.append(
            say("Standards without a quantity take no part: {wells}.", wells=", ".join(unstated))
        )
    barred = [row.well for row in rows if row.calibrates and row.barred is not None]
    if barred:
        notes.append(
            say(
                "Standards take part that the quality rules say must not be used: {wells}.",
                wells=", ".join(barred),
            )
        )
    if curve.levels < 5:
        notes.append(
            say("The curve has {levels} levels; five or more are usual.", levels=curve.levels)
        )
    return tuple(notes)


def _pool(
    plates: Mapping[tuple[str, str], Sequence[Measured]],
    curves: dict[tuple[str, str], TargetCurve],
    confidence: float,
) -> dict[str, PooledCurve]:
    """Replace the curves of plates that share a target by pooled ones."""
    pooled = {}
    for target, keys in grouped(plates, lambda key: key[1]).items():
        mine = [key for key in keys if curves[key].curve is not None and not curves[key].stored]
        if len(mine) < 2:
            continue
        series = []
        for key in mine:
            used = [row for row in plates[key] if row.calibrates]
            series.append(([row.stated for row in used], [row.cq for row in used]))
        try:
            made = pool_curves(series, confidence)  # type: ignore[arg-type]
        except CalibrationError as error:
            raise InputError(f"the plates cannot be pooled: {error}", place=target) from error
        for key, curve in zip(mine, made.plates, strict=True):
            curves[key] = replace(curves[key], curve=curve)
        for key in keys:
            if curves[key].curve is None and not any(r.task is Task.STANDARD for r in plates[key]):
                level = shared([plates[one][0].read_at for one in mine])
                here = plates[key][0].read_at
                why = refusal(target, level, here)
                curves[key] = TargetCurve(
                    key[0],
                    target,
                    made.new_plate if why is None else None,
                    why,
                    notes=() if why or level == here else tuple(remarks(level, here)),
                )
        pooled[target] = made
    if not pooled:
        raise InputError(
            "there is nothing to pool",
            expected="two plates or more with standards of one target",
            remedy="leave --pool out",
        )
    return pooled


def _well(row: Measured, found: TargetCurve) -> WellQuantity:
    reason: str | None = row.omitted or (row.why_no_cq if row.cq is None else None)
    if reason is None and found.curve is None:
        reason = found.reason
    if reason is not None or found.curve is None or row.cq is None:
        return WellQuantity(row, None, reason or say("The well has no Ct."))
    quantity = found.curve.quantity([row.cq])
    return WellQuantity(row, quantity, _remark(quantity, [row]))


def _remark(quantity: Quantity, rows: Sequence[Measured]) -> str | None:
    """What must be known beside a quantity that was read from wells."""
    remark = None
    if quantity.reason is not None:
        remark = say("No limits: {why}.", why=as_said(quantity.reason))
    elif quantity.extrapolated == "above":
        remark = say("Above the highest standard: extrapolated.")
    elif quantity.extrapolated == "below":
        remark = say("Below the lowest standard: extrapolated.")
    barred = [row.well for row in rows if row.barred is not None]
    if not barred:
        return remark
    warning = say("The quality rules say not to use {wells}.", wells=", ".join(barred))
    return warning if remark is None else say("{first} {second}", first=warning, second=remark)


def _sample(rows: Sequence[Measured], found: TargetCurve) -> SampleQuantity:
    """Quantity of a sample; wells without Ct are named, for a mean without them is too high."""
    part = [row for row in rows if row.omitted is None]
    cqs = [row.cq for row in part if row.cq is not None]
    silent = tuple(row.well for row in part if row.cq is None)
    quantity, reason = None, None
    if not cqs:
        reason = say("No well of the sample has a Ct.")
    elif found.curve is None:
        reason = found.reason
    elif silent:
        reason = say(
            "{silent} of {wells} wells have no Ct: a mean over the others would be too high.",
            silent=len(silent),
            wells=len(part),
        )
    else:
        quantity = found.curve.quantity(cqs)
    return SampleQuantity(
        rows[0].file,
        rows[0].sample or "",
        rows[0].target,
        rows[0].task,
        tuple(row.well for row in part if row.cq is not None),
        silent,
        sum(cqs) / len(cqs) if cqs else None,
        quantity,
        reason if quantity is None else _remark(quantity, part),
    )


def keepable(
    found: Quantities,
    rows: Sequence[Measured],
    lot: str | None,
    unit: str | None = None,
    *,
    every: bool = False,
) -> tuple[StoredCurve, ...]:
    """Curves to keep for later runs: pooled ones where there are, else those of the only plate.

    Parameters
    ----------
    every
        Of several plates that were not pooled, keep the curve of each.
    """
    made = []
    for target, curves in grouped(found.curves, lambda one: one.target).items():
        fresh = [one for one in curves if one.curve is not None and one.stored is None]
        used = [row for row in rows if row.target == target and row.calibrates]
        pooled = found.pooled.get(target)
        if pooled is not None:
            made.append(_keep(target, pooled.new_plate, used, lot, unit))
        elif len(fresh) == 1 or every:
            for one in fresh:
                mine = [row for row in used if row.file == one.file]
                if one.curve is not None:
                    made.append(_keep(target, one.curve, mine, lot, unit))
    return tuple(made)


def _keep(
    target: str,
    curve: StandardCurve,
    rows: Sequence[Measured],
    lot: str | None,
    unit: str | None,
) -> StoredCurve:
    """A curve with the files of its standards; its day is the first of theirs."""
    source = tuple(dict.fromkeys(f"{row.file} {row.sha256}" for row in rows))
    days = [row.run_date for row in rows if row.run_date is not None]
    level = shared([row.read_at for row in rows])
    return StoredCurve(target, curve, lot, min(days, default=None), source, unit, level)
