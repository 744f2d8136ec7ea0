"""What the tests of the store share: synthetic records, and a way to kill a writer anywhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from cli import main
from qpcr.calls import Answer, Call, Evidence, Outcome, Release
from qpcr.findings import Finding, Severity
from qpcr.record import Record
from qpcr.said import say
from qpcr.samples import Identity
from tests.report_records import synthetic_record, synthetic_run

ROOT = Path(__file__).parents[1]
CALLS = ("write", "fsync", "replace", "mkdir", "unlink", "ftruncate")
"""Everything by which the store changes a disk."""


@cache
def base() -> Record:
    run = synthetic_run(2, 3, samples=("s1", "s2"), targets=("ALB",), cycles=25)
    return replace(synthetic_record(run), created=datetime(2024, 1, 1, tzinfo=UTC))


def record(number: int = 0, patient: str | None = None, outcome: str = "detected") -> Record:
    """A small synthetic record of a file of its own, with calls."""
    one = base()
    source = replace(one.run.provenance, sha256=f"{number:064x}", file=f"simulated-{number}.eds")
    evidence = Evidence(0, "A1", "ALB", "ALB", 27.25, None, 27.3, 36.0, Answer.POSITIVE, "it is")
    why = say("Positive: {names}.", names=say("target {name}", name="ALB"))
    call = Call(
        "s1", Outcome(outcome), ("Δ4-7",) if outcome == "detected" else (), ("haploinsufficient",),
        (evidence,), (why,), (), ("one",), Release("anna", "because"),
    )  # fmt: skip
    seen = Finding("late_cq", Severity.WARNING, (0,), say("{w} is late", w="A1"), "", 36.1, 36.0)
    who = {} if patient is None else {"s1": Identity("s1", patient, "bone marrow", "day 14")}
    return replace(
        one, run=replace(one.run, provenance=source), calls=(call,), findings=(seen,),
        identities=who,
    )  # fmt: skip


def python(code: str, *arguments: object, timeout: float = 60.0) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=timeout, env=env, check=False
    )


def arm(point: int, when: str) -> list[int]:
    """Kill this process before, or half through, its `point`-th call that changes the disk."""
    count = [0]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def wrap(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments, **named):
            count[0] += 1
            now = count[0] == point
            if now and when == "before":
                die()
            if now and when == "half" and name == "write":
                real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                die()
            try:
                return real(*arguments, **named)
            finally:
                if now:
                    die()

        setattr(os, name, call)

    for name in CALLS:
        wrap(name)
    return count


def killed(original: Path, target: Path, when: str, act: Callable[[Path], str]) -> int:
    """For each call that `act` makes: a copy of a store, and an `act` on it killed there.

    What `act` acknowledged stands in ``<point>.said`` beside the copy. Forks: for single-threaded
    processes. Returns how many copies there are; in the last nothing was killed.
    """
    for point in range(1, 1000):
        folder = Path(shutil.copytree(original, target / str(point)))
        child = os.fork()
        if child == 0:
            count = arm(point, when)
            said = act(folder)
            (target / f"{point}.said").write_text(said)
            os._exit(0 if count[0] < point else 1)
        if os.waitpid(child, 0)[1] == 0:
            return point
    raise AssertionError("it never ends")


def unchecked(monkeypatch) -> None:
    """Let a store take clinical values of any kind, as earlier versions did."""
    for name in ("check_field", "check_specimen", "check_together"):
        monkeypatch.setattr(f"qpcr.records._complete.{name}", lambda *_: None)


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(data)


def run(code, *arguments):
    """Run a command that must end with an exit code; what it said."""
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output
