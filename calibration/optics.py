"""From filter readings to dye signals: correction of each well, then pure-dye unmixing.

The chain, for well w, reading r, filter f (single precision exactly where the instrument's
software uses it):

1. 7500: ``sub = raw · U[w, f]`` with the uniformity multipliers U.
   StepOne: ``sub = raw − B[w, f]`` with the background offsets B; it has no uniformity table.
2. ``P[w]`` (D × F): the pure-dye spectra of the well's D dyes.
3. ``signal = pinv(P[w]ᵀ) · sub``: ordinary least squares, no weights, no non-negativity.
4. StepOne divides each dye's signal by that dye's norm factor; the 7500 has none.
5. ``residual = sqrt(Σ_f (sub − Pᵀ·signal)² / (F − D))``, before step 4: a residual standard error.

The 7500's chain was measured on instrument files that keep every intermediate value (steps 1-2 bit
for bit, 3 within 7e-7, 5 within 1.2e-5 relative); the StepOne's background and norm factor were
found in the same way (within 5e-6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from calibration.errors import CalibrationError

Float32Array = npt.NDArray[np.float32]

MAX_CONDITION = 1e6
"""Largest accepted ratio of singular values of a pure-dye matrix; beyond it noise explodes."""


@dataclass(frozen=True, eq=False)
class OpticalCalibration:
    """What a laboratory's calibration of an instrument says about its optics, per well.

    Attributes
    ----------
    filters
        Names of the F filters.
    pure_dyes
        By dye name: (W, F) float32 relative emission, strongest filter 1.
    uniformity
        (W, F) float32 multipliers, or ``None`` where the instrument has no such table.
    background
        (W, F) float32 offsets to subtract, in counts, or ``None`` where the stored readings are
        background-subtracted already.
    norm_factors
        By dye name: (W,) float32 divisors of the dye's signal; dyes that are absent have none.
    dates
        When each part was calibrated, as far as the file says.
    """

    filters: tuple[str, ...]
    pure_dyes: Mapping[str, Float32Array]
    uniformity: Float32Array | None = None
    background: Float32Array | None = None
    norm_factors: Mapping[str, Float32Array] = field(default_factory=dict)
    dates: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wells = {len(table) for table in self.pure_dyes.values()}
        for table in (self.uniformity, self.background):
            if table is not None:
                wells.add(len(table))
        if len(wells) > 1:
            raise CalibrationError(f"tables for different numbers of wells: {sorted(wells)}")
        columns = len(self.filters)
        pure = {name: _table(name, t, columns) for name, t in self.pure_dyes.items()}
        object.__setattr__(self, "pure_dyes", pure)
        for name in ("uniformity", "background"):
            table = getattr(self, name)
            if table is not None:
                object.__setattr__(self, name, _table(name, table, columns))
        norm = {name: _divisors(name, t) for name, t in self.norm_factors.items()}
        object.__setattr__(self, "norm_factors", norm)
        object.__setattr__(self, "dates", dict(self.dates))

    def spectra(self, well: int, dyes: Sequence[str]) -> Float32Array:
        """Pure-dye matrix of one well.

        Returns
        -------
        ndarray
            (D, F) float32, a row a dye, in the order of `dyes`.

        Raises
        ------
        CalibrationError
            A dye has no pure-dye calibration.
        """
        missing = [dye for dye in dyes if dye not in self.pure_dyes]
        if missing:
            raise CalibrationError(
                f"no pure-dye calibration for {', '.join(missing)}; "
                f"there are {', '.join(sorted(self.pure_dyes)) or 'none'}"
            )
        return np.stack([self.pure_dyes[dye][well] for dye in dyes])


@dataclass(frozen=True, eq=False, slots=True)
class Unmixed:
    """Dye signals of one well.

    Attributes
    ----------
    dyes
        Names of the D dyes.
    signal
        (D, C) float32, arbitrary fluorescence units.
    residual
        (C,) float32 residual standard error over the filters, counts; 0 where there are as many
        dyes as filters, and nothing is left over to check with.
    """

    dyes: tuple[str, ...]
    signal: Float32Array
    residual: Float32Array


def _table(name: str, table: npt.ArrayLike, columns: int) -> Float32Array:
    """Copy one (W, F) table read-only; refuse other shapes and numbers that are not finite."""
    copy: Float32Array = np.array(table, dtype=np.float32)
    if copy.ndim != 2 or copy.shape[1] != columns:
        raise CalibrationError(f"{name}: wells × {columns} filters expected, not {copy.shape}")
    if not np.isfinite(copy).all():
        raise CalibrationError(f"{name}: holds values that are not finite numbers")
    copy.setflags(write=False)
    return copy


def _divisors(name: str, values: npt.ArrayLike) -> Float32Array:
    """Copy the norm factors of one dye read-only; they must be positive."""
    copy: Float32Array = np.array(values, dtype=np.float32)
    if copy.ndim != 1 or not (np.isfinite(copy).all() and (copy > 0).all()):
        raise CalibrationError(f"{name}: norm factors must be positive numbers")
    copy.setflags(write=False)
    return copy


def correct(raw: npt.ArrayLike, calibration: OpticalCalibration) -> Float32Array:
    """Correct raw filter readings for the well they were read in (step 1).

    Parameters
    ----------
    raw
        (W, C, F) counts.
    calibration
        With a uniformity table, a background table, or neither.

    Returns
    -------
    ndarray
        (W, C, F) float32.

    Raises
    ------
    CalibrationError
        The tables are of another plate or of other filters.
    """
    values: Float32Array = np.asarray(raw, dtype=np.float32)
    for table in (calibration.background, calibration.uniformity):
        if table is not None and table.shape != (values.shape[0], values.shape[2]):
            raise CalibrationError(
                f"the calibration is for {table.shape[0]} wells and {table.shape[1]} filters, "
                f"the readings are of {values.shape[0]} wells and {values.shape[2]} filters"
            )
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        if calibration.background is not None:
            values = values - calibration.background[:, None, :]
        if calibration.uniformity is not None:
            values = values * calibration.uniformity[:, None, :]
    if not np.isfinite(values).all():
        raise CalibrationError("the readings and their calibration give no finite numbers")
    return values


def unmix(
    corrected: Float32Array, well: int, dyes: Sequence[str], calibration: OpticalCalibration
) -> Unmixed:
    """Tell the dyes of one well apart (steps 2-5).

    Parameters
    ----------
    corrected
        (C, F) corrected readings of this well.
    well
        0-based row-major index.
    dyes
        Names of the D dyes in the well, D ≤ F.
    calibration
        With a pure-dye table for every dye.

    Returns
    -------
    Unmixed

    Raises
    ------
    CalibrationError
        A dye without calibration, more dyes than filters, or spectra that cannot be told apart.
    """
    spectra = calibration.spectra(well, dyes)
    count, filters = spectra.shape
    if not 0 < count <= filters:
        raise CalibrationError(f"{count} dyes cannot be told apart with {filters} filters")
    singular = np.linalg.svd(spectra.astype(np.float64), compute_uv=False)
    if singular[-1] * MAX_CONDITION < singular[0]:
        raise CalibrationError(f"the spectra of {', '.join(dyes)} are too alike to be told apart")
    design = spectra.astype(np.float64).T
    readings = corrected.astype(np.float64).T
    signal = np.linalg.pinv(design) @ readings
    missed = readings - design @ signal
    spare = filters - count
    residual = np.sqrt((missed**2).sum(axis=0) / spare) if spare else np.zeros(readings.shape[1])
    for row, dye in enumerate(dyes):
        if dye in calibration.norm_factors:
            signal[row] /= np.float64(calibration.norm_factors[dye][well])
    return Unmixed(tuple(dyes), signal.astype(np.float32), residual.astype(np.float32))
