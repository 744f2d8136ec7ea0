"""Exports of SDS software 1.x (7000, 7300, 7500, 7900): results and curves, a curve a line."""

from __future__ import annotations

import re

from qpcr.formats import Format, Probe
from qpcr.formats._export import read_export
from qpcr.formats._export_family import SDS1, family_of
from qpcr.formats._sections import document_of
from qpcr.run import Run


def read(probe: Probe) -> Run:
    """Read an export.

    Raises
    ------
    InputError
        Cut off, contradictory, or without any well.
    """
    labels = document_of(probe).labels.values()
    version = next((one for one in labels if re.match(r"SDS\s*v?\d", one, re.IGNORECASE)), None)
    return read_export(probe, SDS1, version)


FORMAT = Format(
    SDS1,
    "export of SDS software 1.x (xls, xlsx, txt, csv)",
    lambda probe: family_of(probe) == SDS1,
    read,
)
