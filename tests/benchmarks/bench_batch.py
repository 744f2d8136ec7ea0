"""Time a file of ``qpcr analyze`` over many files: in turn, in processes, on two workers of Dask.

Also what handing out a job costs by itself. Simulated plates. Run as a script: python
tests/benchmarks/bench_batch.py [FILES].
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from qpcr.batch import Order, analyze_files
from qpcr.farm import in_dask, in_processes, in_turn
from qpcr.rehearsal import write_simulated
from qpcr.settings import FitSettings, Settings
from qpcr.simulate import demo_plate, simulate_plate


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(count, folder):
    from distributed import LocalCluster

    first, _ = write_simulated(simulate_plate(demo_plate(), seed=1), folder / "p0.eds")
    files = [first, *(Path(shutil.copy(first, folder / f"p{i}.eds")) for i in range(1, count))]
    order = Order(Settings(), FitSettings(), out=folder / "out")
    list(analyze_files(files[:1], order))  # libraries are loaded
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        dask = in_dask(cluster.scheduler_address)
        list(analyze_files(files[:4], order, dask))  # there, too
        shared = [("2 processes", in_processes(2)), ("dask", dask)]
        for name, mapper in [("in turn", in_turn), *shared]:
            took = seconds(lambda m=mapper: list(analyze_files(files, order, m)))
            print(f"{name}: {took / count * 1e3:.0f} ms a file ({took:.1f} s)")
        for name, mapper in shared:
            start = seconds(lambda m=mapper: list(m(abs, [1])))
            many = seconds(lambda m=mapper: list(m(abs, range(1001))))
            print(
                f"{name}: start {start:.2f} s, then {(many - start):.2f} ms a job that does nothing"
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 16, Path(made))
