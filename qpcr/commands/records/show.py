"""``qpcr records show``: a patient, or a run."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qpcr.commands._screen import print_table, show
from qpcr.commands.records._options import opened, store_option
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
    store = opened(folder)
    if run is not None:
        show(store.current(run))
    elif patient is not None:
        _show(store.patient(patient))


HEADS = (
    "Result", "Call", "Deletions", "Panel", "Of", "State", "Reviewed", "Signed", "Replaced by",
)  # fmt: skip


def _show(patient: Patient) -> None:
    click.echo(f"patient {patient.id}")
    facts = [(name, _value(name, value)) for name, value in patient.clinical.items()]
    print_table({"Field": "left", "Value": "left"}, facts)
    taken = [
        (one.key, one.timepoint or "", one.specimen or "", one.date or "")
        for one in patient.specimens.values()
    ]
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
    print_table(dict.fromkeys(HEADS, "left"), rows)


def _value(name: str, value: Any) -> str:
    """A clinical value as one text; of residual disease what a person looks for."""
    from qpcr.quantities.mrd_kept import PREFIX, residual_of

    if isinstance(value, str):
        return value
    if name.startswith(PREFIX):
        with contextlib.suppress(InputError):  # somebody else's: shown as it is
            return residual_of("", name, value).told()
    return json.dumps(value, ensure_ascii=False)


SUBCOMMAND = show_one
