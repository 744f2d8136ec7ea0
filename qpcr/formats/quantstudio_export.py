"""Exports of QuantStudio, ViiA 7 and Design & Analysis software (xls, xlsx, txt, csv)."""

from __future__ import annotations

from qpcr.formats import Format, Probe
from qpcr.formats._cells import plain
from qpcr.formats._export import read_export
from qpcr.formats._export_family import QUANTSTUDIO, family_of
from qpcr.formats._sections import document_of
from qpcr.run import Run


def read(probe: Probe) -> Run:
    """Read an export in any subset of its tables.

    Raises
    ------
    InputError
        Cut off, contradictory, or without any well.
    """
    instrument = plain(document_of(probe).pairs.get("instrumenttype", ""))
    software = f"{instrument}, software not named" if instrument else None
    return read_export(probe, QUANTSTUDIO, software)


FORMAT = Format(
    QUANTSTUDIO,
    "export of QuantStudio, ViiA 7 or Design & Analysis software (xls, xlsx, txt, csv)",
    lambda probe: family_of(probe) == QUANTSTUDIO,
    read,
)
