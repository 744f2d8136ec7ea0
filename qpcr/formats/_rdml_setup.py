"""What an RDML file says about targets, samples and the thermal protocol.

Where RDML has no word for something, this software writes an ``annotation`` to the sample
(:data:`OURS` and what it says), and reads it again here.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpcr.errors import InputError
from qpcr.formats._rdml_text import by_identity, children, number, reference, word
from qpcr.run import Stage, Step, Target, Task
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

OURS = "ikaros-qpcr:"
"""How the property of an annotation begins that this software wrote."""
TASKS = {
    "unkn": Task.UNKNOWN,
    "std": Task.STANDARD,
    "ntc": Task.NTC,
    "pos": Task.POSITIVE_CONTROL,
    "ntp": Task.NEGATIVE_CONTROL,
    "nac": Task.NEGATIVE_CONTROL,
    "nrt": Task.OTHER,
    "opt": Task.OTHER,
}
"""RDML's sample types. ``ntp`` (template without the target) and ``nac`` (no amplification) are
negative controls; ``nrt`` (no reverse transcriptase) and ``opt`` (optical) have no word here."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_QUENCHER = re.compile(
    r"quencher (.+)|((?:NFQ|BHQ|QSY|TAMRA|MGB|DABCYL|IBFQ)[\w -]*)", re.IGNORECASE
)
_MAX_STEPS = 500
_MAX_REPEAT = 2_000


@dataclass(frozen=True)
class Sample:
    """A sample: its name, and what it is for by target (``None``: all others)."""

    name: str | None
    tasks: dict[str | None, Task]
    quantities: dict[str | None, float] = field(default_factory=dict)
    units: tuple[str, ...] = ()


def read_targets(root: _Element, notes: list[str]) -> dict[str, Target]:
    """Targets by id, with the dye that reports each."""
    dyes = by_identity(root, "dye")
    found = {}
    dyeless = []
    for name, node in by_identity(root, "target").items():
        dye = reference(node, "dyeId")
        if dye is None:
            dyeless.append(name)
        elif dyes and dye not in dyes:
            notes.append(
                say("Target {target} names a dye that the file does not describe: {dye}.",
                    target=name, dye=dye)
            )  # fmt: skip
        quencher = _QUENCHER.fullmatch(word(node, "description") or "")
        found[name] = Target(
            name, dye or "unknown", (quencher[1] or quencher[2]) if quencher else None
        )
    if dyeless:
        notes.append(say("No dye is named for {targets}.", targets=", ".join(dyeless[:10])))
    return found


def read_samples(root: _Element, notes: list[str]) -> dict[str, Sample]:
    """Samples by id."""
    nodes = by_identity(root, "sample")
    shown = Counter(word(node, "description") for node in nodes.values())
    renamed = 0
    found = {}
    for key, node in nodes.items():
        name: str | None = key
        description = word(node, "description")
        if _UUID.fullmatch(key) and description is not None and shown[description] == 1:
            name, renamed = description, renamed + 1
        found[key] = _sample(node, name, notes)
    if renamed:
        notes.append(
            say("{count} samples have a machine's number for an id; they are called by their "
                "descriptions.", count=renamed)
        )  # fmt: skip
    return found


def _sample(node: _Element, name: str | None, notes: list[str]) -> Sample:
    place = f"sample {node.get('id')!r}"[:200]
    tasks: dict[str | None, Task] = {}
    for kind in children(node, "type"):
        label = (kind.text or "unkn").strip() or "unkn"
        if label not in TASKS:
            raise InputError(
                "a sample type that RDML does not know",
                place=place,
                expected=", ".join(TASKS),
                found=repr(label[:40]),
            )
        if TASKS[label] is Task.OTHER:
            notes.append(say("Samples of RDML's type {kind} are shown as OTHER.", kind=label))
        tasks[kind.get("targetId")] = TASKS[label]
    quantities: dict[str | None, float] = {}
    units = []
    for quantity in children(node, "quantity"):
        value = number(word(quantity, "value"), place)
        if value is not None and value > 0:
            quantities[quantity.get("targetId")] = value
            units.append(word(quantity, "unit") or "not named")
    for note in children(node, "annotation"):
        key, text = word(note, "property") or "", word(note, "value")
        kind_, _, target = key.removeprefix(OURS).partition(":")
        if not key.startswith(OURS):
            continue
        if kind_ == "sample":
            name = text
        elif kind_ == "task" and text is not None and text in Task.__members__:
            tasks[target or None] = Task[text]
        elif kind_ == "quantity" and (value := number(text, place)) is not None:
            quantities[target or None] = value
    return Sample(name, tasks, quantities, tuple(units))


def read_protocol(
    node: _Element | None, cycles: int, notes: list[str], unread: list[str]
) -> tuple[Stage, ...]:
    """Stages of a thermal protocol: steps in a row, and loops; what is neither is listed.

    The schema counts the first pass of a loop among its repetitions; some programs do not. Curves
    with one cycle more than the loop (`cycles`) show which was meant.
    """
    plain: list[tuple[int, Step]] = []
    stages: list[tuple[int, Stage]] = []
    nodes = [] if node is None else list(children(node, "step"))
    if len(nodes) > _MAX_STEPS:
        raise InputError("a thermal protocol with too many steps", expected=f"{_MAX_STEPS} at most")
    for one in nodes:
        nr = number(word(one, "nr"), "thermal step")
        at = int(nr) if nr is not None and 0 < nr < 10_000 else 0
        place = f"thermal step {at}"
        celsius = number(word(one, "temperature/temperature"), place)
        seconds = number(word(one, "temperature/duration"), place)
        first = number(word(one, "loop/goto"), place)
        times = number(word(one, "loop/repeat"), place)
        if celsius is not None and seconds is not None:
            measure = word(one, "temperature/measure")
            reads, melts = measure is not None, measure == "meltcurve"
            plain.append((at, Step(celsius, seconds, reads, melts)))
        elif first is not None and times is not None and 1 <= times <= _MAX_REPEAT:
            inside = tuple(step for where, step in plain if where >= first)
            before = tuple(step for where, step in plain if where < first)
            if not inside:
                unread.append(f"{place} (a loop this reader does not follow)")
                continue
            if before:
                stages.append((at, Stage("hold", 1, before)))
            more = times + 1 == cycles
            if more:
                notes.append(
                    say(
                        "The file's loop repeats {times} times and its curves have one cycle more: "
                        "the first pass is not counted in it.",
                        times=int(times),
                    )
                )
            stages.append((at, Stage("cycling", int(times) + more, inside)))
            plain = []
        else:
            unread.append(f"{place} (neither a temperature nor a loop)")
    if plain:
        stages.append((0, Stage("hold", 1, tuple(step for _, step in plain))))
    return tuple(stage for _, stage in stages)
