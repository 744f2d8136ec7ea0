"""``qpcr fit``: curves of a plain table to Cq."""

from __future__ import annotations

import time
from pathlib import Path

import click

from qpcr.commands._options import FILE, METHODS, analysis_options, fit_settings_from, settings_from
from qpcr.commands._screen import console
from qpcr.counted import counted


@click.command()
@click.argument("curves", type=FILE)
@click.option("--meta", type=FILE, help="Table with the columns dataset, curve, target.")
@click.option("--dataset", help="Name of the dataset; default: the file's name.")
@click.option(
    "--method",
    default="all",
    show_default=True,
    type=click.Choice(["all", *METHODS]),
    help="Which Cq to write.",
)
@click.option(
    "--engine",
    default="lmfit",
    show_default=True,
    type=click.Choice(["batch", "lmfit"]),
    help="batch: all curves solved together; lmfit: each polished from there.",
)
@click.option(
    "--bootstrap",
    "draws",
    type=click.IntRange(min=2),
    metavar="N",
    help="With --method recommended: standard errors of Cq, efficiency and N0 from N resamples of "
    "the readings too (200 give them within 5 %); off by default.",
)
@click.option("--out", type=FILE, required=True, help="CSV to write.")
@analysis_options
def fit(
    curves: Path,
    meta: Path | None,
    dataset: str | None,
    method: str,
    engine: str,
    draws: int | None,
    out: Path,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Fit the curves of a plain table (first column the cycle, one column a curve)."""
    from qpcr.outputs import write_texts
    from qpcr.tables import read_curves, read_targets
    from qpcr.tabulate import cq_table

    for source in (curves, meta):
        if source is not None and out.exists() and source.exists() and out.samefile(source):
            raise click.UsageError(f"--out would overwrite {source}")
    if draws is not None and method != "recommended":
        raise click.UsageError("--bootstrap goes with --method recommended only")
    settings = settings_from(baseline, threshold, rules)
    fitting = fit_settings_from(model, slope)
    name = dataset or curves.stem
    table = read_curves(curves)
    targets = None if meta is None else read_targets(meta, name, table.names)
    start = time.perf_counter()
    with console(stderr=True).status(f"fitting {counted(len(table.names), 'curve')}"):
        text = cq_table(table, name, targets, method, engine == "lmfit", settings, fitting, draws)
    write_texts({out.name: text}, out.parent)
    took = time.perf_counter() - start
    click.echo(f"{counted(len(table.names), 'curve')} in {took:.2f} s; written: {out}")


COMMAND = fit
