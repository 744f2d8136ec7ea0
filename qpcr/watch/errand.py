"""The work on one file: analyze, file in the store, write the report; in a process of its own.

A file that makes a library crash, hang or eat the memory then costs its own analysis and no more.
Filing comes before the report, so that whatever is reported is on record; both may be done twice
without harm.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from qpcr.batch.order import Order
from qpcr.calls import Outcome as Called
from qpcr.reagents import ReagentLots, read_log
from qpcr.said import Said, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpcr.batch.folders import Placed
    from qpcr.record import Record

GRACE_SECONDS = 20.0
"""How long a process that was told to end may take."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every file of a drop folder.

    Attributes
    ----------
    folder, out
        Where files arrive, and where results go (a folder a file).
    order
        What is done with every run, and where it is filed; its own `out` does not count.
    sheet, lot_log
        Sample sheet and log of lots that are read anew for every file, instead of the order's.
    patterns
        Names of files that are looked at.
    settle_seconds
        How long a file must stay the same to count as complete.
    every_seconds
        How often the folder is looked at.
    most_seconds
        How long the work on one file may take.
    """

    folder: Path
    out: Path
    order: Order = field(default_factory=Order)
    sheet: Path | None = None
    lot_log: Path | None = None
    patterns: tuple[str, ...] = ("*.eds",)
    settle_seconds: float = 10.0
    every_seconds: float = 5.0
    most_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Errand:
    """One file, the name of its results' folder, and its SHA-256 when it was found complete."""

    path: Path
    folder: str
    sha256: str
    plan: Plan


class Outcome(StrEnum):
    """How the work on a file ended."""

    DONE = "done"
    FAILED = "failed"
    """The file cannot be analyzed as it is."""
    LATER = "later"
    """The file is not to blame: full disk, busy store, or it changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it, in words; `invalid` where the run must not be used."""

    outcome: Outcome
    text: str
    invalid: bool = False


def run_apart(errand: Errand) -> Result:
    """Do an errand in a new process, and wait for it, however that process may end.

    A request to stop does not cut it short: it ends by itself, or at its time limit.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(errand, sender), daemon=True)
    worker.start()
    sender.close()
    end = time.monotonic() + errand.plan.most_seconds
    try:
        while time.monotonic() < end:
            if receiver.poll(0.2):
                result: Result = receiver.recv()
                worker.join(GRACE_SECONDS)
                return result
            if not worker.is_alive() and not receiver.poll(0):
                break
        else:
            return Result(
                Outcome.FAILED,
                say(
                    "it took longer than {seconds:g} seconds and was given up",
                    seconds=errand.plan.most_seconds,
                ),
            )
    except EOFError:
        worker.join(GRACE_SECONDS)
    finally:
        if worker.is_alive():
            worker.terminate()
            worker.join(GRACE_SECONDS)
            if worker.is_alive():
                worker.kill()
        receiver.close()
    return Result(
        Outcome.FAILED,
        say(
            "the analysis ended unexpectedly (code {code}): a fault of this software or too little "
            "memory",
            code=str(worker.exitcode),
        ),
    )


def _work(errand: Errand, sender: Connection) -> None:
    """In the new process: work, and send what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    sender.send(carry_out(errand))
    sender.close()


def carry_out(errand: Errand) -> Result:
    """Do an errand in this process."""
    from qpcr.batch.folders import runs_of
    from qpcr.errors import QpcrError
    from qpcr.samples import read_sample_sheet

    plan, order = errand.plan, errand.plan.order
    try:
        if plan.sheet is not None:
            order = replace(order, identities=read_sample_sheet(plan.sheet))
        if plan.lot_log is not None:
            lots = replace(order.lots or ReagentLots(), log=read_log(plan.lot_log))
            order = replace(order, lots=lots)
    except QpcrError as error:
        return Result(Outcome.LATER, _line(error))
    try:
        runs = runs_of(errand.path)
    except QpcrError as error:
        return Result(Outcome.FAILED, _line(error))
    return _together([(one.run.name, _one(one, errand, order)) for one in runs])


def _together(results: Sequence[tuple[str | None, Result]]) -> Result:
    """What came of a file with these runs: the worst of it decides."""
    if len(results) == 1:
        return results[0][1]
    ends = [one.outcome for _, one in results]
    worst = next(end for end in (Outcome.LATER, Outcome.FAILED, Outcome.DONE) if end in ends)
    text = ""
    for name, one in results:
        told = say("run {run}: {what}", run=name or "", what=one.text)
        text = say("{before}; {next}", before=text, next=told) if text else told
    return Result(worst, text, any(one.invalid for _, one in results))


def _one(placed: Placed, errand: Errand, order: Order) -> Result:
    """Do one run of the file."""
    from qpcr.errors import QpcrError
    from qpcr.outputs import write_outputs

    folder = errand.plan.out / errand.folder / placed.folder
    try:
        record = order.record_of(placed.run.read())
    except QpcrError as error:
        return Result(Outcome.FAILED, _line(error))
    if record.run.provenance.sha256 != errand.sha256:
        return Result(Outcome.LATER, say("it changed while it was read"))
    try:
        filed = _file(record, order)
        written = write_outputs(record, folder, order.lang)
    except QpcrError as error:
        return Result(Outcome.LATER, _line(error))
    text = say(
        "{reactions} reactions, {findings} findings, {verdict}; {filed}; report: {report}",
        reactions=len(record.run.reactions),
        findings=len(record.findings),
        verdict=_verdict(record),
        filed=filed,
        report=str(written[-1]),
    )
    return Result(Outcome.DONE, text, record.invalid)


def _verdict(record: Record) -> Said:
    """Whether the run may be used, and how many samples have no result all the same."""
    if record.invalid:
        return say("THE RUN IS INVALID")
    verdict = say("no control failed")
    outcomes = [call.outcome for call in record.calls]
    for outcome in (Called.INVALID, Called.INCONCLUSIVE):
        if outcome in outcomes:
            verdict = say(
                "{verdict}, {count} of {of} samples {outcome}",
                verdict=verdict, count=outcomes.count(outcome), of=len(outcomes), outcome=outcome,
            )  # fmt: skip
    return verdict


def _line(error: Exception) -> str:
    return "; ".join(line.strip() for line in str(error).splitlines())


def _file(record: Record, order: Order) -> Said:
    """File a run in the store; what to say of it."""
    if order.store is None:
        return say("not filed")
    from qpcr.records import Store
    from qpcr.unmatched import matched

    receipt = Store.open(order.store).commit(record, user=order.user)
    strangers = matched(record).strangers
    if strangers and not receipt.already_there:
        names = ", ".join(strangers)
        return say(
            "on record as {run}, but NOT for a patient: {names}", run=receipt.run_id, names=names
        )
    if receipt.already_there:
        return say("on record already as {run}", run=receipt.run_id)
    return say("on record as {run}", run=receipt.run_id)
