"""``qpcr demo``: a simulated plate from end to end."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import FOLDER, language_from, language_option
from qpcr.commands._screen import show


@click.command()
@click.option("--out", type=FOLDER, default="qpcr-demo", show_default=True, help="Where to.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same file.")
@click.option("--open/--no-open", "show_it", default=False, help="Open the report in the browser.")
@click.option("--cohort", is_flag=True, help="Instead: 142 invented patients.")
@language_option
def demo(out: Path, seed: int, show_it: bool, cohort: bool, lang: str | None) -> None:
    """Simulate a plate, write it as a 7500 .eds file, and analyze that file."""
    if cohort:
        _cohort(out, seed, show_it, language_from(lang))
        return
    from primers import load_panel
    from qpcr.outputs import write_outputs
    from qpcr.pipeline import analyze
    from qpcr.rehearsal import write_sheet, write_simulated
    from qpcr.samples import read_sample_sheet
    from qpcr.simulate import demo_plate, simulate_plate

    run = simulate_plate(demo_plate(), seed=seed)
    file, _ = write_simulated(run, out / f"simulated-{seed}.eds")
    sheet = write_sheet(run, out / f"simulated-{seed}.samples.csv")
    record = analyze(file, panel=load_panel("ikzf1"), identities=read_sample_sheet(sheet))
    written = write_outputs(record, out / file.stem, language_from(lang))
    show(record)
    click.echo(f"SIMULATED plate: {file}")
    click.echo(f"its sample sheet: {sheet}")
    for path in written:
        click.echo(f"written: {path}")
    click.echo(f"Open the report in a browser: {written[-1].resolve().as_uri()}")
    if show_it:
        click.launch(str(written[-1]))


def _cohort(out: Path, seed: int, show_it: bool, lang: str) -> None:
    """Plates, calls, records, and then the tables and curves of the study."""
    from qpcr.cohort.analysis import analyze_cohort
    from qpcr.cohort.publish import write_cohort
    from qpcr.cohort.study import load_study
    from qpcr.cohort.subjects import from_store
    from qpcr.cohort_rehearsal import rehearse_cohort
    from qpcr.records import Store

    made = rehearse_cohort(out, seed, told=click.echo)
    analysis = analyze_cohort(from_store(Store.open(made.store)), load_study("ikzf1-ball"))
    written = write_cohort(analysis, out / "synthetic-cohort", lang)
    click.echo(f"IKZF1 of {', '.join(made.tested)} comes from the simulated plates")
    for path in written:
        click.echo(f"written: {path}")
    if show_it:
        click.launch(str(written[-1]))


COMMAND = demo
