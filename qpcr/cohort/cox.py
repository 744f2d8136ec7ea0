"""Cox's proportional hazards with Efron's ties and late entry, and a check of proportionality.

References
----------
Cox DR. J R Stat Soc B 1972;34:187-220. doi:10.1111/j.2517-6161.1972.tb00899.x.
Efron B. J Am Stat Assoc 1977;72:557-565. doi:10.1080/01621459.1977.10480613 (ties).
Andersen PK, Gill RD. Ann Stat 1982;10:1100-1120. doi:10.1214/aos/1176345976 (late entry).
Grambsch PM, Therneau TM. Biometrika 1994;81:515-526. doi:10.1093/biomet/81.3.515 (check).
Peduzzi P et al. J Clin Epidemiol 1995;48:1503-1510. doi:10.1016/0895-4356(95)00048-8 (events).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import chi2

from qpcr._frozen import FloatArray, IntArray
from qpcr.cohort.counts import count
from qpcr.cohort.kaplan_meier import kaplan_meier
from qpcr.cohort.logrank import Test

FEW_EVENTS = 10.0
"""Fewer events a covariate than this make coefficients unreliable (Peduzzi 1995)."""
MAX_STEPS, HALVINGS, CLOSE = 50, 25, 1e-10
RUNAWAY = 15.0
"""A log hazard ratio a standard deviation beyond this is no estimate: all events on one side."""


class NoFitError(ValueError):
    """The model has no estimate."""


@dataclass(frozen=True, eq=False, slots=True)
class Cox:
    """A fitted model of p covariates.

    Attributes
    ----------
    names
        Of the covariates.
    coef, se, low, high, p
        (p,) log hazard ratios, standard errors, hazard ratios' limits, P of Wald's test.
    patients, events
        How many it is made of.
    proportional
        Test of each covariate's proportionality, then of all together.
    score
        Score test of all coefficients being zero.
    """

    names: tuple[str, ...]
    coef: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    patients: int
    events: int
    proportional: tuple[Test, ...]
    score: Test

    @property
    def events_per_variable(self) -> float:
        """Events for each covariate."""
        return self.events / len(self.names)


@dataclass(frozen=True, eq=False, slots=True)
class _Sorted:
    """Patients by time, and where the risk set of each event time is found.

    `first` and `last` are each patient's event times at risk, as a slice of `times`.
    """

    x: FloatArray
    times: FloatArray
    dead: IntArray
    at: IntArray
    deaths: FloatArray
    start: IntArray
    late: IntArray | None
    late_start: IntArray
    first: IntArray
    last: IntArray


def cox(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    x: npt.ArrayLike,
    names: tuple[str, ...],
    entry: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Cox:
    """Fit.

    Parameters
    ----------
    time
        (n,) end of each spell.
    event
        (n,) whether it ends with the event.
    x
        (n, p) covariates, without gaps.
    names
        (p,)
    entry
        (n,) start of each spell: it is at risk after it; ``None``: always. `patients` then counts
        spells that start at 0.
    level
        Of the confidence limits.

    Raises
    ------
    NoFitError
        No events, a covariate that does not vary, covariates that tell the same, or no finite
        estimate (all events on one side of a covariate).
    """
    t = np.asarray(time, np.float64)
    d = np.asarray(event, np.bool_)
    raw = np.asarray(x, np.float64).reshape(len(t), len(names))
    begin = None if entry is None else np.asarray(entry, np.float64)
    if not (np.isfinite(t).all() and np.isfinite(raw).all()):
        raise ValueError("times and covariates have no gaps")
    if begin is not None and not (begin < t).all():
        raise ValueError("a spell ends after its start")
    if not d.any():
        raise NoFitError("there are no events")
    spread = raw.std(axis=0)
    if (spread < 1e-12).any():
        raise NoFitError(f"{names[int(np.argmin(spread))]} is the same in everybody")
    ready = _sort(t, d, (raw - raw.mean(axis=0)) / spread, begin)
    beta, information, score = _climb(ready, len(names))
    covariance = np.linalg.inv(information) / np.outer(spread, spread)
    coef, se = beta / spread, np.sqrt(np.diag(covariance))
    reach = -ndtri((1.0 - level) / 2.0) * se
    people = len(t) if begin is None else int((begin <= 0).sum())
    return Cox(
        names, coef, se, np.exp(coef - reach), np.exp(coef + reach), 2.0 * ndtr(-np.abs(coef / se)),
        people, int(d.sum()), _proportional(ready, beta, information, t, d), score,
    )  # fmt: skip


def _sort(
    t: FloatArray, d: npt.NDArray[np.bool_], x: FloatArray, begin: FloatArray | None
) -> _Sorted:
    order = np.argsort(t, kind="stable")
    t, d, x = t[order], d[order], x[order]
    dead = np.flatnonzero(d)
    times, at = np.unique(t[dead], return_inverse=True)
    start = np.searchsorted(t, times, side="left")
    late, late_start, first = None, start, np.zeros(len(t), np.int64)
    if begin is not None:
        entered = np.argsort(begin, kind="stable")
        late = order.argsort()[entered]
        late_start = np.searchsorted(begin[entered], times, side="left")
        first = np.searchsorted(times, begin[order], side="right")
    last = np.searchsorted(times, t, side="right")
    deaths = np.bincount(at, minlength=len(times)).astype(np.float64)
    return _Sorted(x, times, dead, at, deaths, start, late, late_start, first, last)


def _from(values: FloatArray, starts: IntArray) -> FloatArray:
    """Sums of `values` from each start to the end, along the first axis."""
    sums = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
    taken: FloatArray = sums[starts]
    return taken


def _risk(ready: _Sorted, values: FloatArray) -> FloatArray:
    """Sum over those at risk at every event time."""
    total = _from(values, ready.start)
    if ready.late is not None:
        total = total - _from(values[ready.late], ready.late_start)
    return total


def _tied(ready: _Sorted, values: FloatArray) -> FloatArray:
    """Sum over those who have the event at every event time."""
    made = np.zeros((len(ready.times), *values.shape[1:]))
    np.add.at(made, ready.at, values[ready.dead])
    return made


@dataclass(frozen=True, eq=False, slots=True)
class _Step:
    """Log-likelihood, score and information; mean covariate and information at each time."""

    value: float
    score: FloatArray
    information: FloatArray
    mean: FloatArray


def _evaluate(ready: _Sorted, beta: FloatArray) -> _Step:
    """The partial likelihood: of d deaths at a time, the k-th leaves k/d of them out (Efron)."""
    x = ready.x
    eta = np.clip(x @ beta, -500, 500)
    w = np.exp(eta)
    wx = w[:, None] * x
    sums = [(_risk(ready, one), _tied(ready, one)) for one in (w, wx)]
    which = np.repeat(np.arange(len(ready.times)), ready.deaths.astype(np.int64))
    first = np.cumsum(ready.deaths) - ready.deaths
    share = (np.arange(len(which)) - first[which]) / ready.deaths[which]
    s0 = sums[0][0][which] - share * sums[0][1][which]
    s1 = sums[1][0][which] - share[:, None] * sums[1][1][which]
    mean = s1 / s0[:, None]
    information = _squares(ready, wx, which, share, s0) - mean.T @ mean
    by_time = np.zeros((len(ready.times), len(beta)))
    np.add.at(by_time, which, mean)
    return _Step(
        float(eta[ready.dead].sum() - np.log(s0).sum()),
        x[ready.dead].sum(axis=0) - mean.sum(axis=0),
        information,
        by_time / ready.deaths[:, None],
    )


def _squares(
    ready: _Sorted, wx: FloatArray, which: IntArray, share: FloatArray, s0: FloatArray
) -> FloatArray:
    """Sum of mean squares over all risk sets: what each patient adds is summed over time first."""
    size = len(ready.times)
    whole = np.concatenate([[0.0], np.cumsum(np.bincount(which, 1.0 / s0, size))])
    each = whole[ready.last] - whole[np.minimum(ready.first, ready.last)]
    each[ready.dead] -= np.bincount(which, share / s0, size)[ready.at]
    squares: FloatArray = (wx * each[:, None]).T @ ready.x
    return squares


def _climb(ready: _Sorted, size: int) -> tuple[FloatArray, FloatArray, Test]:
    """Newton's steps, halved while the likelihood falls; score test at the start."""
    beta = np.zeros(size)
    here = _evaluate(ready, beta)
    if np.linalg.cond(here.information) > 1e12:
        raise NoFitError("covariates tell the same, or none is at risk with others")
    value = float(here.score @ np.linalg.solve(here.information, here.score))
    score = Test(value, size, float(chi2.sf(value, size)))
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(here.information, here.score)
        for _ in range(HALVINGS):
            there = _evaluate(ready, beta + step)
            if there.value >= here.value - 1e-12 * abs(here.value):
                break
            step = step / 2.0
        beta = beta + step
        here = there
        if (np.abs(beta) > RUNAWAY).any() or np.linalg.cond(here.information) > 1e12:
            raise NoFitError("no finite estimate: all events are on one side of a covariate")
        if np.abs(step).max() < CLOSE:
            return beta, here.information, score
    raise NoFitError("the estimate does not settle")


def _proportional(
    ready: _Sorted,
    beta: FloatArray,
    information: FloatArray,
    t: FloatArray,
    d: npt.NDArray[np.bool_],
) -> tuple[Test, ...]:
    """Grambsch and Therneau's tests on scaled Schoenfeld residuals, over Kaplan-Meier time."""
    residuals = ready.x[ready.dead] - _evaluate(ready, beta).mean[ready.at]
    curve = kaplan_meier(count(t, d.astype(np.int64)))
    before = np.concatenate([[1.0], curve.survival])[np.searchsorted(curve.times, ready.times)]
    g = (1.0 - before)[ready.at]
    g = g - g.mean()
    lever = float(g @ g)
    if lever <= 0:
        return ()
    events, size = len(g), len(beta)
    covariance = np.linalg.inv(information)
    pull = g @ residuals
    scaled = events * covariance @ pull
    single = scaled**2 / (events * np.diag(covariance) * lever)
    whole = float(events * pull @ covariance @ pull / lever)
    made = [Test(float(one), 1, float(chi2.sf(one, 1))) for one in single]
    return (*made, Test(whole, size, float(chi2.sf(whole, size))))
