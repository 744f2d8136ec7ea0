"""Runs of a store analyzed again: nothing unasked, nothing twice, nothing half."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from stores import run

from primers import load_panel
from qpcr.calls import Release
from qpcr.errors import InputError
from qpcr.farm import in_processes, in_turn
from qpcr.pipeline import analyze
from qpcr.reanalysis import _again, jobs_of, reanalyze, redo
from qpcr.record import versions
from qpcr.records import RunQuery, Store


@pytest.fixture
def strict(tmp_path):
    """The panel with a cut-off that nothing passes."""
    return changed(tmp_path, "cq_below = 36.0", "cq_below = 12.0")


def changed(tmp_path, old, new):
    text = (Path(__file__).parents[1] / "primers/panels/ikzf1.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "changed.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return load_panel(str(file))


def test_nothing_is_written_unless_asked_for(store, strict):
    head = store.head()
    answers = list(reanalyze(jobs_of(store, panel=strict)))
    assert len(answers) == len(store.runs()) == 2
    assert store.head() == head
    for answer in answers:
        old = store.record(answer.run)
        before = {call.sample: call for call in old.calls}
        fresh = analyze(old.run, panel=strict)
        changed = {one.sample: one.after for one in answer.calls}
        assert changed == {
            call.sample: str(call.outcome)
            for call in fresh.calls
            if call.outcome != before[call.sample].outcome
        }
        assert answer.largest_cq_difference == 0
        assert answer.cq_gained == answer.cq_lost == 0
    assert any(answer.calls for answer in answers)


def test_applied_revisions_name_what_they_replace_and_why(store, strict):
    old = {one.run_id for one in store.runs()}
    jobs = jobs_of(store, panel=strict, apply=True, reason="new cut-off", user="boss")
    answers = list(reanalyze(jobs))
    latest = store.runs(RunQuery(latest=True))
    assert {one.revision_of for one in latest} == old
    assert {one.run_id for one in latest} == {answer.revision for answer in answers}
    for one in latest:
        assert store.record(one.run_id).versions["ikaros-qpcr"] == versions()["ikaros-qpcr"]
        assert store.record(one.run_id).panel.cutoffs.cq_below == 12.0
    events = [event for event in store.history() if event.run in {one.run_id for one in latest}]
    assert events
    assert {event.reason for event in events} == {"new cut-off"}
    assert {event.user for event in events} == {"boss"}
    assert not store.verify().problems
    again = list(reanalyze(jobs_of(store, panel=strict, apply=True, reason="new cut-off")))
    assert all(answer.current for answer in again)
    assert len(store.runs()) == 4


def test_a_panel_that_fixes_thresholds_is_obeyed_and_that_is_said(store, tmp_path):
    """Also for runs of before there were any, whose settings say "as the file asks"."""
    fixed = changed(
        tmp_path, 'target = "RNase P"',
        'target = "RNase P"\nthreshold = 0.31\nthreshold_source = "setting"',
    )  # fmt: skip
    (one, *_) = store.runs()
    before = store.record(one.run_id)
    old = replace(before, settings=replace(before.settings, threshold="protocol"))
    for record, panel in ((before, fixed), (old, fixed), (before, None), (old, None)):
        after, notes = _again(record, panel or record.panel)
        assert (after.curves.thresholds["RNase P"].source == "panel") == (panel is not None)
        assert bool(notes) == (panel is not None)
        assert after.curves.thresholds["F.4 × R-7"] == before.curves.thresholds["F.4 × R-7"]
    chosen = replace(before, settings=replace(before.settings, threshold="auto"))
    after, notes = _again(chosen, fixed)
    assert after.curves.thresholds["RNase P"].source == "automatic"
    assert notes == ()
    one_only = replace(before, settings=replace(before.settings, threshold={"F.4 × R-7": 0.4}))
    after, notes = _again(one_only, fixed)
    assert after.curves.thresholds["RNase P"].source == "panel"
    assert after.curves.thresholds["F.4 × R-7"].source == "manual"
    assert notes


def test_an_interrupted_reanalysis_continues_where_it_stopped(store):
    chosen = {"apply": True, "reason": "new version"}
    working = reanalyze(jobs_of(store, **chosen))
    first = next(working)
    working.close()
    assert first.revision is not None
    assert len(store.runs()) == 3
    answers = list(reanalyze(jobs_of(store, **chosen)))
    assert sorted(answer.current for answer in answers) == [False, True]
    assert next(a for a in answers if a.current).run == first.revision
    assert len(store.runs(RunQuery(latest=True))) == 2
    assert len(store.runs()) == 4


def test_only_chosen_runs_and_a_replaced_one_stands_for_its_revision(store):
    wanted = store.runs()[0].run_id
    list(reanalyze(jobs_of(store, [wanted], apply=True, reason="r")))
    assert len(store.runs()) == 3
    jobs = jobs_of(store, [wanted])
    assert len(jobs) == 1
    assert jobs[0].run != wanted
    assert redo(jobs[0]).current
    assert not redo(jobs_of(store, [wanted], again=True)[0]).current
    with pytest.raises(InputError, match="no such run"):
        jobs_of(store, ["r0"])
    with pytest.raises(InputError, match="reason"):
        jobs_of(store, apply=True, reason="  ")


def test_one_run_that_fails_does_not_stop_the_others(store):
    jobs = jobs_of(store)
    jobs[0] = replace(jobs[0], run="r0")
    answers = list(reanalyze(jobs))
    assert answers[0].error
    assert answers[1].error is None


def test_another_executor_takes_the_same_jobs(store):
    seen = []

    def backwards(work, jobs):
        seen.extend(jobs)
        return (work(job) for job in reversed(jobs))

    jobs = jobs_of(store)
    assert [a.run for a in reanalyze(jobs, backwards)] == [j.run for j in reversed(jobs)]
    assert seen == jobs


def test_processes_say_the_same_as_one(store, strict):
    jobs = jobs_of(store, panel=strict)
    alone = {answer.run: answer for answer in reanalyze(jobs, in_turn)}
    before = dict(os.environ)
    together = {answer.run: answer for answer in reanalyze(jobs, in_processes(1))}
    assert alone == together
    assert dict(os.environ) == before


def test_a_release_holds_only_for_the_faults_it_was_given_for(store, tmp_path):
    record = store.record(store.runs()[0].run_id)
    who = tuple(record.identities.values())
    released = analyze(
        record.run, panel=record.panel, identities=who, release=Release("boss", "looked at it")
    )
    assert not released.invalid  # its controls are good: the release is about nothing
    held = replace(
        released,
        versions=record.versions,
        calls=tuple(replace(c, released=Release("boss", "looked at it")) for c in released.calls),
    )
    run_id = store.commit(held, user="u").run_id
    early = changed(tmp_path, "latest_cq = 35.0", "latest_cq = 16.0")  # of positive controls
    answer = redo(jobs_of(store, [run_id], early)[0])
    assert any("release" in note for note in answer.notes)
    assert {one.after for one in answer.calls} == {"invalid"}


def test_the_command_says_call_by_call_what_changes(store, strict):
    done = run("reanalyze", "--store", store.folder, "--panel", strict.file)
    assert done.exit_code == 0, done.output
    assert "nothing was written" in done.output
    assert "detected: Δ" in done.output
    refused = run("reanalyze", "--store", store.folder, "--apply")
    assert refused.exit_code == 3
    assert "--reason" in refused.output
    done = run("reanalyze", "--store", store.folder, "--apply", "--reason", "r")
    assert "2 new revisions were written" in done.output
    done = run("reanalyze", "--store", store.folder, "--apply", "--reason", "r")
    assert "2 up to date" in done.output
    assert "0 new revisions" in done.output


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_ctrl_c_leaves_a_whole_store_that_continues(store):
    command = ["reanalyze", "--store", str(store.folder), "--jobs", "2", "--apply", "--reason", "r"]
    code = f"import sys; sys.path[:] = {sys.path!r}; from cli import main; main({command!r})"
    program = store.folder.parent / "program.py"
    program.write_text(f"if __name__ == '__main__':\n    {code}\n", encoding="utf-8")
    working = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, text=True,
    )  # fmt: skip
    commits = store.folder / "commits"
    before = sum(1 for _ in commits.rglob("*.h5"))
    end = time.monotonic() + 60
    while sum(1 for _ in commits.rglob("*.h5")) == before and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(working.pid, signal.SIGINT)
    out, err = working.communicate(timeout=60)
    assert working.returncode in (0, 1), err  # 0: it was done already
    assert "Traceback" not in err
    fresh = Store.open(store.folder)
    assert not fresh.verify().problems
    assert len(fresh.runs()) >= 3
    list(reanalyze(jobs_of(fresh, apply=True, reason="r")))
    assert len(fresh.runs()) == 4
    assert json.dumps(out)
