"""``qpcr records sign``."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import opened, store_option, user_option


@click.command()
@store_option
@user_option
@click.option("--patient", required=True, help="Id of the patient.")
@click.option("--result", required=True, help="RUN/SAMPLE, as records show says.")
def sign(folder: Path, user: str | None, patient: str, result: str) -> None:
    """Sign a reviewed result: it is final from then on."""
    done = opened(folder).sign(patient, result, user=user)
    click.echo(f"signed: commit {done.sequence}")


SUBCOMMAND = sign
