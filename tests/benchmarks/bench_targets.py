"""Do the figures of a method hold on targets it has not seen?

    python tests/benchmarks/bench_targets.py CURVES.csv META.csv [--peers PEERS.csv] [--draws 200]
    python tests/benchmarks/bench_targets.py RUNS.rdml [--without META.csv]

Three answers for each figure, with the share of draws that keep to LIMITS:

half      random halves of the targets, each analyzed anew as one plate (efficiencies are pooled
          over a plate, so a half has other ones than the whole)
new       as many other targets as these, from a population that looks like these: the Bayesian
          bootstrap (Rubin, Ann Stat 1981;9:130, doi:10.1214/aos/1176345338), then a draw from it
ratio     the same halves over the best of other programs on the same halves (--peers: a table
          method, dataset, curve, cq, n0)

Of an RDML file the wells with a quantity are taken, every run, as one plate of all their targets;
--without leaves out the targets of a table, to see only those that it does not hold.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from qpcr.benchmark import Well, _design, read_wells
from qpcr.curves import from_run, from_table
from qpcr.fits import fit_curves
from qpcr.formats import read_runs
from qpcr.indicators import Figures, figures, summary
from qpcr.methods import methods
from qpcr.methods._batch import Batch
from qpcr.run import Task
from qpcr.tables import CurveTable, read_curves

LIMITS = {
    "cq_sd": 0.262,
    "bias": 1.20,
    "precision": 0.0056,
    "linearity": 0.0037,
    "resolution": 1.82,
}


def of_rdml(path: Path) -> tuple[CurveTable, list[Well]]:
    """Standards of all runs; copies are not known to be copies."""
    rows, wells, cycles = [], [], None
    for run in read_runs(path):
        curves = from_run(run)
        cycles = curves.cycles if cycles is None else cycles
        if len(curves.cycles) != len(cycles):
            continue
        for row, one in enumerate(curves.reactions):
            if one.quantity is not None and one.task is not Task.NTC:
                name = one.target.rsplit("_20", 1)[0]
                wells.append(Well(name, str(one.quantity), one.quantity, False, False))
                rows.append(curves.rn[row])
    names = tuple(f"w{n}" for n in range(len(rows)))
    return CurveTable(names, cycles, np.array(rows)), wells


def per_target(table: CurveTable, wells: list[Well], method: str) -> dict[str, Figures]:
    """Figures of each target when these wells are analyzed as one plate."""
    targets = [well.target for well in wells]
    curves = from_table(table.cycles, table.values, table.names, targets)
    e = methods()[method].estimate(Batch.of(curves, lambda: fit_curves(curves, polish=False)))
    found = {}
    for target in dict.fromkeys(targets):
        at = np.array([i for i, one in enumerate(targets) if one == target])
        design = _design([wells[i] for i in at])
        found[target] = figures(design, e.cq[at], e.cq_se[at], e.n0[at])
    return found


def part(table: CurveTable, wells: list[Well], chosen: set[str]) -> tuple[CurveTable, list[Well]]:
    """The wells of some targets."""
    at = [i for i, well in enumerate(wells) if well.target in chosen]
    names = tuple(table.names[i] for i in at)
    return CurveTable(names, table.cycles, table.values[at]), [wells[i] for i in at]


def peers_of(path: Path, table: CurveTable, wells: list[Well]) -> dict[str, dict[str, Figures]]:
    """Figures a target of every other program with all wells, by efficiencies of its own."""
    place = {name: row for row, name in enumerate(table.names)}
    numbers = defaultdict(lambda: np.full((2, len(wells)), np.nan))
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["curve"] in place:
                for line, column in enumerate(("cq", "n0")):
                    try:
                        numbers[row["method"]][line, place[row["curve"]]] = float(row[column])
                    except ValueError:
                        continue
    found = {}
    for method, (cq, n0) in numbers.items():
        rows = {}
        for target in dict.fromkeys(well.target for well in wells):
            at = np.array([i for i, well in enumerate(wells) if well.target == target])
            design = _design([wells[i] for i in at])
            rows[target] = figures(design, cq[at], np.full(len(at), np.nan), n0[at])
        slopes = np.array([row.slope for row in rows.values()])
        standard_curve = np.allclose(slopes, 1.0, atol=1e-3)
        if not standard_curve and (np.isfinite(cq).all() or not np.isfinite(cq).any()):
            found[method] = rows
    return found


def show(name: str, values: np.ndarray, limit: float) -> None:
    """Quantiles and the share at or below the limit."""
    text = " ".join(f"{value:.4g}" for value in np.percentile(values, [5, 50, 95]))
    print(f"  {name:12s} {text}   <= {limit}: {np.mean(values <= limit):.2f}")


def main() -> None:
    """Print the three answers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("curves", type=Path)
    parser.add_argument("meta", type=Path, nargs="?")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--without", type=Path)
    parser.add_argument("--leave-out", default="ALUsq", help="targets whose name begins so")
    parser.add_argument("--method", default="recommended")
    parser.add_argument("--draws", type=int, default=200)
    asked = parser.parse_args()
    if asked.meta:
        table = read_curves(asked.curves)
        wells = read_wells(asked.meta, asked.curves.stem, table.names)
    else:
        table, wells = of_rdml(asked.curves)
    out = set()
    if asked.without:
        with asked.without.open(newline="") as file:
            out = {row["target"] for row in csv.DictReader(file)}
    names = sorted({w.target for w in wells if w.target not in out})
    names = [name for name in names if not name.startswith(asked.leave_out)]
    table, wells = part(table, wells, set(names))
    whole = per_target(table, wells, asked.method)
    overall = summary(list(whole.values()))
    print(f"{len(names)} targets, {len(wells)} wells, {overall.called} called")
    print("  whole       ", {name: round(getattr(overall, name), 5) for name in LIMITS})
    rng = np.random.default_rng(0)
    new = defaultdict(list)
    for _ in range(20 * asked.draws):
        weight = rng.dirichlet(np.ones(len(names)))
        drawn = summary([whole[n] for n in rng.choice(names, len(names), p=weight)])
        for name in LIMITS:
            new[name].append(getattr(drawn, name))
    print("new targets: 5 %, 50 %, 95 %")
    for name, limit in LIMITS.items():
        show(name, np.array(new[name]), limit)
    peers = peers_of(asked.peers, table, wells) if asked.peers else {}
    half, ratio = defaultdict(list), defaultdict(list)
    for _ in range(asked.draws):
        chosen = set(rng.choice(names, len(names) // 2, replace=False))
        mine = summary(list(per_target(*part(table, wells, chosen), asked.method).values()))
        others = [summary([rows[n] for n in chosen]) for rows in peers.values()]
        for name in LIMITS:
            half[name].append(getattr(mine, name))
            if others:
                best = np.nanmin([getattr(one, name) for one in others])
                ratio[name].append(getattr(mine, name) / best)
    print("halves: 5 %, 50 %, 95 %")
    for name, limit in LIMITS.items():
        show(name, np.array(half[name]), limit)
    if peers:
        print("halves, over the best peer of each half: 5 %, 50 %, 95 %")
        for name in LIMITS:
            show(name, np.array(ratio[name]), 1.0)


if __name__ == "__main__":
    main()
