"""Standard curves kept in a file and used on later runs, with lot and date. JSON, format 1.

A stored curve belongs to a target, a lot of standards and reagents, and a date. Whoever uses it
gets all three back, and `StoredCurve.source`, so that a quantity can say where its line is from.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from calibration.errors import CalibrationError
from calibration.read_at import ReadAt, read_at
from calibration.standard_curve import StandardCurve

FORMAT = "ikaros-qpcr standard curves"
VERSION = 1


@dataclass(frozen=True, slots=True)
class StoredCurve:
    """A curve with where it comes from.

    Attributes
    ----------
    target, unit
        What it measures, in what.
    lot
        Of the standards or the kit; ``None`` = not stated.
    made
        The day of the run.
    source
        Names of the files, with their SHA-256.
    read_at
        What the Ct of its standards were read at; ``None`` for curves kept before that was.
    """

    target: str
    curve: StandardCurve
    lot: str | None
    made: date | None
    source: tuple[str, ...] = ()
    unit: str | None = None
    read_at: ReadAt | None = None


def dump_curves(curves: tuple[StoredCurve, ...]) -> str:
    """Curves as the text of a file."""
    rows = [curve_value(one) for one in curves]
    document = {"format": FORMAT, "version": VERSION, "curves": rows}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def curve_value(one: StoredCurve) -> dict[str, Any]:
    """A curve as plain values: what one entry of such a file holds."""
    row = dataclasses.asdict(one)
    row["made"] = None if one.made is None else one.made.isoformat()
    row["source"] = list(one.source)
    row["curve"]["unscaled"] = list(one.curve.unscaled)
    return row


def parse_curves(text: str) -> tuple[StoredCurve, ...]:
    """Curves of such a text.

    Raises
    ------
    CalibrationError
        Not such a file, of another version, or with numbers that make no line.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CalibrationError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CalibrationError(f'not a file of standard curves ("format": "{FORMAT}" is missing)')
    if document.get("version") != VERSION:
        found = document.get("version")
        raise CalibrationError(f"version {VERSION} is understood, this is version {found!r}")
    rows = document.get("curves")
    if not isinstance(rows, list):
        raise CalibrationError('"curves" must be a list')
    made = tuple(curve_of(row, f"curves[{place}]") for place, row in enumerate(rows))
    names = [one.target for one in made]
    if len(set(names)) < len(names):
        raise CalibrationError("a target has two curves in one file")
    return made


def curve_of(row: Any, place: str = "the curve") -> StoredCurve:
    """The curve of such plain values.

    Raises
    ------
    CalibrationError
        Something is missing, or the numbers make no line.
    """
    try:
        values = dict(row["curve"])
        values["unscaled"] = tuple(float(one) for one in values["unscaled"])
        curve = StandardCurve(**values)
        stored = StoredCurve(
            target=row["target"],
            curve=curve,
            lot=row["lot"],
            made=None if row["made"] is None else date.fromisoformat(row["made"]),
            source=tuple(row["source"]),
            unit=row["unit"],
            read_at=read_at(row.get("read_at")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CalibrationError(f"{place}: {type(error).__name__}: {error}") from error
    _check(stored, place)
    return stored


def _check(stored: StoredCurve, place: str) -> None:
    """Refuse numbers that no fit can have made."""
    curve = stored.curve
    numbers = (
        curve.slope,
        curve.intercept,
        *curve.unscaled,
        curve.residual_sd,
        curve.r2,
        curve.low,
        curve.high,
        curve.between_sd,
        curve.confidence,
    )
    whole = (curve.df, curve.points, curve.levels)
    texts = (stored.target, *stored.source, stored.lot or "", stored.unit or "", curve.weighting)
    sound = (
        all(isinstance(one, (int, float)) and math.isfinite(one) for one in numbers)
        and all(isinstance(one, int) and one >= 1 for one in whole)
        and all(isinstance(one, str) for one in texts)
    )
    sound = (
        sound
        and len(curve.unscaled) == 3
        and curve.unscaled[0] >= 0
        and curve.unscaled[2] > 0
        and curve.slope < 0
        and 0 < curve.low <= curve.high
        and curve.residual_sd >= 0
        and curve.between_sd >= 0
        and 0 < curve.confidence < 1
        and (stored.read_at is None or stored.read_at.sound())
    )
    if not sound:
        raise CalibrationError(f"{place}: the numbers make no standard curve")
