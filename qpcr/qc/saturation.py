"""The detector is at its ceiling: readings that do not change any more, to the last count.

The ceiling of an instrument is not in its files. But a clipped signal stands exactly still, which
noise never does: the largest reading of a filter, repeated in cycle after cycle. Only readings of
at least half the plate's largest count, since dark filters stand still too. Files without filter
readings are judged by the reporter's signal.

Limits
    ``fewest_cycles``: so many equal readings in a row are a ceiling.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qpcr._frozen import FloatArray
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import any_cq, rows_of, wells
from qpcr.said import say

NAME = "saturation"
BRIGHT = 0.5
"""Share of the plate's largest reading from which on a ceiling is believed."""


def ceiling(signal: FloatArray, fewest: int) -> int | None:
    """Position from 0 of the first of `fewest` equal largest readings in a row, or ``None``."""
    at_top = signal == np.nanmax(signal)
    length = 0
    for k, top in enumerate(at_top):
        length = length + 1 if top else 0
        if length == fewest:
            return k - fewest + 1
    return None


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    spoilt: dict[int, int] = {}
    harmless: dict[int, int] = {}
    for rows, cycle in _clipped(plate, int(limits["fewest_cycles"])):
        for row in rows:
            cq = any_cq(plate, row)
            (spoilt if cq is not None and cycle <= cq + 1 else harmless)[row] = cycle
    for group, severity, meaning in (
        (spoilt, Severity.REACTION, say("before the Ct")),
        (harmless, Severity.WARNING, say("no Ct hangs on it")),
    ):
        if not group:
            continue
        first = min(group, key=lambda row: group[row])
        yield Finding(
            NAME,
            severity,
            tuple(group),
            say(
                "The detector is at its ceiling in {wells}, in {first} from cycle {cycle} on; "
                "{meaning}.",
                wells=wells(plate, list(group)),
                first=wells(plate, [first]),
                cycle=group[first],
                meaning=meaning,
            ),
            say(
                "Shorten the exposure or use less probe; repeat the wells if their results matter."
            ),
            value=float(group[first]),
        )


def _clipped(plate: Plate, fewest: int) -> Iterator[tuple[list[int], int]]:
    """Reactions of the wells with a ceiling, and its first cycle."""
    raw, reporter = plate.run.raw, plate.curves.reporter
    for well, rows in grouped(rows_of(plate), lambda row: plate.run.reactions[row].well).items():
        if raw is not None:
            readings, largest = raw[well].T, np.nanmax(raw, initial=0.0)
        elif reporter is not None:
            readings, largest = reporter[rows], np.nanmax(reporter, initial=0.0)
        else:
            return
        bright = [one for one in readings if np.nanmax(one, initial=0.0) >= BRIGHT * largest > 0]
        starts = [k for one in bright if (k := ceiling(one, fewest)) is not None]
        if starts:
            yield rows, int(plate.curves.cycles[min(starts)])


RULE = Rule(
    name=NAME,
    describes="No filter reading stands at the detector's ceiling.",
    severity=Severity.REACTION,
    limits={"fewest_cycles": 4.0},
    needs_panel=False,
    check=_check,
)
