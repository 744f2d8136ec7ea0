"""At least 300 writers killed, and what is left of their stores.

Run it from the root of the project: ``python -m tests.benchmarks.bench_store_kills [RANDOM]``.
First a kill before, and one half through, every call by which a commit changes the disk, for four
kinds of commits. Then RANDOM kills (default 150) at random moments of two processes that write
without a pause. After each: every acknowledged commit is there and whole, nothing is half there,
and ``verify`` finds nothing, before anything mends itself and after the next commit.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from qpcr.document import document
from qpcr.records import Change, Kind, Store, _writer
from qpcr.records.verify import verify
from tests.store_kit import killed, record

WRITER = """
import sys
from pathlib import Path
from qpcr.records import Change, Kind, Store
from tests.store_kit import record
store = Store.open(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    number += 1
    with open(sys.argv[3], "a") as said:
        receipt = store.commit(record(number, f"p{number % 3}"), user="anna")
        said.write(f"{receipt.run_id} {number}\\n")
        said.flush()
"""


def fresh(folder: Path) -> Path:
    """A store with a run, a patient's history and a saved index."""
    store = Store.init(folder)
    store.commit(record(1, "p"), user="anna")
    store.commit(None, [Change("p", Kind.CLINICAL, "wbc", 5.5)], user="anna")
    store.rebuild_index()
    return folder


def run_of_a_new_patient(folder: Path) -> str:
    return str(Store.open(folder).commit(record(2, "q"), user="anna").sequence)


def revision(folder: Path) -> str:
    return str(Store.open(folder).commit(record(1, "p", "invalid"), user="anna").sequence)


def clinical(folder: Path) -> str:
    changes = [Change(name, Kind.CLINICAL, "sex", "female") for name in ("p", "q", "r")]
    return str(Store.open(folder).commit(None, changes, user="anna").sequence)


def with_saved_index(folder: Path) -> str:
    _writer.SAVE_EVERY = 1
    return run_of_a_new_patient(folder)


def look(folder: Path, acknowledged: set[str], counts: Counter[str]) -> None:
    """Everything that must be true after a kill."""
    counts["kills"] += 1
    counts["verify not clean"] += bool(verify(folder).problems)
    store = Store.open(folder)
    runs = {run.run_id: run for run in store.runs()}
    counts["acknowledged"] += len(acknowledged)
    counts["acknowledged lost"] += len(acknowledged - runs.keys())
    for run_id, run in runs.items():
        try:
            back = store.record(run_id)
        except Exception:  # noqa: BLE001 - whatever it is, it is counted
            counts["torn"] += 1
            continue
        number = int(run.source_sha256, 16)
        outcome = back.calls[0].outcome
        patient = next(iter(back.identities.values())).patient
        same = document(back) == document(record(number, patient, outcome))
        counts["torn"] += not same
        counts["torn"] += store.patient(patient).results[f"{run_id}/s1"].run != run_id
    store.commit(record(999_999, "z"), user="anna")
    after = verify(folder)
    counts["verify not clean after the next commit"] += bool(after.problems or after.notes)


def at_every_call(counts: Counter[str]) -> None:
    """Kill four kinds of commits at each of their calls."""
    for act in (run_of_a_new_patient, revision, clinical, with_saved_index):
        for when in ("before", "half"):
            with tempfile.TemporaryDirectory() as name:
                base = Path(name)
                original = fresh(base / "original")
                points = killed(original, base, when, act)
                for point in range(1, points):
                    assert not (base / f"{point}.said").exists()
                    look(base / str(point), set(), counts)
                print(f"{act.__name__}, {when}: {points - 1} calls", flush=True)


def at_random(kills: int, counts: Counter[str]) -> None:
    """Kill two busy writers at random moments, again and again, on one store that grows."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        folder, number, done = fresh(base / "store"), 10, 0
        while done < kills:
            writers = []
            for writer in range(2):
                number += 1000
                command = [
                    sys.executable,
                    "-c",
                    WRITER,
                    folder,
                    str(number),
                    base / f"said{writer}",
                ]
                writers.append(subprocess.Popen(command))
            spoken = [base / f"said{writer}" for writer in range(2)]
            sizes = [path.stat().st_size if path.exists() else 0 for path in spoken]
            while all(one.poll() is None for one in writers) and any(
                (path.stat().st_size if path.exists() else 0) <= size
                for path, size in zip(spoken, sizes, strict=True)
            ):
                time.sleep(0.01)
            time.sleep(rng.random() * 0.3)
            for one in rng.sample(writers, 2):
                one.send_signal(signal.SIGKILL)
                time.sleep(rng.random() * 0.05)
            counts["writers that failed"] += sum(one.wait() != -signal.SIGKILL for one in writers)
            done += 2
            counts["kills"] += 1
            said = {
                line.split()[0] for path in spoken for line in path.read_text().splitlines()
                if len(line.split()) == 2
            }  # fmt: skip
            look(folder, said, counts)
            if len(Store.open(folder).runs()) > 60:
                shutil.rmtree(folder)
                for path in spoken:
                    path.unlink()
                fresh(folder)


if __name__ == "__main__":
    totals: Counter[str] = Counter()
    at_every_call(totals)
    at_random(int(sys.argv[1]) if len(sys.argv) > 1 else 150, totals)
    for what, count in totals.items():
        print(f"{what}: {count}")
