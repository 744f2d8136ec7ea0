"""``qpcr miqe``: what a publication of a run should state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._options import FILE, FOLDER, run_option
from qpcr.commands._screen import print_table
from qpcr.commands._stores import is_run, to_read

if TYPE_CHECKING:
    from qpcr.record import Record


@click.command()
@click.argument("what", metavar="FILE|RUN")
@click.option("--store", type=FOLDER, help="Take RUN, by its id, from this store of records.")
@click.option("--panel", "panel_name", help="Panel of the run: its name, or a TOML file.")
@click.option("--out", type=FILE, help="Write the checklist: a name that ends in .csv or .md.")
@run_option
def miqe(
    what: str, store: Path | None, panel_name: str | None, out: Path | None, run_name: str | None
) -> None:
    """Fill in the MIQE checklist of a run, and list what the laboratory must add.

    Known: from the file or the panel. Computed: from this run. Nothing is guessed.
    """
    if out is not None and out.suffix.lower() not in (".csv", ".md"):
        raise click.UsageError("--out must end in .csv or .md")
    store = to_read(store, instead_of=not is_run(what))
    if store is not None and (panel_name is not None or run_name is not None):
        raise click.UsageError("a run of a store has its panel: leave --panel and --run away")
    from qpcr.export import write_file
    from qpcr.miqe import checklist
    from qpcr.miqe._files import as_csv, as_markdown, summary

    record = _kept(store, what) if store is not None else _analyzed(what, panel_name, run_name)
    answers = checklist(record)
    print_table(
        {"Item": "left", "Importance": "left", "Status": "left", "Answer": "left"},
        (
            (one.item.text, one.item.importance, str(one.status), "; ".join(one.text))
            for one in answers
        ),
    )
    click.echo(summary(answers))
    if out is not None:
        title = record.run.provenance.file
        text = as_csv(answers) if out.suffix.lower() == ".csv" else as_markdown(answers, title)
        source = Path(what) if store is None else None
        write_file(text.encode("utf-8", "backslashreplace"), out, source)
        click.echo(f"written: {out}")


def _analyzed(file: str, panel_name: str | None, run_name: str | None) -> Record:
    from primers import load_panel
    from qpcr.pipeline import analyze

    panel = None if panel_name is None else load_panel(panel_name)
    return analyze(Path(file), panel=panel, run_name=run_name)


def _kept(folder: Path, run_id: str) -> Record:
    from qpcr.records import Store

    return Store.open(folder).current(run_id)


COMMAND = miqe
