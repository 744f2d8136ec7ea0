"""``qpcr analyze``: instrument files to Ct, findings and calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qpcr.commands import BAD_INPUT, FAILED
from qpcr.commands._options import (
    FILE,
    FOLDER,
    METHODS,
    analysis_options,
    fit_settings_from,
    language_from,
    language_option,
    lot_options,
    lots_from,
    panel_and_samples,
    run_option,
    settings_from,
)
from qpcr.commands._runs import jobs_of
from qpcr.commands._screen import complain, progress, show
from qpcr.commands._stores import keep_option, to_write

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpcr.commands._runs import Job
    from qpcr.record import Record
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
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="Cq, efficiency and quantity by this method too: quantification.csv, the report, the "
    "store. Calls stay with the instrument's rule.",
)
@click.option(
    "--copies", is_flag=True, help="Quantities of standards are copies: say what sampling adds."
)
@lot_options
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
    Every run of a file is analyzed, unless --run names one.
    """
    from getpass import getuser

    from qpcr.calls import Release
    from qpcr.unmatched import matched, unmatched

    panel, identities = panel_and_samples(panel_name, sheet, sample_pattern)
    chosen: dict[str, Any] = {
        "panel": panel,
        "identities": identities,
        "release": None if reason is None else Release(user or getuser(), reason),
    }
    chosen["lots"] = lots_from(lot, lot_log)
    tongue = language_from(lang)
    chosen["settings"] = settings_from(baseline, threshold, rules)
    chosen["fit_settings"] = fit_settings_from(model, slope)
    _distinct(files, out)
    if copies and method is None:
        raise click.UsageError("--copies is about quantities: it needs --method")
    chosen |= {"method": method, "copies": copies}
    folder = to_write(records, keep)
    keeper = None if folder is None else _keeper(folder, user, why)
    plates: list[Matched] = []
    total = failed = invalid = 0
    with progress(len(files) > 1) as bar:
        for file in bar.track(files, description="files"):
            for job in jobs_of(file, run_name, alone=len(files) == 1):
                record = _analyze_one(job, out, chosen, tongue, keeper)
                if explain and record is not None:
                    for call in record.calls:
                        click.echo("\n".join(call.chain()))
                if record is not None and identities is not None:
                    plates.append(matched(record))
                total += 1
                failed += record is None
                invalid += record is not None and record.invalid and reason is None
    for sentence in unmatched(identities or (), plates):
        click.echo(f"qpcr: {sentence}", err=True)
    if failed:
        if total > 1:
            what = "files" if total == len(files) else "runs"
            click.echo(f"qpcr: {failed} of {total} {what} could not be analyzed", err=True)
        sys.exit(BAD_INPUT)
    if invalid:
        sys.exit(FAILED)


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


def _keeper(folder: Path, user: str | None, why: str | None) -> Callable[[Record], str]:
    """What keeps a record in a store, and says how."""
    from qpcr.records import Store

    store = Store.open(folder)

    def keep(record: Record) -> str:
        done = store.commit(record, user=user, reason=why)
        if done.already_there:
            return f"in the store already: run {done.run_id}"
        replaces = f", a revision of {done.revision_of}" if done.revision_of else ""
        changed = "".join(f"\ncall changed: {one}" for one in done.calls)
        return f"kept in the store: run {done.run_id}{replaces}{changed}"

    return keep


def _analyze_one(
    job: Job,
    out: Path | None,
    chosen: dict[str, Any],
    lang: str,
    keep: Callable[[Record], str] | None,
) -> Record | None:
    """Analyze one run; say what came out or what was wrong. ``None`` when it did not work."""
    from qpcr.errors import QpcrError
    from qpcr.outputs import write_outputs
    from qpcr.pipeline import analyze as run_analysis

    try:
        record = run_analysis(job.run.read(), **chosen)
        written = [] if out is None else write_outputs(record, out / job.folder, lang)
        kept = None if keep is None else keep(record)
    except QpcrError as error:
        complain(error)
        return None
    if job.name is not None:
        click.echo(f"run {job.name}")
    show(record)
    for path in written:
        click.echo(f"written: {path}")
    if kept is not None:
        click.echo(kept)
    return record


COMMAND = analyze
