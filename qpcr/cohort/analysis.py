"""The whole analysis of a cohort by a study: every table and curve."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import IntArray
from qpcr.cohort.baseline import Compared, compare_feature, compare_number
from qpcr.cohort.data import Data, prepare
from qpcr.cohort.genotype import DELETED, ikzf1_plus
from qpcr.cohort.regression import Model, multivariable, univariate
from qpcr.cohort.study import Study
from qpcr.cohort.subjects import Cohort
from qpcr.cohort.survival import Comparison, compare_survival
from qpcr.cohort.transplantation import Changing, Landmark, changing, landmark
from qpcr.errors import InputError


@dataclass(frozen=True, eq=False, slots=True)
class Baseline:
    """Characteristics by group.

    Attributes
    ----------
    by
        Name of the feature whose ``no`` and ``yes`` are the groups; ``""``: the study's groups.
    groups, sizes
        Names, and how many patients.
    nowhere
        Patients in no group, or nobody knows in which.
    lines
        Numbers first, then features.
    """

    by: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    nowhere: int
    lines: tuple[Compared, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Frequencies:
    """Deletion types among the deleted, and IKZF1plus by both definitions.

    `plus` has (yes, no, not known) for CDKN2A/B lost on both chromosomes, then on any.
    """

    deleted: int
    not_deleted: int
    unknown: int
    types: tuple[tuple[str, int], ...]
    from_results: int
    plus: tuple[tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True, eq=False, slots=True)
class EndpointAnalysis:
    """What is found for one endpoint."""

    name: str
    groups: Comparison
    alone: tuple[Comparison, ...]
    models: tuple[Model, ...]
    landmark: Landmark
    changing: tuple[Changing, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Analysis:
    """All tables and curves of a cohort."""

    data: Data
    baselines: tuple[Baseline, ...]
    frequencies: Frequencies
    endpoints: tuple[EndpointAnalysis, ...]


def analyze_cohort(cohort: Cohort, study: Study, *, survival: bool = True) -> Analysis:
    """Analyze a cohort.

    Parameters
    ----------
    cohort
        Whose patients.
    study
        What is asked.
    survival
        Not only the tables of characteristics.

    Raises
    ------
    InputError
        Nobody takes part.
    """
    if not cohort.subjects:
        counts = ", ".join(f"{rule}: {n}" for rule, n in cohort.counts.items() if n)
        raise InputError("no patient takes part", found=counts or "no patients")
    data = prepare(cohort, study)
    by = [Baseline("", *_sized(data.group, data.group_names), _lines(data, data.group,
                   len(data.group_names)))]  # fmt: skip
    for name in study.compare:
        has = data.features[name]
        group = np.where(np.isfinite(has), has, -1).astype(np.int64)
        by.append(Baseline(name, *_sized(group, ("no", "yes")), _lines(data, group, 2)))
    found = tuple(_endpoint(data, one.name) for one in study.endpoints) if survival else ()
    return Analysis(data, tuple(by), _frequencies(cohort), found)


def _sized(group: IntArray, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, ...], int]:
    sizes = tuple(int((group == one).sum()) for one in range(len(names)))
    return names, sizes, len(group) - sum(sizes)


def _lines(data: Data, group: IntArray, groups: int) -> tuple[Compared, ...]:
    numbers = [compare_number(n, data.numbers[n], group, groups) for n in data.study.numbers]
    features = data.study.table_features
    return (*numbers, *(compare_feature(n, data.features[n], group, groups) for n in features))


def _frequencies(cohort: Cohort) -> Frequencies:
    status = Counter(one.values.get("ikzf1") for one in cohort.subjects)
    deleted = [one for one in cohort.subjects if one.values.get("ikzf1") == DELETED]
    types = Counter(str(one.values.get("ikzf1_deletion", "")) for one in deleted)
    plus = []
    for both in (True, False):
        told = Counter(ikzf1_plus(one.values, both) for one in cohort.subjects)
        plus.append((told[True], told[False], told[None]))
    return Frequencies(
        len(deleted), status["not deleted"], status[None], tuple(types.most_common()),
        sum(one.from_results for one in cohort.subjects), (plus[0], plus[1]),
    )  # fmt: skip


def _endpoint(data: Data, name: str) -> EndpointAnalysis:
    followed = data.followed[name]
    competing = next(bool(one.competing) for one in data.study.endpoints if one.name == name)
    groups = compare_survival(
        name, followed.months, followed.cause, data.group, data.group_names,
        data.study.horizon_months, incidence=competing, pairwise=True,
    )  # fmt: skip
    alone = univariate(data, name)
    asked = [("", True), *((one, has) for one in data.study.compare for has in (True, False))]
    changed = tuple(changing(data, name, feature, having) for feature, having in asked)
    models = multivariable(data, name, alone)
    return EndpointAnalysis(name, groups, alone, models, landmark(data, name), changed)
