"""The instrument's optical calibration was old when the run started.

Dates come from the run's file; parts without a date, and runs without a start, are left out. Dyes
that the plate does not use do not matter.

Limits
    ``oldest_days``: a year and a half. Half a year is what instruments usually ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.said import say

NAME = "calibration_old"


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    calibration, started = plate.run.calibration, plate.run.provenance.started
    if calibration is None or started is None:
        return
    used = {reaction.reporter for reaction in plate.run.reactions}
    used |= {reaction.quencher or "" for reaction in plate.run.reactions}
    used.add(plate.run.passive_reference or "")
    ages = {
        part: (_utc(started) - _utc(date)).total_seconds() / 86_400
        for part, date in calibration.dates.items()
        if part not in calibration.pure_dyes or part in used
    }
    old = [part for part, age in ages.items() if age > limits["oldest_days"]]
    if not old:
        return
    worst = max(old, key=lambda part: ages[part])
    yield Finding(
        NAME,
        Severity.WARNING,
        (),
        say(
            "The optical calibration is old: {parts}; {worst} was {age:.0f} days old when the run "
            "started.",
            parts=", ".join(old),
            worst=worst,
            age=ages[worst],
        ),
        say(
            "Results stand, but have the instrument calibrated (background, uniformity, pure dyes)."
        ),
        value=ages[worst],
        limit=limits["oldest_days"],
    )


def _utc(moment: datetime) -> datetime:
    """A moment that can be subtracted; without a zone it is taken as UTC: hours do not matter."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


RULE = Rule(
    name=NAME,
    describes="The optical calibration is recent.",
    severity=Severity.WARNING,
    limits={"oldest_days": 548.0},
    needs_panel=False,
    check=_check,
)
