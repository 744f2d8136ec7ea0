"""``qpcr records amend``: change what is on record, with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qpcr.commands.records._options import opened, store_option, user_option


@click.command()
@store_option
@user_option
@click.option("--patient", required=True, help="Id of the patient.")
@click.option(
    "--kind",
    type=click.Choice(["clinical", "specimen", "result"]),
    help="What --path names; default: clinical.",
)
@click.option("--path", help="Field, key of a specimen, or RUN/SAMPLE.")
@click.option("--result", help="Instead of --kind result --path: RUN/SAMPLE, as records show says.")
@click.option(
    "--value",
    help="New value. Of a clinical field as people write it (qpcr records fields lists them); "
    'otherwise JSON: of a result {"outcome": …}.',
)
@click.option("--take-back", is_flag=True, help="Instead: take back what is there.")
@click.option("--reason", required=True, help="Why.")
def amend(
    folder: Path,
    user: str | None,
    patient: str,
    kind: str | None,
    path: str | None,
    result: str | None,
    value: str | None,
    take_back: bool,
    reason: str,
) -> None:
    """Change what is on record; what was stays in the history. A result needs a new review.

    --take-back of a result takes back every analysis of that sample of the run: it is not the
    patient's. Where only an analysis is wrong, analyze the run again.
    """
    from qpcr.exchange.clinical import clinical_change
    from qpcr.records import Change, Kind

    if (value is None) != take_back:
        raise click.UsageError("name one of --value and --take-back")
    path, kind = _target(kind, path, result)
    store = opened(folder)
    if value is not None and kind == Kind.CLINICAL:
        change = clinical_change(patient, path, value, reason)
    else:
        change = Change(patient, Kind(kind), path, None if value is None else _value(value), reason)
    done = store.amend(change, user=user)
    click.echo("already so" if done.already_there else f"amended: commit {done.sequence}")
    if done.events > 1:
        gone = [e.path for e in store.history(patient=patient) if e.sequence == done.sequence]
        click.echo(f"taken back with it: {', '.join(one for one in gone if one != path)}")


def _target(kind: str | None, path: str | None, result: str | None) -> tuple[str, str]:
    """Path and kind of what is changed."""
    target = path if result is None else result
    if target is None or (path is not None and result is not None):
        raise click.UsageError("name one of --path and --result")
    if result is not None and kind not in (None, "result"):
        raise click.UsageError(f"--result names a result: it does not go with --kind {kind}")
    return target, kind or ("clinical" if result is None else "result")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


SUBCOMMAND = amend
