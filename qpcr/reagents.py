"""Which lots of reagents a run was made with: said by a person, by a log of lots, or by its file.

A log is a table with a row for every lot that was opened: ``reagent``, ``lot``, and if wanted
``from`` (first day of use) and ``expires``. Of each reagent the lot counts whose first day is the
last one not after the day of the run; so a log that grows serves old and new runs alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qpcr.errors import InputError
from qpcr.findings import Finding, Severity
from qpcr.lots import Lot, by_reagent, day_of
from qpcr.said import say
from qpcr.tables import read_rows

if TYPE_CHECKING:
    from qpcr.run import Run

RULE = "expired_reagent"
HEADS = {
    "reagent": ("reagent", "reagent name", "试剂", "试剂名称"),
    "lot": ("lot", "lot number", "批号"),
    "from": ("from", "first used", "启用日期"),
    "expires": ("expires", "expiry", "expiry date", "expiration date", "有效期", "失效日期"),
}
"""Columns of a log and the heads they may have; case does not matter."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A line of a log: a lot, and the first day it was used (``None``: since ever)."""

    lot: Lot
    since: date | None = None


@dataclass(frozen=True, slots=True)
class ReagentLots:
    """What is known of lots beside the run's own file.

    Attributes
    ----------
    given
        Said for this very run.
    log
        Lines of a log of lots.
    final
        `given` goes before what the file says: somebody corrected it later.
    """

    given: tuple[Lot, ...] = ()
    log: tuple[Opened, ...] = ()
    final: bool = False

    def of(self, run: Run) -> tuple[Lot, ...]:
        """Lots of a run; what was said for it goes before the log.

        Raises
        ------
        InputError
            The run's file names another lot than was said, the log needs a day that the file does
            not state, or a reagent has two lots.
        """
        started = run.provenance.started
        found = {one.key: one for one in self._logged(started.date() if started else None)}
        found |= {one.key: one for one in by_reagent(self.given)}
        for one in run.reagents:
            said = found.setdefault(one.key, one)
            if said.lot != one.lot and not self.final:
                raise InputError(
                    "the file names another lot than was said",
                    file=run.provenance.file,
                    place=one.reagent,
                    expected=one.lot,
                    found=said.lot,
                )
        return by_reagent(found.values())

    def _logged(self, day: date | None) -> list[Lot]:
        if day is None and any(one.since for one in self.log):
            raise InputError(
                "the run has no date, so the log does not tell its lots",
                remedy="say them with --lot",
            )
        last: dict[str, Opened] = {}
        for one in self.log:
            before = last.get(one.lot.key)
            if one.since is not None and (day is None or one.since > day):
                continue
            if before is None or (one.since or date.min) > (before.since or date.min):
                last[one.lot.key] = one
        return [one.lot for one in last.values()]


def read_log(path: Path) -> tuple[Opened, ...]:
    """Read a log of lots.

    Raises
    ------
    InputError
        A column is missing, a cell is empty or no day, or two lots of a reagent begin on one day.
    """
    rows = read_rows(path)
    head = [cell.strip().casefold() for cell in next(rows, [])]
    at = {
        name: next((head.index(one) for one in known if one in head), None)
        for name, known in HEADS.items()
    }
    for name in ("reagent", "lot"):
        if at[name] is None:
            raise InputError(
                f"column {name!r} is missing", file=path, place="line 1",
                expected=", ".join(HEADS[name]), found=", ".join(head[:10]),
            )  # fmt: skip
    found: list[Opened] = []
    starts: set[tuple[str, date | None]] = set()
    for number, row in enumerate(rows, 2):
        cells = {
            name: row[place].strip() if place is not None and place < len(row) else ""
            for name, place in at.items()
        }
        if not any(cells.values()):
            continue
        try:
            since, end = (day_of(cells[n]) if cells[n] else None for n in ("from", "expires"))
            one = Opened(Lot(cells["reagent"], cells["lot"], end), since)
        except InputError as error:
            error.place = f"line {number}"
            raise error.at(path) from error
        key = (one.lot.key, one.since)
        if key in starts:
            raise InputError(
                "two lots of a reagent begin on one day", file=path, place=f"line {number}",
                found=one.lot.reagent, remedy="state in column from when each was first used",
            )  # fmt: skip
        starts.add(key)
        found.append(one)
    return tuple(found)


def expired(lots: Sequence[Lot], run: Run) -> tuple[Finding, ...]:
    """Find reagents that had expired when the run was made; nothing without the run's date."""
    started = run.provenance.started
    if started is None:
        return ()
    day = started.date()
    return tuple(
        Finding(
            RULE,
            Severity.WARNING,
            (),
            say("{reagent}, lot {lot}, expired on {expires}; the run is of {day}.",
                reagent=one.reagent, lot=one.lot, expires=str(one.expires), day=str(day)),
            say("Check the expiry date; if it is right, repeat the run with another lot."),
            float((day - one.expires).days),
            0.0,
        )
        for one in lots
        if one.expires is not None and one.expires < day
    )  # fmt: skip
