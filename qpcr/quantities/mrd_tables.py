"""Residual disease as tables and as a time course: ``mrd.csv``, ``assays.csv``, ``mrd.html``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from calibration.mrd import ABOVE, Outcome, Response
from calibration.mrd_profile import Profile
from qpcr._lists import grouped
from qpcr.quantities.drawing import Event, Mark, Rule, draw, page
from qpcr.quantities.mrd import MrdResult
from qpcr.quantities.named_table import read_named
from qpcr.quantities.tables import Cell, csv_text
from qpcr.said import Said, as_said, say

Tell = Callable[[str], str]
"""Says a sentence in a page's language."""


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
class Cuts:
    """Shares of cells from which a result is a failure, and of prognostic weight."""

    failure: float
    prognostic: float


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
    tell: Tell = str,
    lang: str = "en",
) -> dict[str, str]:
    """The files of ``qpcr mrd`` by name; the page in a language, that `tell` says sentences in."""
    made = [_point(one, one.day) for one in results if one.day is not None]
    cuts = Cuts(profile.response.failure, profile.response.prognostic)
    new = {(one.patient, one.target, one.sample) for one in made}
    points = [p for p in earlier if (p.patient, p.target, p.sample) not in new] + made
    note = _about(profile, lang)
    drawn = [
        (
            tell(say("Patient {patient}, {target}", patient=patient, target=target)),
            course(mine, cuts, events, tell),
        )
        for (patient, target), mine in grouped(points, lambda p: (p.patient, p.target)).items()
    ]
    note += " " + tell(unit_sentence(profile))
    if results and (method := results[0].method) is not None:
        note += " " + tell(say("Cq by the method {method}.", method=method))
    if not drawn:
        note += " " + tell(say("No sample has a date: there is no time course."))
    return {
        "mrd.csv": csv_text([_row(profile, one) for one in results]),
        "assays.csv": csv_text(_assay_rows(profile, results)),
        "mrd.html": page(tell(say("Residual disease")), drawn, note, lang=lang),
    }


def unit_sentence(profile: Profile) -> Said:
    """In which unit quantities of standards are taken."""
    return say(
        "Quantities of standards are {unit}, those of {gene} copies per well.",
        unit=as_said(profile.quantity.unit_words),
        gene=profile.control_gene.name,
    )


def _about(profile: Profile, lang: str) -> str:
    """Title of the profile, and its warning as long as nobody has checked it."""
    about = profile.profile
    title = (about.title_zh if lang == "zh" else None) or about.title
    warning = (about.warning_zh if lang == "zh" else None) or about.warning
    return title if about.checked else f"{title}{'。' if lang == 'zh' else '. '}{warning}"


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
        "cq_method": one.method,
        "quantity_unit": profile.quantity.unit_words,
        "run": one.run,
    }


def _assay_rows(profile: Profile, results: Sequence[MrdResult]) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    parts = grouped(results, lambda one: (one.patient, one.target, one.run))
    for (patient, target, run), mine in parts.items():
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
                "blasts": None if assay.blasts is None else assay.blasts.value,
                "blasts_low": None if assay.blasts is None else assay.blasts.low,
                "blasts_high": None if assay.blasts is None else assay.blasts.high,
                "weighting": None if curve is None else curve.weighting,
                "reason": assay.reason,
                "notes": "; ".join(assay.notes),
                "cq_method": mine[0].method,
                "quantity_unit": profile.quantity.unit_words,
                "run": run,
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


def course(
    points: Sequence[Point],
    cuts: Cuts | None,
    treatments: Sequence[Treatment] = (),
    tell: Tell = str,
) -> str:
    """Time course of one patient's target on a log axis, in per cent, as SVG.

    Parameters
    ----------
    points
        Of one patient and target, at least one.
    cuts
        Of the profile, drawn as lines where they are known.
    treatments
        Of any patients; those of this one are drawn.
    tell
        Says a sentence in the page's language.
    """
    ordered = sorted(points, key=lambda p: p.day)
    start, patient = ordered[0].day, ordered[0].patient
    marks = [
        mark for p in ordered if (mark := _mark(p, (p.day - start).days, cuts, tell)) is not None
    ]
    above = say("above range")
    beside = [
        Event(
            (p.day - start).days,
            tell(Outcome.INVALID if p.outcome == Outcome.INVALID else above),
        )
        for p in ordered
        if _mark(p, 0, cuts, tell) is None
    ]
    beside += [
        Event((e.day - start).days, tell(e.label)) for e in treatments if e.patient == patient
    ]
    lines = [] if cuts is None else _cut_lines(cuts, tell)
    every = max(len(ordered) // 6, 1)
    ticks = [((p.day - start).days, str(p.day)) for p in ordered[::every]]
    title = f"{patient} · {ordered[0].target}"
    if not marks and not lines:  # an axis needs a number
        lines = [Rule(100.0, "100 %")]
    return draw(title, marks, lines, beside, log=True, ticks=ticks, y_label=tell(say("MRD, %")))


def _cut_lines(cuts: Cuts, tell: Tell) -> list[Rule]:
    failure = say("{share:g} % failure", share=cuts.failure * 100)
    prognostic = say("{share:g} % prognostic", share=cuts.prognostic * 100)
    return [Rule(cuts.failure * 100, tell(failure), "reject"),
            Rule(cuts.prognostic * 100, tell(prognostic))]  # fmt: skip


def _mark(point: Point, x: float, cuts: Cuts | None, tell: Tell) -> Mark | None:
    """A point as a mark; an upper bound is hollow. ``None``: it has no place on the axis."""
    title = f"{point.day} {point.sample}: {tell(outcome_word(point.outcome))}"
    if point.outcome == Outcome.POSITIVE and point.value:
        low, high = _percent(point.low), _percent(point.high)
        title += f" {point.value:.3%}"
        failed = cuts is not None and point.value >= cuts.failure
        return Mark(
            x, point.value * 100, "bad" if failed else "warn", title, low or None, high or None
        )
    bound = None
    if point.outcome == Outcome.NEGATIVE:
        bound = point.sensitivity
    elif point.outcome == Outcome.NOT_QUANTIFIABLE and ABOVE not in point.reasons:
        bound = point.limit
    if not bound:
        return None
    below = tell(say("below {share:.3%}", share=bound))
    return Mark(x, bound * 100, "open", f"{title}, {below}")


def outcome_word(text: str) -> str:
    """A word of the profile's outcomes or responses as one that catalogues know."""
    for kind in (Outcome, Response):
        if text in list(kind):
            return kind(text)
    return text
