"""Assays as plain values that a store keeps: standard curves, detection limits, quantities read.

Each value says by ``what`` which of them it is. A value holds everything that a page shows of it;
sentences keep their template (:func:`sentence_value`), so that they can be said in another language
years later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import CalibrationError
from calibration.standard_curve import Interval
from calibration.stored_curve import StoredCurve, curve_of, curve_value
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.formats._archive import read_whole
from qpcr.quantities.detection import Limits
from qpcr.quantities.measured import AT_THRESHOLD
from qpcr.quantities.quantify import Quantities
from qpcr.quantities.target_curve import TargetCurve
from qpcr.run import Task
from qpcr.said import Said

CURVE, LIMIT, QUANTITIES = "standard curve", "detection limit", "quantities"
"""What a value can be of."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One value with the place it is kept at.

    Attributes
    ----------
    path
        What it is, the target, and the files it comes from: made again of them, it has the same.
    value
        Plain values.
    source
        Files and their SHA-256.
    """

    path: str
    value: dict[str, Any]
    source: str


def sentence_value(text: str) -> Any:
    """A sentence as a plain value: its template and values where it has them."""
    if not isinstance(text, Said):
        return str(text)
    values = {
        name: sentence_value(one) if isinstance(one, str) else one
        for name, one in text.values.items()
    }
    return {"template": text.template, "values": values}


def sentence_of(value: Any) -> str:
    """The sentence of a plain value.

    Raises
    ------
    InputError
        It is none.
    """
    if isinstance(value, str):
        return value
    try:
        values = {
            name: sentence_of(one) if isinstance(one, (str, Mapping)) else one
            for name, one in value["values"].items()
        }
        return Said(value["template"], values)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError("a sentence on record cannot be understood") from error


def kept_curves(
    stored: Iterable[StoredCurve], found: Quantities, wells_omitted: Sequence[str] = ()
) -> list[Kept]:
    """Curves to keep, with what the tests of the line said and how many plates they stand on."""
    made = []
    for one in stored:
        files = {text.rpartition(" ")[0] for text in one.source}
        mine = [
            curve
            for curve in found.curves
            if curve.target == one.target and curve.file in files and curve.curve
        ]
        value = {"what": CURVE, **curve_value(one), **_of_curve(mine)}
        value["plates"] = len(one.source)
        value["omitted"] = list(wells_omitted)
        made.append(Kept(f"{CURVE}/{one.target}/{_place(one.source)}", value, _source(one.source)))
    return made


def _of_curve(found: Sequence[TargetCurve]) -> dict[str, Any]:
    """Linear range of the only plate, and every sentence about the curves."""
    linear = found[0].linear if len(found) == 1 else None
    said = [sentence_value(text) for one in found for text in (*one.notes, *one.warnings())]
    return {
        "linear": None if linear is None else [linear.low, linear.high],
        "said": said,
    }


def kept_quantities(
    found: Quantities, sources: Mapping[str, str], lot: str | None = None
) -> list[Kept]:
    """Quantities of samples to keep, with the curve that each target's were read from.

    Parameters
    ----------
    sources
        SHA-256 by name of file.
    lot
        Of the standards on these plates.
    """
    made = []
    unknown = [one for one in found.samples if one.task not in (Task.STANDARD, Task.NTC)]
    curves = {(one.file, one.target): one for one in found.curves}
    for (file, target), mine in grouped(unknown, lambda one: (one.file, one.target)).items():
        used = curves[file, target]
        if used.curve is None:
            continue
        source = (f"{file} {sources[file]}",)
        rows = []
        for one in mine:
            q = one.quantity
            rows.append(
                {
                    "sample": one.sample,
                    "task": str(one.task),
                    "wells": [*one.wells, *one.wells_without_cq],
                    "mean_cq": one.mean_cq,
                    "quantity": None if q is None else q.value,
                    "low": None if q is None else q.low,
                    "high": None if q is None else q.high,
                    "reason": None if one.reason is None else sentence_value(one.reason),
                }
            )
        first = next(one.measured for one in found.wells if one.measured.file == file
                     and one.measured.target == target)  # fmt: skip
        own = StoredCurve(target, used.curve, lot, first.run_date, source, read_at=first.read_at)
        value = {
            "what": QUANTITIES,
            "target": target,
            "file": file,
            "curve": curve_value(used.stored or own),
            "curve_stored": used.stored is not None,
            "method": found.method,
            "samples": rows,
        }
        by = "" if found.method == AT_THRESHOLD else f", {found.method}"
        path = f"{QUANTITIES}/{target}/{_place(source)}{by}"  # so that methods stand side by side
        made.append(Kept(path, value, _source(source)))
    return made


def kept_limits(found: Sequence[Limits], file: str, sha256: str, lot: str | None) -> list[Kept]:
    """Limits of detection and quantification to keep."""
    source = (f"{file} {sha256}",)
    return [
        Kept(f"{LIMIT}/{one.target}/{_place(source)}", _limit(one, lot, source), _source(source))
        for one in found
    ]


def _limit(one: Limits, lot: str | None, source: Sequence[str]) -> dict[str, Any]:
    loq, why = one.quantification, one.quantification_reason
    return {
        "what": LIMIT,
        "target": one.target,
        "lot": lot,
        "source": list(source),
        "levels": [[level.quantity, level.tested, level.detected] for level in one.levels],
        "detection": [
            {
                "method": made.link,
                "probability": made.probability,
                "value": made.value,
                "low": made.low,
                "high": made.high,
                "fit_p": made.p,
                "reason": None if made.reason is None else sentence_value(made.reason),
                "notes": [sentence_value(text) for text in made.notes],
            }
            for made in one.detection
        ],
        "loq_by_level": None if loq is None else loq.threshold,
        "loq_by_curve": None if loq is None else loq.curve,
        "cv_limit": None if loq is None else loq.limit,
        "loq_reasons": [
            sentence_value(text)
            for text in (why, *(() if loq is None else (loq.threshold_reason, loq.curve_reason)))
            if text is not None
        ],
        "slope": one.slope,
    }


def digest_of(path: Path) -> str:
    """SHA-256 of a file.

    Raises
    ------
    InputError
        It cannot be read, or is too large.
    """
    return hashlib.sha256(read_whole(path)).hexdigest()


def stored_of(value: Mapping[str, Any]) -> StoredCurve:
    """The curve of a value on record.

    Raises
    ------
    InputError
        The value is none, or its numbers make no line.
    """
    try:
        return curve_of(value)
    except CalibrationError as error:
        raise InputError("a standard curve on record cannot be used", found=str(error)) from error


def interval_text(one: Interval | None, form: str) -> str:
    """``value (low to high)`` in one form; empty for what is missing."""
    if one is None:
        return ""
    value = format(one.value, form)
    if one.low is None or one.high is None:
        return value
    return f"{value} ({format(one.low, form)} – {format(one.high, form)})"


def _place(source: Sequence[str]) -> str:
    """The files in short: the name of the only one, or their number; and part of a digest."""
    digest = hashlib.sha256("\n".join(sorted(source)).encode()).hexdigest()[:12]
    name = source[0].rpartition(" ")[0] if len(source) == 1 else f"{len(source)} plates"
    return f"{name} {digest}"


def _source(source: Sequence[str]) -> str:
    """The files as a text for the history, which has room for some."""
    text = ", ".join(source)
    return text if len(text) <= 1000 else f"{text[:1000]}…"
