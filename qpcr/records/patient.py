"""A patient: what all events in the store's ledger make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qpcr._frozen import FrozenMap
from qpcr.records.chain import later_of, linked
from qpcr.records.event import Event, Kind
from qpcr.records.review import State


@dataclass(frozen=True, slots=True)
class Specimen:
    """Something that was taken from a patient.

    Attributes
    ----------
    key
        Its name among the patient's specimens.
    timepoint
        ``"diagnosis"``, ``"day 14"`` …, as the laboratory says it.
    specimen
        What it is: bone marrow, blood …
    date
        When it was taken, ``YYYY-MM-DD``.
    other
        Whatever else was told of it.
    """

    key: str
    timepoint: str | None = None
    specimen: str | None = None
    date: str | None = None
    other: Mapping[str, Any] = field(default_factory=FrozenMap)


@dataclass(frozen=True, slots=True)
class Result:
    """What one run says of one sample of the patient.

    Attributes
    ----------
    path
        ``RUN/SAMPLE``, its name in events.
    run, sample, reactions
        Where it comes from: run id, sample name, rows of the reactions in the run.
    outcome, deletions, classes
        The call as it stands now, amendments included; `outcome` is ``None`` without a panel.
    panel, panel_version
        What it was called by.
    specimen, timepoint
        As the sample sheet said.
    revision_of
        The run whose result this one replaces.
    superseded_by
        The run whose result replaces this one (:func:`qpcr.records.chain.linked`).
    state
        How far it is.
    reviewed_by, signed_by
        Who, of the present state; ``None`` when nobody has (again).
    once_signed
        It was signed at some time, even if it was amended since.
    other
        Whatever else was amended.
    """

    path: str
    run: str
    sample: str
    reactions: tuple[int, ...] = ()
    outcome: str | None = None
    deletions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    panel: str | None = None
    panel_version: str | None = None
    specimen: str | None = None
    timepoint: str | None = None
    revision_of: str | None = None
    superseded_by: str | None = None
    state: State = State.PRELIMINARY
    reviewed_by: str | None = None
    signed_by: str | None = None
    once_signed: bool = False
    other: Mapping[str, Any] = field(default_factory=FrozenMap)

    @property
    def one_person(self) -> bool:
        """Reviewed and signed by the same person."""
        return self.signed_by is not None and self.signed_by == self.reviewed_by


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the store knows them.

    Attributes
    ----------
    id
        Opaque.
    clinical
        Field name to value (as its last event said: a plain value, or value, unit and date).
    specimens, results
        By key and by path, in the order in which they came.
    events
        The whole history, oldest first.
    sequence
        Of the last commit that touched the patient.
    taken_back
        Results that are not the patient's any more, by path, as they were: links of their chains.
    """

    id: str
    clinical: Mapping[str, Any]
    specimens: Mapping[str, Specimen]
    results: Mapping[str, Result]
    events: tuple[Event, ...]
    sequence: int
    taken_back: Mapping[str, Result] = field(default_factory=FrozenMap)

    @property
    def current_results(self) -> tuple[Result, ...]:
        """Results that no later revision replaces."""
        return tuple(one for one in self.results.values() if one.superseded_by is None)

    @property
    def final_results(self) -> tuple[Result, ...]:
        """Signed results, without those that a signed revision replaces.

        A signed result stays final until a revision of it, the next or a later one, is signed too;
        it does not become final again when that one is amended or taken back.
        """
        return tuple(
            one
            for one in self.results.values()
            if one.state.final and not any(later.once_signed for later in self.revisions(one))
        )

    @property
    def standing_results(self) -> tuple[Result, ...]:
        """Results that count: those that no revision replaces, and those that are final."""
        final = {one.path for one in self.final_results}
        return tuple(
            one for one in self.results.values() if one.superseded_by is None or one.path in final
        )

    def revisions(self, result: Result) -> tuple[Result, ...]:
        """Results that replace one, in turn, those among them that were taken back included."""
        return later_of(result, (*self.taken_back.values(), *self.results.values()))


_SPECIMEN = ("timepoint", "specimen", "date")
_RESULT = ("outcome", "panel", "panel_version", "specimen", "timepoint", "revision_of")
LISTS = ("reactions", "deletions", "classes")


def value_at(events: Iterable[Event], kind: Kind, path: str) -> Any:
    """What an event's target holds after `events` of one patient; ``None``: nothing.

    A result's review state is ``"preliminary"`` from its first event on, and ``"amended"`` after
    every further one.
    """
    value: Any = None
    known = False
    for event in events:
        if event.path != path:
            continue
        if event.kind is kind:
            value = event.new
        elif kind is Kind.REVIEW and event.kind is Kind.RESULT:
            value = str(State.AMENDED if known else State.PRELIMINARY)
            known = True
            if event.new is None:
                value, known = None, False
    return value


def fold(patient: str, events: Iterable[Event]) -> Patient:
    """Make a patient of their events, in the order of the ledger."""
    history = tuple(events)
    clinical: dict[str, Any] = {}
    specimens: dict[str, Specimen] = {}
    results: dict[str, Result] = {}
    gone: dict[str, Result] = {}
    for event in history:
        if event.kind is Kind.CLINICAL:
            _put(clinical, event, event.new)
        elif event.kind is Kind.SPECIMEN:
            _put(specimens, event, None if event.new is None else _specimen(event))
        elif event.kind is Kind.RESULT:
            _put_result(results, gone, event)
        elif event.path in results:
            results[event.path] = _reviewed(results[event.path], event)
    last = history[-1].sequence if history else 0
    return Patient(
        patient, FrozenMap(clinical), FrozenMap(specimens), FrozenMap(linked(results, gone)),
        history, last, FrozenMap(gone),
    )  # fmt: skip


def _put(values: dict[str, Any], event: Event, value: Any) -> None:
    if value is None:
        values.pop(event.path, None)
    else:
        values[event.path] = value


def _specimen(event: Event) -> Specimen:
    told = dict(event.new) if isinstance(event.new, Mapping) else {"specimen": event.new}
    named = {name: told.pop(name, None) for name in _SPECIMEN}
    return Specimen(event.path, **named, other=FrozenMap(told))


def _put_result(results: dict[str, Result], gone: dict[str, Result], event: Event) -> None:
    before = results.get(event.path)
    if event.new is None:
        if before is not None:
            gone[event.path] = results.pop(event.path)
        return
    told = dict(event.new)
    run, sample = told.pop("run", event.run or ""), told.pop("sample", "")
    lists: dict[str, Any] = {name: tuple(told.pop(name, None) or ()) for name in LISTS}
    named = {name: told.pop(name, None) for name in _RESULT}
    made = Result(event.path, run, sample, **lists, **named, other=FrozenMap(told))
    if before is not None:
        made = replace(made, state=State.AMENDED, once_signed=before.once_signed)
    elif (back := gone.pop(event.path, None)) is not None:
        made = replace(made, once_signed=back.once_signed)
    results[event.path] = made


def _reviewed(result: Result, event: Event) -> Result:
    state = State(event.new)
    if state is State.REVIEWED:
        return replace(result, state=state, reviewed_by=event.user, signed_by=None)
    if state is State.SIGNED:
        return replace(result, state=state, signed_by=event.user, once_signed=True)
    return replace(result, state=state, reviewed_by=None, signed_by=None)
