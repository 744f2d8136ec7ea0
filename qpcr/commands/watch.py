"""``qpcr watch``: analyze, file and report every file that arrives in a folder."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

import click

from qpcr.commands import BAD_INPUT
from qpcr.commands._options import (
    FILE,
    FOLDER,
    analysis_options,
    check_quantities,
    fit_settings_from,
    language_from,
    language_option,
    lot_options,
    lots_from,
    panel_and_samples,
    quantity_options,
    settings_from,
)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Where results, log and journal go.")
@click.option(
    "--store",
    type=FOLDER,
    envvar="QPCR_STORE",
    show_envvar=True,
    help="Record store that every run is filed in.",
)
@click.option("--user", help="In whose name; default: the name you are logged in with.")
@click.option("--panel", "panel_name", help="Panel to call by: its name, or a TOML file.")
@click.option("--sheet", type=FILE, help="Sample sheet, read anew for every file.")
@click.option("--sample-pattern", help=r"Instead: a pattern, (?P<patient>P\d+)-(?P<timepoint>.+)")
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    default=("*.eds",),
    show_default=True,
    help="Names of files to take (may be repeated).",
)
@click.option(
    "--settle",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    help="Seconds a file must stay the same to count as complete.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.05),
    default=5.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Deal with the files that are there, and end.")
@quantity_options
@lot_options
@language_option
@analysis_options
def watch(
    folder: Path,
    out: Path,
    store: Path | None,
    user: str | None,
    panel_name: str | None,
    sheet: Path | None,
    sample_pattern: str | None,
    patterns: tuple[str, ...],
    settle: float,
    every: float,
    once: bool,
    method: str | None,
    copies: bool,
    lot: tuple[str, ...],
    lot_log: Path | None,
    lang: str | None,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Watch FOLDER: analyze every file that is completely there, file it, write its report.

    Files are never moved or changed. Stopped (Ctrl-C) and started again it does no work twice;
    a file that cannot be read is named in OUT/watch.log and looked at again when it changes.
    """
    from getpass import getuser

    from qpcr.batch import Order
    from qpcr.watch import Plan
    from qpcr.watch import watch as watch_folder

    check_quantities(method, copies)
    panel, identities = panel_and_samples(panel_name, sheet, sample_pattern)
    order = Order(
        settings_from(baseline, threshold, rules),
        fit_settings_from(model, slope),
        panel,
        identities,
        method=method,
        copies=copies,
        lots=lots_from(lot, lot_log),
        lang=language_from(lang),
        store=store,
        user=user or getuser(),
    )
    plan = Plan(
        folder,
        out,
        order,
        sheet,
        lot_log,
        patterns=patterns,
        settle_seconds=settle,
        every_seconds=every,
    )
    stop, log = threading.Event(), _log(out)
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        failed = watch_folder(plan, stop, log, once)
    finally:
        for written in tuple(log.handlers):
            log.removeHandler(written)
            written.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    if once and failed:
        sys.exit(BAD_INPUT)


def _log(out: Path) -> logging.Logger:
    """A log on the screen and in a file that never grows without end."""
    from logging.handlers import RotatingFileHandler

    from qpcr.errors import InputError

    log = logging.getLogger("qpcr.watch")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers.clear()
    form = logging.Formatter("%(asctime)s  %(levelname)-7s  %(message)s", "%Y-%m-%d %H:%M:%S")
    try:
        out.mkdir(parents=True, exist_ok=True)
        written: logging.Handler = RotatingFileHandler(
            out / "watch.log",
            maxBytes=5_000_000,
            backupCount=9,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise InputError(
            "the log cannot be written",
            file=out,
            found=error.strerror or str(error),
            remedy="choose another folder with --out",
        ) from error
    for handler in (written, logging.StreamHandler(sys.stdout)):
        handler.setFormatter(form)
        log.addHandler(handler)
    return log


COMMAND = watch
