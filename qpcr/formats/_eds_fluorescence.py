"""Filter readings of the cycling stage from the images of SDS 2.x ``.eds`` files.

Names: ``stageS-cycleC-pointP-F.tiff`` with the stage (from 1, in the order of the protocol), a
cycle number (0 in converted files), the reading number and the filter. Only the numbers order
the readings; the names are compared as numbers, never as text. On the 7500 an image is one
big-endian signed 64-bit integer a well, without a header, already background-subtracted.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.formats._archive import Archive
from qpcr.formats._eds_readings import (
    OTHERS,
    SOLE,
    cycling_readings,
    cycling_stages,
    other_count,
    planned_cycles,
)
from qpcr.formats._multicomponent import Multicomponent
from qpcr.run import DyeSignals, Stage
from qpcr.said import say

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
    firsts
        Of images: the first reading number of each stage they are of; 1 unless some are missing.
    """

    counts: FloatArray
    filters: tuple[str, ...]
    source: str
    firsts: tuple[int, ...] = ()


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
    stages = _stages({key[0] for key in images}, protocol, notes)
    chosen = sorted(key for key in images if key[0] in stages)
    if not chosen:
        return None
    firsts = _since_start(_check_order(chosen, protocol, notes), images)
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
    return Readings(counts, filters, "images", firsts)


def _stages(present: set[int], protocol: tuple[Stage, ...], notes: list[str]) -> set[int]:
    """Stages whose readings are amplification cycles."""
    cycling = cycling_stages(protocol)
    if cycling:
        return cycling & present
    if len(present) != 1:
        return set()
    number = next(iter(present))
    if 0 < number <= len(protocol) and protocol[number - 1].name in OTHERS:
        return set()
    notes.append(SOLE)
    return present


def _check_order(
    chosen: list[Key], protocol: tuple[Stage, ...], notes: list[str]
) -> dict[int, int]:
    """Readings must follow each other without a gap; fewer than planned is noted.

    Returns the first reading number by stage.
    """
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
    held = Counter(key[0] for key in chosen)
    expected = sorted(cycling_stages(protocol)) or sorted(held)
    for stage in expected[: expected.index(max(held))]:
        if held[stage] != protocol[stage - 1].repetitions:
            raise InputError(
                "readings are missing",
                place=f"images, stage {stage}",
                expected=f"{protocol[stage - 1].repetitions} cycles before the next stage",
                found=f"{held[stage]}",
                remedy="copy the file from the instrument again",
            )
    planned = planned_cycles(protocol, expected)
    if planned and planned != len(chosen):
        notes.append(other_count(len(chosen), planned))
    first: dict[int, int] = {}
    for stage, number in numbers:
        first.setdefault(stage, number)
    return first


def _since_start(firsts: dict[int, int], images: Iterable[Key]) -> tuple[int, ...]:
    """First reading number of each stage, 1 where it goes on from the stages before it.

    Some files number readings over the whole run: a pre-read is reading 1, the first cycle 2.
    """
    found = []
    for stage, first in firsts.items():
        before = {point for other, point, _ in images if other < stage}
        found.append(1 if before == set(range(1, first)) else first)
    return tuple(found)


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


def with_cycles(
    multi: Multicomponent, protocol: tuple[Stage, ...], images: bool, notes: list[str]
) -> Multicomponent:
    """Multicomponent data that say which readings are cycles.

    Raises
    ------
    InputError
        Nothing says which, and there are no images to go by.
    """
    if multi.cycling is not None:
        count, planned = (
            int(multi.cycling.sum()),
            planned_cycles(protocol, cycling_stages(protocol)),
        )
        if not images and count and planned and count != planned:
            notes.append(other_count(count, planned))
        return multi
    parts = [multi.raw] if multi.raw is not None else [s.signal for s in multi.signals.values()]
    if not parts:
        return multi
    found: list[str] = []
    total = parts[0].shape[1]
    try:
        cycling = cycling_readings(total, protocol, found)
    except InputError:
        if not images:
            raise
        cycling = np.zeros(total, dtype=np.bool_)
        found = [say("The instrument's dye signals do not fit the protocol and are not used.")]
    notes.extend(note for note in found if note not in notes)
    return replace(multi, cycling=cycling)


def readings_of(multi: Multicomponent, names: tuple[str, ...]) -> Readings | None:
    """Filter readings from the multicomponent object, where there are no readable images.

    `names` are the filters of the calibration, used where their number fits.
    """
    if multi.raw is None or multi.cycling is None or not multi.cycling.any():
        return None
    counts = multi.raw[:, multi.cycling].astype(np.float64)
    if len(names) != counts.shape[2]:
        names = tuple(str(i + 1) for i in range(counts.shape[2]))
    return Readings(counts, names, "post-roi.dat")


def check_images(readings: Readings, multi: Multicomponent | None, notes: list[str]) -> None:
    """Compare the images with the readings that the multicomponent object kept.

    Raises
    ------
    InputError
        The images do not begin with the first cycle, or nothing shows that they do.
    """
    kept = None
    if multi is not None and multi.raw is not None and multi.cycling is not None:
        kept = multi.raw[:, multi.cycling]
    counts = readings.counts
    comparable = kept is not None and kept.shape[1] > 0 and kept.shape[2] == counts.shape[2]
    if kept is not None and comparable:
        alike = (kept == counts[:, :1]).all(axis=(0, 2))
        if alike.any() and not alike[0]:
            raise _late(f"the images begin with reading {int(np.argmax(alike)) + 1} of those kept")
        if not alike.any() and kept.shape[1] != counts.shape[1]:
            raise _late("the first reading of the images is not among those kept in post-roi.dat")
        proven = bool(alike[0]) and kept.shape[1] == counts.shape[1]
    else:
        proven = False
    if not proven and any(number != 1 for number in readings.firsts):
        late = next(number for number in readings.firsts if number != 1)
        raise _late(f"reading {late}")
    if kept is None:
        return
    if kept.shape != counts.shape:
        notes.append(
            say(
                "The images hold {images} cycles, the instrument's multicomponent data {kept}; "
                "the images are used.",
                images=counts.shape[1],
                kept=kept.shape[1],
            )
        )
    elif (differ := int((kept != counts).sum())) > 0:
        notes.append(
            say(
                "{count} filter readings differ between the images and the instrument's "
                "multicomponent data; the images are used.",
                count=differ,
            )
        )


def _late(found: str) -> InputError:
    return InputError(
        "readings are missing",
        place="images, the beginning of a cycling stage",
        expected="reading 1",
        found=found,
        remedy="copy the file from the instrument again",
    )


def cycling_signals(multi: Multicomponent, count: int) -> dict[int, DyeSignals]:
    """Dye signals of the cycling stage only, by well index; none where they are not `count`."""
    cycling = multi.cycling
    if cycling is None or int(cycling.sum()) != count:
        return {}
    return {
        well: DyeSignals(
            one.dyes,
            one.signal[:, cycling],
            None if one.residual is None else one.residual[cycling],
        )
        for well, one in multi.signals.items()
    }
