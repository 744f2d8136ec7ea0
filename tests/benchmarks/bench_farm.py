"""What handing out a job costs by itself: in two processes, on two workers of Dask.

Run as a script: python tests/benchmarks/bench_farm.py.
"""

from __future__ import annotations

import time

from qpcr.farm import in_dask, in_processes


def seconds(mapper, jobs):
    start = time.perf_counter()
    list(mapper(abs, jobs))
    return time.perf_counter() - start


def measure():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        dask = in_dask(cluster.scheduler_address)
        for name, mapper in (("2 processes", in_processes(2)), ("dask", dask)):
            one = seconds(mapper, range(1))
            many = seconds(mapper, range(1001))
            print(f"{name}: start {one:.2f} s, then {many - one:.2f} ms an empty job")


if __name__ == "__main__":
    measure()
