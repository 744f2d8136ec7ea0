"""Cox's model, exact tests, subjects, transplantation: R's answers, other code, closed forms."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import f_oneway, fisher_exact, kruskal

from qpcr.cohort.analysis import analyze_cohort
from qpcr.cohort.baseline import compare_feature, compare_number
from qpcr.cohort.contingency import contingency
from qpcr.cohort.counts import count
from qpcr.cohort.cox import NoFitError, cox
from qpcr.cohort.exact import exact_p
from qpcr.cohort.genotype import deletion_type, genotype, ikzf1_plus
from qpcr.cohort.logrank import log_rank
from qpcr.cohort.study import load_study
from qpcr.cohort.subjects import Cohort, Rule, Subject, from_table
from qpcr.cohort.survival import compare_survival
from qpcr.errors import InputError
from qpcr.records.patient import Patient, Result
from qpcr.records.review import State

STUDY = load_study("ikzf1-ball")
DAY = date(2017, 1, 1)


def on(days: float) -> date:
    return DAY + timedelta(days)


# --- Cox ------------------------------------------------------------------------------------------


def test_cox_is_r_s(data_dir):
    with (data_dir / "ikzf1" / "survival_oracle.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    fit = cox(
        [float(row["ft"]) for row in rows],
        [int(row["fs"]) > 0 for row in rows],
        [float(row["x"]) for row in rows],
        ("x",),
    )
    assert fit.coef[0] == pytest.approx(0.6513293407866029, abs=1e-9)
    assert fit.se[0] == pytest.approx(0.2380662281417431, abs=1e-9)
    assert fit.events == sum(int(row["fs"]) > 0 for row in rows)
    assert fit.low[0] == pytest.approx(np.exp(0.6513293407866029 - 1.959964 * 0.2380662281417431))


def sample(n=200, seed=1):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.4])
    time = np.ceil(8 * rng.exponential(1, n) * np.exp(-0.5 * x[:, 0] + 0.4 * x[:, 1]))
    return time, rng.random(n) < 0.7, x


def test_cox_is_statsmodels_s():
    from statsmodels.duration.hazard_regression import PHReg

    time, event, x = sample()
    told = PHReg(time, x, status=event.astype(int), ties="efron").fit()
    fit = cox(time, event, x, ("a", "b"))
    assert fit.coef == pytest.approx(told.params, abs=1e-8)
    assert fit.se == pytest.approx(told.bse, abs=1e-8)


def likelihood(beta, entry, time, event, x):
    """Efron's partial likelihood, as its definition says."""
    eta, total = x @ beta, 0.0
    for t in np.unique(time[event]):
        dead = event & (time == t)
        risk = np.exp(eta[(entry < t) & (time >= t)]).sum()
        tied, d = np.exp(eta[dead]).sum(), dead.sum()
        total += eta[dead].sum() - sum(np.log(risk - k / d * tied) for k in range(d))
    return -total


def test_late_entry_by_the_definition():
    time, event, x = sample(80)
    entry = np.floor(np.random.default_rng(2).random(80) * time)
    told = minimize(likelihood, np.zeros(2), (entry, time, event, x), tol=1e-10)
    fit = cox(time, event, x, ("a", "b"), entry)
    assert fit.coef == pytest.approx(told.x, abs=1e-4)
    h = 1e-3 * np.eye(2)

    def at(beta):
        return likelihood(beta, entry, time, event, x)

    bend = [
        [(at(fit.coef + i + j) - at(fit.coef + i - j) - at(fit.coef - i + j)
          + at(fit.coef - i - j)) / 4e-6 for j in h] for i in h
    ]  # fmt: skip
    assert fit.se == pytest.approx(np.sqrt(np.diag(np.linalg.inv(bend))), rel=1e-3)


def test_a_spell_in_two_parts_is_the_same_spell():
    time, event, x = sample()
    whole = cox(time, event, x, ("a", "b"))
    long = time > 5
    parts = cox(
        np.concatenate([np.where(long, 5, time), time[long]]),
        np.concatenate([event & ~long, event[long]]),
        np.concatenate([x, x[long]]),
        ("a", "b"),
        np.concatenate([np.zeros(len(time)), np.full(long.sum(), 5.0)]),
    )
    assert parts.coef == pytest.approx(whole.coef, abs=1e-9)
    assert parts.se == pytest.approx(whole.se, abs=1e-9)
    assert (parts.patients, parts.events) == (whole.patients, whole.events)


def test_the_score_test_of_one_group_without_ties_is_the_log_rank_test():
    rng = np.random.default_rng(4)
    time, event, group = rng.random(60), rng.random(60) < 0.6, np.tile([0, 1], 30)
    fit = cox(time, event, group, ("g",))
    assert fit.score.statistic == pytest.approx(
        log_rank(count(time, event.astype(int), group)).statistic
    )


def test_hazards_that_cross_are_found_and_proportional_ones_pass():
    rng = np.random.default_rng(8)
    group = np.tile([0.0, 1.0], 400)
    steady = rng.exponential(1, 800) * np.exp(-0.7 * group)
    crossing = np.where(group == 1, rng.weibull(3, 800), rng.weibull(0.6, 800))
    every = np.ones(800, dtype=bool)
    assert cox(steady, every, group, ("g",)).proportional[0].p > 0.01
    assert cox(crossing, every, group, ("g",)).proportional[0].p < 1e-6


@pytest.mark.parametrize(
    ("time", "event", "x", "why"),
    [
        ([1, 2, 3, 4], [0, 0, 0, 0], [0, 1, 0, 1], "no events"),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 1, 1], "the same in everybody"),
        ([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0], "no finite estimate"),
    ],
)
def test_what_has_no_estimate_gets_none(time, event, x, why):
    with pytest.raises(NoFitError, match=why):
        cox(time, event, x, ("x",))


def test_covariates_that_tell_the_same_are_refused():
    time, event, x = sample()
    with pytest.raises(NoFitError, match="tell the same"):
        cox(time, event, np.column_stack([x[:, 0], 2 * x[:, 0]]), ("a", "b"))


# --- tests of characteristics ---------------------------------------------------------------------


def test_exact_for_two_groups_is_fisher_s():
    for have, of in (([3, 9], [10, 12]), ([0, 5], [8, 8]), ([26, 26], [92, 50])):
        table = [have, [n - k for k, n in zip(have, of, strict=True)]]
        assert exact_p(have, of) == pytest.approx(fisher_exact(table)[1])


def test_exact_for_three_groups_by_hand():
    # one of three groups of 1, 1 and 2 patients has it: chances 1/4, 1/4, 1/2
    assert exact_p([1, 0, 0], [1, 1, 2]) == pytest.approx(0.5)
    assert exact_p([0, 0, 1], [1, 1, 2]) == pytest.approx(1.0)
    assert exact_p([500] * 6, [1000] * 6) is None


def test_a_rare_feature_prefers_fisher_and_missing_is_shown():
    has = np.array([1, 0, 0, 0, 0, 0, 1, 1, 0, np.nan])
    line = compare_feature("x", has, np.array([0] * 5 + [1] * 5), 2)
    assert [(one.have, one.known, one.missing) for one in line.cells] == [(1, 5, 0), (2, 4, 1)]
    assert line.preferred is not None
    assert line.other_p == pytest.approx(fisher_exact([[1, 2], [4, 2]])[1])


def test_means_are_compared_by_f_and_by_ranks_where_groups_spread_differently():
    rng = np.random.default_rng(3)
    parts = [rng.normal(0, 1, 40), rng.normal(0.3, 1, 40), rng.normal(0, 1, 40)]
    group = np.repeat([0, 1, 2], 40)
    line = compare_number("x", np.concatenate(parts), group, 3)
    assert (line.statistic, line.p) == pytest.approx(tuple(f_oneway(*parts)))
    assert line.df == (2, 117)
    assert line.preferred is None
    parts[1] = parts[1] * 9
    line = compare_number("x", np.concatenate(parts), group, 3)
    assert line.preferred is not None
    assert line.other_p == pytest.approx(kruskal(*parts)[1])


# --- IKZF1 ----------------------------------------------------------------------------------------


def patient(*results):
    return Patient("p", {}, {}, {one.path: one for one in results}, (), 1)


def result(outcome, *deletions, state=State.SIGNED, path="r/s", timepoint="diagnosis"):
    return Result(
        path, path[0], "s", outcome=outcome, deletions=deletions, classes=("dominant negative",),
        state=state, timepoint=timepoint,
    )  # fmt: skip


def test_a_signed_result_tells_the_status_and_the_type():
    found = genotype(patient(result("detected", "Δ4-7")), {"age": 30.0})
    assert found.from_results
    assert found.values == {"age": 30.0, "ikzf1": "deleted", "ikzf1_deletion": "Δ4-7"}
    assert found.classes == ("dominant negative",)
    assert found.notes == ()
    assert deletion_type(("Δ4-7", "Δ2-7")) == "mixed"
    assert deletion_type(("Δ5-6",)) == "other"


def test_unsigned_results_count_only_if_wanted_and_are_noted():
    one = patient(result("detected", "Δ2-7", state=State.PRELIMINARY))
    assert genotype(one, {}).values["ikzf1"] == "deleted"
    assert len(genotype(one, {}).notes) == 1
    assert genotype(one, {}, signed_only=True).values == {}
    assert genotype(patient(result("not tested")), {}).values == {}


def test_samples_in_remission_and_runs_without_an_answer_tell_nothing():
    later = patient(result("not detected", timepoint="day 24"))
    unclear = patient(result("inconclusive"))
    for one in (later, unclear):
        assert genotype(one, {"ikzf1": "deleted"}).values == {"ikzf1": "deleted"}


def test_disagreement_is_named():
    both = patient(result("detected", "Δ4-7"), result("not detected", path="q/s"))
    assert "another that it is not" in genotype(both, {}).contradiction
    one = genotype(patient(result("detected", "Δ4-7")), {"ikzf1": "not deleted"})
    assert one.contradiction is not None
    kind = genotype(
        patient(result("detected", "Δ4-7")), {"ikzf1": "deleted", "ikzf1_deletion": "Δ2-7"}
    )
    assert kind.values["ikzf1_deletion"] == "Δ4-7"
    assert len(kind.notes) == 1


@pytest.mark.parametrize(
    ("values", "both", "any_"),
    [
        ({"ikzf1": "not deleted"}, False, False),
        ({"ikzf1": "deleted", "pax5": "deleted", "erg": "not deleted"}, True, True),
        ({"ikzf1": "deleted", "pax5": "deleted", "erg": "deleted"}, False, False),
        ({"ikzf1": "deleted", "pax5": "deleted"}, None, None),
        ({"ikzf1": "deleted"}, None, None),
        ({"ikzf1": "deleted", "cdkn2a": "deleted", "erg": "not deleted"}, None, True),
        (
            {
                "ikzf1": "deleted", "cdkn2a": "deleted on one", "cdkn2b": "not deleted",
                "pax5": "not deleted", "par1": "not deleted", "erg": "not deleted",
            },
            False, True,
        ),
    ],
)  # fmt: skip
def test_ikzf1_plus_by_both_definitions(values, both, any_):
    assert ikzf1_plus(values) is both
    assert ikzf1_plus(values, both=False) is any_


# --- who takes part -------------------------------------------------------------------------------

HEAD = "patient,sex,age,ikzf1,therapy,hsct date,diagnosis date,death,death date,last follow up"


def test_bad_data_are_named_and_left_out_by_rule_with_counts(tmp_path):
    lines = [
        "1,m,30,del,chemo,,2018-01-01,no,,2019-01-01",
        "2,m,30,del,chemo,,2018-01-01,yes,2017-01-01,",
        "3,f,40,wt,hsct,2019-05-01,2018-01-01,yes,2019-01-01,2019-01-01",
        "4,f,40,perhaps,chemo,,2018-01-01,no,,2019-01-01",
        "5,f,41,wt,chemo,,2018-01-01,no,,",
        "6,f,42,wt,chemo,,2018-01-01,no,,2019-01-01",
        "6 ,f,43,wt,chemo,,2018-01-01,no,,2019-01-01",
        "7,f,44,wt,chemo,,,no,,2019-01-01",
        ",f,44,wt,chemo,,2018-01-01,no,,2019-01-01",
    ]
    path = tmp_path / "cohort.csv"
    path.write_text("\n".join([HEAD, *lines]), "utf-8")
    cohort = from_table(path, today=date(2026, 1, 1))
    assert [one.id for one in cohort.subjects] == ["1"]
    assert cohort.counts == {
        Rule.VALUE: 2, Rule.TWICE: 2, Rule.CONTRADICTION: 2, Rule.IKZF1: 0, Rule.FOLLOW_UP: 2,
    }  # fmt: skip
    assert {one.who for one in cohort.exclusions} == {
        "2", "3", "row 5", "5", "6", "7", "row 10",
    }  # fmt: skip
    assert all(one.why for one in cohort.exclusions)


def test_a_cohort_of_nobody_is_refused():
    with pytest.raises(InputError, match="no patient takes part"):
        analyze_cohort(Cohort(()), STUDY)


def test_two_ids_of_what_may_be_one_person_are_noted(tmp_path):
    path = tmp_path / "cohort.csv"
    row = "f,41,12,300,2018-01-01,2019-01-01"
    path.write_text(
        f"patient,sex,age,wbc,ldh,diagnosis date,last follow up\na1,{row}\nb2,{row}\n", "utf-8"
    )
    cohort = from_table(path, today=date(2026, 1, 1))
    assert len(cohort.subjects) == 2
    assert [(who, str(why)) for who, why in cohort.notes] == [
        ("b2", "may be the same person as a1")
    ]


# --- transplantation ------------------------------------------------------------------------------


def immortal(n=600, seed=3):
    """Patients whom transplantation does nothing to, but who must live to have it."""
    rng = np.random.default_rng(seed)
    subjects = []
    for i in range(n):
        life, wait = rng.exponential(700), rng.exponential(400)
        follow = 1300.0
        values = {
            "diagnosis_date": DAY, "ikzf1": "deleted" if i % 2 else "not deleted",
            "last_follow_up": on(int(min(life, follow))), "cr1": True, "death": life <= follow,
            "therapy": "chemotherapy", "relapse": False,
        }  # fmt: skip
        if life <= follow:
            values["death_date"] = values["last_follow_up"]
        if wait < min(life, follow):
            values |= {"therapy": "allo-HSCT", "hsct_date": on(int(wait))}
        subjects.append(Subject(str(i), values))
    return Cohort(tuple(subjects))


def test_immortal_time_deceives_the_groups_and_not_the_other_analyses():
    study = replace(STUDY, censor=None)
    found = analyze_cohort(immortal(), study)
    os = next(one for one in found.endpoints if one.name == "OS")
    rates = {arm.name: arm.rate for arm in os.groups.arms}
    assert rates["B"] > rates["A"] + 0.2
    assert os.groups.test.p < 1e-6
    assert os.landmark.comparison.test.p > 0.01
    (everybody, *_) = os.changing
    assert everybody.fit.low[0] < 1 < everybody.fit.high[0]
    assert everybody.fit.patients == 600
    assert everybody.transplanted == sum(
        one.values.get("hsct_date", date.max) < one.values["last_follow_up"]
        for one in immortal().subjects
    )


def test_the_landmark_groups_by_what_was_so_then():
    values = {"diagnosis_date": DAY, "ikzf1": "deleted", "last_follow_up": on(800), "cr1": True}
    moved = {"therapy": "allo-HSCT"}
    people = [
        Subject("early", {**values, **moved, "hsct_date": on(100)}),
        Subject("late", {**values, **moved, "hsct_date": on(500)}),
        Subject("undated", {**values, **moved}),
        Subject("nobody knows", values),
        Subject("never", {**values, "therapy": "chemotherapy"}),
        Subject("dead", {**values, "therapy": "chemotherapy", "death": True,
                         "death_date": on(100), "last_follow_up": on(100)}),
    ]  # fmt: skip
    found = analyze_cohort(Cohort(tuple(people)), STUDY)
    os = next(one for one in found.endpoints if one.name == "OS")
    assert os.changing[0].fit is None or os.changing[0].fit.patients == 4
    assert {arm.name: arm.patients for arm in os.landmark.comparison.arms} == {"A": 2, "B": 1}
    assert (os.landmark.earlier, os.landmark.undated) == (1, 2)


def test_incidence_has_limits_inside_and_pairs_are_corrected():
    rng = np.random.default_rng(6)
    time, cause = rng.exponential(20, 120), rng.integers(0, 3, 120)
    group = np.arange(120) % 3
    made = compare_survival(
        "CIR", time, cause, group, ("a", "b", "c"), 24, incidence=True, pairwise=True
    )
    for arm in made.arms:
        assert (arm.lower <= arm.curve + 1e-12).all()
        assert (arm.upper >= arm.curve - 1e-12).all()
        assert (arm.upper <= 1).all()
    assert len(made.pairs) == 3
    assert all(one.corrected >= one.p for one in made.pairs)


def test_the_study_s_printed_statistics_come_from_contingency():
    assert contingency([26, 26], [92, 50]).statistic == pytest.approx(7.866, abs=5e-4)


# --- stores ---------------------------------------------------------------------------------------


def test_a_store_s_patients_and_what_is_wrong_with_them(tmp_path, monkeypatch):
    from qpcr.cohort.subjects import from_store
    from qpcr.records import Store
    from qpcr.records.event import Change, Kind
    from tests.store_kit import unchecked

    unchecked(monkeypatch)
    store = Store.init(tmp_path / "store")
    with pytest.raises(InputError, match="holds no patients"):
        from_store(store)
    good = {"diagnosis_date": "2018-01-01", "last_follow_up": "2019-01-01", "sex": "male"}
    people = {
        "good": good,
        "code": {**good, "sex": "robot"},
        "order": {**good, "death": True, "death_date": "2017-01-01"},
        "lost": {"diagnosis_date": "2018-01-01"},
    }
    changes = [
        Change(name, Kind.CLINICAL, field, value)
        for name, values in people.items()
        for field, value in values.items()
    ]
    told = {"run": "r", "sample": "s", "outcome": "detected", "deletions": ["Δ4-7"]}
    changes += [
        Change("clash", Kind.CLINICAL, "ikzf1", "not deleted"),
        Change("clash", Kind.RESULT, "r/s", told),
        Change("good", Kind.RESULT, "r/s", told),
    ]
    store.commit(changes=changes, user="anna")
    cohort = from_store(store)
    assert not cohort.synthetic
    (subject,) = cohort.subjects
    assert subject.values["ikzf1_deletion"] == "Δ4-7"
    assert {one.who: one.rule for one in cohort.exclusions} == {
        "code": Rule.VALUE, "order": Rule.CONTRADICTION, "lost": Rule.FOLLOW_UP,
        "clash": Rule.IKZF1,
    }  # fmt: skip
    assert [who for who, _ in cohort.notes] == ["good"]
