"""Runs calibrated by common samples (:mod:`calibration.inter_run`): tables, and quantities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from calibration.errors import CalibrationError
from calibration.inter_run import InterRun, inter_run
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.quantities.quantify import Quantities, SampleQuantity
from qpcr.quantities.tables import Cell, csv_text

INTER_RUN, CALIBRATED = "inter_run.csv", "calibrated.csv"


def of_quantities(found: Quantities, common: Sequence[str]) -> dict[str, InterRun]:
    """Calibrate plates by the quantities of common samples (log10), target by target.

    Parameters
    ----------
    common
        Names of samples; of each target those count whose wells all have a quantity in a plate.

    Raises
    ------
    InputError
        There is one plate only, or a target whose plates nothing connects.
    """
    made: dict[str, InterRun] = {}
    for target, mine in grouped(found.wells, lambda one: one.measured.target).items():
        files = {one.measured.file for one in mine if one.quantity is not None}
        if len(files) < 2:
            continue
        values: dict[str, dict[str, list[float]]] = {}
        shared = (
            one for one in mine if one.measured.sample in common and one.measured.omitted is None
        )
        cells = grouped(shared, lambda one: (one.measured.file, one.measured.sample or ""))
        for (file, sample), wells in cells.items():
            known = [one.quantity.value for one in wells if one.quantity is not None]
            if len(known) == len(wells) and all(value > 0 for value in known):
                values.setdefault(file, {})[sample] = [math.log10(value) for value in known]
        if missing := files - set(values):
            raise InputError(
                f"{target}: a plate has no common sample whose wells all have a quantity",
                found=min(missing),
            )
        try:
            made[target] = inter_run(values)
        except CalibrationError as error:
            raise InputError(f"{target}: {error}") from error
    if not made:
        raise InputError(
            "there is nothing to calibrate: no target has quantities in two plates",
            remedy="leave --common away",
        )
    return made


def plate_texts(found: Quantities, common: Sequence[str], confidence: float) -> dict[str, str]:
    """Texts by file name: how far plates are apart, and their samples' quantities without that."""
    made = of_quantities(found, common)
    return {
        INTER_RUN: calibration_text(made, dict.fromkeys(made, -math.log(10)), confidence),
        CALIBRATED: calibrated_text(found.samples, made, confidence),
    }


def calibration_text(
    made: Mapping[str, InterRun], scale: Mapping[str, float], confidence: float = 0.95
) -> str:
    """The text of ``inter_run.csv``: a row a target and run.

    Parameters
    ----------
    scale
        By target: natural logarithm of the quantity per unit of a shift; of Ct it is ln A, with A
        the amplification factor, of log10 quantities −ln 10.

    Notes
    -----
    `factor` is what quantities of the run are multiplied with.
    """
    rows: list[dict[str, Cell]] = []
    for target, one in made.items():
        for run, shift, shared in zip(one.runs, one.shifts, one.shared, strict=True):
            half, rate = one.half_width(run, confidence), scale[target]
            ends = None if half is None else sorted((rate * (shift - half), rate * (shift + half)))
            rows.append(
                {
                    "target": target,
                    "run": run,
                    "common_samples": shared,
                    "shift": shift,
                    "shift_se": one.se(run),
                    "df": one.df if half is not None else None,
                    "factor": math.exp(rate * shift),
                    "factor_low": None if ends is None else math.exp(ends[0]),
                    "factor_high": None if ends is None else math.exp(ends[1]),
                    "residual_sd": one.residual_sd,
                    "error_from": None if half is None else
                    "replicate wells (a lower bound)" if one.from_wells else "common samples",
                }
            )  # fmt: skip
    return csv_text(rows)


def calibrated_text(
    samples: Iterable[SampleQuantity], made: Mapping[str, InterRun], confidence: float = 0.95
) -> str:
    """The text of ``calibrated.csv``: quantities of samples with their plate's shift taken off.

    The interval adds the calibration's error to that of the quantity: half-widths in log10 as the
    root of their sum of squares, each side by itself, an approximation.
    """
    return csv_text(
        [_calibrated(one, made, confidence) for one in samples if one.target in made],
        ("file", "sample", "target", "quantity", "factor", "calibrated", "calibrated_low",
         "calibrated_high"),
    )  # fmt: skip


def _calibrated(
    one: SampleQuantity, made: Mapping[str, InterRun], confidence: float
) -> dict[str, Cell]:
    run, quantity = made[one.target], one.quantity
    inside = quantity is not None and one.file in run.runs
    factor = 10 ** -run.shift(one.file) if inside else None
    row: dict[str, Cell] = {
        "file": one.file, "sample": one.sample, "target": one.target,
        "quantity": None if quantity is None else quantity.value, "factor": factor,
        "calibrated": None, "calibrated_low": None, "calibrated_high": None,
    }  # fmt: skip
    if quantity is None or factor is None:
        return row
    row["calibrated"] = quantity.value * factor
    half = run.half_width(one.file, confidence)
    for end, name, sign in ((quantity.low, "low", -1), (quantity.high, "high", 1)):
        if half is not None and end is not None and end > 0 and quantity.value > 0:
            both = sign * math.hypot(math.log10(end / quantity.value), half)
            row[f"calibrated_{name}"] = quantity.value * factor * 10**both
    return row
