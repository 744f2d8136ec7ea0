"""``qpcr convert``: a run in other programs' formats."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import FILE, METHODS, run_option

NAMES = ("csv", "json", "parquet", "rdml", "xlsx")
"""As ``qpcr.export.writers()`` finds them; a test compares them. Help must not load them."""


@click.command()
@click.argument("file", type=FILE)
@click.option("--to", "name", type=click.Choice(NAMES), required=True, help="Format to write.")
@click.option("--out", type=FILE, required=True, help="File to write.")
@click.option("--rdml-version", type=click.Choice(["1.2", "1.3"]), help="Default: 1.2.")
@click.option("--panel", "panel_name", help="Panel whose oligos are written: name or TOML file.")
@click.option(
    "--cq",
    type=click.Choice(["ours", "instrument"]),
    default="ours",
    show_default=True,
    help="Which Cq: of the fitted curve, with our exclusions, or as the file holds it.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="Our Cq by this method, with efficiency and N0, instead of the fitted Ct.",
)
@run_option
def convert(
    file: Path,
    name: str,
    out: Path,
    rdml_version: str | None,
    panel_name: str | None,
    cq: str,
    method: str | None,
    run_name: str | None,
) -> None:
    """Write a run as RDML, csv, xlsx, Parquet or JSON.

    The file is written whole or not at all, and never over the file that is read; another one of
    that name is replaced, and that is said.
    """
    if rdml_version is not None and name != "rdml":
        raise click.UsageError("--rdml-version goes with --to rdml")
    if method is not None and cq != "ours":
        raise click.UsageError("--method is for our Cq: it does not go with --cq instrument")
    if out.suffix.lower() != f".{name}" and out.suffix.lower().lstrip(".") in NAMES:
        raise click.UsageError(f"--to {name}, but the name {out.name} says {out.suffix}")
    from primers import load_panel
    from qpcr.export import content_of, write
    from qpcr.formats import read_run

    panel = None if panel_name is None else load_panel(panel_name)
    content = content_of(read_run(file, run_name), cq=cq, panel=panel, method=method)
    there = out.exists()
    write(content, name, out, source=file, version=rdml_version)
    click.echo(f"{'replaced' if there else 'written'}: {out}")


COMMAND = convert
