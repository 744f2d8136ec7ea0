"""The command line: each command a few lines over one library call.

Exit codes: 0 fine, 1 a result that must not be used or an interruption, 2 usage, 3 bad input.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from qpcr.record import Record
    from qpcr.settings import FitSettings, Settings

INVALID, BAD_INPUT = 1, 3
WIDE = 150

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)


class Commands(click.Group):
    """Commands whose errors are said in one place, in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that a user can mend becomes a message and exit code 3."""
        from primers.errors import PrimersError
        from qpcr.errors import QpcrError

        try:
            return super().invoke(ctx)
        except (QpcrError, PrimersError) as error:
            complain(error)
            ctx.exit(BAD_INPUT)


def complain(error: Exception) -> None:
    """Say an error on the error stream."""
    click.echo(f"qpcr: {error}", err=True)


def console(stderr: bool = False) -> Console:
    """A rich console that never fails on characters a terminal does not have."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ikaros-qpcr", prog_name="qpcr")
def main() -> None:
    """From the raw fluorescence of a qPCR plate to Ct with its uncertainty."""


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
                help="protocol (default), auto, file, a ΔRn for all targets, or TARGET=ΔRn "
                "(may be repeated).",
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


@main.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--out", type=FOLDER, help="Write results to a folder a file, inside this one.")
@click.option("--panel", "panel_name", help="Panel to call by: its name, or a TOML file.")
@click.option("--sheet", type=FILE, help="Sample sheet: columns sample, patient, …")
@click.option("--sample-pattern", help=r"Instead: a pattern, (?P<patient>P\d+)-(?P<timepoint>.+)")
@click.option("--release", "reason", help="Use a run whose controls failed; the reason.")
@click.option("--user", help="Who releases it; default: the name you are logged in with.")
@analysis_options
def analyze(
    files: tuple[Path, ...],
    out: Path | None,
    panel_name: str | None,
    sheet: Path | None,
    sample_pattern: str | None,
    reason: str | None,
    user: str | None,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Analyze instrument files: Ct of every reaction, on the screen and in files.

    With a panel: what each sample is called, and why. Exit code 1 says that a run is invalid.
    """
    chosen = _chosen(panel_name, sheet, sample_pattern, reason, user)
    chosen["settings"] = settings_from(baseline, threshold, rules)
    chosen["fit_settings"] = fit_settings_from(model, slope)
    _distinct(files, out)
    failed = invalid = 0
    with progress(len(files) > 1) as bar:
        for file in bar.track(files, description="files"):
            record = _analyze_one(file, out, chosen)
            failed += record is None
            invalid += record is not None and record.invalid and reason is None
    if failed:
        if len(files) > 1:
            click.echo(f"qpcr: {failed} of {len(files)} files could not be analyzed", err=True)
        sys.exit(BAD_INPUT)
    if invalid:
        sys.exit(INVALID)


def _chosen(
    panel_name: str | None,
    sheet: Path | None,
    pattern: str | None,
    reason: str | None,
    user: str | None,
) -> dict[str, Any]:
    """What the options of `analyze` about samples and panels mean to the library."""
    from getpass import getuser

    from primers import load_panel
    from qpcr.calls import Release
    from qpcr.samples import NamePattern, read_sample_sheet

    if sheet is not None and pattern is not None:
        raise click.UsageError("--sheet and --sample-pattern exclude each other")
    identities: Any = None if sheet is None else read_sample_sheet(sheet)
    return {
        "panel": None if panel_name is None else load_panel(panel_name),
        "identities": identities if pattern is None else NamePattern(pattern),
        "release": None if reason is None else Release(user or getuser(), reason),
    }


def progress(visible: bool) -> Progress:
    """A bar on the error stream of a terminal, so that output can still be piped."""
    from rich.progress import Progress

    return Progress(console=console(stderr=True), transient=True, disable=not visible)


def _distinct(files: tuple[Path, ...], out: Path | None) -> None:
    """Refuse files whose results would overwrite each other."""
    stems = [file.stem.casefold() for file in files]
    doubled = {stem for stem in stems if stems.count(stem) > 1}
    if out is not None and doubled:
        both = ", ".join(str(file) for file in files if file.stem.casefold() in doubled)
        raise click.UsageError(f"these files would write to the same folder in {out}: {both}")


def _analyze_one(file: Path, out: Path | None, chosen: dict[str, Any]) -> Record | None:
    """Analyze one file; say what came out or what was wrong. ``None`` when it did not work."""
    from qpcr.errors import QpcrError
    from qpcr.pipeline import analyze as run_analysis

    try:
        record = run_analysis(file, **chosen)
        written = [] if out is None else _write(record, out / file.stem)
    except QpcrError as error:
        complain(error)
        return None
    show(record)
    for path in written:
        click.echo(f"written: {path}")
    return record


def _write(record: Record, folder: Path) -> list[Path]:
    from qpcr.outputs import write_outputs

    return write_outputs(record, folder)


def show(record: Record) -> None:
    """Show the reactions of a record as a table, then what a person should know."""
    from qpcr.inspection import (
        CALL_COLUMNS,
        COLUMNS,
        FINDING_COLUMNS,
        call_rows,
        finding_rows,
        reaction_rows,
    )

    source = record.run.provenance
    click.echo(f"{source.file}  ·  {source.software}  ·  rules {record.curves.rules}")
    print_table(COLUMNS, reaction_rows(record))
    for note in (*record.run.notes, *record.curves.notes):
        click.echo(f"note: {note}")
    if record.findings:
        print_table(FINDING_COLUMNS, finding_rows(record))
    if record.calls:
        print_table(CALL_COLUMNS, call_rows(record))


def print_table(
    columns: dict[str, Any], rows: Iterable[tuple[str, ...]], heads: bool = True
) -> None:
    """Print a table; the last column is folded where the line is too short."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=heads)
    for head, side in columns.items():
        last = head == list(columns)[-1]
        table.add_column(
            head, justify=side, no_wrap=not last, overflow="fold" if last else "ellipsis"
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


@main.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def inspect(file: Path, as_json: bool) -> None:
    """Say what a file holds, what it does not, and what was not read."""
    from qpcr.formats import read_run

    run = read_run(file)
    if as_json:
        import json

        from qpcr.document import plain_value

        click.echo(json.dumps(plain_value(run), ensure_ascii=False, allow_nan=False))
        return
    from qpcr.inspection import facts

    print_table({"what": "left", "found": "left"}, facts(run), heads=False)


@main.command()
@click.argument("curves", type=FILE)
@click.option("--meta", type=FILE, help="Table with the columns dataset, curve, target.")
@click.option("--dataset", help="Name of the dataset; default: the file's name.")
@click.option(
    "--method",
    default="all",
    show_default=True,
    type=click.Choice(["all", "threshold", "cpd2", "cpd1", "cy0", "instrument"]),
    help="Which Cq to write.",
)
@click.option(
    "--engine",
    default="lmfit",
    show_default=True,
    type=click.Choice(["batch", "lmfit"]),
    help="batch: all curves solved together; lmfit: each polished from there.",
)
@click.option("--out", type=FILE, required=True, help="CSV to write.")
@analysis_options
def fit(
    curves: Path,
    meta: Path | None,
    dataset: str | None,
    method: str,
    engine: str,
    out: Path,
    baseline: str,
    threshold: tuple[str, ...],
    rules: str | None,
    model: str,
    slope: bool,
) -> None:
    """Fit the curves of a plain table (first column the cycle, one column a curve)."""
    from qpcr.outputs import write_texts
    from qpcr.tables import read_curves, read_targets
    from qpcr.tabulate import cq_table

    settings = settings_from(baseline, threshold, rules)
    fitting = fit_settings_from(model, slope)
    name = dataset or curves.stem
    table = read_curves(curves)
    targets = None if meta is None else read_targets(meta, name, table.names)
    start = time.perf_counter()
    with console(stderr=True).status(f"fitting {len(table.names)} curves"):
        text = cq_table(table, name, targets, method, engine == "lmfit", settings, fitting)
    write_texts({out.name: text}, out.parent)
    took = time.perf_counter() - start
    click.echo(f"{len(table.names)} curves in {took:.2f} s; written: {out}")


@main.command()
@click.option("--out", type=FOLDER, default="qpcr-demo", show_default=True, help="Where to.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same file.")
@click.option("--open/--no-open", "show_it", default=False, help="Open the report in the browser.")
def demo(out: Path, seed: int, show_it: bool) -> None:
    """Simulate a plate, write it as a 7500 .eds file, and analyze that file."""
    from qpcr.outputs import write_outputs
    from qpcr.pipeline import analyze as run_analysis
    from qpcr.simulate import demo_plate, simulate_plate, write_eds

    out.mkdir(parents=True, exist_ok=True)
    file = out / f"simulated-{seed}.eds"
    write_eds(simulate_plate(demo_plate(), seed=seed), file)
    record = run_analysis(file)
    written = write_outputs(record, out / file.stem)
    show(record)
    click.echo(f"SIMULATED plate: {file}")
    for path in written:
        click.echo(f"written: {path}")
    click.echo(f"Open the report in a browser: {written[-1].resolve().as_uri()}")
    if show_it:
        click.launch(str(written[-1]))


@main.group()
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
    """Show a panel: NAME of one that comes with this software, or a TOML file."""
    from primers import load_panel

    shown = load_panel(name)
    click.echo(f"{shown.name}: {shown.title}")
    oligos = [(o.name, o.sequence or "undisclosed", o.note or "") for o in shown.oligos]
    print_table({"Oligo": "left", "5'-3'": "left", "Note": "left"}, oligos)


@panel.command("check")
@click.argument("name")
@click.option("--reference", multiple=True, type=FILE, help="FASTA to search (may be repeated).")
def panel_check(name: str, reference: tuple[Path, ...]) -> None:
    """Check the primers of a panel, against reference sequences if there are any."""
    from primers import check_panel, load_panel, read_fasta

    sequences = [one for path in reference for one in read_fasta(path)]
    findings = check_panel(load_panel(name), sequences)
    order = ("error", "warning", "info")
    findings = sorted(findings, key=lambda finding: order.index(finding.severity))
    rows = [(str(f.severity), str(f.kind), f.subject, f.message) for f in findings]
    heads = ("Severity", "Kind", "Of", "Finding")
    print_table(dict.fromkeys(heads, "left"), rows)


if __name__ == "__main__":
    main()
