"""Relative quantities of a table of Ct: ``sample, target, cq``, a row a well."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration.errors import CalibrationError
from calibration.relative import Factor, RelativeQuantity, relative_quantity, run_shifts
from calibration.stored_curve import StoredCurve
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.quantities.named_table import NamedRow, read_named
from qpcr.quantities.tables import Cell, csv_text
from qpcr.said import as_said, say


@dataclass(frozen=True, slots=True)
class Ratio:
    """Quantity of a target in a sample relative to references; ``None`` with the reason."""

    sample: str
    target: str
    quantity: RelativeQuantity | None
    reason: str | None


def factor_of(stored: StoredCurve) -> Factor:
    """Amplification factor of a standard curve, 10^(−1/slope), with its error (delta method)."""
    curve = stored.curve
    value = 10 ** (-1 / curve.slope)
    se_slope = curve.residual_sd * math.sqrt(curve.unscaled[2])
    return Factor(value, value * math.log(10) / curve.slope**2 * se_slope, curve.df)


def ratios(
    path: Path,
    references: Sequence[str],
    calibrator: str | None,
    factors: Mapping[str, Factor],
    named: Sequence[str] = (),
    common: Sequence[str] = (),
) -> tuple[Ratio, ...]:
    """Relative quantity of every other gene in every sample of a table.

    A sample of which a well of a needed gene has no Ct gets a reason and no number: a mean of the
    others would be too high. Rows of standards and controls without template are left out. `named`
    are further genes that must be there. A table of several runs (column ``run``) is calibrated
    between them first, gene by gene, by the samples in `common`; the error of that shift is not in
    the intervals.

    Raises
    ------
    InputError
        The table cannot be read, or has no such gene or calibrator.
    """
    rows = read_named(path, ["sample", "target", "cq"])
    skipped = {"standard", "ntc"}
    rows = [row for row in rows if (row.opt_text("task") or "").casefold() not in skipped]
    shifts = _shifts(rows, common, path)
    table: dict[str, dict[str, list[float | None]]] = {}
    for row in rows:
        genes, gene, cq = table.setdefault(row.text("sample"), {}), row.text("target"), None
        if (found := row.opt_cq("cq")) is not None:
            cq = found - shifts.get((gene, row.opt_text("run") or ""), 0.0)
        genes.setdefault(gene, []).append(cq)
    known = list(grouped(rows, lambda row: row.text("target")))
    for name in (*references, *named):
        if name not in known:
            raise InputError(
                "there is no such gene", file=path, found=name, expected=", ".join(known[:12])
            )
    if calibrator is not None and calibrator not in table:
        raise InputError("there is no such sample", file=path, found=calibrator)
    made = []
    for sample, genes in table.items():
        for target in known:
            if target in references or target not in genes:
                continue
            base = None if calibrator is None else table[calibrator]
            made.append(_ratio(sample, target, genes, base, references, factors))
    return tuple(made)


def _shifts(
    rows: Sequence[NamedRow], common: Sequence[str], path: Path
) -> dict[tuple[str, str], float]:
    """Cycles by which each gene lies late in each run; empty for a table of one run."""
    runs = {row.opt_text("run") or "" for row in rows}
    if len(runs) < 2:
        return {}
    if not common:
        raise InputError(
            "the table holds several runs",
            file=path,
            found=", ".join(sorted(runs)[:6]),
            remedy="name samples that all of them hold with --common, or give one run at a time",
        )
    made = {}
    for gene, mine in grouped(rows, lambda row: row.text("target")).items():
        means: dict[str, dict[str, float]] = {}
        wells = grouped(
            (row for row in mine if row.text("sample") in common),
            lambda row: (row.opt_text("run") or "", row.text("sample")),
        )
        for (run, sample), part in wells.items():
            cqs = [cq for row in part if (cq := row.opt_cq("cq")) is not None]
            if len(cqs) == len(part):
                means.setdefault(run, {})[sample] = sum(cqs) / len(cqs)
        missing = {row.opt_text("run") or "" for row in mine} - set(means)
        if missing:
            raise InputError(
                f"{gene}: a run has no common sample with all its Ct",
                file=path,
                found=min(missing),
            )
        try:
            shifts = run_shifts(means) if len(means) > 1 else ()
        except CalibrationError as error:
            raise InputError(f"{gene}: {error}", file=path) from error
        made.update({(gene, one.run): one.cycles for one in shifts})
    return made


def _ratio(
    sample: str,
    target: str,
    genes: Mapping[str, Sequence[float | None]],
    base: Mapping[str, Sequence[float | None]] | None,
    references: Sequence[str],
    factors: Mapping[str, Factor],
) -> Ratio:
    needed = (target, *references)
    for where, one in ((say("the sample"), genes), (say("the calibrator"), base)):
        for gene in needed if one is not None else ():
            wells = one.get(gene, ()) if one is not None else ()
            if not wells or None in wells:
                return Ratio(
                    sample,
                    target,
                    None,
                    say("a well of {gene} of {where} has no Ct", gene=gene, where=where),
                )
    try:
        quantity = relative_quantity(
            _numbers(genes), None if base is None else _numbers(base), target, references, factors
        )
    except CalibrationError as error:
        return Ratio(sample, target, None, as_said(error.reason))
    single = say("single wells, or wells far apart: no interval")
    reason = None if quantity.low is not None else single
    return Ratio(sample, target, quantity, reason)


def _numbers(genes: Mapping[str, Sequence[float | None]]) -> dict[str, list[float]]:
    return {gene: [cq for cq in wells if cq is not None] for gene, wells in genes.items()}


def ratio_rows(found: Sequence[Ratio]) -> list[dict[str, Cell]]:
    """Rows of ``relative.csv``."""
    rows: list[dict[str, Cell]] = []
    for one in found:
        made = one.quantity
        rows.append(
            {
                "sample": one.sample,
                "target": one.target,
                "ratio": None if made is None else made.value,
                "ratio_low": None if made is None else made.low,
                "ratio_high": None if made is None else made.high,
                "ln_se": None if made is None else made.ln_se,
                "df": None if made is None else made.df,
                "reason": one.reason,
            }
        )
    return rows


def ratio_text(found: Sequence[Ratio]) -> str:
    """The text of ``relative.csv``."""
    return csv_text(ratio_rows(found))
