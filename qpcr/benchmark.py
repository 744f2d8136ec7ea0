"""Every Cq method side by side on curves whose replicates or dilutions are known."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from qpcr.curves import from_table
from qpcr.errors import InputError
from qpcr.fits import fit_curves
from qpcr.indicators import Design, Figures, figures, summary
from qpcr.methods import methods
from qpcr.methods._batch import Batch
from qpcr.settings import Settings
from qpcr.tables import CurveTable, read_rows

YES = {"1", "yes", "true", "y"}


@dataclass(frozen=True, slots=True)
class Well:
    """What a curve stands for."""

    target: str
    group: str
    concentration: float | None
    copies: bool
    ntc: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One method on one target, or on all (`target` is ``None``); time in ms a curve, all wells."""

    method: str
    target: str | None
    figures: Figures
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All methods on one set of curves."""

    dataset: str
    curves: int
    lines: tuple[Line, ...]

    @property
    def overall(self) -> tuple[Line, ...]:
        """One line a method, the smallest replicate SD (else s_yx) first; NaN last."""
        lines = [line for line in self.lines if line.target is None]
        return tuple(sorted(lines, key=lambda line: _order(line.figures)))


def _order(one: Figures) -> tuple[int, float]:
    value = one.cq_sd if np.isfinite(one.cq_sd) else one.sc_syx
    return one.n - one.called, value if np.isfinite(value) else np.inf


def read_wells(path: Path, dataset: str, names: Sequence[str]) -> list[Well]:
    """What each curve stands for, from a table ``curve, target, group, conc, unit, ntc``.

    Only `curve` and one of `group` and `conc` are needed. Wells of one target and equal `group`
    (else equal `conc`) are replicates; `unit` ``copies`` means copies in the reaction. A column
    `dataset` chooses the rows.

    Raises
    ------
    InputError
        A column or a curve is missing, a concentration is no number above 0.
    """
    rows = read_rows(path)
    head = [cell.strip().lower() for cell in next(rows, [])]
    if "curve" not in head or not {"group", "conc"} & set(head):
        raise InputError(
            "a column is missing",
            file=path,
            place="line 1",
            expected="curve, and group or conc (or both)",
            found=", ".join(head[:10]),
        )
    found: dict[str, Well] = {}
    for number, cells in enumerate(rows, 2):
        row = dict(zip(head, (cell.strip() for cell in cells), strict=False))
        if row.get("dataset", dataset) != dataset or row.get("curve", "") not in names:
            continue
        found[row["curve"]] = _well(row, path, number)
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(names)} curves are not listed",
            file=path,
            expected=f"a row of dataset {dataset!r} for each curve",
            found=f"none for {missing[0]!r}",
            remedy="name the dataset with --dataset, or add the rows",
        )
    return [found[name] for name in names]


def _well(row: dict[str, str], path: Path, number: int) -> Well:
    text = row.get("conc", "")
    value: float | None = None
    if text and text.lower() not in {"na", "nan"}:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < np.inf:
            raise InputError(
                "a concentration is no number from 0 up",
                file=path,
                place=f"line {number}",
                expected="a number, or nothing",
                found=text[:40],
            )
    target = row.get("target", "") or "target"
    group = row.get("group", "") or text
    ntc = row.get("ntc", "").lower() in YES
    return Well(target, group, value, row.get("unit", "").lower() == "copies", ntc)


def run_benchmark(
    table: CurveTable,
    dataset: str,
    wells: Sequence[Well],
    settings: Settings | None = None,
    only: Sequence[str] = (),
) -> Benchmark:
    """Score methods on a table of curves.

    Methods learn which wells are of one target, never which are replicates or what they hold.

    Parameters
    ----------
    table, dataset, wells
        The curves, their name, and what each stands for; controls without template are left out.
    settings
        How thresholds are chosen.
    only
        Names of methods; default all.

    Raises
    ------
    InputError
        No curve is left.
    """
    keep = [row for row, well in enumerate(wells) if not well.ntc]
    if not keep:
        raise InputError("there is no curve but controls without template", found=dataset)
    mine = [wells[row] for row in keep]
    targets = [well.target for well in mine]
    names = tuple(table.names[row] for row in keep)
    curves = from_table(table.cycles, table.values[keep], names, targets, settings or Settings())
    lines: list[Line] = []
    for name, method in methods().items():
        if only and name not in only:
            continue
        start = time.process_time()
        # A batch of its own: each method's time holds the fits it needs.
        batch = Batch.of(curves, lambda: fit_curves(curves, polish=False))
        e = method.estimate(batch)
        took = (time.process_time() - start) * 1e3 / len(keep)
        rows = []
        for target in dict.fromkeys(targets):
            at = np.array([i for i, one in enumerate(targets) if one == target])
            one = figures(_design([mine[i] for i in at]), e.cq[at], e.cq_se[at], e.n0[at])
            rows.append(one)
            lines.append(Line(name, target, one, took))
        lines.append(Line(name, None, summary(rows), took))
    return Benchmark(dataset, len(keep), tuple(lines))


def _design(wells: Sequence[Well]) -> Design:
    numbers = {name: place for place, name in enumerate(dict.fromkeys(w.group for w in wells))}
    conc = [np.nan if well.concentration is None else well.concentration for well in wells]
    group = np.array([numbers[well.group] for well in wells], np.int64)
    return Design(group, np.array(conc, np.float64), all(well.copies for well in wells))


def benchmark_csv(benchmark: Benchmark) -> str:
    """All lines as CSV; the target of a line over all targets is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("dataset", "method", "target", *Figures.__dataclass_fields__, "milliseconds_per_curve")
    )
    for line in benchmark.lines:
        cells = [_cell(value) for value in asdict(line.figures).values()]
        writer.writerow(
            (benchmark.dataset, line.method, _name(line.target), *cells, f"{line.milliseconds:.4g}")
        )
    return text.getvalue()


def _name(text: str | None) -> str:
    """A name that a spreadsheet will not take for a formula."""
    return "" if text is None else "'" + text if text[:1] in set("=+-@\t\r") else text


def _cell(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.6g}" if np.isfinite(value) else ""
