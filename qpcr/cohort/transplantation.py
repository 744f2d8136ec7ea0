"""Transplantation without immortal time: a landmark analysis, and a covariate that changes.

Who is transplanted later has lived until then. To count that time for the transplanted makes them
look better, whatever transplantation does. The landmark analysis groups patients by what they had
at one time and follows them from there; the time-dependent one counts everybody as not
transplanted until the day of it.

References
----------
Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983;1:710-719. doi:10.1200/JCO.1983.1.11.710.
Mantel N, Byar DP. J Am Stat Assoc 1974;69:81-86. doi:10.1080/01621459.1974.10480131.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import BoolArray
from qpcr.cohort.cox import Cox, NoFitError, cox
from qpcr.cohort.data import Data
from qpcr.cohort.survival import Comparison, compare_survival
from qpcr.said import Said, say

TRANSPLANTED = "allo-HSCT"
NOT_TRANSPLANTED = "chemotherapy"
WHY = say(
    "Groups by transplantation were formed by what happened later: who was to be transplanted had "
    "to live until then, and that time counts for the group (immortal time). The landmark analysis "
    "and the time-dependent model below do not have this fault; where they disagree with the "
    "groups, trust them more."
)


@dataclass(frozen=True, eq=False, slots=True)
class Landmark:
    """Groups as they were at the landmark, followed from there.

    Attributes
    ----------
    months
        After the endpoint's start.
    comparison
        Times count from the landmark.
    earlier
        Patients with an event or the end of follow-up before it: they take no part.
    undated
        Not known whether they were transplanted, or when: they take no part.
    """

    months: float
    comparison: Comparison
    earlier: int
    undated: int


@dataclass(frozen=True, eq=False, slots=True)
class Changing:
    """Transplantation as a covariate that changes, in all or in some.

    Attributes
    ----------
    name
        Of the feature that patients have (``""``: all), with `having`.
    fit
        Its score test is Mantel and Byar's; ``None``: `why` says why not.
    transplanted
        How many change while they are followed.
    """

    name: str
    having: bool
    fit: Cox | None
    transplanted: int
    why: Said | None


def _unknown(data: Data, endpoint: str) -> BoolArray:
    """(n,) nobody knows whether a patient was transplanted, or when."""
    therapy = [one.values.get("therapy") for one in data.cohort.subjects]
    told = np.array([one in (None, TRANSPLANTED) for one in therapy], dtype=np.bool_)
    lost: BoolArray = told & np.isinf(data.followed[endpoint].transplanted)
    return lost


def landmark(data: Data, endpoint: str) -> Landmark:
    """Compare the study's groups as they were at its landmark.

    Parameters
    ----------
    data
        Of a cohort.
    endpoint
        Name of one of the study's endpoints.
    """
    followed, at = data.followed[endpoint], data.study.landmark_months
    lost = _unknown(data, endpoint)
    here = followed.known & (np.nan_to_num(followed.months, nan=-1.0) > at) & ~lost
    places = {name: place for place, name in enumerate(data.group_names)}
    group = np.full(len(here), -1, dtype=np.int64)
    for i in np.flatnonzero(here):
        done = followed.transplanted[i] <= at
        therapy = TRANSPLANTED if done else NOT_TRANSPLANTED
        name = data.study.group_of({**data.cohort.subjects[i].values, "therapy": therapy})
        group[i] = -1 if name is None else places[name]
    competing = next(bool(e.competing) for e in data.study.endpoints if e.name == endpoint)
    made = compare_survival(
        endpoint, followed.months - at, np.where(here, followed.cause, -1), group,
        data.group_names, data.study.horizon_months - at, incidence=competing, pairwise=True,
    )  # fmt: skip
    undated = int((lost & followed.known).sum())
    earlier = int(followed.known.sum() - here.sum()) - undated
    return Landmark(at, made, earlier, undated)


def changing(data: Data, endpoint: str, feature: str = "", having: bool = True) -> Changing:
    """Fit transplantation as a covariate that changes on its day.

    Parameters
    ----------
    data
        Of a cohort.
    endpoint
        Name of one of the study's endpoints; where events compete, the cause-specific hazard.
    feature, having
        Only patients who have it, or have it not; ``""``: all.
    """
    followed = data.followed[endpoint]
    used = followed.known & ~_unknown(data, endpoint)
    if feature:
        used &= data.features[feature] == float(having)
    end, event = followed.months[used], followed.cause[used] == 1
    change = np.maximum(followed.transplanted[used], 0.0)
    moved = change < end
    # those who change have two spells: until the day, and after it
    before = moved & (change > 0)
    start = -1.0  # also who leaves on the first day was at risk on it
    entry = np.concatenate([np.where(before, change, start), np.full(int(before.sum()), start)])
    until = np.concatenate([end, change[before]])
    ended = np.concatenate([event, np.zeros(int(before.sum()), dtype=np.bool_)])
    x = np.concatenate([moved.astype(np.float64), np.zeros(int(before.sum()))])
    try:
        fit = cox(until, ended, x, (TRANSPLANTED,), entry)
    except NoFitError as error:
        why = say("no model: {reason}", reason=str(error))
        return Changing(feature, having, None, int(moved.sum()), why)
    return Changing(feature, having, fit, int(moved.sum()), None)
