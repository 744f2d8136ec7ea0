"""Runs of a store analyzed again from their stored raw data: what would change, and changing it.

Nothing is written unless asked for; then every run is one commit, a revision that names the run it
replaces. A run whose last revision was made by this version of the software with the same panel and
the same method of quantities is left alone: an interrupted reanalysis continues where it stopped.

Where the work is done is a :class:`qpcr.farm.Mapper`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from primers import Panel
from qpcr.errors import InputError, QpcrError
from qpcr.farm import Mapper, in_turn
from qpcr.findings import Severity
from qpcr.quantification import check_method
from qpcr.record import Record, versions
from qpcr.records.named import Named, last_revision, named
from qpcr.records.query import RunQuery
from qpcr.records.seen import OvertakenError
from qpcr.settings import BY_PANEL, Settings

if TYPE_CHECKING:
    from qpcr.calls import Release
    from qpcr.quantification import Quantification
    from qpcr.records.replaced import CallChange
    from qpcr.records.store import Store

SOFTWARE = "ikaros-qpcr"
ATTEMPTS = 100
"""How often a run is done again because others were quicker; analyzed only where that matters."""


@dataclass(frozen=True, eq=False)
class Job:
    """One run to analyze again; everything a worker needs, and can be sent to one.

    Attributes
    ----------
    store
        Folder of the store.
    run
        Id of the run.
    file
        Name of the instrument's file.
    panel
        To call by; ``None``: the panel the run was called by.
    again
        Even if the last revision was made by this version with this panel and method.
    apply
        Write what changes.
    reason, user
        Why, and who.
    method
        Cq method of quantities; ``None``: the one the run has, if any.
    """

    store: Path
    run: str
    file: str
    panel: Panel | None = None
    again: bool = False
    apply: bool = False
    reason: str | None = None
    user: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class QuantityChange:
    """Quantities before and after: by which method, and how far its Cq are apart.

    Attributes
    ----------
    before, after
        Method and its version, or ``None``: no quantities.
    gained, lost
        Reactions that have a Cq by the method now, or none any more.
    largest_cq_difference
        Of those that have one before and after, in cycles.
    """

    before: str | None
    after: str | None
    gained: int
    lost: int
    largest_cq_difference: float


@dataclass(frozen=True, slots=True)
class Redone:
    """What came of one job.

    Attributes
    ----------
    run, file
        Of the job.
    current
        Nothing was done: the last revision is by this version of the software, with this panel and
        method.
    calls
        Calls on record that change, as they stand, amendments included.
    cq_gained, cq_lost
        Reactions that have a Ct now, or none any more.
    largest_cq_difference
        Of those that have one before and after, in cycles.
    notes
        What else a person should know.
    revision
        Id of the new revision, if one was written.
    error
        Why it did not work.
    quantities
        What becomes of the quantities; ``None`` for a run that has none before and after.
    """

    run: str
    file: str
    current: bool = False
    calls: tuple[CallChange, ...] = ()
    cq_gained: int = 0
    cq_lost: int = 0
    largest_cq_difference: float = 0.0
    notes: tuple[str, ...] = ()
    revision: str | None = None
    error: str | None = None
    quantities: QuantityChange | None = None


def jobs_of(
    store: Store,
    runs: Sequence[str] = (),
    panel: Panel | None = None,
    *,
    again: bool = False,
    apply: bool = False,
    reason: str | None = None,
    user: str | None = None,
    method: str | None = None,
) -> list[Job]:
    """Say what there is to do: runs, each by its last revision, the oldest first.

    Parameters
    ----------
    store
        Where they are.
    runs
        Ids; all runs if none is stated. A replaced run stands for its last revision.
    panel
        To call by instead of each run's own.
    again
        Also runs whose last revision was made by this version with this panel and method.
    apply
        Write what comes out as new revisions; by default it is only said.
    reason
        Why; needed with `apply`.
    user
        Who; by default as the store does.
    method
        Cq method of quantities for all runs; by default each keeps its own, and a run without
        stays without.

    Raises
    ------
    InputError
        No such run or method, or `apply` without a reason.
    """
    if method is not None:
        check_method(method)
    if apply and not (reason or "").strip():
        raise InputError(
            "new revisions need a reason", expected="why the runs are analyzed again",
            remedy="state it with --reason",
        )  # fmt: skip
    return [
        Job(store.folder.absolute(), run, file, panel, again, apply, reason, user, method)
        for run, file in _selected(store, runs)
    ]


def _selected(store: Store, wanted: Sequence[str]) -> list[tuple[str, str]]:
    """Last revisions of the wanted runs, the oldest first: id and file."""
    if not wanted:
        latest = store.runs(RunQuery(latest=True))
        return [(one.run_id, one.file) for one in reversed(latest)]
    chosen = (last_revision(store, run) for run in wanted)
    return list({one.run_id: one.file for one in chosen}.items())


def reanalyze(jobs: Sequence[Job], mapper: Mapper | None = None) -> Generator[Redone, None, None]:
    """Analyze runs again, and write what comes out where the jobs say so.

    Parameters
    ----------
    jobs
        Of :func:`jobs_of`.
    mapper
        How they are done; by default one after the other.

    Yields
    ------
    Redone
        As they get done. Whoever closes the generator stops the work; what was written stays.
    """
    yield from (mapper or in_turn)(redo, jobs)


def redo(job: Job) -> Redone:
    """Do one job: read, analyze, compare and, if it says so, write.

    It starts from the last revision there is by then. Where somebody writes of the run or its
    patients in the meantime, it is done again from what they wrote.
    """
    from qpcr.records.store import Store

    try:
        store = Store.open(job.store)
        known: _Known | None = None
        for _ in range(ATTEMPTS):
            known = _known(store, job, known)
            if known.after is None:
                return Redone(job.run, job.file, current=True)
            try:
                return _done(store, job, known, known.after)
            except OvertakenError as error:
                overtaken = str(error)
    except QpcrError as error:
        return Redone(job.run, job.file, error=str(error))
    return Redone(job.run, job.file, error=overtaken)


@dataclass(frozen=True, eq=False, slots=True)
class _Known:
    """A run as it stands, and analyzed again; `after` is ``None`` if that is not needed."""

    before: Record
    named: Named
    after: Record | None
    notes: tuple[str, ...]


def _known(store: Store, job: Job, last: _Known | None) -> _Known:
    """Read a run and analyze it, unless that was done and rested on what still holds."""
    run = last_revision(store, job.run).run_id
    if last is not None and last.named.seen.run != run:
        last = None
    before = store.record(run) if last is None else last.before
    panel = before.panel if job.panel is None else job.panel
    names = named(store, run, before)
    if not job.again and _is_current(before, panel, job.method):
        return _Known(before, names, None, ())
    if last is not None and _rest_on(last.named) == _rest_on(names):
        return replace(last, named=names)
    after, notes = _again(before, panel, job.method, names)
    return _Known(before, names, after, (*notes, *names.notes))


def _rest_on(names: Named) -> tuple[object, ...]:
    return names.identities, names.withdrawn, names.seen.lots


def _done(store: Store, job: Job, known: _Known, after: Record) -> Redone:
    """Compare and, if the job says so, write."""
    done = replace(compared(known.before, after, job), notes=known.notes)
    if not job.apply:
        return replace(done, calls=store.changed_calls(after))
    receipt = store.commit(after, user=job.user, reason=job.reason, seen=known.named.seen)
    revision = None if receipt.already_there else receipt.run_id
    return replace(done, calls=receipt.calls, revision=revision)


def _is_current(record: Record, panel: Panel | None, method: str | None) -> bool:
    same = record.versions.get(SOFTWARE) == versions()[SOFTWARE]
    return same and _plain(record.panel) == _plain(panel) and _same_method(record, method)


def _same_method(record: Record, method: str | None) -> bool:
    """Quantities are by this method as it is now; `method` ``None``: by the one they are by."""
    from qpcr.methods import methods

    kept = record.quantification
    if kept is None:
        return method is None
    wanted = methods().get(method or kept.method)
    return wanted is not None and (kept.method, kept.version) == (wanted.name, wanted.version)


def _plain(panel: Panel | None) -> Panel | None:
    """A panel wherever it was read from."""
    return None if panel is None else replace(panel, file=None)


def _again(
    before: Record,
    panel: Panel | None,
    method: str | None = None,
    names: Named | None = None,
) -> tuple[Record, tuple[str, ...]]:
    """Analyze a run again as it was analyzed before, and with what was said of it since.

    A person's release holds only for the faults it was given for: when others make the run invalid,
    it is dropped.
    """
    from qpcr.pipeline import analyze
    from qpcr.reagents import ReagentLots

    kept = before.quantification
    wanted = method if kept is None else method or kept.method
    release = next((call.released for call in before.calls if call.released is not None), None)
    if panel is None:
        release = None
    settings, told = _settings(before, panel)
    identities = tuple(before.identities.values()) if names is None else names.identities
    lots = ReagentLots(() if names is None else names.seen.lots, final=True)

    def made(given: Release | None) -> Record:
        return analyze(
            before.run,
            settings,
            before.fit_settings,
            panel=panel,
            identities=identities or None,
            release=given,
            method=wanted,
            copies=kept is not None and kept.copies,
            lots=lots,
        )

    if release is not None and not release.stated:
        return made(None), (*told, "The release says no reason, and does not hold any more.")
    after = made(release)
    if release is None or _faults(after) <= _faults(before):
        return after, told
    dropped = "The release was given for other faults, and does not hold any more."
    return made(None), (*told, dropped)


def _settings(before: Record, panel: Panel | None) -> tuple[Settings, tuple[str, ...]]:
    """The settings of an analysis, and what is to be said of them.

    Where the earlier panel fixed no threshold, "as the file asks" chose nothing against a panel's:
    a panel that fixes some holds.
    """
    fixes = panel is not None and any(one.threshold for one in panel.channels())
    had = before.panel is not None and any(one.threshold for one in before.panel.channels())
    asked = before.settings
    by_name = isinstance(asked.threshold, Mapping)
    if not fixes or had or not (by_name or asked.threshold in (BY_PANEL, "protocol")):
        return asked, ()
    told = "Thresholds that the panel fixes are used; before, it fixed none."
    return asked if by_name else replace(asked, threshold=BY_PANEL), (told,)


def _faults(record: Record) -> set[str]:
    return {one.rule for one in record.findings if one.severity is Severity.RUN}


def compared(before: Record, after: Record, job: Job) -> Redone:
    """How the Ct of two analyses of one run differ."""
    pairs = [(before.fits[i].cq, after.fits[i].cq) for i in range(len(after.fits))]
    gained, lost, largest = _apart(pairs)
    return Redone(
        job.run,
        job.file,
        cq_gained=gained,
        cq_lost=lost,
        largest_cq_difference=largest,
        quantities=_quantities(before, after),
    )


def _apart(pairs: Sequence[tuple[float | None, float | None]]) -> tuple[int, int, float]:
    """How many gain a value, how many lose it, and by how much the others differ at most."""
    return (
        sum(a is None and b is not None for a, b in pairs),
        sum(a is not None and b is None for a, b in pairs),
        max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0.0),
    )


def _quantities(before: Record, after: Record) -> QuantityChange | None:
    old, new = before.quantification, after.quantification
    if old is None and new is None:
        return None
    none = (None,) * len(after.run.reactions)
    a = none if old is None else tuple(one.cq for one in old.wells)
    b = none if new is None else tuple(one.cq for one in new.wells)
    return QuantityChange(_method(old), _method(new), *_apart(list(zip(a, b, strict=True))))


def _method(found: Quantification | None) -> str | None:
    return None if found is None else f"{found.method} {found.version}"
