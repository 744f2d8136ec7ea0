"""The XML members of SDS 2.x ``.eds`` files that set a run up: plate and thermal protocol.

UTF-8, no namespace. Wells are 0-based and row-major.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr.errors import InputError
from qpcr.formats._eds_text import clean_name, flag, integer, real, remark, text
from qpcr.formats._ini import moment
from qpcr.run import Provenance, Reaction, Stage, Step, Target, Task, well_name
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

    from qpcr.formats._archive import Archive

MAX_CYCLES = 2_000

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
MELT = "3"
"""``CollectionFlag`` of a step that reads while it heats, an unknown number of times."""


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


def _dye(value: str | None) -> str | None:
    return None if value is None or value.lower() in _NO_DYE else value


def read_plate(root: _Element) -> Plate:
    """Read ``plate_setup.xml``.

    Raises
    ------
    InputError
        An impossible plate, a well outside it or set up twice, a target with two sets of dyes.
    """
    rows, columns = integer(root, "Rows", 1, 16), integer(root, "Columns", 1, 24)
    omitted = {
        integer(well, "Index", 0, rows * columns - 1)
        for well in root.iterfind("Wells/Well")
        if flag(text(well, "IsOmit"))
    }
    samples: dict[int, str] = {}
    tasks: dict[int, list[_Element]] = {}
    for feature in root.iterfind("FeatureMap"):
        kind = text(feature, "Feature/Id")
        for value in feature.iterfind("FeatureValue"):
            index = integer(value, "Index", 0, rows * columns - 1)
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
    notes = _merged_names(root)
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
        rows, columns, remark(root, "Name"), remark(root, "BarCode"), reference, reactions, targets,
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
        notes.append(say("Task {task!r} is not known here and is shown as OTHER.", task=word))
    quantity = (
        _quantity(text(task, "Concentration"), place, notes) if kind is Task.STANDARD else None
    )
    return Reaction(
        index, well_name(index, columns), sample, name, kind, reporter, target.quencher,
        quantity, omitted,
    )  # fmt: skip


def _quantity(word: str | None, place: str, notes: list[str]) -> float | None:
    """Quantity of a standard, or ``None`` (noted) where it is no positive number."""
    quantity = real(word)
    if quantity is not None and quantity > 0:
        return quantity
    notes.append(
        say(
            "The standard in {place} has no positive quantity ({found!r} is recorded); it is left "
            "out.",
            place=place,
            found=(word or "nothing")[:20],
        )
    )
    return None


def _merged_names(root: _Element) -> list[str]:
    """Notes on target names that differ in white space or invisible characters only."""
    spellings: dict[str, set[str]] = {}
    for node in root.iterfind("FeatureMap/FeatureValue/FeatureItem/DetectorTaskList/DetectorTask"):
        raw = node.findtext("Detector/Name") or ""
        spellings.setdefault(clean_name(raw), set()).add(raw)
    return [
        say(
            "Target {target!r} is spelt in {count} ways that differ in white space or invisible "
            "characters only; they are taken as one target.",
            target=name,
            count=len(raw),
        )
        for name, raw in spellings.items()
        if len(raw) > 1
    ]


def read_protocol(root: _Element) -> tuple[Stage, ...]:
    """Read ``tcprotocol.xml``."""
    stages = []
    for stage in root.iterfind("TCStage"):
        steps = []
        for step in stage.iterfind("TCStep"):
            celsius, hold = real(text(step, "Temperature")), real(text(step, "HoldTime"))
            if celsius is None or hold is None:
                raise InputError("a step without temperature or time", place="TCStage/TCStep")
            word = text(step, "CollectionFlag")
            steps.append(Step(celsius, hold, word not in (None, "0"), word == MELT))
        repetitions = integer(stage, "NumOfRepetitions", 1, MAX_CYCLES)
        stages.append(Stage(text(stage, "StageFlag") or "?", repetitions, tuple(steps)))
    return tuple(stages)


def read_provenance(
    archive: Archive,
    experiment: _Element,
    plate: Plate,
    *,
    reader: str,
    software: str | None,
    instruments: Mapping[str, str],
) -> Provenance:
    """Read where a run comes from out of ``experiment.xml``.

    Parameters
    ----------
    archive
        The file.
    experiment
        Root of ``experiment.xml``.
    plate
        Whose name and barcode are taken where the experiment has none.
    reader
        Name of the format.
    software
        Name and version of the software that wrote the file.
    instruments
        Names of instruments by the type's id in small letters; others keep their id.
    """
    version = re.search(r"\d+(\.\d+)+", software or "")
    instrument = text(experiment, "InstrumentTypeId")
    return Provenance(
        archive.path.name,
        archive.sha256,
        archive.size,
        reader,
        instrument=instruments.get((instrument or "").lower(), instrument),
        software=software,
        software_version=version[0] if version else None,
        experiment=remark(experiment, "Name") or plate.name,
        experiment_type=text(experiment, "Type/Id"),
        chemistry=text(experiment, "ChemistryType"),
        operator=remark(experiment, "Operator"),
        barcode=plate.barcode,
        comment=remark(experiment, "Description"),
        run_state=text(experiment, "RunState"),
        started=moment(text(experiment, "RunStartTime")),
        ended=moment(text(experiment, "RunEndTime")),
        modified=moment(text(experiment, "ModifiedTime")),
    )
