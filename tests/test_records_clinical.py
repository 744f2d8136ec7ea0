"""Clinical values are checked below every way by which they come into the store."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qpcr.clinical.fields import schema
from qpcr.errors import InputError
from qpcr.records import Change, Kind, Store
from qpcr.records._clinical import check_field
from tests.store_kit import record, unchecked


@pytest.fixture
def store(tmp_path):
    made = Store.init(tmp_path / "store")
    state(made, diagnosis_date="2021-03-05", ph=False)
    return made


def state(store, reason=None, **values):
    changes = [Change("Q1", Kind.CLINICAL, *one, reason) for one in values.items()]
    return store.commit(changes=changes, user="anna")


TOMORROW = (date.today() + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("wcb", 3, "did you mean 'wbc'"),
        ("patient", "Q2", "no such clinical field"),
        ("wbc", "35.2", "no value of the clinical field"),
        ("wbc", {"value": 35.2, "unit": "parsecs"}, "no value"),
        ("wbc", {"value": 1e9, "unit": "10^9/L"}, "no value"),
        ("wbc", {"unit": "10^9/L"}, "no value"),
        ("wbc", True, "no value"),
        ("sex", "F", "female"),
        ("ph", "yes", "true or false"),
        ("relapse_date", "05.03.2022", "YYYY-MM-DD"),
        ("relapse_date", TOMORROW, "today"),
        ("relapse_date", "2020-01-01", "is after"),
        ("age", [1], "no value"),
    ],
)
@pytest.mark.parametrize("how", ["commit", "amend", "with a run"])
def test_what_is_no_value_is_refused_however_it_comes(store, name, value, why, how):
    head = store.head()
    change = Change("Q1", Kind.CLINICAL, name, value, "told by phone")
    ways = {
        "amend": lambda: store.amend(change, user="u"),
        "commit": lambda: store.commit(changes=[change], user="u"),
        "with a run": lambda: store.commit(record(1, "Q1"), [change], user="u"),
    }
    with pytest.raises(InputError, match=why) as caught:
        ways[how]()
    assert "Q1" not in str(caught.value)
    assert store.head() == head


def test_values_are_held_against_each_other_after_the_whole_commit(store):
    state(store, relapse=True, relapse_date="2022-01-20")
    with pytest.raises(InputError, match="after"):
        state(store, "typing error", diagnosis_date="2022-05-05")
    both = {"relapse_date": "2022-06-01", "diagnosis_date": "2022-05-05"}
    for order in (both, dict(reversed(both.items()))):
        state(store, "typing error", **order)
        state(store, "back", diagnosis_date="2021-03-05", relapse_date="2022-01-20")
    with pytest.raises(InputError, match="relapse"):
        state(store, "it was none", relapse=False)
    store.amend(Change("Q1", Kind.CLINICAL, "relapse_date", None, "it was none"), user="u")
    state(store, "it was none", relapse=False)
    assert store.patient("Q1").clinical["relapse"] is False


def test_what_an_earlier_version_wrote_stays_until_somebody_changes_it(store, monkeypatch):
    with monkeypatch.context() as patch:
        unchecked(patch)
        state(store, age="about fifty", nickname="x", relapse_date="2020-01-01")
    state(store, wbc=5.5, sex="female")
    for name in ("age", "nickname"):
        store.amend(Change("Q1", Kind.CLINICAL, name, None, "not known"), user="u")
    with pytest.raises(InputError, match="is after"):
        state(store, "typing error", diagnosis_date="2021-03-06")
    assert not store.verify().problems


def test_a_laboratorys_own_fields_have_a_slash(store):
    state(store, **{"laboratory/nickname": {"anything": [1, "x"]}})
    assert store.patient("Q1").clinical["laboratory/nickname"] == {"anything": [1, "x"]}


@pytest.mark.parametrize("day", ["2021-02-30", "5.3.2021", TOMORROW, 20210305, ""])
def test_the_date_of_a_specimen_is_a_day(store, day):
    with pytest.raises(InputError, match="date of a specimen"):
        store.commit(changes=[Change("Q1", Kind.SPECIMEN, "dx", {"date": day})], user="u")
    told = {"date": "2021-03-05", "timepoint": "diagnosis"}
    store.commit(changes=[Change("Q1", Kind.SPECIMEN, "dx", told)], user="u")


def test_amending_makes_no_new_patient(store):
    with pytest.raises(InputError, match="no patient of that id"):
        store.amend(Change("Q11", Kind.CLINICAL, "wbc", 5.5, "told by phone"), user="u")


FIELDS = [one for one in schema().fields.values() if one.kind != "id"]
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**6), st.text(max_size=8), st.dates().map(str),
    st.floats(), st.sampled_from([code for one in FIELDS for code in one.codes]),
    st.floats(0, 100).map(lambda number: f"<{number}"),
)  # fmt: skip
UNITS = st.sampled_from([unit for one in FIELDS for unit in one.units]) | st.text(max_size=6)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(FIELDS),
    PLAIN | st.fixed_dictionaries({"value": PLAIN}, optional={"unit": UNITS}),
)
def test_whatever_is_taken_can_be_understood_again(field, value):
    try:
        check_field(field.name, value, date.today())
    except InputError:
        return
    if value is not None:
        found = field.value(value)
        assert found is not None
        assert field.problem(found) is None
        assert field.value(field.stored(found)) == found
