"""Assays on record: standard curves, detection limits and quantities, of no patient.

They are events of kind ``assay`` (FORMAT.md, section 7), so that they share what holds for all:
a commit is whole or not there, the history is never rewritten, a change needs a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qpcr._nearest import did_you_mean
from qpcr.errors import InputError
from qpcr.quantities.kept import CURVE, Kept, stored_of
from qpcr.records.event import NOBODY, Change, Kind
from qpcr.records.query import Receipt, RunQuery
from qpcr.said import say

if TYPE_CHECKING:
    from calibration.stored_curve import StoredCurve
    from qpcr.records.store import Store


@dataclass(frozen=True, slots=True)
class Assay:
    """One value on record as it stands.

    Attributes
    ----------
    path, value
        As :class:`qpcr.quantities.kept.Kept` has them.
    at, user, reason, source, run
        Of the event that said so last; `run` is the id of the run it comes from, where that is in
        the store too.
    """

    path: str
    value: Mapping[str, Any]
    at: datetime
    user: str
    reason: str | None
    source: str | None
    run: str | None

    @property
    def what(self) -> str:
        """What the value is of: one of the words of :mod:`qpcr.quantities.kept`."""
        return str(self.value.get("what", ""))


def assay_changes(store: Store, kept: Iterable[Kept], reason: str | None = None) -> list[Change]:
    """Values to keep as changes; each names its run, where the store has that run."""
    return [
        Change(NOBODY, Kind.ASSAY, one.path, one.value, reason, one.source, _run_of(store, one))
        for one in kept
    ]


def _run_of(store: Store, kept: Kept) -> str | None:
    """Id of the run whose file a value comes from, if it comes from one and the store has it."""
    if ", " in kept.source:
        return None
    sha256 = kept.source.rpartition(" ")[2]
    found = store.runs(RunQuery(source_sha256=sha256, latest=True))
    return found[0].run_id if len(found) == 1 else None


def assays(
    store: Store, *, what: str | None = None, target: str | None = None, run: str | None = None
) -> tuple[Assay, ...]:
    """Values on record that were not taken back, the newest first.

    Parameters
    ----------
    what, target, run
        Only these.

    Raises
    ------
    InputError
        What is on record is no mapping: somebody else wrote it.
    """
    found: dict[str, Assay] = {}
    for event in store.history(patient=NOBODY):
        if event.kind is not Kind.ASSAY:
            continue
        found.pop(event.path, None)
        if event.new is None:
            continue
        if not isinstance(event.new, Mapping):
            raise InputError("what is on record of an assay cannot be understood", place=event.path)
        found[event.path] = Assay(
            event.path, event.new, event.at, event.user, event.reason, event.source, event.run
        )
    return tuple(
        one
        for one in reversed(found.values())
        if what in (None, one.what)
        and target in (None, one.value.get("target"))
        and run in (None, one.run)
    )


def withdraw(store: Store, path: str, reason: str | None, user: str | None = None) -> Receipt:
    """Take a value back: it counts no more, and stays in the history.

    Raises
    ------
    InputError
        Nothing is on record at that path, or there is no reason.
    """
    known = [one.path for one in assays(store)]
    if path not in known:
        raise InputError(
            "nothing is on record of an assay there",
            found=path,
            remedy=did_you_mean(path, known) or "qpcr records assays lists what there is",
        )
    return store.commit(None, [Change(NOBODY, Kind.ASSAY, path, None, reason)], user=user)


def curves_on_record(
    store: Store, targets: Sequence[str] | None = None, lot: str | None = None
) -> tuple[StoredCurve, ...]:
    """The newest standard curve of each target, of one lot if one is named.

    Newest by the day it was made; of one day, what was kept last.

    Raises
    ------
    InputError
        A curve on record cannot be used.
    """
    newest: dict[str, StoredCurve] = {}
    for one in reversed(assays(store, what=CURVE)):
        curve = stored_of(one.value)
        if lot not in (None, curve.lot) or (targets is not None and curve.target not in targets):
            continue
        before = newest.get(curve.target)
        if before is None or _day(curve) >= _day(before):
            newest[curve.target] = curve
    return tuple(newest.values())


def lots_of_curves(store: Store) -> dict[str, tuple[str, ...]]:
    """Lots that there are standard curves of on record, by target; the newest on record first.

    Raises
    ------
    InputError
        A curve on record cannot be used.
    """
    found: dict[str, dict[str, None]] = {}
    for one in assays(store, what=CURVE):
        curve = stored_of(one.value)
        found.setdefault(curve.target, {})[curve.lot or say("not stated")] = None
    return {target: tuple(lots) for target, lots in found.items()}


def _day(curve: StoredCurve) -> str:
    return "" if curve.made is None else curve.made.isoformat()
