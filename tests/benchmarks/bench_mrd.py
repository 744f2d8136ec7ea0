"""Outcomes of residual disease against the truth, on SIMULATED patients with background.

Run it: ``python tests/benchmarks/bench_mrd.py``. Each patient has a dilution of 1e-1 … 1e-5 in
triplicate and six wells of normal DNA, of which unspecific product amplifies late with a chance of
its own; molecules are drawn by Poisson, wells scatter by 0.15 cycles, DNA in a well varies by 20 %
and is counted by ALB. One sample in twenty has hardly any DNA, one in twenty a well that failed.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from calibration.mrd import Outcome, assess_sample
from calibration.mrd_assay import assess_assay
from calibration.mrd_cells import count_cells
from calibration.mrd_profile import load_profile
from calibration.standard_curve import fit_standard_curve

PATIENTS = 2_000
TRUTHS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
SLOPE, ONE_COPY, SD = -3.45, 39.5, 0.15
FULL = 500_000 / 6.6


def cq(rng, copies, background):
    """Ct of a well: its molecules, or unspecific product where that comes first."""
    drawn = rng.poisson(copies)
    own = ONE_COPY + SLOPE * math.log10(drawn) + rng.normal(0, SD) if drawn else math.inf
    late = rng.normal(41.5, 1.2) if rng.random() < background else math.inf
    first = min(own, late)
    return first if first < 45 else None


def patient(rng, profile):
    """One patient: a result a truth, with the truth's correct outcomes."""
    background = rng.choice([0.0, 0.2, 0.6])
    levels = [(q, cq(rng, q * FULL, background)) for q in 10.0 ** -np.arange(1, 6) for _ in "123"]
    assay = assess_assay(profile, levels, [cq(rng, 0, background) for _ in range(6)])
    quantities = np.repeat([1e5, 1e4, 1e3], 3)
    alb = fit_standard_curve(quantities, [cq(rng, q, 0) for q in quantities])
    for truth in TRUTHS:
        fault = rng.choice(["none", "no DNA", "failed well"], p=[0.9, 0.05, 0.05])
        cells = FULL * math.exp(rng.normal(0, 0.2)) * (1e-5 if fault == "no DNA" else 1)
        wells = [cq(rng, truth * cells, background) for _ in "123"]
        if fault == "failed well":
            wells[0] = None
        counted = count_cells(profile, alb, [cq(rng, 2 * cells, 0) for _ in "12"])
        yield truth, fault, assay, assess_sample(profile, assay, wells, counted)


def main(avoid, weighting):
    """Print the table of one way of judging."""
    import dataclasses

    profile = load_profile("euromrd-2007")
    sample = dataclasses.replace(profile.sample, avoid=avoid)
    quantity = dataclasses.replace(profile.quantity, weighting=weighting)
    profile = dataclasses.replace(profile, sample=sample, quantity=quantity)
    rng = np.random.default_rng(8)
    table, covered, values, unusable = Counter(), Counter(), Counter(), 0
    width, bias = Counter(), Counter()
    for _ in range(PATIENTS):
        for truth, fault, assay, result in patient(rng, profile):
            row = fault if fault != "none" else f"{truth:g}"
            if assay.reason is not None:
                unusable += 1
                continue
            if fault == "failed well":
                row += ", 1e-3 and more" if truth >= 1e-3 else ", less"
            table[row, result.outcome] += 1
            if result.value is not None and fault == "none":
                values[row] += 1
                covered[row] += result.low <= truth <= result.high
                width[row] += math.log10(result.high / result.low)
                bias[row] += math.log10(result.value / truth)
    lost = f"{unusable / len(TRUTHS):.0f} of {PATIENTS} assays unusable"
    print(f"\navoiding {avoid}, weighting {weighting}; {lost}")
    print(f"{'truth':<28}" + "".join(f"{outcome:>27}" for outcome in Outcome) + "  interval holds")
    for row in dict.fromkeys(row for row, _ in table):
        total = sum(table[row, outcome] for outcome in Outcome)
        shares = "".join(f"{table[row, outcome] / total:>27.1%}" for outcome in Outcome)
        held = ""
        if values[row]:
            held = (
                f"{covered[row] / values[row]:.1%} of {values[row]}, width "
                f"{10 ** (width[row] / values[row]):.2f}-fold, bias "
                f"{10 ** (bias[row] / values[row]) - 1:+.1%}"
            )
        print(f"{row:<28}{shares}  {held}")


if __name__ == "__main__":
    for choice in ("false negatives", "false positives"):
        main(choice, "none")
    main("false negatives", "poisson")
