"""Options that several commands share, and what they mean to the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from primers import Panel
    from qpcr.reagents import ReagentLots
    from qpcr.samples import Identity, NamePattern
    from qpcr.settings import FitSettings, Settings

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
run_option = click.option(
    "--run",
    "run_name",
    metavar="NAME",
    help="Which run to read, where a file holds several (RDML): RUN or EXPERIMENT/RUN. Of several "
    "files, each has a run of this name.",
)


def check_run(run_name: str | None, tables: Sequence[Path]) -> None:
    """Refuse to look for a named run in tables: they have none."""
    if run_name is not None and tables:
        raise click.UsageError(f"--run names a run of every file: {tables[0].name} is a table")


METHODS = (
    *("recommended", "instrument", "threshold", "cpd2", "cpd1", "cy0"),
    *("takeoff", "window", "mak2", "shared"),
)
"""Names of :func:`qpcr.methods.methods`, spelt out because asking it costs start-up time."""
AT_THRESHOLD = "threshold"
"""The default where quantities are read: curves on file and published rules go by it."""
TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods"}


def is_table(file: Path) -> bool:
    """Whether a file is taken for a table of values, not for a run."""
    return file.suffix.lower() in TABLES


method_option: Callable[[Any], Any] = click.option(
    "--method",
    type=click.Choice(METHODS),
    default=AT_THRESHOLD,
    show_default=True,
    help="Of runs: the method of Cq. recommended is the most precise one; curves on file and "
    "published limits go by the default.",
)
"""Option of every command that reads quantities off Cq; calls stay with the instrument's rule."""


def analysis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say how curves are analyzed."""
    for option in reversed(
        [
            click.option(
                "--baseline",
                default="protocol",
                show_default=True,
                metavar="HOW",
                help="protocol (as the file's settings ask), auto, file, or FIRST-LAST cycle.",
            ),
            click.option(
                "--threshold",
                multiple=True,
                metavar="HOW",
                help="panel (default: as the panel fixes it; what it does not fix, as protocol), "
                "protocol (as the file's settings ask), auto, file, a ΔRn for all targets, or "
                "TARGET=ΔRn (may be repeated).",
            ),
            click.option("--rules", help="Rule set of the instrument's software, by name."),
            click.option(
                "--model",
                default="auto",
                show_default=True,
                help="Curve model: auto, logistic4 or logistic5.",
            ),
            click.option(
                "--slope", is_flag=True, help="Let the fitted curve have a sloping baseline."
            ),
        ]
    ):
        command = option(command)
    return command


def lot_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say which lots of reagents runs were made with."""
    for option in reversed(
        [
            click.option(
                "--lot",
                "lot",
                multiple=True,
                metavar="REAGENT=LOT[,EXPIRES]",
                help="Lot of a reagent of these runs, as mastermix=A17,2027-01-31 (may be "
                "repeated); reagents=A17 is one lot of all.",
            ),
            click.option(
                "--lots",
                "lot_log",
                type=FILE,
                help="Log of lots: columns reagent, lot, from, expires; of each reagent the lot "
                "counts that was in use on the day of the run. Read anew for every file by watch.",
            ),
        ]
    ):
        command = option(command)
    return command


def lots_from(lot: tuple[str, ...], lot_log: Path | None) -> ReagentLots:
    """What the options say of lots."""
    from qpcr.lots import by_reagent, parse_lot
    from qpcr.reagents import ReagentLots, read_log

    log = () if lot_log is None else read_log(lot_log)
    return ReagentLots(by_reagent(parse_lot(one) for one in lot), log)


def quantity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that ask for quantities beside the calls."""
    for option in (
        click.option(
            "--copies",
            is_flag=True,
            help="Quantities of standards are copies: say what sampling adds.",
        ),
        click.option(
            "--method",
            type=click.Choice(METHODS),
            help="Cq, efficiency and quantity by this method too: quantification.csv, the report, "
            "the store. Calls stay with the instrument's rule.",
        ),
    ):
        command = option(command)
    return command


def check_quantities(method: str | None, copies: bool) -> None:
    """Refuse a statement about quantities where none are asked for."""
    if copies and method is None:
        raise click.UsageError("--copies is about quantities: it needs --method")


scheduler_option: Callable[[Any], Any] = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Dask scheduler whose workers do it: tcp://host:port. They must see the same folders "
    "under the same paths.",
)


def language_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Option that says in which language a report is written; default: that of the locale."""
    return click.option(
        "--lang",
        type=click.Choice(["en", "zh"]),
        help="Language of the report (zh: 中文); default: from the locale.",
    )(command)


def language_from(lang: str | None) -> str:
    """The language asked for, or that of the locale."""
    from qpcr.report.language import preferred

    return preferred() if lang is None else lang


def settings_from(baseline: str, threshold: tuple[str, ...], rules: str | None) -> Settings:
    """Make the settings of the options, or say which one is wrong."""
    from qpcr.settings import parse_settings

    try:
        return parse_settings(baseline, threshold, rules)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def fit_settings_from(model: str, slope: bool) -> FitSettings:
    """Make the settings of a fit, or say which option is wrong."""
    from qpcr.models import models
    from qpcr.settings import FitSettings

    if model != "auto" and model not in models():
        raise click.UsageError(f"--model {model!r}: there are auto, {', '.join(models())}")
    return FitSettings(model, "slope" if slope else "flat")


def panel_and_samples(
    panel_name: str | None, sheet: Path | None, pattern: str | None
) -> tuple[Panel | None, Sequence[Identity] | NamePattern | None]:
    """Load the panel and the sample sheet (or pattern) of the options, where they name any."""
    from primers import load_panel
    from qpcr.qc import check_panel_rules
    from qpcr.samples import NamePattern, read_sample_sheet

    if sheet is not None and pattern is not None:
        raise click.UsageError("--sheet and --sample-pattern exclude each other")
    identities = None if sheet is None else read_sample_sheet(sheet)
    panel = None if panel_name is None else load_panel(panel_name)
    if panel is not None:
        check_panel_rules(panel)
    return panel, identities if pattern is None else NamePattern(pattern)
