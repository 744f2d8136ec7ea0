"""How good Cq and quantities of replicates and dilution series are: the field's indicators.

Of Cq: pooled replicate SD, the standard curve, and what sampling alone explains. Of quantities:
bias, linearity, precision and resolution as in Ruijter et al., Methods 2013;59:32-46,
doi:10.1016/j.ymeth.2012.08.011, all on log10 of quantities relative to the highest standard.

Linearity, precision and resolution are given with the log axis put back to slope 1 (divided by
slope², and to the power 1/slope): a method that underestimates the efficiency shrinks that axis,
and would look precise for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.sampling import poisson_sd

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one method on one target; NaN where the design does not show them.

    Attributes
    ----------
    n, called
        Wells, and those with a Cq.
    cq_sd
        Pooled SD of Cq within groups of replicates, cycles.
    predicted_sd
        Root mean square of the stated standard errors, cycles: without pipetting and sampling.
    poisson_sd
        SD of Cq that sampling alone gives, pooled likewise, cycles; only for copies, by
        √(log(1 + 1/N)) as the field's scorer has it.
    expected_sd
        Standard errors and, for copies, sampling together, pooled over the groups of `cq_sd`,
        cycles; sampling of wells that are not empty, see :func:`qpcr.sampling.poisson_sd`.
    sd_ratio
        `cq_sd` over `expected_sd`: above 1, wells differ by more than is stated (pipetting, unlike
        wells); below 1, the standard errors are too large.
    sc_slope, sc_efficiency, sc_r2, sc_syx
        Regression of Cq on log10(concentration): cycles per decade, 10^(−1/slope), R², residual
        SD in cycles.
    bias
        Fold by which the ratio of mean quantities of highest and lowest standard is off, ≥ 1.
    slope
        Of log10(quantity) on log10(concentration).
    linearity
        Mean square of the standards' deviation from the line.
    precision
        Mean square within standards.
    resolution
        Smallest fold difference between two quantities that can be told apart.
    """

    n: int
    called: int
    cq_sd: float = NAN
    predicted_sd: float = NAN
    poisson_sd: float = NAN
    expected_sd: float = NAN
    sd_ratio: float = NAN
    sc_slope: float = NAN
    sc_efficiency: float = NAN
    sc_r2: float = NAN
    sc_syx: float = NAN
    bias: float = NAN
    slope: float = NAN
    linearity: float = NAN
    precision: float = NAN
    resolution: float = NAN


@dataclass(frozen=True, eq=False, slots=True)
class Design:
    """What the n wells of a target hold.

    Attributes
    ----------
    group
        (n,) replicates share a number.
    concentration
        (n,) of standards; NaN = none.
    copies
        Concentrations are copies in the reaction.
    """

    group: IntArray
    concentration: FloatArray
    copies: bool


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float
    r2: float
    syx: float
    deviation: float
    within: float


def figures(design: Design, cq: FloatArray, cq_se: FloatArray, n0: FloatArray) -> Figures:
    """Figures of one method on one target; NaN = no Cq, no quantity."""
    cq = np.where(cq > 0, cq, np.nan)
    known = np.isfinite(cq)
    rest: dict[str, float] = {"cq_sd": pooled_sd(cq, design.group)}
    if np.isfinite(cq_se).any():
        rest["predicted_sd"] = float(np.sqrt(np.nanmean(cq_se**2)))
    conc = design.concentration
    standard = known & (conc > 0)
    efficiency = NAN
    if len(np.unique(conc[standard])) > 1 and standard.sum() > 2:
        line = _line(np.log10(conc[standard]), cq[standard])
        rest |= {"sc_slope": line.slope, "sc_r2": line.r2, "sc_syx": line.syx}
        if line.slope < 0:
            efficiency = rest["sc_efficiency"] = float(10 ** (-1 / line.slope))
    if design.copies:
        rest["poisson_sd"] = _poisson(conc[standard], efficiency if efficiency > 1 else 2.0)
    expected = _expected(design, cq_se, known, efficiency if efficiency > 1 else 2.0)
    rest |= {"expected_sd": expected, "sd_ratio": rest["cq_sd"] / expected if expected else NAN}
    rest |= _quantities(conc, n0)
    return Figures(len(cq), int(known.sum()), **rest)


def pooled_sd(values: FloatArray, group: IntArray) -> float:
    """√(Σ(n_g − 1)s_g² / Σ(n_g − 1)) over groups; NaN without a group of two."""
    squares = freedom = 0.0
    for one in np.unique(group):
        mine = values[(group == one) & np.isfinite(values)]
        if len(mine) > 1:
            squares += float(((mine - mine.mean()) ** 2).sum())
            freedom += len(mine) - 1
    return float(np.sqrt(squares / freedom)) if freedom else NAN


def _poisson(copies: FloatArray, efficiency: float) -> float:
    """SD of Cq by sampling: log of a Poisson number has a variance of about log(1 + 1/N)."""
    squares = freedom = 0.0
    for level in np.unique(copies):
        more = int((copies == level).sum()) - 1
        squares += more * np.log1p(1 / level)
        freedom += more
    return float(np.sqrt(squares / freedom) / np.log(efficiency)) if freedom else NAN


def _expected(design: Design, cq_se: FloatArray, known: BoolArray, efficiency: float) -> float:
    """Pooled SD of Cq from standard errors and sampling; NaN where a well states no error."""
    squares = freedom = 0.0
    for one in np.unique(design.group):
        mine = known & (design.group == one)
        count = int(mine.sum())
        if count < 2:
            continue
        part = float(np.mean(cq_se[mine] ** 2))
        if design.copies:
            copies = float(np.mean(design.concentration[mine]))
            part += poisson_sd(copies, efficiency) ** 2 if copies > 0 else NAN
        squares += part * (count - 1)
        freedom += count - 1
    return float(np.sqrt(squares / freedom)) if freedom else NAN


def _line(x: FloatArray, y: FloatArray) -> _Line:
    """Regression of y on x, its residual split into deviation of the means and scatter."""
    n, levels = len(x), np.unique(x)
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - intercept - slope * x
    squares = float(residual @ residual)
    within = sum(float(((y[x == v] - y[x == v].mean()) ** 2).sum()) for v in levels)
    total = float(((y - y.mean()) ** 2).sum())
    return _Line(
        float(slope),
        1 - squares / total if total else NAN,
        float(np.sqrt(squares / (n - 2))),
        (squares - within) / (len(levels) - 2) if len(levels) > 2 else NAN,
        within / (n - len(levels)) if n > len(levels) else NAN,
    )


def _quantities(conc: FloatArray, n0: FloatArray) -> dict[str, float]:
    """The paper's indicators; nothing unless every standard has a quantity."""
    levels = np.unique(conc[conc > 0])
    with np.errstate(invalid="ignore"):
        good: BoolArray = np.isfinite(n0) & (n0 > 0) & (conc > 0)
    if len(levels) < 2 or good.sum() < 3 or len(np.unique(conc[good])) < len(levels):
        return {}
    high, low = levels[-1], levels[0]
    top = n0[good & (conc == high)].mean()
    ratio = top / n0[good & (conc == low)].mean() / (high / low)
    x, y = np.log10(conc[good] / high), np.log10(n0[good] / top)
    line = _line(x, y)
    found = {"bias": float(max(ratio, 1 / ratio)), "slope": line.slope}
    if line.slope > 0:
        found["linearity"] = line.deviation / line.slope**2
        found["precision"] = line.within / line.slope**2
        found["resolution"] = _resolution(x, line.syx) ** (1 / line.slope)
    return found


def _resolution(x: FloatArray, syx: float) -> float:
    """Geometric mean over standards of 10^(t·s_yx·√(1/n_g + (x_g − x̄)²/SSx)).

    As in the paper's work sheets: t at 1 − 0.0125 with n_g − 1 degrees of freedom, x̄ the mean of
    the standards, and SSx the variance of x times n − 2.
    """
    from scipy import stats  # costs start-up time

    levels = np.unique(x)
    spread = np.var(x, ddof=1) * (len(x) - 2)
    logs = []
    for level in levels:
        count = int((x == level).sum())
        if count > 1:
            t = stats.t.ppf(1 - 0.05 / 4, count - 1)
            logs.append(t * syx * np.sqrt(1 / count + (level - levels.mean()) ** 2 / spread))
    return float(10 ** np.mean(logs)) if logs else NAN


SUMS = ("n", "called")
FOLDS = ("bias", "resolution", "sd_ratio")
SPREADS = ("cq_sd", "predicted_sd", "poisson_sd", "expected_sd")


def summary(rows: list[Figures]) -> Figures:
    """One line for several targets: sums, root mean squares of SD, geometric means of folds.

    Everything else is the mean; targets that do not show a figure do not count in it.
    """
    found: dict[str, float] = {}
    for name in Figures.__dataclass_fields__:
        values = np.array([getattr(row, name) for row in rows], np.float64)
        values = values[np.isfinite(values)]
        if name in SUMS:
            continue
        if not len(values):
            found[name] = NAN
        elif name in FOLDS:
            found[name] = float(np.exp(np.log(values).mean()))
        elif name in SPREADS:
            found[name] = float(np.sqrt((values**2).mean()))
        else:
            found[name] = float(values.mean())
    return Figures(sum(row.n for row in rows), sum(row.called for row in rows), **found)
