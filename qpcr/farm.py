"""Where work over many runs is done: in this process, in several, or on the workers of Dask.

All three are a :class:`Mapper`; whoever has jobs does not know which. A job and its answer can be
pickled, and a job must be safe to do twice: a lost worker's job is given to another one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from qpcr.errors import InputError
from qpcr.record import versions

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from types import FrameType

    from distributed import Client

J = TypeVar("J")
A = TypeVar("A")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TIMEOUT = 10.0
"""Seconds a scheduler has to answer."""
LOOK = 0.2
"""Seconds until an interruption is noticed."""
WORTH = 4
"""Jobs from which on a process of its own, which takes seconds to load libraries, saves time."""
_ONE_AT_A_TIME = threading.Lock()


class Mapper(Protocol):
    """Does jobs, in any order, anywhere, and yields each answer when it is there."""

    def __call__(self, work: Callable[[J], A], jobs: Sequence[J], /) -> Iterable[A]:
        """Do `work` with each of `jobs`."""


def mapper_for(
    jobs: int, scheduler: str | None = None, stopping: Callable[[], None] | None = None
) -> Mapper:
    """The mapper a person asked for: a scheduler's address, or a number of processes.

    `stopping` is as :func:`in_processes` takes it.
    """
    if scheduler is not None:
        return in_dask(scheduler)
    return in_turn if jobs == 1 else in_processes(jobs, stopping)


def processes_for(jobs: int) -> int:
    """Processes that are worth starting: one a core, but for :data:`WORTH` jobs each."""
    return max(1, min(os.cpu_count() or 1, jobs // WORTH))


def in_turn(work: Callable[[J], A], jobs: Sequence[J]) -> Iterator[A]:
    """Do jobs one after the other, in this process."""
    yield from map(work, jobs)


def in_processes(count: int, stopping: Callable[[], None] | None = None) -> Mapper:
    """A mapper that does jobs in `count` processes of their own, each with one thread.

    Interrupted (Ctrl-C), it starts no other job, lets those at work finish, yields their answers,
    and raises ``KeyboardInterrupt`` then: no answer of a job that was done is lost. A second
    interruption comes through at once, after the jobs at work. So does an abandoned iteration.

    Parameters
    ----------
    count
        How many processes.
    stopping
        Called once an interruption was noticed, before the jobs at work are waited for.

    Raises
    ------
    InputError
        A process was ended from outside, mostly for want of memory.
    """

    def mapper(work: Callable[[J], A], jobs: Sequence[J]) -> Iterator[A]:
        from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
        from concurrent.futures.process import BrokenProcessPool
        from multiprocessing import get_context

        pool = ProcessPoolExecutor(
            min(count, len(jobs)) or 1, mp_context=get_context("spawn"), initializer=_uninterrupted
        )
        rest = list(reversed(jobs))  # a job is handed in when a process is free for it
        told = False
        try:
            with _interruptions() as interrupted:
                waiting = _hand_in(pool, work, rest, count)
                while waiting:
                    done, waiting = wait(waiting, LOOK, return_when=FIRST_COMPLETED)
                    if not interrupted.is_set():
                        waiting |= _hand_in(pool, work, rest, len(done))
                    elif not told and stopping is not None:
                        stopping()
                        told = True
                    for one in done:
                        yield one.result()
                if rest:
                    raise KeyboardInterrupt
        except BrokenProcessPool as error:
            raise InputError(
                "a process was ended from outside, perhaps for want of memory",
                remedy="try again with fewer --jobs; what is finished stays",
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    return mapper


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, instead of raising ``KeyboardInterrupt``.

    Only where Python's own handler would have raised it; a caller with another one keeps that.
    """
    interrupted = threading.Event()
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return

    def note(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            signal.default_int_handler(number, frame)
        interrupted.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _hand_in(
    pool: ProcessPoolExecutor, work: Callable[[J], A], rest: list[J], most: int
) -> set[Future[A]]:
    """Take jobs from the end of `rest` and hand them in, which may start processes."""
    with _quiet_start():
        return {pool.submit(work, rest.pop()) for _ in range(min(most, len(rest)))}


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Processes started meanwhile compute in one thread each, and are not interrupted.

    The libraries read these variables when they are loaded, before a worker could set them itself;
    nor could it ignore a Ctrl-C that comes while it loads. Signals that are held back here come
    through to this process afterwards.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    held: set[int] | None = None
    if sys.platform != "win32":
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # its own start would let signals through again
        held = set(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}))
    try:
        yield
    finally:
        if sys.platform != "win32" and held is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _uninterrupted() -> None:
    """A terminal interrupts all its processes; the first one decides for the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def in_dask(address: str, timeout: float = TIMEOUT) -> Mapper:
    """A mapper that does jobs on the workers of a Dask scheduler.

    Workers must see the same folders under the same absolute paths, and have the same versions of
    this software and of what it computes with: another version may give other numbers. An
    interruption takes back what was not begun; jobs at work finish where they are.

    Parameters
    ----------
    address
        Of the scheduler, ``tcp://host:port``.
    timeout
        Seconds it has to answer.

    Raises
    ------
    InputError
        Dask is not installed, no scheduler answers, it has no workers, a worker has other versions,
        or the scheduler or its workers were lost on the way. All but the first are raised by the
        mapper.
    """
    try:
        import distributed  # noqa: F401 - an optional extra
    except ImportError as error:
        raise InputError(
            "Dask is not installed, and --scheduler needs it",
            remedy="pip install 'ikaros-qpcr[dask]', or leave --scheduler out",
        ) from error

    def mapper(work: Callable[[J], A], jobs: Sequence[J]) -> Iterator[A]:
        from distributed import Client, as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        _find_scheduler(address, timeout)
        there = partial(_there, work, versions())
        with Client(address, timeout=timeout, set_as_default=False) as client:
            _check_workers(client, address)
            waiting = [client.submit(there, job, pure=False) for job in jobs]
            answers = as_completed(waiting, loop=client.loop)
            del waiting  # so that answers that were taken are forgotten, here and there
            try:
                for one in answers:
                    yield one.result()
            except (KilledWorker, FutureCancelledError, OSError) as error:
                raise InputError(
                    "the scheduler or its workers were lost",
                    found=str(error),
                    place=address,
                    remedy="start them again; what is finished stays",
                ) from error
            finally:
                client.cancel(list(answers.futures))

    return mapper


def _find_scheduler(address: str, timeout: float) -> None:
    """Make sure that a scheduler answers at an address and has workers."""
    import asyncio

    from distributed.core import rpc

    async def ask() -> dict[str, Any]:
        async with rpc(address, timeout=timeout) as peer:
            told: dict[str, Any] = await peer.identity()
            return told

    try:
        told = asyncio.run(asyncio.wait_for(ask(), timeout))
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            "no Dask scheduler answers",
            place=address,
            expected=f"tcp://host:port of a scheduler that answers within {timeout:g} s",
            found=str(error) or "no answer",
            remedy="start one with: dask scheduler; and on every machine: dask worker ADDRESS",
        ) from error
    if told.get("type") != "Scheduler" or not told.get("workers"):
        raise InputError(
            "there is no Dask scheduler with workers",
            place=address,
            found=f"{told.get('type')} with {len(told.get('workers') or ())} workers",
            remedy="start a worker on every machine: dask worker ADDRESS",
        )


def _check_workers(client: Client, address: str) -> None:
    """Make sure that all workers would compute the same."""
    found = client.run(versions, on_error="return")
    for worker, theirs in found.items():
        if isinstance(theirs, Exception):
            raise InputError(
                "a worker cannot load this software",
                place=f"{worker} of {address}",
                found=str(theirs),
                remedy="install the same version of ikaros-qpcr there",
            )
        _compare(theirs, versions(), str(worker))


def _compare(theirs: Mapping[str, str], ours: Mapping[str, str], place: str) -> None:
    if dict(theirs) != dict(ours):
        other = {name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)}
        raise InputError(
            "a worker has other versions, and might give other numbers",
            place=place,
            expected=", ".join(f"{name} {ours.get(name)}" for name in sorted(other)),
            found=", ".join(f"{name} {theirs.get(name)}" for name in sorted(other)),
            remedy="install the same versions there",
        )


def _there(work: Callable[[J], A], wanted: Mapping[str, str], job: J) -> A:
    """Do a job on a worker, which may have come after the others were looked at.

    One at a time: libraries below are not all made for several threads of one process.
    """
    _compare(versions(), wanted, "a worker that came later")
    with _ONE_AT_A_TIME:
        return work(job)


def in_order(mapper: Mapper, work: Callable[[J], A], jobs: Sequence[J]) -> Generator[A, None, None]:
    """Answers in the order of their jobs, each as soon as all before it are there.

    Interrupted, it yields the others that are there, too, before it says so.
    """
    early: dict[int, A] = {}
    following = 0
    try:
        for number, answer in mapper(partial(_numbered, work), list(enumerate(jobs))):
            early[number] = answer
            while following in early:
                yield early.pop(following)
                following += 1
    except KeyboardInterrupt:
        yield from (early[number] for number in sorted(early))
        raise


def _numbered(work: Callable[[J], A], job: tuple[int, J]) -> tuple[int, A]:
    return job[0], work(job[1])
