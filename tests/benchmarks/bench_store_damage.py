"""1,000 flipped bits and 500 mutated files of a store, and two processes that write 200 runs each.

Run it from the root of the project: ``python -m tests.benchmarks.bench_store_damage``.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from qpcr.document import document
from qpcr.errors import InputError
from qpcr.records import Change, Kind, Store
from qpcr.records.verify import verify
from tests.store_kit import flip, record
from tests.test_records_safety import MUTATIONS, WRITER, every_bit, mutated


def filled(folder: Path) -> Path:
    """A store with three runs, two patients and a saved index."""
    store = Store.init(folder)
    for number in (1, 2, 3):
        store.commit(record(number, f"p{number % 2}"), user="anna")
    store.commit(None, [Change("p1", Kind.CLINICAL, "wbc", 5.5)], user="anna")
    store.rebuild_index()
    return folder


def everything(folder: Path) -> list[object]:
    """All that can be read of a store."""
    store = Store.open(folder)
    return [
        [document(store.record(run.run_id)) for run in store.runs()],
        store.runs(),
        store.patients(),
        store.history(),
        [store.patient(one.patient) for one in store.patients()],
    ]


def damage(folder: Path, changes: int, how: str, counts: Counter[str]) -> None:
    """Change one file at a time, and look whether it is found and what is read."""
    rng = random.Random(11)
    wanted = everything(folder)
    done = 0
    while done < changes:
        # Half of the changes fall on files alike often, half on bytes alike often.
        places = every_bit(folder)
        weights = None if done % 2 else [bits for _, bits in places]
        ((path, bits),) = rng.choices(places, weights)
        kept = path.read_bytes()
        if how == "flip":
            flip(path, rng.randrange(bits))
        else:
            changed = mutated(kept, rng.choice(MUTATIONS), rng)
            if changed == kept:
                continue
            path.write_bytes(changed)
        done += 1
        begin = time.perf_counter()
        try:
            found = bool(verify(folder).problems)
        except InputError:
            found = True
        counts[f"{how}: found by verify"] += found
        try:
            same = everything(folder) == wanted
            counts[f"{how}: read all the same"] += same
            counts[f"{how}: READ WRONG"] += not same
        except InputError:
            counts[f"{how}: reading refused in words"] += 1
        took = time.perf_counter() - begin
        counts[f"{how}: took longer than 5 s"] += took > 5
        path.write_bytes(kept)
    counts[f"{how}: all"] = done


def two_writers(folder: Path, each: int) -> None:
    """Two processes write at the same time."""
    begin = time.perf_counter()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, folder, str(first), str(each)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (1000, 5000)
    ]
    said = [one.communicate()[0].split() for one in writers]
    store = Store.open(folder)
    there = {run.run_id for run in store.runs()}
    print(
        f"two writers: codes {[one.returncode for one in writers]}, acknowledged "
        f"{[len(one) for one in said]}, lost {len({r for one in said for r in one} - there)}, "
        f"commits {store.head().partition(':')[0]}, problems {len(verify(folder).problems)}, "
        f"{time.perf_counter() - begin:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        totals: Counter[str] = Counter()
        here = filled(Path(name) / "store")
        damage(here, 1000, "flip", totals)
        print(dict(totals), flush=True)
        damage(here, 500, "mutate", totals)
        print(dict(totals), flush=True)
        two_writers(Store.init(Path(name) / "shared").folder, 200)
