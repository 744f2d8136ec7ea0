"""``qpcr records find``: patients by what was found."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option

HEADS = ("Patient", "Results", "Final", "Calls", "Deletions")


@click.command("find")
@store_option
@click.option(
    "--outcome",
    type=click.Choice(["detected", "not detected", "inconclusive", "invalid"]),
    help="With a result that is called so.",
)
@click.option("--deletion", help="With that deletion, by its name in the panel.")
@click.option(
    "--state",
    type=click.Choice(["preliminary", "reviewed", "signed", "amended"]),
    help="With a result in that state.",
)
@click.option("--run", help="With a result from that run.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
def find_patients(
    folder: Path,
    outcome: str | None,
    deletion: str | None,
    state: str | None,
    run: str | None,
    limit: int | None,
) -> None:
    """List patients; results that a later revision replaces do not count."""
    from qpcr.records import PatientQuery, State

    asked = PatientQuery(outcome, deletion, None if state is None else State(state), run, limit)
    rows = [
        (
            one.patient,
            str(one.results),
            str(one.final),
            ", ".join(one.outcomes),
            ", ".join(one.deletions),
        )
        for one in opened(folder).patients(asked)
    ]
    print_table(dict.fromkeys(HEADS, "left"), rows)
    click.echo(f"{len(rows)} patients")


SUBCOMMAND = find_patients
