"""Filter readings of the cycling stage from the images of SDS 2.x ``.eds`` files.

Names: ``stageS-cycleC-pointP-F.tiff`` with the stage (from 1, in the order of the protocol), a
cycle number (0 in converted files), the reading number and the filter. Only the numbers order
the readings; the names are compared as numbers, never as text. On the 7500 an image is one
big-endian signed 64-bit integer a well, without a header, already background-subtracted.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats._archive import Archive
from qpcr.formats._multicomponent import Multicomponent
from qpcr.run import DyeSignals, Stage

MAX_COUNT = 2**31
_IMAGE = re.compile(r"stage(\d{1,3})-cycle(\d{1,5})-point(\d{1,5})-(\w{1,12})\.tiff")

Key = tuple[int, int, int]
"""Stage, reading number, cycle number: the order of the readings."""


@dataclass(frozen=True, eq=False, slots=True)
class Readings:
    """Filter readings of the cycling stage.

    Attributes
    ----------
    counts
        (W, C, F) as stored.
    filters
        Names of the F filters.
    source
        Which members they come from.
    """

    counts: FloatArray
    filters: tuple[str, ...]
    source: str


def read_images(
    archive: Archive, folder: str, wells: int, protocol: tuple[Stage, ...], notes: list[str]
) -> Readings | None:
    """Read the images of the cycling stage, or ``None`` where there are none that can be read.

    Raises
    ------
    InputError
        A reading is missing, of the wrong size, or holds an impossible count.
    UnsupportedError
        More than one reading a cycle.
    """
    images: dict[Key, dict[str, str]] = {}
    for name in archive.members:
        match = _IMAGE.fullmatch(name.removeprefix(folder)) if name.startswith(folder) else None
        if match and match[4].isdigit():
            stage, cycle, point = (int(match[i]) for i in (1, 2, 3))
            images.setdefault((stage, point, cycle), {})[match[4]] = name
    chosen = sorted(key for key in images if key[0] in _stages(images, protocol, notes))
    if not chosen:
        return None
    _check_order(chosen, protocol, notes)
    filters = tuple(sorted(set().union(*(images[key] for key in chosen)), key=int))
    missing = [
        f"stage {key[0]}, reading {key[1]}, filter {f}"
        for key in chosen
        for f in filters
        if f not in images[key]
    ]
    if missing:
        raise InputError(
            "filter readings are missing",
            place=f"{folder}, {missing[0]}",
            expected=f"{len(chosen)} readings × {len(filters)} filters",
            found=f"{len(missing)} missing",
            remedy="copy the file from the instrument again",
        )
    planes = [[_image(archive, images[key][f], wells) for f in filters] for key in chosen]
    counts: FloatArray = np.array(planes, dtype=np.float64).transpose(2, 0, 1)
    return Readings(counts, filters, "images")


def _stages(
    images: dict[Key, dict[str, str]], protocol: tuple[Stage, ...], notes: list[str]
) -> set[int]:
    """Stages whose readings are amplification cycles."""
    present = {key[0] for key in images}
    cycling = {
        number
        for number, stage in enumerate(protocol, 1)
        if stage.name == "CYCLING" and any(step.reads for step in stage.steps)
    }
    for number in cycling & present:
        if sum(step.reads for step in protocol[number - 1].steps) > 1:
            raise UnsupportedError(
                "the run reads fluorescence more than once a cycle",
                place=f"tcprotocol.xml, stage {number}",
                expected="one reading a cycle",
            )
    if cycling & present:
        return cycling & present
    if len(present) == 1:
        notes.append("The protocol names no cycling stage with readings; the only stage is used.")
        return present
    return set()


def _check_order(chosen: list[Key], protocol: tuple[Stage, ...], notes: list[str]) -> None:
    """Readings must follow each other without a gap; fewer than planned is noted."""
    by_point = len({key[:2] for key in chosen}) == len(chosen)
    numbers = [(key[0], key[1] if by_point else key[2]) for key in chosen]
    for (stage, before), (next_stage, after) in itertools.pairwise(numbers):
        if next_stage == stage and after != before + 1:
            raise InputError(
                "readings are missing",
                place=f"images, stage {stage}",
                expected=f"reading {before + 1}",
                found=f"reading {after}",
                remedy="copy the file from the instrument again",
            )
    planned = sum(
        protocol[stage - 1].repetitions
        for stage in {key[0] for key in chosen}
        if stage <= len(protocol)
    )
    if planned and planned != len(chosen):
        notes.append(
            f"The file holds {len(chosen)} cycles, the protocol plans {planned}: the run was "
            "stopped early, extended, or is still going on."
        )


def _image(archive: Archive, name: str, wells: int) -> FloatArray:
    data = archive.read(name)
    if len(data) != 8 * wells:
        raise InputError(
            "a filter reading is of the wrong size",
            place=name,
            expected=f"{8 * wells} bytes ({wells} wells)",
            found=f"{len(data)} bytes",
        )
    counts = np.frombuffer(data, ">i8")
    if counts.min() < 0 or counts.max() >= MAX_COUNT:
        raise InputError(
            "a filter reading holds an impossible count",
            place=f"{name}, well index {int(np.argmax((counts < 0) | (counts >= MAX_COUNT)))}",
            expected=f"0 to {MAX_COUNT - 1}",
            found=f"{counts.min()} to {counts.max()}",
        )
    return counts.astype(np.float64)


def cycling_signals(multi: Multicomponent, count: int) -> dict[int, DyeSignals]:
    """Dye signals of the cycling stage only, by well index."""
    found = {}
    for well, one in multi.signals.items():
        chosen = slice(0, count) if multi.cycling is None else multi.cycling
        signal = one.signal[:, chosen]
        residual = None if one.residual is None else one.residual[chosen]
        if signal.shape[1] == count:
            found[well] = DyeSignals(one.dyes, signal, residual)
    return found
