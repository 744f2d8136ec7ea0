"""Which run of an RDML file is read: a file may hold many, in several experiments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr._lists import listed
from qpcr.errors import InputError
from qpcr.formats._rdml_text import by_identity, children, reference, word
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_LISTED = 200


@dataclass(frozen=True)
class NamedRun:
    """A run and its experiment."""

    experiment: str
    run: str
    node: _Element

    @property
    def name(self) -> str:
        """Both, as a person names it: ``experiment/run``."""
        return f"{self.experiment}/{self.run}"


def runs_of(root: _Element) -> list[NamedRun]:
    """Every run of the file, in its order."""
    return [
        NamedRun(experiment, run, inner)
        for experiment, node in by_identity(root, "experiment").items()
        for run, inner in by_identity(node, "run").items()
    ]


def chosen_runs(
    runs: list[NamedRun], wanted: str | None, notes: list[str], unread: list[str]
) -> list[NamedRun]:
    """Runs to read: the one that is named, the only one, or all channels of one plate.

    Raises
    ------
    InputError
        There is no run, none or several of that name, or several and none was named.
    """
    if not runs:
        raise InputError("the file holds no run", expected="experiment/run")
    if wanted is not None:
        found = [one for one in runs if wanted in (one.name, one.run)]
        if len(found) != 1:
            raise InputError(
                "no run has this name" if not found else "several runs have this name",
                expected=_names(runs),
                found=repr(wanted)[:200],
                remedy="name it as experiment/run",
            )
        rest = [one.name for one in runs if one is not found[0]]
        unread += [f"run {name}" for name in rest]
        return found
    if len(runs) == 1:
        return runs
    if not _one_plate(runs):
        raise InputError(
            f"the file holds {len(runs)} runs",
            expected="one run, or the name of one",
            found=_names(runs),
            remedy="name the run to read with --run",
        )
    notes.append(
        say("The file's {count} runs are the channels of one plate ({names}): the same wells and "
            "samples, read in different dyes. They are put together.",
            count=len(runs), names=listed([one.name for one in runs], 10))
    )  # fmt: skip
    return runs


@dataclass(frozen=True)
class Separate:
    """One of the runs that :func:`separate_runs` finds.

    Attributes
    ----------
    name
        ``experiment/run``; ``None`` where no name is needed.
    runs
        The run, or all channels of one plate.
    notes, unread
        What is said of the choice: the same as where the run is chosen by its name.
    """

    name: str | None
    runs: list[NamedRun]
    notes: list[str]
    unread: list[str]


def separate_runs(runs: list[NamedRun]) -> list[Separate]:
    """Runs that are read one by one; those that :func:`chosen_runs` needs no name for are one.

    Raises
    ------
    InputError
        There is no run.
    """
    if len(runs) < 2 or _one_plate(runs):
        notes: list[str] = []
        return [Separate(None, chosen_runs(runs, None, notes, []), notes, [])]
    return [
        Separate(one.name, [one], [], [f"run {other.name}" for other in runs if other is not one])
        for one in runs
    ]


def _names(runs: list[NamedRun]) -> str:
    return listed([one.name for one in runs], MAX_LISTED)


def _one_plate(runs: list[NamedRun]) -> bool:
    """Say whether runs are one plate, read in different dyes.

    They lie in one experiment, state the same time, instrument and plate, have the same sample in
    each well, and no two of them read the same dye.
    """
    if len({one.experiment for one in runs}) > 1:
        return False
    facts = ("instrument", "runDate", "pcrFormat/rows", "pcrFormat/columns")
    if len({tuple(word(one.node, fact) for fact in facts) for one in runs}) > 1:
        return False
    if len({_samples(one.node) for one in runs}) > 1:
        return False
    root = runs[0].node.getroottree().getroot()
    dyes = {key: reference(node, "dyeId") for key, node in by_identity(root, "target").items()}
    seen: set[str | None] = {None}
    for one in runs:
        mine = {dyes.get(reference(data, "tar") or "") for data in children(one.node, "react/data")}
        if mine & seen:
            return False
        seen |= mine
    return True


def _samples(run: _Element) -> frozenset[tuple[str | None, str | None]]:
    return frozenset((node.get("id"), reference(node, "sample")) for node in children(run, "react"))
