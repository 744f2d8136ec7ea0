"""Standard curves: Ct over log10 quantity, and quantities read back from it with their intervals.

Conventions: x = log10(quantity), Ct = intercept + slope · x, so the intercept is the Ct of quantity
1; efficiency E = 10^(−1/slope) − 1, so that 1 means doubling (Rasmussen 2001,
doi:10.1007/978-3-642-59524-0_3). Intervals are two-sided, Student's t.

The line is fitted by (weighted) least squares. Quantities are read back by inverse prediction with
Fieller's exact limits (Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x; Draper and Smith,
*Applied Regression Analysis*, 3rd ed., section 3.2): the set of x that a test of
"Ct = intercept + slope · x" does not reject. An interval holds the scatter of wells and the
uncertainty of the line; it holds neither an error of the stock's stated quantity nor, unless
`between_sd` says so, what differs from one run to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from calibration.errors import CalibrationError
from calibration.levels import snapped
from calibration.stated import state

FloatArray = npt.NDArray[np.float64]

FEWEST_POINTS = 3
"""Points below which a line has no residual, so nothing could be said about its errors."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its limits; a limit is ``None`` where the data do not bound it."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity read from a standard curve.

    Attributes
    ----------
    value, low, high
        In the unit of the standards; the limits are ``None`` where `reason` says why.
    log10_se
        Standard error of log10 quantity to first order (delta method), for further arithmetic.
    df
        Degrees of freedom behind the interval.
    extrapolated
        The whole interval lies outside the quantities of the standards: ``"above"``, ``"below"``,
        or ``None``.
    reason
        Why there are no limits.
    """

    value: float
    low: float | None
    high: float | None
    log10_se: float
    df: int
    extrapolated: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StandardCurve:
    """A fitted line Ct = intercept + slope · log10(quantity).

    Attributes
    ----------
    slope, intercept
        Cycles per power of ten; Ct of quantity 1.
    unscaled
        (XᵀWX)⁻¹ as (var intercept, covariance, var slope); times `residual_sd`² it is the
        covariance matrix.
    residual_sd, df
        Standard deviation of one well about the line (of weight 1), degrees of freedom.
    r2
        Share of the (weighted) sum of squares explained.
    points, levels
        Number of wells, and of different quantities.
    low, high
        Smallest and largest quantity of the standards.
    weighting
        How the points were weighted, in words.
    between_sd
        Standard deviation of intercepts between runs, cycles; 0 where a curve is used on its own
        plate.
    confidence
        Level of every interval, e.g. 0.95.
    """

    slope: float
    intercept: float
    unscaled: tuple[float, float, float]
    residual_sd: float
    df: int
    r2: float
    points: int
    levels: int
    low: float
    high: float
    weighting: str = "none"
    between_sd: float = 0.0
    confidence: float = 0.95

    @property
    def efficiency(self) -> float | None:
        """E = 10^(−1/slope) − 1; ``None`` for a slope that is not negative."""
        return efficiency_of(self.slope)

    @property
    def t(self) -> float:
        """Two-sided quantile of Student's t."""
        return _t(self.df, self.confidence)

    def slope_interval(self) -> Interval:
        """Slope with its limits."""
        half = self.t * self.residual_sd * math.sqrt(self.unscaled[2])
        return Interval(self.slope, self.slope - half, self.slope + half)

    def intercept_interval(self) -> Interval:
        """Intercept with its limits."""
        half = self.t * self.residual_sd * math.sqrt(self.unscaled[0])
        return Interval(self.intercept, self.intercept - half, self.intercept + half)

    def efficiency_interval(self) -> Interval | None:
        """Efficiency with its limits: those of the slope, carried through (monotone)."""
        slope = self.slope_interval()
        value = self.efficiency
        if value is None or slope.low is None or slope.high is None:
            return None
        return Interval(value, efficiency_of(slope.low), efficiency_of(slope.high))

    def r2_interval(self) -> Interval:
        """r² with limits by Fisher's z of |r|; approximate, since x is chosen and not sampled."""
        if self.points < 4 or self.r2 >= 1:
            return Interval(self.r2, None, None)
        z = math.atanh(math.sqrt(max(self.r2, 0.0)))
        half = float(ndtri(0.5 + self.confidence / 2)) / math.sqrt(self.points - 3)
        return Interval(self.r2, math.tanh(max(z - half, 0.0)) ** 2, math.tanh(z + half) ** 2)

    def cq_at(self, quantity: float) -> Interval:
        """Ct of the line at a quantity, with its confidence band.

        Raises
        ------
        CalibrationError
            The quantity is not positive.
        """
        return self._band(quantity, 0.0)

    def prediction_at(self, quantity: float, wells: int = 1) -> Interval:
        """Mean Ct of `wells` new wells at a quantity, with its prediction interval.

        Raises
        ------
        CalibrationError
            The quantity is not positive.
        """
        if wells < 1:
            raise CalibrationError(state("a mean of no wells cannot be predicted"))
        return self._band(quantity, 1.0 / wells)

    def _band(self, quantity: float, own: float) -> Interval:
        if not (quantity > 0 and math.isfinite(quantity)):
            raise CalibrationError(
                state("a quantity must be positive, not {quantity:g}", quantity=quantity)
            )
        x = math.log10(quantity)
        v00, v01, v11 = self.unscaled
        spread = own + v00 + 2 * v01 * x + v11 * x * x
        extra = self.between_sd**2 if own else 0.0
        half = self.t * math.sqrt(self.residual_sd**2 * spread + extra)
        value = self.intercept + self.slope * x
        return Interval(value, value - half, value + half)

    def quantity(self, cqs: Sequence[float]) -> Quantity:
        """Quantity of a sample from the Ct of its replicate wells (Fieller).

        The scatter of the replicates joins that of the standards (pooled variance), so that a
        sample that scatters more than they do has a wider interval.

        Parameters
        ----------
        cqs
            Ct of each well of the sample, at least one.

        Raises
        ------
        CalibrationError
            No Ct, one that is not finite, or a curve whose slope is not negative.
        """
        y = np.asarray(cqs, dtype=np.float64)
        if y.size == 0 or not np.isfinite(y).all():
            raise CalibrationError(state("a quantity needs at least one Ct, each a finite number"))
        if self.slope >= 0:
            raise CalibrationError(
                state("Ct does not fall with the quantity (slope {slope:.3g})", slope=self.slope)
            )
        mean = float(y.mean())
        df = self.df + y.size - 1
        squares = self.df * self.residual_sd**2 + float(((y - mean) ** 2).sum())
        s2 = squares / df
        t2 = _t(df, self.confidence) ** 2
        v00, v01, v11 = (s2 * one for one in self.unscaled)
        own = s2 / y.size + self.between_sd**2
        gap = mean - self.intercept
        x = gap / self.slope
        log10_se = math.sqrt(own + v00 + 2 * v01 * x + v11 * x * x) / -self.slope
        a = self.slope**2 - t2 * v11
        if a <= 0:
            reason = state("the slope of the standard curve is too uncertain to bound a quantity")
            outside = self._outside(_power(x), _power(x))
            return Quantity(_power(x), None, None, log10_se, df, outside, reason)
        half_b = gap * self.slope + t2 * v01
        c = gap * gap - t2 * (own + v00)
        root = math.sqrt(max(half_b * half_b - a * c, 0.0))
        low, high = _power((half_b - root) / a), _power((half_b + root) / a)
        return Quantity(_power(x), low, high, log10_se, df, self._outside(low, high))

    def _outside(self, low: float, high: float) -> str | None:
        return "above" if low > self.high else "below" if high < self.low else None


def efficiency_of(slope: float) -> float | None:
    """E = 10^(−1/slope) − 1; ``None`` for a slope that is not negative (or too flat for a number).

    >>> round(efficiency_of(-3.3219), 3)
    1.0
    """
    return 10 ** (-1 / slope) - 1 if slope < -1 / 300 else None


def fit_standard_curve(
    quantities: npt.ArrayLike,
    cqs: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    weighting: str | None = None,
    confidence: float = 0.95,
) -> StandardCurve:
    """Fit a standard curve by least squares.

    Parameters
    ----------
    quantities, cqs
        (n,) quantities of the wells, in any unit, and their Ct.
    weights
        (n,) relative weights, proportional to 1/variance; they are scaled to a mean of 1, and an
        unknown well is taken to have weight 1. ``None`` = all alike.
    weighting
        What the weights are, in words.
    confidence
        Level of every interval.

    Raises
    ------
    CalibrationError
        Fewer than 3 points or 2 levels, a number that is not finite, or a quantity or weight that
        is not positive.
    """
    x, y, w = checked(quantities, cqs, weights)
    if not 0 < confidence < 1:
        raise CalibrationError(f"a confidence level lies between 0 and 1, not at {confidence:g}")
    centre = float(np.average(x, weights=w))
    dx = x - centre
    sxx = float((w * dx * dx).sum())
    ybar = float(np.average(y, weights=w))
    slope = float((w * dx * (y - ybar)).sum()) / sxx
    left = y - ybar - slope * dx
    rss, total = float((w * left**2).sum()), float((w * (y - ybar) ** 2).sum())
    v11 = 1 / sxx
    unscaled = (1 / float(w.sum()) + centre**2 * v11, -centre * v11, v11)
    df = len(x) - 2
    amounts = np.asarray(quantities, dtype=np.float64)
    return StandardCurve(
        slope=slope,
        intercept=ybar - slope * centre,
        unscaled=unscaled,
        residual_sd=math.sqrt(rss / df),
        df=df,
        r2=1 - rss / total if total > 0 else 0.0,
        points=len(x),
        levels=len(np.unique(x)),
        low=float(amounts.min()),
        high=float(amounts.max()),
        weighting=weighting or ("none" if weights is None else "given"),
        confidence=confidence,
    )


def checked(
    quantities: npt.ArrayLike, cqs: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """log10 quantities, Ct and weights (mean 1), each (n,), or an error that says what is wrong."""
    q = np.asarray(quantities, dtype=np.float64)
    y = np.asarray(cqs, dtype=np.float64)
    w = np.ones_like(y) if weights is None else np.asarray(weights, dtype=np.float64)
    if q.ndim != 1 or q.shape != y.shape or w.shape != y.shape:
        raise CalibrationError(state("quantities, Ct and weights must be lists of one length"))
    if not (np.isfinite(q).all() and np.isfinite(y).all() and np.isfinite(w).all()):
        raise CalibrationError(state("quantities, Ct and weights must be finite numbers"))
    if (q <= 0).any() or (w <= 0).any():
        raise CalibrationError(state("quantities and weights must be positive"))
    if len(q) < FEWEST_POINTS:
        raise CalibrationError(
            state(
                "{count} standards with a Ct; a line needs {need}", count=len(q), need=FEWEST_POINTS
            )
        )
    x = snapped(np.log10(q))
    if len(np.unique(x)) < 2:  # different quantities may have one logarithm
        raise CalibrationError(state("all standards have one quantity; a line needs two or more"))
    return x, y, w / w.mean()


def inverse_variance_weights(quantities: npt.ArrayLike, cqs: npt.ArrayLike) -> FloatArray:
    """Weights (n,) 1/variance of each level's replicates.

    Variances of few replicates are poor guides (two wells that agree by chance would rule the
    line), so each is drawn half-way to the pooled one, on its degrees of freedom.

    Raises
    ------
    CalibrationError
        No level has replicates.
    """
    x, y, _ = checked(quantities, cqs)
    levels, place = np.unique(x, return_inverse=True)
    count = np.bincount(place)
    mean = np.bincount(place, y) / count
    squares = np.bincount(place, (y - mean[place]) ** 2)
    spare = float(len(y) - len(levels))
    if spare <= 0 or squares.sum() <= 0:
        raise CalibrationError(state("weights by variance need levels with replicates that differ"))
    pooled = float(squares.sum()) / spare
    own = (squares + pooled * 2) / (count - 1 + 2)
    weights: FloatArray = (1 / own)[place]
    return weights


def _t(df: int, confidence: float) -> float:
    return float(stdtrit(df, 0.5 + confidence / 2))


def _power(x: float) -> float:
    """10^x, infinite where it is too large for a number."""
    return 10.0**x if x < 308 else math.inf
