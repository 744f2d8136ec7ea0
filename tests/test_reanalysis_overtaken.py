"""A reanalysis among people at work: it undoes nothing that somebody has said since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qpcr import reanalysis
from qpcr.lots import Lot
from qpcr.pipeline import analyze
from qpcr.reanalysis import jobs_of, reanalyze, redo
from qpcr.records import Change, Kind, State, Store
from qpcr.records.seen import OvertakenError, Seen
from qpcr.samples import Identity
from tests.report_records import synthetic_run

RUN = synthetic_run(2, 3, samples=("s1", "s2"), targets=("ALB",), cycles=25)
CHOSEN = {"apply": True, "reason": "new version of the software", "user": "robot"}


def made(*patients, software="0.0.1", timepoint="day 14"):
    """A synthetic run, analyzed by an earlier version of the software."""
    who = [
        Identity(sample, patient, "blood", timepoint)
        for sample, patient in zip(("s1", "s2"), patients, strict=False)
    ]
    record = analyze(RUN, identities=who)
    return replace(record, versions={**record.versions, "ikaros-qpcr": software})


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def whose(store):
    """Samples that count, by patient."""
    return {
        one.patient: [
            (result.sample, result.timepoint)
            for result in store.patient(one.patient).standing_results
            if result.superseded_by is None
        ]
        for one in store.patients()
    }


def corrected(store):
    """The sheet is corrected: the two samples are each other's; reviewed and signed."""
    run = store.commit(made("B", "A"), user="anna", reason="tubes swapped on the sheet").run_id
    for patient, sample in (("B", "s1"), ("A", "s2")):
        store.review(patient, f"{run}/{sample}", user="anna")
        store.sign(patient, f"{run}/{sample}", user="ben")
    return run


RIGHT = {"A": [("s2", "day 14")], "B": [("s1", "day 14")]}


def check_corrected(store, second):
    assert whose(store) == RIGHT
    for patient, path in (("A", f"{second}/s2"), ("B", f"{second}/s1")):
        assert store.patient(patient).results[path].state is State.SIGNED
    assert not store.verify().problems


def test_a_sheet_corrected_after_the_runs_were_listed_stays_corrected(store):
    store.commit(made("A", "B"), user="anna")
    (job,) = jobs_of(store, **CHOSEN)
    second = corrected(store)
    done = redo(job)
    assert (done.error, done.calls) == (None, ())
    assert store.summary(done.revision).revision_of == second
    check_corrected(store, second)


def test_a_sheet_corrected_while_the_run_is_analyzed_stays_corrected(store, monkeypatch):
    store.commit(made("A", "B"), user="anna")
    jobs = jobs_of(store, **CHOSEN)
    real, seen = reanalysis._again, []

    def late(*given):
        after = real(*given)
        if not seen:
            seen.append(corrected(Store.open(store.folder)))
        return after

    monkeypatch.setattr(reanalysis, "_again", late)
    (done,) = reanalyze(jobs)
    assert (done.error, done.calls) == (None, ())
    assert store.summary(done.revision).revision_of == seen[0]
    check_corrected(store, seen[0])


def test_what_never_comes_to_rest_is_an_error_and_nothing_is_written(store, monkeypatch):
    store.commit(made("A", "B"), user="anna")
    jobs = jobs_of(store, **CHOSEN)
    asked = []

    def never(self, *_):
        asked.append(self)
        raise OvertakenError("somebody was quicker")

    analyzed, real = [], reanalysis._again
    monkeypatch.setattr(reanalysis, "_again", lambda *given: analyzed.append(1) or real(*given))
    monkeypatch.setattr(Seen, "check", never)
    (done,) = reanalyze(jobs)
    assert "somebody was quicker" in done.error
    assert len(asked) == reanalysis.ATTEMPTS
    assert len(analyzed) == 1, "only what it rests on makes another analysis"
    assert len(store.runs()) == 1


def test_two_who_do_the_same_job_make_one_revision(store, monkeypatch):
    store.commit(made("A", "B"), user="anna")
    (job,) = jobs_of(store, **CHOSEN)
    real, others = reanalysis._again, []

    def late(*given):
        after = real(*given)
        if not others:
            others.append(None)
            others.append(redo(job))
        return after

    monkeypatch.setattr(reanalysis, "_again", late)
    done = redo(job)
    assert others[1].revision is not None
    assert done.current
    assert len(store.runs()) == 2


def test_what_was_taken_back_stays_so_and_that_is_said(store):
    run = store.commit(made("A", "B"), user="anna").run_id
    store.review("A", f"{run}/s1", user="anna")
    store.sign("A", f"{run}/s1", user="ben")
    store.amend(Change("A", Kind.RESULT, f"{run}/s1", None, "tubes swapped"), user="ben")
    store.amend(Change("A", Kind.SPECIMEN, "day 14 / blood", None, "never taken"), user="ben")
    (told,) = reanalyze(jobs_of(store))
    assert any("s1" in note and "aken back" in note for note in told.notes)
    assert told.calls == ()
    (done,) = reanalyze(jobs_of(store, **CHOSEN))
    assert (done.error, done.notes) == (None, told.notes)
    assert whose(store) == {"A": [], "B": [("s2", "day 14")]}
    assert not store.patient("A").specimens
    (again,) = reanalyze(jobs_of(store, again=True, **CHOSEN))
    assert again.error is None
    assert whose(store) == {"A": [], "B": [("s2", "day 14")]}


def test_taken_back_while_the_run_is_analyzed_counts(store, monkeypatch):
    run = store.commit(made("A", "B"), user="anna").run_id
    real, once = reanalysis._again, []

    def late(*given):
        after = real(*given)
        if not once:
            once.append(run)
            change = Change("A", Kind.RESULT, f"{run}/s1", None, "tubes swapped")
            Store.open(store.folder).amend(change, user="ben")
        return after

    monkeypatch.setattr(reanalysis, "_again", late)
    (done,) = reanalyze(jobs_of(store, **CHOSEN))
    assert done.revision is not None
    assert whose(store)["A"] == []


def test_amended_time_points_survive(store):
    run = store.commit(made("A", "B"), user="anna").run_id
    change = Change("B", Kind.RESULT, f"{run}/s2", {"timepoint": "day 24"}, "wrong on the sheet")
    store.amend(change, user="ben")
    (told,) = reanalyze(jobs_of(store))
    assert told.calls == ()
    assert any("s2" in note and "amended" in note for note in told.notes)
    for more in ({}, {"again": True}):
        (done,) = reanalyze(jobs_of(store, **CHOSEN, **more))
        assert (done.error, done.calls) == (None, ())
        assert whose(store) == {"A": [("s1", "day 14")], "B": [("s2", "day 24")]}


def test_lots_corrected_while_the_run_is_analyzed_stay_corrected(store, monkeypatch):
    run = store.commit(replace(made("A", "B"), lots=(Lot("mix", "OLD"),)), user="anna").run_id
    real, once = reanalysis._again, []

    def late(*given):
        after = real(*given)
        if not once:
            once.append(run)
            right = [Lot("mix", "RIGHT")]
            Store.open(store.folder).set_lots(run, right, user="ben", reason="misread")
        return after

    monkeypatch.setattr(reanalysis, "_again", late)
    (done,) = reanalyze(jobs_of(store, **CHOSEN))
    assert done.revision is not None
    assert store.lots(run) == (Lot("mix", "RIGHT"),)
    assert store.record(done.revision).lots == (Lot("mix", "RIGHT"),)
