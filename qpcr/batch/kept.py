"""A run kept in a store, and whether it is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qpcr.batch.order import Order
    from qpcr.record import Record


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a run was kept.

    Attributes
    ----------
    store
        Id of the store: another one may come to lie in the same folder.
    run
        Id of the run.
    text
        What to say of it.
    """

    store: str
    run: str | None
    text: str


def keep(record: Record, order: Order) -> Kept | None:
    """Keep a record in the store of an order, if it names one.

    Raises
    ------
    InputError
        As :meth:`qpcr.records.Store.commit` does.
    """
    if order.store is None:
        return None
    from qpcr.records import Store

    store = Store.open(order.store)
    done = store.commit(record, user=order.user, reason=order.reason)
    changed = "".join(f"\ncall changed: {one}" for one in done.calls)
    changed += "".join(f"\nlot changed: {one}" for one in done.lots)
    if done.already_there:
        lots = "; what is said of its lots was noted" if done.events else ""
        text = f"in the store already: run {done.run_id}{lots}{changed}"
        return Kept(store.id, done.run_id, text)
    replaces = f", a revision of {done.revision_of}" if done.revision_of else ""
    text = f"kept in the store: run {done.run_id}{replaces}{changed}"
    return Kept(store.id, done.run_id, text)


def is_kept(folder: Path, store_id: str, run: str) -> bool:
    """Whether a store is the one that was meant, and holds a run.

    Raises
    ------
    InputError
        It cannot be opened.
    """
    from qpcr.records import Store
    from qpcr.records.query import RunQuery

    store = Store.open(folder)
    return store.id == store_id and bool(store.runs(RunQuery(run_id=run)))
