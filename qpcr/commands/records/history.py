"""``qpcr records history``: who changed what, when, and why."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option
from qpcr.commands.records._values import told
from qpcr.counted import counted

HEADS = ("Event", "When", "Who", "Patient", "Kind", "What", "Was", "Is", "Why", "From")


@click.command()
@store_option
@click.option("--patient", help="Of one patient.")
@click.option("--run", help="About one run.")
def history(folder: Path, patient: str | None, run: str | None) -> None:
    """Print the history: every change that was ever made, the oldest first."""
    store = opened(folder)
    if patient is not None:
        store.patient(patient)  # one who is not on record is not one without a history
    if run is not None:
        store.summary(run)
    events = store.history(patient=patient, run=run)
    rows = [
        (
            one.id,
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            one.user,
            one.patient,
            str(one.kind),
            one.path,
            told(one.old),
            told(one.new),
            one.reason or "",
            one.source or "",
        )
        for one in events
    ]
    print_table(dict.fromkeys(HEADS, "left"), rows)
    click.echo(f"{counted(len(rows), 'event')}; times are UTC")


SUBCOMMAND = history
