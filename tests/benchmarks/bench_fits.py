# ruff: noqa: E402 - it prints; threads are limited before NumPy is imported
"""Time and memory of fitting against lmfit one curve at a time, on the same curves, in one run.

    python tests/benchmarks/bench_fits.py [--quick]

Real curves (the folder of ``IKAROS_DATA``, else ``../shared/data`` beside the checkout) where they
are there, else synthetic ones. Everything is measured on one core and printed as a ratio; nothing
is asserted, since machines differ.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
import warnings
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import lmfit
import numpy as np

from qpcr.fits import fit_arrays
from qpcr.models import models
from qpcr.models._solve import solve

ORDINARY = ("dil4reps94", "vermeulen2_half", "reps", "reps3", "boggy")
MIX = (*ORDINARY, "RAS002", "testdat", "competimer", "reps384")
COUNTS = (96, 384, 10_000, 100_000)

Curves = list[tuple[np.ndarray, np.ndarray]]


def load(names: tuple[str, ...]) -> Curves:
    """Cycles and curves (n, C) of each named set; synthetic ones without data."""
    folder = os.environ.get("IKAROS_DATA")
    root = Path(folder) if folder else Path(__file__).parents[3] / "shared" / "data"
    files = [root / "curves" / f"{name}.csv" for name in names]
    if not all(file.exists() for file in files):
        print("no real curves found: synthetic ones are used")
        return [synthetic(500, 45, flat="RAS002" in names)]
    tables = [np.genfromtxt(file, delimiter=",", skip_header=1) for file in files]
    return [(table[:, 0], table[:, 1:].T.copy()) for table in tables]


def synthetic(count: int, cycles: int, *, flat: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Synthetic curves: Gompertz-like to logistic rises, some flat, 0.3 % noise."""
    rng = np.random.default_rng(0)
    x = np.arange(1.0, cycles + 1)
    middle = rng.uniform(15, 0.85 * cycles, (count, 1))
    skew = np.exp(rng.normal(0, 0.7, (count, 1)))
    rise = (1 + np.exp(-(x - middle) / 1.5)) ** -skew
    if flat:
        rise[::3] *= 0.0
    y = 1.0 + 5.0 * rise
    return x, y * (1 + 0.003 * rng.normal(size=y.shape))


def lmfit_each(curves: Curves, share: int) -> tuple[float, int]:
    """Seconds a curve of ``lmfit.Model.fit`` as a careful user sets it up, on every n-th curve."""

    def logistic(x, b, e, f, c, d):
        return c + (d - c) * np.exp(-f * np.logaddexp(0.0, b * (np.log(x) - np.log(e))))

    model = lmfit.Model(logistic)
    spent, count = 0.0, 0
    for x, rows in curves:
        for y in rows[::share]:
            known = np.isfinite(y)
            low, high = float(np.nanmin(y)), float(np.nanmax(y))
            half = float(x[known][np.argmin(np.abs(y[known] - (low + high) / 2))])
            begin = time.perf_counter()
            parameters = model.make_params(
                b={"value": -half / 1.5, "min": -1000, "max": -0.5},
                e={"value": half, "min": 0.1, "max": 10 * x[-1]},
                f={"value": 1.0, "min": 1e-3, "max": 1e3},
                c=low,
                d=high,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(y[known], parameters, x=x[known])
            spent += time.perf_counter() - begin
            count += 1
    return spent / count, count


def batch(curves: Curves) -> float:
    """Seconds a curve of the batched five-parameter fit."""
    five = models()["logistic5"]
    for x, y in curves:
        solve(x, y[:2], five)
    begin = time.perf_counter()
    for x, y in curves:
        solve(x, y, five)
    return (time.perf_counter() - begin) / sum(len(y) for _, y in curves)


def agreement(curves: Curves, share: int) -> None:
    """Sums of squares of the batch against lmfit started there, and from other starts."""
    gaps = []
    for x, y in curves:
        rough = fit_arrays(x, y[::share], model="logistic5").table
        fine = fit_arrays(x, y[::share], model="logistic5", polish=True).table
        gap = np.abs(rough.rss - fine.rss) / np.maximum(fine.rss, 1e-300)
        gaps.append(np.where(fine.polished, gap, np.nan))
    gap = np.concatenate(gaps)
    print(
        f"  batch against lmfit from its optimum: {len(gap)} curves, lmfit spoke on "
        f"{np.isfinite(gap).mean():.2%}; RSS within 1e-6 on {np.nanmean(gap <= 1e-6):.2%}, "
        f"largest difference {np.nanmax(gap):.1e}"
    )


def memory_mb() -> float:
    """Largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run every measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer lmfit fits, no 100,000 curves")
    quick = parser.parse_args().quick
    for title, names in (("ordinary curves", ORDINARY), ("mix with flat and symmetric", MIX)):
        curves = load(names)
        share = 20 if quick else 4
        alone, count = lmfit_each(curves, share)
        together = batch(curves)
        total = sum(len(y) for _, y in curves)
        print(
            f"{title}: lmfit.Model.fit {1e3 * alone:.2f} ms a curve ({count} of {total}), batch "
            f"{1e6 * together:.0f} µs a curve: {alone / together:.0f} times faster"
        )
        agreement(curves, share)
        if title.startswith("ordinary"):
            each = alone
    print(f"memory before the large batches: {memory_mb():.0f} MB")
    for count in COUNTS[:-1] if quick else COUNTS:
        x, y = synthetic(count, 45)
        begin = time.perf_counter()
        solve(x, y, models()["logistic5"])
        fit = (time.perf_counter() - begin) / count
        begin = time.perf_counter()
        fit_arrays(x, y - 1.0, rn=y, thresholds=np.full(count, 0.3))
        whole = (time.perf_counter() - begin) / count
        line = (
            f"{count:7d} synthetic curves: batch {1e6 * fit:.0f} µs a curve "
            f"({each / fit:.0f} times lmfit), with Ct, errors and reasons {1e6 * whole:.0f} µs"
        )
        if count <= 384:
            begin = time.perf_counter()
            fit_arrays(x, y - 1.0, rn=y, thresholds=np.full(count, 0.3), polish=True)
            line += f", with lmfit's polish {1e3 * (time.perf_counter() - begin) / count:.2f} ms"
        print(f"{line}; memory {memory_mb():.0f} MB")


if __name__ == "__main__":
    main()
