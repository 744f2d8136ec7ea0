"""``qpcr control-chart``: control values run after run, judged by Westgard's rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import FAILED
from qpcr.commands._options import FILE, FOLDER
from qpcr.commands._screen import print_table
from qpcr.commands._stores import to_read

if TYPE_CHECKING:
    from qpcr.quantities.controls import ControlValue

TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods"}


@click.command("control-chart")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--out", type=FOLDER, required=True, help="Where to write the chart and its table.")
@click.option(
    "--store",
    "records",
    type=FOLDER,
    help="Take the runs of a store too; without FILES, of that which QPCR_STORE names.",
)
@click.option("--lot", help="Lot of the reagents of runs given as instrument files.")
@click.option("--baseline", type=click.IntRange(3), default=20, show_default=True,
              help="First values that make the limits.")  # fmt: skip
@click.option("--limits", multiple=True, metavar="SERIES=MEAN,SD", help="Limits fixed beforehand.")
def control_chart(
    files: tuple[Path, ...],
    out: Path,
    records: Path | None,
    lot: str | None,
    baseline: int,
    limits: tuple[str, ...],
) -> None:
    """Levey-Jennings charts with Westgard's rules.

    FILES are tables (date, value; series, lot, source if wanted), or runs: slope, intercept, Ct of
    positive controls and level of the passive reference are taken from them. Exit code 1: the
    newest value of a series is rejected.
    """
    from qpcr.outputs import write_texts
    from qpcr.pipeline import analyze
    from qpcr.quantities.controls import chart_texts, charts, read_values, values_of

    records = to_read(records, instead_of=bool(files))
    if not files and records is None:
        raise click.UsageError("give FILES or --store")
    fixed = dict(_limit(one) for one in limits)
    values = [] if records is None else _stored(records, lot)
    for file in files:
        table = file.suffix.lower() in TABLES
        values += read_values(file) if table else values_of(analyze(file), lot)
    strange = sorted(set(fixed) - {one.series for one in values})
    if strange:
        raise click.UsageError(f"--limits: there is no series {strange[0]!r}")
    found = charts(values, fixed, baseline)
    rows = []
    for one in found:
        state = one.reason or ("REJECTED" if one.alarm else "in control")
        rows.append((one.series, one.lot or "", str(len(one.values)), state))
    print_table({"Series": "left", "Lot": "left", "Values": "right", "Newest": "left"}, rows)
    for path in write_texts(chart_texts(found), out):
        click.echo(f"written: {path}")
    if any(one.alarm for one in found):
        sys.exit(FAILED)


def _stored(folder: Path, lot: str | None) -> list[ControlValue]:
    """Control values of the runs of a store, each in its last revision."""
    from qpcr.quantities.controls import values_of
    from qpcr.records import RunQuery, Store

    store = Store.open(folder)
    values = []
    for run in store.runs(RunQuery(latest=True)):
        if run.started is None:
            click.echo(f"run {run.run_id} has no date and is left out", err=True)
        else:
            values += values_of(store.record(run.run_id), lot)
    return values


def _limit(text: str) -> tuple[str, tuple[float, float]]:
    series, _, numbers = text.rpartition("=")
    try:
        mean, sd = (float(one) for one in numbers.split(","))
    except ValueError:
        mean, sd = 0.0, 0.0
    if not (series and 0 < sd < float("inf") and abs(mean) < float("inf")):
        raise click.UsageError(f"--limits {text!r}: SERIES=MEAN,SD with a positive SD")
    return series, (mean, sd)


COMMAND = control_chart
