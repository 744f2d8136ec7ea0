"""Plate and protocol of QuantStudio ``.eds`` files of version 2."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qpcr.errors import InputError
from qpcr.formats._json import Json
from qpcr.run import Reaction, Stage, Step, Target, Task, well_name
from qpcr.said import say

MAX_CYCLES = 2_000
_SIZES = {48: (6, 8), 96: (8, 12), 384: (16, 24), 3072: (48, 64)}
_TASKS = {
    "UNKNOWN": Task.UNKNOWN,
    "STANDARD": Task.STANDARD,
    "NTC": Task.NTC,
    "POSITIVE_CONTROL": Task.POSITIVE_CONTROL,
    "NEGATIVE_CONTROL": Task.NEGATIVE_CONTROL,
    "BLOCKED_IPC": Task.NEGATIVE_CONTROL,
}


@dataclass(frozen=True)
class Plate:
    """What the file sets up."""

    rows: int
    columns: int
    barcode: str | None
    passive_reference: str | None
    reactions: tuple[Reaction, ...]
    targets: dict[str, Target]

    @property
    def wells(self) -> int:
        """Number of wells."""
        return self.rows * self.columns


def read_plate(setup: Json, analysis: Json, notes: list[str]) -> Plate:
    """Read the plate; which wells are omitted stands among the results.

    Raises
    ------
    InputError
        An impossible plate, a well or target twice, a target that is not described.
    """
    rows, columns = _size(setup.get("blockType"))
    targets = _targets(setup)
    omitted = {
        (well.get("wellIndex").integer(0, rows * columns - 1), one.get("targetName").text())
        for well in analysis.get("wellResults").items()
        for one in well.get("reactionResults").items()
        if one.get("omitted").flag()
    }
    found: dict[tuple[int, str], Reaction] = {}
    wells: set[int] = set()
    for well in setup.get("wells").items():
        index = well.get("index").integer(0, rows * columns - 1)
        if index in wells:
            raise InputError("a well is set up twice", place=well.place)
        wells.add(index)
        for one in well.get("targetAssignments").items():
            name = one.get("targetName").text()
            if name is None or name not in targets:
                raise InputError("a well holds a target that is not described", place=one.place,
                                 found=repr(name))  # fmt: skip
            if (index, name) in found:
                raise InputError("a well holds the same target twice", place=one.place)
            task = _task(one.get("task").text(), notes)
            quantity = one.get("quantity").number() if task is Task.STANDARD else None
            found[index, name] = Reaction(
                index,
                well_name(index, columns),
                well.get("sampleName").text(),
                name,
                task,
                targets[name].reporter,
                targets[name].quencher,
                quantity if quantity is not None and quantity > 0 else None,
                (index, name) in omitted,
            )
    reactions = tuple(sorted(found.values(), key=lambda reaction: reaction.well))
    used = {reaction.target for reaction in reactions}
    return Plate(
        rows,
        columns,
        setup.get("plateBarcode").text(),
        _dye(setup.get("passiveReference")),
        reactions,
        {name: target for name, target in targets.items() if name in used},
    )


def _size(block: Json) -> tuple[int, int]:
    word = block.text() or ""
    wells = re.search(r"(\d+)[_ -]?W", word)
    if wells is None or int(wells[1][:6]) not in _SIZES:
        raise InputError(
            "a plate of a size that is not known here", place=block.place,
            expected=", ".join(f"{count} wells" for count in _SIZES), found=repr(word[:60]),
        )  # fmt: skip
    return _SIZES[int(wells[1])]


def _targets(setup: Json) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for one in setup.get("targets").items():
        name, reporter = one.get("name").text(), _dye(one.get("reporter"))
        if name is None or reporter is None:
            raise InputError("a target without name or reporter", place=one.place)
        target = Target(name, reporter, _dye(one.get("quencher")))
        if found.setdefault(name, target) != target:
            raise InputError("two targets with one name and different dyes", place=one.place)
    return found


def _dye(value: Json) -> str | None:
    name = value.text()
    return None if name is None or name.lower() in ("none", "null") else name


def _task(word: str | None, notes: list[str]) -> Task:
    if word is None:
        return Task.UNKNOWN
    task = _TASKS.get(word.upper().replace(" ", "_"))
    if task is None:
        notes.append(say("Task {task} is not known here and is shown as OTHER.", task=word))
    return task or Task.OTHER


def read_method(method: Json) -> tuple[Stage, ...]:
    """Stages of the thermal protocol."""
    stages = []
    for stage in method.get("stages").items():
        steps = []
        melts = (stage.get("type").text() or "").upper().startswith("MELT")
        for step in stage.get("steps").items():
            celsius = step.get("ramp").get("temperature").number()
            seconds = step.get("hold").get("duration").number()
            reads = any(
                step.get(part).get("collectionProfile").value is not None
                for part in ("hold", "ramp")
            )
            if celsius is not None and seconds is not None:
                steps.append(Step(celsius, seconds, reads, melts and reads))
        name = stage.get("type").text() or "CYCLING"
        stages.append(Stage(name, stage.get("repeat").integer(1, MAX_CYCLES), tuple(steps)))
    return tuple(stages)
