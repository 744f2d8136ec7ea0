"""Residual disease on a patient's report: results with what they rest on, and the time course.

A sheet of its own, behind a patient report or alone. Results carry no signature in the store; the
sheet says so, and has room for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qpcr._lists import grouped
from qpcr.clinical.fields import schema
from qpcr.errors import InputError
from qpcr.quantities.mrd_tables import course, outcome_word
from qpcr.report._templates import template
from qpcr.report.language import Language, language
from qpcr.report.patient_texts import TEXTS

if TYPE_CHECKING:
    from qpcr.quantities.mrd_kept import ResidualOnRecord
    from qpcr.quantities.mrd_tables import Treatment


def residual_sheet(
    results: Sequence[ResidualOnRecord], treatments: Sequence[Treatment], lang: str
) -> dict[str, Any]:
    """What the sheet shows, for its template.

    Parameters
    ----------
    results
        Of one patient, by day.
    treatments
        Of the same; a label that names a clinical field is said in the page's language.
    lang
        One of :data:`qpcr.report.language.LANGUAGES`.
    """
    from markupsafe import Markup

    tongue, t = language(lang), TEXTS[lang]
    named = [replace(one, label=_field(one.label, lang)) for one in treatments]
    dated = [point for one in results if (point := one.point) is not None]
    cuts = next((one.cuts for one in reversed(results) if one.cuts is not None), None)
    courses = [
        Markup(course(mine, cuts, named, tongue.say))  # noqa: S704 - drawn here, texts escaped
        for mine in grouped(dated, lambda one: one.target).values()
    ]
    warnings = dict.fromkeys(
        t["mrd_unchecked"].format(profile=one.profile) for one in results if not one.checked
    )
    return {
        "rows": [_row(one, tongue, t) for one in results],
        "courses": courses,
        "warnings": list(warnings),
    }


def _field(name: str, lang: str) -> str:
    known = schema().fields.get(name)
    return name if known is None else known.zh if lang == "zh" else known.en


def _row(one: ResidualOnRecord, tongue: Language, t: Any) -> dict[str, str]:
    """One result in words."""
    curve = one.curve or {}
    result = tongue.say(outcome_word(one.outcome))
    if one.value is not None:
        result = f"{result} {_percent(one.value)}"
    limits = ""
    if one.low is not None and one.high is not None:
        limits = t["mrd_interval"].format(low=_percent(one.low), high=_percent(one.high))
    line = t["mrd_no_curve"]
    if curve.get("slope") is not None:
        line = t["mrd_curve_value"].format(
            slope=_number(curve.get("slope"), ".2f"),
            r2=_number(curve.get("r2"), ".4f"),
            efficiency=_number(curve.get("efficiency"), ".1%"),
            low=_number(curve.get("lowest"), "g"),
            high=_number(curve.get("highest"), "g"),
        )
    if one.blasts is not None:
        line = t["list"].join((line, t["mrd_blasts"].format(share=f"{one.blasts:.1%}")))
    wells = "–" if one.wells is None else f"{one.positive_wells} / {one.wells}"
    return {
        "day": t["not_stated"] if one.day is None else one.day.isoformat(),
        "target": one.target,
        "sample": one.sample,
        "result": result,
        "limits": limits,
        "kind": one.outcome.replace(",", "").replace(" ", "-"),
        "sensitivity": _percent(one.sensitivity),
        "limit": _percent(one.limit),
        "wells": wells,
        "response": tongue.say(outcome_word(one.response)) if one.response else "–",
        "curve": line,
        "profile": one.profile,
        "method": "" if one.method is None else t["mrd_method"].format(method=one.method),
        "why": t["list"].join(tongue.say(text) for text in one.reasons),
    }


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.3g} %"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def render_residual(
    patient: str,
    results: Sequence[ResidualOnRecord],
    treatments: Sequence[Treatment] = (),
    lang: str = "en",
) -> str:
    """Make the sheet of a patient's residual disease alone, as one HTML page.

    Raises
    ------
    InputError
        There are no results.
    """
    if not results:
        raise InputError(
            "the patient has no result of residual disease", remedy="qpcr mrd … --store keeps them"
        )
    from qpcr.report._patient_page import style

    return str(
        template("residual.html").render(
            t=TEXTS[lang],
            patient=patient,
            css=style(),
            residual=residual_sheet(results, treatments, lang),
        )
    )
