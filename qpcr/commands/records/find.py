"""``qpcr records find``: patients by what was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option
from qpcr.counted import counted
from qpcr.errors import InputError

if TYPE_CHECKING:
    from qpcr.records import Store

HEADS = ("Patient", "Results", "Final", "Calls", "Deletions")


@click.command("find")
@store_option
@click.option(
    "--outcome",
    type=click.Choice(["detected", "not detected", "inconclusive", "invalid", "not tested"]),
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
    """List patients with one result that is all that is asked for.

    Results that a later revision replaces do not count, except a signed one until its revision is
    signed.
    """
    from qpcr.records import PatientQuery, State

    store = opened(folder)
    if run is not None:
        store.summary(run)
    asked = PatientQuery(outcome, deletion, None if state is None else State(state), run, limit)
    rows = [
        (
            one.patient,
            str(one.results),
            str(one.final),
            ", ".join(one.outcomes),
            ", ".join(one.deletions),
        )
        for one in store.patients(asked)
    ]
    if deletion is not None and not rows:
        _check_deletion(store, deletion)
    print_table(dict.fromkeys(HEADS, "left"), rows)
    click.echo(counted(len(rows), "patient"))


def _check_deletion(store: Store, deletion: str) -> None:
    """Refuse a name that no result has that counts: a typing error must not look like nobody."""
    known = sorted({one for patient in store.patients() for one in patient.deletions})
    if deletion not in known:
        raise InputError(
            "no result that counts has a deletion of that name",
            expected=", ".join(known) or "none is on record",
            found=deletion,
        )


SUBCOMMAND = find_patients
