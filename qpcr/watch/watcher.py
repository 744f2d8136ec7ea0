"""The loop: look, wait until a file is complete, let it be worked on, remember, say so."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from qpcr.errors import InputError
from qpcr.report.language import language
from qpcr.said import say
from qpcr.watch.arrival import Arrival, Patience, can_be_opened, listing
from qpcr.watch.errand import Errand, Outcome, Plan, Result, run_apart
from qpcr.watch.journal import DONE, FAILED, Entry, Journal

JOURNAL = "watch-journal.jsonl"
RETRY_SECONDS = 60.0
"""After which a file is tried again that could be read, but not filed or reported."""


def watch(plan: Plan, stop: threading.Event, log: logging.Logger, once: bool = False) -> int:
    """Watch a folder until told to stop.

    Parameters
    ----------
    plan
        Which folder, and what to do with its files.
    stop
        When set, the file at hand is finished and the loop ends.
    log
        Where it says what it does, a line a file.
    once
        Deal with what is there now, waiting until it is complete, and end.

    Returns
    -------
    int
        How many files could not be read or filed.

    Raises
    ------
    InputError
        The folder is not there, another process watches it, or the journal cannot be written.
    """
    if not plan.folder.is_dir():
        raise InputError(
            "the folder to watch is not there",
            file=plan.folder,
            expected="a folder",
            remedy="make it, or correct its name",
        )
    if plan.order.store is not None:
        from qpcr.records import Store

        Store.open(plan.order.store)  # a wrong name is said now, not after the first analysis
    try:
        plan.out.mkdir(parents=True, exist_ok=True)
        with FileLock(plan.out / ".watch.lock", timeout=0):
            return _Watcher(plan, stop, log).run(once)
    except Timeout as error:
        raise InputError(
            "another process watches into this folder",
            file=plan.out,
            remedy="let that one do it, or choose another folder with --out",
        ) from error
    except OSError as error:
        raise InputError(
            "the results folder cannot be used",
            file=plan.out,
            found=error.strerror or str(error),
            remedy="choose another folder with --out",
        ) from error


class _Watcher:
    """One watched folder."""

    def __init__(self, plan: Plan, stop: threading.Event, log: logging.Logger) -> None:
        self._plan, self._stop, self._log = plan, stop, log
        self._in_words = language(plan.order.lang).say
        self._journal = Journal(plan.out / JOURNAL)
        self._patience = Patience(plan.settle_seconds)
        self._later: dict[str, float] = {}
        self._failed: set[str] = set()

    def run(self, once: bool) -> int:
        self._tell(logging.INFO, say("watching {folder}", folder=str(self._plan.folder)))
        while not self._stop.is_set():
            waiting = self._round(once)
            if once and not waiting:
                break
            self._stop.wait(self._plan.every_seconds)
        self._tell(logging.INFO, say("stopped watching {folder}", folder=str(self._plan.folder)))
        return len(self._failed)

    def _round(self, once: bool) -> bool:
        """Look once; whether files are still being waited for."""
        waiting = False
        if not self._plan.folder.is_dir():
            text = say("{folder} is not there; waiting for it", folder=str(self._plan.folder))
            self._tell(logging.WARNING, text)
            return False
        for arrival in listing(self._plan.folder, self._plan.patterns, self._plan.out):
            if self._stop.is_set():
                break
            if self._journal.knows(arrival):
                if once and self._journal.failed(arrival) and arrival.name not in self._failed:
                    self._failed.add(arrival.name)
                    text = say("{file} could not be analyzed before", file=_shown(arrival.name))
                    self._tell(logging.ERROR, text)
                continue
            now = time.monotonic()
            if self._later.get(arrival.name, now) > now:
                continue
            path = self._plan.folder / arrival.name
            if self._patience.settled(arrival, now) and can_be_opened(path):
                self._deal_with(arrival, path)
            else:
                waiting = True
        return waiting

    def _deal_with(self, arrival: Arrival, path: Path) -> None:
        name = _shown(arrival.name)
        try:
            sha256 = _digest(path)
        except OSError as error:
            if arrival.name not in self._failed:  # said once, tried every round
                text = say("{file} cannot be read: {why}", file=name, why=error.strerror or "")
                self._tell(logging.WARNING, text)
            self._failed.add(arrival.name)
            return
        same = self._journal.done(sha256)
        if same is not None:
            text = say(
                "{file} holds what {other} held; nothing to do", file=name, other=_shown(same.file)
            )
            self._tell(logging.INFO, text)
            self._note(arrival, DONE, sha256, same.folder)
            return
        folder = path.stem.strip(". ") or "results"
        if self._journal.taken(folder, sha256):
            folder = f"{folder}-{sha256[:8]}"
        result = run_apart(Errand(path, folder, sha256, self._plan))
        self._take(arrival, sha256, folder, result)

    def _take(self, arrival: Arrival, sha256: str, folder: str, result: Result) -> None:
        """Remember and say what came of one file."""
        name, what = _shown(arrival.name), result.text
        if result.outcome is Outcome.DONE:
            self._failed.discard(arrival.name)
            level = logging.WARNING if result.invalid else logging.INFO
            self._tell(level, say("{file}: {what}", file=name, what=what))
            self._note(arrival, DONE, sha256, folder)
            return
        self._failed.add(arrival.name)
        if result.outcome is Outcome.LATER:
            self._later[arrival.name] = time.monotonic() + RETRY_SECONDS
            text = say(
                "{file} could not be filed; it will be tried again: {why}", file=name, why=what
            )
        else:
            text = say(
                "{file} could not be analyzed; it will be looked at again when it changes: {why}",
                file=name,
                why=what,
            )
            self._note(arrival, FAILED, sha256, None)
        self._tell(logging.ERROR, text)

    def _tell(self, level: int, text: str) -> None:
        self._log.log(level, "%s", self._in_words(text))

    def _note(self, arrival: Arrival, state: str, sha256: str, folder: str | None) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        stamp = arrival.stamp
        self._journal.add(
            Entry(arrival.name, stamp.size, stamp.modified_ns, state, sha256, folder, at)
        )


def _shown(name: str) -> str:
    """A file's name on one line of the log, whatever it is made of."""
    return name if name.isprintable() else ascii(name)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
