r"""ABI 7500 / 7500 Fast and StepOne / StepOnePlus ``.eds`` files of software 2.x.

A zip container. Under ``apldbio/sds/`` (calibrations of the 7500: ``APLDBIO\SDS\CALIBRATIONS``):
``Manifest.mf`` (which software), ``experiment.xml``, ``plate_setup.xml``, ``tcprotocol.xml``,
``analysis_protocol.xml``, ``images/stageS-cycleC-pointP-F.tiff`` (filter readings; on the 7500 no
TIFF but one big-endian 64-bit integer a well), ``post-roi.dat`` and ``multicomponent_data.txt``
(dye signals), ``analysis_result.txt`` (the instrument's results, if saved), ``calibrations/*.ini``.

The StepOne differs in its optics: four filters by colour, images that are real TIFFs (its filter
readings are taken from ``post-roi.dat``), a background table instead of a uniformity table, and a
norm factor per dye.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calibration.errors import CalibrationError
from calibration.optics import OpticalCalibration
from qpcr._frozen import Float32Array
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats import Format, Probe
from qpcr.formats._archive import Archive
from qpcr.formats._eds_fluorescence import (
    Readings,
    check_images,
    cycling_signals,
    read_images,
    readings_of,
    with_cycles,
)
from qpcr.formats._eds_manifest import (
    ROOT,
    is_container,
    is_quantstudio,
    manifest_of,
    software_of,
)
from qpcr.formats._eds_results import read_results
from qpcr.formats._eds_settings import note_windows_beyond, read_settings
from qpcr.formats._eds_setup import Plate, read_plate, read_protocol, read_provenance
from qpcr.formats._eds_text import text
from qpcr.formats._ini import Section, parse_ini
from qpcr.formats._light import read_light
from qpcr.formats._members import in_part
from qpcr.formats._multicomponent import Multicomponent, from_object, from_text
from qpcr.run import InstrumentResult, Run
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

READER = "eds7500"

_INSTRUMENTS = {
    "sds7500": "7500",
    "sds7500fast": "7500 Fast",
    "stepone": "StepOne",
    "steponeplus": "StepOnePlus",
}
_OURS = re.compile(r"\b(7500|StepOne)", re.IGNORECASE)
_USED = {
    "experiment.xml": "Name Description Operator RunState RunStartTime RunEndTime ModifiedTime "
    "Type ChemistryType InstrumentTypeId",
    "plate_setup.xml": "Name BarCode Rows Columns FeatureMap Wells PassiveReferenceDye",
    "tcprotocol.xml": "TCStage",
    "analysis_protocol.xml": "JaxbAnalysisSettings AnalysisSetting",
}

T = TypeVar("T")


def sniff(probe: Probe) -> bool:
    """Recognise the container, unless the family of the QuantStudio wrote it."""
    return is_container(probe.archive) and not is_quantstudio(probe.archive)


def read(probe: Probe) -> Run:
    """Read a file.

    Raises
    ------
    InputError
        Damaged, incomplete or contradictory.
    UnsupportedError
        Written by software of another family.
    """
    archive = probe.archive
    if archive is None:
        raise InputError("this is not an .eds file", file=probe.path)
    manifest = manifest_of(archive)
    software = software_of(manifest)
    if software is None or not _OURS.search(software):
        raise UnsupportedError(
            "this .eds file was written by other software",
            file=probe.path,
            expected="7500 or StepOne software 2.x",
            found=software or "a manifest that names no software",
        )
    experiment = archive.xml(f"{ROOT}experiment.xml")
    plate = _part(archive, "plate_setup.xml", read_plate)
    if not plate.reactions:
        raise InputError(
            "no well of the plate is set up",
            place=f"{ROOT}plate_setup.xml",
            expected="at least one well with a target",
            remedy="set the plate up in the instrument's software and save the file",
        )
    protocol = _part(archive, "tcprotocol.xml", read_protocol)
    notes = list(plate.notes)
    settings = _part(
        archive, "analysis_protocol.xml", lambda root: read_settings(root, plate.reactions, notes)
    )
    files = _calibration_files(archive, plate)
    calibration = _calibration(files, plate, notes)
    multi = _multicomponent(archive, plate, calibration)
    readings = read_images(archive, f"{ROOT}images/", plate.rows * plate.columns, protocol, notes)
    if multi is not None:
        multi = with_cycles(multi, protocol, readings is not None, notes)
    if readings is not None:
        check_images(readings, multi, notes)
    elif multi is not None:
        readings = readings_of(multi, () if calibration is None else calibration.filters)
    count = _cycle_count(readings, multi, text(experiment, "RunState"))
    note_windows_beyond(settings, plate.reactions, count, notes)
    results = _results(archive, plate, count, notes)
    light, partly = read_light(archive, ROOT, f"{ROOT}quant/")
    return Run(
        replace(
            read_provenance(
                archive,
                experiment,
                plate,
                reader=READER,
                software=software,
                instruments=_INSTRUMENTS,
            ),
            instrument_serial=_serial(files),
            simulated=manifest.get("simulated", "").lower() == "true",
        ),
        plate.rows,
        plate.columns,
        plate.reactions,
        plate.targets,
        plate.passive_reference,
        np.arange(1, count + 1),
        filters=() if readings is None else readings.filters,
        raw=None if readings is None else readings.counts,
        raw_source=None if readings is None else readings.source,
        calibration=calibration,
        signals={} if multi is None else cycling_signals(multi, count),
        results=results,
        settings=settings,
        protocol=protocol,
        notes=tuple(notes),
        unread=_unread(archive, partly),
        light=light,
    )


FORMAT = Format(READER, "ABI 7500 or StepOne .eds of software 2.x", sniff, read)


def _part(archive: Archive, member: str, reader: Callable[[_Element], T]) -> T:
    """Read one XML member; errors name it."""
    root = archive.xml(f"{ROOT}{member}")
    with _named(member):
        return reader(root)


class _named:  # noqa: N801 - reads as a phrase: with _named(member)
    """Put a member's name in front of the place an error names."""

    def __init__(self, member: str) -> None:
        self.member = member

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, InputError):
            place = error.place or self.member
            known = place.startswith(self.member)
            error.place = place if known else f"{self.member}, {place}"


def _calibration_files(archive: Archive, plate: Plate) -> dict[str, dict[str, Section]]:
    """Sections of the calibration files there are, by name; they must be of this plate."""
    files: dict[str, dict[str, Section]] = {}
    for name in ("puredye", "uniformity", "background"):
        member = f"{ROOT}calibrations/{name}.ini"
        if member in archive:
            with _named(member):
                files[name] = parse_ini(archive.text(member))
                _same_plate(files[name], plate)
    return files


def _calibration(
    files: dict[str, dict[str, Section]], plate: Plate, notes: list[str]
) -> OpticalCalibration | None:
    """Optical calibration, or ``None`` (noted) where the file does not hold enough of it."""
    if "puredye" not in files:
        notes.append(
            say("The file holds no pure-dye calibration; the optics cannot be recomputed.")
        )
        return None
    head = files["puredye"]
    filters = head["scanner"].list("filters") if "scanner" in head else ()
    shape = (plate.rows, plate.columns)
    dyes = head["puredyes"].list("dyes") if "puredyes" in head else ()
    if not filters or not dyes:
        raise InputError("no filters or dyes are named", place=f"{ROOT}calibrations/puredye.ini")
    dates = {n: m for n, f in files.items() if "head" in f and (m := f["head"].moment("timestamp"))}

    def table(section: Section) -> Float32Array:
        columns = [section.numbers(f, *shape) for f in filters]
        return np.concatenate(columns, axis=1).astype(np.float32)

    pure, norm = {}, {}
    for dye in dyes:
        if dye not in head:
            raise InputError(f"dye {dye!r} has no section", place=f"{ROOT}calibrations/puredye.ini")
        with _named(f"{ROOT}calibrations/puredye.ini, [{dye}]"):
            pure[dye] = table(head[dye])
            if "norm-factor" in head[dye].blocks:
                norm[dye] = head[dye].numbers("norm-factor", *shape)[:, 0].astype(np.float32)
            if when := head[dye].moment("calibration-time"):
                dates[dye] = when
    uniformity = background = None
    if "uniformity" in files:
        with _named(f"{ROOT}calibrations/uniformity.ini, [uniformity]"):
            uniformity = table(files["uniformity"].get("uniformity", Section({}, {})))
    elif "background" in files and norm:
        with _named(f"{ROOT}calibrations/background.ini, [background]"):
            background = table(files["background"].get("background", Section({}, {})))
    else:
        notes.append(
            say("The file holds no uniformity calibration; the optics cannot be recomputed.")
        )
        return None
    try:
        return OpticalCalibration(filters, pure, uniformity, background, norm, dates)
    except CalibrationError as error:
        raise InputError(str(error), place=f"{ROOT}calibrations") from error


def _same_plate(sections: dict[str, Section], plate: Plate) -> None:
    block = sections.get("block")
    if block is None:
        return
    declared = (block.values.get("rows"), block.values.get("columns"))
    if declared != (str(plate.rows), str(plate.columns)):
        raise InputError(
            "the calibration is for another plate",
            expected=f"{plate.rows} rows and {plate.columns} columns",
            found=f"{declared[0]} rows and {declared[1]} columns",
            remedy="the file was put together from two runs; take the original",
        )


def _multicomponent(
    archive: Archive, plate: Plate, calibration: OpticalCalibration | None
) -> Multicomponent | None:
    wells = plate.rows * plate.columns
    if f"{ROOT}post-roi.dat" in archive:
        with _named(f"{ROOT}post-roi.dat"):
            return from_object(archive.read(f"{ROOT}post-roi.dat"), wells)
    if f"{ROOT}multicomponent_data.txt" in archive:
        filters = 5 if calibration is None else len(calibration.filters)
        with _named(f"{ROOT}multicomponent_data.txt"):
            return from_text(archive.text(f"{ROOT}multicomponent_data.txt"), wells, filters)
    return None


def _cycle_count(readings: Readings | None, multi: Multicomponent | None, state: str | None) -> int:
    if readings is not None:
        return int(readings.counts.shape[1])
    if multi is not None and multi.signals and multi.cycling is not None and multi.cycling.any():
        return int(multi.cycling.sum())
    raise InputError(
        "the file holds no fluorescence of a cycling stage",
        expected="filter readings (images) or multicomponent data",
        found=f"run state {state or 'not stated'}",
        remedy="run the plate first; if it has run, save the file again on the instrument",
    )


def _results(
    archive: Archive, plate: Plate, count: int, notes: list[str]
) -> dict[tuple[int, str], InstrumentResult]:
    member = f"{ROOT}analysis_result.txt"
    if member not in archive:
        return {}
    with _named(member):
        found = read_results(archive.text(member), plate.rows * plate.columns)
        for result in found.values():
            for values in (result.rn, result.drn):
                if values is not None and len(values) != count:
                    raise InputError(
                        "the stored results are of another run",
                        expected=f"{count} cycles",
                        found=f"{len(values)} cycles",
                    )
    known = {(reaction.well, reaction.target) for reaction in plate.reactions}
    foreign = found.keys() - known
    if foreign:
        notes.append(
            say("{count} stored results belong to no reaction of the plate.", count=len(foreign))
        )
    return {key: result for key, result in found.items() if key in known}


def _serial(files: dict[str, dict[str, Section]]) -> str | None:
    """Serial number of the instrument, as its pure-dye calibration names it."""
    section = files.get("puredye", {}).get("instrument")
    serial = None if section is None else section.values.get("id")
    return None if serial in (None, "", "null", "*") else serial


def _unread(archive: Archive, partly: tuple[str, ...]) -> tuple[str, ...]:
    """Members nobody read (numbered ones together), and XML elements that were passed over."""
    kinds = Counter(re.sub(r"\d+", "#", name) for name in archive.unread())
    found = [
        name if number == 1 else f"{name} ({number} members)" for name, number in kinds.items()
    ]
    found += in_part(archive, *partly)
    for member, used in _USED.items():
        tags = {str(child.tag) for child in archive.xml(f"{ROOT}{member}")} - set(used.split())
        if tags:
            found.append(f"{member}: {', '.join(sorted(tags))}")
    return tuple(found)
