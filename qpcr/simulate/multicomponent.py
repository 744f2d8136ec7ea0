"""The instrument's multicomponent data of a simulated run, and their text form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qpcr._frozen import Float32Array
from qpcr.simulate import optics
from qpcr.simulate.run import SimulatedRun
from qpcr.simulate.spec import FILTERS


@dataclass(frozen=True, eq=False)
class Multicomponent:
    """All that ``post-roi.dat`` holds, float32; ``None`` for wells without dyes.

    Attributes
    ----------
    temperatures
        (W, C), °C.
    stages
        C stage words.
    dyes
        W tuples of D dye names, alphabetical; empty for wells without a target.
    raw, uniform
        (W, C, F) counts, and counts times the uniformity multipliers.
    spectra, inverse
        W matrices (D, F) or ``None``.
    signal
        W matrices (D, C); empty for wells without dyes.
    residual
        (W, C); zero for wells without dyes.
    singular_values
        (F,) of the last well in use, padded with zeros.
    """

    temperatures: Float32Array
    stages: tuple[str, ...]
    dyes: tuple[tuple[str, ...], ...]
    raw: Float32Array
    uniform: Float32Array
    spectra: tuple[Float32Array | None, ...]
    inverse: tuple[Float32Array | None, ...]
    signal: tuple[Float32Array, ...]
    residual: Float32Array
    singular_values: Float32Array


def multicomponent_of(simulated: SimulatedRun) -> Multicomponent:
    """Unmix a simulated run the way the instrument stores it."""
    wells, cycles, _ = simulated.counts.shape
    raw = simulated.counts.astype(np.float32)
    uniform = raw * simulated.uniformity[:, None, :]
    residual = np.zeros((wells, cycles), dtype=np.float32)
    singular_values = np.zeros(FILTERS, dtype=np.float32)
    spectra: list[Float32Array | None] = [None] * wells
    inverse: list[Float32Array | None] = [None] * wells
    signal = [np.zeros((0, cycles), dtype=np.float32)] * wells
    for well, dyes in sorted(simulated.dyes.items()):
        matrix = np.stack([simulated.pure_dyes[dye][well] for dye in dyes])
        spectra[well] = matrix
        inverse[well], signal[well], residual[well] = optics.unmix(uniform[well], matrix)
        singular_values[:] = 0
        singular_values[: len(dyes)] = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    return Multicomponent(
        temperatures=simulated.temperatures,
        stages=("CYCLING",) * cycles,
        dyes=tuple(simulated.dyes.get(well, ()) for well in range(wells)),
        raw=raw,
        uniform=uniform,
        spectra=tuple(spectra),
        inverse=tuple(inverse),
        signal=tuple(signal),
        residual=residual,
        singular_values=singular_values,
    )


def multicomponent_text(data: Multicomponent, title: str) -> str:
    """``multicomponent_data.txt``: a record for each well, reading and dye.

    A record is followed by F − 1 lines of the dye's spectrum; after the D records of a reading
    come F − D fillers without a line end, which run into the next record.
    """
    parts = [f"{title}\r\n\r\nWELL\tCYCLE\tDYE LIST\tMSE\tSIGNAL DATA\tPURE_DYE_DATA\r\n"]
    for well, dyes in enumerate(data.dyes):
        matrix = data.spectra[well]
        tails = [] if matrix is None else [_spectrum_lines(row) for row in matrix]
        for reading, residual in enumerate(data.residual[well]):
            error = java_number(residual)
            for index, dye in enumerate(dyes):
                signal = java_number(data.signal[well][index, reading])
                parts.append(f"{well}\t{reading}\t{dye}\t{error}\t{signal}\t{tails[index]}")
            parts.append(f"{well}\t{reading}\t{error}\t" * (data.raw.shape[2] - len(dyes)))
    return "".join(parts)


def _spectrum_lines(row: Float32Array) -> str:
    return "\t\t\t\t\t".join(f"{java_number(value)}\r\n" for value in row)


def java_number(value: np.floating[Any]) -> str:
    """Shortest text that gives a float back, in the form Java prints: ``1.0``, ``1.0E-4``."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return np.format_float_positional(value, unique=True, trim="0")
    text = np.format_float_scientific(value, unique=True, trim="0", exp_digits=1)
    return text.replace("e+", "E").replace("e", "E")
