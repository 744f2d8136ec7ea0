"""``qpcr reanalyze``: runs of a store analyzed again from their stored raw data."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import BAD_INPUT, FAILED
from qpcr.commands._options import METHODS, scheduler_option
from qpcr.commands._screen import print_table, progress, say_stopping
from qpcr.commands.records._options import opened, store_option, user_option
from qpcr.counted import counted

if TYPE_CHECKING:
    from qpcr.reanalysis import QuantityChange, Redone


@click.command()
@store_option
@user_option
@click.option("--panel", "panel_name", help="Panel to call by instead: its name, or a TOML file.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="Quantities by this method instead; default: each run keeps its own, if it has any.",
)
@click.option("--run", "runs", multiple=True, help="Only this run (may be repeated).")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; default: as fits.")
@scheduler_option
@click.option("--again", is_flag=True, help="Also runs that this version has analyzed already.")
@click.option("--apply", is_flag=True, help="Write new revisions; needs --reason.")
@click.option("--reason", help="Why; kept with every result that is replaced.")
def reanalyze(
    folder: Path,
    panel_name: str | None,
    method: str | None,
    runs: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
    again: bool,
    apply: bool,
    reason: str | None,
    user: str | None,
) -> None:
    """Analyze runs of a store again, and say call by call what would change.

    Nothing is written without --apply. It may be interrupted: what is written stays, and the next
    time it continues with the rest.
    """
    from getpass import getuser

    from primers import load_panel
    from qpcr.farm import mapper_for, processes_for
    from qpcr.qc import check_panel_rules
    from qpcr.reanalysis import jobs_of
    from qpcr.reanalysis import reanalyze as work_off

    panel = None if panel_name is None else load_panel(panel_name)
    if panel is not None:
        check_panel_rules(panel)
    chosen = {"again": again, "apply": apply, "reason": reason, "method": method}
    chosen["user"] = user or getuser()  # not the one a worker runs as
    waiting = jobs_of(opened(folder), runs, panel, **chosen)  # type: ignore[arg-type]
    mapper = mapper_for(jobs or processes_for(len(waiting)), scheduler, say_stopping)
    done: list[Redone] = []
    try:
        with progress(visible=True) as bar, closing(work_off(waiting, mapper)) as answers:
            for one in bar.track(answers, total=len(waiting), description="runs"):
                done.append(one)  # noqa: PERF402 - what is done before an interruption counts
    except KeyboardInterrupt:
        _show(done, apply)
        click.echo("qpcr: interrupted; what was written stays, and the same command continues")
        sys.exit(FAILED)
    _show(done, apply)
    if any(one.error for one in done):
        sys.exit(BAD_INPUT)


def _show(done: list[Redone], apply: bool) -> None:
    """Every call that changes, then the sums."""
    rows = [(one.file, call.sample, call.before, call.after) for one in done for call in one.calls]
    if rows:
        print_table(dict.fromkeys(("File", "Sample", "Was", "Is now"), "left"), rows)
    for one in done:
        for note in one.notes:
            click.echo(f"note: {one.file}: {note}")
        if one.error:
            click.echo(f"qpcr: {one.file}: {one.error}", err=True)
    current = sum(one.current for one in done)
    failed = sum(one.error is not None for one in done)
    cq = sum(one.cq_gained + one.cq_lost for one in done)
    largest = max((one.largest_cq_difference for one in done), default=0.0)
    click.echo(
        f"{counted(len(done), 'run')}: {current} up to date, {failed} failed; "
        f"calls that change: {len(rows)}; reactions that gain or lose a Ct: {cq}, the "
        f"others differ by at most {largest:.3g} cycles"
    )
    _show_quantities(done)
    written = sum(one.revision is not None for one in done)
    what = "1 new revision was" if written == 1 else f"{counted(written, 'new revision')} were"
    said = f"{what} written" if apply else "nothing was written: no --apply"
    click.echo(said)


def _show_quantities(done: list[Redone]) -> None:
    """Runs by what becomes of their quantities: the method before and now, and how far it moves."""
    groups: dict[tuple[str | None, str | None], list[QuantityChange]] = {}
    for one in done:
        if one.quantities is not None:
            key = one.quantities.before, one.quantities.after
            groups.setdefault(key, []).append(one.quantities)
    for (before, after), mine in groups.items():
        by = f"by {after}" if before == after else f"by {after or 'none'}, were {before or 'none'}"
        moved = sum(one.gained + one.lost for one in mine)
        largest = max(one.largest_cq_difference for one in mine)
        click.echo(
            f"quantities of {counted(len(mine), 'run')}: {by}; reactions that gain or lose a Cq: "
            f"{moved}, the others differ by at most {largest:.3g} cycles"
        )


COMMAND = reanalyze
