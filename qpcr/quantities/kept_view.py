"""What is on record of an assay, in short, for screens and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qpcr.errors import InputError
from qpcr.quantities.kept import (
    CURVE,
    LIMIT,
    QUANTITIES,
    interval_text,
    sentence_of,
    stored_of,
)
from qpcr.said import say


@dataclass(frozen=True, slots=True)
class AssaySummary:
    """One value on record in short.

    Attributes
    ----------
    target, lot, made
        As the value says; ``None`` where it does not.
    says
        Its numbers as sentences.
    notes
        Sentences of the tests.
    """

    target: str
    lot: str | None
    made: str | None
    says: tuple[str, ...]
    notes: tuple[str, ...] = ()


def summary_of(value: Mapping[str, Any]) -> AssaySummary:
    """Put a value on record in short.

    Raises
    ------
    InputError
        It is none: somebody else wrote it.
    """
    what = value.get("what")
    try:
        if what == CURVE:
            return _curve(value)
        if what == LIMIT:
            return _limit(value)
        if what == QUANTITIES:
            return _quantities(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "what is on record of an assay cannot be understood",
            found=f"{type(error).__name__}: {error}",
        ) from error
    raise InputError("what is on record of an assay cannot be understood", found=str(what))


def shown_of(value: Mapping[str, Any]) -> AssaySummary:
    """The same for lists: one value that is none does not hide the others, and says so itself."""
    try:
        return summary_of(value)
    except InputError as error:
        why = error.found or error.problem
        note = say("This cannot be understood: {why}.", why=why)
        return AssaySummary(str(value.get("target", "?")), None, None, (), (note,))


def _curve(value: Mapping[str, Any]) -> AssaySummary:
    stored = stored_of(value)
    says = [_line(value)]
    if value.get("plates", 1) > 1:
        says.append(
            say(
                "pooled from {plates} plates, intercepts differ by SD {sd:.3f} cycles",
                plates=value["plates"],
                sd=stored.curve.between_sd,
            )
        )
    if stored.read_at is not None and stored.read_at.threshold is not None:
        says.append(say("read at a threshold of {level:.6g}", level=stored.read_at.threshold))
    if value.get("linear") is not None:
        low, high = value["linear"]
        says.append(say("linear from {low:g} to {high:g}", low=low, high=high))
    if value.get("omitted"):
        says.append(say("left out by hand: {wells}", wells=", ".join(value["omitted"])))
    notes = tuple(sentence_of(one) for one in value.get("said", ()))
    return AssaySummary(stored.target, stored.lot, value.get("made"), tuple(says), notes)


def _line(value: Mapping[str, Any]) -> str:
    """A stored curve in a sentence."""
    stored = stored_of(value)
    curve, unit = stored.curve, f" {stored.unit}" if stored.unit else ""
    efficiency = curve.efficiency_interval()
    return say(
        "slope {slope}, intercept {intercept}, efficiency {efficiency}, r² {r2:.4f}, {low:g} to "
        "{high:g}{unit}",
        slope=interval_text(curve.slope_interval(), ".3f"),
        intercept=interval_text(curve.intercept_interval(), ".2f"),
        efficiency=interval_text(efficiency, ".1%"),
        r2=curve.r2,
        low=curve.low,
        high=curve.high,
        unit=unit,
    )


def _limit(value: Mapping[str, Any]) -> AssaySummary:
    says, notes = [], []
    for one in value["detection"]:
        if one["value"] is None:
            why = sentence_of(one["reason"] or "")
            says.append(say("LOD, {method}: none, {why}", method=one["method"], why=why))
        else:
            says.append(
                say(
                    "LOD, {method}: {value:.4g} ({low} – {high}), detected with P {probability:g}",
                    method=one["method"],
                    value=one["value"],
                    low="?" if one["low"] is None else f"{one['low']:.4g}",
                    high="?" if one["high"] is None else f"{one['high']:.4g}",
                    probability=one["probability"],
                )
            )
        notes += [sentence_of(text) for text in one["notes"]]
    if value["loq_by_level"] is not None:
        says.append(
            say(
                "LOQ: {level:.4g} (CV within {cv:.0%})",
                level=value["loq_by_level"],
                cv=value["cv_limit"],
            )
        )
    notes += [sentence_of(text) for text in value["loq_reasons"]]
    return AssaySummary(
        str(value["target"]), value["lot"], None, tuple(says), tuple(dict.fromkeys(notes))
    )


def _quantities(value: Mapping[str, Any]) -> AssaySummary:
    curve = value["curve"]
    made = curve["made"] or say("an unknown day")
    if value["curve_stored"]:
        lot = curve["lot"] or say("not stated")
        origin = say("read from the stored curve of lot {lot}, made {made}", lot=lot, made=made)
    else:
        origin = say("read from the standards of the same plate or those pooled with it")
    says = [origin, _line(curve)]
    if value.get("method") is not None:  # older ones are all by the threshold
        says.append(say("Cq by the method {method}.", method=value["method"]))
    for one in value["samples"]:
        if one["quantity"] is None:
            why = "" if one["reason"] is None else sentence_of(one["reason"])
            says.append(say("{sample}: none, {why}", sample=one["sample"], why=why))
            continue
        limits = "?" if one["low"] is None else f"{one['low']:.4g} – {one['high']:.4g}"
        says.append(
            say(
                "{sample}: {quantity:.4g} ({limits})",
                sample=one["sample"],
                quantity=one["quantity"],
                limits=limits,
            )
        )
    lot = curve["lot"]
    return AssaySummary(str(value["target"]), lot, curve["made"], tuple(says))
