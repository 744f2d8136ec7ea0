"""Time of the recommended Cq method for 10,000 simulated curves on one core, whole table."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from shared_curves import CYCLES, assay

from qpcr.settings import FitSettings, Settings
from qpcr.tables import CurveTable
from qpcr.tabulate import cq_table

COUNT, TARGETS = 10_000, 100


def main() -> None:
    """Print ms a curve: everything that ``qpcr fit --engine batch`` does but reading the file."""
    start = 10 ** np.random.default_rng(0).uniform(-8, -3, COUNT)
    table = CurveTable(
        tuple(f"w{n}" for n in range(COUNT)), CYCLES.astype(np.int64), assay(start).signal
    )
    targets = [f"t{n % TARGETS}" for n in range(COUNT)]
    for method in ("recommended", "cy0"):
        began = time.process_time()
        cq_table(table, "set", targets, method, False, Settings(), FitSettings())
        took = time.process_time() - began
        print(f"{method}: {took * 1e3 / COUNT:.3f} ms a curve")


if __name__ == "__main__":
    main()
