"""Times of commits and questions as a store grows: 100, 1,000 and 10,000 runs, 5,000 patients.

``python -m tests.benchmarks.bench_store_size [FOLDER] [RUNS]``, from the root of the project.
Only the 100 commits before each measurement are synced to the disk, which makes filling faster.
The runs are small and synthetic (6 reactions, 25 cycles); one sample of each is a patient's.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qpcr.records import PatientQuery, RunQuery, Store
from qpcr.records.verify import verify
from tests.store_kit import record

PATIENTS = 5000
MARKS = (100, 1000, 10_000)
OUTCOMES = ("detected", "not detected", "not detected", "inconclusive")


def numbered(number: int):
    """A record of its own file, patient and day."""
    one = record(number, f"P{number * 7919 % PATIENTS:05d}", OUTCOMES[number % len(OUTCOMES)])
    day = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=number % 730)
    source = replace(one.run.provenance, started=day)
    return replace(one, run=replace(one.run, provenance=source))


def timed(act: Callable[[], object], times: int = 5) -> float:
    """Median time of a call, seconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def questions(store: Store) -> None:
    """Times of the three questions and of opening."""
    patient = f"P{7919 % PATIENTS:05d}"
    asked = {
        "patients with a deletion": lambda: store.patients(PatientQuery(outcome="detected")),
        "patients with that deletion": lambda: store.patients(PatientQuery(deletion="Δ4-7")),
        "runs of March 2023": lambda: store.runs(RunQuery(since="2023-03", until="2023-03")),
        "one patient's history": lambda: store.history(patient=patient),
        "one patient": lambda: store.patient(patient),
        "one run, whole": lambda: store.record(store.runs(RunQuery(limit=1))[0].run_id),
        "opening the store": lambda: Store.open(store.folder),
    }
    for name, act in asked.items():
        found = act()
        count = f"{len(found)} found" if isinstance(found, tuple) else ""
        print(f"  {name:28} {timed(act) * 1e3:8.1f} ms  {count}", flush=True)


def main(folder: Path, runs: int) -> None:
    """Fill a store and time it on the way."""
    store = Store.init(folder / "store")
    taken: list[float] = []
    synced = os.fsync
    for number in range(1, runs + 1):
        made = numbered(number)
        near = any(0 <= mark - number < 100 for mark in MARKS)
        os.fsync = synced if near else (lambda _: None)
        begin = time.perf_counter()
        store.commit(made, user="bench")
        taken.append(time.perf_counter() - begin)
        if number in MARKS:
            last = sorted(taken[-100:])
            size = sum(p.stat().st_size for p in (folder / "store/commits").rglob("*.h5"))
            index = (folder / "store/index.sealed").stat().st_size
            print(
                f"{number} runs: commit median {statistics.median(last) * 1e3:.1f} ms, "
                f"95 % {last[94] * 1e3:.1f} ms, longest {last[-1] * 1e3:.1f} ms (last 100); "
                f"{size / number / 1e3:.0f} kB a run; index {index / 1e6:.1f} MB",
                flush=True,
            )
            questions(store)
    begin = time.perf_counter()
    report = verify(store.folder)
    print(f"verify: {len(report.problems)} problems, {time.perf_counter() - begin:.1f} s")
    (store.folder / "index.sealed").unlink()
    begin = time.perf_counter()
    Store.open(store.folder)
    print(f"opening without an index (it is built again): {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    main(given, int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    shutil.rmtree(given / "store")
