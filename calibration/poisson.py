"""Few molecules: standards and replicate wells weighted by the variance of a Poisson count.

A well that expects N molecules holds a Poisson number of them; its Ct has the variance
σ² + (m/ln 10)²/N about the line, m being the slope and σ the scatter of a well with many (delta
method). Unweighted, the lowest standards, which scatter most, count as much as the others.

Replicates of a sample expect the same number, so that their mean quantity is the maximum-likelihood
estimate of it; the mean Ct is that of the geometric mean, too low by 1/(2N) of it. 40,000 SIMULATED
samples of three wells (0.15 cycles): at 5 molecules a well the mean Ct is 10 % low (RMSE of the
logarithm 0.32), the mean quantity 2 % (0.27); at 20 molecules 2.5 and 0.5 %; at 200 they agree.

Intervals are a little short: the weights are estimated from the same few wells, and what chance
adds to a sample's own wells is not in those of :func:`mean_quantity`. 3,000 SIMULATED plates of
five levels and a sample in triplicate (0.15 cycles): 95 % intervals held the truth in 93 to 94 % at
200 and 5,000 molecules a well, and in 88 % at 20.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from calibration.levels import snapped_quantities
from calibration.standard_curve import Quantity, StandardCurve, fit_standard_curve

LEAST_SD = 0.05
"""Scatter of a well with many molecules, cycles, below which none is believed."""


def poisson_curve(
    quantities: Sequence[float], cqs: Sequence[float], copies: Sequence[float]
) -> StandardCurve:
    """Fit a standard curve whose wells are weighted by the variance of their molecules.

    σ comes from the scatter within levels, less what chance explains.

    Parameters
    ----------
    quantities, cqs
        As :func:`~calibration.standard_curve.fit_standard_curve` takes them.
    copies
        Molecules that each well expects.

    Returns
    -------
    StandardCurve
        `residual_sd` is that of a well with many molecules.

    Raises
    ------
    CalibrationError
        As :func:`~calibration.standard_curve.fit_standard_curve`.
    """
    plain = fit_standard_curve(quantities, cqs)
    chance = (plain.slope / math.log(10)) ** 2 / np.asarray(copies, dtype=np.float64)
    _, place = np.unique(snapped_quantities(quantities), return_inverse=True)
    y = np.asarray(cqs, dtype=np.float64)
    count = np.bincount(place)
    mean, part = np.bincount(place, y) / count, np.bincount(place, chance) / count
    spare = float((count - 1).sum())
    within = float(((y - mean[place]) ** 2).sum()) - float(((count - 1) * part).sum())
    variance = max(within / spare if spare else 0.0, LEAST_SD**2)
    weights = 1 / (variance + chance)
    curve = fit_standard_curve(quantities, cqs, weights, weighting="poisson")
    many = 1 / variance / float(weights.mean())  # weight of a well with many molecules
    v00, v01, v11 = (one * many for one in curve.unscaled)
    return dataclasses.replace(
        curve, residual_sd=curve.residual_sd / math.sqrt(many), unscaled=(v00, v01, v11)
    )


def mean_quantity(curve: StandardCurve, cqs: Sequence[float]) -> Quantity:
    """Quantity of a sample as the mean of its wells' quantities, with Fieller's limits about it.

    Raises
    ------
    CalibrationError
        As :meth:`~calibration.standard_curve.StandardCurve.quantity`.
    """
    plain = curve.quantity(cqs)
    each = 10 ** ((np.asarray(cqs, dtype=np.float64) - curve.intercept) / curve.slope)
    shift = curve.slope * math.log10(float(each.mean()) / plain.value)
    return curve.quantity([cq + shift for cq in cqs])
