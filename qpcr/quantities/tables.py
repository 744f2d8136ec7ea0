"""Quantities as tables and texts; an empty cell has its reason in the last columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibration.errors import CalibrationError
from calibration.stored_curve import StoredCurve, dump_curves, parse_curves
from qpcr.errors import InputError
from qpcr.formats._archive import read_whole
from qpcr.formats._decoding import decode
from qpcr.frames import plain

if TYPE_CHECKING:
    from calibration.standard_curve import Interval, Quantity
    from qpcr.quantities.installation import Installation
    from qpcr.quantities.quantify import Quantities, SampleQuantity, WellQuantity
    from qpcr.quantities.target_curve import TargetCurve

Cell = str | float | int | bool | None


def csv_text(rows: Iterable[Mapping[str, Cell]], columns: Sequence[str] = ()) -> str:
    """Rows of named cells as CSV: missing is empty, texts are safe for spreadsheets."""
    rows = list(rows)
    heads = list(columns or (rows[0] if rows else ()))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_cell(row[head]) for head in heads])
    return text.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return plain(str(value)) or ""


SOMETIMES = ("installation.csv", "pooled.csv")
"""Tables that :func:`quantity_texts` has only for some plates."""


def quantity_texts(
    found: Quantities, tests: Sequence[Installation], kept: tuple[StoredCurve, ...]
) -> dict[str, str]:
    """The files of ``qpcr standards`` by name."""
    texts = {
        "standards.csv": csv_text(_named(map(_curve_row, found.curves), found)),
        "quantities.csv": csv_text(_named(map(_well_row, found.wells), found)),
        "samples.csv": csv_text(_named(map(_sample_row, found.samples), found), SAMPLE_COLUMNS),
    }
    if tests:
        texts["installation.csv"] = csv_text(map(_test_row, tests))
    if found.pooled:
        texts["pooled.csv"] = csv_text(
            {
                "target": target,
                "plates": len(one.plates),
                "slope": one.new_plate.slope,
                "intercept_sd_for_new_plate": one.new_plate.between_sd,
                "slopes_equal_p": one.slopes.p,
                "intercepts_equal_p": one.intercepts.p,
            }
            for target, one in found.pooled.items()
        )
    if kept:
        texts["curves.json"] = dump_curves(kept)
    return texts


def _named(rows: Iterable[dict[str, Cell]], found: Quantities) -> Iterable[dict[str, Cell]]:
    """Rows with the method of their Cq."""
    return ({**row, "cq_method": found.method} for row in rows)


def _of(one: object | None, name: str) -> Any:
    """An attribute of something that may be missing."""
    return None if one is None else getattr(one, name)


def _limits(name: str, one: Interval | None) -> dict[str, Cell]:
    return {
        name: None if one is None else one.value,
        f"{name}_low": None if one is None else one.low,
        f"{name}_high": None if one is None else one.high,
    }


def _curve_row(one: TargetCurve) -> dict[str, Cell]:
    curve, linear, fit, kept = one.curve, one.linear, one.fit_test, one.stored
    return {
        "target": one.target,
        **_limits("slope", None if curve is None else curve.slope_interval()),
        **_limits("intercept", None if curve is None else curve.intercept_interval()),
        **_limits("efficiency", None if curve is None else curve.efficiency_interval()),
        **_limits("r2", None if curve is None else curve.r2_interval()),
        "range_low": _of(linear, "low"),
        "range_high": _of(linear, "high"),
        "lowest_standard": _of(curve, "low"),
        "highest_standard": _of(curve, "high"),
        "levels": _of(curve, "levels"),
        "points": _of(curve, "points"),
        "residual_sd": _of(curve, "residual_sd"),
        "lack_of_fit_p": _of(fit, "p"),
        "outliers": " ".join(well for well, _ in one.suspects),
        "weighting": _of(curve, "weighting"),
        "confidence": _of(curve, "confidence"),
        "lot": _of(kept, "lot"),
        "made": str(kept.made) if kept and kept.made else None,
        "threshold": _of(one.read_at, "threshold"),
        "curve_threshold": _of(_of(kept, "read_at"), "threshold"),
        "file": one.file,
        "reason": one.reason,
        "notes": " ".join(one.notes),
        "warnings": " ".join(one.warnings()),
    }


def _quantity(one: Quantity | None) -> dict[str, Cell]:
    return {
        "quantity": None if one is None else one.value,
        "quantity_low": None if one is None else one.low,
        "quantity_high": None if one is None else one.high,
    }


def _well_row(one: WellQuantity) -> dict[str, Cell]:
    source = one.measured
    return {
        "well": source.well,
        "sample": source.sample,
        "target": source.target,
        "task": str(source.task),
        "cq": source.cq,
        **_quantity(one.quantity),
        "stated_quantity": source.stated,
        "file": source.file,
        "reason": one.reason,
    }


SAMPLE_COLUMNS = [
    "sample",
    "target",
    "task",
    "wells",
    "wells_without_cq",
    "cq_mean",
    "quantity",
    "quantity_low",
    "quantity_high",
    "file",
    "reason",
    "cq_method",
]


def _sample_row(one: SampleQuantity) -> dict[str, Cell]:
    return {
        "sample": one.sample,
        "target": one.target,
        "task": str(one.task),
        "wells": " ".join(one.wells),
        "wells_without_cq": " ".join(one.wells_without_cq),
        "cq_mean": one.mean_cq,
        **_quantity(one.quantity),
        "file": one.file,
        "reason": one.reason,
    }


def _test_row(one: Installation) -> dict[str, Cell]:
    made = one.result
    return {
        "file": one.file,
        "target": one.target,
        "wells_are": str(one.task),
        "low": one.low,
        "high": one.high,
        "mean_low": None if made is None else made.low.mean,
        "sd_low": None if made is None else made.low.sd,
        "omitted_low": None if made is None else len(made.low.omitted),
        "mean_low_plus_3sd": None if made is None else made.upper_of_low,
        "mean_high": None if made is None else made.high.mean,
        "sd_high": None if made is None else made.high.sd,
        "omitted_high": None if made is None else len(made.high.omitted),
        "mean_high_minus_3sd": None if made is None else made.lower_of_high,
        "passed": None if made is None else made.passed,
        "nominal_5000_10000": None if made is None else made.nominal,
        "message": one.message,
    }


CURVE_HEADS = {
    "Target": "left",
    "File": "left",
    "Slope": "right",
    "Efficiency": "right",
    "Interval": "right",
    "r²": "right",
    "Linear from": "right",
    "to": "right",
}
"""Columns of :func:`curve_lines`; the interval is of the efficiency."""


def curve_lines(found: Quantities) -> list[tuple[str, ...]]:
    """Curves as texts for a screen."""
    rows: list[tuple[str, ...]] = []
    for one in found.curves:
        if one.curve is None:
            continue
        eff, linear = one.curve.efficiency_interval(), one.linear
        rows.append(
            (
                one.target,
                one.file,
                f"{one.curve.slope:.3f}",
                "" if eff is None else f"{eff.value:.1%}",
                "" if eff is None else f"{_percent(eff.low)}–{_percent(eff.high)}",
                f"{one.curve.r2:.4f}",
                "" if linear is None else f"{linear.low:g}",
                "" if linear is None else f"{linear.high:g}",
            )
        )
    return rows


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.1%}"


SAMPLE_HEADS = {
    "Sample": "left",
    "Target": "left",
    "Task": "left",
    "Wells": "right",
    "Mean Ct": "right",
    "Quantity": "right",
    "Interval": "right",
    "Remark": "left",
}
"""Columns of :func:`sample_lines`."""


def sample_lines(found: Quantities) -> list[tuple[str, ...]]:
    """Samples as texts for a screen."""
    rows: list[tuple[str, ...]] = []
    for one in found.samples:
        q = one.quantity
        known = q is not None and q.low is not None and q.high is not None
        rows.append(
            (
                one.sample,
                one.target,
                str(one.task),
                str(len(one.wells)),
                "" if one.mean_cq is None else f"{one.mean_cq:.2f}",
                "" if q is None else f"{q.value:.4g}",
                f"{q.low:.4g}–{q.high:.4g}" if known and q is not None else "",
                one.reason or "",
            )
        )
    return rows


def read_stored_curves(path: Path) -> tuple[StoredCurve, ...]:
    """Read curves that an earlier ``qpcr standards`` kept.

    Raises
    ------
    InputError
        The file is not one of those.
    """
    try:
        return parse_curves(decode(read_whole(path), path))
    except CalibrationError as error:
        raise InputError(
            "the standard curves cannot be used",
            file=path,
            found=str(error),
            expected="a curves.json that qpcr standards wrote",
        ) from error
