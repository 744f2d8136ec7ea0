"""``qpcr records export``: records out of the store, for statistics or another system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qpcr.commands.records._options import FOLDER, opened, store_option


@click.command("export")
@store_option
@click.option("--out", type=FOLDER, required=True, help="Folder to write to.")
@click.option(
    "--to", type=click.Choice(["csv", "parquet", "json", "fhir"]), required=True,
    help="Tidy tables (csv, parquet), everything (json), or a FHIR R4 bundle a patient.",
)  # fmt: skip
@click.option("--patient", "patients", multiple=True, help="Only this id (may be repeated).")
@click.option("--deidentify", is_flag=True, help="Pseudonyms; no names of people or samples.")
@click.option(
    "--dates", type=click.Choice(["shift", "days"]), default="shift", show_default=True,
    help="With --deidentify: move dates alike for each patient, or days since diagnosis.",
)  # fmt: skip
def export(folder: Path, out: Path, patients: tuple[str, ...], **how: Any) -> None:
    """Write records of patients into files; only signed results go out as final.

    Without --patient all patients. Files can be read by their owner only.
    """
    from qpcr.exchange.export import export_records

    if how["dates"] == "days" and not how["deidentify"]:
        raise click.UsageError("--dates days needs --deidentify")
    for path in export_records(opened(folder), out, patients=patients, **how):
        click.echo(f"written: {path}")


SUBCOMMAND = export
