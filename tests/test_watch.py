from __future__ import annotations

import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from eds_files import written
from rdml_files import data, document, react, run, small_rdml

from cli import main
from primers import load_panel
from qpcr.batch import Order
from qpcr.calls import Outcome as Called
from qpcr.errors import InputError
from qpcr.records import Store
from qpcr.rehearsal import write_simulated
from qpcr.simulate import demo_plate, simulate_plate
from qpcr.watch import Plan, watch
from qpcr.watch.arrival import Arrival, Patience, Stamp, listing
from qpcr.watch.errand import Errand, Outcome, _verdict, run_apart
from qpcr.watch.journal import DONE, Entry, Journal

ROOT = Path(__file__).parents[1]
PLAN = {one.name for one in fields(Plan)}


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Two simulated plates."""
    folder = tmp_path_factory.mktemp("plates")
    return [
        write_simulated(simulate_plate(demo_plate(), seed=seed), folder / f"plate-{seed}.eds")[0]
        for seed in (1, 2)
    ]


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO)
    return logging.getLogger("watch-test")


def plan_of(tmp_path, **more):
    (tmp_path / "in").mkdir(exist_ok=True)
    plan = {"settle_seconds": 0.0, "every_seconds": 0.05}
    plan |= {name: more.pop(name) for name in list(more) if name in PLAN}
    return Plan(tmp_path / "in", tmp_path / "out", Order(**more), **plan)


def once(plan, log):
    return watch(plan, threading.Event(), log, once=True)


def test_every_file_is_analyzed_once_and_left_alone(tmp_path, plates, log, caplog):
    plan = plan_of(tmp_path, panel=load_panel("ikzf1"))
    copies = [shutil.copy2(one, plan.folder / one.name) for one in plates]
    before = [(Path(one).read_bytes(), Path(one).stat().st_mtime_ns) for one in copies]
    assert once(plan, log) == 0
    for one in plates:
        assert (plan.out / one.stem / "report.html").stat().st_size > 100_000
        assert (plan.out / one.stem / "calls.csv").is_file()
    assert [(Path(c).read_bytes(), Path(c).stat().st_mtime_ns) for c in copies] == before
    reports = {p: p.stat().st_mtime_ns for p in plan.out.rglob("report.html")}
    caplog.clear()
    assert once(plan, log) == 0  # a restart
    assert "reactions" not in caplog.text
    assert {p: p.stat().st_mtime_ns for p in plan.out.rglob("report.html")} == reports


def test_a_broken_file_is_named_and_stops_nothing(tmp_path, plates, log, caplog):
    plan = plan_of(tmp_path)
    (plan.folder / "a.eds").write_bytes(plates[0].read_bytes()[:30_000])
    shutil.copy2(plates[1], plan.folder / "b.eds")
    assert once(plan, log) == 1
    assert "a.eds could not be analyzed" in caplog.text
    assert (plan.out / "b" / "report.html").is_file()
    assert not (plan.out / "a").exists()
    caplog.clear()
    assert once(plan, log) == 1  # known, not tried again, and not forgotten either …
    assert "a.eds could not be analyzed before" in caplog.text
    (plan.folder / "a.eds").write_bytes(plates[0].read_bytes())
    assert once(plan, log) == 0  # … until it changes
    assert (plan.out / "a" / "report.html").is_file()


@pytest.mark.parametrize("bad", [False, True])
def test_a_file_with_several_runs(tmp_path, log, caplog, bad):
    plan = plan_of(tmp_path, patterns=("*.rdml",))
    damaged = (react(5, "s1", data("T", 30.0, "many")),)
    runs = [run("Monday"), run("Tuesday"), *([run("third", damaged)] if bad else [])]
    written(plan.folder, small_rdml(document(*runs)), "plate.rdml")
    assert once(plan, log) == bad
    for name in ("Monday", "Tuesday"):
        assert (plan.out / "plate" / f"e_{name}" / "report.html").is_file()
        assert f"run e/{name}: 6 reactions" in caplog.text
    assert ("plate.rdml could not be analyzed" in caplog.text) == bad
    assert ("run e/third: " in caplog.text) == bad


def test_same_names_and_same_bytes(tmp_path, plates, log, caplog):
    plan = plan_of(tmp_path)
    for place, source in (("x", plates[0]), ("y", plates[1]), ("z", plates[0])):
        (plan.folder / place).mkdir()
        shutil.copy2(source, plan.folder / place / "run.eds")
    assert once(plan, log) == 0
    assert len(list(plan.out.glob("run*"))) == 2
    assert "z/run.eds holds what x/run.eds held" in caplog.text


def test_results_inside_the_watched_folder_are_not_taken_for_input(tmp_path, plates, log):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy2(plates[0], folder / "run.eds")
    plan = Plan(folder, folder / "out", patterns=("*",), settle_seconds=0.0, every_seconds=0.05)
    assert once(plan, log) == 0
    (plan.out / "copy.eds").write_bytes(b"not mine")
    assert [one.name for one in listing(folder, ("*",), plan.out)] == ["run.eds"]


def test_hidden_and_passing_files_are_left(tmp_path):
    for name in (".x.eds", "~$x.eds", "x.EDS", "x.eds.part"):
        (tmp_path / name).write_bytes(b"")
    assert [one.name for one in listing(tmp_path, ("*.eds",), tmp_path / "out")] == ["x.EDS"]


def test_a_file_must_stay_the_same_over_our_own_watching():
    patience = Patience(10.0)
    old = Arrival("a", Stamp(100, 1))  # copied with a time of years ago
    assert not patience.settled(old, 0.0)
    assert not patience.settled(old, 9.9)
    grown = Arrival("a", Stamp(101, 1))
    assert not patience.settled(grown, 10.0)
    assert not patience.settled(grown, 19.9)
    assert patience.settled(grown, 20.0)


def test_a_file_that_is_still_being_written_is_waited_for(tmp_path, plates, log):
    plan = plan_of(tmp_path, settle_seconds=0.4)
    data, path = plates[0].read_bytes(), plan.folder / "slow.eds"

    def write():
        with path.open("wb") as stream:
            for start in range(0, len(data), len(data) // 8 + 1):
                stream.write(data[start : start + len(data) // 8 + 1])
                stream.flush()
                time.sleep(0.1)

    path.touch()
    writer = threading.Thread(target=write)
    writer.start()
    assert once(plan, log) == 0
    writer.join()
    assert (plan.out / "slow" / "report.html").is_file()


class Bomb:
    """Ends the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (9,)


def test_a_crash_costs_one_file(tmp_path, plates, log, caplog):
    plan = plan_of(tmp_path, identities=[Bomb()])
    result = run_apart(Errand(plates[0], "run", "", plan))
    assert result.outcome is Outcome.FAILED
    assert "code 9" in result.text


def test_work_that_takes_too_long_is_given_up(tmp_path, plates):
    plan = plan_of(tmp_path, most_seconds=0.05)
    result = run_apart(Errand(plates[0], "run", "", plan))
    assert result.outcome is Outcome.FAILED
    assert "given up" in result.text


def test_a_file_that_changed_under_our_hands_is_tried_again(tmp_path, plates):
    result = run_apart(Errand(plates[0], "run", "0" * 64, plan_of(tmp_path)))
    assert result.outcome is Outcome.LATER


def test_results_that_cannot_be_written_are_tried_again(tmp_path, plates, log, caplog):
    plan = plan_of(tmp_path)
    shutil.copy2(plates[0], plan.folder / "run.eds")
    plan.out.mkdir()
    (plan.out / "run").write_text("in the way")
    assert once(plan, log) == 1
    assert "tried again" in caplog.text
    (plan.out / "run").unlink()
    assert once(plan, log) == 0
    assert (plan.out / "run" / "report.html").is_file()


def test_the_journal_survives_a_line_cut_short(tmp_path):
    path = tmp_path / "journal"
    first = Entry("a.eds", 1, 2, DONE, "aa", "a", "2026-01-01")
    Journal(path).add(first)
    with path.open("ab") as stream:
        stream.write(b'{"file": "b.eds", "si')
    journal = Journal(path)
    assert journal.knows(Arrival("a.eds", Stamp(1, 2)))
    assert not journal.knows(Arrival("b.eds", Stamp(1, 2)))
    journal.add(Entry("c.eds", 1, 2, DONE, "cc", "c", "2026-01-01"))
    assert Journal(path).knows(Arrival("c.eds", Stamp(1, 2)))


def test_one_watcher_a_results_folder(tmp_path, log):
    from filelock import FileLock

    plan = plan_of(tmp_path)
    plan.out.mkdir()
    with (
        FileLock(plan.out / ".watch.lock"),
        pytest.raises(InputError, match="another process watches"),
    ):
        once(plan, log)


def test_a_folder_that_is_not_there_is_refused(tmp_path, log):
    with pytest.raises(InputError, match="not there"):
        watch(Plan(tmp_path / "none", tmp_path / "out"), threading.Event(), log)


def test_killed_and_started_again_it_loses_nothing_and_doubles_nothing(tmp_path, plates):
    place = tmp_path / "in"
    place.mkdir()
    for one in plates:
        shutil.copy2(one, place / one.name)
    command = [
        sys.executable, "-m", "cli", "watch", str(place), "--out", str(tmp_path / "out"),
        "--settle", "0", "--every", "0.05",
    ]  # fmt: skip
    first = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    journal = tmp_path / "out" / "watch-journal.jsonl"
    end = time.monotonic() + 60
    while time.monotonic() < end and not (journal.exists() and journal.read_bytes()):
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert len(journal.read_text().splitlines()) == 1
    second = subprocess.run(
        [*command, "--once"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert second.returncode == 0, second.stderr
    done = [line for line in second.stdout.splitlines() if "reactions" in line]
    assert len(done) == 1
    assert "plate-2.eds" in done[0]
    assert len(list((tmp_path / "out").glob("*/report.html"))) == 2


def test_ctrl_c_ends_it_quietly(tmp_path):
    (tmp_path / "in").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "watch", str(tmp_path / "in"), "--out", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "watching" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "stopped" in out
    assert "Traceback" not in err


def test_what_is_reported_is_on_record_once(tmp_path, plates, log, caplog):

    store = Store.init(tmp_path / "store")
    plan = plan_of(tmp_path, store=store.folder, user="li", lang="zh")
    shutil.copy2(plates[0], plan.folder / "一号板.eds")
    assert once(plan, log) == 0
    (run,) = store.runs()
    assert (run.file, run.user) == ("一号板.eds", "li")
    assert "已归档为" in caplog.text
    (plan.out / "watch-journal.jsonl").unlink()  # as if the crash came before the journal's line
    assert once(plan, log) == 0
    assert len(store.runs()) == 1
    assert "此前已归档为" in caplog.text


def test_a_store_that_is_none_is_said_at_once(tmp_path, plates, log):
    plan = plan_of(tmp_path, store=tmp_path / "no-store", user="li")
    shutil.copy2(plates[0], plan.folder / "run.eds")
    with pytest.raises(InputError):
        once(plan, log)
    assert not plan.out.exists()


def test_nothing_is_reported_that_is_not_on_record(tmp_path, plates):
    plan = plan_of(tmp_path, store=tmp_path / "no-store", user="li")
    sha256 = hashlib.sha256(plates[0].read_bytes()).hexdigest()
    result = run_apart(Errand(plates[0], "run", sha256, plan))
    assert result.outcome is Outcome.LATER  # the store may be back later
    assert not (plan.out / "run").exists()


def test_quantities_are_made_where_they_are_asked_for(tmp_path, plates, log):
    plan = plan_of(tmp_path, method="cpd2", store=tmp_path / "store", user="u")
    Store.init(plan.order.store)
    shutil.copy2(plates[0], plan.folder / "b.eds")
    assert once(plan, log) == 0
    assert (plan.out / "b" / "quantification.csv").is_file()
    store = Store.open(plan.order.store)
    assert store.record(store.runs()[0].run_id).quantification.method == "cpd2"
    done = CliRunner().invoke(
        main, ["watch", str(tmp_path), "--out", str(tmp_path / "o"), "--copies"]
    )
    assert done.exit_code == 2
    assert "it needs --method" in done.output


def test_the_sample_sheet_is_read_anew_for_every_file(tmp_path, plates, log, caplog):
    sheet = tmp_path / "samples.csv"
    plan = plan_of(tmp_path, panel=load_panel("ikzf1"), sheet=sheet)
    shutil.copy2(plates[0], plan.folder / "one.eds")
    assert once(plan, log) == 1  # no sheet yet: the file is tried again
    assert "tried again" in caplog.text
    sheet.write_text("sample,patient\nP-001,first\n")
    assert once(plan, log) == 0
    sheet.write_text("sample,patient\nP-001,second\n")
    shutil.copy2(plates[1], plan.folder / "two.eds")
    assert once(plan, log) == 0
    seen = [(plan.out / one / "calls.csv").read_text() for one in ("one", "two")]
    assert "first" in seen[0]
    assert "second" in seen[1]


def test_the_log_counts_samples_without_a_result(called_record):
    """No control failed, and yet not every sample has a result: the log must not hide it."""
    calls = [replace(one, outcome=Called.NOT_DETECTED) for one in called_record.calls]
    good = replace(called_record, findings=(), calls=tuple(calls))
    assert _verdict(good) == "no control failed"
    calls[0] = replace(calls[0], outcome=Called.INCONCLUSIVE)
    calls[1] = replace(calls[1], outcome=Called.INVALID)
    told = _verdict(replace(good, calls=tuple(calls)))
    n = len(calls)
    assert told == (f"no control failed, 1 of {n} samples invalid, 1 of {n} samples inconclusive")
