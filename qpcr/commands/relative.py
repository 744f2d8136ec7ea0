"""``qpcr relative``: quantities relative to reference genes and a calibrator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands._options import FILE, FOLDER
from qpcr.commands._screen import print_table

if TYPE_CHECKING:
    from calibration.relative import Factor


@click.command()
@click.argument("table", type=FILE)
@click.option("--reference", "references", multiple=True, required=True, help="May be repeated.")
@click.option("--calibrator", help="Sample that counts as 1; without it: target to references.")
@click.option("--curves", type=FILE, help="curves.json, for efficiencies with their errors.")
@click.option("--factor", multiple=True, metavar="GENE=FACTOR", help="E.g. ALB=1.95 (2 doubles).")
@click.option("--common", multiple=True, help="Sample in all runs of the table (column run).")
@click.option("--out", type=FOLDER, required=True, help="Where to write relative.csv.")
def relative(
    table: Path,
    references: tuple[str, ...],
    calibrator: str | None,
    curves: Path | None,
    factor: tuple[str, ...],
    common: tuple[str, ...],
    out: Path,
) -> None:
    """Relative quantities: ΔCt, ΔΔCt, with efficiencies, over one or several references.

    TABLE has a row a well: sample, target, cq (reactions.csv serves). Genes without an efficiency
    are taken to double. Intervals hold the scatter of the wells and the error of the efficiencies.
    """
    from qpcr.outputs import write_texts
    from qpcr.quantities.relative import factor_of, ratio_text, ratios
    from qpcr.quantities.tables import read_stored_curves

    stored = () if curves is None else read_stored_curves(curves)
    factors = {one.target: factor_of(one) for one in stored}
    own = dict(_factor(one) for one in factor)
    found = ratios(table, references, calibrator, {**factors, **own}, tuple(own), common)
    rows = [
        (one.sample, one.target, "", "", one.reason or "")
        if one.quantity is None
        else (
            one.sample,
            one.target,
            f"{one.quantity.value:.4g}",
            "" if one.quantity.low is None else f"{one.quantity.low:.4g}–{one.quantity.high:.4g}",
            one.reason or "",
        )
        for one in found
    ]
    heads = {"Sample": "left", "Target": "left", "Ratio": "right", "95 %": "right", "Why": "left"}
    print_table(heads, rows)
    for path in write_texts({"relative.csv": ratio_text(found)}, out):
        click.echo(f"written: {path}")


def _factor(text: str) -> tuple[str, Factor]:
    from calibration.relative import Factor as Made

    gene, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if not (gene and 1 < value <= 2.5):
        raise click.UsageError(f"--factor {text!r}: GENE=FACTOR, a factor between 1 and 2.5")
    return gene, Made(value)


COMMAND = relative
