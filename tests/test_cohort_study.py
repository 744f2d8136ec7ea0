"""Studies and follow-up: definitions that are refused, and every endpoint counted by hand."""

from __future__ import annotations

import re
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpcr.clinical.fields import Below
from qpcr.cohort.follow_up import DAYS_A_MONTH, Absent, FollowUp, follow_up
from qpcr.cohort.study import load_study, study_names
from qpcr.errors import InputError

TEXT = resources.files("qpcr.cohort").joinpath("studies", "ikzf1-ball.toml").read_text("utf-8")
STUDY = load_study("ikzf1-ball")
ENDPOINTS = {one.name: one for one in STUDY.endpoints}
DAY = date(2018, 1, 1)


def on(days: int) -> date:
    return DAY + timedelta(days)


def followed(name, censor=None, **values):
    return follow_up({"diagnosis_date": DAY, **values}, ENDPOINTS[name], censor)


def after(days: int, cause: int) -> FollowUp:
    return FollowUp(days / DAYS_A_MONTH, cause)


# --- studies --------------------------------------------------------------------------------------


def test_the_study_that_ships_is_the_source_s():
    assert study_names() == ("ikzf1-ball",)
    assert [one.name for one in STUDY.groups] == ["A", "B", "C", "D"]
    assert list(ENDPOINTS) == ["EFS", "OS", "DFS", "CIR"]
    assert STUDY.censor == date(2020, 10, 30)
    assert STUDY.horizon_months == 36
    groups = {
        (status, therapy): STUDY.group_of({"ikzf1": status, "therapy": therapy})
        for status in ("deleted", "not deleted")
        for therapy in ("chemotherapy", "allo-HSCT")
    }
    assert list(groups.values()) == ["A", "B", "C", "D"]
    assert STUDY.group_of({"ikzf1": "deleted"}) is None


@pytest.mark.parametrize(
    ("feature", "value", "expected"),
    [
        ("age35", 34.9, False), ("age35", 35.0, True), ("wbc", 30.0, True), ("cd20", 20.0, False),
        ("mrd1", 1.0, False), ("mrd1", 1.1, True), ("mrd3", Below(0.01), False),
        ("mrd3", Below(0.1), None), ("male", "female", False), ("ph", True, True),
    ],
)  # fmt: skip
def test_cuts_are_the_study_s(feature, value, expected):
    one = STUDY.features[feature]
    assert one.of({one.field: value}) is expected
    assert one.of({}) is None


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('field = "age"', 'field = "agee"', "feature age35.field"),
        ('is = "male"', 'is = "man"', "feature male.sex"),
        ("at_least = 35", "at_least = true", "feature age35"),
        ("at_least = 35", "at_leest = 35", "feature age35"),
        ('field = "sex"\nis = "male"', 'field = "sex"\npositive = true', "feature male"),
        ('therapy = "allo-HSCT"', 'therapy = "transplant"', "group B.therapy"),
        ('ikzf1 = "deleted"', 'ikzf = "deleted"', "group A.where"),
        ('from = "cr_date"', 'from = "cr"', "endpoint DFS.from"),
        ('competing = ["death"]', 'competing = ["deaht"]', "endpoint CIR.events"),
        ('competing = ["death"]', 'competing = ["relapse"]', "endpoint CIR"),
        ('events = ["death"]', "events = []", "endpoint OS"),
        ("censor = 2020-10-30", 'censor = "2020-10-30"', "the study.censor"),
        ("horizon_months", "horizon", "the study"),
        ('numbers = ["age"]', 'numbers = ["sex"]', "tables.numbers"),
        ('factors = ["age35"', 'factors = ["age36"', "tables.factors"),
        ("enter = 0.05", 'enter = "5 %"', "tables.enter"),
        ('name = "B"', 'name = "A"', None),
    ],
)
def test_a_typing_error_is_refused_with_its_place(tmp_path, old, new, place):
    assert old in TEXT
    path = tmp_path / "own.toml"
    path.write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError) as caught:
        load_study(str(path))
    assert caught.value.place == place
    assert str(path) in str(caught.value)


def test_a_study_that_is_not_there_or_no_toml(tmp_path):
    with pytest.raises(InputError, match="no such study"):
        load_study("ikzf2")
    path = tmp_path / "own.toml"
    path.write_text("censor = ", "utf-8")
    with pytest.raises(InputError, match="no TOML"):
        load_study(str(path))


# --- follow-up ------------------------------------------------------------------------------------


def test_a_patient_without_events_is_censored_at_the_last_follow_up():
    alive = {"cr1": True, "cr_date": on(30), "relapse": False, "death": False}
    for name, days in (("EFS", 900), ("OS", 900), ("DFS", 870), ("CIR", 870)):
        assert followed(name, **alive, last_follow_up=on(900)) == after(days, 0)


def test_a_relapse_and_then_death_is_one_event_of_each_endpoint():
    values = {
        "cr1": True, "cr_date": on(30), "relapse": True, "relapse_date": on(400), "death": True,
        "death_date": on(500), "last_follow_up": on(500),
    }  # fmt: skip
    assert followed("EFS", **values) == after(400, 1)
    assert followed("OS", **values) == after(500, 1)
    assert followed("DFS", **values) == after(370, 1)
    assert followed("CIR", **values) == after(370, 1)


def test_death_in_remission_competes_with_relapse():
    values = {"cr1": True, "cr_date": on(30), "death": True, "death_date": on(500)}
    assert followed("EFS", **values) == after(500, 1)
    assert followed("DFS", **values) == after(470, 1)
    assert followed("CIR", **values) == after(470, 2)


def test_events_of_one_day_count_before_censoring_and_before_competing_ones():
    values = {
        "cr_date": on(30), "relapse_date": on(500), "death_date": on(500),
        "last_follow_up": on(500),
    }  # fmt: skip
    assert followed("CIR", **values) == after(470, 1)
    assert followed("OS", **values) == after(500, 1)


def test_no_remission_is_an_event_of_efs_and_no_part_of_dfs():
    values = {"cr1": False, "death": False, "relapse": False, "last_follow_up": on(300)}
    assert followed("EFS", **values, first_event_date=on(60)) == after(60, 1)
    assert followed("OS", **values) == after(300, 0)
    absent = followed("DFS", **values)
    assert isinstance(absent, Absent)
    assert not absent.missing
    unknown = followed("EFS", **values)
    assert isinstance(unknown, Absent)
    assert unknown.missing


def test_what_comes_after_the_end_of_the_study_does_not_count():
    values = {"death": True, "death_date": on(500), "last_follow_up": on(500)}
    assert followed("OS", on(499), **values) == after(499, 0)
    assert followed("OS", on(500), **values) == after(500, 1)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("OS", {}, "there is no follow-up|not known"),
        ("OS", {"death": True, "last_follow_up": on(9)}, "the date of death is not known"),
        ("EFS", {"relapse": True, "last_follow_up": on(9)}, "the date of relapse is not known"),
        ("DFS", {"cr1": True, "last_follow_up": on(9)}, "cr_date is not known"),
        ("OS", {"death": True, "death_date": on(-9)}, "before it starts"),
    ],
)
def test_what_is_missing_or_impossible_is_named(name, values, why):
    absent = followed(name, **values)
    assert isinstance(absent, Absent)
    assert absent.missing
    assert re.search(why, absent.why)


def test_without_a_diagnosis_nothing_starts():
    absent = follow_up({"last_follow_up": on(9)}, ENDPOINTS["OS"], None)
    assert isinstance(absent, Absent)
    assert absent.why == "diagnosis_date is not known"


days = st.integers(0, 2000)


@given(days, st.none() | days, st.none() | days, days)
def test_time_is_never_negative_and_efs_never_longer_than_os(last, relapse, death, censor):
    values = {"last_follow_up": on(last)}
    if relapse is not None:
        values |= {"relapse": True, "relapse_date": on(relapse)}
    if death is not None:
        values |= {"death": True, "death_date": on(death)}
    efs, os = (followed(name, on(censor), **values) for name in ("EFS", "OS"))
    assert isinstance(efs, FollowUp)
    assert isinstance(os, FollowUp)
    assert 0 <= efs.months <= os.months
    assert os.months <= censor / DAYS_A_MONTH
