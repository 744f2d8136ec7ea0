"""Every real export and instrument file: what it holds, and our Ct beside the instrument's.

Run by hand: ``python tests/benchmarks/bench_formats.py DATA [FILE …]``; with ``--speed`` instead
of DATA it times synthetic exports of 384 wells, four targets and 45 cycles. Compared are reactions
with both a Ct in the file and one by the instrument's rule; omitted wells are left out.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from qpcr.curves import from_run
from qpcr.errors import InputError
from qpcr.formats import read_run

KINDS = {".eds", ".xls", ".xlsx", ".txt", ".rdml"}


def row_of(path: Path) -> str:
    """One line of the table."""
    start = time.perf_counter()
    try:
        run = read_run(path)
    except InputError as error:
        return f"{path.name[:44]:44}  {type(error).__name__}: {error.problem}"
    took = time.perf_counter() - start
    theirs = sum(result.cq is not None for result in run.results.values())
    wells = len({reaction.well for reaction in run.reactions})
    facts = (
        f"{path.name[:44]:44} {run.provenance.reader[:17]:17} {wells:4} {len(run.targets):3} "
        f"{len(run.cycles):4} {theirs:5} {took:6.2f}"
    )
    try:
        curves = from_run(run)
    except InputError as error:
        return f"{facts}  {error.problem}"
    off, only_theirs, only_ours = [], 0, 0
    for index, reaction in enumerate(run.reactions):
        stored = run.results.get((reaction.well, reaction.target))
        ours = curves.instrument_cq[index]
        usable = curves.problems[index] is None and not reaction.omitted
        if stored is None or stored.determined is None or not usable:
            continue
        if stored.cq is not None and ours.value is not None:
            off.append(abs(stored.cq - ours.value))
        only_theirs += stored.cq is not None and ours.value is None
        only_ours += stored.cq is None and ours.value is not None
    if not off:
        return f"{facts}  no Ct to compare"
    return (
        f"{facts} {len(off):5} {np.median(off):9.2e} {max(off):9.2e} {only_theirs:4} {only_ours:4}"
    )


def speed() -> None:
    """Time the largest plate there is."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from export_files import HEAD_QS, as_text, as_xlsx, synthetic, tables_qs

    made = tables_qs(synthetic(384, 4, 45, 24))
    head = {**HEAD_QS, "Block Type": "384-Well Block"}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (
            ("export.xlsx", as_xlsx(made, head)),
            ("export.txt", as_text(made, head).encode()),
        ):
            path = Path(folder) / name
            path.write_bytes(data)
            start, used = time.perf_counter(), time.process_time()
            run = read_run(path)
            print(
                f"{name}: {len(data) / 1e6:.1f} MB, {len(run.reactions)} reactions, "
                f"{time.perf_counter() - start:.2f} s, {time.process_time() - used:.2f} s CPU"
            )


def main() -> None:
    """Print the table."""
    if sys.argv[1] == "--speed":
        speed()
        return
    folder = Path(sys.argv[1])
    files = [Path(name) for name in sys.argv[2:]] or sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in KINDS
    )
    print(
        f"{'file':44} {'format':17} {'well':>4} {'tgt':>3} {'cyc':>4} {'Ct':>5} {'s':>6} "
        f"{'both':>5} {'median':>9} {'max':>9} {'-us':>4} {'+us':>4}"
    )
    for path in files:
        print(row_of(path), flush=True)


if __name__ == "__main__":
    main()
