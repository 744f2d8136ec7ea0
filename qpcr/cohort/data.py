"""A cohort as arrays: group, features, numbers, and follow-up of every endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, FrozenMap, IntArray
from qpcr.cohort.follow_up import DAYS_A_MONTH, Absent, follow_up
from qpcr.cohort.study import Study
from qpcr.cohort.subjects import Cohort


@dataclass(frozen=True, eq=False, slots=True)
class Followed:
    """Follow-up of n patients for one endpoint.

    Attributes
    ----------
    months
        (n,) NaN where a patient takes no part.
    cause
        (n,) 0 = censored, 1 = event, 2 = competing event, −1 = takes no part.
    transplanted
        (n,) months from the start to the transplantation; infinite: none known.
    absent
        Why patients take no part, and how many; those of whom something is missing first.
    missing
        How many take no part because something is missing.
    """

    months: FloatArray
    cause: IntArray
    transplanted: FloatArray
    absent: Mapping[str, int]
    missing: int

    @property
    def known(self) -> BoolArray:
        """(n,) takes part."""
        here: BoolArray = self.cause >= 0
        return here


@dataclass(frozen=True, eq=False, slots=True)
class Data:
    """What the analyses are made of.

    Attributes
    ----------
    study
        What is asked.
    cohort
        Of whom.
    group
        (n,) number of the study's group; −1: of none, or not known.
    features
        By name, (n,) 1 has it, 0 has it not, NaN not known.
    numbers
        By field, (n,) NaN not known.
    followed
        By endpoint.
    """

    study: Study
    cohort: Cohort
    group: IntArray
    features: Mapping[str, FloatArray]
    numbers: Mapping[str, FloatArray]
    followed: Mapping[str, Followed]

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the study's groups."""
        return tuple(one.name for one in self.study.groups)


def prepare(cohort: Cohort, study: Study) -> Data:
    """Make the arrays of a cohort.

    Parameters
    ----------
    cohort
        Whose patients.
    study
        Which groups, features and endpoints.
    """
    people = [one.values for one in cohort.subjects]
    at = {one.name: place for place, one in enumerate(study.groups)}
    names = (study.group_of(values) for values in people)
    group = np.array([-1 if name is None else at[name] for name in names], dtype=np.int64)
    features = {}
    for name, feature in study.features.items():
        told = (feature.of(values) for values in people)
        features[name] = np.array([np.nan if one is None else float(one) for one in told])
    numbers = {}
    for name in study.numbers:
        values_of = (values.get(name) for values in people)
        numbers[name] = np.array(
            [float(one) if isinstance(one, float | int) else np.nan for one in values_of]
        )
    followed = {
        one.name: _follow(cohort, study, place) for place, one in enumerate(study.endpoints)
    }
    return Data(study, cohort, group, FrozenMap(features), FrozenMap(numbers), FrozenMap(followed))


def _follow(cohort: Cohort, study: Study, place: int) -> Followed:
    endpoint, size = study.endpoints[place], len(cohort.subjects)
    months, cause = np.full(size, np.nan), np.full(size, -1, dtype=np.int64)
    transplanted = np.full(size, np.inf)
    absent: Counter[str] = Counter()
    missing = 0
    for at, one in enumerate(cohort.subjects):
        found = follow_up(one.values, endpoint, study.censor)
        if isinstance(found, Absent):
            absent[found.why] += 1
            missing += found.missing
            continue
        months[at], cause[at] = found.months, found.cause
        start, hsct = one.values[endpoint.start], one.values.get("hsct_date")
        if hsct is not None:
            transplanted[at] = (hsct - start).days / DAYS_A_MONTH  # type: ignore[operator, union-attr]
    return Followed(months, cause, transplanted, FrozenMap(dict(absent.most_common())), missing)
