"""``qpcr panel``: look at assay panels, and check them."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import FILE
from qpcr.commands._screen import print_table, progress
from qpcr.counted import counted


@click.group()
def panel() -> None:
    """Look at assay panels, and check them."""


@panel.command("list")
def panel_list() -> None:
    """List the panels that come with this software."""
    from primers import load_panel, panel_names

    rows = [(name, load_panel(name).title) for name in panel_names()]
    print_table({"Panel": "left", "What it is": "left"}, rows)


@panel.command("show")
@click.argument("name")
def panel_show(name: str) -> None:
    """Show a panel in full: NAME of one that comes with this software, or a TOML file."""
    from primers import load_panel
    from qpcr.panel_sheet import panel_sheet

    shown = load_panel(name)
    click.echo(f"{shown.name}, version {shown.version}: {shown.title}")
    for section in panel_sheet(shown):
        click.echo(f"\n{section.title}")
        print_table(dict.fromkeys(section.heads, "left"), section.rows)


@panel.command("check")
@click.argument("name")
@click.option("--reference", multiple=True, type=FILE, help="FASTA to search (may be repeated).")
def panel_check(name: str, reference: tuple[Path, ...]) -> None:
    """Check the primers of a panel, against reference sequences if there are any."""
    from primers import check_panel, load_panel, read_fasta
    from qpcr.qc import check_control_rules, check_panel_rules

    chosen = load_panel(name)
    check_panel_rules(chosen)
    check_control_rules(chosen)
    sequences = [one for path in reference for one in read_fasta(path)]
    findings = check_panel(chosen, sequences)
    order = ("error", "warning", "info")
    findings = sorted(findings, key=lambda finding: order.index(finding.severity))
    rows = [(str(f.severity), str(f.kind), f.subject, f.message) for f in findings]
    heads = ("Severity", "Kind", "Of", "Finding")
    print_table(dict.fromkeys(heads, "left"), rows)


@panel.command("new")
@click.argument("name")
@click.option("--like", default="ikzf1", show_default=True, help="The panel to start from.")
@click.option("--out", type=FILE, required=True, help="TOML file to write; it must not exist.")
def panel_new(name: str, like: str, out: Path) -> None:
    """Start a panel of your own, called NAME, as a copy of one that comes with this software."""
    from primers import check_thresholds, load_panel, new_panel

    _write_new(out, new_panel(name, like))
    click.echo(f"written: {out}; edit it, then: qpcr panel check {out}")
    for finding in check_thresholds(load_panel(out)):
        click.echo(f"{finding.severity}: {finding.message}")


@panel.command("thresholds")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--panel", "name", required=True, help="The panel: its name, or a TOML file.")
@click.option("--write", "out", type=FILE, help="Write a copy of the panel that fixes them here.")
@click.option("--name", "called", help="Name of the copy; default: the panel's, its next version.")
def panel_thresholds(
    files: tuple[Path, ...], name: str, out: Path | None, called: str | None
) -> None:
    """Propose a fixed threshold a target, from your own runs: FILES with and without product.

    A threshold has to clear all wells without product, bleed-through of other dyes included, and
    to lie no later than the instrument reads a curve. What validates it is a dilution series.
    """
    from primers import fix_thresholds, load_panel, panel_names
    from qpcr.errors import InputError
    from qpcr.threshold_evidence import basis_of
    from qpcr.threshold_proposal import propose_thresholds
    from qpcr.threshold_sheet import ADVICE, COLUMNS, citation_of, proposal_notes, proposal_rows

    if out is not None and called is None and name in panel_names():
        raise click.UsageError("a copy of a panel that comes with this software needs a --name")
    chosen = load_panel(name)
    with progress(len(files) > 1) as bar:
        basis = basis_of(bar.track(files, description="files"), chosen)
    proposals = propose_thresholds(basis, chosen)
    print_table(COLUMNS, proposal_rows(proposals))
    fixed = {one.target: one.threshold for one in proposals if one.threshold is not None}
    for note in (*proposal_notes(basis, proposals), *([ADVICE] if fixed else [])):
        click.echo(note)
    if out is None:
        return
    if not fixed:
        raise InputError("there is no threshold to write", file=out)
    _write_new(out, fix_thresholds(name, fixed, citation_of(basis), name=called))
    click.echo(f"written: {out}, with {len(fixed)} of {counted(len(proposals), 'threshold')}")


def _write_new(out: Path, text: str) -> None:
    """Write a file that must not exist."""
    from qpcr.errors import InputError

    try:
        with out.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise InputError(
            "the panel cannot be written", file=out, found=error.strerror or str(error)
        ) from error


COMMAND = panel
