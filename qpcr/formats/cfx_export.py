"""Exports of Bio-Rad CFX software: amplification (a well a column, a dye a table) and Cq."""

from __future__ import annotations

from qpcr.formats import Format, Probe
from qpcr.formats._cells import plain
from qpcr.formats._export import read_export
from qpcr.formats._export_family import CFX, family_of
from qpcr.formats._sections import document_of
from qpcr.run import Run

_VERSIONS = {"cfxmaestroversion": "CFX Maestro", "cfxmanagerversion": "CFX Manager"}


def read(probe: Probe) -> Run:
    """Read an export.

    Raises
    ------
    InputError
        Cut off, contradictory, or without any well.
    """
    pairs = document_of(probe).pairs
    named = (f"{name} {plain(pairs[one])}" for one, name in _VERSIONS.items() if one in pairs)
    return read_export(probe, CFX, next(named, "Bio-Rad CFX"))


FORMAT = Format(
    CFX,
    "export of Bio-Rad CFX software (xlsx, csv, txt)",
    lambda probe: family_of(probe) == CFX,
    read,
)
