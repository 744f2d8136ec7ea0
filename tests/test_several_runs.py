"""Files with several runs: every run is read, inspected, analyzed; a bad one stops none."""

from __future__ import annotations

import gc
import json
import weakref
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from hypothesis import given
from hypothesis import strategies as st
from rdml_files import REACTS, data, document, react, run, small_rdml

from cli import main
from qpcr.batch.folders import MAX_FOLDER, folder_names
from qpcr.document import plain_value
from qpcr.errors import InputError
from qpcr.formats import _archive, read_run, read_runs, runs_in

GOOD = run("Monday"), run("Tue/day", (react(5, "s1", data("T", 30.0, "28")),))
BAD = run("bad", (react(5, "s1", data("T", 30.0, "many")),))
CHANNELS = (
    run("FAM", (react(1, "s1", data("T", 24.0, "22")),)),
    run("VIC", (react(1, "s1", data("R", 20.0, "18")),)),
)


def command(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def file_of(tmp_path, *runs: str) -> Path:
    return written(tmp_path, small_rdml(document(*runs)), "plate.rdml")


def test_every_run_is_what_its_name_reads(tmp_path):
    file = file_of(tmp_path, *GOOD)
    names = [one.name for one in runs_in(file)]
    assert names == ["e/Monday", "e/Tue/day"]
    for name, found in zip(names, read_runs(file), strict=True):
        assert plain_value(found) == plain_value(read_run(file, name))
        assert found.provenance.experiment == name


@pytest.mark.parametrize("runs", [(run(),), CHANNELS])
def test_a_file_with_one_run_or_plate_gives_the_one_without_a_name(tmp_path, runs):
    file = file_of(tmp_path, *runs)
    (one,) = runs_in(file)
    assert one.name is None
    assert plain_value(one.read()) == plain_value(read_run(file))


def test_other_formats_hold_one_run(tmp_path):
    file = written(tmp_path, small_eds())
    (found,) = read_runs(file)
    assert plain_value(found) == plain_value(read_run(file))


def test_one_bad_run_is_refused_by_name_and_stops_no_other(tmp_path):
    first, bad, last = runs_in(file_of(tmp_path, GOOD[0], BAD, GOOD[1]))
    with pytest.raises(InputError, match="must be a number") as caught:
        bad.read()
    assert "e/bad" in caught.value.place
    assert caught.value.file.endswith("plate.rdml")
    assert [len(one.read().reactions) for one in (first, last)] == [len(REACTS) * 2, 1]


def test_a_bad_file_is_refused_before_any_run(tmp_path):
    with pytest.raises(InputError, match="no run"):
        runs_in(written(tmp_path, small_rdml(document("<run/>").replace(b"<run/>", b"")), "a.rdml"))
    with pytest.raises(InputError, match="one id"):
        runs_in(file_of(tmp_path, run("a"), run("a")))
    with pytest.raises(InputError) as caught:
        runs_in(tmp_path / "absent.rdml")
    assert "absent.rdml" in caught.value.file


def test_a_file_is_parsed_once_and_one_run_is_held_at_a_time(tmp_path, monkeypatch):
    parsed = []
    whole = _archive.parse_xml
    monkeypatch.setattr(_archive, "parse_xml", lambda *a: parsed.append(1) or whole(*a))
    file = file_of(tmp_path, *(run(f"r{i}", (REACTS[0],)) for i in range(5)))
    alive: list[weakref.ref] = []
    for one in runs_in(file):
        gc.collect()
        assert all(dead() is None for dead in alive)
        alive.append(weakref.ref(one.read().cycles))
    assert len(parsed) == 1


def test_inspect_lists_all_and_says_which_is_bad(tmp_path):
    file = file_of(tmp_path, GOOD[0], BAD, GOOD[1])
    shown = command("inspect", file)
    assert shown.exit_code == 3
    lines = shown.output.splitlines()
    assert "3 runs" in lines[0]
    assert lines[2].split() == ["e/Monday", "8", "×", "12", "3", "6", "3", "2", "40", "4"]
    assert "a value that must be a number is none" in shown.output
    assert lines[4].split() == ["e/Tue/day", "8", "×", "12", "1", "1", "1", "1", "40", "1"]
    assert command("inspect", file_of(tmp_path, *GOOD)).exit_code == 0
    one = command("inspect", file, "--run", "Monday", "--json")
    assert json.loads(one.output)["provenance"]["experiment"] == "e/Monday"
    assert "--run" in command("inspect", file, "--json").output


def test_analyze_writes_a_folder_a_run(tmp_path):
    file, out = file_of(tmp_path, GOOD[0], BAD, GOOD[1]), tmp_path / "out"
    done = command("analyze", file, "--out", out)
    assert done.exit_code == 3
    assert "1 of 3 runs could not be analyzed" in done.output
    assert sorted(p.name for p in (out / "plate").iterdir()) == ["e_Monday", "e_Tue_day"]
    found = [json.loads((out / "plate" / n / "run.json").read_text()) for n in ("e_Monday",)]
    assert found[0]["run"]["provenance"]["experiment"] == "e/Monday"
    named = command("analyze", file, "--run", "Tue/day", "--out", out / "one")
    assert named.exit_code == 0
    both = [f / "reactions.csv" for f in (out / x / "plate" / "e_Tue_day" for x in ("one", "."))]
    assert both[0].read_text() == both[1].read_text()


def test_runs_of_one_file_are_kept_as_different_runs(tmp_path):
    file = file_of(tmp_path, *GOOD)
    assert command("records", "init", "--store", tmp_path / "store").exit_code == 0
    for words in ("kept in the store", "in the store already"):
        kept = command("analyze", file, "--store", tmp_path / "store", "--user", "me")
        told = [line for line in kept.output.splitlines() if words in line]
        assert len(set(told)) == 2
        assert "revision" not in kept.output


def test_convert_asks_for_one_run(tmp_path):
    file, out = file_of(tmp_path, *GOOD), tmp_path / "o.rdml"
    refused = command("convert", file, "--to", "rdml", "--out", out)
    assert refused.exit_code == 3
    assert "e/Monday, e/Tue/day" in refused.output
    assert "--run" in refused.output
    assert not out.exists()


def test_names_of_folders():
    names = ["a/b", "a:b", "A_B", "..", "CON", "nul.txt", "运行 1", "x" * 300, "a ", ""]
    assert folder_names(names) == [
        *("a_b", "a_b (2)", "A_B (3)", "run", "run CON", "run nul.txt", "运行 1"),
        *("x" * MAX_FOLDER, "a", "run (2)"),
    ]


@given(st.lists(st.text(max_size=200), max_size=6))
def test_folders_are_safe_and_never_shared(names):
    found = folder_names(names)
    assert len({name.casefold() for name in found}) == len(names)
    for name in found:
        assert len(name.encode()) < 200
        assert Path(name).name == name
        assert name.strip(". ")
        assert not set('<>:"/\\|?*\0\n') & set(name)


@pytest.mark.parametrize(
    ("name", "count"), [("data_vermeulen_std_150000_15", 64), ("volume_machine", 3)]
)
def test_real_files_read_whole(data_dir, name, count):
    file = data_dir / "rdml" / f"{name}.rdml"
    runs = list(read_runs(file))
    assert len(runs) == count
    assert len({found.provenance.experiment for found in runs}) == count
    last = runs[-1]
    assert plain_value(last) == plain_value(read_run(file, last.provenance.experiment))
    assert all(len(found.reactions) > 10 for found in runs)
    assert all(a.provenance.sha256 == b.provenance.sha256 for a, b in pairwise(runs))
