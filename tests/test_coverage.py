"""Intervals of Ct on simulated plates, through the file, the optics and the automatic baseline.

The truth is the noise-free run of the same plate: the same templates, chemistry and optical errors,
only without detection noise. What the optics make of a plate is its signal; noise is what the
interval has to cover.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from qpcr.curves import from_run
from qpcr.fits import fit_curves
from qpcr.formats import read_run
from qpcr.instrument._arithmetic import baseline_lines
from qpcr.simulate import demo_plate, simulate_plate, write_eds

LATEST = 35.0
"""Clean curves are earlier."""


def curves_of(folder, spec, seed):
    path = folder / "simulated.eds"
    write_eds(simulate_plate(spec, seed), path)
    return from_run(read_run(path))


def crossing(cycles, drn, threshold):
    """Cycle at which a noise-free curve crosses, by a spline through its logarithm."""
    k = np.flatnonzero((drn[:-1] <= threshold) & (drn[1:] > threshold))[-1]
    fine = np.linspace(cycles[k], cycles[k + 1], 2001)
    level = CubicSpline(cycles, np.log(np.clip(drn, 1e-6, None)))(fine)
    return np.interp(np.log(threshold), level, fine)


def truths(noisy, clean, product, row):
    """Crossing above the same window, and above what the well shows before there is product."""
    x, rn, threshold = noisy.cycles, clean.rn[row], noisy.threshold_of(row)
    window = np.array([[noisy.baselines[row].start, noisy.baselines[row].stop]])
    intercept, slope = baseline_lines(rn[None], window)
    before = slice(2, max(int((product < 1e-4 * product.max()).sum()), 6))
    background = np.polyval(np.polyfit(x[before], rn[before], 1), x)
    same = crossing(x, rn - intercept - slope * x, threshold)
    return same, crossing(x, rn - background, threshold)


@pytest.mark.parametrize("noise", [2.0, 4.0])
def test_intervals_hold_the_truth_on_simulated_plates(tmp_path, noise):
    held = []
    for seed in range(6):
        spec = dataclasses.replace(demo_plate(), noise=noise)
        product = simulate_plate(spec, seed).truth.drn
        noisy = curves_of(tmp_path, spec, seed)
        clean = curves_of(tmp_path, dataclasses.replace(spec, noise=0.0), seed)
        fits = fit_curves(noisy, polish=False)
        for row, fit in enumerate(fits):
            if fit.cq is not None and fit.cq < LATEST:
                both = truths(noisy, clean, product[row], row)
                held.append([fit.cq_low <= truth <= fit.cq_high for truth in both])
    assert len(held) > 140
    same, background = np.mean(held, axis=0)
    assert 0.93 <= same <= 1.0
    assert 0.92 <= background <= 0.985
