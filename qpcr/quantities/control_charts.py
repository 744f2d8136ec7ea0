"""Charts of control values, judged by their limits, by sums and by their trend.

The arithmetic is that of :mod:`calibration.westgard`, :mod:`calibration.cusum`,
:mod:`calibration.trend` and :mod:`calibration.lot_step`.

Every series is judged within each lot by itself: a new lot of reagents begins a new chart, with
limits of its own, and its mean is compared with that of the lot before. Another threshold begins a
new chart too: Ct read at two levels are not one series, and their means are not compared. Only the
newest chart of a series can raise an alarm: what an old lot ended with is history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calibration.cusum import Drift
from calibration.errors import CalibrationError
from calibration.lot_step import LotStep, lot_step
from calibration.trend import Trend, trend
from calibration.westgard import FEWEST, Chart, chart
from qpcr._lists import grouped
from qpcr.quantities.controls import ControlValue
from qpcr.said import as_said, say


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A series of one lot, read at one threshold, in order of time.

    Attributes
    ----------
    values
        In order of time.
    chart
        ``None`` where `reason` says why.
    newest
        No later lot of the series has a chart.
    before, step
        The lot before, and how far the mean has moved from it; ``None`` where there is none, or too
        few values, or the threshold changed.
    trend
        Whether the values creep, per day; ``None`` for fewer than 8.
    threshold, threshold_before
        What Ct were read at here, and in the chart before if that was another; ``None`` where it is
        not stated.
    """

    series: str
    lot: str | None
    values: tuple[ControlValue, ...]
    chart: Chart | None
    reason: str | None
    newest: bool = True
    before: str | None = None
    step: LotStep | None = None
    trend: Trend | None = None
    threshold: str | None = None
    threshold_before: str | None = None

    @property
    def drift(self) -> Drift | None:
        """A lasting shift that reaches the newest value."""
        return None if self.chart is None else self.chart.sums.drift()

    @property
    def alarm(self) -> bool:
        """The newest value breaks a rule that rejects, lies in a lasting shift, or values creep."""
        if self.chart is None or not self.newest:
            return False
        creeps = self.trend is not None and self.trend.seen
        return bool(self.chart.rejected) or self.drift is not None or creeps

    def state(self) -> tuple[str, ...]:
        """How the newest value is, in sentences."""
        if self.chart is None:
            return (self.reason or say("not known"),)
        found: list[str] = []
        broken = self.chart.rules(len(self.values) - 1)
        if self.chart.rejected:
            found.append(say("REJECTED ({rules})", rules=" ".join(broken)))
        elif broken:
            found.append(say("warning ({rules})", rules=" ".join(broken)))
        if (drift := self.drift) is not None:
            found.append(
                say("DRIFT: about {shift:+.1f} SD since {day}",
                    shift=drift.shift, day=str(self.values[drift.since].day))
            )  # fmt: skip
        if self.trend is not None and self.trend.seen:
            found.append(
                say("TREND: {slope:+.3g} in 30 days (P {p:.1g})",
                    slope=30 * self.trend.slope, p=self.trend.p)
            )  # fmt: skip
        if not self.newest:
            found.append(say("an earlier lot or threshold"))
        return tuple(found) or (say("in control"),)

    def limits(self) -> str:
        """Where the limits come from, as a sentence."""
        judged = self.chart
        if judged is None:
            return ""
        if not judged.baseline:
            return say("limits given")
        if judged.provisional:
            return say("limits provisional, from {count} of {usual} values",
                       count=judged.baseline, usual=FEWEST)  # fmt: skip
        return say("limits from the first {count} values", count=judged.baseline)

    def remarks(self) -> tuple[str, ...]:
        """What else a person should know of the chart."""
        found: list[str] = []
        if self.threshold_before is not None:
            found.append(
                say("A NEW CHART, since Ct are read at another level: {now}, before {before}.",
                    now=self.threshold or say("threshold not stated"),
                    before=self.threshold_before)
            )  # fmt: skip
        if self.step is not None:
            found.append(_step_said(self, self.step))
        if self.chart is not None and self.chart.spoilt:
            days = ", ".join(str(self.values[place].day) for place in self.chart.spoilt)
            found.append(
                say("The limits are wider for values that broke a rule ({days}): if something was "
                    "wrong with those runs, fix the limits with --limits.", days=days)
            )  # fmt: skip
        return tuple(found)


def _step_said(one: ControlChart, step: LotStep) -> str:
    values = {
        "before": one.before or "?", "difference": step.difference, "low": step.low,
        "high": step.high, "p": step.p,
    }  # fmt: skip
    if step.seen:
        return say("ANOTHER LEVEL than lot {before}: the mean is {difference:+.3g} away "
                   "(95 % {low:+.3g} to {high:+.3g}, P {p:.2g}).", **values)  # fmt: skip
    return say("No other level seen than of lot {before}: the mean is {difference:+.3g} away "
               "(95 % {low:+.3g} to {high:+.3g}, P {p:.2g}).", **values)  # fmt: skip


def charts(
    values: Sequence[ControlValue],
    limits: Mapping[str, tuple[float, float]] | None = None,
    baseline: int = FEWEST,
) -> tuple[ControlChart, ...]:
    """Judge every series within every lot.

    Parameters
    ----------
    limits
        Mean and SD fixed beforehand, by series; they hold for every lot.
    baseline
        Where there are none: how many first values of a lot make them.

    Returns
    -------
    tuple of ControlChart
        By series, their lots in order of first use.
    """
    fixed = limits or {}
    made: list[ControlChart] = []
    for series, mine in grouped(values, lambda one: one.series).items():
        ordered = sorted(mine, key=lambda one: one.when)
        lots = [
            _charted(series, part[0].lot, part, fixed.get(series), baseline)
            for part in grouped(ordered, lambda one: (_as_written(one), _level(one))).values()
        ]
        newest = max(lots, key=lambda one: one.values[-1].when)
        for place, one in enumerate(lots):
            before = lots[place - 1] if place else None
            moved = before is not None and _level(before.values[0]) != _level(one.values[0])
            same = None if before is None or moved else before
            made.append(
                replace(
                    one,
                    newest=one is newest,
                    step=None if same is None else lot_step(_numbers(same), _numbers(one)),
                    before=None if same is None else same.lot,
                    threshold_before=_before(before) if before is not None and moved else None,
                )
            )
    return tuple(made)


def _as_written(value: ControlValue) -> str | None:
    """A lot however it is written: a17 is no other lot than A17."""
    return None if value.lot is None else " ".join(value.lot.casefold().split())


def _level(value: ControlValue) -> str | None:
    """A threshold however it is written."""
    return None if value.threshold is None else " ".join(value.threshold.casefold().split())


def _before(one: ControlChart) -> str:
    return one.threshold or say("threshold not stated")


def _numbers(one: ControlChart) -> list[float]:
    return [value.value for value in one.values]


def _charted(
    series: str,
    lot: str | None,
    values: Sequence[ControlValue],
    fixed: tuple[float, float] | None,
    baseline: int,
) -> ControlChart:
    mean, sd = fixed or (None, None)
    try:
        judged = chart([one.value for one in values], mean, sd, baseline)
    except CalibrationError as error:
        why = as_said(error.reason)
        return ControlChart(series, lot, tuple(values), None, why, threshold=values[0].threshold)
    days = [float(one.day.toordinal()) for one in values]
    creep = trend(days, judged.values)
    level = values[0].threshold
    return ControlChart(series, lot, tuple(values), judged, None, trend=creep, threshold=level)
