"""Which store a command takes; what it says of one that is none, and of ids it does not know."""

from __future__ import annotations

import pytest

from qpcr.records import Store
from tests.store_kit import record, run


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


@pytest.fixture
def named(store, monkeypatch):
    monkeypatch.setenv("QPCR_STORE", str(store.folder))
    return store


def test_nothing_is_written_because_a_variable_is_set(plate, named, tmp_path):
    said = run(0, "analyze", plate)
    assert "not kept in the store" in said
    assert "--keep" in said
    assert named.runs() == ()
    assert "kept in the store: run r" in run(0, "analyze", plate, "--keep", "--user", "anna")
    assert [one.user for one in named.runs()] == ["anna"]
    other = Store.init(tmp_path / "other")
    assert "not kept" not in run(0, "analyze", plate, "--store", other.folder)
    assert len(other.runs()) == len(named.runs()) == 1


def test_keep_needs_a_store(plate, monkeypatch):
    monkeypatch.delenv("QPCR_STORE", raising=False)
    assert "QPCR_STORE" in run(2, "analyze", plate, "--keep")
    monkeypatch.setenv("QPCR_STORE", "")
    assert "not kept" not in run(0, "analyze", plate)


def test_results_are_not_mixed_with_a_stores_because_a_variable_is_set(plate, named, tmp_path):
    run(0, "analyze", plate, "--keep")
    run(0, "simulate", "--patients", 2, "--seed", 5, "--out", tmp_path / "other")
    other = tmp_path / "other" / "simulated-1.eds"
    run(0, "control-chart", other, "--out", tmp_path / "a")
    run(0, "control-chart", other, "--store", named.folder, "--out", tmp_path / "b")
    run(0, "control-chart", "--out", tmp_path / "c")
    alone, both, stored = (
        (tmp_path / name / "control-chart.csv").read_text(encoding="utf-8").count("\n") - 1
        for name in "abc"
    )
    assert both == alone + stored
    assert alone > 0
    assert stored > 0


def test_a_runs_id_is_looked_up_in_the_named_store(plate, named, tmp_path):
    run(0, "analyze", plate, "--keep", "--panel", "ikzf1")
    (one,) = named.runs()
    run(0, "plot", one.run_id, "--out", tmp_path / "p.svg")
    assert (tmp_path / "p.svg").stat().st_size > 1000
    run(0, "miqe", one.run_id)
    assert "no such file" in run(3, "plot", "nothing.eds", "--out", tmp_path / "q.svg").lower()


@pytest.mark.parametrize("command", [
    ("analyze", "PLATE", "--store", "STORE"), ("control-chart", "--store", "STORE", "--out", "x"),
    ("serve", "--store", "STORE"), ("records", "list", "--store", "STORE"),
    ("reanalyze", "--store", "STORE"), ("watch", ".", "--store", "STORE", "--out", "OUT", "--once"),
])  # fmt: skip
def test_a_folder_that_is_no_store_is_said_to_be_what_it_is(plate, tmp_path, command):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "note.txt").write_text("x")
    given = {"PLATE": plate, "STORE": folder, "OUT": tmp_path / "out", ".": tmp_path}
    said = run(3, *(given.get(word, word) for word in command))
    assert "this is no store of records" in said
    assert "a folder without store.json, with 1 other files" in said
    assert "qpcr records init" in said
    assert "No such file" not in said
    assert [path.name for path in folder.iterdir()] == ["note.txt"]


def test_a_store_that_is_not_there(tmp_path):
    assert "there is no such folder" in run(3, "records", "list", "--store", tmp_path / "x")


def test_a_folder_is_no_table(store):
    said = run(3, "records", "import", store.folder, "--store", store.folder)
    assert "this is a folder, not a table" in said
    assert "CSV or xlsx" in said


def test_an_unknown_id_is_no_empty_history(store):
    run_id = store.commit(record(1, "pat-1"), user="anna").run_id
    at = ("--store", store.folder)
    for command in ("history", "show"):
        said = run(3, "records", command, *at, "--patient", "pat-2")
        assert "no patient of that id" in said
        assert "1 ids on record are like it" in said
        assert "pat-1" not in said
        said = run(3, "records", command, *at, "--run", run_id[:-1] + "x")
        assert f"did you mean {run_id}?" in said
    assert "like it" not in run(3, "records", "history", *at, "--patient", "zzz")
    assert "did you mean" in run(3, "records", "find", *at, "--run", run_id[:-1])
    assert "did you mean" in run(3, "reanalyze", *at, "--run", run_id[:-1])
    assert "2 events" in run(0, "records", "history", *at, "--patient", "pat-1")


def test_what_was_reviewed_and_signed_is_said(store):
    path = f"{store.commit(record(1, 'p'), user='anna').run_id}/s1"
    told = ("--store", store.folder, "--patient", "p", "--result", path)
    said = run(3, "records", "sign", *told)
    assert "a result that is preliminary cannot become signed" in said
    assert "review it first (qpcr records review)" in said
    assert f"reviewed: {path}, detected: Δ4-7 (commit 2)" in run(0, "records", "review", *told)
    assert "the result is reviewed already" in run(3, "records", "review", *told)
    signed = run(0, "records", "sign", *told)
    assert f"signed, final from now on: {path}, detected: Δ4-7" in signed
    assert "the result is signed already" in run(3, "records", "sign", *told)
    assert "amending" in run(3, "records", "review", *told)


def test_a_result_is_amended_by_either_name(store):
    path = f"{store.commit(record(1, 'p'), user='anna').run_id}/s1"
    told = ("records", "amend", "--store", store.folder, "--patient", "p", "--reason", "smear")
    value = ("--value", '{"specimen": "blood"}')
    run(0, *told, "--result", path, *value)
    assert store.patient("p").results[path].specimen == "blood"
    assert "already so" in run(0, *told, "--kind", "result", "--path", path, *value)
    run(0, *told, "--path", "wbc", "--value", "31")
    for wrong in (
        (), ("--path", path, "--result", path), ("--kind", "clinical", "--result", path),
    ):  # fmt: skip
        run(2, *told, *wrong, *value)
