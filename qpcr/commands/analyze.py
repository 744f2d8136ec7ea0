"""``qpcr analyze``: instrument files to Ct, findings and calls."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands import BAD_INPUT, FAILED
from qpcr.commands._options import (
    FILE,
    FOLDER,
    analysis_options,
    check_quantities,
    fit_settings_from,
    language_from,
    language_option,
    lot_options,
    lots_from,
    panel_and_samples,
    quantity_options,
    run_option,
    scheduler_option,
    settings_from,
)
from qpcr.commands._screen import complain, progress, say_stopping, show
from qpcr.commands._stores import keep_option, to_write
from qpcr.counted import counted

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from qpcr.batch import Analyzed, Order
    from qpcr.unmatched import Matched


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--out", type=FOLDER, help="Write results to a folder a file (and run), in this one.")
@click.option("--panel", "panel_name", help="Panel to call by: its name, or a TOML file.")
@click.option("--sheet", type=FILE, help="Sample sheet: columns sample, patient, …")
@click.option("--sample-pattern", help=r"Instead: a pattern, (?P<patient>P\d+)-(?P<timepoint>.+)")
@click.option("--release", "reason", help="Use a run whose controls failed; the reason.")
@click.option("--explain", is_flag=True, help="Print how every call came about.")
@click.option("--store", "records", type=FOLDER, help="Keep the run in this store of records.")
@keep_option
@click.option(
    "--reason", "why", help="Why calls on record change, or reviewed results are replaced."
)
@click.option("--user", help="Who releases or keeps it; default: the name you are logged in with.")
@quantity_options
@lot_options
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; default: as fits.")
@scheduler_option
@click.option(
    "--continue",
    "resume",
    is_flag=True,
    help="Leave runs alone whose results in --out are whole, of this very file (SHA-256), and by "
    "the same options and versions.",
)
@language_option
@run_option
@analysis_options
def analyze(
    files: tuple[Path, ...],
    out: Path | None,
    panel_name: str | None,
    sheet: Path | None,
    sample_pattern: str | None,
    reason: str | None,
    explain: bool,
    records: Path | None,
    keep: bool,
    why: str | None,
    user: str | None,
    method: str | None,
    copies: bool,
    lot: tuple[str, ...],
    lot_log: Path | None,
    jobs: int | None,
    scheduler: str | None,
    resume: bool,
    lang: str | None,
    run_name: str | None,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Analyze instrument files: Ct of every reaction, on the screen and in files.

    With a panel: what each sample is called, and why. Exit code 1 says that a run is invalid.
    Every run of a file is analyzed, unless --run names one. Many files are shared among processes,
    with the same results; interrupted, what is written stays, and --continue does the rest.
    """
    from getpass import getuser

    from qpcr.batch import Order, analyze_files
    from qpcr.calls import Release
    from qpcr.farm import mapper_for, processes_for

    _check_release(reason, panel_name)
    panel, identities = panel_and_samples(panel_name, sheet, sample_pattern)
    user = user or getuser()  # not the one a worker runs as
    tongue = language_from(lang)
    settings, fitting = settings_from(baseline, threshold, rules), fit_settings_from(model, slope)
    _distinct(files, out)
    check_quantities(method, copies)
    if resume and out is None:
        raise click.UsageError("--continue needs the folder of the results: --out")
    folder = _checked(to_write(records, keep))
    if scheduler is not None:  # workers have working folders of their own
        files = tuple(file.absolute() for file in files)
        out, folder = (None if one is None else one.absolute() for one in (out, folder))
    order = Order(
        settings,
        fitting,
        panel,
        identities,
        release=None if reason is None else Release(user, reason),
        run_name=run_name,
        out=out,
        lang=tongue,
        method=method,
        copies=copies,
        lots=lots_from(lot, lot_log),
        store=folder,
        user=user,
        reason=why,
        resume=resume,
    )
    mapper = mapper_for(jobs or processes_for(len(files)), scheduler, say_stopping)
    code = _work_off(analyze_files(files, order, mapper), files, order, explain)
    if code:
        sys.exit(code)


def _work_off(
    answers: Generator[Analyzed, None, None], files: Sequence[Path], order: Order, explain: bool
) -> int:
    """Show what comes of every run; the exit code."""
    from dataclasses import replace

    from qpcr.unmatched import unmatched

    shown: list[Analyzed] = []
    plates: list[Matched] = []
    alone = len(files) == 1
    try:
        with progress(visible=True) as bar, closing(answers):
            task = bar.add_task("runs" if alone else "files", total=len(files))
            for one in answers:
                _show(one, explain)
                shown.append(replace(one, record=None, matched=None))  # these are large
                if one.matched is not None and order.identities is not None:
                    plates.append(one.matched)
                if alone:
                    bar.update(task, total=one.of, advance=1)
                elif one.number == one.of:
                    bar.update(task, advance=1)
    except KeyboardInterrupt:
        rest = "" if order.out is None else ", and the same command with --continue does the rest"
        click.echo(
            f"qpcr: interrupted; {counted(len(shown), 'run')} shown above; written results are "
            f"whole{rest}",
            err=True,
        )
        _name_bad(shown, released=order.release is not None)
        return FAILED
    complete = order.identities is None or len(plates) == len(shown)
    for sentence in unmatched(order.identities or (), plates, complete):
        click.echo(f"qpcr: {sentence}", err=True)
    return _name_bad(shown, released=order.release is not None)


def _name_bad(shown: Sequence[Analyzed], released: bool) -> int:
    """Name the runs of several that failed or must not be used; the exit code."""
    failed = [(one, one.error.args[0]) for one in shown if one.error is not None]
    invalid = [(one, " ".join(one.why)) for one in shown if one.invalid]
    what = "file" if len({one.file for one in shown}) == len(shown) else "run"
    for bad, state in ((failed, "could not be analyzed"), (invalid, "must not be used")):
        if bad and len(shown) > 1:
            note = " (released)" if released and bad is invalid else ""
            lines = [f"  {one.named}: {why}" for one, why in bad]
            click.echo(
                f"qpcr: {len(bad)} of {counted(len(shown), what)} {state}{note}:\n"
                + "\n".join(lines),
                err=True,
            )
    if failed:
        return BAD_INPUT
    return FAILED if invalid and not released else 0


def _check_release(reason: str | None, panel_name: str | None) -> None:
    """Refuse a release that says nothing, or is of nothing."""
    if reason is None:
        return
    if not reason.strip():
        raise click.UsageError("--release needs a reason: why the run is used all the same")
    if panel_name is None:
        raise click.UsageError("--release is about calls: it needs --panel")


def _distinct(files: tuple[Path, ...], out: Path | None) -> None:
    """Refuse files whose results would overwrite each other, or lie outside their own folder."""
    for file in files:
        if out is not None and not file.stem.strip(". "):  # "..." and the like are other folders
            raise click.UsageError(f"no folder in {out} can be named after {file}: rename the file")
    stems = [file.stem.casefold() for file in files]
    doubled = {stem for stem in stems if stems.count(stem) > 1}
    if out is not None and doubled:
        both = ", ".join(str(file) for file in files if file.stem.casefold() in doubled)
        raise click.UsageError(f"these files would write to the same folder in {out}: {both}")


def _checked(records: Path | None) -> Path | None:
    """The folder of the store, after making sure that it is one."""
    if records is not None:
        from qpcr.records import Store

        Store.open(records)
    return records


def _show(one: Analyzed, explain: bool) -> None:
    """Say what came of a run."""
    if one.error is not None:
        complain(one.error)
        return
    if one.finished:
        state = f": the run must not be used: {' '.join(one.why)}" if one.invalid else ""
        click.echo(f"finished before: {one.named}{state}")
    elif one.record is not None:
        if one.name is not None:
            click.echo(f"run {one.name}")
        show(one.record)
        for path in one.written:
            click.echo(f"written: {path}")
        if one.kept is not None:
            click.echo(one.kept)
        if explain:
            for call in one.record.calls:
                click.echo("\n".join(call.chain()))


COMMAND = analyze
