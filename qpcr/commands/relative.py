"""``qpcr relative``: quantities relative to reference genes and a calibrator."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import FAILED
from qpcr.commands._options import (
    AT_THRESHOLD,
    FILE,
    FOLDER,
    check_run,
    is_table,
    method_option,
    run_option,
)
from qpcr.commands._screen import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calibration.relative import Factor
    from qpcr.quantities.relative import Ratio


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--reference", "references", multiple=True, required=True, help="May be repeated.")
@click.option("--calibrator", help="Sample that counts as 1; without it: target to references.")
@click.option("--curves", type=FILE, help="curves.json, for efficiencies with their errors.")
@click.option("--factor", multiple=True, metavar="GENE=FACTOR", help="E.g. ALB=1.95 (2 doubles).")
@click.option("--common", multiple=True, help="Sample in all runs (column run of a table).")
@method_option
@click.option(
    "--efficiencies", is_flag=True, help="Of runs: each gene's own (--method recommended)."
)
@run_option
@click.option("--out", type=FOLDER, required=True, help="Where to write relative.csv.")
def relative(
    files: tuple[Path, ...],
    references: tuple[str, ...],
    calibrator: str | None,
    curves: Path | None,
    factor: tuple[str, ...],
    common: tuple[str, ...],
    method: str,
    efficiencies: bool,
    run_name: str | None,
    out: Path,
) -> None:
    """Relative quantities: ΔCt, ΔΔCt, with efficiencies, over one or several references.

    FILES are tables with a row a well (sample, target, cq; reactions.csv serves), or runs. Genes
    without an efficiency are taken to double, and named; relative.csv has each gene's factor and
    where it comes from. Intervals hold the scatter of the wells, the error of
    the efficiencies and, over several runs, that of their calibration (inter_run.csv).
    """
    from qpcr.given_once import check_files, check_runs
    from qpcr.outputs import write_texts
    from qpcr.pipeline import analyze
    from qpcr.quantities.factors import factor_notes, gene_factors
    from qpcr.quantities.inter_run import INTER_RUN
    from qpcr.quantities.measured import check_names, measured
    from qpcr.quantities.relative import (
        factors_of,
        inter_run_text,
        ratio_text,
        ratios,
        read_wells,
        wells_of,
    )
    from qpcr.quantities.tables import read_stored_curves

    tables = [file for file in files if is_table(file)]
    if efficiencies and tables:
        raise click.UsageError("--efficiencies are of curves: a table has none")
    if curves is not None and len(tables) < len(files) and method != AT_THRESHOLD:
        raise click.UsageError("--curves hold Ct at the threshold: they do not go with --method")
    check_files(files)
    check_names(files)
    stored = () if curves is None else read_stored_curves(curves)
    own = dict(_factor(one) for one in factor)
    check_run(run_name, tables)
    runs = [file for file in files if file not in tables]
    records = [analyze(file, method=method, run_name=run_name) for file in runs]
    check_runs(records)
    by_method = factors_of(records, method) if efficiencies else {}
    wells = [well for file in tables for well in read_wells(file)]
    rows = [row for record in records for row in measured(record, method=method)]
    wells += wells_of(rows)
    genes = (one.target for one in wells)
    used = gene_factors(genes, stored, by_method, method, own)
    factors = {gene: one.factor for gene, one in used.items()}
    found = ratios(wells, references, calibrator, factors, tuple(own), common)
    _show(found)
    for said in (*(one.told() for one in used.values()), *factor_notes(used, stored)):
        click.echo(said)
    origins = {gene: (one.factor, str(one.source)) for gene, one in used.items()}
    texts = {"relative.csv": ratio_text(found, origins)}
    if common:
        texts[INTER_RUN] = inter_run_text(wells, common, factors)
    for path in write_texts(texts, out, replaces=(INTER_RUN,)):
        click.echo(f"written: {path}")
    barred = [f"{row.file} {row.well}" for row in rows if row.barred is not None]
    if barred:
        click.echo(f"the quality rules say not to use: {', '.join(barred)}", err=True)
    invalid = [record.run.provenance.file for record in records if record.invalid]
    if invalid:
        click.echo(f"qpcr: must not be used, see qpcr analyze: {', '.join(invalid)}", err=True)
        sys.exit(FAILED)


def _show(found: Sequence[Ratio]) -> None:
    """Show ratios, and which method their Cq are by."""
    lines = []
    for one in found:
        made = one.quantity
        known = made is not None and made.low is not None
        lines.append(
            (
                one.sample,
                one.target,
                "" if made is None else f"{made.value:.4g}",
                f"{made.low:.4g}–{made.high:.4g}" if made is not None and known else "",
                one.reason or "",
            )
        )
    heads = {"Sample": "left", "Target": "left", "Ratio": "right", "95 %": "right", "Why": "left"}
    print_table(heads, lines)
    method = found[0].method if found else None
    click.echo(f"Cq by the method: {method or 'not stated in the table'}")


def _factor(text: str) -> tuple[str, Factor]:
    from calibration.relative import LARGEST_FACTOR
    from calibration.relative import Factor as Made

    gene, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if not (gene and 1 < value <= LARGEST_FACTOR):
        raise click.UsageError(
            f"--factor {text!r}: GENE=FACTOR, a factor between 1 and {LARGEST_FACTOR:g}"
        )
    return gene, Made(value)


COMMAND = relative
