"""How often intervals of quantities hold the truth, on SIMULATED dilution series.

Run it: ``python tests/benchmarks/bench_quantities.py``. Counts with their 95 % interval.
"""

from __future__ import annotations

import math

import numpy as np

from calibration.hit_rates import LINKS, quantile
from calibration.lod import Level, detection_limit, single_copy_limit
from calibration.standard_curve import fit_standard_curve

TRIALS = 20_000
FEW = 1_000
SLOPE, INTERCEPT = -3.45, 39.0


def said(name: str, hits: int, trials: int) -> None:
    """One line of the table."""
    share = hits / trials
    half = 1.96 * math.sqrt(share * (1 - share) / trials)
    print(f"{name:<52} {share:7.2%} ± {half:.2%}  ({trials} series)")


def curves(rng: np.random.Generator, levels: int, replicates: int, sd: float) -> None:
    """Coverage of slope, efficiency, and quantities of one and three wells."""
    quantities = np.repeat(10.0 ** np.arange(1, levels + 1), replicates)
    hits = np.zeros(4, dtype=int)
    for _ in range(TRIALS):
        cqs = INTERCEPT + SLOPE * np.log10(quantities) + rng.normal(0, sd, len(quantities))
        curve = fit_standard_curve(quantities, cqs)
        x = rng.uniform(0.5, levels + 0.5)
        cq = INTERCEPT + SLOPE * x
        truth = 10 ** (-1 / SLOPE) - 1
        efficiency, slope = curve.efficiency_interval(), curve.slope_interval()
        one = curve.quantity(cq + rng.normal(0, sd, 1))
        three = curve.quantity(cq + rng.normal(0, sd, 3))
        hits += [
            slope.low <= SLOPE <= slope.high,
            efficiency.low <= truth <= efficiency.high,
            one.low <= 10**x <= one.high,
            three.low <= 10**x <= three.high,
        ]
    label = f"{levels} levels × {replicates}, SD {sd}"
    for name, count in zip(("slope", "efficiency", "one well", "three wells"), hits, strict=True):
        said(f"{label}: {name}", int(count), TRIALS)


def limits(rng: np.random.Generator, wells: int) -> None:
    """Coverage of limits of detection by their profile likelihoods."""
    quantities = np.array([0.5, 1, 2, 4, 8, 16, 32])
    for link in LINKS:
        hits = plain = above = trials = 0
        eta = quantile(link, 0.95) + 3.0 * (np.log10(quantities) - 1)
        rate = {
            "probit": lambda e: 0.5 * np.vectorize(math.erfc)(-e / math.sqrt(2)),
            "logit": lambda e: 1 / (1 + np.exp(-e)),
            "cloglog": lambda e: -np.expm1(-np.exp(e)),
        }[link](eta)
        for _ in range(FEW):
            counts = series(rng, quantities, wells, rate)
            made = detection_limit(counts, link)
            if made.value is None:
                continue
            trials += 1
            hits += (made.low or 0) <= 10 <= (made.high or math.inf)
            above += (made.high or math.inf) < 10
            bare = detection_limit(counts, link, adjusted=False)
            plain += (bare.low or 0) <= 10 <= (bare.high or math.inf)
        said(f"LOD {link}, 7 levels × {wells}", hits, trials)
        said(f"LOD {link}, 7 levels × {wells}: truth above", above, trials)
        said(f"LOD {link}, 7 levels × {wells}: not adjusted", plain, trials)
    hits = 0
    for _ in range(FEW):
        made = single_copy_limit(series(rng, quantities, wells, -np.expm1(-quantities)))
        hits += made.low <= -math.log(0.05) <= made.high
    said(f"LOD single molecules, 7 levels × {wells}", hits, FEW)


def series(rng, quantities, wells, rate):
    """One dilution series."""
    return [
        Level(float(q), wells, int(k))
        for q, k in zip(quantities, rng.binomial(wells, rate), strict=True)
    ]


if __name__ == "__main__":
    generator = np.random.default_rng(20)
    for levels, replicates, sd in ((5, 3, 0.15), (6, 2, 0.3), (4, 3, 0.05), (3, 2, 0.5)):
        curves(generator, levels, replicates, sd)
    for wells in (12, 24):
        limits(generator, wells)
