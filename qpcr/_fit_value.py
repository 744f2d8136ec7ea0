"""The fit of one reaction, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from qpcr._fit_reasons import Reason
from qpcr._frozen import FloatArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its standard error; `se` is ``None`` where there is none (at a bound)."""

    value: float
    se: float | None


@dataclass(frozen=True, eq=False)
class Fit:
    """The fit of one reaction.

    Attributes
    ----------
    model
        Which model answered, or ``None``: not fitted.
    engine
        ``"lmfit"``, or ``"batch"`` where lmfit was not asked or ended worse.
    converged
        The fit settled.
    parameters
        Natural parameters (b, e, f; c, d; k with a sloping baseline); b, e and f belong to cycles,
        c, d and k to ΔRn. Their errors are those of least squares with independent errors.
    covariance
        (K, K) of `parameters`, in their order.
    at_bound
        The shape ran to the end of what the model allows (a Gompertz curve, a kink).
    rss, residual_se, df, r2
        Residual sum of squares, residual standard error, degrees of freedom, share of squares
        explained.
    autocorrelation, runs_z
        Lag-1 autocorrelation of the residuals and runs statistic (standard normal where the model
        follows the curve; far below 0 where it does not).
    noise
        Standard deviation of one reading against its neighbours, ΔRn.
    cq, cq_se, cq_low, cq_high, cq_df
        Ct, standard error, 95 % interval (Student's t with `cq_df` degrees of freedom; it reaches
        down by 1.5 `baseline_shift` more).
    cq_range
        First and last cycle that Ct was read from.
    baseline_shift
        Cycles by which product inside the baseline window delays the Ct, estimated.
    reason, reason_text
        Why there is no Ct, as a stable code and as a sentence.
    cpd1, cpd2, cy0
        Cycles of the first- and second-derivative maximum, and Cy0.
    efficiency, efficiency_note
        Amplification factor g(cpd2)/g(cpd2 − 1) (2 = doubling), and what is wrong with one
        outside 1 … 2.
    amplified, score
        The decision (:mod:`qpcr._fit_decision`), and a number that is larger the more likely it is.
    fitted
        (C,) the curve fitted to all cycles, ΔRn.
    """

    model: str | None
    engine: Literal["lmfit", "batch"] | None
    converged: bool
    parameters: Mapping[str, Estimate]
    covariance: FloatArray | None
    at_bound: bool
    rss: float | None
    residual_se: float | None
    df: int | None
    r2: float | None
    autocorrelation: float | None
    runs_z: float | None
    noise: float | None
    cq: float | None
    cq_se: float | None
    cq_low: float | None
    cq_high: float | None
    cq_df: int | None
    cq_range: tuple[int, int] | None
    baseline_shift: float | None
    reason: Reason | None
    reason_text: str | None
    cpd1: Estimate | None
    cpd2: Estimate | None
    cy0: Estimate | None
    efficiency: Estimate | None
    efficiency_note: str | None
    amplified: bool
    score: float | None
    fitted: FloatArray | None
