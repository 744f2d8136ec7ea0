"""Inter-run calibration: what several runs are apart, from samples that they have in common.

Hellemans 2007 (Genome Biology 8:R19, doi:10.1186/gb-2007-8-2-r19) divides the relative quantities
of a run by the geometric mean of those of its inter-run calibrators, gene by gene. On a logarithmic
scale (Ct, or log10 of quantities) that is a shift of the whole run, and least squares

    value(run, sample) = sample + shift(run),   shifts summing to 0

give it also where not every run has every calibrator; where all have all, it is their result.

The error of the shifts comes from what the model leaves over: how much calibrators disagree about
the distance of two runs (pipetting and preparation anew included). With one calibrator, or no more
than connect the runs, nothing is left over; then the scatter of its replicate wells stands in, the
least that the error can be. Hellemans advises three calibrators or more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from calibration.errors import CalibrationError
from calibration.stated import state


@dataclass(frozen=True, eq=False)
class InterRun:
    """Shifts of R runs.

    Attributes
    ----------
    runs
        In order of their names.
    shifts
        By which a run's values lie above the mean of the runs; to be subtracted from them.
    covariance
        (R, R) of the shifts; ``None`` where nothing tells it.
    df
        Degrees of freedom of the error.
    residual_sd
        Of a calibrator's mean in one run; ``None`` as `covariance`.
    shared
        Calibrators of each run.
    from_wells
        The error is that of replicate wells only.
    """

    runs: tuple[str, ...]
    shifts: tuple[float, ...]
    covariance: npt.NDArray[np.float64] | None
    df: int
    residual_sd: float | None
    shared: tuple[int, ...]
    from_wells: bool

    def __post_init__(self) -> None:
        if self.covariance is not None:
            self.covariance.setflags(write=False)

    def shift(self, run: str) -> float:
        """Shift of one run."""
        return self.shifts[self.runs.index(run)]

    def variance(self, weights: Mapping[str, float]) -> float | None:
        """Variance of a weighted sum of the shifts; ``None`` where nothing tells it.

        Weights that are all 0 need no error: within one run, shifts cancel.
        """
        w = np.array([weights.get(run, 0.0) for run in self.runs])
        if not w.any():
            return 0.0
        return None if self.covariance is None else max(float(w @ self.covariance @ w), 0.0)

    def se(self, run: str) -> float | None:
        """Standard error of the shift of one run."""
        variance = self.variance({run: 1.0})
        return None if variance is None else math.sqrt(variance)

    def half_width(self, run: str, confidence: float = 0.95) -> float | None:
        """Half the confidence interval of the shift of one run."""
        se = self.se(run)
        return None if se is None else float(stdtrit(self.df, 0.5 + confidence / 2)) * se


def inter_run(common: Mapping[str, Mapping[str, Sequence[float]]]) -> InterRun:
    """Calibrate runs by their common samples.

    Parameters
    ----------
    common
        Values of the replicate wells by run and sample; a sample may be absent from some runs.

    Raises
    ------
    CalibrationError
        Fewer than two runs, a value that is not finite, or runs that no common sample connects.
    """
    runs = sorted(common)
    samples = sorted({name for one in common.values() for name in one})
    if len(runs) < 2:
        raise CalibrationError(state("inter-run calibration needs two runs or more"))
    cells = [
        (place, samples.index(name), np.asarray(wells, dtype=float))
        for place, run in enumerate(runs)
        for name, wells in common[run].items()
    ]
    if not all(len(wells) and np.isfinite(wells).all() for *_, wells in cells):
        raise CalibrationError(state("values of common samples must be finite numbers"))
    design = np.zeros((len(cells) + 1, len(runs) + len(samples)))
    for row, (run, name, _) in enumerate(cells):
        design[row, run] = design[row, len(runs) + name] = 1
    design[-1, : len(runs)] = 1
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise CalibrationError(state("no common samples connect all the runs"))
    means = np.array([float(wells.mean()) for *_, wells in cells] + [0.0])
    solution = np.linalg.lstsq(design, means, rcond=None)[0]
    df = len(cells) + 1 - design.shape[1]
    rss = float(((means - design @ solution) ** 2).sum())
    variance, df, from_wells = (rss / df, df, False) if df else _of_wells(cells)
    covariance: npt.NDArray[np.float64] | None = None
    if variance is not None:
        # The constraint holds exactly: it adds no error of its own.
        inverse = np.linalg.inv(design.T @ design)
        whole = variance * (inverse - np.outer(inverse @ design[-1], inverse @ design[-1]))
        covariance = np.array(whole[: len(runs), : len(runs)], dtype=np.float64)
    return InterRun(
        tuple(runs),
        tuple(float(one) for one in solution[: len(runs)]),
        covariance,
        df,
        None if variance is None else math.sqrt(variance),
        tuple(len(common[run]) for run in runs),
        from_wells,
    )


def _of_wells(
    cells: Sequence[tuple[int, int, npt.NDArray[np.float64]]],
) -> tuple[float | None, int, bool]:
    """Variance of a calibrator's mean from its replicate wells, df, and that it is from these."""
    df = sum(len(wells) - 1 for *_, wells in cells)
    if not df:
        return None, 0, False
    pooled = sum(float(((wells - wells.mean()) ** 2).sum()) for *_, wells in cells) / df
    share = float(np.mean([1 / len(wells) for *_, wells in cells]))
    return pooled * share, df, True
