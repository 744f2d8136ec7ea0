"""Time of `qpcr --help` and of one whole `qpcr analyze`, against the libraries they stand on.

Run it: ``python tests/benchmarks/bench_start.py``. Every figure is the median of several fresh
processes, and stands beside that of an empty interpreter and of ``import lmfit`` in the same run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from qpcr.simulate import demo_plate, simulate_plate, write_eds

REPEATS = 7


def seconds(code: str) -> float:
    """Median wall time of a fresh interpreter that runs some code."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def command(*arguments: str) -> str:
    """Code that runs a command as its script does."""
    return f"import sys; sys.argv = ['qpcr', *{arguments!r}]; from cli import main; main()"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        plate = Path(folder) / "simulated.eds"
        write_eds(simulate_plate(demo_plate(), seed=1), plate)
        rows = {
            "python -c pass": "pass",
            "import numpy": "import numpy",
            "import lmfit": "import lmfit",
            "qpcr --help": command("--help"),
            "qpcr inspect (96 wells)": command("inspect", str(plate)),
            "qpcr analyze (96 wells)": command("analyze", str(plate)),
            "qpcr analyze --out": command("analyze", str(plate), "--out", folder),
        }
        times = {name: seconds(code) for name, code in rows.items()}
    peer = times["import lmfit"]
    print(f"{'':<26}{'seconds':>9}{'× import lmfit':>16}")
    for name, value in times.items():
        print(f"{name:<26}{value:>9.3f}{value / peer:>16.2f}")


if __name__ == "__main__":
    main()
