"""What a new analysis of a run would change in what is on record: calls, and whose they are.

A call that somebody may have read is never replaced by another one in silence: whoever writes the
new analysis is told, sample by sample, and has to say why. What was called on record is the result
as it stands, amendments included; a sample that is nobody's is called as its run says.

A sample that turns out to be another patient's takes everything with it: the results of the
patient who had it are taken back, also the signed one that its revisions had not replaced yet, and
so is the specimen that was filed for them. An analysis that names nobody, because the sheet was
forgotten, says nothing of whose the samples are: it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qpcr.calls import Outcome
from qpcr.errors import InputError
from qpcr.records._hdf import printable
from qpcr.records._short import changes_of
from qpcr.records.event import Change, Kind
from qpcr.records.residual_kept import residual_left
from qpcr.records.review import State
from qpcr.records.withdrawn import revisions_until, withdrawn_result

if TYPE_CHECKING:
    from qpcr.record import Record
    from qpcr.records.index import Index
    from qpcr.records.patient import Result

NOT_CALLED = "not called"
SHOWN = 20
"""Calls that an error names."""


@dataclass(frozen=True, slots=True)
class CallChange:
    """What one sample was called on record, and is called by the new analysis, in words."""

    sample: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.sample}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a new analysis would do to the one it replaces.

    Attributes
    ----------
    run
        That is replaced; ``None``: none is.
    calls
        That change; also those that are made for the first time.
    taken_back
        Results, and their specimens, of patients to whom their sample does not belong any more.
    unnamed
        The new analysis names nobody at all, and samples belong to patients on record.
    worked_on
        How many of the results were reviewed, signed or amended.
    reason
        Why, where the new analysis itself says it: by the release of an invalid run.
    """

    run: str | None = None
    calls: tuple[CallChange, ...] = ()
    taken_back: tuple[Change, ...] = ()
    worked_on: int = 0
    reason: str | None = None
    unnamed: bool = False

    def check(self, reason: str | None) -> str | None:
        """Refuse to replace without a reason what must not be replaced so; else the reason.

        Raises
        ------
        InputError
            Results were worked on, or calls change, and nobody says why; or nobody says whose the
            samples are.
        """
        if self.unnamed:
            raise InputError(
                "the run's samples belong to patients, and this analysis does not say to whom",
                place=f"run {self.run}",
                expected="the sample sheet, or the pattern of names",
                remedy="give --sheet (or --sample-pattern) as before; what is not a patient's is "
                "taken back by qpcr records amend --take-back",
            )
        if reason is not None and reason.strip():
            return reason
        changed = [str(one) for one in self.calls if one.before != NOT_CALLED]
        if not self.worked_on and not self.taken_back and (not changed or self.reason is not None):
            return self.reason if changed else reason
        problems = []
        if self.worked_on:
            problems.append("replace results that were reviewed or amended")
        if changed or self.taken_back:
            problems.append("change calls that are on record")
        found = [f"{self.worked_on} such results"] if self.worked_on else []
        found += changed[:SHOWN]
        if len(changed) > SHOWN:
            found.append(f"and {len(changed) - SHOWN} more")
        raise InputError(
            f"a new analysis would {' and '.join(problems)}",
            place=f"run {self.run}",
            expected="a reason",
            found="; ".join(found),
            remedy="see what differs: settings, panel, sample sheet; then give --reason, or "
            "analyze without --store",
        )


def replaced_by(index: Index, record: Record, run: Mapping[str, Any]) -> Replaced:
    """Say what a record would change; `run` is its short form."""
    old = run["revision_of"]
    if old is None:
        return Replaced()
    every = _filed(index, old)
    filed = {name: them[-1] for name, them in every.items()}
    before = _samples(index, old)
    before |= {name: _as_it_stands(patient, one) for name, (patient, one) in filed.items()}
    after = {one["sample"]: _now(one) for one in run["samples"]}
    for one in changes_of(record, dict(run)):
        if one.kind is Kind.RESULT:
            told = one.new
            after[told["sample"]] = _Called(
                told["outcome"], told["deletions"], one.patient, _place(told)
            )
    nobody = _Called(None, ())
    runs = revisions_until(index, old)
    pairs = {
        name: (_unless_withdrawn(index, runs, name, before.get(name, nobody), now), now)
        for name in before | after
        for now in (after.get(name, nobody),)
    }
    calls = tuple(
        changed for name, pair in pairs.items() if (changed := _change(name, *pair)) is not None
    )
    results = [
        one for name, them in every.items() for one in them if pairs[name][1].patient != one[0]
    ]
    calls += tuple(_left(one.sample, pairs[one.sample][1]) for who, one in results
                   if who != filed[one.sample][0])  # fmt: skip
    calls += tuple(_residual(index, results))
    withdrawn = [Change(who, Kind.RESULT, one.path, None, run=one.run) for who, one in results]
    involved = {(who, one.path): one for who, one in (*filed.values(), *results)}
    return Replaced(
        old,
        calls,
        (*withdrawn, *_specimens(index, results)),
        sum(one.state is not State.PRELIMINARY for one in involved.values()),
        _released(record, pairs, calls),
        unnamed=bool(filed) and not record.identities,
    )


def _unless_withdrawn(
    index: Index, runs: Sequence[str], sample: str, was: _Called, now: _Called
) -> _Called:
    """What a sample was, and that it was taken back from the patient who would have it again."""
    if now.patient is None or was.patient is not None:
        return was
    events = index.events("patient = ?", (now.patient,))
    taken = withdrawn_result(events, runs, sample)
    if taken is None:
        return was
    return replace(was, withdrawn=f"taken back from the patient ({taken.reason or 'no reason'})")


def _specimens(index: Index, results: Iterable[tuple[str, Result]]) -> Iterator[Change]:
    """Specimens that only those results speak of, and nobody has said anything about since."""
    gone: dict[str, list[Result]] = {}
    for name, one in results:
        gone.setdefault(name, []).append(one)
    for name, going in gone.items():
        patient = index.patient(name)
        if patient is None:
            continue
        runs = {one.run for one in going}
        staying = {
            (one.timepoint, one.specimen) for one in patient.results.values() if one not in going
        }
        for key, taken in patient.specimens.items():
            about = [e for e in patient.events if e.kind is Kind.SPECIMEN and e.path == key]
            used = (taken.timepoint, taken.specimen) in staying
            if not used and {event.run for event in about} <= runs:
                yield Change(name, Kind.SPECIMEN, key, None)


@dataclass(frozen=True, slots=True)
class _Called:
    """What a sample is called, whose it is, and when and of what it was taken."""

    outcome: str | None
    deletions: Iterable[str]
    patient: str | None = None
    place: tuple[str | None, ...] = field(default=(None, None))
    withdrawn: str | None = None

    @property
    def words(self) -> str:
        if self.outcome is None:
            return NOT_CALLED
        names = " and ".join(self.deletions)
        return f"{self.outcome}: {names}" if names else self.outcome


def _change(sample: str, before: _Called, after: _Called) -> CallChange | None:
    """How a call changes; ``None`` if it does not."""
    was, now = before.words, after.words
    moved = any(a is not None and a != b for a, b in zip(before.place, after.place, strict=True))
    if before.withdrawn is not None:
        was, now = f"{was}, {before.withdrawn}", f"{now}, of the patient again"
    elif before.patient is not None and before.patient != after.patient:
        was += ", of a patient"
        now += ", of nobody" if after.patient is None else ", of another patient"
    elif before.patient is not None and moved:
        was, now = (f"{words}, {_said(one)}" for words, one in ((was, before), (now, after)))
    return None if was == now else CallChange(sample, was, now)


def _left(sample: str, after: _Called) -> CallChange:
    """An earlier analysis of a sample is on record of one more patient: it goes too."""
    whose = "of nobody" if after.patient is None else "of another patient"
    before = "an earlier analysis is on record of a further patient"
    return CallChange(sample, before, f"{after.words}, {whose}")


def _residual(index: Index, results: Iterable[tuple[str, Result]]) -> Iterator[CallChange]:
    """Residual disease of samples that leave a patient: it does not go with them by itself."""
    for who, sample in dict.fromkeys((who, one.sample) for who, one in results):
        patient = index.patient(who)
        for target in residual_left({} if patient is None else patient.clinical, sample):
            yield CallChange(
                sample,
                f"residual disease in {target} on record of the patient who had the sample",
                "left there: qpcr mrd with the corrected sheet and a reason moves it",
            )


def _said(called: _Called) -> str:
    return " / ".join(part for part in called.place if part) or "no time point"


def _place(told: Mapping[str, Any]) -> tuple[str | None, ...]:
    return told["timepoint"], told["specimen"]


def _filed(index: Index, run: str) -> dict[str, list[tuple[str, Result]]]:
    """Results of a run and of those that it replaced, with their patients, by sample; oldest first.

    The earlier ones too: a later result may have been taken back alone, or be somebody else's.
    """
    runs: list[str | None] = []
    now: str | None = run
    while now is not None and now not in runs:
        runs.insert(0, now)
        row = index.db.execute("SELECT revision_of FROM runs WHERE run_id = ?", (now,)).fetchone()
        now = None if row is None else row[0]
    select = "SELECT DISTINCT patient FROM results WHERE run = ?"
    names = dict.fromkeys(row[0] for one in runs for row in index.db.execute(select, (one,)))
    known = [one for name in names if (one := index.patient(name)) is not None]
    results = [(one.id, made) for one in known for made in one.results.values() if made.run in runs]
    found: dict[str, list[tuple[str, Result]]] = {}
    for who, result in sorted(results, key=lambda one: runs.index(one[1].run)):
        found.setdefault(result.sample, []).append((who, result))
    return found


def _samples(index: Index, run: str) -> dict[str, _Called]:
    """Samples of a run as they were called."""
    select = "SELECT sample, outcome, deletions FROM samples WHERE run_id = ?"
    rows = index.db.execute(select, (run,)).fetchall()
    return {name: _Called(outcome, json.loads(deletions)) for name, outcome, deletions in rows}


def _as_it_stands(patient: str, result: Result) -> _Called:
    place = result.timepoint, result.specimen
    return _Called(result.outcome, result.deletions, patient, place)


def _now(told: Mapping[str, Any]) -> _Called:
    return _Called(told["outcome"], json.loads(told["deletions"]))


def _released(
    record: Record, pairs: Mapping[str, tuple[_Called, _Called]], calls: Iterable[CallChange]
) -> str | None:
    """The reason of a release, where releasing what was invalid is all that changes calls."""
    releases = {printable(call.sample): call.released for call in record.calls}
    reasons = set()
    for one in calls:
        release = releases.get(one.sample)
        was, now = pairs[one.sample]
        if one.before == NOT_CALLED:
            continue
        if release is None or was.outcome != Outcome.INVALID or was.patient != now.patient:
            return None
        reasons.add(release.reason)
    return "; ".join(sorted(reasons)) or None
