"""``qpcr control-chart``: control values run after run, judged by Westgard's rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import FAILED
from qpcr.commands._options import (
    FILE,
    FOLDER,
    check_run,
    is_table,
    language_from,
    language_option,
    lot_options,
    lots_from,
    method_option,
    panel_and_samples,
    run_option,
)
from qpcr.commands._screen import print_table
from qpcr.commands._stores import to_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from primers import Panel
    from qpcr.quantities.control_charts import ControlChart
    from qpcr.reagents import ReagentLots
    from qpcr.record import Record


@click.command("control-chart")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--out", type=FOLDER, required=True, help="Where to write the chart and its table.")
@click.option(
    "--store",
    "records",
    type=FOLDER,
    help="Take the runs of a store too; without FILES, of that which QPCR_STORE names.",
)
@click.option("--panel", "panel_name", help="Panel that names the controls of runs given as files; "
              "runs of a store have their own.")  # fmt: skip
@lot_options
@click.option("--by", multiple=True, metavar="REAGENT",
              help="Only a new lot of this reagent begins a new chart (may be repeated); default: "
              "a new lot of any.")  # fmt: skip
@click.option("--baseline", type=click.IntRange(3), default=20, show_default=True,
              help="How many values make the limits of a chart (mean and SD): the first ones of "
              "each lot. They are not changed by later values. A lot with fewer has limits from "
              "all it has so far, and they are called provisional; so are those of fewer than 20.",
              )  # fmt: skip
@click.option("--limits", multiple=True, metavar="SERIES=MEAN,SD",
              help="Instead: limits fixed beforehand, for every lot.")  # fmt: skip
@method_option
@run_option
@language_option
def control_chart(
    files: tuple[Path, ...],
    out: Path,
    records: Path | None,
    panel_name: str | None,
    lot: tuple[str, ...],
    lot_log: Path | None,
    by: tuple[str, ...],
    baseline: int,
    limits: tuple[str, ...],
    method: str,
    run_name: str | None,
    lang: str | None,
) -> None:
    """Levey-Jennings charts with Westgard's rules, and sums (CUSUM) that see slow drift.

    FILES are tables (date, value; series, lot, threshold, source if wanted), or runs: slope,
    intercept, Ct of positive controls, level of the passive reference, light level and flicker, and
    the lamp's setting and temperature are taken from them. A new lot of reagents begins a new
    chart, and so does another threshold for Ct and intercepts; lots of runs in a store are those on
    record (qpcr records lots), --lot and --lots are for other files, --lots also fills in what a
    store does not know. Exit code 1: the newest value of a series is
    rejected, or lies in a drift or trend.
    """
    from qpcr.given_once import check_files, readings_of
    from qpcr.outputs import write_texts
    from qpcr.quantities.control_charts import charts
    from qpcr.quantities.control_page import chart_texts
    from qpcr.quantities.controls import read_values, silent_controls, values_of
    from qpcr.report.language import language
    from qpcr.said import say

    records = to_read(records, instead_of=bool(files))
    if not files and records is None:
        raise click.UsageError("give FILES or --store")
    check_run(run_name, [file for file in files if is_table(file)])
    check_files(files)
    fixed = dict(_limit(one) for one in limits)
    known = lots_from(lot, lot_log)
    values = [one for file in files if is_table(file) for one in read_values(file)]
    notes: list[str] = []
    panel, _ = panel_and_samples(panel_name, None, None)
    named: set[str] = set()
    seen: set[object] = set()
    for record in _runs(files, records, panel, known, run_name):
        source = record.run.provenance
        same = {(source.sha256, source.experiment), readings_of(record)}
        if same & seen:
            notes.append(say("{file} is a run that was there already", file=source.file))
            continue
        seen |= same
        named |= {one.reagent.casefold() for one in record.lots}
        values += values_of(record, by=by, method=method)
        notes += silent_controls(record, method)
    strange = sorted(set(fixed) - {str(one.series) for one in values})
    if strange:
        raise click.UsageError(f"--limits: there is no series {strange[0]!r}")
    unknown = [one for one in by if seen and one.casefold() not in named]
    if unknown:
        raise click.UsageError(f"--by: no run names a lot of {unknown[0]!r}")
    found = charts(values, fixed, baseline)
    _show(found, notes)
    code = language_from(lang)
    texts = chart_texts(found, language(code).say, code, notes)
    for path in write_texts(texts, out):
        click.echo(f"written: {path}")
    if any(one.alarm for one in found):
        sys.exit(FAILED)


def _show(found: Sequence[ControlChart], notes: Sequence[str]) -> None:
    """Show a line a chart, and what else a person should know."""
    heads = ("Series", "Lot", "Read at", "Newest", "Limits")
    rows = []
    for one in found:
        state = "; ".join(one.state())
        count, last = str(len(one.values)), str(one.values[-1].day)
        level = one.threshold or ""
        rows.append((one.series, one.lot or "", level, count, last, state, one.limits()))
    columns = {**dict.fromkeys(heads[:3], "left"), "Values": "right", "Last": "left"}
    print_table({**columns, **dict.fromkeys(heads[3:], "left")}, rows)
    for one in found:
        for remark in one.remarks():
            level = f", {one.threshold}" if one.threshold else ""
            click.echo(f"{one.series}{f', lot {one.lot}' if one.lot else ''}{level}: {remark}")
    for note in notes:
        click.echo(f"note: {note}")


def _runs(
    files: Sequence[Path],
    records: Path | None,
    panel: Panel | None,
    known: ReagentLots,
    run_name: str | None,
) -> Iterator[Record]:
    """Runs of a store in their last revision, then those of files, with their lots."""
    from dataclasses import replace

    from qpcr.pipeline import analyze
    from qpcr.records import RunQuery, Store

    if records is not None:
        store = Store.open(records)
        for run in reversed(store.runs(RunQuery(latest=True))):
            if run.started is None:
                click.echo(f"run {run.run_id} has no date and is left out", err=True)
                continue
            record = store.record(run.run_id)
            on_record = replace(known, given=store.lots(run.run_id), final=True)
            yield replace(record, lots=on_record.of(record.run))
    for file in files:
        if not is_table(file):
            yield analyze(file, panel=panel, lots=known, run_name=run_name)


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
