"""``qpcr plot``: pictures for papers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._options import (
    FILE,
    FOLDER,
    analysis_options,
    fit_settings_from,
    language_from,
    language_option,
    run_option,
    settings_from,
)
from qpcr.commands._stores import is_run, to_read

if TYPE_CHECKING:
    from qpcr.record import Record
    from qpcr.settings import FitSettings, Settings


@click.command()
@click.argument("what", metavar="FILE|RUN")
@click.option("--store", type=FOLDER, help="Draw a run of this store: name it by its id.")
@click.option(
    "--kind",
    type=click.Choice(["curves", "plate", "standard"]),
    default="curves",
    show_default=True,
    help="Amplification curves, plate map, or standard curve.",
)
@click.option("--out", type=FILE, required=True, help="Picture to write: .svg, .png or .pdf.")
@click.option("--target", "targets", multiple=True, help="Only this target (may be repeated).")
@click.option("--sample", "samples", multiple=True, help="Only this sample (may be repeated).")
@click.option("--log", is_flag=True, help="Logarithmic ΔRn, for curves.")
@run_option
@language_option
@analysis_options
def plot(
    what: str,
    store: Path | None,
    kind: str,
    out: Path,
    targets: tuple[str, ...],
    samples: tuple[str, ...],
    log: bool,
    run_name: str | None,
    lang: str | None,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Draw a run: amplification curves, the plate by Ct, or its standard curve.

    A run of a store is drawn as it was analyzed then: options of the analysis play no part.
    """
    from qpcr.report.picture import draw, write_picture

    store = to_read(store, instead_of=not is_run(what))
    settings, fit = settings_from(baseline, threshold, rules), fit_settings_from(model, slope)
    if store is not None and run_name is not None:
        raise click.UsageError("a run of a store is one run: leave --run away")
    record = _analyzed(what, settings, fit, run_name) if store is None else _kept(what, store)
    figure = draw(record, kind, language_from(lang), targets=targets, samples=samples, log=log)
    click.echo(f"written: {write_picture(figure, out)}")


def _analyzed(
    file: str, settings: Settings, fit_settings: FitSettings, run_name: str | None
) -> Record:
    from qpcr.pipeline import analyze

    return analyze(Path(file), settings, fit_settings, run_name=run_name)


def _kept(run: str, store: Path) -> Record:
    """A run as it was analyzed when it was filed."""
    from qpcr.records import Store

    return Store.open(store).record(run)


COMMAND = plot
