"""Dyes, targets, samples and protocol of a run as RDML describes them.

RDML says what a sample is for once, not per well, and (before 1.3) not per target. A name that
means different things in different wells becomes several samples; what RDML cannot say is an
``annotation`` that begins with :data:`~qpcr.formats._rdml_setup.OURS`, which our reader knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from primers import Panel
from qpcr._lists import grouped
from qpcr.export._rdml_xml import add
from qpcr.formats._rdml_setup import OURS
from qpcr.run import Run, Task
from qpcr.said import say

TYPES = {
    Task.UNKNOWN: "unkn",
    Task.STANDARD: "std",
    Task.NTC: "ntc",
    Task.POSITIVE_CONTROL: "pos",
    Task.NEGATIVE_CONTROL: "ntp",
    Task.OTHER: "unkn",
}
UNITS = ("cop", "fold", "dil", "ng", "nMol", "other")
_SEQUENCE = re.compile(r"[ACGTRYSWKMBDHVN]+", re.IGNORECASE | re.ASCII)
Purpose = tuple[Task, float | None]


@dataclass
class Sample:
    """A sample of the document: its id, the name in the run, what it is for by target."""

    key: str
    name: str | None
    purposes: dict[str, Purpose] = field(default_factory=dict)


def samples_of(run: Run) -> tuple[list[Sample], dict[int, str]]:
    """Samples of a run, and the id of the sample in each well."""
    found: dict[str | None, list[Sample]] = {}
    wells: dict[int, str] = {}
    taken = {reaction.sample for reaction in run.reactions}
    for well, reactions in grouped(run.reactions, lambda one: one.well).items():
        name = reactions[0].sample
        mine = {one.target: (one.task, one.quantity) for one in reactions}
        variants = found.setdefault(name, [])
        for one in variants:
            if all(one.purposes.get(target, what) == what for target, what in mine.items()):
                one.purposes.update(mine)
                wells[well] = one.key
                break
        else:
            key = name or "unnamed"
            if variants or (name is None and key in taken):
                key = _free(key, taken)
            taken.add(key)
            variants.append(Sample(key, name, mine))
            wells[well] = key
    return [one for variants in found.values() for one in variants], wells


def _free(name: str, taken: set[str | None]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def add_samples(root: etree._Element, samples: list[Sample], unit: str, version: str) -> list[str]:
    """Add the samples; returns what this version of RDML could not say."""
    lost = []
    for sample in samples:
        node = add(root, "sample", id=sample.key)
        types = {TYPES[task] for task, _ in sample.purposes.values()}
        amounts = {quantity for _, quantity in sample.purposes.values()}
        split = version != "1.2" and (len(types) > 1 or len(amounts) > 1)
        said: dict[str, str] = {}
        if sample.key != sample.name:
            said["sample"] = sample.name or ""
        for target, (task, quantity) in sample.purposes.items():
            if task is Task.OTHER or (len(types) > 1 and not split):
                said[f"task:{target}"] = task.name
            if quantity is not None and len(amounts) > 1 and not split:
                said[f"quantity:{target}"] = repr(float(quantity))
        for name, value in said.items():
            note = add(node, "annotation")
            add(note, "property", OURS + name)
            add(note, "value", value)
        if len(said) > (sample.key != sample.name):
            lost.append(sample.key)
        _add_types(node, sample, types, split)
        _add_quantities(node, sample, amounts, split, unit)
    return lost


def _add_types(node: etree._Element, sample: Sample, types: set[str], split: bool) -> None:
    if split:
        for target, (task, _) in sample.purposes.items():
            add(node, "type", TYPES[task], targetId=target)
        return
    add(node, "type", next(iter(types)) if len(types) == 1 else "unkn")


def _add_quantities(
    node: etree._Element, sample: Sample, amounts: set[float | None], split: bool, unit: str
) -> None:
    chosen: list[tuple[dict[str, str], float]] = []
    if split:
        chosen = [
            ({"targetId": target}, quantity)
            for target, (_, quantity) in sample.purposes.items()
            if quantity is not None
        ]
    elif len(amounts) == 1 and (only := next(iter(amounts))) is not None:
        chosen = [({}, only)]
    for attributes, quantity in chosen:
        inside = add(node, "quantity", **attributes)
        add(inside, "value", repr(float(quantity)))
        add(inside, "unit", unit if unit in UNITS else "other")


def add_dyes(root: etree._Element, run: Run, version: str) -> None:
    """Add the reporters and the passive reference."""
    quenched = {r.reporter for r in run.reactions if r.quencher is not None}
    dyes = {reaction.reporter for reaction in run.reactions}
    if run.passive_reference is not None:
        dyes.add(run.passive_reference)
    for dye in sorted(dyes):
        node = add(root, "dye", id=dye)
        if dye == run.passive_reference:
            add(node, "description", "passive reference")
        elif dye in quenched and version != "1.2":
            add(node, "dyeChemistry", "hydrolysis probe")


def add_targets(root: etree._Element, run: Run, panel: Panel | None) -> list[str]:
    """Add the targets, with primers where the panel names one pair; returns what it could not."""
    told: list[str] = []
    for name, target in run.targets.items():
        node = add(root, "target", id=name)
        place = None if panel is None else panel.find_channel(name)
        if target.quencher is not None:
            add(node, "description", f"quencher {target.quencher}")
        reference = place is not None and place[1].role == "reference"
        add(node, "type", "ref" if reference else "toi")
        add(node, "dyeId", id=target.reporter)
        if panel is not None and place is not None:
            told += _add_oligos(node, name, panel)
        elif panel is not None:
            told.append(
                say("Target {target} is none of the panel {panel}: its oligos are not written.",
                    target=name, panel=panel.name)
            )  # fmt: skip
    return told


def _add_oligos(node: etree._Element, target: str, panel: Panel) -> list[str]:
    place = panel.find_channel(target)
    if place is None:
        return []
    reaction, channel = place
    told: list[str] = []
    assays = [panel.assay(name) for name in channel.reads]
    roles = {
        "forwardPrimer": {assay.forward for assay in assays},
        "reversePrimer": {assay.reverse for assay in assays},
        "probe1": {name for name in reaction.oligos if panel.oligo(name).role == "probe"},
    }
    single: dict[str, str] = {}
    for role, names in roles.items():
        if len(names) > 1:
            told.append(
                say("Target {target} has several oligos in one place ({names}); RDML has room for "
                    "one.", target=target, names=", ".join(sorted(names)))
            )  # fmt: skip
        elif names:
            sequence = panel.oligo(next(iter(names))).sequence
            if sequence is not None and _SEQUENCE.fullmatch(sequence):
                single[role] = sequence
    if single:
        inside = add(node, "sequences")
        for role, sequence in single.items():
            add(add(inside, role), "sequence", sequence)
    return told


def add_protocol(root: etree._Element, run: Run, key: str) -> list[str]:
    """Add the thermal protocol, if there is one; returns what RDML could not say of it."""
    told: list[str] = []
    if not any(stage.steps for stage in run.protocol):
        return []
    node = add(root, "thermalCyclingConditions", id=key)
    nr = 0
    for stage in run.protocol:
        first = nr + 1
        for step in stage.steps:
            nr += 1
            inside = add(node, "step")
            add(inside, "nr", str(nr))
            heat = add(inside, "temperature")
            add(heat, "temperature", repr(float(step.temperature_celsius)))
            seconds = max(1, round(step.hold_seconds))
            add(heat, "duration", str(seconds))
            if seconds != step.hold_seconds:
                told.append(
                    say("A step of {seconds:g} s is written as {whole} s: RDML knows whole seconds "
                        "only.", seconds=step.hold_seconds, whole=seconds)
                )  # fmt: skip
            if step.reads:
                add(heat, "measure", "meltcurve" if step.melts else "real time")
        if stage.repetitions > 1 and stage.steps:
            nr += 1
            inside = add(node, "step")
            add(inside, "nr", str(nr))
            loop = add(inside, "loop")
            add(loop, "goto", str(first))
            add(loop, "repeat", str(stage.repetitions))
    return list(dict.fromkeys(told))
