"""Stores that earlier versions wrote are read as they were, can be verified and go on."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from qpcr import analyze
from qpcr.records import Change, Kind, Store
from tests.make_old_store import FIXTURES, read

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
