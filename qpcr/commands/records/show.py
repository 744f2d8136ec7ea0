"""``qpcr records show``: a patient, or a run."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qpcr.commands._screen import print_table, show
from qpcr.commands.records._options import opened, store_option
from qpcr.commands.records._values import told
from qpcr.errors import InputError

if TYPE_CHECKING:
    from qpcr.records import Patient


@click.command("show")
@store_option
@click.option("--patient", help="Id of a patient.")
@click.option("--run", help="Id of a run.")
def show_one(folder: Path, patient: str | None, run: str | None) -> None:
    """Show what is known of one patient, or everything about one run."""
    if (patient is None) == (run is None):
        raise click.UsageError("name one of --patient and --run")
    from qpcr.records import Kind

    store = opened(folder)
    if run is not None:
        show(store.current(run))
    elif patient is not None:
        events = store.history(patient=patient)
        _show(store.patient(patient), any(event.kind is Kind.RESULT for event in events))


HEADS = (
    "Result", "Call", "Deletions", "Panel", "Of", "State", "Reviewed", "Signed", "Replaced by",
)  # fmt: skip


def _show(patient: Patient, had: bool) -> None:
    """Show a patient; `had` says that results are or were on record."""
    click.echo(f"patient {patient.id}")
    facts = [(name, _value(name, value)) for name, value in patient.clinical.items()]
    if facts:
        print_table({"Field": "left", "Value": "left"}, facts)
    taken = [
        (one.key, one.timepoint or "", one.specimen or "", one.date or "")
        for one in patient.specimens.values()
    ]
    if taken:
        print_table(dict.fromkeys(("Specimen", "Time point", "Material", "Date"), "left"), taken)
    rows = [
        (
            one.path,
            one.outcome or "",
            " + ".join(one.deletions),
            one.panel or "",
            " / ".join(part for part in (one.timepoint, one.specimen) if part),
            str(one.state),
            one.reviewed_by or "",
            one.signed_by or "",
            one.superseded_by or "",
        )
        for one in patient.results.values()
    ]
    if rows:
        print_table(dict.fromkeys(HEADS, "left"), rows)
    else:
        _say_no_results(patient, had)


def _say_no_results(patient: Patient, had: bool) -> None:
    """Say that there is no result, and where those are found that were there."""
    if not had:
        click.echo("no results")
        return
    click.echo(
        "no results now: what was on record was taken back, or filed to another patient; see\n"
        f"  qpcr records history --patient {shlex.quote(patient.id)}"
    )


def _value(name: str, value: Any) -> str:
    """A clinical value as one text; of residual disease what a person looks for."""
    from qpcr.quantities.mrd_kept import PREFIX, residual_of

    if name.startswith(PREFIX):
        with contextlib.suppress(InputError):  # somebody else's: shown as it is
            return residual_of("", name, value).told()
    return told(value)


SUBCOMMAND = show_one
