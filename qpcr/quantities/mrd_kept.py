"""Residual disease as plain values that a patient's record keeps, and what is read back of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from calibration.mrd_profile import Profile
from qpcr.errors import InputError
from qpcr.quantities.kept import sentence_of, sentence_value
from qpcr.quantities.mrd import MrdResult
from qpcr.quantities.mrd_tables import Cuts, Point

PREFIX = "residual disease/"
"""How the paths of such results begin."""


@dataclass(frozen=True, slots=True)
class ResidualOnRecord:
    """A result of residual disease as a record has it; what an older one lacks is ``None``.

    Attributes
    ----------
    patient, target, sample, day
        Of whom, what, which sample, when it was taken.
    outcome, response
        Words of :mod:`calibration.mrd`.
    value, low, high, sensitivity, limit
        Shares of cells: the result with its interval, the sensitivity and the quantitative limit
        reached.
    reasons
        Sentences.
    positive_wells, wells, cells
        Wells that amplified of all, and cells in a well.
    blasts
        Share of blasts in the diagnostic sample that results were multiplied by.
    curve
        Slope, intercept, efficiency, r2 and the quantitative range of the standard curve, by name.
    cuts
        Of the profile.
    profile, checked, warning
        By which rules, whether they were checked against their source, and what to know if not.
    method
        Of Cq; ``None`` where it was not stated.
    """

    patient: str
    target: str
    sample: str
    day: date | None
    outcome: str
    response: str | None
    value: float | None
    low: float | None
    high: float | None
    sensitivity: float | None
    limit: float | None
    reasons: tuple[str, ...]
    positive_wells: int | None
    wells: int | None
    cells: float | None
    blasts: float | None
    curve: Mapping[str, float | None] | None
    cuts: Cuts | None
    profile: str
    checked: bool
    warning: str | None
    method: str | None = None

    def told(self) -> str:
        """The result in one line of English."""
        value = ""
        if self.value is not None:
            value = f" {_percent(self.value)} ({_percent(self.low)} to {_percent(self.high)})"
        parts = [f"{self.outcome}{value}", f"sensitivity {_percent(self.sensitivity)}"]
        parts += [str(self.day)] if self.day is not None else []
        parts += [self.response] if self.response else []
        return "; ".join((*parts, *self.reasons, self.profile))

    @property
    def point(self) -> Point | None:
        """Its place on a time course; ``None`` without a day."""
        if self.day is None:
            return None
        return Point(
            self.patient,
            self.target,
            self.sample,
            self.day,
            self.outcome,
            self.value,
            self.low,
            self.high,
            self.sensitivity,
            self.limit,
            "; ".join(self.reasons),
        )


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value * 100:.3g} %"


def residual_value(profile: Profile, one: MrdResult) -> dict[str, Any]:
    """A result as plain values."""
    made = one.residual
    return {
        "value": str(made.outcome) if made.value is None else made.value,
        "unit": None if made.value is None else "fraction of cells",
        "date": None if one.day is None else one.day.isoformat(),
        "target": one.target,
        "sample": one.sample,
        "outcome": str(made.outcome),
        "low": made.low,
        "high": made.high,
        "sensitivity": made.sensitivity,
        "limit": made.quantitative_limit,
        "response": None if made.response is None else str(made.response),
        "reasons": "; ".join(made.reasons),
        "said": [sentence_value(text) for text in made.reasons],
        "positive_wells": made.positive_wells,
        "wells": made.wells,
        "cells": made.cells,
        "curve": _curve(one),
        "blasts": None if one.assay.blasts is None else one.assay.blasts.value,
        "failure": profile.response.failure,
        "prognostic": profile.response.prognostic,
        "profile": profile.profile.name,
        "profile_checked": profile.profile.checked,
        "cq_method": one.method,
        "profile_warning": None if profile.profile.checked else profile.profile.warning,
    }


def _curve(one: MrdResult) -> dict[str, float | None] | None:
    """The standard curve of the assay in short."""
    assay, curve = one.assay, one.assay.curve
    if curve is None:
        return None
    return {
        "slope": curve.slope,
        "intercept": curve.intercept,
        "efficiency": curve.efficiency,
        "r2": curve.r2,
        "residual_sd": curve.residual_sd,
        "points": curve.points,
        "lowest": assay.lowest,
        "highest": assay.highest,
        "sensitivity": assay.sensitivity,
        "background": assay.background,
    }


def _number(value: Any) -> float | None:
    """A finite number or nothing; ValueError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"not a number: {value!r}")
    return float(value)


def _share(value: Any) -> float | None:
    """A number that is not negative, or nothing; ValueError for anything else."""
    number = _number(value)
    if number is not None and number < 0:
        raise ValueError(f"negative: {number:g}")
    return number


def _cuts_of(value: Mapping[str, Any]) -> Cuts | None:
    """Cuts of the profile, where the result has them; ValueError where they are none."""
    failure, prognostic = _number(value.get("failure")), _number(value.get("prognostic"))
    if failure is None or prognostic is None:
        return None
    if min(failure, prognostic) <= 0:
        raise ValueError("the cuts are not positive")
    return Cuts(failure, prognostic)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _curve_of(value: Any) -> dict[str, float | None] | None:
    if value is None:
        return None
    return {str(name): _number(number) for name, number in value.items()}


def residual_of(patient: str, path: str, value: Any) -> ResidualOnRecord:
    """A result of what a record holds at a path.

    Raises
    ------
    InputError
        It is none: somebody else wrote it.
    """
    try:
        number, said = value["value"], value.get("said")
        reasons = [value["reasons"]] if value["reasons"] else []
        return ResidualOnRecord(
            patient,
            str(value["target"]),
            str(value["sample"]),
            None if value["date"] is None else date.fromisoformat(value["date"]),
            str(value["outcome"]),
            None if value.get("response") is None else str(value["response"]),
            None if isinstance(number, str) else _share(number),
            _share(value["low"]),
            _share(value["high"]),
            _share(value["sensitivity"]),
            _share(value["limit"]),
            tuple(map(str, reasons) if said is None else map(sentence_of, said)),
            _whole(value.get("positive_wells")),
            _whole(value.get("wells")),
            _share(value.get("cells")),
            _share(value.get("blasts")),
            _curve_of(value.get("curve")),
            _cuts_of(value),
            str(value.get("profile", "")),
            bool(value.get("profile_checked")),
            None if value.get("profile_warning") is None else str(value["profile_warning"]),
            value.get("cq_method"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "a result on record cannot be understood",
            place=path,
            found=f"{type(error).__name__}: {error}",
            remedy="amend it: qpcr records amend",
        ) from error
