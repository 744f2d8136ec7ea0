"""Events: the history of patients, one change each; never altered, never removed.

A caller hands :class:`Change` values to :meth:`qpcr.records.Store.commit`, which completes each to
an :class:`Event` (who, when, what was) under the writers' lock. What a patient is now is the fold
of the events in the order of the ledger (:func:`qpcr.records.patient.fold`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final

from qpcr.errors import InputError


class Kind(StrEnum):
    """What an event changes, and what its `path` and `new` are.

    A `new` of ``None`` always means: taken back.
    """

    CLINICAL = "clinical"
    """`path`: name of the field. `new`: a plain value, or ``{"value", "unit", "date"}``."""
    SPECIMEN = "specimen"
    """`path`: key of the specimen. `new`: a mapping: ``timepoint``, ``specimen``, ``date`` …"""
    RESULT = "result"
    """`path`: ``RUN/SAMPLE``. `new`: a mapping (:class:`qpcr.records.patient.Result`)."""
    REVIEW = "review"
    """`path`: of the result. `new`: a :class:`qpcr.records.review.State`."""
    RUN = "run"
    """Of a run, not of a patient (who is :data:`NOBODY`). `path`: ``RUN/lots/REAGENT``, RUN being
    its first revision. `new`: ``{"lot", "expires"}``."""
    ASSAY = "assay"
    """What is known of an assay, of no patient (:data:`NOBODY`). `path`: what it is, the target,
    where it comes from. `new`: a mapping (:mod:`qpcr.records.assays`)."""


NOBODY = ""
"""The patient of changes to runs and assays."""
OURS = (Kind.RUN, Kind.ASSAY)
"""Kinds that are about no patient: the path alone says what they are about."""


SINCE = {Kind.RUN: 1, Kind.ASSAY: 2}
"""Minor version of the format that brought a kind; the others were there from the first."""
FORMAT_MINOR = max(SINCE.values())
"""What this version reads: raised with every new kind, see ``FORMAT.md``."""


class _Unchecked(Enum):
    UNCHECKED = "unchecked"


UNCHECKED: Final = _Unchecked.UNCHECKED
"""The caller does not say what the value was before."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a caller wants changed.

    Attributes
    ----------
    patient
        Opaque id; :data:`NOBODY` where a run or an assay is changed, and only there.
    kind, path, new
        See :class:`Kind`; `new` is a plain JSON value or ``None``: taken back.
    reason
        Why; needed where something that was there is changed or taken back.
    source
        Where the value comes from: a file and line, a run's file; may be ``None``.
    run
        Id of the run it belongs to, or ``None``.
    old
        What the caller believes the value to be; a commit is refused when it is something else by
        then. By default nothing is checked.

    Raises
    ------
    InputError
        A text that cannot be kept, or a value that JSON cannot hold.
    """

    patient: str
    kind: Kind
    path: str
    new: Any
    reason: str | None = None
    source: str | None = None
    run: str | None = None
    old: Any = field(default=UNCHECKED)

    def __post_init__(self) -> None:
        for name in ("patient", "path", "reason", "source", "run"):
            check_text(name, getattr(self, name))
        if not self.path.strip():
            raise InputError("a change without path")
        if self.kind in OURS and self.patient != NOBODY:
            raise InputError(f"a change to a {self.kind} names a patient")
        if self.kind not in OURS and not self.patient.strip():
            raise InputError("a change without patient")
        check_value(self.new)


def review_step(patient: str, path: str, state: str) -> Change:
    """A step of the review of a result."""
    return Change(patient, Kind.REVIEW, path, str(state), run=path.partition("/")[0])


@dataclass(frozen=True, slots=True)
class Event:
    """One change as it is kept for ever.

    Attributes
    ----------
    id
        Unique in the store: sequence of its commit and place in it, ``"12.0"``.
    patient, kind, path, new, reason, source, run
        As in :class:`Change`.
    at
        When it was committed, UTC.
    user
        Who.
    old
        What the value was before; ``None``: nothing.
    """

    id: str
    patient: str
    at: datetime
    user: str
    kind: Kind
    path: str
    old: Any
    new: Any
    reason: str | None = None
    source: str | None = None
    run: str | None = None

    @property
    def sequence(self) -> int:
        """Sequence number of its commit."""
        return int(self.id.partition(".")[0])


def canonical(value: Any) -> str:
    """JSON text of a plain value that is the same for equal values.

    Raises
    ------
    ValueError, TypeError
        JSON cannot hold the value.
    """
    return json.dumps(
        value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def check_text(name: str, text: str | None) -> None:
    """Refuse a text that a table cannot hold: control characters, broken Unicode, too long."""
    if text is None:
        return
    if not isinstance(text, str):
        raise InputError(f"{name} must be a text", found=type(text).__name__)
    broken = any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text)
    if broken or len(text) > 4000:
        raise InputError(
            f"{name} holds characters that cannot be kept, or more than 4000 of them",
            remedy="use printable characters",
        )


def check_value(value: Any) -> None:
    """Refuse a value that JSON cannot hold exactly."""
    try:
        same = json.loads(canonical(value)) == value
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        raise InputError(
            "a value cannot be kept",
            expected="text, number, true, false, null, or lists and mappings of them",
            found=type(value).__name__,
        )
