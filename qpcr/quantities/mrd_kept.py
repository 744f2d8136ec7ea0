"""Residual disease as plain values that a patient's record keeps, and what is read back of them."""

from __future__ import annotations

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
        cuts = None
        if value.get("failure") is not None:
            cuts = Cuts(float(value["failure"]), float(value["prognostic"]))
        return ResidualOnRecord(
            patient,
            str(value["target"]),
            str(value["sample"]),
            None if value["date"] is None else date.fromisoformat(value["date"]),
            str(value["outcome"]),
            value.get("response"),
            None if isinstance(number, str) else float(number),
            value["low"],
            value["high"],
            value["sensitivity"],
            value["limit"],
            tuple(reasons if said is None else map(sentence_of, said)),
            value.get("positive_wells"),
            value.get("wells"),
            value.get("cells"),
            value.get("blasts"),
            value.get("curve"),
            cuts,
            str(value.get("profile", "")),
            bool(value.get("profile_checked")),
            value.get("profile_warning"),
            value.get("cq_method"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "a result on record cannot be understood",
            place=path,
            found=f"{type(error).__name__}: {error}",
            remedy="amend it: qpcr records amend",
        ) from error
