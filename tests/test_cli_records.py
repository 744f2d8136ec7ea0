"""``qpcr records`` and ``qpcr analyze --store``."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from cli import main
from qpcr.records import Store
from qpcr.records._layout import commit_name
from tests.store_kit import flip


def run(*arguments, code=0):
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plates")
    run("simulate", "--patients", 2, "--seed", 2, "--out", folder)
    sheet = folder / "sheet.csv"
    sheet.write_text("sample,patient,timepoint\nP-001,pat-1,diagnosis\nP-002,pat-2,day 14\n")
    return folder / "simulated-1.eds", sheet


def test_from_a_plate_to_a_signed_result(plates, tmp_path):
    file, sheet = plates
    store, user = tmp_path / "store", ("--user", "anna")
    assert "made" in run("records", "init", "--store", store)
    run("records", "init", "--store", store, code=3)
    told = ("analyze", file, "--panel", "ikzf1", "--sheet", sheet, "--store", store, *user)
    assert "kept in the store: run r" in run(*told)
    assert "in the store already" in run(*told)
    assert "a revision of r" in run(*told, "--threshold", "0.3")
    assert "2 runs" in run("records", "list", "--store", store)
    assert "1 run\n" in run("records", "list", "--store", store, "--latest")
    assert "0 runs" in run("records", "list", "--store", store, "--until", "1999")
    kept = Store.open(store)
    (result,) = kept.patient("pat-1").current_results
    this = ("--store", store, *user, "--patient", "pat-1")
    run("records", "sign", *this, "--result", result.path, code=3)
    run("records", "review", *this, "--result", result.path)
    run("records", "sign", *this, "--result", result.path)
    assert kept.patient("pat-1").final_results[0].signed_by == "anna"
    run("records", "amend", *this, "--path", "wbc", "--value", "30.5", "--reason", "told by phone")
    run("records", "amend", *this, "--path", "sex", "--value", "f", "--reason", "told by phone")
    assert kept.patient("pat-1").clinical == {
        "wbc": {"value": 30.5, "unit": "10^9/L"},
        "sex": "female",
    }
    run("records", "amend", *this, "--path", "wbc", "--value", "1,5", "--reason", "r", code=3)
    run("records", "amend", *this, "--path", "sex", "--take-back", "--reason", "not told")
    run("records", "amend", *this, "--path", "sex", "--reason", "neither", code=2)
    shown = run("records", "show", "--store", store, "--patient", "pat-1")
    assert "wbc" in shown
    assert "signed" in shown
    assert result.run in shown
    assert "P-001" in run("records", "show", "--store", store, "--run", result.run)
    run("records", "show", "--store", store, code=2)
    history = run("records", "history", "--store", store, "--patient", "pat-1")
    assert "told by phone" in history
    assert "anna" in history
    found = run("records", "find", "--store", store, "--state", "signed")
    assert "1 patient\n" in found
    assert "pat-1" in found


def test_verify_backup_restore(plates, tmp_path, monkeypatch):
    store = tmp_path / "store"
    monkeypatch.setenv("QPCR_STORE", str(store))
    run("records", "init", "--two-persons")
    run("analyze", plates[0], "--store", store, "--user", "anna")
    head = run("records", "head").strip()
    assert f"head: {head}" in run("records", "verify", "--head", head)
    run("records", "backup", tmp_path / "copy")
    run("records", "backup", tmp_path / "copy", code=3)
    run("records", "rebuild-index")
    flip(store / commit_name(1), 90_000)
    assert "from a backup" in run("records", "verify", code=1)
    run("records", "show", "--run", Store.open(store).runs()[0].run_id, code=3)
    assert "not empty" in run("records", "restore", tmp_path / "copy", code=3)
    monkeypatch.setenv("QPCR_STORE", str(tmp_path / "again"))
    assert head in run("records", "restore", tmp_path / "copy")
    run("records", "verify")
    assert Store.open(tmp_path / "again").policy.two_persons


def test_ids_and_names_stay_out_of_errors(plates, tmp_path):
    file, sheet = plates
    store = tmp_path / "store"
    run("records", "init", "--store", store)
    run("analyze", file, "--sheet", sheet, "--panel", "ikzf1", "--store", store)
    (result,) = Store.open(store).patient("pat-1").current_results
    on = ("--store", store, "--patient")
    said = run("records", "sign", *on, "pat-1", "--result", result.path, code=3)
    said += run("records", "review", *on, "pat-1", "--result", "nothing", code=3)
    said += run("records", "show", *on, "pat-9", code=3)
    for path in store.rglob("*.h5"):
        flip(path, 70_000 % (path.stat().st_size * 8))
    said += run("records", "verify", "--store", store, code=1)
    assert "pat-" not in said
    assert "P-00" not in said
    names = " ".join(path.name for path in store.rglob("*"))
    assert "pat-" not in names
    assert "simulated" not in names


def test_every_command_has_help():
    for name in main.commands["records"].commands:
        assert "Usage" in run("records", name, "--help")


def test_the_road_of_a_mistaken_technician(plates, tmp_path):
    file, sheet = plates
    store, user, out = tmp_path / "store", ("--user", "anna"), tmp_path / "out"
    run("records", "init", "--store", store)
    told = ("analyze", file, "--panel", "ikzf1", "--sheet", sheet, "--store", store, *user)
    run_id = run(*told, "--out", out).split("kept in the store: run ")[1].split()[0]
    assert (out / "simulated-1" / "calls.csv").exists()
    run("analyze", file, "--out", out)  # without a panel: nothing is called
    assert not (out / "simulated-1" / "calls.csv").exists()

    for wrong in ("13.5.2024", "2024-13", "2024-5-1", "5/13/2024", ""):
        for name in ("--since", "--until"):
            refused = run("records", "list", "--store", store, name, wrong, code=2)
            assert "expected YYYY-MM-DD" in refused

    on_record = {name for one in Store.open(store).patients() for name in one.deletions}
    refused = run("records", "find", "--store", store, "--deletion", "D4-7", code=3)
    assert "no result that counts has a deletion of that name" in refused
    assert all(name in refused for name in on_record)
    assert "pat-1" not in refused
    for name in on_record:
        assert "0 patients" not in run("records", "find", "--store", store, "--deletion", name)

    page = ("records", "report", "--store", store, "--patient", "pat-1")
    result = ("--result", f"{run_id}/P-001")
    assert "--out must end in .html" in run(*page, *result, "--out", out / "r.pdf", code=2)
    run(*page, *result, "--out", out / "r.html")
    wrong = run("convert", file, "--to", "csv", "--out", out / "p.xlsx", code=2)
    assert "the name p.xlsx says .xlsx" in wrong
    assert not (out / "p.xlsx").exists()
