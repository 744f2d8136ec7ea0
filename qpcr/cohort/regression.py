"""Factors one by one, and together in Cox's model.

As the study does it: factors whose P alone is below a limit enter one model. Choosing factors by
their own P makes the model's P too small, so the model of all factors stands beside it. Patients
with an unknown factor take no part in a model, and are counted. Where events compete, the model is
of the cause-specific hazard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qpcr.cohort.cox import FEW_EVENTS, Cox, NoFitError, cox
from qpcr.cohort.data import Data
from qpcr.cohort.survival import Comparison, compare_survival
from qpcr.said import Said, say

BENT = 0.05
"""P below which hazards count as not proportional."""


@dataclass(frozen=True, eq=False, slots=True)
class Model:
    """A model of several factors for one endpoint.

    Attributes
    ----------
    endpoint
        Its name.
    every
        All factors, not only those that entered by their own P.
    factors
        Names.
    fit
        ``None``: none could be made; `warnings` say why.
    left_out
        Patients with follow-up whom an unknown factor keeps out.
    warnings
        What makes it doubtful.
    """

    endpoint: str
    every: bool
    factors: tuple[str, ...]
    fit: Cox | None
    left_out: int
    warnings: tuple[Said, ...]


def univariate(data: Data, endpoint: str) -> tuple[Comparison, ...]:
    """Compare those who have each factor with those who have it not; arms ``no`` and ``yes``.

    Parameters
    ----------
    data
        Of a cohort.
    endpoint
        Name of one of the study's endpoints.
    """
    followed = data.followed[endpoint]
    competing = next(bool(e.competing) for e in data.study.endpoints if e.name == endpoint)
    made = []
    for name in data.study.factors:
        has = data.features[name]
        group = np.where(np.isfinite(has), has, -1).astype(np.int64)
        made.append(
            compare_survival(
                endpoint, followed.months, followed.cause, group, ("no", "yes"),
                data.study.horizon_months, incidence=competing,
            )
        )  # fmt: skip
    return tuple(made)


def multivariable(data: Data, endpoint: str, alone: Sequence[Comparison]) -> tuple[Model, ...]:
    """Fit the model of factors that enter by their own P, and the model of all.

    Parameters
    ----------
    data
        Of a cohort.
    endpoint
        Name of one of the study's endpoints.
    alone
        What :func:`univariate` found, in the order of the study's factors.
    """
    told = zip(data.study.factors, alone, strict=True)
    entering = tuple(n for n, one in told if one.test is not None and one.test.p < data.study.enter)
    made = []
    for every, factors in ((False, entering), (True, data.study.factors)):
        if factors:
            made.append(_model(data, endpoint, every, factors))
        else:
            why = say("no factor has P below {limit:g} alone", limit=data.study.enter)
            made.append(Model(endpoint, every, (), None, 0, (why,)))
    return tuple(made)


def _model(data: Data, endpoint: str, every: bool, factors: tuple[str, ...]) -> Model:
    followed = data.followed[endpoint]
    x = np.column_stack([data.features[name] for name in factors])
    full = np.isfinite(x).all(axis=1) & followed.known
    left = int(followed.known.sum() - full.sum())
    warnings: list[Said] = []
    if left:
        warnings.append(say("{n} patients with an unknown factor take no part", n=left))
    try:
        fit = cox(followed.months[full], followed.cause[full] == 1, x[full], factors)
    except NoFitError as error:
        warnings.append(say("no model: {reason}", reason=str(error)))
        return Model(endpoint, every, factors, None, left, tuple(warnings))
    if fit.events_per_variable < FEW_EVENTS:
        warnings.append(
            say("only {epv:.1f} events for each factor; below {limit:g} estimates are unreliable",
                epv=fit.events_per_variable, limit=FEW_EVENTS)
        )  # fmt: skip
    bent = sum(test.p < BENT for test in fit.proportional)
    if bent:
        warnings.append(
            say("hazards are not proportional by {n} of {all} tests (P < {limit:g}); such a hazard "
                "ratio is a mean over time", n=bent, all=len(fit.proportional), limit=BENT)
        )  # fmt: skip
    return Model(endpoint, every, factors, fit, left, tuple(warnings))
