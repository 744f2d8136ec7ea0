"""Hit rates of a dilution series as a curve over log10 quantity: likelihood, best curve, interval.

P(detected) = F(eta), eta = q + b (x − limit), with F a link and q its quantile at the probability
that defines the limit: so the limit itself is a parameter, psi, and b the other.

**Interval.** The signed likelihood root r(psi) = sign(psi^ − psi) √(2 (l(psi^, b^) − l(psi, b~)))
is normal only to first order; with few wells it has a mean of about −0.2 for the LOD, so that
limits come out too low. Skovgaard's adjustment (1996, Bernoulli 2:145; Barndorff-Nielsen 1986,
doi:10.1093/biomet/73.2.307) r* = r + ln(u/r)/r is normal to second order, with

    u = [S⁻¹ q]_psi · √det j^ · det S / (det i^ · √j~_bb),
    S = cov(score(theta^), score(theta~)),  q = cov(score(theta^), l(theta^) − l(theta~)),

covariances under theta^ = (psi^, b^), theta~ = (psi, b~) the best curve with that limit, j observed
and i expected information. Independent binomial counts k of n make them sums over levels: with
p' = dF/d eta and y = d eta/d theta = (−b, x − psi),

    S = Σ n p'^ y^ y~ᵀ p'~/(p~(1 − p~)),  q = Σ n p'^ y^ (logit p^ − logit p~).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import log_expit, log_ndtr, logit, ndtri

from calibration.standard_curve import FloatArray

Link = Literal["probit", "logit", "cloglog"]
LINKS: tuple[Link, ...] = ("probit", "logit", "cloglog")
FARTHEST = 6.0
"""Decades from the tested levels within which limits are looked for; beyond, they are open."""
NEAR = 0.3
"""Root below which nothing is adjusted: r* is 0/0 at its centre, and no limit lies there."""


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


class HitRates:
    """Counts of a series and their likelihood, in terms of the limit and the slope.

    Parameters
    ----------
    x, n, k
        (L,) log10 quantities, wells tested, wells detected.
    link, probability
        Curve, and chance of detection at the limit.
    """

    def __init__(
        self, x: FloatArray, n: FloatArray, k: FloatArray, link: Link, probability: float
    ) -> None:
        self.x, self.n, self.k, self.link = x, n, k, link
        self.at = quantile(link, probability)
        self.low, self.high = float(x.min()) - FARTHEST, float(x.max()) + FARTHEST

    def loglik(self, limit: float, slope: float) -> float:
        """Log-likelihood, without the binomial coefficients."""
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

    def bounds(
        self, best: float, slope: float, z: float, *, adjusted: bool
    ) -> tuple[float | None, float | None]:
        """Limits where the root reaches ±z; ``None`` where it does not.

        Parameters
        ----------
        best, slope
            Of the best curve.
        z
            Normal quantile.
        adjusted
            Use r*, or else r.
        """
        found: list[float | None] = []
        for side, end in ((-1, self.low), (1, self.high)):

            def beyond(limit: float, side: int = side) -> float:
                return -side * self.root(limit, best, slope, adjusted=adjusted) - z

            step, before, here = 0.1, best, best
            while beyond(here) < 0 and side * (end - here) > 0:
                step *= 1.5
                before, here = here, best + side * step
            reached = beyond(here) >= 0
            found.append(10 ** float(brentq(beyond, before, here, xtol=1e-10)) if reached else None)
        return found[0], found[1]

    def root(self, limit: float, best: float, slope: float, *, adjusted: bool) -> float:
        """Signed likelihood root at a limit, positive below the best one."""
        top = self.loglik(best, slope)
        held, steep = self.profile(limit)
        r = math.copysign(math.sqrt(max(2 * (top - held), 0.0)), best - limit)
        if not adjusted or abs(r) < NEAR:
            return r
        u = self._skovgaard(best, slope, limit, steep)
        return r + math.log(u / r) / r if math.isfinite(u) and u / r > 0 else r

    def _skovgaard(self, best: float, slope: float, limit: float, steep: float) -> float:
        """Skovgaard's u; NaN where the data do not determine it."""
        free = _Place(self, best, slope)
        held = _Place(self, limit, steep)
        with np.errstate(all="ignore"):
            s = (self.n * free.density * held.weight * free.x) @ held.x.T
            q = (self.n * free.density * free.x) @ (free.log_odds - held.log_odds)
            i = (self.n * free.density * free.weight * free.x) @ free.x.T
            j = (free.curvature * free.x) @ free.x.T
            held_bb = float((held.curvature * held.x[1] ** 2).sum())
            det_s = float(s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0])
            first = float(s[1, 1] * q[0] - s[0, 1] * q[1])  # det S · [S⁻¹ q]_psi
            det_i, det_j = (float(m[0, 0] * m[1, 1] - m[0, 1] ** 2) for m in (i, j))
        if not (det_s != 0 and det_i > 0 and det_j > 0 and held_bb > 0):
            return math.nan
        return first * math.sqrt(det_j) / det_i / math.sqrt(held_bb)


class _Place:
    """What the adjustment needs to know of the curve at one pair of limit and slope.

    Attributes
    ----------
    x
        (2, L) derivative of eta by limit and slope.
    density
        (L,) dp/d eta.
    weight
        (L,) dp/d eta over p (1 − p).
    log_odds
        (L,) ln p/(1 − p).
    curvature
        (L,) −d²l/d eta² of the counts seen.
    """

    def __init__(self, of: HitRates, limit: float, slope: float) -> None:
        eta = of.at + slope * (of.x - limit)
        self.x = np.stack([np.full_like(of.x, -slope), of.x - limit])
        hit, miss = _log_probabilities(eta, of.link)
        self.log_odds = hit - miss
        log_density, bend_hit, bend_miss = _derivatives(eta, of.link, hit, miss)
        self.density = np.exp(log_density)
        self.weight = np.exp(log_density - hit - miss)
        self.curvature = -(of.k * bend_hit + (of.n - of.k) * bend_miss)


def _derivatives(
    eta: FloatArray, link: Link, hit: FloatArray, miss: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ln dp/d eta, and the second derivatives of ln p and ln(1 − p), each (L,)."""
    if link == "probit":
        log_density = -eta * eta / 2 - math.log(2 * math.pi) / 2
        up, down = np.exp(log_density - hit), np.exp(log_density - miss)
        return log_density, -up * (eta + up), -down * (down - eta)
    if link == "logit":
        bend = -np.exp(hit + miss)
        return hit + miss, bend, bend
    eta = np.clip(eta, -700, 700)
    mean = np.exp(eta)
    log_density = eta - mean
    up = np.exp(log_density - hit)  # d ln p/d eta = mean/(e^mean − 1)
    return log_density, up * (1 - mean - up), -mean


def _newton(x: FloatArray, n: FloatArray, k: FloatArray, link: Link) -> tuple[float, float]:
    """Maximum of the likelihood over intercept and slope: all three links are log-concave."""

    def negative(theta: FloatArray) -> float:
        hit, miss = _log_probabilities(theta[0] + theta[1] * x, link)
        return -float((k * hit + (n - k) * miss).sum())

    start = np.array([float(ndtri((k.sum() + 1) / (n.sum() + 2))), 1.0])
    found = minimize(negative, start, method="Nelder-Mead",
                     options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000})  # fmt: skip
    return float(found.x[0]), float(found.x[1])
