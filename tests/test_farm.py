"""Jobs in turn, in processes and on Dask: the same answers, and errors that say what to do."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from functools import partial

import pytest
import stores
from click.testing import CliRunner

from cli import main
from qpcr.errors import InputError
from qpcr.farm import (
    _compare,
    in_dask,
    in_order,
    in_processes,
    in_turn,
    mapper_for,
    processes_for,
)
from qpcr.reanalysis import jobs_of, reanalyze
from qpcr.record import versions


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_dask_reanalyzes_as_one_by_one(tmp_path_factory, tmp_path, cluster):
    store = stores.filled(tmp_path / "s", stores.records(tmp_path_factory))
    jobs = jobs_of(store, again=True)
    alone = {one.run: one for one in reanalyze(jobs, in_turn)}
    assert alone == {one.run: one for one in reanalyze(jobs, in_dask(cluster))}
    assert alone == {one.run: one for one in reanalyze(jobs, in_processes(2))}
    assert not any(one.error for one in alone.values())
    told = ("reanalyze", "--store", store.folder, "--apply", "--reason", "r", "--user", "boss")
    done = run(*told, "--scheduler", cluster)
    assert "2 new revisions were written" in done.output
    assert {event.user for event in store.history() if event.reason == "r"} == {"boss"}
    assert not store.verify().problems
    assert "2 up to date" in run(*told, "--scheduler", cluster).output


def test_a_scheduler_that_is_none(tmp_path_factory, tmp_path):
    pytest.importorskip("distributed", reason="Dask (extra dask) is not installed")
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        start = time.monotonic()
        for wrong in (address, "nonsense://x", "tcp://127.0.0.1", "x"):
            with pytest.raises(InputError, match="no Dask scheduler answers"):
                list(in_dask(wrong, 0.5)(str, [1]))
        taken.listen()  # somebody listens who says nothing
        with pytest.raises(InputError, match="no Dask scheduler answers"):
            list(in_dask(address, 0.5)(str, [1]))
        assert time.monotonic() - start < 20
    store = stores.filled(tmp_path / "s", stores.records(tmp_path_factory))
    done = run("reanalyze", "--store", store.folder, "--scheduler", "tcp://127.0.0.1")
    assert done.exit_code == 3
    assert "Traceback" not in done.output


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=re.escape("ikaros-qpcr[dask]")):
        mapper_for(1, "tcp://127.0.0.1:8786")


def test_a_worker_of_another_version_is_refused():
    other = {**versions(), "numpy": "1.0"}
    with pytest.raises(InputError, match=r"numpy 1\.0"):
        _compare(other, versions(), "tcp://there")
    _compare(versions(), versions(), "tcp://there")


def test_more_jobs_than_processes_are_all_done():
    assert sorted(in_processes(1)(abs, range(-7, 0))) == [1, 2, 3, 4, 5, 6, 7]
    assert processes_for(1) == processes_for(7) == 1


def test_a_process_that_is_ended_from_outside():
    with pytest.raises(InputError, match="ended from outside"):
        list(in_processes(1)(partial(os._exit), [1]))


def press_ctrl_c(job):
    """Interrupt the process that hands jobs in, and go on for longer than it takes to notice."""
    if job == 0:
        os.kill(os.getppid(), signal.SIGINT)
    time.sleep(0.6)
    return job


def until_interrupted(answers):
    """Answers that come before the interruption, which has to come."""
    given = []
    while True:
        try:
            given.append(next(answers))
        except KeyboardInterrupt:
            return given


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_an_interruption_loses_no_answer_of_a_job_that_was_done():
    said = []
    mapper = in_processes(2, lambda: said.append("stopping"))
    answers = until_interrupted(in_order(mapper, press_ctrl_c, [5, 0, *range(6, 20)]))
    assert 2 <= len(answers) <= 8  # those at work and handed over; a busy machine notices late
    assert {0, 5} <= set(answers)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert said == ["stopping"]


def test_answers_behind_a_gap_are_given_when_it_is_interrupted():
    def broken_off(work, jobs):
        yield work(jobs[0])
        yield work(jobs[3])
        yield work(jobs[2])
        raise KeyboardInterrupt

    assert until_interrupted(in_order(broken_off, abs, [0, -1, -2, -3])) == [0, 2, 3]


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_an_interruption_after_the_last_job_was_begun_is_none():
    assert list(in_order(in_processes(2), press_ctrl_c, [1, 0])) == [1, 0]
