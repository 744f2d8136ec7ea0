"""The numbers of many fits as arrays: what :class:`qpcr.fits.Fits` is made of."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.models._points import POINTS

COORDINATES = 3
"""Columns kept for θ; models with fewer coordinates leave the rest NaN."""

LINEAR = 3
"""Columns kept for c, d − c, k."""

SIZE = COORDINATES + LINEAR


@dataclass(frozen=True, eq=False, slots=True)
class Input:
    """R curves to fit: see :func:`qpcr.fits.fit_arrays`."""

    cycles: FloatArray
    drn: FloatArray
    rn: FloatArray
    windows: IntArray
    thresholds: FloatArray

    def take(self, rows: IntArray | slice) -> Input:
        """Some of the curves."""
        return Input(
            self.cycles, self.drn[rows], self.rn[rows], self.windows[rows], self.thresholds[rows]
        )


@dataclass(frozen=True, slots=True)
class Options:
    """How to fit: a model's name or ``auto``, a sloping baseline, lmfit."""

    model: str
    slope: bool
    polish: bool


@dataclass(frozen=True, eq=False, slots=True)
class FitTable:
    """R fits, one row each; NaN, 0 or False where there is nothing.

    Attributes
    ----------
    model
        (R,) place of the model in :attr:`qpcr.fits.Fits.models`, −1 = not fitted.
    polished, converged, amplified
        (R,) lmfit spoke; the fit settled; the curve counts as amplified.
    theta, linear
        (R, 3) of the curve fitted to all cycles.
    covariance
        (R, 6, 6) of both.
    at_bound
        (R, 3) coordinates that lie on a bound.
    rss, degrees, r2, autocorrelation, runs_z
        (R,) residual sum of squares, degrees of freedom, share of squares explained, lag-1
        autocorrelation of the residuals, Wald-Wolfowitz runs statistic (standard normal; far
        below 0: the model does not follow the curve).
    noise
        (R,) standard deviation of one reading by its neighbours.
    points, points_se
        (R, 4) cpd1, cpd2, cy0, efficiency.
    cq, cq_se, cq_low, cq_high, cq_degrees
        (R,) Ct with its error.
    baseline_shift
        (R,) estimate of how many cycles the Ct is late because the baseline window already held
        some product.
    foot_model
        (R,) place of the model of the foot; −1 = none was fitted.
    foot_theta, foot_linear, foot_range
        (R, 3), (R, 3), (R, 2) the fit that Ct was read from and its first and last cycle.
    reason
        (R,) 0 or the number of a :class:`qpcr.fits.Reason`.
    score
        (R,) larger is more likely an amplification.
    """

    model: IntArray
    polished: BoolArray
    converged: BoolArray
    amplified: BoolArray
    theta: FloatArray
    linear: FloatArray
    covariance: FloatArray
    at_bound: BoolArray
    rss: FloatArray
    degrees: IntArray
    r2: FloatArray
    autocorrelation: FloatArray
    runs_z: FloatArray
    noise: FloatArray
    points: FloatArray
    points_se: FloatArray
    cq: FloatArray
    cq_se: FloatArray
    cq_low: FloatArray
    cq_high: FloatArray
    cq_degrees: IntArray
    baseline_shift: FloatArray
    foot_model: IntArray
    foot_theta: FloatArray
    foot_linear: FloatArray
    foot_range: FloatArray
    reason: IntArray
    score: FloatArray

    @classmethod
    def empty(cls, count: int) -> FitTable:
        """A table of `count` rows with nothing in it."""
        nan = np.nan

        def numbers(*shape: int) -> FloatArray:
            return np.full((count, *shape), nan)

        def flags(*shape: int) -> BoolArray:
            return np.zeros((count, *shape), bool)

        none = np.full(count, -1)
        return cls(
            model=none,
            polished=flags(),
            converged=flags(),
            amplified=flags(),
            theta=numbers(COORDINATES),
            linear=numbers(LINEAR),
            covariance=numbers(SIZE, SIZE),
            at_bound=flags(COORDINATES),
            rss=numbers(),
            degrees=np.zeros(count, np.int64),
            r2=numbers(),
            autocorrelation=numbers(),
            runs_z=numbers(),
            noise=numbers(),
            points=numbers(len(POINTS)),
            points_se=numbers(len(POINTS)),
            cq=numbers(),
            cq_se=numbers(),
            cq_low=numbers(),
            cq_high=numbers(),
            cq_degrees=np.zeros(count, np.int64),
            baseline_shift=numbers(),
            foot_model=none.copy(),
            foot_theta=numbers(COORDINATES),
            foot_linear=numbers(LINEAR),
            foot_range=numbers(2),
            reason=np.zeros(count, np.int64),
            score=numbers(),
        )

    def put(self, rows: slice, other: FitTable) -> None:
        """Write the rows of `other` into `rows`."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(other, field.name)

    def freeze(self) -> FitTable:
        """Make every array read-only."""
        for field in fields(self):
            getattr(self, field.name).setflags(write=False)
        return self


def pad(values: FloatArray, columns: int) -> FloatArray:
    """Add columns of NaN on the right."""
    rest = np.full((len(values), columns - values.shape[1]), np.nan)
    return np.concatenate([values, rest], axis=1)
