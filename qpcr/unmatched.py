"""Samples that no row of the sheet names, rows whose sample is on no plate, or on several.

Each may be as it should be (a validation sample; a sheet of several plates; a sample that was
repeated), or a mistake by which a patient's result is filed nowhere, or under somebody else: so all
are said together, each with what it may mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qpcr._nearest import look_alike
from qpcr.errors import InputError
from qpcr.record import Record
from qpcr.samples import RULE, Identity, NamePattern

SHOWN = 8
"""Names that a sentence lists."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What one plate says of its samples.

    Attributes
    ----------
    file
        Of the plate.
    names
        All sample names, controls and standards too.
    known
        Samples that are somebody's.
    strangers
        Samples that are nobody's.
    """

    file: str
    names: frozenset[str]
    known: frozenset[str]
    strangers: tuple[str, ...]


def matched(record: Record) -> Matched:
    """Say which samples of a plate are whose."""
    rows = [row for one in record.findings if one.rule == RULE for row in one.reactions]
    names = [one.sample for one in record.run.reactions]
    return _matched(record.run.provenance.file, names, rows, record.identities)


def matched_document(told: Mapping[str, Any]) -> Matched:
    """Say the same of a run as it stands in ``run.json``.

    Raises
    ------
    LookupError, TypeError
        It is not what :func:`qpcr.document.document` makes.
    """
    run = told["run"]
    rows = [row for one in told["findings"] if one["rule"] == RULE for row in one["reactions"]]
    names = [one["sample"] for one in run["reactions"]]
    return _matched(run["provenance"]["file"], names, rows, told["identities"])


def _matched(
    file: str, names: Sequence[str | None], rows: Iterable[int], known: Iterable[str]
) -> Matched:
    strangers = dict.fromkeys(names[row] or "wells without a name" for row in rows)
    return Matched(file, frozenset(filter(None, names)), frozenset(known), tuple(strangers))


def unmatched(
    known: Sequence[Identity] | NamePattern, plates: Sequence[Matched], complete: bool = True
) -> list[str]:
    """Sentences on samples that are nobody's, rows that are no sample's, or of several plates.

    Parameters
    ----------
    known
        The sample sheet, or the pattern.
    plates
        All that were analyzed with it, kept or refused.
    complete
        No run is missing: else a sample may be on a plate that could not be read.
    """
    stated = () if isinstance(known, NamePattern) else known
    somebody = frozenset[str]().union(*(plate.known for plate in plates))
    on_plates = frozenset[str]().union(*(plate.names for plate in plates))
    idle = [name for name in dict.fromkeys(one.sample for one in stated) if name not in somebody]
    said = []
    for plate in plates:
        for name in plate.strangers:
            hint = None if name in idle else look_alike(name, idle)
            tail = f"; in the sheet, did you mean {hint!r}?" if hint else ""
            said.append(
                f"{plate.file}: sample {name} belongs to nobody: it is filed under no patient{tail}"
            )
    strangers = {name for plate in plates for name in plate.strangers}
    absent = sum(name not in on_plates for name in idle)
    if absent and not complete:
        said.append(
            f"sample sheet: {absent} of its samples are on none of the plates that could be "
            "analyzed; they may be on those that could not"
        )
    for name in idle:
        if name not in on_plates:
            if not complete:
                continue
            hint = look_alike(name, strangers)
            tail = f"; on the plate, did you mean {hint!r}?" if hint else ""
            said.append(f"sample sheet: {name} is on no plate{tail}")
        elif name not in strangers:
            said.append(f"sample sheet: {name} is a control or standard on the plate")
    return said + ([] if isinstance(known, NamePattern) else _several(plates))


def _several(plates: Sequence[Matched]) -> list[str]:
    """Sentences on names of the sheet that stand on several plates, by those plates."""
    where: dict[str, list[str]] = {}
    for plate in plates:
        for name in sorted(plate.known):
            where.setdefault(name, []).append(plate.file)
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, files in where.items():
        if len(files) > 1:
            alike.setdefault(tuple(files), []).append(name)
    return [
        f"sample sheet: {_few(names)} on {len(files)} plates ({_few(files)}): each is filed under "
        "the same patient; if the tubes are not the same, give every plate a sheet of its own"
        for files, names in alike.items()
    ]


def _few(names: Sequence[str]) -> str:
    """Names in a row; the first of many, and how many more there are."""
    shown, more = ", ".join(names[:SHOWN]), len(names) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def refuse_contradictions(record: Record) -> None:
    """Refuse a record whose sample sheet says two things of one sample.

    Raises
    ------
    InputError
        With the samples.
    """
    names = dict.fromkeys(
        record.run.reactions[one.reactions[0]].sample or ""
        for one in record.findings
        if one.rule == RULE and one.value is not None and one.value > 1
    )
    if names:
        raise InputError(
            "the sample sheet says two things of one sample: nothing is filed",
            file=record.run.provenance.file,
            place=", ".join(f"sample {name}" for name in names),
            expected="one row a sample, or rows that are the same",
            found="rows that contradict each other",
            remedy="correct the sample sheet, and analyze again",
        )
