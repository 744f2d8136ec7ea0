"""The optics of a five-filter instrument run forwards: dyes → filters → counts.

Written apart from the arithmetic that reads files, so that each can test the other. For a well,
with P the pure-dye spectra (dyes × filters) and U the uniformity multipliers,

    expected counts = Pᵀ·dyes / U,

then noise, rounding and clamping at zero, as the instrument's acquisition stores them. All
calibration values are float32, as their text in the file is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qpcr._frozen import Float32Array, FloatArray, IntArray
from qpcr.simulate.spec import FILTERS, Conditions

SPECTRA: Mapping[str, tuple[float, ...]] = {
    "CY3": (0.020, 0.810, 1.0, 0.085, 0.003),
    "CY5": (0.0, 0.001, 0.004, 0.060, 1.0),
    "FAM": (1.0, 0.080, 0.006, 0.002, 0.0),
    "JOE": (0.180, 1.0, 0.200, 0.035, 0.001),
    "NED": (0.012, 0.280, 1.0, 0.230, 0.004),
    "ROX": (0.015, 0.004, 0.110, 1.0, 0.003),
    "SYBR": (1.0, 0.160, 0.035, 0.010, 0.0),
    "TAMRA": (0.030, 0.150, 1.0, 0.340, 0.001),
    "TEXAS RED": (0.004, 0.003, 0.055, 1.0, 0.120),
    "VIC": (0.120, 1.0, 0.260, 0.045, 0.001),
}
"""Made-up relative emission of each dye through the five filters: plausible, measured nowhere."""

_SPECTRUM_SD = 0.03
_ENTRY_FLOOR_SD = 0.0005
_UNIFORMITY_WELL_SD = 0.03
_UNIFORMITY_FILTER_SD = 0.012
_EDGE_LOSS = 0.42


def pure_dyes(wells: int, rng: np.random.Generator) -> dict[str, Float32Array]:
    """Calibrated spectra of every dye: (W, F) each, ≥ 0, the strongest filter exactly 1."""
    dyes = {}
    for name, spectrum in SPECTRA.items():
        mean = np.asarray(spectrum)
        values = mean * np.exp(rng.normal(0, _SPECTRUM_SD, (wells, FILTERS)))
        values += rng.normal(0, _ENTRY_FLOOR_SD, (wells, FILTERS))
        values = np.clip(values, 0, 0.99)
        values[:, int(mean.argmax())] = 1
        dyes[name] = values.astype(np.float32)
    return dyes


def true_spectra(
    calibrated: Mapping[str, Float32Array], spread: float, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Spectra the dyes really have: minor entries off by a relative error of the given spread."""
    dyes = {}
    for name, values in calibrated.items():
        error = np.exp(rng.normal(0, spread, values.shape))
        dyes[name] = np.where(values == 1, 1.0, values * error)
    return dyes


def uniformity(rows: int, columns: int, rng: np.random.Generator) -> Float32Array:
    """Multipliers (W, F) that undo the lighting: below 1 in the bright centre, above at edges."""
    y = np.linspace(-1, 1, rows) if rows > 1 else np.zeros(1)
    x = np.linspace(-1, 1, columns) if columns > 1 else np.zeros(1)
    # The lamp is never quite centred: an offset of a twentieth of the plate.
    radius2 = (np.square(y + 0.05)[:, None] + np.square(x - 0.05)[None, :]) / 2
    brightness = (1 - _EDGE_LOSS * radius2).reshape(-1, 1)
    brightness = brightness * np.exp(
        rng.normal(0, _UNIFORMITY_WELL_SD, brightness.shape)
        + rng.normal(0, _UNIFORMITY_FILTER_SD, (len(brightness), FILTERS))
    )
    multiplier: Float32Array = (brightness.mean(axis=0) / brightness).astype(np.float32)
    return multiplier


def expected_counts(
    amounts: Mapping[str, FloatArray],
    spectra: Mapping[str, FloatArray],
    multipliers: Float32Array,
) -> FloatArray:
    """Noise-free counts (W, C, F) of dye amounts (W, C) each."""
    wells, cycles = next(iter(amounts.values())).shape
    light = np.zeros((wells, cycles, FILTERS))
    for dye, amount in amounts.items():
        light += amount[:, :, None] * spectra[dye][:, None, :]
    return light / multipliers.astype(np.float64)[:, None, :]


def detect(
    expected: FloatArray,
    used: Mapping[int, object],
    conditions: Conditions,
    noise: float,
    rng: np.random.Generator,
) -> IntArray:
    """Add noise and background residue to expected counts; round and clamp at 0: (W, C, F).

    `noise` scales what changes from reading to reading; the residue of the background
    subtraction is a constant of each well and filter, and large in empty wells, which scatter.
    """
    wells, cycles, filters = expected.shape
    stray = np.asarray(conditions.stray_counts) * (1 + rng.normal(0, 1, (wells, filters)))
    residue = rng.normal(0, 1, (wells, filters)) * conditions.background_error_counts
    in_use = np.isin(np.arange(wells), list(used))[:, None]
    level = expected + np.where(in_use, residue, stray)[:, None, :]
    lamp = 1 + noise * conditions.lamp_noise * rng.normal(0, 1, (1, cycles, 1))
    variance = conditions.shot_noise * np.clip(level, 0, None) + conditions.read_noise_counts**2
    level = level * lamp + noise * np.sqrt(variance) * rng.normal(0, 1, expected.shape)
    counts: IntArray = np.clip(np.rint(level), 0, 2**31 - 1).astype(np.int64)
    return counts


def unmix(
    uniform: Float32Array, spectra: Float32Array
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """One well's multicomponent data as the instrument stores it.

    Parameters
    ----------
    uniform
        (C, F) counts times the uniformity multipliers, float32.
    spectra
        (D, F) float32, D ≤ F.

    Returns
    -------
    tuple
        Pseudo-inverse (D, F); dye signals (D, C); residual standard error (C,) with F − D
        degrees of freedom, zero where there are none. Computed in double, rounded to float32.
    """
    light, forward = uniform.astype(np.float64), spectra.astype(np.float64)
    inverse = np.linalg.pinv(forward.T)
    signal = inverse @ light.T
    misfit = light - signal.T @ forward
    freedom = FILTERS - len(forward)
    residual = np.sqrt(np.square(misfit).sum(axis=1) / freedom) if freedom else np.zeros(len(light))
    single = np.float32
    return inverse.astype(single), signal.astype(single), residual.astype(single)
