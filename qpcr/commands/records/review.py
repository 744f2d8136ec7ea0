"""``qpcr records review``."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands.records._options import opened, store_option, user_option


@click.command()
@store_option
@user_option
@click.option("--patient", required=True, help="Id of the patient.")
@click.option("--result", required=True, help="RUN/SAMPLE, as records show says.")
def review(folder: Path, user: str | None, patient: str, result: str) -> None:
    """Mark a result as reviewed."""
    done = opened(folder).review(patient, result, user=user)
    click.echo(f"reviewed: commit {done.sequence}")


SUBCOMMAND = review
