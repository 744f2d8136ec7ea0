"""``qpcr mrd``: residual disease by the rules of a profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._options import (
    FILE,
    FOLDER,
    METHODS,
    check_run,
    is_table,
    language_from,
    language_option,
    run_option,
)
from qpcr.commands._screen import print_table
from qpcr.commands._stores import keep_option, to_write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpcr.quantities.mrd import MrdResult
    from qpcr.quantities.mrd_tables import Point
    from qpcr.quantities.mrd_wells import MrdWell
    from qpcr.records import Change
    from qpcr.records.residual_kept import Measured


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option("--profile", "profile_name", default="euromrd-2007", show_default=True,
              help="euromrd-2007 (quantity: fractions of the diagnostic sample), laboratory "
              "(quantity: copies per well), or a TOML file, whose unit says which.")  # fmt: skip
@click.option("--out", type=FOLDER, help="Where to write mrd.csv, assays.csv and mrd.html.")
@click.option("--events", type=FILE, help="Treatments to draw: patient, date, event.")
@click.option("--previous", multiple=True, type=FILE, help="mrd.csv of an earlier run, to draw.")
@click.option("--blasts", type=FILE,
              help="Blasts in diagnostic samples: patient, blasts, and se or counted.")  # fmt: skip
@click.option("--sheet", type=FILE, help="Of runs: columns sample, patient.")
@click.option("--background", multiple=True, help="Of runs: a sample that is normal DNA.")
@click.option("--store", "records", type=FOLDER, help="Keep results in this store; draw earlier.")
@keep_option
@click.option("--user", help="Who keeps them; default: the name you are logged in with.")
@click.option("--reason", help="Why results on record are replaced.")
@click.option("--method", type=click.Choice(METHODS),
              help="Of runs: method of Cq; default: the profile's, else threshold.")  # fmt: skip
@run_option
@click.option("--borrow", metavar="RUN",
              help="The run (its file, or as a column run says) whose standards, background and "
              "control gene serve runs that lack them; every result says so.")  # fmt: skip
@language_option
@click.option("--new-profile", type=FILE, help="Write the profile to this TOML file, to edit.")
def mrd(
    files: tuple[Path, ...],
    profile_name: str,
    out: Path | None,
    events: Path | None,
    previous: tuple[Path, ...],
    blasts: Path | None,
    sheet: Path | None,
    background: tuple[str, ...],
    records: Path | None,
    keep: bool,
    user: str | None,
    reason: str | None,
    method: str | None,
    run_name: str | None,
    borrow: str | None,
    lang: str | None,
    new_profile: Path | None,
) -> None:
    """Residual disease: negative, positive, not quantifiable or invalid, and the percentage.

    FILES are tables (target, role, cq; patient, sample, quantity, date, ng, run) or runs. Roles:
    standard, background, ntc, sample. The profile's control gene counts the cells. Samples are
    judged by the standards, background and ntc of their own run: a file, or the column run.

    quantity is in the profile's unit: fractions of the diagnostic sample (1 undiluted, 0.01 one per
    cent) or copies per well; of the control gene's standards always copies per well. What cannot be
    of that unit is refused.
    """
    from qpcr.outputs import write_texts
    from qpcr.quantities.mrd import evaluate, profile_of, read_blasts
    from qpcr.quantities.mrd_tables import mrd_texts, read_events, read_points, unit_sentence
    from qpcr.report.language import language

    if new_profile is not None:
        _write_profile(profile_name, new_profile)
        return
    if not files or out is None:
        raise click.UsageError("give FILES and --out, or --new-profile")
    profile = profile_of(profile_name)
    treated = [] if events is None else read_events(events)
    earlier = [point for path in previous for point in read_points(path)]
    method = method or profile.quantity.cq_method
    shares = {} if blasts is None else read_blasts(blasts)
    wells = _wells(files, sheet, background, method, run_name)
    results = evaluate(profile, wells, shares, borrow)
    folder = to_write(records, keep)
    if folder is not None:
        from qpcr.records.residual import mrd_changes
        from qpcr.records.residual_kept import measured_of

        named = "" if run_name is None else f", run {run_name}"
        source = ", ".join(file.name for file in files) + named
        changes = mrd_changes(profile, results, source, reason)
        earlier += _keep(folder, changes, measured_of(files, wells, run_name), user)
    tongue = language(language_from(lang))
    texts = mrd_texts(profile, results, earlier, treated, tongue.say, tongue.code)
    written = write_texts(texts, out)
    if not profile.profile.checked:
        click.echo(f"profile {profile.profile.name}: {profile.profile.warning}", err=True)
    heads = dict.fromkeys(["Patient", "Target", "Sample", "Result"], "left")
    heads |= dict.fromkeys(["MRD", "95 %", "Sensitivity"], "right")
    heads |= dict.fromkeys(["Response", "Why"], "left")
    print_table(heads, [_line(one) for one in results])
    click.echo(f"Cq by the method: {results[0].method or 'not stated in the table'}")
    click.echo(unit_sentence(profile))
    for path in written:
        click.echo(f"written: {path}")


def _wells(
    files: tuple[Path, ...],
    sheet: Path | None,
    background: tuple[str, ...],
    method: str | None,
    run_name: str | None,
) -> list[MrdWell]:
    """Wells of tables and of runs."""
    from qpcr.given_once import check_files, check_runs
    from qpcr.pipeline import analyze
    from qpcr.quantities.measured import check_names, measured
    from qpcr.quantities.mrd_wells import read_wells, wells_of
    from qpcr.samples import patients_in

    patients = {} if sheet is None else patients_in(sheet)
    check_run(run_name, [file for file in files if is_table(file)])
    check_files(files)
    check_names(files)
    runs = {file: analyze(file, run_name=run_name) for file in files if not is_table(file)}
    check_runs(runs.values())
    wells: list[MrdWell] = []
    for file in files:
        if is_table(file):
            wells += read_wells(file)
        else:
            wells += wells_of(measured(runs[file], method=method), patients, background)
    return wells


def _keep(
    folder: Path, changes: Sequence[Change], measured: Measured, user: str | None
) -> list[Point]:
    """Keep results in a store; give what is on record of these patients."""
    from qpcr.records import Store
    from qpcr.records.residual import points_on_record
    from qpcr.records.residual_kept import keeping

    store = Store.open(folder)
    wanted = keeping(store, changes, measured)
    done = store.commit(changes=wanted, user=user)
    click.echo("on record already" if done.already_there else f"kept in the store: {folder}")
    for one in wanted:
        if one.new is None:
            click.echo(f"taken back from the patient who had it: {one.path}")
    return points_on_record(store, {one.patient for one in changes})


def _line(one: MrdResult) -> tuple[str, ...]:
    made = one.residual
    known = made.low is not None and made.high is not None
    return (
        one.patient,
        one.target,
        one.sample,
        str(made.outcome),
        _percent(made.value),
        f"{_percent(made.low)}–{_percent(made.high)}" if known else "",
        _percent(made.sensitivity),
        str(made.response or ""),
        "; ".join(made.reasons),
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.3g} %"


def _write_profile(name: str, path: Path) -> None:
    """Write a shipped profile where a laboratory can edit it; never over another file."""
    from calibration.mrd_profile import profile_names, profile_text
    from qpcr.errors import InputError

    if name not in profile_names():
        raise click.UsageError(f"--profile {name}: there are {', '.join(profile_names())}")
    text = profile_text(name)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise InputError("the profile cannot be written", file=path, found=str(error)) from error
    click.echo(f"written: {path}; edit it, then: qpcr mrd … --profile {path}")


COMMAND = mrd
