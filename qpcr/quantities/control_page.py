"""``control-chart.csv`` (a row a value) and ``control-chart.html`` (a chart a series and lot)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qpcr.quantities.control_charts import ControlChart
from qpcr.quantities.drawing import Mark, Rule, draw, page
from qpcr.quantities.tables import Cell, csv_text
from qpcr.said import say

Say = Callable[[str], str]
"""Says a sentence in the page's language."""


def chart_texts(
    found: Sequence[ControlChart], tongue: Say = str, lang: str = "en", notes: Sequence[str] = ()
) -> dict[str, str]:
    """Text by file name.

    Parameters
    ----------
    tongue, lang
        Language of the page; the table is English.
    notes
        What could not be charted.
    """
    alarms = [f"{_name(one, tongue)}: {_told(one.state(), tongue)}" for one in found if one.alarm]
    steps = [
        f"{_name(one, tongue)}: {tongue(one.remarks()[0])}"
        for one in found
        if one.newest
        and (one.threshold_before is not None or (one.step is not None and one.step.seen))
    ]
    top = (
        *([(tongue(say("Alarms")), "bad", alarms)] if alarms else []),
        *([(tongue(say("New lots and thresholds")), "warn", steps)] if steps else []),
        *([(tongue(say("Not charted")), "warn", [tongue(one) for one in notes])] if notes else []),
    )
    drawn = [part for one in found for part in _drawn(one, tongue)]
    return {
        "control-chart.csv": csv_text([row for one in found for row in _rows(one)]),
        "control-chart.html": page(
            tongue(say("Control charts")), drawn, tongue(_NOTE), lang=lang, top=top,
            verdict=None if alarms else tongue(say("No alarm.")),
        ),
    }  # fmt: skip


_NOTE = say(
    "Levey-Jennings charts with Westgard's rules: orange 1-2s, a warning; red rejected. Sums of "
    "the distances (CUSUM) find small lasting shifts. The values that limits come from are judged "
    "each by those before it."
)


def _name(one: ControlChart, tongue: Say) -> str:
    lot = "" if one.lot is None else tongue(say(", lot {lot}", lot=one.lot))
    level = "" if one.threshold is None else f", {tongue(one.threshold)}"
    return f"{tongue(one.series)}{lot}{level}"


def _told(sentences: Sequence[str], tongue: Say) -> str:
    return "; ".join(tongue(one) for one in sentences)


def _rows(one: ControlChart) -> list[dict[str, Cell]]:
    judged = one.chart
    rows: list[dict[str, Cell]] = []
    for place, value in enumerate(one.values):
        rules = [] if judged is None else judged.rules(place)
        drift = None if judged is None else judged.sums.drift(place)
        rows.append(
            {
                "series": one.series,
                "lot": one.lot,
                "threshold": one.threshold,
                "date": value.day.isoformat(),
                "value": value.value,
                "mean": None if judged is None else judged.mean,
                "sd": None if judged is None else judged.sd,
                "z": None if judged is None else judged.z[place],
                "rules": " ".join(rules),
                "rejected": bool(set(rules) - {"1-2s"}),
                "cusum_high": None if judged is None else judged.sums.high[place],
                "cusum_low": None if judged is None else judged.sums.low[place],
                "drift_sd": None if drift is None else drift.shift,
                "limits_from": None if judged is None else judged.baseline or "given",
                "provisional": None if judged is None else judged.provisional,
                "source": value.source,
                "reason": one.reason,
            }
        )
    return rows


def _drawn(one: ControlChart, tongue: Say) -> list[tuple[str, str]]:
    """A chart, and its sums where they come near an alarm: pairs of a caption and a picture."""
    judged = one.chart
    if judged is None:
        return []
    marks = []
    for place, value in enumerate(one.values):
        broken, z = judged.rules(place), judged.z[place]
        kind = "bad" if set(broken) - {"1-2s"} else "warn" if broken else "good"
        far = "" if z is None else f" (z {z:+.2f})"
        title = f"{value.day} {value.value:g}{far} {' '.join(broken)}"
        marks.append(Mark(place, value.value, kind, f"{title} {value.source}"))
    rules = [Rule(judged.mean, tongue(say("mean")), "mean")]
    for k in (-3, -2, 2, 3) if judged.sd > 0 else ():
        kind = "reject" if abs(k) == 3 else "limit"
        rules.append(Rule(judged.mean + k * judged.sd, f"{k:+d} SD", kind))
    every = max(len(marks) // 6, 1)
    ticks = [(float(i), str(v.day)) for i, v in enumerate(one.values) if i % every == 0]
    caption = " ".join(
        [f"{_told((*one.state(), one.limits()), tongue)}.", *map(tongue, one.remarks())]
    )
    made = [(caption, draw(_name(one, tongue), marks, rules, ticks=ticks))]
    if max(*judged.sums.high, *judged.sums.low) > judged.sums.decision / 2:
        made.append((tongue(say("Sums of the same values, in SD.")), _sums(one, tongue, ticks)))
    return made


def _sums(one: ControlChart, tongue: Say, ticks: Sequence[tuple[float, str]]) -> str:
    """The larger of the two sums at each value, downwards ones below 0."""
    if one.chart is None:
        return ""
    sums = one.chart.sums
    marks = []
    for place, (up, down) in enumerate(zip(sums.high, sums.low, strict=True)):
        value = up if up >= down else -down
        kind = "bad" if abs(value) > sums.decision else "good"
        marks.append(Mark(place, value, kind, f"{one.values[place].day} {value:+.2f}"))
    rules = [Rule(0.0, "0", "mean")]
    rules += [Rule(k * sums.decision, f"{k * sums.decision:+g} SD", "reject") for k in (-1, 1)]
    title = tongue(say("CUSUM of {series}", series=_name(one, tongue)))
    return draw(title, marks, rules, ticks=ticks)
