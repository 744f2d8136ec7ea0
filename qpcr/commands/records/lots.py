"""``qpcr records lots``: lots of the reagents of a run, and correcting them."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._screen import print_table
from qpcr.commands.records._options import opened, store_option, user_option


@click.command()
@store_option
@user_option
@click.option("--run", "run_id", required=True, help="Id of the run; lots hold for all revisions.")
@click.option("--set", "given", multiple=True, metavar="REAGENT=LOT[,EXPIRES]",
              help="Lot of a reagent; others stay as they are (may be repeated).")  # fmt: skip
@click.option("--take-back", multiple=True, metavar="REAGENT", help="Its lot is not known.")
@click.option("--reason", help="Why; needed to change what is on record.")
def lots(
    folder: Path,
    user: str | None,
    run_id: str,
    given: tuple[str, ...],
    take_back: tuple[str, ...],
    reason: str | None,
) -> None:
    """Show the lots of reagents that a run was made with; say or correct them.

    Everything that was ever said of them is kept: qpcr records history --run.
    """
    from qpcr.lots import by_reagent, parse_lot

    store = opened(folder)
    if given or take_back:
        wanted = by_reagent(parse_lot(one) for one in given)
        done = store.set_lots(run_id, wanted, taken_back=take_back, reason=reason, user=user)
        click.echo("already so" if done.already_there else f"noted: commit {done.sequence}")
    known = store.lots(run_id)
    rows = [(one.reagent, one.lot, str(one.expires or "")) for one in known]
    print_table({"Reagent": "left", "Lot": "left", "Expires": "left"}, rows)
    if not known:
        click.echo("no lot is on record")


SUBCOMMAND = lots
