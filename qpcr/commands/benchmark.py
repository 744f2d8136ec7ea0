"""``qpcr benchmark``: every Cq method on curves with known replicates or dilutions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._options import FILE, FOLDER, METHODS
from qpcr.commands._screen import console
from qpcr.counted import counted

if TYPE_CHECKING:
    from qpcr.benchmark import Benchmark

COLUMNS = {
    "cq_sd": "Cq SD",
    "predicted_sd": "stated",
    "poisson_sd": "Poisson",
    "sd_ratio": "SD/exp.",
    "sc_syx": "s_yx",
    "sc_efficiency": "E (curve)",
    "bias": "bias",
    "linearity": "linearity",
    "precision": "precision",
    "resolution": "resolution",
}


@click.command()
@click.argument("curves", type=FILE)
@click.argument("meta", type=FILE)
@click.option("--dataset", help="Name of the dataset in META; default: the file's name.")
@click.option("--method", "only", multiple=True, type=click.Choice(METHODS), help="Only this one.")
@click.option("--out", type=FOLDER, help="Write benchmark.csv and benchmark.html to this folder.")
def benchmark(
    curves: Path, meta: Path, dataset: str | None, only: tuple[str, ...], out: Path | None
) -> None:
    """Score every Cq method on CURVES, a table whose wells META describes.

    META has a row a curve: curve, target, group (replicates), conc, unit, ntc; group or conc may be
    missing. Methods are told targets, not replicates or concentrations.
    """
    from qpcr.benchmark import benchmark_csv, read_wells, run_benchmark
    from qpcr.outputs import write_texts
    from qpcr.report.benchmark import render_benchmark
    from qpcr.tables import read_curves

    name = dataset or curves.stem
    table = read_curves(curves)
    wells = read_wells(meta, name, table.names)
    with console(stderr=True).status(f"scoring {counted(len(table.names), 'curve')}"):
        made = run_benchmark(table, name, wells, only=only)
    _show(made)
    if out is not None:
        texts = {"benchmark.csv": benchmark_csv(made), "benchmark.html": render_benchmark(made)}
        for path in write_texts(texts, out):
            click.echo(f"written: {path}")


def _show(made: Benchmark) -> None:
    from rich.table import Table

    table = Table(title=f"{made.dataset}: {counted(made.curves, 'curve')}")
    table.add_column("method", no_wrap=True)
    for title in ("called", *COLUMNS.values(), "ms/curve"):
        table.add_column(title, justify="right")
    for line in made.overall:
        values = [getattr(line.figures, name) for name in COLUMNS]
        cells = ["–" if value != value else f"{value:.4g}" for value in values]
        called = f"{line.figures.called}/{line.figures.n}"
        table.add_row(line.method, called, *cells, f"{line.milliseconds:.2f}")
    console().print(table)


COMMAND = benchmark
