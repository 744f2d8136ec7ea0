"""QuantStudio ``.eds`` files of version 2: a zip container of JSON documents.

``summary.json`` (name, instrument, state), ``setup/plate_setup.json`` (wells, samples, targets,
passive reference), ``setup/run_method.json`` (protocol), ``run/run_summary.json`` (instrument),
``run/filter_data.json`` (filters, each with all wells, by reading),
``primary/multicomponent_data.json`` (dyes by well), ``primary/analysis_result.json`` (Rn, ΔRn, Cq,
threshold, baseline, amplification status by reaction), ``primary/analysis_setting.json``. Files
that were not analyzed lack the last three, or hold less in them.

In the one analyzed file that could be measured (384 wells), Rn is the reporter over the passive
reference to the last bit. The optical calibration (``calibrations/*.ini``: 21 pairs of filters) is
of another kind than the 7500's and is not used: dyes are taken as the instrument stored them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np

from qpcr.errors import InputError
from qpcr.formats import Format, Probe
from qpcr.formats._archive import Archive
from qpcr.formats._json import Json, read_json
from qpcr.formats._light import read_light
from qpcr.formats._members import in_part, kinds
from qpcr.formats._own_filters import own_filters
from qpcr.formats._quantstudio2_data import (
    Analysis,
    Filters,
    padded,
    read_analysis,
    read_filters,
    read_signals,
)
from qpcr.formats._quantstudio2_plate import Plate, read_method, read_plate
from qpcr.formats._unfinished import note_unfinished
from qpcr.run import Provenance, Run, Stage
from qpcr.said import say

READER = "quantstudio2"


def sniff(probe: Probe) -> bool:
    """Recognise the container by what every file has: a summary, and a folder for the setup."""
    return (
        probe.archive is not None
        and "summary.json" in probe.archive
        and any(name.startswith("setup/") for name in probe.archive.members)
    )


def read(probe: Probe) -> Run:
    """Read a file.

    Raises
    ------
    InputError
        Damaged, incomplete or contradictory.
    """
    archive = probe.archive
    if archive is None:
        raise InputError("this is not an .eds file", file=probe.path)
    notes: list[str] = []
    analysis = _optional(archive, "primary/analysis_result.json")
    setting = _optional(archive, "primary/analysis_setting.json")
    plate = read_plate(read_json(archive, "setup/plate_setup.json"), analysis, notes)
    if not plate.reactions:
        raise InputError(
            "no well of the plate is set up",
            place="setup/plate_setup.json",
            expected="at least one well with a target",
        )
    protocol = read_method(_optional(archive, "setup/run_method.json"))
    filter_data = _optional(archive, "run/filter_data.json")
    filters = read_filters(filter_data, plate.wells, setting, notes)
    stored = _optional(archive, "primary/multicomponent_data.json")
    signals, cycles = read_signals(stored, plate, setting, notes)
    found = read_analysis(analysis, setting, plate, notes)
    count = _count(filters, cycles, found, protocol, notes)
    raw = None
    if filters.counts is not None:
        missing = ((0, 0), (0, count - filters.cycles), (0, 0))
        raw = np.pad(filters.counts, missing, constant_values=np.nan)
    own = own_filters(
        archive, "calibrations/puredye.ini", plate.passive_reference, filters.names, notes
    )
    light, partly = read_light(archive, "run/", "run/quant/")
    return Run(
        _provenance(archive, plate, notes),
        plate.rows,
        plate.columns,
        plate.reactions,
        plate.targets,
        plate.passive_reference,
        np.arange(1, count + 1),
        filters=filters.names,
        raw=raw,
        raw_source=None if raw is None else "run/filter_data.json",
        signals=padded(signals, count),
        results=found.results,
        settings=found.settings,
        protocol=protocol,
        notes=tuple(dict.fromkeys(notes)),
        unread=(*kinds(archive.unread()), *in_part(archive, *partly, "calibrations/puredye.ini")),
        light=light,
        own_filters=own,
    )


FORMAT = Format(READER, "QuantStudio .eds of version 2 (JSON)", sniff, read)


def _optional(archive: Archive, member: str) -> Json:
    return read_json(archive, member) if member in archive else Json(None, member)


def _count(
    filters: Filters, cycles: int, found: Analysis, protocol: tuple[Stage, ...], notes: list[str]
) -> int:
    """Number of cycles of the run; what is missing of it is said."""
    counts = {"filter readings": filters.cycles, "dye signals": cycles, "results": found.cycles}
    count = max(counts.values())
    if not count:
        raise InputError(
            "the file holds no fluorescence of a cycling stage",
            expected="filter readings, dye signals or results",
            remedy="run the plate first; if it has run, save the file again on the instrument",
        )
    if found.cycles and found.cycles < count:
        raise InputError(
            "the stored results are of another run",
            expected=f"{count} cycles",
            found=f"{found.cycles} cycles",
        )
    for name, number in counts.items():
        if 0 < number < count:
            notes.append(
                say("The file holds {part} of {number} cycles; its run has {count}.",
                    part=name, number=number, count=count)
            )  # fmt: skip
    note_unfinished(protocol, count, notes)
    return count


def _provenance(archive: Archive, plate: Plate, notes: list[str]) -> Provenance:
    summary = read_json(archive, "summary.json")
    ran = _optional(archive, "run/run_summary.json")
    state = summary.get("runStatus").text()
    if state not in (None, "COMPLETED", "COMPLETE"):
        notes.append(
            say("The run had not finished when the file was written (state {state}): its results "
                "are not final.", state=state)
        )  # fmt: skip
    manifest = dict(
        line.partition(": ")[::2]
        for line in (archive.text("manifest.mf") if "manifest.mf" in archive else "").splitlines()
    )
    version = manifest.get("Implementation-Version", "").strip()[:40] or None
    title = manifest.get("Implementation-Title", "").strip()[:80] or "software not named"
    serial = ran.get("instrumentSerialNumber").text()
    return Provenance(
        archive.path.name,
        archive.sha256,
        archive.size,
        READER,
        instrument=ran.get("instrumentId").text() or summary.get("instrumentType").text(),
        instrument_serial=serial,
        software=f"QuantStudio ({title} {version or ''})".replace(" )", ")"),
        software_version=version if version and re.fullmatch(r"[\d.]+", version) else None,
        experiment=summary.get("name").text(),
        operator=ran.get("operator").text(),
        barcode=plate.barcode,
        comment=summary.get("description").text(),
        run_state=state,
        started=_moment(ran.get("startTime")),
        ended=_moment(ran.get("endTime")),
        modified=_moment(summary.get("modifiedTime")),
    )


def _moment(value: Json) -> datetime | None:
    """Milliseconds since 1970 as a moment, UTC."""
    milliseconds = value.number()
    if milliseconds is None or not 0 < milliseconds < 4e12:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
