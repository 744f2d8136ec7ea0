"""``qpcr records assays``: standard curves, detection limits and quantities on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option, user_option

if TYPE_CHECKING:
    from qpcr.records.assays import Assay

HEADS = ("Path", "Lot", "Made", "Says", "Kept", "By", "Run")


@click.command()
@store_option
@click.option("--target", help="Of one target.")
@click.option("--run", help="From one run.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--withdraw", metavar="PATH", help="Take one back: no later plate is read from it.")
@click.option("--reason", help="Why it is taken back.")
@user_option
def assays(
    folder: Path,
    target: str | None,
    run: str | None,
    as_json: bool,
    withdraw: str | None,
    reason: str | None,
    user: str | None,
) -> None:
    """List what is on record of assays, the newest first; of no patient."""
    from qpcr.records.assays import assays as on_record
    from qpcr.records.assays import withdraw as take_back

    store = opened(folder)
    if withdraw is not None:
        if not (reason or "").strip():
            raise click.UsageError("--withdraw: say why with --reason")
        receipt = take_back(store, withdraw, reason, user)
        click.echo(f"withdrawn: {withdraw} (commit {receipt.sequence}); the history keeps it")
        return
    found = on_record(store, target=target, run=run)
    if as_json:
        values = [{"path": one.path, "run": one.run, **one.value} for one in found]
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        return
    print_table(dict.fromkeys(HEADS, "left"), [_row(one) for one in found])
    click.echo(f"{len(found)} on record; every change is in: qpcr records history")


def _row(one: Assay) -> tuple[str, ...]:
    from qpcr.quantities.kept_view import shown_of

    value = shown_of(one.value)
    return (
        one.path,
        value.lot or "",
        value.made or "",
        "; ".join(value.says or value.notes),
        f"{one.at:%Y-%m-%d %H:%M}",
        one.user,
        one.run or "",
    )


SUBCOMMAND = assays
