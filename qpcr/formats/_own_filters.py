"""Own filter of each dye in ``.eds`` files of ViiA 7 and QuantStudio, from ``puredye.ini``.

The calibration has a section a dye with a table a pair of filters (21 of them, ``x1-m1`` to
``x6-m6``), a value a well, 1 where the dye shines strongest. It is of another kind than the 7500's
and is not used for unmixing; here it only tells in which of the pairs that were read a dye is seen
best. Nothing but the light level needs that, so a calibration that cannot be read stops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qpcr.errors import InputError
from qpcr.formats._archive import Archive
from qpcr.formats._ini import parse_ini
from qpcr.said import say

MAX_VALUES = 4_000


def own_filters(
    archive: Archive, member: str, dye: str | None, filters: Sequence[str], notes: list[str]
) -> dict[str, str]:
    """Own filter of a dye, by its name; empty where the calibration does not tell.

    Parameters
    ----------
    archive
        The file.
    member
        Name of the calibration.
    dye
        The passive reference.
    filters
        Names of the filters that were read, as the readings spell them.
    """
    if dye is None or not filters or member not in archive:
        return {}
    try:
        section = parse_ini(archive.text(member)).get(dye)
    except InputError as error:
        notes.append(
            say("The calibration of the dyes cannot be read ({problem}): it is not known which "
                "filter is that of {dye}.", problem=error.problem, dye=dye)
        )  # fmt: skip
        return {}
    if section is None:
        return {}
    found: dict[str, float] = {}
    for name in filters:
        values = _numbers(section.blocks.get(name.lower().replace("_", "-"), []))
        if not values:
            return {}  # the filter whose table is missing may be the one
        found[name] = float(np.median(values))
    return {dye: max(found, key=lambda name: found[name])}


def _numbers(lines: list[str]) -> list[float]:
    """Values of a table; none where one is no finite number."""
    try:
        values = [float(cell) for line in lines for cell in line.split(",")[:MAX_VALUES]]
    except ValueError:
        return []
    return values if np.isfinite(values).all() else []
