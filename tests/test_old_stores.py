"""Stores that earlier versions wrote are read as they were, can be verified and go on."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from qpcr import analyze, records
from qpcr.errors import InputError, UnsupportedError
from qpcr.records import Change, Kind, Store
from qpcr.records._layout import begun
from qpcr.records._tables import _event_text
from qpcr.records.event import FORMAT_MINOR, SINCE
from qpcr.records.index import Index
from qpcr.records.verify import verify
from tests.make_old_store import FIXTURES, read
from tests.store_kit import record

STORES = sorted(FIXTURES.glob("store-*.zip"))


def holds(old, new, where=""):
    """Everything that was read back then, and nothing in it otherwise; later versions may add."""
    if isinstance(old, dict):
        assert old.keys() <= new.keys(), where
        for key, value in old.items():
            holds(value, new[key], f"{where}/{key}")
    elif isinstance(old, list):
        assert len(old) == len(new), where
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            holds(one, other, f"{where}/{place}")
    elif isinstance(old, float):  # some are computed from what is stored, on another machine
        assert new == pytest.approx(old, rel=1e-9, abs=1e-12), where
    else:
        assert old == new, where


def test_there_are_some():
    assert STORES


@pytest.mark.parametrize("file", STORES, ids=lambda path: path.stem)
def test_an_old_store_opens(file: Path, tmp_path):
    assert file.stat().st_size < 300_000
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    for part in ("tmp", "patients", "commits"):  # an archive has no empty folders
        (tmp_path / "store" / part).mkdir(exist_ok=True)
    expected = json.loads((tmp_path / "expected.json").read_text("utf-8"))
    store = Store.open(tmp_path / "store")
    assert store.verify(expected["head"]).problems == ()
    holds(expected, json.loads(json.dumps(read(store))))
    run = store.runs()[-1]
    old = store.record(run.run_id)
    again = analyze(
        old.run, old.settings, old.fit_settings, panel=old.panel,
        identities=list(old.identities.values()),
    )  # fmt: skip
    assert len(again.fits) == len(old.fits), "what is stored can be analyzed for ever"
    store.commit(None, [Change("invented-1", Kind.CLINICAL, "sex", "female")], user="now")
    store.rebuild_index()
    assert store.verify(expected["head"]).problems == ()
    assert len(store.history()) == len(expected["history"]) + 1


def later_store(folder, patch, how):
    """A store in which a version after this one has written."""
    store = Store.init(folder)
    store.commit(record(1, "p"), user="now")
    if how == "minor":
        patch.setattr("qpcr.records.commit_file.SINCE", {Kind.CLINICAL: FORMAT_MINOR + 1})
    else:
        patch.setattr(
            "qpcr.records._tables._event_text",
            lambda name, value: "tomorrow" if name == "kind" else _event_text(name, value),
        )
    store.commit(None, [Change("p", Kind.CLINICAL, "sex", "female")], user="later")


@pytest.mark.parametrize("how", ["minor", "kind"])
def test_what_a_later_version_wrote_is_no_damage(tmp_path, monkeypatch, how):
    folder = tmp_path / "store"
    with monkeypatch.context() as patch:
        later_store(folder, patch, how)
        (folder / "index.sealed").unlink(missing_ok=True)
    with pytest.raises(UnsupportedError, match="later version") as caught:
        Store.open(folder).patient("p")
    assert "update" in str(caught.value.remedy)
    told = verify(folder)
    assert len(told.problems) == 1
    (problem,) = told.problems
    assert "later version" in problem.problem
    assert "update" in problem.remedy
    assert "from a backup" not in problem.remedy


def test_an_index_of_a_later_minor_version_is_not_believed(tmp_path, monkeypatch):
    store = Store.init(tmp_path / "store")
    store.commit(record(1, "p"), user="now")
    with monkeypatch.context() as patch:
        patch.setattr("qpcr.records.index.FORMAT_MINOR", FORMAT_MINOR + 1)
        store.rebuild_index()
    assert Index.load(store.folder, store.id).position.sequence == -1
    assert Store.open(store.folder).patient("p").results
    store.rebuild_index()
    assert Index.load(store.folder, store.id).position.sequence == 1


def test_every_kind_has_its_minor_version():
    """Those of version 1.0 have none; a new one raises the minor version."""
    first = {Kind.CLINICAL, Kind.SPECIMEN, Kind.RESULT, Kind.REVIEW}
    assert set(Kind) - first == set(SINCE)
    assert sorted(SINCE.values()) == list(range(1, FORMAT_MINOR + 1))
    text = (Path(records.__file__).parent / "FORMAT.md").read_text("utf-8")
    assert text.startswith(f"# The store of records: format version 1.{FORMAT_MINOR}\n")


def test_no_store_is_made_over_the_rest_of_one(tmp_path):
    store = Store.init(tmp_path / "store")
    first = (store.folder / "ledger").read_bytes()
    store.commit(None, [Change("p", Kind.CLINICAL, "sex", "female")], user="now")
    rest = tmp_path / "rest"
    for part in ("commits", "tmp"):
        (rest / part).mkdir(parents=True)
    (rest / "ledger").write_bytes(first)
    (rest / "head.json").write_bytes((store.folder / "head.json").read_bytes())
    assert not begun(rest)
    before = sorted(path.name for path in rest.iterdir())
    with pytest.raises(InputError, match="not empty"):
        Store.init(rest)
    with pytest.raises(InputError, match="no store") as caught:
        Store.open(rest)
    assert "lost its store.json" in caught.value.found
    assert sorted(path.name for path in rest.iterdir() if path.name != ".lock") == before
    (rest / "head.json").unlink()
    assert begun(rest)
