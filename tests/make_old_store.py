"""Make ``tests/fixtures/store-<version>.zip``: a store as this version writes it, for later ones.

``python -m tests.make_old_store``, from the root of the project, once a format version. Everything
in it is SYNTHETIC: a simulated plate of invented patients. ``expected.json`` beside the store holds
what the version that wrote it read back; ``tests/test_old_stores.py`` holds later versions to it.
An existing file is not replaced: old stores stay as they are.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from primers import load_panel
from qpcr import Settings, analyze
from qpcr.document import document, plain_value
from qpcr.formats import read_run
from qpcr.records import Change, Kind, Store
from qpcr.records._layout import FORMAT_VERSION
from qpcr.rehearsal import simulate_panel
from qpcr.run import Run
from qpcr.samples import Identity

FIXTURES = Path(__file__).parent / "fixtures"
WELLS = 24


def make(folder: Path) -> None:
    """A run and its revision, a patient with a history, a result signed and one amended."""
    panel = load_panel("ikzf1")
    (file, *_) = [p for p in simulate_panel(panel, 2, 2, (), folder) if p.suffix == ".eds"]
    who = [Identity("P-001", "invented-1", "bone marrow", "diagnosis"),
           Identity("P-002", "invented-2", "blood", "day 14")]  # fmt: skip
    made = analyze(smaller(read_run(file)), panel=panel, identities=who)
    store = Store.init(folder / "store")
    store.commit(made, user="synthetic")
    again = analyze(made.run, Settings(threshold=0.3), panel=panel, identities=who)
    store.commit(replace(again, created=made.created), user="synthetic")
    wbc = {"value": 33.5, "unit": "10*9/L", "date": "2024-02-29"}
    store.commit(None, [Change("invented-1", Kind.CLINICAL, "wbc", wbc)], user="synthetic")
    changed = Change("invented-1", Kind.CLINICAL, "wbc", {**wbc, "value": 35.5}, "misread")
    store.amend(changed, user="synthetic 2")
    for patient in ("invented-1", "invented-2"):
        path = store.patient(patient).current_results[0].path
        store.review(patient, path, user="synthetic")
        store.sign(patient, path, user="synthetic 2")
    told = {"outcome": "inconclusive", "deletions": []}
    store.amend(Change(patient, Kind.RESULT, path, told, "a second look"), user="synthetic")
    store.rebuild_index()


def smaller(run: Run) -> Run:
    """A run with the readings of its first wells only, which are most of a file."""
    assert run.raw is not None
    raw = run.raw.copy()
    raw[WELLS:] = 0.0
    kept = tuple(one for one in run.reactions if one.well < WELLS)
    return replace(run, raw=raw, reactions=kept, signals={}, results={})


def read(store: Store) -> dict[str, object]:
    """Everything that is read back, as plain values."""
    return {
        "head": store.head(),
        "runs": {run.run_id: document(store.record(run.run_id)) for run in store.runs()[-1:]},
        "calls": {run.run_id: plain_value(store.record(run.run_id).calls) for run in store.runs()},
        "revisions": {run.run_id: run.revision_of for run in store.runs()},
        "history": [
            [e.id, e.patient, e.at.isoformat(), e.user, str(e.kind), e.path, e.old, e.new, e.reason]
            for e in store.history()
        ],
        "states": {
            one.patient: {r.path: str(r.state) for r in store.patient(one.patient).results.values()}
            for one in store.patients()
        },
    }


def main() -> None:
    """Write the file of this format version, unless it is there."""
    target = FIXTURES / f"store-{FORMAT_VERSION}.zip"
    if target.exists():
        raise SystemExit(f"{target} is there already, and stays as it is")
    FIXTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        expected = json.dumps(read(Store.open(folder / "store")), ensure_ascii=False)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr("SYNTHETIC.txt", "A simulated plate of invented patients.\n")
            archive.writestr("expected.json", expected)
            for path in sorted((folder / "store").rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
    print(f"{target}: {target.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
