"""From the tables of an export to a run: what every family of exports shares."""

from __future__ import annotations

import re

import numpy as np

from qpcr._lists import listed
from qpcr.errors import InputError
from qpcr.formats._cells import comma_of, moment, plain
from qpcr.formats._cells import key as key_of
from qpcr.formats._export_curves import Series, amplification_of, wells_series_of
from qpcr.formats._export_family import CFX
from qpcr.formats._export_reagents import reagents_of
from qpcr.formats._export_setup import (
    Plate,
    plate_of,
    reactions_of,
    settle_undetermined,
    thresholds_of,
)
from qpcr.formats._export_unread import unread_of
from qpcr.formats._export_wells import wells_of
from qpcr.formats._export_wide import add_wide
from qpcr.formats._probe import Probe
from qpcr.formats._sections import Document, document_of
from qpcr.run import (
    AnalysisSettings,
    DyeSignals,
    InstrumentResult,
    Provenance,
    Run,
)
from qpcr.said import say

REFERENCES = {"ROX", "MUSTANG PURPLE", "MUSTANGPURPLE"}
"""Dyes that serve as passive reference where an export does not name one."""


def read_export(probe: Probe, reader: str, software: str | None) -> Run:
    """Make a run of an export's tables.

    Raises
    ------
    InputError
        Cut off, contradictory, or without any well.
    """
    document = document_of(probe)
    notes: list[str] = []
    _check(document)
    comma = comma_of(cells for one in document.sections for cells in one.numbers())
    wells = wells_of(document, notes)
    plate = plate_of(document, wells, comma, notes)
    curves = amplification_of(document, plate, notes)
    add_wide(probe, document, plate, curves, notes)
    raw = wells_series_of(document, "raw", plate, notes)
    dyes = wells_series_of(document, "dyes", plate, notes)
    reference = None if reader == CFX else _reference(document, dyes, notes)
    _reactions_by_dye(plate, dyes, reference, notes)
    if not plate.drafts and not raw.points:
        raise InputError(
            "the export holds no reaction",
            expected="wells with a target, a Ct or fluorescence",
            found=listed([f"table {one.name or one.kind!r}" for one in document.sections]),
            remedy="set targets up in the instrument's software, and export results or data",
        )
    return assembled(probe, reader, software, document, plate, curves, raw, dyes, reference, notes)


def assembled(
    probe: Probe, reader: str, software: str | None, document: Document, plate: Plate,
    curves: Series, raw: Series, dyes: Series, reference: str | None, notes: list[str],
) -> Run:  # fmt: skip
    """Put the parts together, all on the same cycles."""
    cycles = sorted(curves.cycles() | raw.cycles() | dyes.cycles())
    first, count = (cycles[0], cycles[-1] - cycles[0] + 1) if cycles else (1, 0)
    amplified = len(curves.cycles()) or count
    settle_undetermined(plate, amplified if amplified > 5 else None, notes)
    _note_method(document, notes)
    _note_absent(plate, curves, notes)
    reactions, targets = reactions_of(plate, notes)
    results = {}
    for key, draft in plate.drafts.items():
        rn, drn = (None, None)
        if key in curves.points:
            both = curves.array(key, first, count)
            rn, drn = (None if np.isnan(one).all() else _single(one) for one in both)
        if draft.determined is not None or draft.flags or rn is not None or drn is not None:
            results[key] = InstrumentResult(*key, draft.cq, draft.determined, rn, drn, draft.flags)
    values = None
    if raw.points:
        values = np.full((plate.wells.rows * plate.wells.columns, count, len(raw.names)), np.nan)
        for key in raw.points:
            values[key[0]] = raw.array(key, first, count).T
    return Run(
        _provenance(probe, reader, software, document),
        plate.wells.rows,
        plate.wells.columns,
        reactions,
        targets,
        reference,
        np.arange(first, first + count),
        filters=raw.names if raw.points else (),
        raw=values,
        raw_source=None if values is None else "the export's raw data",
        signals=_signals(dyes, first, count),
        results=results,
        settings=AnalysisSettings(
            thresholds_of(plate, notes),
            {key: one.window for key, one in plate.drafts.items() if one.window is not None},
        ),
        reagents=reagents_of(document, notes),
        notes=tuple(notes),
        unread=unread_of(document, dyes.names),
    )


def _check(document: Document) -> None:
    if not document.complete:
        raise InputError(
            "the file ends in the middle of a line",
            expected="a line end after the last line, as instruments write it",
            remedy="the file was cut off: copy or export it again; if a text editor took the last "
            "line end away, put it back",
        )
    if not any(one.rows for one in document.sections if one.kind != "other"):
        raise InputError(
            "the export holds no table of wells",
            expected="sample setup, results, amplification, raw or multicomponent data",
            found=listed([one.name or one.kind for one in document.sections]) or "none",
            remedy="export the file again with its data, or copy it again if it was cut off",
        )


def _single(values: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    """Stored Rn is single precision; texts and workbooks write it with more or fewer digits."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    rounded[~np.isfinite(rounded)] = np.nan
    return rounded


def _signals(dyes: Series, first: int, count: int) -> dict[int, DyeSignals]:
    """Dye signals by well; a dye that was not measured in a well is left out there."""
    found = {}
    for well, nothing in dyes.points:
        values = dyes.array((well, nothing), first, count)
        there = [at for at in range(len(dyes.names)) if np.isfinite(values[at]).any()]
        if there:
            names = tuple(dyes.names[at] for at in there)
            found[well] = DyeSignals(names, values[there].astype(np.float32))
    return found


def _reference(document: Document, dyes: Series, notes: list[str]) -> str | None:
    """Passive reference: as named; else a dye that serves as nothing else."""
    if "passivereference" in document.pairs:
        name = plain(document.pairs["passivereference"])
        return None if name.casefold() in ("", "none", "na", "n/a") else name
    found = [name for name in dyes.names if name.upper() in REFERENCES]
    if found:
        notes.append(
            say("The file names no passive reference; its dye {dye} is taken for it.", dye=found[0])
        )
        return found[0]
    notes.append(say("The file does not say whether the plate has a passive reference."))
    return None


def _reactions_by_dye(plate: Plate, dyes: Series, reference: str | None, notes: list[str]) -> None:
    """Without any table of targets each dye of a well is one; one dye alone is every target's."""
    reporters = [name for name in dyes.names if name != reference]
    if not plate.drafts and dyes.points:
        for well, _ in dyes.points:
            for name in reporters:
                plate.draft(well, name).reporter = name
        notes.append(say("The file names no targets; the dyes stand for them."))
    elif len(reporters) == 1:
        for draft in plate.drafts.values():
            draft.reporter = draft.reporter or reporters[0]


def _note_method(document: Document, notes: list[str]) -> None:
    method = plain(document.pairs.get("quantificationcyclemethod", ""))
    crt = any(key_of(cell) == "crt" for one in document.of("results") for cell in one.head)
    if crt or method.casefold() not in ("", "ct", "cq"):
        notes.append(
            say("The instrument's values are {method}, another method than Ct; they are not "
                "comparable with Ct.", method=method or "Crt")
        )  # fmt: skip


def _note_absent(plate: Plate, curves: Series, notes: list[str]) -> None:
    """Reactions that one table lists and another lacks: a hint at a file cut off."""
    results = sum("results" in draft.listed_in for draft in plate.drafts.values())
    setup = sum("setup" in draft.listed_in for draft in plate.drafts.values())
    total = len(plate.drafts)
    if results and results < total:
        notes.append(
            say("{count} of {total} reactions have no line in the results.",
                count=total - results, total=total)
        )  # fmt: skip
    if setup and setup < total:
        notes.append(
            say("{count} of {total} reactions have no line in the sample setup.",
                count=total - setup, total=total)
        )  # fmt: skip
    if curves.points and len(curves.points) < total:
        notes.append(
            say("{count} of {total} reactions have no amplification data.",
                count=total - len(curves.points), total=total)
        )  # fmt: skip


def _first(document: Document, *names: str) -> str | None:
    for name in names:
        text = plain(document.pairs.get(name, ""))
        if text and text.casefold() not in ("na", "n/a", "null"):
            return text
    return None


def _provenance(probe: Probe, reader: str, software: str | None, document: Document) -> Provenance:
    software = _first(document, "softwarenameandversion") or software
    version = re.search(r"\d+(\.\d+)+", software or "")
    file = _first(document, "experimentname", "experimentfilename", "documentname", "filename")
    return Provenance(
        probe.path.name,
        probe.sha256,
        probe.size,
        reader,
        instrument=_instrument(document),
        instrument_serial=_first(document, "instrumentserialnumber", "baseserialnumber"),
        software=software,
        software_version=version[0] if version else None,
        experiment=re.split(r"[\\/]", file)[-1] if file else None,
        experiment_type=_first(document, "experimenttype", "platetype"),
        chemistry=_first(document, "chemistry"),
        operator=_first(document, "operator", "username", "experimentusername", "user"),
        barcode=_first(document, "barcode", "experimentbarcode"),
        comment=_first(document, "comment", "experimentcomment", "experimentcomments", "comments"),
        started=moment(document.pairs.get("runstartdatetime", "")),
        ended=next(
            (
                moment(document.pairs[name])
                for name in ("experimentrunendtime", "runenddatetime", "runenddatatime")
                if name in document.pairs
            ),
            None,
        ),
        simulated=plain(document.pairs.get("simulated", "")).casefold() == "true",
    )


_INSTRUMENTS = {
    "sds7500": "7500",
    "sds7500fast": "7500 Fast",
    "stepone": "StepOne",
    "steponeplus": "StepOnePlus",
}


def _instrument(document: Document) -> str | None:
    name = _first(document, "instrumenttype")
    return _INSTRUMENTS.get((name or "").lower(), name)
