"""The XML members of SDS 2.x ``.eds`` files: experiment, plate, protocol, analysis settings.

UTF-8, no namespace. Wells are 0-based and row-major. ``1.7976931348623157E308`` and ``4.9E-324``
(Java's largest and smallest double) mean "unset".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr.errors import InputError
from qpcr.run import (
    AnalysisSettings,
    BaselineWindow,
    Reaction,
    Stage,
    Step,
    Target,
    Task,
    ThresholdSetting,
    well_name,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_WELLS = 384
MAX_CYCLES = 2_000
MAX_NAME = 512

_TASKS = {
    "UNKNOWN": Task.UNKNOWN,
    "STANDARD": Task.STANDARD,
    "NTC": Task.NTC,
    "POSITIVE": Task.POSITIVE_CONTROL,
    "POSITIVE_CONTROL": Task.POSITIVE_CONTROL,
    "PC": Task.POSITIVE_CONTROL,
    "NEGATIVE": Task.NEGATIVE_CONTROL,
    "NEGATIVE_CONTROL": Task.NEGATIVE_CONTROL,
    "NAC": Task.NEGATIVE_CONTROL,
}
_NO_DYE = {"", "none", "null"}
DEFAULTS = "AnalysisProtocol.DEFAULT_SETTINGS"


@dataclass(frozen=True, slots=True)
class Plate:
    """What ``plate_setup.xml`` says."""

    rows: int
    columns: int
    name: str | None
    barcode: str | None
    passive_reference: str | None
    reactions: tuple[Reaction, ...]
    targets: dict[str, Target]
    notes: tuple[str, ...]


def text(node: _Element, path: str) -> str | None:
    """Text of a child without control characters, or ``None`` when it is absent or empty."""
    value = node.findtext(path)
    if value is None:
        return None
    cleaned = "".join(c for c in value if c.isprintable()).strip()
    if len(cleaned) > MAX_NAME:
        raise InputError(
            "a text is longer than any name",
            place=path,
            expected=f"at most {MAX_NAME} characters",
            found=f"{len(cleaned)}",
        )
    return cleaned or None


def _integer(node: _Element, path: str, low: int, high: int) -> int:
    value = text(node, path)
    try:
        number = int(value) if value is not None else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise InputError(
            "a number is missing or impossible",
            place=path,
            expected=f"a whole number from {low} to {high}",
            found=repr(value),
        )
    return number


def _real(value: str | None) -> float | None:
    """Read a number; ``None`` where it is absent, no number, or one of Java's "unset" values."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return (
        number if (math.isfinite(number) and 1e-300 < abs(number) < 1e300) or number == 0 else None
    )


def _dye(value: str | None) -> str | None:
    return None if value is None or value.lower() in _NO_DYE else value


def read_plate(root: _Element) -> Plate:
    """Read ``plate_setup.xml``.

    Raises
    ------
    InputError
        An impossible plate, a well outside it or set up twice, a target with two sets of dyes.
    """
    rows, columns = _integer(root, "Rows", 1, 16), _integer(root, "Columns", 1, 24)
    omitted = {
        _integer(well, "Index", 0, rows * columns - 1)
        for well in root.iterfind("Wells/Well")
        if (text(well, "IsOmit") or "").lower() == "true"
    }
    samples: dict[int, str] = {}
    tasks: dict[int, list[_Element]] = {}
    for feature in root.iterfind("FeatureMap"):
        kind = text(feature, "Feature/Id")
        for value in feature.iterfind("FeatureValue"):
            index = _integer(value, "Index", 0, rows * columns - 1)
            place = f"well {well_name(index, columns)}"
            if kind == "sample":
                name = text(value, "FeatureItem/Sample/Name")
                if index in samples:
                    raise InputError("a well has two samples", place=place)
                if name:
                    samples[index] = name
            elif kind == "detector-task":
                if index in tasks:
                    raise InputError("a well is set up twice", place=place)
                tasks[index] = value.findall("FeatureItem/DetectorTaskList/DetectorTask")
    targets: dict[str, Target] = {}
    notes: list[str] = []
    reactions = tuple(
        _reaction(task, index, columns, samples.get(index), index in omitted, targets, notes)
        for index in sorted(tasks)
        for task in tasks[index]
    )
    seen: set[tuple[int, str]] = set()
    for reaction in reactions:
        if (reaction.well, reaction.target) in seen:
            raise InputError(
                "a well holds the same target twice",
                place=f"well {reaction.well_name}, target {reaction.target!r}",
            )
        seen.add((reaction.well, reaction.target))
    reference = _dye(text(root, "PassiveReferenceDye"))
    return Plate(
        rows, columns, text(root, "Name"), text(root, "BarCode"), reference, reactions, targets,
        tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _reaction(
    task: _Element,
    index: int,
    columns: int,
    sample: str | None,
    omitted: bool,
    targets: dict[str, Target],
    notes: list[str],
) -> Reaction:
    """One ``DetectorTask`` of one well; adds its target to `targets`."""
    place = f"well {well_name(index, columns)}"
    name = text(task, "Detector/Name")
    reporter = _dye(text(task, "Detector/Reporter"))
    if name is None or reporter is None:
        raise InputError("a target without name or reporter", place=place)
    target = Target(name, reporter, _dye(text(task, "Detector/Quencher")))
    if targets.setdefault(name, target) != target:
        raise InputError(
            "two targets with one name and different dyes",
            place=f"{place}, target {name!r}",
            expected=f"reporter {targets[name].reporter}, quencher {targets[name].quencher}",
            found=f"reporter {target.reporter}, quencher {target.quencher}",
            remedy="give the targets different names in the instrument's software",
        )
    word = text(task, "Task") or "UNKNOWN"
    kind = _TASKS.get(word.upper().replace(" ", "_"))
    if kind is None:
        kind = Task.OTHER
        notes.append(f"Task {word!r} is not known here and is shown as OTHER.")
    quantity = _real(text(task, "Concentration")) if kind is Task.STANDARD else None
    if quantity is not None and quantity <= 0:
        notes.append(f"The standard in {place} has no positive quantity; it is left out.")
        quantity = None
    return Reaction(
        index, well_name(index, columns), sample, name, kind, reporter, target.quencher,
        quantity, omitted,
    )  # fmt: skip


def read_protocol(root: _Element) -> tuple[Stage, ...]:
    """Read ``tcprotocol.xml``."""
    stages = []
    for stage in root.iterfind("TCStage"):
        steps = []
        for step in stage.iterfind("TCStep"):
            celsius, hold = _real(text(step, "Temperature")), _real(text(step, "HoldTime"))
            if celsius is None or hold is None:
                raise InputError("a step without temperature or time", place="TCStage/TCStep")
            steps.append(Step(celsius, hold, text(step, "CollectionFlag") not in (None, "0")))
        repetitions = _integer(stage, "NumOfRepetitions", 1, MAX_CYCLES)
        stages.append(Stage(text(stage, "StageFlag") or "?", repetitions, tuple(steps)))
    return tuple(stages)


def read_settings(root: _Element) -> AnalysisSettings:
    """Read ``analysis_protocol.xml``: thresholds, baselines, enabled quality rules to show."""
    thresholds: dict[str, ThresholdSetting] = {}
    baselines: dict[tuple[int, str], BaselineWindow] = {}
    for settings in root.iterfind("JaxbAnalysisSettings"):
        kind = (text(settings, "Type") or "").rpartition(".")[2]
        values = {
            text(value, "Name"): next(
                (child.text for item in value.iterfind("JaxbValueItem") for child in item), None
            )
            for value in settings.iterfind("JaxbSettingValue")
        }
        name = values.get("ObjectName")
        if not name or name == DEFAULTS:
            continue
        if kind == "IDetectorSettings":
            thresholds[name] = ThresholdSetting(
                _real(values.get("Threshold")), _flag(values.get("AutoCt"))
            )
        elif kind == "IWellSettings":
            numbers = [_real(values.get(k)) for k in ("WellIndex", "BaselineStart", "BaselineStop")]
            well, start, stop = (None if n is None else int(n) for n in numbers)
            if well is None or start is None or stop is None:
                continue
            if not (0 <= well < MAX_WELLS and 1 <= start <= stop <= MAX_CYCLES):
                raise InputError(
                    "an impossible baseline is recorded",
                    place=f"well index {well}, target {name!r}",
                    found=f"cycles {start} to {stop}",
                )
            automatic = _flag(values.get("AutoBaseline"))
            baselines[well, name] = BaselineWindow(start, stop, automatic)
    other: dict[str, str] = {}
    for rule in root.iterfind("AnalysisSetting"):
        values = {
            text(value, "Name"): next((c.text for c in value if str(c.tag).endswith("Value")), "")
            for value in rule.iterfind("SettingValue")
        }
        if values.get("enabled") == "true":
            other[text(rule, "Type") or "?"] = values.get("criteria") or ""
    return AnalysisSettings(thresholds, baselines, other)


def _flag(value: str | None) -> bool | None:
    return None if value is None else value.strip().lower() == "true"
