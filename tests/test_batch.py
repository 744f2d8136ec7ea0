"""Many files, in turn, in processes and on Dask: the same results, whole, and continued."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from rdml_files import data, document, react, small_rdml
from rdml_files import run as run_of

from cli import main
from qpcr.counted import counted
from qpcr.farm import in_order, in_processes, processes_for


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


WELL = (react(5, "s1", data("T", 30.0, "28")),)
DAMAGED = (react(5, "s1", data("T", 30.0, "many")),)


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Three plates, one that is cut off, and a file with three runs, of which one is damaged."""
    folder = tmp_path_factory.mktemp("plates")
    good = [written(folder, small_eds(), f"plate{i}.eds") for i in range(3)]
    runs = run_of("Monday"), run_of("bad", DAMAGED), run_of("Tue/day", WELL)
    several = written(folder, small_rdml(document(*runs)), "several.rdml")
    return [good[0], written(folder, small_eds()[:9000], "bad.eds"), several, *good[1:]]


@pytest.fixture(scope="module")
def one_by_one(plates, tmp_path_factory):
    out = tmp_path_factory.mktemp("alone")
    done = run("analyze", *plates, "--out", out, "--jobs", 1)
    return done, contents(out)


def contents(out):
    """Bytes of every result, without the time of the analysis and digests that depend on it."""
    stamp = re.compile(rb"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00)?")
    digests = re.compile(rb'"(document|report\.html)":"[0-9a-f]{64}"')
    return {
        str(path.relative_to(out)): digests.sub(b"", stamp.sub(b"TIME", path.read_bytes()))
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def same_as_one_by_one(done, out, one_by_one):
    alone, wanted = one_by_one
    assert done.exit_code == alone.exit_code == 3
    assert contents(out) == wanted
    assert len(wanted) == 5 * 5
    tables = [line for line in alone.output.splitlines() if "written" not in line]
    assert [line for line in done.output.splitlines() if "written" not in line] == tables
    assert "2 of 7 runs could not" in done.output


def test_processes_write_what_one_by_one_does(plates, one_by_one, tmp_path):
    done = run("analyze", *plates, "--out", tmp_path, "--jobs", 2)
    same_as_one_by_one(done, tmp_path, one_by_one)


def test_dask_writes_what_one_by_one_does(plates, one_by_one, tmp_path, cluster):
    done = run("analyze", *plates, "--out", tmp_path, "--scheduler", cluster)
    same_as_one_by_one(done, tmp_path, one_by_one)


def test_no_scheduler_is_said_before_anything_is_written(plates, tmp_path):
    pytest.importorskip("distributed", reason="Dask (extra dask) is not installed")
    done = run("analyze", *plates, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1")
    assert done.exit_code == 3
    assert "no Dask scheduler answers" in done.output
    assert not (tmp_path / "out").exists()


def test_answers_come_in_the_order_of_their_jobs():
    def shuffled(work, jobs):
        for place in (3, 0, 2, 1, 4):
            yield work(jobs[place])

    assert list(in_order(shuffled, lambda x: -x, [0, 1, 2, 3, 4])) == [0, -1, -2, -3, -4]


def test_more_jobs_than_processes_are_all_done():
    assert list(in_order(in_processes(1), abs, range(-7, 0))) == [7, 6, 5, 4, 3, 2, 1]
    assert processes_for(1) == processes_for(7) == 1


def test_continue_does_only_what_is_not_finished(plates, tmp_path, one_by_one):
    files = [plates[0], *plates[3:]]
    out = tmp_path / "out"
    told = ("analyze", *files, "--out", out, "--jobs", 1, "--continue")
    assert run(*told).exit_code == 0
    (out / "plate1" / "report.html").unlink()
    first = (out / "plate0" / "run.json").stat().st_mtime_ns
    done = run(*told)
    assert done.exit_code == 0
    assert done.output.count("finished before") == 2
    assert (out / "plate0" / "run.json").stat().st_mtime_ns == first
    assert contents(out) == {
        name: held for name, held in one_by_one[1].items() if not name.startswith("several")
    }
    assert run(*told, "--baseline", "4-12").output.count("finished before") == 0
    assert run(*told, "--baseline", "4-12").output.count("finished before") == 3
    assert run(*told[:-1]).output.count("finished before") == 0


def test_continue_knows_the_runs_of_a_file(plates, tmp_path):
    file, out = plates[2], tmp_path / "out"
    told = ("analyze", file, "--out", out, "--continue")
    assert run(*told, "--run", "Tue/day").exit_code == 0
    assert [path.name for path in (out / "several").iterdir()] == ["e_Tue_day"]
    done = run(*told)
    assert done.exit_code == 3
    assert "finished before: " in done.output
    assert "1 of 3 runs could not" in done.output
    assert "run e/Monday" in done.output
    assert sorted(path.name for path in (out / "several").iterdir()) == ["e_Monday", "e_Tue_day"]
    assert run(*told).output.count("finished before") == 2
    assert run(*told, "--run", "none").exit_code == 3


REAL = (
    "abi7500/rnasep_standard_curve_7500fast_v2.3.eds",
    "stepone/steponeplus_v2.3_native_with_results.eds",
    "rdml/volume_machine.rdml",
)


def test_real_files_give_the_same_bits_wherever_they_are_analyzed(data_dir, tmp_path, cluster):
    files = [data_dir / name for name in REAL]
    places = {"turn": ("--jobs", 1), "two": ("--jobs", 2), "dask": ("--scheduler", cluster)}
    for name, where in places.items():
        assert run("analyze", *files, "--out", tmp_path / name, *where).exit_code == 0
    found = {name: contents(tmp_path / name) for name in places}
    assert len(found["turn"]) == 5 * 5
    assert found["two"] == found["turn"]
    assert found["dask"] == found["turn"]


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own")
def test_what_is_piped_does_not_end_on_the_terminal(plates, tmp_path):
    import pty

    leader, terminal = pty.openpty()
    told = [sys.executable, "-m", "cli", "analyze", *map(str, plates[:2]), "--jobs", "1"]
    with (tmp_path / "piped").open("wb") as piped:
        done = subprocess.run(told, stdout=piped, stderr=terminal, check=False)
    os.close(terminal)
    shown = ""
    with contextlib.suppress(OSError):  # the other end is closed: all is read
        while part := os.read(leader, 100_000):
            shown += part.decode()
    os.close(leader)
    assert done.returncode == 3
    assert "plate0.eds  ·" in (tmp_path / "piped").read_text(encoding="utf-8")
    assert "plate0.eds  ·" not in shown
    assert "bad.eds" in shown


@pytest.mark.parametrize("fault", ["cut", "file", "other", "unmarked", "findings", "table"])
def test_what_is_not_known_to_be_whole_is_done_again(plates, tmp_path, fault):
    file = shutil.copy(plates[0], tmp_path / "p.eds")
    told = ("analyze", file, "--out", tmp_path / "out", "--continue")
    assert run(*told).exit_code == 0
    told_json = tmp_path / "out" / "p" / "run.json"
    whole = told_json.read_text(encoding="utf-8")
    if fault == "cut":
        told_json.write_text(whole[:-9], encoding="utf-8")
    elif fault == "file":
        written(tmp_path, small_eds()[:9000], "p.eds")
        assert run(*told).exit_code == 3
        return
    elif fault == "other":
        told_json.write_text("[]", encoding="utf-8")
    elif fault == "table":
        (told_json.parent / "findings.csv").write_text("nothing", encoding="utf-8")
    else:
        plain = json.loads(whole)
        if fault == "unmarked":
            del plain["seal"]
        else:
            plain["findings"] = []
        told_json.write_text(json.dumps(plain), encoding="utf-8")
    done = run(*told)
    assert done.exit_code == 0
    assert "finished before" not in done.output
    assert "finished before" in run(*told).output


def test_what_is_not_in_the_store_is_not_finished(tmp_path):
    file, store = written(tmp_path, small_eds()), tmp_path / "store"
    told = ("analyze", file, "--out", tmp_path / "out", "--store", store, "--continue")
    assert run("records", "init", "--store", store).exit_code == 0
    assert "kept in the store" in run(*told).output
    assert "finished before" in run(*told).output
    shutil.rmtree(store)
    assert run(*told).exit_code == 3
    assert run("records", "init", "--store", store).exit_code == 0
    assert "kept in the store" in run(*told).output  # another store in the same place
    assert "1 run" in run("records", "list", "--store", store).output
    assert "finished before" in run(*told).output


def test_an_invalid_run_stays_invalid_when_it_is_continued(tmp_path):
    file = written(tmp_path, small_eds())
    told = ("analyze", file, "--panel", "ikzf1", "--out", tmp_path / "out", "--continue")
    first, second = run(*told), run(*told)
    assert first.exit_code == second.exit_code == 1
    assert "must not be used: " in second.output
    told_json = json.loads((tmp_path / "out" / file.stem / "run.json").read_text(encoding="utf-8"))
    why = [one["message"] for one in told_json["findings"] if one["severity"] == "run"]
    assert why
    assert all(one in second.output for one in why)
    assert run("analyze", file, "--continue").exit_code == 2


def test_runs_that_failed_or_must_not_be_used_are_named_at_the_end(plates, tmp_path):
    done = run("analyze", *plates[1:], "--panel", "ikzf1", "--jobs", 1)
    failed, invalid = done.output.split("qpcr: ")[-2:]
    assert done.exit_code == 3
    assert failed.startswith("2 of 6 runs could not be analyzed:")
    assert f"\n  {plates[1]}: " in failed
    assert f"{plates[2]}, run e/bad: " in failed
    assert invalid.startswith("4 of 6 runs must not be used:")
    assert [line.split(": ")[0].strip() for line in invalid.splitlines()[1:]] == [
        f"{plates[2]}, run e/Monday", f"{plates[2]}, run e/Tue/day", str(plates[3]), str(plates[4])
    ]  # fmt: skip


def test_software_that_is_not_named_is_said_to_be(plates):
    done = run("analyze", plates[2], "--run", "Tue/day")
    assert "software not named" in done.output
    assert "None" not in done.output


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_ctrl_c_leaves_whole_results_that_continue(tmp_path, one_by_one):
    files = [str(written(tmp_path, small_eds(), f"p{i}.eds")) for i in range(5)]
    out = tmp_path / "out"
    told = ["analyze", *files, "--out", str(out), "--jobs", "2", "--continue"]
    working = subprocess.Popen(
        [sys.executable, "-m", "cli", *told], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, text=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not list(out.glob("*/run.json")) and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(working.pid, signal.SIGINT)
    said, err = working.communicate(timeout=60)
    assert working.returncode in (0, 1), err  # 0: it was done already
    assert "Traceback" not in err
    assert not list(out.glob("*/.writing-*"))
    finished = len(list(out.glob("*/run.json")))
    if working.returncode:
        assert f"interrupted; {counted(finished, 'run')} shown above" in err
        assert said.count(".eds  ·") == finished
    done = run(*told[:-2], 1, "--continue")
    assert done.exit_code == 0
    assert done.output.count("finished before") == finished > 0
    assert len(contents(out)) == 5 * 5


def test_a_sheet_is_compared_with_finished_plates_too(plates, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("sample,patient\nnobody's,P1\n", encoding="utf-8")
    told = ("analyze", plates[0], "--sheet", sheet, "--out", tmp_path / "out", "--continue")
    lines = [line for line in run(*told).output.splitlines() if line.startswith("qpcr: ")]
    again = run(*told).output
    assert "finished before" in again
    assert [line for line in again.splitlines() if line.startswith("qpcr: ")] == lines
    assert any("nobody's is on no plate" in line for line in lines)
    assert any("belongs to nobody" in line for line in lines)
