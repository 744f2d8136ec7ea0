"""Limit of detection from replicate dilutions: hit rates, maximum likelihood, profile likelihood.

Of n wells at a level, k are detected. P(detected) = F(a + b · log10 quantity), with F the normal
(probit), logistic (logit) or complementary log-log distribution. The LOD is the quantity detected
with a stated probability (0.95). Methods: CLSI EP17-A2 (probit of hit rates); Forootan 2017,
doi:10.1016/j.bdq.2017.04.001 (logit); Klymus 2020, doi:10.1002/edn3.29 (best of several curves).
The 95 % interval is that of the profile likelihood: the LODs that a likelihood-ratio test does not
reject. Unlike ± standard errors it is not symmetric, and it is open where the data do not bound it.

The physical limit: a well that holds no molecule detects none. With Poisson sampling and a chance
p that one molecule is seen, P(detected) = 1 − exp(−p q), a complementary log-log curve of slope 1
in ln q. With p = 1, LOD95 is 3.0 copies (MIQE, Bustin 2009, doi:10.1373/clinchem.2008.112797).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtrc, chdtri, expit, log_expit, log_ndtr, logit, ndtri

from calibration.errors import CalibrationError
from calibration.standard_curve import FloatArray
from calibration.stated import state

Link = Literal["probit", "logit", "cloglog"]
LINKS: tuple[Link, ...] = ("probit", "logit", "cloglog")
FARTHEST = 6.0
"""Decades from the tested levels within which limits are looked for; beyond, they are open."""
SMALLEST, LARGEST, WIDEST = 1e-30, 1e30, 15.0
"""Quantities that are taken for such, and decades that a series may span."""
REACH = 60.0
"""Half width, in natural logarithms, of the search for the chance that a molecule is seen."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a dilution series: wells tested and wells detected."""

    quantity: float
    tested: int
    detected: int


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """LOD of a series.

    Attributes
    ----------
    link
        Curve that was fitted; ``"poisson"`` for the one-molecule curve.
    probability
        Of detection at the limit.
    value, low, high
        The limit and its interval, in the unit of the levels; ``None`` where `reason` says why, or
        where the data leave a side open.
    slope
        b, per decade (``None`` for the one-molecule curve).
    deviance, df, p
        Residual deviance, its degrees of freedom, and P of its χ²: small where the curve does not
        follow the hit rates (a rough guide with few wells a level). `p` is ``None`` with df 0.
    reason
        Why there is no limit.
    notes
        What a person should know.
    """

    link: str
    probability: float
    value: float | None
    low: float | None
    high: float | None
    slope: float | None
    deviance: float | None
    df: int | None
    p: float | None
    reason: str | None = None
    notes: tuple[str, ...] = ()


def detection_limit(
    levels: Sequence[Level],
    link: Link = "probit",
    probability: float = 0.95,
    confidence: float = 0.95,
) -> DetectionLimit:
    """Fit hit rates and read the LOD.

    Raises
    ------
    CalibrationError
        Fewer than two levels, or counts or quantities that cannot be.
    """
    x, n, k = _checked(levels, probability, confidence)
    reason = separated(levels)
    if reason is not None:
        return DetectionLimit(link, probability, None, None, None, None, None, None, None, reason)
    fit = _Fit(x, n, k, link, probability)
    best, slope, top = fit.best()
    if slope <= 0:
        reason = state("detection does not rise with the quantity")
        return DetectionLimit(link, probability, None, None, None, slope, None, None, None, reason)
    if not fit.low <= best <= fit.high:
        reason = state("the curve is so flat that the limit lies far beyond the levels tested")
        return DetectionLimit(link, probability, None, None, None, slope, None, None, None, reason)
    drop = float(chdtri(1, 1 - confidence)) / 2
    low, high = fit.bounds(best, top - drop)
    deviance = 2 * (_saturated(n, k) - top)
    df = len(levels) - 2
    p = float(chdtrc(df, max(deviance, 0.0))) if df > 0 else None
    return DetectionLimit(
        link,
        probability,
        10**best,
        low,
        high,
        slope,
        deviance,
        df,
        p,
        notes=_notes(levels, 10**best, p),
    )


def single_copy_limit(
    levels: Sequence[Level], probability: float = 0.95, confidence: float = 0.95
) -> DetectionLimit:
    """LOD if one molecule is enough and wells sample by chance (Poisson); quantities in copies.

    P(detected) = 1 − exp(−p q), p estimated by maximum likelihood. The goodness of fit tests the
    view itself: a small P says that detection needs more than one molecule, or that dilutions vary
    more than by chance.

    Raises
    ------
    CalibrationError
        As :func:`detection_limit`.
    """
    x, n, k = _checked(levels, probability, confidence)
    if k.sum() == 0 or (k == n).all():
        none = state("no well was detected")
        reason = none if k.sum() == 0 else state("every well was detected")
        return DetectionLimit(
            "poisson", probability, None, None, None, None, None, None, None, reason
        )
    q = 10**x

    def loglik(log_p: float) -> float:
        mean = np.exp(log_p) * q
        hit = np.where(k > 0, k * np.log(-np.expm1(-np.maximum(mean, 1e-300))), 0.0)
        return float((hit - (n - k) * mean).sum())

    centre = -math.log(float(np.median(q)))
    found = minimize_scalar(
        lambda v: -loglik(v), bounds=(centre - REACH, centre + REACH), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    best, top = float(found.x), -float(found.fun)
    floor = top - float(chdtri(1, 1 - confidence)) / 2
    needed = -math.log1p(-probability)
    least, most = (
        float(brentq(lambda v: loglik(v) - floor, best, best + side * REACH)) for side in (-1, 1)
    )
    deviance, df = 2 * (_saturated(n, k) - top), len(levels) - 1
    p = float(chdtrc(df, max(deviance, 0.0)))
    value = needed / math.exp(best)
    return DetectionLimit(
        "poisson",
        probability,
        value,
        needed / math.exp(most),
        needed / math.exp(least),
        None,
        deviance,
        df,
        p,
        notes=_notes(levels, value, p),
    )


def separated(levels: Sequence[Level]) -> str | None:
    """Why hit rates have no finite best curve, or ``None``.

    The likelihood has a maximum only where some well is missed at a larger quantity than one that
    is detected (Albert and Anderson 1984, doi:10.1093/biomet/71.1.1).
    """
    missed = [one.quantity for one in levels if one.detected < one.tested]
    hit = [one.quantity for one in levels if one.detected > 0]
    if not hit:
        return state("no well was detected")
    if not missed:
        return state("every well was detected: the limit lies below the smallest quantity tested")
    if max(missed) <= min(hit):
        if max(missed) < min(hit):
            return state(
                "detection jumps from none to all between {low:g} and {high:g}: no curve can be "
                "fitted; test levels between",
                low=max(missed),
                high=min(hit),
            )
        return state(
            "only the level {level:g} has both hits and misses: no curve can be fitted; test "
            "levels near it",
            level=min(hit),
        )
    return None


def _checked(
    levels: Sequence[Level], probability: float, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if len({one.quantity for one in levels}) < 2:
        raise CalibrationError("a limit of detection needs two levels or more")
    if len({one.quantity for one in levels}) < len(levels):
        raise CalibrationError("a level is listed twice: add its wells up")
    for one in levels:
        if not SMALLEST <= one.quantity <= LARGEST:
            raise CalibrationError(
                f"a level's quantity must be positive and of a sensible size, not {one.quantity:g}"
            )
        if not 0 <= one.detected <= one.tested or one.tested < 1:
            raise CalibrationError(
                f"level {one.quantity:g}: {one.detected} of {one.tested} wells cannot be"
            )
    if not (0 < probability < 1 and 0 < confidence < 1):
        raise CalibrationError("probabilities lie between 0 and 1")
    quantities = [one.quantity for one in levels]
    if math.log10(max(quantities)) - math.log10(min(quantities)) > WIDEST:
        raise CalibrationError(f"the levels span more than {WIDEST:g} decades")
    columns = np.array([(one.quantity, one.tested, one.detected) for one in levels], dtype=float)
    return np.log10(columns[:, 0]), columns[:, 1], columns[:, 2]


def _saturated(n: FloatArray, k: FloatArray) -> float:
    """Log-likelihood of the hit rates themselves (without the binomial coefficients)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(k > 0, k * np.log(k / n), 0.0)
        parts = parts + np.where(k < n, (n - k) * np.log1p(-k / n), 0.0)
    return float(parts.sum())


def _log_probabilities(eta: FloatArray, link: Link) -> tuple[FloatArray, FloatArray]:
    """Log P(detected) and log P(missed)."""
    if link == "probit":
        return log_ndtr(eta), log_ndtr(-eta)
    if link == "logit":
        return log_expit(eta), log_expit(-eta)
    mean = np.exp(np.clip(eta, -700, 700))
    return np.log(-np.expm1(-np.maximum(mean, 1e-300))), -mean


def quantile(link: Link, probability: float) -> float:
    """The linear predictor at which a curve reaches a probability."""
    if link == "probit":
        return float(ndtri(probability))
    if link == "logit":
        return float(logit(probability))
    return math.log(-math.log1p(-probability))


class _Fit:
    """The likelihood in terms of the limit itself: eta = quantile + b (x − limit)."""

    def __init__(
        self, x: FloatArray, n: FloatArray, k: FloatArray, link: Link, probability: float
    ) -> None:
        self.x, self.n, self.k, self.link = x, n, k, link
        self.at = quantile(link, probability)
        self.low, self.high = float(x.min()) - FARTHEST, float(x.max()) + FARTHEST

    def loglik(self, limit: float, slope: float) -> float:
        hit, miss = _log_probabilities(self.at + slope * (self.x - limit), self.link)
        return float((self.k * hit + (self.n - self.k) * miss).sum())

    def profile(self, limit: float) -> tuple[float, float]:
        """Largest likelihood at a limit, and the slope there; concave in the slope."""
        # The logarithm keeps the order and tames numbers too large to search by.
        steepest = min(200.0, 690.0 / max(float(np.abs(self.x - limit).max()), 1e-9))
        found = minimize_scalar(
            lambda b: math.log(max(-self.loglik(limit, b), 1e-300)),
            bounds=(-steepest, steepest),
            method="bounded",
            options={"xatol": 1e-10, "maxiter": 500},
        )
        return -math.exp(float(found.fun)), float(found.x)

    def best(self) -> tuple[float, float, float]:
        """Limit, slope and log-likelihood of the best curve, by Newton on intercept and slope."""
        centre = float(np.average(self.x, weights=self.n))
        a, b = _newton(self.x - centre, self.n, self.k, self.link)
        if b <= 0:
            return math.nan, b, math.nan
        limit = (self.at - a) / b + centre
        return limit, b, self.loglik(limit, b)

    def bounds(self, best: float, floor: float) -> tuple[float | None, float | None]:
        """Where the profile falls to `floor` on both sides; ``None`` where it does not."""
        inside: Callable[[float], float] = lambda v: self.profile(v)[0] - floor  # noqa: E731
        found: list[float | None] = []
        for side, end in ((-1, self.low), (1, self.high)):
            step, here = 0.1, best
            while inside(here) > 0 and side * (end - here) > 0:
                step *= 1.5
                here = best + side * step
            falls = inside(here) <= 0
            found.append(10 ** float(brentq(inside, best, here, xtol=1e-10)) if falls else None)
        return found[0], found[1]


def _newton(x: FloatArray, n: FloatArray, k: FloatArray, link: Link) -> tuple[float, float]:
    """Maximum of the likelihood over intercept and slope: all three links are log-concave."""
    from scipy.optimize import minimize

    def negative(theta: FloatArray) -> float:
        hit, miss = _log_probabilities(theta[0] + theta[1] * x, link)
        return -float((k * hit + (n - k) * miss).sum())

    start = np.array([float(ndtri((k.sum() + 1) / (n.sum() + 2))), 1.0])
    found = minimize(negative, start, method="Nelder-Mead",
                     options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000})  # fmt: skip
    return float(found.x[0]), float(found.x[1])


def _notes(levels: Sequence[Level], value: float, p: float | None) -> tuple[str, ...]:
    notes = []
    tested = [one.quantity for one in levels]
    if not min(tested) <= value <= max(tested):
        notes.append(state("The limit lies outside the levels tested: it is extrapolated."))
    rates = [one.detected / one.tested for one in levels]
    if sum(0 < rate < 1 for rate in rates) < 3:
        notes.append(
            state("Fewer than three levels are detected in part; the curve rests on little.")
        )
    if min(one.tested for one in levels) < 20:
        notes.append(state("A level has fewer than 20 wells."))
    if p is not None and p < 0.05:
        notes.append(state("The curve does not follow the hit rates (P {p:.2g}).", p=p))
    return tuple(notes)


def hit_rate(eta: float, link: Link) -> float:
    """Probability of detection at a linear predictor."""
    if link == "logit":
        return float(expit(eta))
    return math.exp(float(_log_probabilities(np.array([eta]), link)[0][0]))
