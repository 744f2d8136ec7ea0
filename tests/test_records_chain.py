"""Of all analyses of one sample at most one is final, whatever is signed, amended or taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import main
from primers import load_panel
from qpcr import Settings
from qpcr.errors import InputError
from qpcr.exchange.export import export_records
from qpcr.records import Change, Kind, Store
from qpcr.records.event import Event
from qpcr.records.patient import fold
from qpcr.records.review import State
from tests.store_kit import record


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def analyzed(store, patient, outcome="detected", threshold=0.2, reason="again"):
    made = replace(record(1, patient, outcome), settings=Settings(threshold=threshold))
    made = replace(made, panel=load_panel("ikzf1"))
    return f"{store.commit(made, user='anna', reason=reason).run_id}/s1"


def signed(store, patient, path):
    store.review(patient, path, user="anna")
    store.sign(patient, path, user="bert")
    return path


def take_back(path, reason="not this patient"):
    return Change("A", Kind.RESULT, path, None, reason)


def final(store, patient="A"):
    return [one.path for one in store.patient(patient).final_results]


def statuses(store, folder):
    """What the FHIR export says of every report, by its run."""
    found = {}
    for file in export_records(store, folder, "fhir"):
        for one in json.loads(file.read_text("utf-8")).get("entry", []):
            made = one["resource"]
            if made["resourceType"] == "DiagnosticReport":
                found[made["identifier"][0]["value"]] = made["status"]
    return sorted(found.values())


def test_taking_one_back_takes_all_analyses_of_the_sample_back(store, tmp_path):
    first = signed(store, "A", analyzed(store, "A"))
    second = signed(store, "A", analyzed(store, "A", "not detected", 0.3))
    command = ["records", "amend", "--store", str(store.folder), "--patient", "A", "--take-back",
               "--reason", "not this patient", "--user", "cora", "--result", second]  # fmt: skip
    told = CliRunner().invoke(main, command)
    assert (told.exit_code, f"taken back with it: {first}" in told.output) == (0, True)
    assert (final(store), dict(store.patient("A").results)) == ([], {})
    assert statuses(store, tmp_path / "fhir") == ["entered-in-error"] * 2
    third = analyzed(store, "B", "not detected", 0.31)
    assert (list(store.patient("A").results), list(store.patient("B").results)) == ([], [third])
    fourth = analyzed(store, "A", "not detected", 0.32)
    assert final(store) == [], "a person has to sign it anew"
    signed(store, "A", fourth)
    assert (final(store), store.patient("B").results) == ([fourth], {})
    assert not store.verify().problems


def test_a_part_of_a_chain_cannot_be_taken_back(store):
    first = analyzed(store, "A")
    second = analyzed(store, "A", threshold=0.3)
    for path, other in ((first, second), (second, first)):
        with pytest.raises(InputError, match="others of the same sample") as caught:
            store.commit(changes=[take_back(path)], user="anna")
        assert caught.value.expected == f"these too: {other}"
    store.commit(changes=[take_back(first), take_back(second)], user="anna")
    assert not store.patient("A").results


def one_alone(monkeypatch, store, path):
    """Take one result back and leave the others, as earlier versions did."""
    with monkeypatch.context() as patch:
        patch.setattr("qpcr.records._complete.check_whole", lambda *_: None)
        store.commit(changes=[take_back(path)], user="anna")


def test_what_an_earlier_version_took_back_alone_revives_nothing(store, monkeypatch, tmp_path):
    first = signed(store, "A", analyzed(store, "A"))
    second = signed(store, "A", analyzed(store, "A", "not detected", 0.3))
    one_alone(monkeypatch, store, second)
    assert final(store) == []
    assert statuses(store, tmp_path / "fhir") == ["entered-in-error"] * 2
    store.commit(changes=[Change("A", Kind.REVIEW, first, "amended", "doubts")], user="anna")
    with pytest.raises(InputError, match="a later analysis replaces"):
        store.review("A", first, user="anna")
    moved = replace(record(1, "B", "not detected"), settings=Settings(threshold=0.31))
    with pytest.raises(InputError, match="change calls") as caught:
        store.commit(moved, user="anna")
    assert "of a patient → not detected, of another patient" in str(caught.value.found)
    third = f"{store.commit(moved, user='anna', reason='sheet').run_id}/s1"
    assert (list(store.patient("A").results), list(store.patient("B").results)) == ([], [third])


def test_what_is_left_with_one_patient_goes_when_another_has_the_sample(store, monkeypatch):
    """A store in which an earlier version left a result behind."""
    first = signed(store, "A", analyzed(store, "A"))
    one_alone(monkeypatch, store, analyzed(store, "A", "not detected", 0.3))
    assert final(store) == [first], "its revision was never signed"
    with monkeypatch.context() as patch:
        patch.setattr("qpcr.records.replaced._filed", lambda *_: {})
        analyzed(store, "B", "not detected", 0.31)
    last = replace(record(1, "B", "not detected"), settings=Settings(threshold=0.32))
    with pytest.raises(InputError, match="change calls") as caught:
        store.commit(last, user="anna")
    assert "an earlier analysis is on record of a further patient" in str(caught.value.found)
    store.commit(last, user="anna", reason="sheet")
    assert (final(store), store.patient("A").results) == ([], {})


def test_after_a_revision_taken_back_there_is_one_final_and_none_is_stuck(store, monkeypatch):
    first = analyzed(store, "A")
    one_alone(monkeypatch, store, analyzed(store, "A", threshold=0.9))
    assert store.patient("A").results[first].superseded_by is None
    signed(store, "A", first)
    assert final(store) == [first]
    third = signed(store, "A", analyzed(store, "A", "not detected", 0.3))
    assert final(store) == [third]
    assert not store.verify().problems


NOW = datetime(2024, 1, 1, tzinfo=UTC)
STEPS = st.tuples(
    st.sampled_from(["analyze", "analyze", "sign", "sign", "back", "alone", "amend", "doubt"]),
    st.sampled_from("AB"),
    st.integers(0, 5),
)


def events_of(steps):
    """Events of two patients as any version of this software could have written them."""
    runs: list[str] = []
    made: dict[str, list[Event]] = {"A": [], "B": []}
    for number, (what, who, pick) in enumerate(steps):
        mine = fold(who, made[who])
        paths = list(mine.results)
        path = paths[pick % len(paths)] if paths else None

        def add(kind, path, new, who=who, number=number):
            one = Event(f"{number}.{len(made[who])}", who, NOW, "u", kind, path, None, new)
            made[who].append(one)

        if what == "analyze":
            told = {"run": f"r{number}", "sample": "s", "outcome": "detected"}
            told["revision_of"] = runs[-1] if runs else None
            other = "B" if who == "A" else "A"
            for old in fold(other, made[other]).results:
                add(Kind.RESULT, old, None, other)
            runs.append(f"r{number}")
            add(Kind.RESULT, f"r{number}/s", told)
        elif path is None:
            continue
        elif what == "sign" and mine.results[path].superseded_by is None:
            add(Kind.REVIEW, path, str(State.REVIEWED))
            add(Kind.REVIEW, path, str(State.SIGNED))
        elif what == "back":
            for one in paths:
                add(Kind.RESULT, one, None)
        elif what == "alone":
            add(Kind.RESULT, path, None)
        elif what == "amend":
            last = [e for e in made[who] if e.path == path and e.kind is Kind.RESULT][-1]
            add(Kind.RESULT, path, {**last.new, "outcome": "invalid"})
        elif what == "doubt":
            add(Kind.REVIEW, path, str(State.AMENDED))
        yield what, who, {name: fold(name, events) for name, events in made.items()}


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=14))
def test_at_most_one_is_final_and_only_a_signature_makes_one(steps):
    before = dict.fromkeys("AB", frozenset())
    for what, who, now in events_of(steps):
        final = {name: {one.path for one in one.final_results} for name, one in now.items()}
        assert len(final["A"] | final["B"]) <= 1
        for name in "AB":
            new = final[name] - before[name]
            assert not new or (what == "sign" and name == who), "final only by a signature"
        before = final


@settings(max_examples=8, deadline=None)
@given(st.lists(STEPS.filter(lambda one: one[0] != "doubt"), min_size=3, max_size=7))
def test_the_store_keeps_to_it(steps):
    with TemporaryDirectory() as folder:
        store, before = Store.init(Path(folder) / "store"), dict.fromkeys("AB", frozenset())
        for number, (what, who, pick) in enumerate([("analyze", "A", 0), *steps]):
            known = {one.patient for one in store.patients()}
            paths = list(store.patient(who).results) if who in known else []
            path = paths[pick % len(paths)] if paths else None
            try:
                if what == "analyze":
                    analyzed(store, who, threshold=0.2 + number / 100)
                elif path is not None and what == "sign":
                    signed(store, who, path)
                elif path is not None and what in ("back", "alone"):
                    change = Change(who, Kind.RESULT, path, None, "why")
                    if what == "back":
                        store.amend(change, user="cora")
                    else:
                        store.commit(changes=[change], user="cora")
                elif path is not None:
                    told = {"outcome": "invalid", "deletions": []}
                    store.amend(Change(who, Kind.RESULT, path, told, "why"), user="cora")
            except InputError:
                continue
            known = {one.patient for one in store.patients()}
            now = {name: set(final(store, name)) if name in known else set() for name in "AB"}
            filed = [name for name in known if store.patient(name).results]
            assert len(now["A"] | now["B"]) <= 1
            assert len(filed) <= 1
            for name in "AB":
                assert not now[name] - before[name] or (what == "sign" and name == who)
            before = now
