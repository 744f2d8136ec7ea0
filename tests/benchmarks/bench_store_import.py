"""Time of one commit that touches many patients, as an import of clinical data does.

``python -m tests.benchmarks.bench_store_import [PATIENTS] [FOLDER]``, from the root of the project.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from qpcr.records import Change, Kind, Store

VALUES = {
    "sex": "male",
    "age": {"value": 44.0, "unit": "years"},
    "wbc": {"value": 5.5, "unit": "10^9/L"},
    "diagnosis_date": "2021-03-05",
    "ph": True,
}
"""Synthetic: the same for everybody."""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    folder = Path(tempfile.mkdtemp(dir=sys.argv[2] if len(sys.argv) > 2 else None))
    try:
        store = Store.init(folder / "store")
        changes = [
            Change(f"p{number}", Kind.CLINICAL, name, value, source="synthetic")
            for number in range(count)
            for name, value in VALUES.items()
        ]
        wall, cpu = time.perf_counter(), time.process_time()
        store.commit(changes=changes, user="benchmark")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{count} patients: {wall:.1f} s, of which {cpu:.1f} s of processor time")
        assert not store.verify().problems
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
