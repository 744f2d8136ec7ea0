"""The generalised logistic in log cycle, shared by the four- and the five-parameter model.

    g(x) = (1 + (x/e)^b)^(−f),  b < 0

With B = −b and z = B·(log x − log e) this is g = exp(−f·log(1 + exp(−z))): no power is ever
taken and nothing overflows.

Coordinates are θ = (log(fB/(1 + f)), log x½, log f), where x½ = e·(2^(1/f) − 1)^(1/b) is the cycle
of half rise. b, e and f themselves run away together along two valleys: f → ∞ is a Gompertz curve,
f → 0 a power that stops at a kink. In both limits the first two coordinates stay where they are
and the third merely ceases to matter, so fits settle in few steps.

Reference: l5 and l4 of R's qpcR: Spiess, Feig & Ritz, BMC Bioinformatics 2008;9:221,
doi:10.1186/1471-2105-9-221. Its code writes the power as exp(b(log x − log e)) too.
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.models import Numbers

STEEPNESS = (0.5, 1000.0)
"""Bounds of fB/(1 + f). A curve that doubles each cycle around cycle x has fB = x·log 2, so 0.5 is
far flatter than any amplification and 1000 is a rise within a fraction of a cycle."""

ASYMMETRY = (1e-3, 1e3)
"""Bounds of f. Beyond them g differs from its limit (Gompertz curve, kinked power) by less than
0.1 %: the bound costs nothing and stops f from running away."""

LOG2 = float(np.log(2.0))


def _softplus(z: Numbers) -> Numbers:
    """log(1 + exp(−z)) without overflow, real or complex."""
    below = np.where(z.real < 0, z, 0)
    return np.asarray(np.log1p(np.exp(2 * below - z)) - below)


def _half(theta: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """B, f and h = log(2^(1/f) − 1), so that z = B·(log x − log x½) − h; each (n,)."""
    f = np.exp(theta[:, 2])
    a = LOG2 / f
    return np.exp(theta[:, 0]) * (1.0 + f) / f, f, a + np.log(-np.expm1(-a))


def natural(theta: Numbers) -> Numbers:
    """(n, 3) b, e, f from θ."""
    steep, f, h = _half(theta)
    return np.stack([-steep, np.exp(theta[:, 1] + h / steep), f], axis=1)


def _z(x: Numbers, theta: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    steep, f, h = (v[:, None] for v in _half(theta))
    return steep * (np.log(x) - theta[:, 1:2]) - h, steep, f


def shape(x: FloatArray, theta: Numbers) -> Numbers:
    """G (n, C) at cycles x (n, C) or (1, C) for θ (n, 3)."""
    z, _, f = _z(x, theta)
    return np.asarray(np.exp(-f * _softplus(z)))


def shape_slopes(x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """G (n, C) and ∂g/∂θ (n, 3, C); see :func:`shape`."""
    steep, f, h = (v[:, None] for v in _half(theta))
    far = steep * (np.log(x) - theta[:, 1:2])
    z = far - h
    t = np.exp(-np.abs(z))
    loss = np.log1p(t)
    loss -= np.minimum(z, 0.0)
    loss *= f
    g = np.exp(-loss)
    # ∂g/∂z = f·g·expit(−z), and expit(−z) is t/(1 + t) or 1/(1 + t).
    by_z = np.where(z >= 0, t, 1.0)
    t += 1.0
    by_z /= t
    by_z *= g
    by_z *= f
    a = LOG2 / f
    slopes = np.empty((len(theta), 3, x.shape[1]))
    np.multiply(by_z, far, out=slopes[:, 0])
    np.multiply(by_z, -steep, out=slopes[:, 1])
    # ∂(log B)/∂(log f) = −1/(1 + f) and ∂h/∂(log f) = −a/(1 − 2^(−1/f)).
    far *= -1.0 / (1.0 + f)
    far -= a / np.expm1(-a)
    by_z *= far
    loss *= g
    np.subtract(by_z, loss, out=slopes[:, 2])
    return g, slopes


def rate(x: Numbers, theta: Numbers) -> Numbers:
    """∂g/∂x (n, C), per cycle: g·f·B·expit(−z)/x."""
    z, steep, f = _z(x, theta)
    away = _softplus(z)
    return np.asarray(np.exp(-f * away - (away + z)) * f * steep / x)


def inverse(theta: Numbers, level: Numbers) -> Numbers:
    """Cycle (n,) where g = level: z = −log(level^(−1/f) − 1)."""
    steep, f, h = _half(theta)
    # log(exp(s) − 1) with s = −log(level)/f, in the form that keeps its digits for large s.
    s = -np.log(level) / f
    z = -(s + np.log(-np.expm1(-s)))
    return np.exp(theta[:, 1] + (z + h) / steep)


def steepest(theta: Numbers) -> Numbers:
    """Cycle (n,) of the largest slope: (x/e)^b = (B + 1)/(fB − 1); NaN unless fB > 1."""
    steep, f, h = _half(theta)
    rest = f * steep - 1.0
    rest = np.where(rest.real > 0, rest, np.nan)
    return np.exp(theta[:, 1] + (h - np.log((steep + 1.0) / rest)) / steep)


def accelerating(theta: Numbers) -> Numbers:
    """Cycle (n,) of the largest second derivative; NaN where there is none.

    g''' = 0 is, with k = f + 1, u = (x/e)^b and p = u/(1 + u), the quadratic
    b²k(k+1)p² − 3b(b−1)kp + (b−1)(b−2) = 0. Its larger root is the earlier cycle, where g'' has
    its maximum; the smaller one is the minimum before the plateau.
    """
    steep, f, h = _half(theta)
    b, k = -steep, f + 1.0
    a2, a1, a0 = b * b * k * (k + 1.0), 3.0 * b * (b - 1.0) * k, (b - 1.0) * (b - 2.0)
    under = a1 * a1 - 4.0 * a2 * a0
    under = np.where(under.real >= 0, under, np.nan)
    p = (a1 + np.sqrt(under)) / (2.0 * a2)
    # Without an inflection (fB <= 1) the curve only ever bends down.
    rest = np.where((p.real < 1.0) & ((f * steep).real > 1.0), 1.0 - p, np.nan)
    return np.exp(theta[:, 1] + (h - np.log(p / rest)) / steep)


def bounds(cycles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper θ (3,): :data:`STEEPNESS`; half rise within reach; :data:`ASYMMETRY`."""
    last = float(np.max(cycles))
    low = np.log([STEEPNESS[0], 0.1, ASYMMETRY[0]])
    high = np.log([STEEPNESS[1], 10.0 * last, ASYMMETRY[1]])
    return low, high


def starts(cycles: FloatArray, powers: tuple[float, ...], count: int) -> FloatArray:
    """About `count` coordinates (G, S, 3): a group a power f, half-rise cycles × rise times."""
    last = float(np.max(cycles))
    widths = np.geomspace(1.2, last, 12)
    places = np.linspace(3.0, 1.3 * last, max(count // (len(powers) * len(widths)), 8))
    f, place, width = (
        a.ravel() for a in np.meshgrid(np.array(powers), places, widths, indexing="ij")
    )
    # At half rise ∂g/∂(log x) = B·(f/2)·u/(1 + u) with u = 2^(1/f) − 1.
    steep = place / width / (0.5 * f * -np.expm1(-LOG2 / f))
    flat = np.clip(steep * f / (1.0 + f), *STEEPNESS)
    table: FloatArray = np.stack([np.log(flat), np.log(place), np.log(f)], axis=1)
    return table.reshape(len(powers), -1, 3)
