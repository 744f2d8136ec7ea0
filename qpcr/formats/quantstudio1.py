"""ViiA 7 and QuantStudio ``.eds`` files of version 1: a zip container of XML.

The container, ``plate_setup.xml``, ``tcprotocol.xml``, ``analysis_protocol.xml`` and
``analysis_result.txt`` are those of the 7500 (:mod:`qpcr.formats.eds7500`); filter readings and dye
signals are kept otherwise (:mod:`qpcr.formats._quantstudio1_data`). A file copied during a run,
or written by other programs in this format, may lack targets, dyes and results: it is read as
far as it goes, and that is said. The optical calibration is of another kind than the 7500's and is
not used.
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.formats import Format, Probe
from qpcr.formats._archive import Archive
from qpcr.formats._eds_manifest import ROOT, is_quantstudio, manifest_of, software_of
from qpcr.formats._eds_results import read_results
from qpcr.formats._eds_settings import read_settings
from qpcr.formats._eds_setup import Plate, read_plate, read_protocol, read_provenance
from qpcr.formats._light import read_light
from qpcr.formats._members import in_part, kinds
from qpcr.formats._own_filters import own_filters
from qpcr.formats._quantstudio1_data import read_filters, read_signals
from qpcr.formats._unfinished import note_unfinished
from qpcr.run import AnalysisSettings, DyeSignals, InstrumentResult, Run, Stage
from qpcr.said import say

READER = "quantstudio1"
_FINISHED = ("COMPLETE", "COMPLETED")
_INSTRUMENTS = {"appletini": "QuantStudio 3 or 5"}


def sniff(probe: Probe) -> bool:
    """Recognise the container, and the software that wrote it by its own name."""
    return is_quantstudio(probe.archive)


def read(probe: Probe) -> Run:
    """Read a file.

    Raises
    ------
    InputError
        Damaged or contradictory, or nothing was measured yet.
    """
    archive = probe.archive
    if archive is None:
        raise InputError("this is not an .eds file", file=probe.path)
    plate = read_plate(archive.xml(f"{ROOT}plate_setup.xml"))
    notes = list(plate.notes)
    wells = plate.rows * plate.columns
    protocol = read_protocol(archive.xml(f"{ROOT}tcprotocol.xml"))
    settings = AnalysisSettings()
    if f"{ROOT}analysis_protocol.xml" in archive:
        root = archive.xml(f"{ROOT}analysis_protocol.xml")
        settings = read_settings(root, plate.reactions, notes)
    filters, counts, source = read_filters(archive, wells, protocol, notes)
    signals, cycles = read_signals(archive, wells, protocol, notes)
    results = _results(archive, wells)
    known = {(reaction.well, reaction.target) for reaction in plate.reactions}
    count = _count(counts, cycles, results)
    provenance = read_provenance(
        archive,
        archive.xml(f"{ROOT}experiment.xml"),
        plate,
        reader=READER,
        software=software_of(manifest_of(archive)),
        instruments=_INSTRUMENTS,
    )
    _remarks(provenance.run_state, plate, protocol, count, cycles, notes)
    if foreign := len(results.keys() - known):
        notes.append(
            say("{count} stored results belong to no reaction of the plate.", count=foreign)
        )
    if counts is not None:
        missing = ((0, 0), (0, count - counts.shape[1]), (0, 0))
        counts = np.pad(counts, missing, constant_values=np.nan)
    own = own_filters(
        archive, f"{ROOT}calibrations/puredye.ini", plate.passive_reference, filters, notes
    )
    light, partly = read_light(archive, ROOT, f"{ROOT}quant/")
    return Run(
        provenance,
        plate.rows,
        plate.columns,
        plate.reactions,
        plate.targets,
        plate.passive_reference,
        np.arange(1, count + 1),
        filters=filters,
        raw=counts,
        raw_source=source,
        signals={well: _padded(one, count) for well, one in signals.items()},
        results={key: result for key, result in results.items() if key in known},
        settings=settings,
        protocol=protocol,
        notes=tuple(dict.fromkeys(notes)),
        unread=(
            *kinds(archive.unread()),
            *in_part(archive, *partly, f"{ROOT}calibrations/puredye.ini"),
        ),
        light=light,
        own_filters=own,
    )


FORMAT = Format(READER, "ViiA 7 or QuantStudio .eds of version 1 (XML)", sniff, read)


def _results(archive: Archive, wells: int) -> dict[tuple[int, str], InstrumentResult]:
    member = f"{ROOT}analysis_result.txt"
    return read_results(archive.text(member), wells) if member in archive else {}


def _count(
    counts: FloatArray | None, cycles: int, results: dict[tuple[int, str], InstrumentResult]
) -> int:
    count = max(0 if counts is None else int(counts.shape[1]), cycles)
    lengths = {len(one.rn) for one in results.values() if one.rn is not None}
    lengths |= {len(one.drn) for one in results.values() if one.drn is not None}
    if count and any(length != count for length in lengths):
        raise InputError(
            "the stored results are of another run",
            expected=f"{count} cycles",
            found=f"{min(lengths)} cycles",
        )
    count = count or max(lengths, default=0)
    if not count:
        raise InputError(
            "the file holds no fluorescence of a cycling stage",
            expected="filter readings, dye signals or results",
            remedy="run the plate first; if it has run, save the file again on the instrument",
        )
    return count


def _padded(one: DyeSignals, count: int) -> DyeSignals:
    missing = ((0, 0), (0, count - one.signal.shape[1]))
    return DyeSignals(one.dyes, np.pad(one.signal, missing, constant_values=np.nan))


def _remarks(
    state: str | None,
    plate: Plate,
    protocol: tuple[Stage, ...],
    count: int,
    cycles: int,
    notes: list[str],
) -> None:
    """Say what an unfinished file lacks."""
    if state is not None and state.upper() not in _FINISHED:
        notes.append(
            say("The run had not finished when the file was written (state {state}): its results "
                "are not final.", state=state)
        )  # fmt: skip
    note_unfinished(protocol, count, notes)
    if not plate.reactions:
        notes.append(say("No target is set up in any well: there is nothing to analyze."))
    elif not cycles:
        notes.append(say("The file holds no dye signals: it was not analyzed on the instrument."))
