"""What an export holds that nobody read: tables, columns, and lines about the run."""

from __future__ import annotations

from collections.abc import Sequence

from qpcr.formats._columns import well_columns, wide_cycles
from qpcr.formats._sections import Document, Section

_USED = {
    "instrumenttype", "instrumentserialnumber", "softwarenameandversion", "experimentname",
    "filename", "experimentfilename", "experimenttype", "chemistry", "operator", "username",
    "experimentusername", "user", "barcode", "experimentbarcode", "comment", "experimentcomment",
    "experimentcomments", "comments", "experimentrunendtime", "runstartdatetime", "runenddatetime",
    "runenddatatime", "passivereference", "blocktype", "pcrstagestepnumber",
    "quantificationcyclemethod", "documentname", "platetype", "simulated", "baseserialnumber",
    "cfxmaestroversion", "cfxmanagerversion",
}  # fmt: skip
"""Pairs that are read."""
_PLACE = {"well", "position"}
_SETUP = {*_PLACE, "sample", "target", "task", "reporter", "quencher", "quantity", "omit"}
_MEANT = {
    "setup": _SETUP,
    "results": {
        *_SETUP, "cq", "threshold", "auto_threshold", "auto_baseline", "baseline_start",
        "baseline_stop",
    },
    "amplification": {*_PLACE, "cycle", "target", "rn", "drn", "sample", "stage", "step"},
    "raw": {*_PLACE, "cycle", "stage", "step"},
    "dyes": {*_PLACE, "cycle", "stage", "step"},
    "wide": {*_PLACE, "target", "reporter"},
    "tall": {"cycle"},
}  # fmt: skip
"""Meanings that are read, by kind of table."""


def unread_of(document: Document, dyes: Sequence[str]) -> tuple[str, ...]:
    """List what was not read.

    Parameters
    ----------
    document
        The export.
    dyes
        Columns that were read as dye signals.
    """
    found = []
    for section in document.sections:
        title = section.name or section.kind
        if section.kind == "other":
            found.append(f"table {title!r}")
        elif not section.rows:
            found.append(f"table {title!r}, which is empty")
        elif names := _columns(section, dyes):
            found.append(f"{title}: {', '.join(names)}")
    found += document.strays
    rest = [label for key, label in document.labels.items() if key not in _USED]
    calibration = [label for label in rest if label.lower().startswith("calibration ")]
    rest = [label for label in rest if label not in calibration]
    if calibration:
        found.append(f"{len(calibration)} lines about calibrations")
    return (*found, f"head: {', '.join(rest)}") if rest else tuple(found)


def _columns(section: Section, dyes: Sequence[str]) -> list[str]:
    """Columns of one table that were not read."""
    read = {at for name, at in section.columns.items() if name in _MEANT[section.kind]}
    if section.kind == "raw":
        read |= set(section.values().values())
    elif section.kind == "dyes":
        read |= {at for name, at in section.values().items() if name in dyes}
    elif section.kind == "wide":
        read |= set(wide_cycles(section.head).values())
    elif section.kind == "tall":
        read |= set(well_columns(section.head))
    return list(dict.fromkeys(n for at, n in enumerate(section.head) if n and at not in read))
