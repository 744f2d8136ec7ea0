"""Numbers of Cq methods on fixed SYNTHETIC curves: the version of a method stands for them.

``python -m tests.method_numbers``, from the root of the project, writes
``tests/fixtures/method_numbers.json`` anew, but only for methods that are new or whose version was
raised; the contract tests hold each method to what is written for its version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from qpcr.methods import methods
from tests.shared_curves import assay, batch_of

FILE = Path(__file__).parent / "fixtures" / "method_numbers.json"
COLUMNS = ("cq", "cq_se", "efficiency", "n0")


def numbers(name: str) -> dict[str, list[float | None]]:
    """What a method says of twelve wells of each of two assays; ``None`` where it says nothing."""
    start = np.repeat([1e-4, 1e-6, 1e-8], 4)
    signal = np.concatenate(
        [assay(start, e, brightness=0.02, seed=s).signal for e, s in ((1.95, 1), (1.85, 2))]
    )
    made = methods()[name].estimate(batch_of(signal, ["a"] * 12 + ["b"] * 12))
    return {
        column: [float(f"{v:.7g}") if np.isfinite(v) else None for v in getattr(made, column)]
        for column in COLUMNS
    }


def main() -> None:
    """Write the numbers of new methods and new versions."""
    known: dict[str, Any] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    for name, method in methods().items():
        if known.get(name, {}).get("version") != method.version:
            known[name] = {"version": method.version, **numbers(name)}
    text = json.dumps({name: known[name] for name in methods() if name in known}, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
