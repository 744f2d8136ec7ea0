"""Standard curves of several plates together: one slope, an intercept a plate, and tests of both.

Analysis of covariance (Draper and Smith, 3rd ed., section 14.5). Three nested models are compared
by F tests: a slope and an intercept a plate; one slope, an intercept a plate; one line for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc

from calibration.errors import CalibrationError
from calibration.levels import snapped
from calibration.standard_curve import FloatArray, StandardCurve, checked
from calibration.stated import state


@dataclass(frozen=True, slots=True)
class Equality:
    """F test that something is equal over the plates; `p` is ``None`` where it cannot be made."""

    f: float | None
    df: int
    df_residual: int
    p: float | None


@dataclass(frozen=True, slots=True)
class PooledCurve:
    """Curves of several plates with one slope.

    Attributes
    ----------
    plates
        A curve a plate: the common slope and scatter, its own intercept.
    new_plate
        For a plate without standards: the mean intercept, whose `between_sd` holds what differs
        from plate to plate.
    slopes, intercepts
        Tests that they are equal. Where the slopes differ, pooling is not justified.
    """

    plates: tuple[StandardCurve, ...]
    new_plate: StandardCurve
    slopes: Equality
    intercepts: Equality


def pool_curves(
    series: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]], confidence: float = 0.95
) -> PooledCurve:
    """Fit the standards of several plates with a common slope.

    Parameters
    ----------
    series
        A pair a plate: (n,) quantities and (n,) Ct.

    Raises
    ------
    CalibrationError
        Fewer than two plates, or a plate whose standards make no line.
    """
    if len(series) < 2:
        raise CalibrationError(state("pooling needs the standards of two plates or more"))
    points = [checked(quantities, cqs)[:2] for quantities, cqs in series]
    k, n = len(points), sum(len(x) for x, _ in points)
    means = [(float(x.mean()), float(y.mean())) for x, y in points]
    sxx = [float(((x - x.mean()) ** 2).sum()) for x, _ in points]
    sxy = [float(((x - x.mean()) * (y - y.mean())).sum()) for x, y in points]
    syy = [float(((y - y.mean()) ** 2).sum()) for _, y in points]
    slope = sum(sxy) / sum(sxx)
    separate = sum(yy - xy * xy / xx for xx, xy, yy in zip(sxx, sxy, syy, strict=True))
    common = max(sum(syy) - slope * sum(sxy), 0.0)
    df = n - k - 1
    residual = math.sqrt(common / df)
    one_line = _rss(np.concatenate([x for x, _ in points]), np.concatenate([y for _, y in points]))
    made = []
    for (x, _y), (mx, my), xx_total in zip(points, means, [sum(sxx)] * k, strict=True):
        unscaled = (1 / len(x) + mx * mx / xx_total, -mx / xx_total, 1 / xx_total)
        made.append(
            StandardCurve(
                slope=slope,
                intercept=my - slope * mx,
                unscaled=unscaled,
                residual_sd=residual,
                df=df,
                r2=1 - common / sum(syy) if sum(syy) > 0 else 0.0,
                points=n,
                levels=len(np.unique(snapped(np.concatenate([x for x, _ in points])))),
                low=10 ** min(float(x.min()) for x, _ in points),
                high=10 ** max(float(x.max()) for x, _ in points),
                weighting="none; one slope over plates",
                confidence=confidence,
            )
        )
    return PooledCurve(
        tuple(made),
        _new_plate(made, means),
        _test(common - separate, k - 1, separate, n - 2 * k),
        _test(one_line - common, k - 1, common, df),
    )


def _new_plate(
    curves: Sequence[StandardCurve], means: Sequence[tuple[float, float]]
) -> StandardCurve:
    """Curve for another plate: the mean of the intercepts, and their scatter as `between_sd`.

    The scatter of K plates' intercepts estimates between-plate variance plus that of each
    intercept, so it is not too small. Its K − 1 degrees of freedom rule the interval.
    """
    k, first = len(curves), curves[0]
    intercepts = np.array([one.intercept for one in curves])
    mean = float(intercepts.mean())
    between = float(intercepts.std(ddof=1)) * math.sqrt(1 + 1 / k)
    centre = float(np.mean([mx for mx, _ in means]))
    v11 = first.unscaled[2]
    return StandardCurve(
        slope=first.slope,
        intercept=mean,
        unscaled=(centre * centre * v11, -centre * v11, v11),
        residual_sd=first.residual_sd,
        df=k - 1,
        r2=first.r2,
        points=first.points,
        levels=first.levels,
        low=first.low,
        high=first.high,
        weighting=first.weighting,
        between_sd=between,
        confidence=first.confidence,
    )


def _rss(x: FloatArray, y: FloatArray) -> float:
    dx, dy = x - x.mean(), y - y.mean()
    return max(float(dy @ dy) - float(dx @ dy) ** 2 / float(dx @ dx), 0.0)


def _test(gain: float, df: int, left: float, df_residual: int) -> Equality:
    if df_residual < 1 or left <= 1e-18:
        return Equality(None, df, max(df_residual, 0), None)
    f = max(gain, 0.0) / df / (left / df_residual)
    return Equality(f, df, df_residual, float(fdtrc(df, df_residual, f)))
