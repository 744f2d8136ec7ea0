"""The numbers of a report: a record as compact JSON that can stand inside an HTML page.

Nothing is embedded twice: ΔRn is given, and the page adds the baseline line where it draws Rn.
Numbers have six significant digits; what was not measured is ``null``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from qpcr.report._standards import PlateQuantities, StandardLine, standards
from qpcr.run import well_name

if TYPE_CHECKING:
    from calibration.standard_curve import StandardCurve
    from qpcr.fits import Estimate, Fit
    from qpcr.quantification import Quantified
    from qpcr.record import Record
    from qpcr.report.language import Language

Number = int | float | None
Say = Callable[[str | None], str | None]
"""Says a sentence in the page's language."""

_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def short(value: float | None) -> Number:
    """Six significant digits; ``None`` for what is absent or not finite."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() else rounded


def _row(values: Iterable[float]) -> list[Number]:
    return [short(value) for value in np.asarray(values, dtype=np.float64).tolist()]


def script_json(value: object) -> str:
    """JSON that no HTML parser can take for markup, wherever it stands.

    ``<``, ``>``, ``&`` and the two line separators U+2028 and U+2029 can only occur inside
    strings of JSON, where the escape means the same character.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(
        _ESCAPES
    )


def payload(
    record: Record, tongue: Language, quantities: PlateQuantities | None = None
) -> dict[str, Any]:
    """Collect what the page's scripts draw.

    Parameters
    ----------
    record
        One analyzed run: R reactions, C cycles.
    tongue
        The page's language.
    quantities
        What its standards say, where that is known already.

    Returns
    -------
    dict
        Only lists, dicts, strings, numbers, booleans and ``None``. ``reactions`` has one list of
        length R a column; ``drn`` and ``fit`` are R lists of C numbers (no fit: ``None``); ``rn``
        holds, by position, Rn of the reactions without a baseline; ``raw`` and ``dyes`` are by well
        index.
    """
    run, curves = record.run, record.curves
    quantities = standards(record) if quantities is None else quantities

    def said(text: str | None) -> str | None:
        return None if text is None else tongue.say(text)

    fits = [record.fits[index] for index in range(len(curves))]
    found = record.quantification
    rows = [_reaction(record, index, fit, said) for index, fit in enumerate(fits)]
    if found is not None:
        rows = [
            {**row, **_quantified(one, said)} for row, one in zip(rows, found.wells, strict=True)
        ]
    return {
        "texts": dict(tongue.texts),
        "plate": {"rows": run.rows, "columns": run.columns},
        "names": [well_name(index, run.columns) for index in range(run.wells)],
        "cycles": curves.cycles.tolist(),
        "reference": run.passive_reference,
        "called": bool(record.calls),
        "method": None if found is None else found.method,
        "findings": [tongue.say(finding.message) for finding in record.findings],
        "standards": [_standard(one, curve) for one, curve in quantities.drawn],
        "targets": {
            name: {"threshold": short(one.value), "source": one.source, "reason": said(one.reason)}
            for name, one in curves.thresholds.items()
        },
        "reactions": {
            **_columns(rows),
            **_judgements(record, tongue),
            **_read(quantities, len(curves), said),
        },
        "drn": [_row(values) for values in curves.drn],
        "fit": [None if fit.fitted is None else _row(fit.fitted) for fit in fits],
        "foot": [
            None if fit.cq_range is None else _row(values)
            for fit, values in zip(fits, record.fits.foot(), strict=True)
        ],
        "rn": {
            str(index): _row(curves.rn[index])
            for index, baseline in enumerate(curves.baselines)
            if baseline is None
        },
        "filters": list(run.filters),
        "raw": _raw(record),
        "dyes": _dyes(record),
    }


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """One list a column, each with one entry a reaction."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def _estimate(name: str, estimate: Estimate | None) -> dict[str, Number]:
    return {
        name: None if estimate is None else short(estimate.value),
        f"{name}_se": None if estimate is None else short(estimate.se),
    }


def _reaction(record: Record, index: int, fit: Fit, said: Say) -> dict[str, Any]:
    reaction, baseline = record.run.reactions[index], record.curves.baselines[index]
    return {
        "well": reaction.well,
        "name": reaction.well_name,
        "sample": reaction.sample,
        "target": reaction.target,
        "task": str(reaction.task),
        "reporter": reaction.reporter,
        "quantity": short(reaction.quantity),
        "omitted": reaction.omitted,
        "problem": said(record.curves.problems[index]),
        **_answers(record, index, fit, said),
        **_estimate("cpd2", fit.cpd2),
        **_estimate("cy0", fit.cy0),
        **_estimate("efficiency", fit.efficiency),
        "efficiency_note": said(fit.efficiency_note),
        "model": fit.model,
        "engine": fit.engine,
        "at_bound": fit.at_bound,
        "converged": fit.converged,
        "r2": short(fit.r2),
        "residual_se": short(fit.residual_se),
        "start": None if baseline is None else baseline.start,
        "stop": None if baseline is None else baseline.stop,
        "baseline_source": None if baseline is None else baseline.source,
        "intercept": None if baseline is None else short(baseline.intercept),
        "slope": None if baseline is None else short(baseline.slope),
    }


def _quantified(one: Quantified, said: Say) -> dict[str, Any]:
    """One reaction by the method of quantities."""
    return {
        "q": short(one.cq),
        "q_se": short(one.cq_se),
        "q_reason": said(one.reason),
        "factor": short(one.efficiency),
        "factor_se": short(one.efficiency_se),
        "n0": short(one.n0),
        "n0_se": short(one.n0_se),
        "copies": short(one.copies),
        "poisson": short(one.poisson_sd),
        "poisson_reason": said(one.poisson_reason),
    }


def _answers(record: Record, index: int, fit: Fit, said: Say) -> dict[str, Any]:
    """The three Ct values: fitted, instrument style, and the instrument's own."""
    reaction, style = record.run.reactions[index], record.curves.instrument_cq[index]
    stored = record.run.results.get((reaction.well, reaction.target))
    return {
        "cq": short(fit.cq),
        "se": short(fit.cq_se),
        "low": short(fit.cq_low),
        "high": short(fit.cq_high),
        "range": None if fit.cq_range is None else list(fit.cq_range),
        "shift": short(fit.baseline_shift),
        "reason": said(fit.reason_text),
        "style": short(style.value),
        "style_reason": said(style.reason),
        "own": None if stored is None else short(stored.cq),
        "own_known": stored is not None and stored.determined is not None,
    }


def _standard(line: StandardLine, curve: StandardCurve) -> dict[str, Any]:
    """One standard curve: its numbers, and its line with the confidence band."""
    band = line.band()
    return {
        "target": line.target,
        "rows": list(line.rows),
        "slope": short(curve.slope),
        "intercept": short(curve.intercept),
        "r2": short(curve.r2),
        "efficiency": short(curve.efficiency),
        "x": [short(x) for x, _ in band],
        "y": [short(one.value) for _, one in band],
        "band_low": [short(one.low) for _, one in band],
        "band_high": [short(one.high) for _, one in band],
    }


def _read(found: PlateQuantities, size: int, said: Say) -> dict[str, list[Any]]:
    """Quantity of every reaction whose target has standards on the plate, or why it has none."""
    with_curve = {one.target for one in found.lines}
    rows = [one if one.measured.target in with_curve else None for one in found.wells]
    rows = rows or [None] * size
    values = [None if one is None else one.quantity for one in rows]
    return {
        "read": [None if one is None else short(one.value) for one in values],
        "read_low": [None if one is None else short(one.low) for one in values],
        "read_high": [None if one is None else short(one.high) for one in values],
        "read_reason": [None if one is None else said(one.reason) for one in rows],
    }


def _judgements(record: Record, tongue: Language) -> dict[str, list[Any]]:
    """For every reaction what the call says of it, of its sample, and the findings about it."""
    size = len(record.curves)
    answers: list[str | None] = [None] * size
    outcomes: list[str | None] = [None] * size
    for call in record.calls:
        for one in call.evidence:
            answers[one.reaction] = str(one.answer)
            outcomes[one.reaction] = tongue.texts[f"outcome_{call.outcome.name.lower()}"]
    gravest: list[str | None] = [None] * size
    about: list[list[int]] = [[] for _ in range(size)]
    for place, finding in enumerate(record.findings):
        for row in finding.reactions:
            about[row].append(place)
            gravest[row] = gravest[row] or str(finding.severity)
    return {"answer": answers, "outcome": outcomes, "severity": gravest, "findings": about}


def _raw(record: Record) -> dict[str, list[list[Number]]]:
    """Filter readings (F lists of C counts) of every well that has any, used or not."""
    raw = record.run.raw
    if raw is None:
        return {}
    measured = np.flatnonzero(np.isfinite(raw).any(axis=(1, 2)))
    return {str(well): [_row(readings) for readings in raw[well].T] for well in measured.tolist()}


def _dyes(record: Record) -> dict[str, dict[str, list[Number]]]:
    """Dye signals by well and dye: those Rn was made from, and the instrument's for the rest."""
    run, curves = record.run, record.curves
    found: dict[str, dict[str, list[Number]]] = {}
    for index, reaction in enumerate(run.reactions):
        well = found.setdefault(str(reaction.well), {})
        if curves.reporter is not None and np.isfinite(curves.reporter[index]).any():
            well[reaction.reporter] = _row(curves.reporter[index])
        reference = curves.reference
        if run.passive_reference is None or reference is None or run.passive_reference in well:
            continue
        if np.isfinite(reference[index]).any():
            well[run.passive_reference] = _row(reference[index])
    for place, stored in run.signals.items():
        well = found.setdefault(str(place), {})
        for dye, signal in zip(stored.dyes, stored.signal, strict=True):
            if dye not in well:
                well[dye] = _row(signal)
    return {well: dyes for well, dyes in found.items() if dyes}
