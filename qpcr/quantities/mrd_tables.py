"""Residual disease as tables and as a time course: ``mrd.csv``, ``assays.csv``, ``mrd.html``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from calibration.mrd import ABOVE, Outcome
from calibration.mrd_profile import Profile
from qpcr._lists import grouped
from qpcr.quantities.drawing import Event, Mark, Rule, draw, page
from qpcr.quantities.mrd import MrdResult
from qpcr.quantities.named_table import read_named
from qpcr.quantities.tables import Cell, csv_text


@dataclass(frozen=True, slots=True)
class Point:
    """A result on the time axis, of this run or an earlier one; shares as fractions."""

    patient: str
    target: str
    sample: str
    day: date
    outcome: str
    value: float | None
    low: float | None
    high: float | None
    sensitivity: float | None
    limit: float | None
    reasons: str


@dataclass(frozen=True, slots=True)
class Treatment:
    """Something done to a patient on a day."""

    patient: str
    day: date
    label: str


def read_events(path: Path) -> list[Treatment]:
    """Read a table ``patient, date, event``.

    Raises
    ------
    InputError
        A column or cell is missing or wrong.
    """
    events = []
    for row in read_named(path, ["patient", "date", "event"]):
        day = row.opt_date("date")
        if day is None:
            raise row.error("date", "a cell is empty", "a date such as 2026-01-31")
        events.append(Treatment(row.text("patient"), day, row.text("event")))
    return events


def read_points(path: Path) -> list[Point]:
    """Read results of an earlier run from its ``mrd.csv``; those without a date are left out.

    Raises
    ------
    InputError
        A column or cell is missing or wrong.
    """
    points = []
    outcomes = [str(one) for one in Outcome]
    for row in read_named(path, ["patient", "target", "sample", "date", "outcome", "mrd"]):
        day = row.opt_date("date")
        if day is None:
            continue
        points.append(
            Point(
                row.text("patient"),
                row.text("target"),
                row.text("sample"),
                day,
                row.choice("outcome", outcomes),
                row.opt_number("mrd"),
                row.opt_number("mrd_low"),
                row.opt_number("mrd_high"),
                row.opt_number("sensitivity"),
                row.opt_number("quantitative_limit"),
                row.opt_text("reasons") or "",
            )
        )
    return points


def mrd_texts(
    profile: Profile,
    results: Sequence[MrdResult],
    earlier: Sequence[Point] = (),
    events: Sequence[Treatment] = (),
) -> dict[str, str]:
    """The files of ``qpcr mrd`` by name."""
    made = [_point(one, one.day) for one in results if one.day is not None]
    new = {(one.patient, one.target, one.sample) for one in made}
    points = [p for p in earlier if (p.patient, p.target, p.sample) not in new] + made
    note = profile.profile.title if profile.profile.checked else (
        f"{profile.profile.title}. {profile.profile.warning}"
    )  # fmt: skip
    drawn = [
        (f"Patient {patient}, {target}", _course(profile, mine, events))
        for (patient, target), mine in grouped(points, lambda p: (p.patient, p.target)).items()
    ]
    if not drawn:
        note += " No sample has a date: there is no time course."
    return {
        "mrd.csv": csv_text([_row(profile, one) for one in results]),
        "assays.csv": csv_text(_assay_rows(results)),
        "mrd.html": page("Residual disease", drawn, note),
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100


def _row(profile: Profile, one: MrdResult) -> dict[str, Cell]:
    made = one.residual
    return {
        "patient": one.patient,
        "target": one.target,
        "sample": one.sample,
        "date": None if one.day is None else one.day.isoformat(),
        "outcome": str(made.outcome),
        "mrd_percent": _percent(made.value),
        "mrd_percent_low": _percent(made.low),
        "mrd_percent_high": _percent(made.high),
        "sensitivity_percent": _percent(made.sensitivity),
        "response": None if made.response is None else str(made.response),
        "reaches_prognostic_cut": made.prognostic,
        "reasons": "; ".join(made.reasons),
        "positive_wells": made.positive_wells,
        "wells": made.wells,
        "cells_per_well": made.cells,
        "mrd": made.value,
        "mrd_low": made.low,
        "mrd_high": made.high,
        "sensitivity": made.sensitivity,
        "quantitative_limit": made.quantitative_limit,
        "profile": profile.profile.name,
        "profile_checked": profile.profile.checked,
    }


def _assay_rows(results: Sequence[MrdResult]) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    for (patient, target), mine in grouped(results, lambda one: (one.patient, one.target)).items():
        assay = mine[0].assay
        curve = assay.curve
        rows.append(
            {
                "patient": patient,
                "target": target,
                "slope": None if curve is None else curve.slope,
                "intercept": None if curve is None else curve.intercept,
                "efficiency": None if curve is None else curve.efficiency,
                "r2": None if curve is None else curve.r2,
                "background_cq": assay.background,
                "quantitative_low": assay.lowest,
                "quantitative_high": assay.highest,
                "sensitivity": assay.sensitivity,
                "reason": assay.reason,
                "notes": "; ".join(assay.notes),
            }
        )
    return rows


def _point(one: MrdResult, day: date) -> Point:
    made = one.residual
    return Point(
        one.patient,
        one.target,
        one.sample,
        day,
        str(made.outcome),
        made.value,
        made.low,
        made.high,
        made.sensitivity,
        made.quantitative_limit,
        "; ".join(made.reasons),
    )


def _course(profile: Profile, points: Sequence[Point], events: Sequence[Treatment]) -> str:
    """Time course of one patient's target on a log axis, in per cent."""
    ordered = sorted(points, key=lambda p: p.day)
    start = ordered[0].day
    marks = [mark for p in ordered if (mark := _mark(p, (p.day - start).days, profile)) is not None]
    beside = [
        Event((p.day - start).days, p.outcome if p.outcome == "invalid" else "above range")
        for p in ordered
        if _mark(p, 0, profile) is None
    ]
    patient = ordered[0].patient
    beside += [Event((e.day - start).days, e.label) for e in events if e.patient == patient]
    rules = profile.response
    lines = [Rule(rules.failure * 100, f"{rules.failure * 100:g} % failure", "reject")]
    lines.append(Rule(rules.prognostic * 100, f"{rules.prognostic * 100:g} % prognostic"))
    every = max(len(ordered) // 6, 1)
    ticks = [((p.day - start).days, str(p.day)) for p in ordered[::every]]
    title = f"{patient} · {ordered[0].target}"
    return draw(title, marks, lines, beside, log=True, ticks=ticks, y_label="MRD, %")


def _mark(point: Point, x: float, profile: Profile) -> Mark | None:
    """A point as a mark; an upper bound is hollow. ``None``: it has no place on the axis."""
    title = f"{point.day} {point.sample}: {point.outcome}"
    if point.outcome == Outcome.POSITIVE and point.value:
        low, high = _percent(point.low), _percent(point.high)
        title += f" {point.value:.3%}"
        kind = "bad" if point.value >= profile.response.failure else "warn"
        return Mark(x, point.value * 100, kind, title, low or None, high)
    bound = None
    if point.outcome == Outcome.NEGATIVE:
        bound = point.sensitivity
    elif point.outcome == Outcome.NOT_QUANTIFIABLE and ABOVE not in point.reasons:
        bound = point.limit
    if bound is None:
        return None
    return Mark(x, bound * 100, "open", f"{title}, below {bound:.3%}")
