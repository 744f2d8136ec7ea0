"""How often control charts raise false alarms, and how soon they see what is wrong.

    python tests/benchmarks/bench_control_charts.py [charts]

Simulated series of 120 independent normal values, limits from the first 20. An alarm of a kind is
one at any value: Westgard's rules that reject, sums (CUSUM), test of trend.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from calibration.trend import trend
from calibration.westgard import chart

LENGTH = 120
KINDS = ("rules", "sums", "trend")


def first_alarms(values: list[float]) -> dict[str, int]:
    """Place of the first alarm of each kind; LENGTH where there is none."""
    made = chart(values)
    places = range(len(values))
    rejected = {one.places[-1] for one in made.violations if one.rejects}
    creeps = (i for i in places if (found := trend(range(i + 1), values[: i + 1])) and found.seen)
    return {
        "rules": min(rejected, default=LENGTH),
        "sums": next((i for i in places if made.sums.drift(i)), LENGTH),
        "trend": next(creeps, LENGTH),
    }


def main() -> None:
    charts = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    random = np.random.default_rng(1)
    begin = time.perf_counter()
    cases = {
        "in control": np.zeros(LENGTH),
        "1 SD higher from 41 on": np.where(np.arange(LENGTH) >= 40, 1.0, 0.0),
        "2 SD higher from 41 on": np.where(np.arange(LENGTH) >= 40, 2.0, 0.0),
        "0.1 SD a run from 41 on": 0.1 * np.maximum(np.arange(LENGTH) - 40, 0),
        "0.1 SD a run from the first": 0.1 * np.arange(LENGTH),
    }
    print(f"{charts} charts of {LENGTH} values each")
    for name, shift in cases.items():
        start = 0 if not shift.any() else int(np.flatnonzero(shift)[0])
        found = [first_alarms((random.normal(size=LENGTH) + shift).tolist()) for _ in range(charts)]
        for kind in KINDS:
            at = np.array([one[kind] for one in found])
            if start == 0 and not shift.any():
                print(f"{name}: {kind}: alarm within 40 {np.mean(at < 40):.3f}, "
                      f"120 {np.mean(at < LENGTH):.3f}")  # fmt: skip
                continue
            late = at[at >= start] - start + 1
            print(
                f"{name}: {kind}: median {np.median(late):.0f} values, within 20 "
                f"{np.mean(late <= 20):.3f} (of {len(late)} without an earlier alarm)"
            )
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
