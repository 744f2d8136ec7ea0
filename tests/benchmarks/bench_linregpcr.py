"""Speed beside LinRegPCR: the same curves, the same machine, in turns.

LinRegPCR is its authors' Python version in the package rdmlpython (Untergasser, Ruijter, Benes,
van den Hoff, BMC Bioinformatics 2021;22:398, doi:10.1186/s12859-021-04306-1). Only its analysis is
timed, of a run that is in memory; of ours, everything but reading the file.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_linregpcr.py [CURVES.csv]

Without a file: simulated curves.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import rdmlpython

sys.path.insert(0, str(Path(__file__).parents[1]))

from shared_curves import CYCLES, assay

from qpcr.settings import FitSettings, Settings
from qpcr.tables import CurveTable, read_curves
from qpcr.tabulate import cq_table

PAIRS, COUNT = 3, 384

vars(np).setdefault("NaN", np.nan)  # rdmlpython 1.7.2 still asks numpy 2 for this old name


def simulated() -> CurveTable:
    """Synthetic replicates and dilutions of one assay."""
    start = 10 ** np.random.default_rng(0).uniform(-7, -3, COUNT)
    names = tuple(f"w{number}" for number in range(COUNT))
    return CurveTable(names, CYCLES.astype(np.int64), assay(start).signal)


def rdml_run(table: CurveTable):
    """The curves as a run of an RDML document in memory, one target, a sample a well."""
    document = rdmlpython.Rdml()
    document.new_experiment("experiment")
    experiment = document.get_experiment(byid="experiment")
    experiment.new_run("run")
    run = experiment.get_run(byid="run")
    run["pcrFormat_rows"], run["pcrFormat_columns"] = str(len(table.names)), "1"
    run["pcrFormat_rowLabel"], run["pcrFormat_columnLabel"] = "123", "123"
    head = ["Well", "Sample", "Sample Type", "Target", "Target Type", "Dye"]
    lines = ["\t".join([*head, *(str(cycle) for cycle in table.cycles)])]
    for number, (name, row) in enumerate(zip(table.names, table.values, strict=True), start=1):
        fields = [str(number), name, "unkn", "target", "toi", "SYBR"]
        lines.append("\t".join([*fields, *(repr(float(value)) for value in row)]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.txt"
        path.write_text("\n".join(lines) + "\n")
        run.import_table(document, str(path), "amp")
    return run


def seconds(work: Callable[[], object]) -> float:
    """CPU time of a call, all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print ms a curve of both, and the ratio."""
    table = read_curves(Path(sys.argv[1])) if len(sys.argv) > 1 else simulated()
    run, count = rdml_run(table), len(table.names)

    def theirs() -> None:
        found = run.linRegPCR(saveResultsList=True)["resultsList"]
        called = sum(float(row[27]) > 0 for row in found[1:])
        if len(found) - 1 != count or called < 0.9 * count:
            raise SystemExit(f"LinRegPCR took {len(found) - 1} of {count} curves, Cq of {called}")

    def ours() -> None:
        text = cq_table(table, "set", None, "recommended", False, Settings(), FitSettings())
        called = sum(line.split(",")[3] != "" for line in text.splitlines()[1:])
        if called < 0.9 * count:
            raise SystemExit(f"recommended: Cq of {called} of {count} curves")

    theirs()  # what is loaded at the first call is nobody's time
    ours()
    pairs = [(seconds(theirs), seconds(ours)) for _ in range(PAIRS)]
    theirs_s, ours_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    version = metadata.version("rdmlpython")
    print(f"{count} curves, median of {PAIRS} pairs, CPU time")
    print(
        f"LinRegPCR (rdmlpython {version}): {theirs_s * 1e3 / count:.3f} ms a curve, analysis only"
    )
    print(f"recommended: {ours_s * 1e3 / count:.3f} ms a curve, the whole table")
    print(f"ratio: {theirs_s / ours_s:.2f}")


if __name__ == "__main__":
    main()
