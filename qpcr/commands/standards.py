"""``qpcr standards``: standard curves of a plate, and the quantities of its samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import FAILED
from qpcr.commands._keep import keep_values
from qpcr.commands._options import (
    AT_THRESHOLD,
    FILE,
    FOLDER,
    analysis_options,
    fit_settings_from,
    method_option,
    run_option,
    settings_from,
)
from qpcr.commands._screen import print_table
from qpcr.commands._stores import keep_option, to_read, to_write

if TYPE_CHECKING:
    from qpcr.quantities.installation import Installation
    from qpcr.quantities.quantify import Quantities


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--out", type=FOLDER, required=True, help="Where to write the tables.")
@click.option("--omit", multiple=True, metavar="WELL", help="Leave a well out: B6 or FILE:B6.")
@click.option(
    "--weights",
    type=click.Choice(["none", "variance"]),
    default="none",
    show_default=True,
    help="Weight standards by the scatter of their level; not with --pool.",
)
@click.option("--pool", is_flag=True, help="One slope over all plates, an intercept a plate.")
@click.option("--curves", type=FILE, help="curves.json for targets without standards here.")
@click.option(
    "--common",
    multiple=True,
    metavar="SAMPLE",
    help="Sample that is on all plates (may be repeated): calibrate the plates by it.",
)
@click.option("--lot", help="Lot of the standards, to keep with the curves.")
@click.option("--unit", help="Unit of the quantities, to keep with the curves.")
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@click.option(
    "--installation", is_flag=True, help="Test any target for 5,000 against 10,000 copies."
)
@method_option
@click.option("--store", "records", type=FOLDER, help="Keep curves and quantities in this store.")
@keep_option
@click.option("--user", help="Who keeps them; default: the name you are logged in with.")
@click.option("--reason", help="Why what is on record is replaced.")
@click.option(
    "--stored-curves",
    is_flag=True,
    help="Targets without standards here: the store's newest curve (of --lot, if given).",
)
@run_option
@analysis_options
def standards(
    files: tuple[Path, ...],
    out: Path,
    omit: tuple[str, ...],
    weights: str,
    pool: bool,
    curves: Path | None,
    common: tuple[str, ...],
    lot: str | None,
    unit: str | None,
    confidence: float,
    installation: bool,
    method: str,
    records: Path | None,
    keep: bool,
    user: str | None,
    reason: str | None,
    stored_curves: bool,
    run_name: str | None,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Fit the standard curve of every target, and read the quantity of every well from it.

    Writes standards.csv, quantities.csv, samples.csv and curves.json (to use on later plates).
    An RNase P plate is put to the vendor's installation test too. With --common: inter_run.csv, how
    far the plates are apart, and calibrated.csv, quantities with that taken off. Curves by another
    method than the default hold for these plates only, and are not kept.
    """
    from qpcr.given_once import check_files, check_runs
    from qpcr.outputs import write_texts
    from qpcr.pipeline import analyze
    from qpcr.quantities.curves_used import unused, with_curves_said
    from qpcr.quantities.installation import installation_tests
    from qpcr.quantities.inter_run import CALIBRATED, INTER_RUN, plate_texts
    from qpcr.quantities.kept import kept_curves, kept_quantities
    from qpcr.quantities.measured import check_names, check_omitted, measured
    from qpcr.quantities.quantify import keepable, quantify
    from qpcr.quantities.tables import SOMETIMES, quantity_texts, read_stored_curves
    from qpcr.records import Store
    from qpcr.records.assays import curves_on_record, lots_of_curves

    usual = method == AT_THRESHOLD
    if not usual and (curves is not None or stored_curves):
        raise click.UsageError(
            "curves on file hold Ct at the threshold: they do not go with --method"
        )
    if pool and weights != "none":
        raise click.UsageError("--pool: plates are pooled without --weights")
    source = to_read(records, instead_of=not stored_curves)
    if stored_curves and (source is None or curves is not None):
        raise click.UsageError("--stored-curves: from --store, instead of --curves")
    check_files(files)
    check_names(files)
    check_omitted(omit, files)
    stored = () if curves is None else read_stored_curves(curves)
    others: dict[str, tuple[str, ...]] = {}
    if stored_curves and source is not None:
        stored = curves_on_record(Store.open(source), lot=lot)
        others = {} if lot else lots_of_curves(Store.open(source))
    chosen = settings_from(baseline, threshold, rules), fit_settings_from(model, slope)
    plates = [analyze(file, *chosen, run_name=run_name) for file in files]
    check_runs(plates)
    rows = [row for record in plates for row in measured(record, omit, method)]
    found = quantify(rows, weighting=weights, pool=pool, stored=stored, confidence=confidence)
    found = with_curves_said(found, stored, others)
    tests = installation_tests(found, every=installation)
    kept = keepable(found, rows, lot, unit) if usual else ()
    texts = quantity_texts(found, tests, kept)
    if common:
        texts |= plate_texts(found, common, confidence)
    invalid = [record.run.provenance.file for record in plates if record.invalid]
    folder = to_write(records, keep)
    if folder is not None and not invalid:
        every = keepable(found, rows, lot, unit, every=True) if usual else ()
        sources = {row.file: row.sha256 for row in rows}
        values = [*kept_curves(every, found, omit), *kept_quantities(found, sources, lot)]
        keep_values(folder, values, reason, user)
    written = write_texts(texts, out, replaces=(*SOMETIMES, INTER_RUN, CALIBRATED))
    _show(found, tests)
    here = {row.target for row in rows}
    taken = {one.target for one in found.curves if one.stored is not None}
    for said in unused(stored, taken, here) if curves is not None else ():
        click.echo(said)
    for path in written:
        click.echo(f"written: {path}")
    if invalid:
        click.echo(f"qpcr: must not be used, see qpcr analyze: {', '.join(invalid)}", err=True)
        if folder is not None:
            click.echo("qpcr: nothing was kept in the store", err=True)
        sys.exit(FAILED)


def _show(found: Quantities, tests: Sequence[Installation]) -> None:
    """Show curves, samples and what a person should know."""
    from qpcr.quantities.tables import CURVE_HEADS, SAMPLE_HEADS, curve_lines, sample_lines

    print_table(CURVE_HEADS, curve_lines(found))
    print_table(SAMPLE_HEADS, sample_lines(found))
    click.echo(f"Cq by the method: {found.method}")
    for one in found.curves:
        for note in (*([one.reason] if one.reason else []), *one.notes, *one.warnings()):
            click.echo(f"{one.target}: {note}")
    for target, pooled in found.pooled.items():
        if pooled.slopes.p is not None:
            click.echo(f"{target}: slopes of the plates are equal, P {pooled.slopes.p:.2g}")
    for test in tests:
        click.echo(f"{test.target}: {test.message}")


COMMAND = standards
