"""``qpcr plot``: pictures for papers."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import (
    FILE,
    analysis_options,
    fit_settings_from,
    language_from,
    language_option,
    settings_from,
)


@click.command()
@click.argument("file", type=FILE)
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
@language_option
@analysis_options
def plot(
    file: Path,
    kind: str,
    out: Path,
    targets: tuple[str, ...],
    samples: tuple[str, ...],
    log: bool,
    lang: str | None,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Draw a run: amplification curves, the plate by Ct, or its standard curve."""
    from qpcr.pipeline import analyze
    from qpcr.report.picture import draw, write_picture

    record = analyze(
        file, settings_from(baseline, threshold, rules), fit_settings_from(model, slope)
    )
    figure = draw(record, kind, language_from(lang), targets=targets, samples=samples, log=log)
    click.echo(f"written: {write_picture(figure, out)}")


COMMAND = plot
