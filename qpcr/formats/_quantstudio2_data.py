"""Readings and results of QuantStudio ``.eds`` files of version 2.

Readings carry stage, step, cycle and point. Those of the stage and step that the file's own
analysis settings name are the amplification; where they name none, the pair with the most cycles.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from qpcr._frozen import Float32Array, FloatArray
from qpcr.errors import InputError
from qpcr.formats._json import Json
from qpcr.formats._quantstudio2_plate import MAX_CYCLES, Plate
from qpcr.run import (
    AnalysisSettings,
    BaselineWindow,
    DyeSignals,
    InstrumentResult,
    ThresholdSetting,
)
from qpcr.said import say

Collection = tuple[int, int]
"""Stage and step of a reading."""
MAX_FLAGS = 64
_MOST_CYCLES = 500
_MOST_READINGS = 20_000_000
"""Wells × cycles × filters or dyes; 3,072 wells, 60 cycles and 21 filters have 3.9 million."""


@dataclass(frozen=True, eq=False)
class Filters:
    """Filter readings: names, and (W, C, F) counts; NaN where a reading is absent."""

    names: tuple[str, ...] = ()
    counts: FloatArray | None = None

    @property
    def cycles(self) -> int:
        """Number of cycles up to the last one read."""
        return 0 if self.counts is None else int(self.counts.shape[1])


@dataclass
class Analysis:
    """The instrument's results, its settings, and how many cycles its curves have."""

    results: dict[tuple[int, str], InstrumentResult] = field(default_factory=dict)
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)
    cycles: int = 0


def collection_of(points: list[Json], setting: Json, notes: list[str]) -> Collection | None:
    """Stage and step whose readings are the amplification."""
    named = tuple(
        setting.get(f"cqAnalysis{part}Number").number() or 0 for part in ("Stage", "Step")
    )
    pairs = Counter(_pair(point) for point in points)
    if not pairs:
        return None
    if named in pairs:
        return int(named[0]), int(named[1])
    most = pairs.most_common(1)[0][0]
    if len(pairs) > 1:
        notes.append(
            say("The file does not say in which step Ct is read; stage {stage}, step {step} has "
                "the most readings and is taken.", stage=most[0], step=most[1])
        )  # fmt: skip
    return most


def _pair(point: Json) -> Collection:
    return point.get("stage").integer(0, 1000), point.get("step").integer(0, 1000)


def _columns(points: list[Json], wanted: Collection | None) -> dict[int, int]:
    """Position of each reading of the wanted collection, by its cycle (from 1)."""
    found: dict[int, int] = {}
    for position, point in enumerate(points):
        if _pair(point) != wanted:
            continue
        cycle = point.get("cycle").integer(1, MAX_CYCLES)
        if cycle in found:
            raise InputError("a cycle occurs twice", place=point.place)
        found[cycle] = position
    if found and max(found) > _MOST_CYCLES:
        raise InputError("more cycles than any run has", place=points[0].place)
    return found


def read_filters(data: Json, wells: int, setting: Json, notes: list[str]) -> Filters:
    """Read the filter readings."""
    readings = list(data.items())
    points = [one.get("collectionPoint") for one in readings]
    columns = _columns(points, collection_of(points, setting, notes))
    names: dict[str, int] = {}
    for position in columns.values():
        for one in readings[position].get("filterData").items():
            names.setdefault(one.get("filterSet").text() or "?", len(names))
    if not names:
        return Filters()
    if wells * max(columns) * len(names) > _MOST_READINGS:
        raise InputError("more readings than any instrument makes", place=data.place)
    counts = np.full((wells, max(columns), len(names)), np.nan)
    for cycle, position in columns.items():
        seen: set[str] = set()
        for one in readings[position].get("filterData").items():
            name = one.get("filterSet").text() or "?"
            values = one.get("wellFluorescences").numbers()
            if name in seen or len(values) != wells:
                raise InputError(
                    "a filter was read twice in one cycle" if name in seen
                    else "a reading that is not of all wells",
                    place=one.place, expected=f"{wells} wells", found=f"{len(values)}",
                )  # fmt: skip
            seen.add(name)
            counts[:, cycle - 1, names[name]] = values
    return Filters(tuple(names), counts)


def read_signals(
    data: Json, plate: Plate, setting: Json, notes: list[str]
) -> tuple[dict[int, tuple[tuple[str, ...], Float32Array]], int]:
    """Dye names and (D, C) signals by well, and the number of cycles."""
    points = list(data.get("collectionPoints").items())
    columns = _columns(points, collection_of(points, setting, notes))
    count = max(columns, default=0)
    cycles = np.array(list(columns), dtype=np.int64) - 1
    positions = np.array(list(columns.values()), dtype=np.int64)
    found: dict[int, tuple[tuple[str, ...], Float32Array]] = {}
    rows = 0
    for well in data.get("wellData").items():
        index = well.get("wellIndex").integer(0, plate.wells - 1)
        if index in found:
            raise InputError("a well occurs twice", place=well.place)
        dyes: dict[str, Float32Array] = {}
        for one in well.get("dyeData").items():
            name, values = one.get("dyeName").text() or "?", one.get("fluorescences").numbers()
            if name in dyes or len(values) != len(points):
                raise InputError(
                    "a dye occurs twice in a well" if name in dyes
                    else "a dye's signal is not of all readings",
                    place=one.place, expected=f"{len(points)} readings", found=f"{len(values)}",
                )  # fmt: skip
            rows += 1
            if rows * count > _MOST_READINGS:
                raise InputError("more readings than any instrument makes", place=one.place)
            row = np.full(count, np.nan, dtype=np.float32)
            with np.errstate(over="ignore"):
                row[cycles] = values[positions]
            dyes[name] = row
        if dyes and count:
            found[index] = tuple(dyes), np.stack(list(dyes.values()))
    return found, count


def padded(
    signals: dict[int, tuple[tuple[str, ...], Float32Array]], count: int
) -> dict[int, DyeSignals]:
    """Make signals of as many cycles as the run has, NaN where there are none."""
    return {
        well: DyeSignals(
            dyes,
            np.pad(values, ((0, 0), (0, count - values.shape[1])), constant_values=np.nan),
        )
        for well, (dyes, values) in signals.items()
    }


def read_analysis(data: Json, setting: Json, plate: Plate, notes: list[str]) -> Analysis:
    """Read the instrument's results, thresholds and baselines.

    Raises
    ------
    InputError
        A reaction twice, curves of unequal length, two thresholds for one target.
    """
    known = {(reaction.well, reaction.target) for reaction in plate.reactions}
    choices = _choices(setting)
    found = Analysis()
    thresholds: dict[str, ThresholdSetting] = {}
    baselines: dict[tuple[int, str], BaselineWindow] = {}
    foreign = 0
    states: Counter[str] = Counter()
    for well in data.get("wellResults").items():
        index = well.get("wellIndex").integer(0, plate.wells - 1)
        for one in well.get("reactionResults").items():
            name = one.get("targetName").text() or "?"
            if (index, name) not in known:
                foreign += 1
                continue
            if (index, name) in found.results:
                raise InputError("a reaction occurs twice", place=one.place)
            amplification = one.get("amplificationResult")
            states[amplification.get("ampStatus").text() or "not stated"] += 1
            found.results[index, name] = _result(index, name, amplification, found)
            automatic = choices.get(name, choices.get(None, (None, None)))
            _settle(amplification, automatic, (index, name), thresholds, baselines)
    if foreign:
        notes.append(
            say("{count} stored results belong to no reaction of the plate.", count=foreign)
        )
    other = {"amplification status": ", ".join(f"{n} {s}" for s, n in states.most_common(8))}
    found.settings = AnalysisSettings(thresholds, baselines, other if states else {})
    return found


def _choices(setting: Json) -> dict[str | None, tuple[bool | None, bool | None]]:
    """Whether threshold and baseline are automatic, by target; ``None``: all others."""
    default = setting.get("defaultCtSetting")
    found: dict[str | None, tuple[bool | None, bool | None]] = {}
    for name, one in [
        (None, default),
        *((one.get("targetName").text(), one) for one in setting.get("targetCtSettings").items()),
    ]:
        found[name] = one.get("autoThreshold").flag(), one.get("autoBaseline").flag()
    return found


def _result(well: int, target: str, amplification: Json, found: Analysis) -> InstrumentResult:
    curves = {}
    for name in ("rn", "deltaRn"):
        values = amplification.get(name).numbers()
        if not len(values):
            continue
        if found.cycles and len(values) != found.cycles:
            raise InputError("curves of unequal length", place=amplification.place)
        if len(values) > MAX_CYCLES:
            raise InputError("a curve is longer than any run", place=amplification.place)
        found.cycles, curves[name] = len(values), values
    stored = amplification.get("cq")
    cq = stored.number()
    determined = None if stored.value is None else cq is not None and cq > 0
    flags = tuple(filter(None, (flag.text() for flag in amplification.get("flags").items())))
    return InstrumentResult(
        well,
        target,
        cq if determined else None,
        determined,
        curves.get("rn"),
        curves.get("deltaRn"),
        tuple(dict.fromkeys(flags[:MAX_FLAGS])),
    )


def _settle(
    amplification: Json,
    automatic: tuple[bool | None, bool | None],
    key: tuple[int, str],
    thresholds: dict[str, ThresholdSetting],
    baselines: dict[tuple[int, str], BaselineWindow],
) -> None:
    """Note threshold and baseline of one reaction."""
    level = amplification.get("ctThreshold").number()
    if level is not None and level > 0:
        mine = ThresholdSetting(level, automatic[0])
        if thresholds.setdefault(key[1], mine) != mine:
            raise InputError(
                "one target has two thresholds", place=amplification.place,
                expected=f"{thresholds[key[1]].value:.6g}", found=f"{level:.6g}",
            )  # fmt: skip
    start, stop = (amplification.get(f"ctBaseline{end}").number() for end in ("Start", "End"))
    if start is not None and stop is not None and 1 <= start < stop <= MAX_CYCLES:
        baselines[key] = BaselineWindow(int(start), int(stop), automatic[1])
