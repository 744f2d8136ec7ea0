"""Relative quantities of runs, or of a table of Ct: ``sample, target, cq``, a row a well."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.errors import CalibrationError
from calibration.inter_run import InterRun, inter_run
from calibration.relative import LARGEST_FACTOR, Factor, RelativeQuantity, relative_quantity
from calibration.stored_curve import StoredCurve
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.frames import CQ_RULE
from qpcr.quantities.inter_run import calibration_text
from qpcr.quantities.measured import AT_THRESHOLD, Measured, by_method, one_method
from qpcr.quantities.named_table import check_wells, read_named
from qpcr.quantities.tables import Cell, csv_text
from qpcr.run import Task
from qpcr.said import as_said, say

if TYPE_CHECKING:
    from qpcr.record import Record


POOLED = "recommended"
"""The method whose efficiency is one a gene, with an error that holds the law of growth's too.
Others state one a well, which triples the variance of quantities, or (shared) too small an error.
"""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Quantity of a target in a sample relative to references; ``None`` with the reason."""

    sample: str
    target: str
    quantity: RelativeQuantity | None
    reason: str | None
    method: str | None = None
    references: tuple[str, ...] = ()


Origin = tuple[Factor, str]
"""An amplification factor, and where it comes from."""


@dataclass(frozen=True, slots=True)
class RelativeWell:
    """One well; `method` is that of its Cq, ``None`` where a table does not say."""

    sample: str
    target: str
    run: str
    cq: float | None
    method: str | None = None


def factor_of(stored: StoredCurve) -> Factor:
    """Amplification factor of a standard curve, 10^(−1/slope), with its error (delta method).

    Raises
    ------
    InputError
        It is larger than a PCR can have.
    """
    curve = stored.curve
    efficiency = curve.efficiency
    value = math.inf if efficiency is None else 1 + efficiency
    if value > LARGEST_FACTOR:
        raise InputError(
            f"the standard curve of {stored.target} states an amplification factor that no PCR has",
            found=f"{value:.4g} (slope {curve.slope:.4g})",
            expected=f"at most {LARGEST_FACTOR:g}",
            remedy="measure the curve again, or state the factor with --factor",
        )
    se_slope = curve.residual_sd * math.sqrt(curve.unscaled[2])
    return Factor(value, value * math.log(10) / curve.slope**2 * se_slope, curve.df)


def read_wells(path: Path) -> list[RelativeWell]:
    """Read a table of wells; rows of standards and controls without template are left out.

    A column ``run`` parts runs; without it each file is one. The method of the Cq is what a column
    ``method`` says, or the column ``cq_rule`` of ``reactions.csv``.

    Raises
    ------
    InputError
        A column or cell is missing or wrong.
    """
    rows = read_named(path, ["sample", "target", "cq"])
    check_wells(rows)
    skipped = {"standard", "ntc"}
    stated = {row.opt_text("method") for row in rows}
    if any(row.opt_text("cq_rule") == CQ_RULE for row in rows):
        stated.add(AT_THRESHOLD)
    only = next(iter(stated - {None})) if len(stated - {None}) == 1 else None
    return [
        RelativeWell(
            row.text("sample"),
            row.text("target"),
            row.opt_text("run") or path.name,
            row.opt_cq("cq"),
            only or row.opt_text("method"),
        )
        for row in rows
        if (row.opt_text("task") or "").casefold() not in skipped
    ]


def wells_of(rows: Sequence[Measured]) -> list[RelativeWell]:
    """Wells of runs; standards, controls without template, and what is left out take no part."""
    return [
        RelativeWell(row.sample, row.target, row.file, row.cq, row.method)
        for row in rows
        if row.sample is not None and row.omitted is None
        if row.task not in (Task.STANDARD, Task.NTC)
    ]


def factors_of(records: Sequence[Record], method: str) -> dict[str, Factor]:
    """Amplification factor of every gene by the method of the records.

    Of several runs the mean, whose error is taken to be as large as theirs: what makes it wrong may
    be the same in all.

    Raises
    ------
    InputError
        The method is another than :data:`POOLED`, or states none for a gene that has Cq: taking it
        to double would not be what was asked for.
    """
    if method != POOLED:
        raise InputError(
            "this method states no efficiency of a gene whose error holds all that may be wrong "
            "with it",
            found=method,
            expected=POOLED,
        )
    found: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        mine: dict[str, set[tuple[float, float]]] = {}
        for reaction, one in zip(record.run.reactions, by_method(record, method), strict=True):
            if one.efficiency is not None and one.efficiency_se is not None:
                mine.setdefault(reaction.target, set()).add((one.efficiency, one.efficiency_se))
            elif one.cq is not None:
                raise InputError(
                    "the method states no efficiency for a gene",
                    file=record.run.provenance.file,
                    place=reaction.well_name,
                    found=f"{reaction.target}, by the method {method}",
                    remedy="leave --efficiencies out, and say factors with --factor",
                )
        for gene, pairs in mine.items():
            found.setdefault(gene, []).extend(pairs)
    return {
        gene: Factor(
            sum(value for value, _ in pairs) / len(pairs), sum(se for _, se in pairs) / len(pairs)
        )
        for gene, pairs in found.items()
    }


def ratios(
    rows: Sequence[RelativeWell],
    references: Sequence[str],
    calibrator: str | None,
    factors: Mapping[str, Factor],
    named: Sequence[str] = (),
    common: Sequence[str] = (),
) -> tuple[Ratio, ...]:
    """Relative quantity of every other gene in every sample.

    A sample of which a well of a needed gene has no Ct gets a reason and no number: a mean of the
    others would be too high. `named` are further genes that must be there. Wells of several runs
    are calibrated between them first, gene by gene, by the samples in `common`; the error of that
    is in the intervals of samples that are of another run than the calibrator.

    Raises
    ------
    InputError
        There is no such gene or calibrator; runs have nothing in common; Cq are by two methods.
    """
    shifts = calibrations(rows, common)
    method = one_method(row.method for row in rows)
    table: dict[str, dict[str, list[float | None]]] = {}
    for row in rows:
        late = shifts[row.target].shift(row.run) if row.target in shifts else 0.0
        cq = None if row.cq is None else row.cq - late
        table.setdefault(row.sample, {}).setdefault(row.target, []).append(cq)
    known = list(dict.fromkeys(row.target for row in rows))
    for name in (*references, *named):
        if name not in known:
            raise InputError("there is no such gene", found=name, expected=", ".join(known[:12]))
    if calibrator is not None and calibrator not in table:
        raise InputError("there is no such sample", found=calibrator)
    made = []
    for sample, genes in table.items():
        for target in known:
            if target in references or target not in genes:
                continue
            base = None if calibrator is None else table[calibrator]
            between = _between(rows, shifts, (target, *references), sample, calibrator)
            one = _ratio(sample, target, genes, base, references, factors, between)
            made.append(replace(one, method=method, references=tuple(references)))
    return tuple(made)


def calibrations(rows: Sequence[RelativeWell], common: Sequence[str]) -> dict[str, InterRun]:
    """How far the runs are apart, by gene; a gene of one run only is left out.

    Raises
    ------
    InputError
        Several runs that nothing connects.
    """
    runs = {row.run for row in rows}
    if len(runs) < 2:
        return {}
    if not common:
        raise InputError(
            "there are several runs",
            found=", ".join(sorted(runs)[:6]),
            remedy="name samples that all of them hold with --common, or give one run at a time",
        )
    made: dict[str, InterRun] = {}
    for gene, mine in grouped(rows, lambda row: row.target).items():
        values: dict[str, dict[str, list[float]]] = {}
        shared = (row for row in mine if row.sample in common)
        for (run, sample), part in grouped(shared, lambda row: (row.run, row.sample)).items():
            cqs = [row.cq for row in part if row.cq is not None]
            if len(cqs) == len(part):
                values.setdefault(run, {})[sample] = cqs
        missing = {row.run for row in mine} - set(values)
        if missing:
            raise InputError(
                f"{gene}: a run has no common sample with all its Ct", found=min(missing)
            )
        try:
            if len(values) > 1:
                made[gene] = inter_run(values)
        except CalibrationError as error:
            raise InputError(f"{gene}: {error}") from error
    return made


def _between(
    rows: Sequence[RelativeWell],
    shifts: Mapping[str, InterRun],
    genes: Sequence[str],
    sample: str,
    calibrator: str | None,
) -> dict[str, tuple[float | None, float]]:
    """Variance of each gene's ΔCt by the calibration between runs, and its df."""
    made: dict[str, tuple[float | None, float]] = {}
    for gene in genes:
        if gene not in shifts:
            continue
        weights: dict[str, float] = {}
        for sign, name in ((-1.0, sample), (1.0, calibrator)):
            mine = [row.run for row in rows if row.sample == name and row.target == gene]
            for run in mine:
                weights[run] = weights.get(run, 0.0) + sign / len(mine)
        made[gene] = shifts[gene].variance(weights), float(max(shifts[gene].df, 1))
    return made


def _ratio(
    sample: str,
    target: str,
    genes: Mapping[str, Sequence[float | None]],
    base: Mapping[str, Sequence[float | None]] | None,
    references: Sequence[str],
    factors: Mapping[str, Factor],
    between: Mapping[str, tuple[float | None, float]],
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
            _numbers(genes), None if base is None else _numbers(base), target, references, factors,
            between=between,
        )  # fmt: skip
    except CalibrationError as error:
        return Ratio(sample, target, None, as_said(error.reason))
    if any(variance is None for variance, _ in between.values()):
        unknown = say("one common sample of single wells does not tell how sure the runs are "
                      "calibrated: no interval")  # fmt: skip
        return Ratio(sample, target, quantity, unknown)
    if quantity.reason is not None:
        return Ratio(sample, target, quantity, as_said(quantity.reason))
    single = say("single wells, or wells far apart: no interval")
    reason = None if quantity.low is not None else single
    return Ratio(sample, target, quantity, reason)


def _numbers(genes: Mapping[str, Sequence[float | None]]) -> dict[str, list[float]]:
    return {gene: [cq for cq in wells if cq is not None] for gene, wells in genes.items()}


def inter_run_text(
    rows: Sequence[RelativeWell], common: Sequence[str], factors: Mapping[str, Factor]
) -> str:
    """The text of ``inter_run.csv``: how far the runs are apart, in cycles and as factors."""
    made = calibrations(rows, common)
    scale = {gene: math.log(factors.get(gene, Factor()).value) for gene in made}
    return calibration_text(made, scale)


def ratio_rows(found: Sequence[Ratio], factors: Mapping[str, Origin]) -> list[dict[str, Cell]]:
    """Rows of ``relative.csv``.

    Parameters
    ----------
    factors
        By gene: amplification factor with its standard error, and where it comes from.
    """
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
                "cq_method": one.method,
                "reason": one.reason,
                "factor": factors[one.target][0].value,
                "factor_se": factors[one.target][0].se,
                "factor_from": factors[one.target][1],
                "reference_factors": "; ".join(
                    f"{gene} {factors[gene][0].value:.6g} ({factors[gene][1]})"
                    for gene in one.references
                ),
            }
        )
    return rows


def ratio_text(found: Sequence[Ratio], factors: Mapping[str, Origin]) -> str:
    """The text of ``relative.csv``; `factors` as in :func:`ratio_rows`."""
    return csv_text(ratio_rows(found, factors))
