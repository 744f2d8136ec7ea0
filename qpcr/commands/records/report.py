"""``qpcr records report``: the patient report of a result, as a page for the browser."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import FILE, language_from, language_option
from qpcr.commands.records._options import opened, store_option


@click.command()
@store_option
@click.option("--patient", required=True, help="Id of the patient.")
@click.option("--result", help="RUN/SAMPLE, as records show says; without it, residual disease.")
@click.option("--out", type=FILE, required=True, help="HTML file to write.")
@language_option
def report(folder: Path, patient: str, result: str | None, out: Path, lang: str | None) -> None:
    """Write the report of a patient's result: one A4 page, preliminary until it is signed.

    Residual disease on record has a sheet of its own, behind it or alone.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError("--out must end in .html; the browser prints it, or saves it as PDF")
    from qpcr.outputs import write_texts
    from qpcr.records.cases import stored_case
    from qpcr.records.residual import residual_on_record, treatments_on_record
    from qpcr.report import render_patient
    from qpcr.report.residual import render_residual

    if result is None:
        found = opened(folder).patient(patient)
        results, treated = residual_on_record(found), treatments_on_record(found)
        text = render_residual(patient, results, treated, language_from(lang))
        write_texts({out.name: text}, out.parent)
        click.echo(f"written: {out}")
        return
    case = stored_case(opened(folder), patient, result)
    write_texts({out.name: render_patient(case, language_from(lang))}, out.parent)
    click.echo(f"written: {out} ({case.review.state})")


SUBCOMMAND = report
