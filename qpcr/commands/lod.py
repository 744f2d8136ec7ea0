"""``qpcr lod``: limits of detection and quantification from a dilution table."""

from __future__ import annotations

from pathlib import Path

import click

from qpcr.commands._keep import keep_values
from qpcr.commands._options import FILE, FOLDER
from qpcr.commands._screen import print_table
from qpcr.commands._stores import keep_option, to_write


@click.command()
@click.argument("table", type=FILE)
@click.option("--out", type=FOLDER, required=True, help="Where to write lod.csv and loq.csv.")
@click.option("--probability", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@click.option("--cv", type=click.FloatRange(0.01, 2), default=0.35, show_default=True,
              help="Largest CV at the limit of quantification.")  # fmt: skip
@click.option("--slope", type=float, help="Slope of the standard curve, e.g. -3.4.")
@click.option("--last-cq", type=float, help="A later Ct counts as not detected.")
@click.option("--store", "records", type=FOLDER, help="Keep the limits in this store.")
@keep_option
@click.option("--user", help="Who keeps them; default: the name you are logged in with.")
@click.option("--lot", help="Lot of the reagents, to keep with the limits.")
@click.option("--reason", help="Why limits on record are replaced.")
def lod(
    table: Path,
    out: Path,
    probability: float,
    cv: float,
    slope: float | None,
    last_cq: float | None,
    records: Path | None,
    keep: bool,
    user: str | None,
    lot: str | None,
    reason: str | None,
) -> None:
    """Limits of detection and quantification from replicate dilutions.

    TABLE has a row a well (quantity, cq; target if several; reactions.csv serves) or a row a level
    (quantity, tested, detected). Every method is written: probit (EP17-A2), logit (Forootan 2017),
    complementary log-log, and the single-molecule limit; the LOQ by CV (Klymus 2020).
    """
    from qpcr.outputs import write_texts
    from qpcr.quantities.detection import limit_texts, limits_of
    from qpcr.quantities.kept import digest_of, kept_limits

    if slope is not None and slope >= 0:
        raise click.UsageError("--slope: the slope of a standard curve is negative")
    found = limits_of(table, probability=probability, cv=cv, slope=slope, last_cq=last_cq)
    folder = to_write(records, keep)
    if folder is not None:
        values = kept_limits(found, table.name, digest_of(table), lot)
        keep_values(folder, values, reason, user)
    rows = [
        (one.target, made.link, _text(made.value), f"{_text(made.low)}–{_text(made.high)}",
         made.reason or " ".join(made.notes))
        for one in found for made in one.detection
    ]  # fmt: skip
    heads = {"Target": "left", "Method": "left", "LOD": "right", "95 %": "right", "Remark": "left"}
    print_table(heads, rows)
    for one in found:
        loq = one.quantification
        said = one.quantification_reason if loq is None else (
            f"{_text(loq.threshold)} by levels, {_text(loq.curve)} by the line of CV "
            f"(CV within {loq.limit:.0%})"
        )  # fmt: skip
        click.echo(f"{one.target}: LOQ {said}")
    for path in write_texts(limit_texts(found), out):
        click.echo(f"written: {path}")


def _text(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"


COMMAND = lod
