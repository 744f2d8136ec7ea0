"""What a person took back does not come back in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qpcr import Settings
from qpcr.batch import Order
from qpcr.batch.kept import keep
from qpcr.errors import InputError
from qpcr.lots import Lot
from qpcr.records import Change, Kind, Store
from qpcr.records import store as store_module
from qpcr.records.assays import assays, withdraw
from qpcr.records.event import NOBODY
from tests.store_kit import record

RESIDUAL = {
    "value": 0.02, "date": "2024-01-15", "target": "IK", "sample": "s1", "outcome": "positive",
    "low": None, "high": None, "sensitivity": None, "limit": None, "reasons": "",
}  # fmt: skip
CURVE = {"what": "standard curve", "target": "X"}


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def otherwise(number, patient, threshold=0.3):
    """Another analysis of the same run, with the same calls."""
    return replace(record(number, patient), settings=Settings(threshold=threshold))


def test_a_result_that_was_taken_back_comes_back_only_with_a_reason(store):
    run = store.commit(record(1, "A"), user="anna").run_id
    store.amend(Change("A", Kind.RESULT, f"{run}/s1", None, "tubes swapped"), user="ben")
    (told,) = store.changed_calls(otherwise(1, "A"))
    assert "tubes swapped" in str(told)
    head = store.head()
    with pytest.raises(InputError, match="change calls") as caught:
        store.commit(otherwise(1, "A"), user="anna")
    assert "tubes swapped" in caught.value.found
    assert store.head() == head
    nobody = store.commit(otherwise(1, None), user="anna")
    assert nobody.calls == ()
    with pytest.raises(InputError, match="change calls"):
        store.commit(otherwise(1, "A", 0.4), user="anna")
    done = store.commit(otherwise(1, "A", 0.4), user="anna", reason="they were not")
    assert [str(one) for one in done.calls] == [str(told)]
    assert [one.sample for one in store.patient("A").current_results] == ["s1"]
    assert store.commit(otherwise(1, "A", 0.5), user="anna").calls == (), "it is there again"


def test_another_patient_s_result_needs_no_such_reason(store):
    run = store.commit(record(1, "A"), user="anna").run_id
    store.amend(Change("A", Kind.RESULT, f"{run}/s1", None, "tubes swapped"), user="ben")
    assert store.commit(otherwise(1, "B"), user="anna").revision_of == run


@pytest.mark.parametrize(
    ("patient", "kind", "path", "value"),
    [
        ("A", Kind.CLINICAL, "residual disease/IK/s1", RESIDUAL),
        ("A", Kind.CLINICAL, "sex", "female"),
        ("A", Kind.SPECIMEN, "day 33", {"timepoint": "day 33", "specimen": "blood"}),
        (NOBODY, Kind.ASSAY, "standard curve/X/1", CURVE),
    ],
)
def test_values_that_were_taken_back_come_back_only_with_a_reason(
    store, patient, kind, path, value
):
    change = Change(patient, kind, path, value)
    store.commit(None, [change], user="anna")
    assert store.commit(None, [change], user="anna").already_there
    gone = Change(patient, kind, path, None, "wrong tube")
    if kind is Kind.ASSAY:
        withdraw(store, path, "wrong tube", "ben")
    else:
        store.amend(gone, user="ben")
    head = store.head()
    for reason in (None, " "):
        with pytest.raises(InputError, match="comes back only with a reason") as caught:
            store.commit(None, [replace(change, reason=reason)], user="anna")
        assert "wrong tube" in caught.value.found
        assert "ben" in caught.value.found
    assert store.head() == head
    assert store.commit(None, [replace(gone, reason=None)], user="anna").already_there
    assert not assays(store)
    assert store.commit(None, [replace(change, reason="it was right")], user="anna").events == 1


def test_a_specimen_taken_back_by_hand_stays_so_but_of_another_run_is_asked(store):
    store.commit(record(1, "A"), user="anna")
    key = next(iter(store.patient("A").specimens))
    store.amend(Change("A", Kind.SPECIMEN, key, None, "never taken"), user="ben")
    store.commit(otherwise(1, "A"), user="anna")
    assert not store.patient("A").specimens
    with pytest.raises(InputError, match="only with a reason"):
        store.commit(record(2, "A"), user="anna")
    store.commit(record(2, "A"), user="anna", reason="it was, on another day")
    assert list(store.patient("A").specimens) == [key]


def test_a_specimen_that_left_with_its_sample_comes_without_ado(store):
    store.commit(record(1, "A"), user="anna")
    store.commit(otherwise(1, "B"), user="anna", reason="the sheet was wrong")
    assert not store.patient("A").specimens
    store.commit(record(2, "A"), user="anna")
    assert len(store.patient("A").specimens) == 1


def test_of_two_corrections_of_a_lot_the_second_is_refused(store, monkeypatch):
    run = store.commit(record(1), user="anna").run_id
    store.set_lots(run, [Lot("mix", "1")], user="anna")
    real = store_module.corrections

    def slow(*given):
        changes = real(*given)
        with monkeypatch.context() as quick:
            quick.setattr(store_module, "corrections", real)
            other = Store.open(store.folder)
            other.set_lots(run, [Lot("mix", "RIGHT")], user="ben", reason="read again")
        return changes

    monkeypatch.setattr(store_module, "corrections", slow)
    with pytest.raises(InputError, match="somebody else has changed it"):
        store.set_lots(run, [Lot("mix", "2")], user="anna", reason="typing error")
    assert store.lots(run) == (Lot("mix", "RIGHT"),)


def test_lots_that_an_analysis_changes_are_said(store):
    one = replace(record(1, "A"), lots=(Lot("mix", "OLD"),))
    run = store.commit(one, user="anna").run_id
    assert store.set_lots(run, [Lot("mix", "RIGHT")], user="ben", reason="misread").lots == (
        "mix: OLD → RIGHT",
    )
    again = replace(otherwise(1, "A"), lots=(Lot("mix", "OLD"),))
    assert store.commit(again, user="anna", reason="new cut-off").lots == ("mix: RIGHT → OLD",)
    assert store.commit(otherwise(1, "A", 0.4), user="anna").lots == ()


def test_lots_that_were_taken_back_come_back_only_with_a_reason(store):
    run = store.commit(replace(record(1), lots=(Lot("mix", "1"),)), user="anna").run_id
    store.set_lots(run, [], taken_back=["mix"], reason="not known", user="ben")
    with pytest.raises(InputError, match="comes back only with a reason"):
        store.commit(replace(otherwise(1, None), lots=(Lot("mix", "1"),)), user="anna")
    store.set_lots(run, [Lot("mix", "1")], reason="the box was found", user="ben")
    assert store.lots(run) == (Lot("mix", "1"),)


def test_the_screen_says_which_lots_an_analysis_changes(store):
    run = store.commit(replace(record(1, "A"), lots=(Lot("mix", "OLD"),)), user="anna").run_id
    store.set_lots(run, [Lot("mix", "RIGHT")], user="ben", reason="misread")
    order = Order(store=store.folder, user="anna", reason="new cut-off")
    kept = keep(replace(otherwise(1, "A"), lots=(Lot("mix", "OLD"),)), order)
    assert kept.text.splitlines()[1:] == ["lot changed: mix: RIGHT → OLD"]
    again = keep(replace(otherwise(1, "A"), lots=(Lot("mix", "NEW"),)), order)
    assert "in the store already" in again.text
    assert again.text.splitlines()[1:] == ["lot changed: mix: OLD → NEW"]
