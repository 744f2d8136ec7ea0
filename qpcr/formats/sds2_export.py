"""Exports of 7500, 7500 Fast, StepOne and StepOnePlus software 2.x (xls, xlsx, txt, csv)."""

from __future__ import annotations

from qpcr.formats import Format, Probe
from qpcr.formats._cells import plain
from qpcr.formats._export import read_export
from qpcr.formats._export_family import SDS2, family_of
from qpcr.formats._sections import document_of
from qpcr.run import Run


def read(probe: Probe) -> Run:
    """Read an export in any subset of its tables.

    Raises
    ------
    InputError
        Cut off, contradictory, or without any well.
    """
    instrument = plain(document_of(probe).pairs.get("instrumenttype", "")).lower()
    software = None
    if instrument.startswith("sds7500"):
        software = "7500 Software v2.x"
    elif instrument.startswith("stepone"):
        software = "StepOne Software v2.x"
    return read_export(probe, SDS2, software)


FORMAT = Format(
    SDS2,
    "export of 7500 or StepOne software 2.x (xls, xlsx, txt, csv)",
    lambda probe: family_of(probe) == SDS2,
    read,
)
