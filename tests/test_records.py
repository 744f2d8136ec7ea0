"""Records kept in a store come back as they were; history, reviews and questions."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from primers import load_panel
from qpcr import Settings, analyze
from qpcr.document import document
from qpcr.errors import InputError, UnsupportedError
from qpcr.records import Change, Kind, PatientQuery, Policy, RunQuery, State, Store
from qpcr.records._codec import Packer, unpack
from qpcr.rehearsal import simulate_panel
from qpcr.run import Target, Task
from qpcr.said import Said, say
from qpcr.samples import Identity
from tests.report_records import hostile_record, synthetic_record, synthetic_run
from tests.store_kit import record

CLINICAL = Kind.CLINICAL


def packed(value):
    packer = Packer()
    tree = packer.pack(value)
    return unpack(tree, packer.arrays().__getitem__)


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    """A simulated plate through file, reader and panel: every part of a record filled."""
    panel = load_panel("ikzf1")
    folder = tmp_path_factory.mktemp("plate")
    (file, *_) = [p for p in simulate_panel(panel, 3, 2, (), folder) if p.suffix == ".eds"]
    who = [Identity(f"P-00{n}", f"patient {n}", "blood", "day 14") for n in (1, 2, 3)]
    return analyze(file, panel=panel, identities=who)


def test_a_simulated_plate_comes_back_exactly_and_can_be_analyzed_again(store, plate):
    done = store.commit(plate, user="anna")
    back = Store.open(store.folder).record(done.run_id)
    assert document(back) == document(plate)
    assert back.run.raw.tobytes() == plate.run.raw.tobytes()
    assert back.fits.table.covariance.tobytes() == plate.fits.table.covariance.tobytes()
    assert back.panel == plate.panel
    again = analyze(
        back.run, back.settings, back.fit_settings, panel=back.panel,
        identities=list(back.identities.values()),
    )  # fmt: skip
    old, new = document(plate), document(again)
    for part in ("run", "curves", "fits", "shapes", "findings", "calls"):
        assert new[part] == old[part]
    calls = {one.sample: one.outcome for one in plate.calls}
    for sample, who in plate.identities.items():
        (result,) = store.patient(who.patient).current_results
        assert result.outcome == calls[sample]
        assert [plate.run.reactions[row].sample for row in result.reactions] == [sample] * len(
            result.reactions
        )


def test_real_files_come_back_exactly(store, data_dir):
    from qpcr.formats import read_run

    files = sorted(path for path in data_dir.rglob("*.eds") if path.stat().st_size < 3e6)[:2]
    if not files:
        pytest.skip("no real .eds files in the data folder")
    for file in files:
        try:
            run = read_run(file)
        except InputError:
            continue
        made = synthetic_record()
        made = analyze(run, Settings(), replace(made.fit_settings, polish=False))
        done = store.commit(made, user="anna")
        assert document(store.record(done.run_id)) == document(made)


def test_hostile_names_come_back(store):
    made = hostile_record()
    odd = replace(made.run.provenance, file="a\udcff\0\n.eds", comment="\ud800\0")
    made = replace(made, run=replace(made.run, provenance=odd))
    done = store.commit(made, user="anna")
    back = store.record(done.run_id)
    assert document(back) == document(made)
    assert back.run.provenance.file == "a\udcff\0\n.eds"


def test_tables_open_in_plain_h5py_and_pandas_with_units(store, plate):
    done = store.commit(plate, user="anna")
    path = store.folder / "commits/00000/00000001.h5"
    with h5py.File(path, "r") as file:
        group = file["run/tables"]
        frame = pd.DataFrame(group["reactions"][:])
        cq = [fit.cq for fit in plate.fits]
        np.testing.assert_array_equal(frame["cq"], np.array(cq, dtype=float))
        assert frame["well"][0].decode() == plate.run.reactions[0].well_name
        table = group["reactions"].attrs
        units = dict(zip(table["columns"], table["units"], strict=True))
        assert units["cq"] == "cycle"
        assert units["threshold"].startswith("ΔRn")
        cycles = pd.DataFrame(group["cycles"][:])
        np.testing.assert_array_equal(cycles["drn"], plate.curves.drn.ravel())
        assert len(group["calls"]) == len(plate.calls)
        missing = []
        file.visititems(
            lambda name, thing: (
                missing.append(name)
                if isinstance(thing, h5py.Dataset) and not {"unit", "meaning"} <= set(thing.attrs)
                else None
            )
        )
        assert not missing
        np.testing.assert_array_equal(file["run/values/run/raw"][:], plate.run.raw)
    assert done.sequence == 1


FLOATS = st.floats(allow_nan=True, allow_infinity=True)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), FLOATS, st.text(), st.sampled_from(Task),
    st.datetimes(timezones=st.sampled_from([None, UTC])).map(lambda t: t.replace(fold=0)),
    st.dates(),
    st.builds(Target, st.text(), st.text(), st.none() | st.text()),
    st.builds(lambda a, b: say("{a} and {b}", a=a, b=b), st.text(), FLOATS),
)  # fmt: skip
ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=3, max_side=3),
)
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=3) | st.tuples(st.integers(), st.text()), inner, max_size=3
        )
    ),
    max_leaves=12,
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return [*map(repr, a)] == [*map(repr, b)] and all(same(a[k], b[k]) for k in a)
    if isinstance(a, Said):
        return str(a) == str(b) and a.template == b.template
    return type(a) is type(b) and repr(a) == repr(b)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_any_value_comes_back(value):
    assert same(value, packed(value))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(hnp.arrays(np.float64, (6, 25, 5)), st.binary(min_size=32, max_size=32), st.text(max_size=9))
def test_any_record_comes_back(tmp_path_factory, raw, source, name):
    made = record(0, "p")
    run = synthetic_run(2, 3, cycles=25, targets=("ALB",))
    told = replace(run.provenance, sha256=source.hex(), comment=name)
    made = replace(made, run=replace(run, raw=raw, provenance=told))
    store = Store.init(tmp_path_factory.mktemp("any") / "store")
    back = store.record(store.commit(made, user="anna").run_id)
    assert document(back) == document(made)
    assert back.run.raw.tobytes() == made.run.raw.tobytes()
    assert back.calls[0].reasons[0].template == "Positive: {names}."
    assert back.calls[0].reasons[0].values["names"].template == "target {name}"


def test_what_a_later_version_wrote_is_refused():
    for told in (
        {"@": "qpcr.run.Target", "name": "a", "reporter": "b", "weight": 3},
        {"@": "qpcr.run.Nothing"},
        {"@": "subprocess.Popen", "args": ["true"]},
        {"@": "qpcr.records.store.Store"},
    ):
        with pytest.raises(UnsupportedError):
            unpack(told, {}.__getitem__)
    with pytest.raises(InputError, match="cannot be understood"):
        unpack({"@": "array", "at": "x", "row": None}, {}.__getitem__)


def test_a_field_that_is_newer_than_the_file_takes_its_default():
    assert unpack({"@": "qpcr.run.Target", "name": "a", "reporter": "b"}, {}.get).quencher is None


def test_the_same_analysis_is_recognised_another_is_a_revision(store):
    one = record(7)
    first = store.commit(one, user="anna")
    again = store.commit(replace(one, created=datetime(2020, 1, 1, tzinfo=UTC)), user="bert")
    assert again.already_there
    assert (again.run_id, again.sequence) == (first.run_id, first.sequence)
    other = replace(one, settings=Settings(threshold=0.3))
    second = store.commit(other, user="anna")
    assert (second.revision_of, second.already_there) == (first.run_id, False)
    back = store.commit(one, user="anna")
    assert (back.revision_of, back.already_there) == (second.run_id, False)
    assert [run.replaced_by for run in store.runs()] == [None, back.run_id, second.run_id]
    assert [run.run_id for run in store.runs(RunQuery(latest=True))] == [back.run_id]
    called = store.commit(record(7, outcome="invalid"), user="anna", reason="bubbles")
    assert called.revision_of == back.run_id
    assert not store.commit(record(8), user="anna").revision_of
    second = replace(one.run.provenance, experiment="another run of the same file")
    done = store.commit(replace(one, run=replace(one.run, provenance=second)), user="anna")
    assert (done.revision_of, done.already_there) == (None, False)


def test_history_says_who_when_what_was_and_why(store):
    before = datetime.now(UTC)
    store.commit(None, [Change("p", CLINICAL, "wbc", 30.5)], user="anna")
    with pytest.raises(InputError, match="only with a reason"):
        store.commit(None, [Change("p", CLINICAL, "wbc", 31)], user="bert")
    change = Change("p", CLINICAL, "wbc", {"value": 31, "unit": "10⁹/L"}, "typing error", "line 3")
    store.amend(change, user="bert")
    assert store.commit(None, [replace(change, old=30.5)], user="bert").already_there
    first, second = store.history(patient="p")
    assert (first.old, first.new, first.user, first.id) == (None, 30.5, "anna", "1.0")
    assert (second.old, second.new) == (30.5, {"value": 31, "unit": "10⁹/L"})
    assert (second.user, second.reason, second.source) == ("bert", "typing error", "line 3")
    assert before <= first.at <= second.at <= datetime.now(UTC)
    assert store.patient("p").clinical["wbc"] == {"value": 31, "unit": "10⁹/L"}
    store.amend(Change("p", CLINICAL, "wbc", None, "not theirs"), user="cora")
    assert "wbc" not in store.patient("p").clinical
    assert len(Store.open(store.folder).history()) == 3


def test_a_change_of_what_somebody_else_changed_is_refused_and_nothing_written(store):
    store.commit(None, [Change("secret-id", CLINICAL, "sex", "female")], user="anna")
    head = store.head()
    wanted = [
        Change("other", CLINICAL, "sex", "male"),
        Change("secret-id", CLINICAL, "sex", "male", "wrong", old="x"),
    ]
    with pytest.raises(InputError, match="somebody else") as caught:
        store.commit(record(3, "third"), wanted, user="bert")
    assert "secret-id" not in str(caught.value)
    assert store.head() == head
    assert [one.patient for one in store.patients()] == ["secret-id"]
    assert store.runs() == ()


@pytest.mark.parametrize("bad", ["a\0b", "a\nb", "\ud800", "", " ", "x" * 4001])
def test_texts_that_cannot_be_kept_are_refused(bad):
    with pytest.raises(InputError):
        Change(bad, CLINICAL, "wbc", 1)


@pytest.mark.parametrize("bad", [float("nan"), {1: 2}, (1, 2), {1, 2}, b"x", date(1, 1, 1)])
def test_values_that_cannot_be_kept_are_refused(bad):
    with pytest.raises(InputError, match="cannot be kept"):
        Change("p", CLINICAL, "wbc", bad)


def test_a_result_is_reviewed_signed_amended_and_reviewed_again(store):
    called = replace(record(1, "p"), panel=load_panel("ikzf1"))
    run = store.commit(called, user="anna").run_id
    none = {"outcome": "invalid", "deletions": []}
    path = f"{run}/s1"

    def now():
        return store.patient("p").results[path]

    assert now().state is State.PRELIMINARY
    with pytest.raises(InputError, match="cannot become signed"):
        store.sign("p", path, user="anna")
    store.review("p", path, user="anna")
    assert store.patient("p").final_results == ()
    store.sign("p", path, user="anna")
    assert (now().reviewed_by, now().signed_by, now().one_person) == ("anna", "anna", True)
    assert [one.path for one in store.patient("p").final_results] == [path]
    with pytest.raises(InputError, match="only with a reason"):
        store.amend(Change("p", Kind.RESULT, path, none), user="bert")
    store.amend(Change("p", Kind.RESULT, path, none, "mixed up"), user="bert")
    assert (now().state, now().outcome, now().signed_by) == (State.AMENDED, "invalid", None)
    assert now().reactions == (0, 2, 4)
    assert store.patient("p").final_results == ()
    with pytest.raises(InputError, match="cannot become signed"):
        store.sign("p", path, user="bert")
    store.review("p", path, user="bert")
    store.sign("p", path, user="cora")
    assert not now().one_person
    with pytest.raises(InputError, match="no such result"):
        store.review("p", "nothing", user="bert")
    assert store.record(run).calls[0].outcome == "detected", "what was computed stays"
    for wrong in ({"run": "r1"}, {"sample": "s2"}, {"reactions": [1]}, {"deletions": "Δ4-7"}, "x"):
        with pytest.raises(InputError):
            store.amend(Change("p", Kind.RESULT, path, wrong, "why not"), user="bert")


def test_two_persons_where_the_laboratory_wants_them(tmp_path):
    store = Store.init(tmp_path / "store", Policy(two_persons=True))
    path = f"{store.commit(record(1, 'p'), user='anna').run_id}/s1"
    store.review("p", path, user="anna")
    with pytest.raises(InputError, match="two persons"):
        Store.open(store.folder).sign("p", path, user="anna")
    store.sign("p", path, user="bert")


def test_a_signed_result_stays_final_until_its_revision_is_signed(store):
    first = f"{store.commit(record(1, 'p'), user='anna').run_id}/s1"
    store.review("p", first, user="anna")
    store.sign("p", first, user="anna")
    again = record(1, "p", "not detected")
    before = store.head()
    for reason in (None, " "):
        with pytest.raises(InputError, match="would replace results that were reviewed"):
            store.commit(again, user="anna", reason=reason)
    assert store.head() == before
    second = f"{store.commit(again, user='anna', reason='new panel').run_id}/s1"
    patient = store.patient("p")
    assert [one.path for one in patient.current_results] == [second]
    assert [one.path for one in patient.final_results] == [first]
    assert patient.results[first].superseded_by == second.partition("/")[0]
    store.review("p", second, user="anna")
    store.sign("p", second, user="anna")
    assert [one.path for one in store.patient("p").final_results] == [second]


def replaced_in_turn(store, patient, *outcomes):
    """The same file analyzed again and again; the paths of the patient's results."""
    made = [
        store.commit(record(1, patient, one), user="anna", reason="other settings")
        for one in outcomes
    ]
    return [f"{one.run_id}/s1" for one in made]


def signed(store, patient, path):
    store.review(patient, path, user="anna")
    store.sign(patient, path, user="anna")


def test_final_is_what_was_signed_last(store):
    (first,) = replaced_in_turn(store, "p", "detected")
    signed(store, "p", first)
    second, third = replaced_in_turn(store, "p", "invalid", "not detected")

    def final():
        return [one.path for one in store.patient("p").final_results]

    assert final() == [first], "neither revision is signed"
    signed(store, "p", third)
    assert final() == [third], "the revision between them was never signed"
    assert second in store.patient("p").results
    change = Change("p", Kind.REVIEW, third, "amended", "doubts")
    store.commit(changes=[change], user="bert")
    assert final() == [], "what was replaced by a signed result is never final again"


def test_patients_are_found_by_one_result_that_counts(store):
    """Against the results themselves, one by one."""
    (first,) = replaced_in_turn(store, "revised", "detected")
    signed(store, "revised", first)
    second, third = replaced_in_turn(store, "revised", "not detected", "invalid")
    path = f"{store.commit(record(2, 'two', 'not detected'), user='anna').run_id}/s1"
    signed(store, "two", path)
    store.commit(record(3, "two", "detected"), user="anna")
    store.commit(record(4, "none"), user="anna")
    store.commit(None, [Change("bare", CLINICAL, "wbc", 1)], user="anna")

    def found(**asked):
        return [one.patient for one in store.patients(PatientQuery(**asked))]

    assert found(state=State.SIGNED) == ["revised", "two"]
    assert found(state=State.SIGNED, outcome="detected") == ["revised"]
    assert found(state=State.SIGNED, deletion="Δ4-7") == ["revised"]
    assert found(run=second.partition("/")[0]) == []
    assert found(run=second.partition("/")[0], replaced=True) == ["revised"]
    everybody = [store.patient(one.patient) for one in store.patients()]
    runs = [None, *(one.run_id for one in store.runs())]
    for state in (None, *State):
        for outcome in (None, "detected", "not detected", "invalid"):
            for deletion in (None, "Δ4-7", "Δ2-7"):
                for run in runs:
                    for every in (False, True):
                        wanted = [
                            patient.id
                            for patient in everybody
                            if (state, outcome, deletion, run) == (None,) * 4
                            or any(
                                (every or one.superseded_by is None or one.path in (first, path))
                                and state in (None, one.state)
                                and outcome in (None, one.outcome)
                                and (deletion is None or deletion in one.deletions)
                                and run in (None, one.run)
                                for one in patient.results.values()
                            )
                        ]
                        told = {"state": state, "outcome": outcome, "deletion": deletion}
                        assert found(**told, run=run, replaced=every) == wanted
    (one,) = store.patients(PatientQuery(patient="revised"))
    assert (one.results, one.final, one.outcomes) == (2, 1, ("detected", "invalid"))
    assert third in store.patient("revised").results


def test_an_index_of_an_earlier_version_is_made_again(store, monkeypatch):
    store.commit(record(1, "p"), user="anna")
    monkeypatch.setattr("qpcr.records.index.INDEX_VERSION", 1)
    store.rebuild_index()
    before = (store.folder / "index.sealed").read_bytes()
    monkeypatch.undo()
    assert Store.open(store.folder).patients(PatientQuery(outcome="detected"))
    assert not store.verify().problems
    store.rebuild_index()
    assert (store.folder / "index.sealed").read_bytes() != before


def test_questions(store):
    days = ("2024-02-29", "2024-03-01", "2024-03-31", "2024-04-01")
    for number, day in enumerate(days):
        one = record(number, f"p{number}", "detected" if number % 2 else "not detected")
        told = replace(one.run.provenance, started=datetime.fromisoformat(f"{day}T10:00:00+00:00"))
        store.commit(replace(one, run=replace(one.run, provenance=told)), user="anna")
    march = store.runs(RunQuery(since="2024-03-01", until="2024-03-31"))
    assert [run.day for run in march] == ["2024-03-31", "2024-03-01"]
    assert store.runs(RunQuery(since="2024-03", until="2024-03")) == march
    assert len(store.runs(RunQuery(until="2024"))) == 4
    deleted = store.patients(PatientQuery(deletion="Δ4-7"))
    assert [one.patient for one in deleted] == ["p1", "p3"]
    assert deleted == store.patients(PatientQuery(outcome="detected"))
    assert deleted[0].deletions == ("Δ4-7",)
    assert len(store.patients(PatientQuery(state=State.PRELIMINARY))) == 4
    assert store.patients(PatientQuery(state=State.SIGNED)) == ()
    (only,) = store.runs(RunQuery(patient="p2"))
    assert only.day == "2024-03-31"
    assert len(store.runs(RunQuery(deletion="Δ4-7"))) == 2
    assert len(store.runs(RunQuery(sample="s1", outcome="detected", limit=1))) == 1
    assert store.runs(RunQuery(sample="nobody")) == ()
    with pytest.raises(InputError, match="no patient"):
        store.patient("p9")
    with pytest.raises(InputError, match="no such run"):
        store.record("r9")


def test_a_patients_file_says_what_the_store_says(store):
    store.commit(record(1, "p"), [Change("p", CLINICAL, "wbc", 5.5)], user="anna")
    (path,) = (store.folder / "patients").rglob("*.h5")
    with h5py.File(io.BytesIO(path.read_bytes()), "r") as file:
        assert file.attrs["patient"] == "p"
        results = pd.DataFrame(file["results"][:])
        assert results["outcome"].tolist() == [b"detected"]
        assert pd.DataFrame(file["clinical"][:])["value"].tolist() == [5.5]
        assert len(file["events"]) == 3
