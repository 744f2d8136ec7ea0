"""``qpcr panel``: look at assay panels, and check them."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import FILE
from qpcr.commands._screen import print_table


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
    from primers import new_panel
    from qpcr.errors import InputError

    text = new_panel(name, like)
    try:
        with out.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise InputError(
            "the panel cannot be written", file=out, found=error.strerror or str(error)
        ) from error
    click.echo(f"written: {out}; edit it, then: qpcr panel check {out}")


COMMAND = panel
