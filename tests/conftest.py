"""Where the tests find other people's files, and what they do without them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("busy machine", deadline=None)  # slow is not wrong
hypothesis.settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real instrument files; skips the test where there is none."""
    named = os.environ.get("IKAROS_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        if named:
            pytest.fail(f"IKAROS_DATA names {folder}, which does not exist")
        pytest.skip("no real instrument files: IKAROS_DATA is not set, ../shared/data is absent")
    return folder


@pytest.fixture(scope="session")
def called_record(tmp_path_factory):
    """The demo plate (simulated), called by the panel, its samples being patients 患者-0 …"""
    from primers import load_panel
    from qpcr import analyze
    from qpcr.rehearsal import write_simulated
    from qpcr.samples import Identity
    from qpcr.simulate import demo_plate, simulate_plate

    folder = tmp_path_factory.mktemp("plate")
    file, _ = write_simulated(simulate_plate(demo_plate(), seed=1), folder / "demo.eds")
    panel = load_panel("ikzf1")
    names = [call.sample for call in analyze(file, panel=panel).calls]
    who = [Identity(name, f"患者-{i}", "bone marrow", "diagnosis") for i, name in enumerate(names)]
    return analyze(file, panel=panel, identities=who)


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory):
    """A store of two simulated plates, their patients invented; to be copied, not changed."""
    import stores

    return stores.filled(
        tmp_path_factory.mktemp("filled") / "store", stores.records(tmp_path_factory)
    )


@pytest.fixture
def store(filled_store, tmp_path):
    """A copy of it for one test; modules that want another store have a fixture of that name."""
    from qpcr.records import Store

    return Store.open(Path(shutil.copytree(filled_store.folder, tmp_path / "store")))


@pytest.fixture(scope="session")
def cluster():
    """Address of a Dask scheduler with two workers."""
    distributed = pytest.importorskip("distributed", reason="Dask (extra dask) is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as made:
        yield made.scheduler_address


@pytest.fixture(scope="session")
def plate(tmp_path_factory):
    """File of a SIMULATED plate with two patients."""
    from tests.store_kit import run

    folder = tmp_path_factory.mktemp("plate")
    run(0, "simulate", "--patients", 2, "--seed", 2, "--out", folder)
    return folder / "simulated-1.eds"
