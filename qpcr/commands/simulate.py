"""``qpcr simulate``: plates of invented patients, with faults if wanted, and their truth."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._options import FOLDER

FAULTS = (
    *("swapped sample", "contamination", "dropout", "failed positive control"),
    *("contaminated NTC", "inhibition", "late", "edge effect", "bubble", "evaporation"),
    *("low passive reference", "drift", "hook", "crosstalk", "weak lamp", "saturation"),
)
"""As ``qpcr.simulate.FAULT_NAMES`` says; a test compares them. Help must not load the simulator."""


@click.command()
@click.option(
    "--panel", "panel_name", default="ikzf1", show_default=True, help="Name or TOML file."
)
@click.option("--patients", type=click.IntRange(1, 9999), default=10, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=click.Choice(("all", *FAULTS)),
    metavar="NAME",
    help=f"Plant a fault on every plate (may be repeated): all, {', '.join(FAULTS)}.",
)
@click.option("--out", type=FOLDER, required=True, help="Where to.")
def simulate(panel_name: str, patients: int, seed: int, faults: tuple[str, ...], out: Path) -> None:
    """Simulate plates for a panel: .eds files as a 7500 writes them, the truth beside each.

    Same options, same files. Everything written says that it is SIMULATED.
    """
    from primers import load_panel
    from qpcr.rehearsal import simulate_panel

    for path in simulate_panel(load_panel(panel_name), patients, seed, faults, out):
        click.echo(f"written (SIMULATED): {path}")


COMMAND = simulate
