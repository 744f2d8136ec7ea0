"""What a result may be amended to, whichever way it is amended; and its report afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from primers import load_panel
from qpcr import Settings
from qpcr.errors import InputError
from qpcr.records import Change, Kind, State, Store
from qpcr.records.amendment import amended
from qpcr.records.cases import stored_case

OLD = {"run": "r", "sample": "s", "outcome": "detected", "deletions": ["Δ4-7"], "classes": ["x"]}


@pytest.fixture(scope="module")
def panel():
    return load_panel("ikzf1")


def test_classes_follow_from_the_deletions(panel):
    made = amended(OLD, {"deletions": ["Δ2-7", "Δ4-7", "Δ2-7"]}, panel)
    assert made["deletions"] == ["Δ2-7", "Δ4-7"]
    assert made["classes"] == ["dominant negative", "loss of function"]
    assert made["sample"] == "s"
    nothing = amended(OLD, {"outcome": "not detected", "deletions": []}, panel)
    assert (nothing["deletions"], nothing["classes"]) == ([], [])


@pytest.mark.parametrize(
    ("new", "what"),
    [
        ({"outcome": "not detected"}, "contradict"),
        ({"deletions": []}, "contradict"),
        ({"deletions": ["Δ9-9"]}, "does not know"),
        ({"deletions": "Δ4-7"}, "list of texts"),
        ({"outcome": "maybe"}, "not one of those"),
        ({"classes": ["loss of function"]}, "do not follow"),
    ],
)
def test_what_cannot_be_is_refused(panel, new, what):
    with pytest.raises(InputError, match=what):
        amended(OLD, new, panel)


def test_the_outcome_fits_what_the_panel_tests_for(panel):
    old = {**OLD, "outcome": "not tested", "deletions": [], "classes": []}
    for outcome in ("detected", "not detected"):
        with pytest.raises(InputError, match="panel can have"):
            amended(old, {"outcome": outcome}, load_panel("rnasep"))
    assert amended(old, {"outcome": "invalid"}, load_panel("rnasep"))["outcome"] == "invalid"
    with pytest.raises(InputError, match="panel can have"):
        amended(OLD, {"outcome": "not tested", "deletions": []}, panel)


def test_without_a_panel_there_is_no_call_to_amend():
    with pytest.raises(InputError, match="without a panel"):
        amended(OLD, {"outcome": "invalid", "deletions": []}, None)
    assert amended(OLD, {"timepoint": "day 14"}, None)["timepoint"] == "day 14"


def test_of_two_analyses_each_report_says_which_counts(tmp_path, called_record):
    store = Store.init(tmp_path / "store")
    store.commit(called_record, user="li")
    patient = store.patients()[0].patient
    first = next(iter(store.patient(patient).results))
    store.review(patient, first, user="li")
    store.sign(patient, first, user="wang")
    again = replace(called_record, settings=Settings(threshold=0.3))
    run = store.commit(again, user="li", reason="other threshold").run_id
    second = f"{run}/{first.partition('/')[2]}"

    def said(path):
        return " ".join(stored_case(store, patient, path).call.reasons)

    assert "until it is, this result is valid" in said(first)
    assert "An earlier analysis of this run is signed" in said(second)
    store.review(patient, second, user="li")
    store.sign(patient, second, user="wang")
    assert "A later analysis of this run replaces this result." in said(first)
    assert "analysis of this run" not in said(second)


def test_what_is_replaced_can_neither_be_reviewed_nor_signed(tmp_path, called_record):
    store = Store.init(tmp_path / "store")
    store.commit(called_record, user="li")
    patient = store.patients()[0].patient
    path = next(iter(store.patient(patient).results))
    store.review(patient, path, user="li")
    store.commit(replace(called_record, settings=Settings(threshold=0.3)), user="li", reason="r")
    for step in (store.sign, store.review):
        with pytest.raises(InputError, match="a later analysis replaces this result"):
            step(patient, path, user="wang")
    assert store.patient(patient).final_results == ()


def test_the_report_says_what_stands_now_and_why(tmp_path, called_record):
    store = Store.init(tmp_path / "store")
    store.commit(called_record, user="li")
    patient = next(
        found.id
        for one in store.patients()
        if (found := store.patient(one.patient)) and next(iter(found.results.values())).deletions
    )
    path = next(iter(store.patient(patient).results))
    store.review(patient, path, user="li")
    store.sign(patient, path, user="wang")
    case = stored_case(store, patient, path)
    assert (case.review.state, case.review.signed_by) == ("signed", "wang")
    assert case.review.signed_at is not None
    store.amend(
        Change(
            patient, Kind.RESULT, path, {"outcome": "not detected", "deletions": []}, "mixed up"
        ),
        user="wang",
    )
    case = stored_case(store, patient, path)
    assert (str(case.call.outcome), case.call.deletions, case.call.classes) == (
        "not detected", (), (),
    )  # fmt: skip
    assert "mixed up" in case.call.reasons[0]
    assert case.call.limitations  # every negative says what the assay cannot see
    assert (case.review.state, case.review.signed_by) == (str(State.AMENDED), None)
    assert [step.state for step in case.review.history] == [
        "preliminary", "reviewed", "signed", "amended",
    ]  # fmt: skip
    with pytest.raises(InputError, match="no such result"):
        stored_case(store, patient, "nothing/there")
