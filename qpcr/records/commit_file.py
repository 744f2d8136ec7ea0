"""The file of one commit: a run, events, or both, with its place in the ledger inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from qpcr.errors import InputError, UnsupportedError
from qpcr.records._codec import Packer, unpack
from qpcr.records._hdf import (
    build,
    get_json,
    number_attribute,
    opened,
    put_array,
    put_attributes,
    put_json,
    text_attribute,
)
from qpcr.records._tables import EVENT_COLUMNS, put_events, put_record_tables
from qpcr.records._values import described
from qpcr.records.event import FORMAT_MINOR, NOBODY, SINCE, Event, Kind

if TYPE_CHECKING:
    from qpcr.record import Record

FORMAT, FORMAT_VERSION = "ikaros-qpcr commit", 1


@dataclass(frozen=True, slots=True)
class Head:
    """What a commit says of itself.

    Attributes
    ----------
    store
        Id of the store that it belongs to.
    sequence, previous
        Its place in the ledger: number, and hash of the entry before.
    at, user
        When (UTC) and who.
    """

    store: str
    sequence: int
    previous: str
    at: datetime
    user: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit without its arrays: what the index needs.

    Attributes
    ----------
    head
        What it says of itself.
    run
        The run in short (plain values), or ``None``.
    events
        In order.
    """

    head: Head
    run: dict[str, Any] | None
    events: tuple[Event, ...]


def commit_bytes(
    head: Head, events: Sequence[Event], record: Record | None, run: dict[str, Any] | None
) -> bytes:
    """Make the file of a commit; `run` is the short form of `record`."""

    def fill(file: Any) -> None:
        put_attributes(
            file,
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "format_minor": max((SINCE.get(one.kind, 0) for one in events), default=0),
                "software": _software(),
                "store": head.store,
                "sequence": head.sequence,
                "previous": head.previous,
                "at": head.at.isoformat(),
                "user": head.user,
            },
        )
        put_events(file, events)
        if record is not None and run is not None:
            _put_run(file.create_group("run"), record, run)

    return build(fill)


def _put_run(group: Any, record: Record, run: dict[str, Any]) -> None:
    told = ("run_id", "source_sha256", "settings_sha256", "panel_sha256", "revision_of", "file")
    put_attributes(group, {name: run[name] for name in told})
    put_json(group, "summary", run, "the run in short, for the index")
    packer = Packer()
    tree = packer.pack(record)
    put_json(group, "record", tree, "all values of the record; arrays are named by data set")
    values = group.create_group("values")
    put_attributes(values, {"meaning": "the arrays of the record, as they were"})
    for name, array in packer.arrays().items():
        put_array(values, name, array, *described(name))
    tables = group.create_group("tables")
    put_attributes(tables, {"meaning": "the record in tables, for people and other programs"})
    put_record_tables(tables, record)


def read_commit(data: bytes) -> Commit:
    """Read a commit without the arrays of its run.

    Raises
    ------
    InputError
        The file is damaged, of another kind or of a later version.
    """
    with opened(data) as file:
        head = _head(file)
        run = get_json(file["run"], "summary") if "run" in file else None
        events = _events(file["events"][:])
    if run is not None and not isinstance(run, dict):
        raise InputError("the summary of a run is none")
    return Commit(head, run, events)


def read_record(data: bytes) -> Record:
    """Read the record of a commit, exactly as it was.

    Raises
    ------
    InputError
        The file is damaged, holds no run, or was written by a later version.
    """
    from qpcr.record import Record

    with opened(data) as file:
        _head(file)
        if "run" not in file:
            raise InputError("the file holds no run")
        group = file["run"]
        tree = get_json(group, "record")
        arrays = {}

        def collect(name: str, thing: Any) -> None:
            if hasattr(thing, "dtype"):
                arrays[name] = thing[()]

        group["values"].visititems(collect)
    made = unpack(tree, arrays.__getitem__)
    if not isinstance(made, Record):
        raise InputError("the file holds no record of a run")
    return made


def _head(file: Any) -> Head:
    if text_attribute(file, "format") != FORMAT:
        raise InputError("the file is no commit of a store", expected=FORMAT)
    number = number_attribute(file, "format_version")
    minor = number_attribute(file, "format_minor") if "format_minor" in file.attrs else 0
    if number > FORMAT_VERSION or minor > FORMAT_MINOR:
        raise later(f"format version {number}.{minor}")
    return Head(
        text_attribute(file, "store"),
        number_attribute(file, "sequence"),
        text_attribute(file, "previous"),
        datetime.fromisoformat(text_attribute(file, "at")),
        text_attribute(file, "user"),
    )


def later(found: str) -> UnsupportedError:
    """The error for a commit that a later version wrote: it is not damaged."""
    return UnsupportedError(
        "the store was written by a later version of this software",
        expected=f"format version {FORMAT_VERSION}.{FORMAT_MINOR} or earlier",
        found=found,
        remedy="update this software; the store is not damaged, and needs no backup",
    )


def _events(table: Any) -> tuple[Event, ...]:
    if table.dtype.names != EVENT_COLUMNS:
        raise InputError("the table of events has other columns")
    made = []
    for row in table.tolist():
        told: dict[str, Any] = {
            name: value.decode() or None for name, value in zip(EVENT_COLUMNS, row, strict=True)
        }
        if told["kind"] not in tuple(Kind):
            raise later("an event of a kind that this version does not know")
        told["patient"] = told["patient"] or NOBODY
        told["at"], told["kind"] = datetime.fromisoformat(told["at"]), Kind(told["kind"])
        for name in ("old", "new"):
            told[name] = json.loads(told[name])
        made.append(Event(**told))
    return tuple(made)


def _software() -> str:
    try:
        return f"ikaros-qpcr {version('ikaros-qpcr')}"
    except PackageNotFoundError:
        return "ikaros-qpcr, not installed as a package"
