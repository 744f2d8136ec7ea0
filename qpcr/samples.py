"""Which sample is who: names on the plate to patient, specimen and time point.

Through a sample sheet (CSV or a workbook) or a naming pattern. A name that nothing matches, or that
two lines match, is a finding; nothing is ever guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.findings import Finding, Severity
from qpcr.qc import Plate
from qpcr.qc._plate import Part, rows_of
from qpcr.said import say
from qpcr.tables import read_rows

HEADS = {
    "sample": ("sample", "sample name", "样本", "样本名", "样本名称", "样品"),
    "patient": ("patient", "patient id", "患者", "病人", "患者编号"),
    "specimen": ("specimen", "material", "标本", "标本类型"),
    "timepoint": ("timepoint", "time point", "时间点"),
    "expected": ("expected", "expected result", "earlier result", "预期结果", "既往结果"),
}
"""Columns of a sample sheet and the heads they may have; case does not matter."""

RULE = "sample_identity"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a sample is; parts that are not stated are ``None``.

    `expected` is an earlier result, or what a test sample must show, as it was written
    (:func:`qpcr.expected.understood`).
    """

    sample: str
    patient: str
    specimen: str | None = None
    timepoint: str | None = None
    expected: str | None = None


def read_sample_sheet(path: Path) -> tuple[Identity, ...]:
    """Read a sample sheet.

    Raises
    ------
    InputError
        A column is missing, or a line has a sample without a patient.
    """
    rows = read_rows(path)
    head = [cell.strip().casefold() for cell in next(rows, [])]
    at = {
        name: next((head.index(one) for one in accepted if one in head), None)
        for name, accepted in HEADS.items()
    }
    for name in ("sample", "patient"):
        if at[name] is None:
            raise InputError(
                f"column {name!r} is missing",
                file=path,
                place="line 1",
                expected=", ".join(HEADS[name]),
                found=", ".join(head[:10]),
            )
    found = []
    for number, row in enumerate(rows, 2):
        cells = {
            name: row[place].strip() if place is not None and place < len(row) else ""
            for name, place in at.items()
        }
        if not cells["sample"]:
            continue
        if not cells["patient"]:
            raise InputError("a sample without a patient", file=path, place=f"line {number}")
        found.append(
            Identity(
                cells["sample"],
                cells["patient"],
                cells["specimen"] or None,
                cells["timepoint"] or None,
                cells["expected"] or None,
            )
        )
    return tuple(found)


def patients_in(path: Path) -> dict[str, str]:
    """Patients of a sample sheet, by sample; a line that says the same again counts once.

    Raises
    ------
    InputError
        The sheet cannot be read, or gives a sample to two patients.
    """
    found: dict[str, str] = {}
    for one in read_sample_sheet(path):
        known = found.setdefault(one.sample, one.patient)
        if known != one.patient:
            raise InputError(
                "the sample sheet gives a sample to two patients",
                file=path,
                place=one.sample,
                found=f"{known} and {one.patient}",
                remedy="correct the sheet; give the samples different names",
            )
    return found


class NamePattern:
    """A regular expression that takes sample names apart.

    It has the group ``patient`` and may have ``specimen`` and ``timepoint``; it must match a name
    from its first to its last character.

    Raises
    ------
    InputError
        Not a regular expression, or without the group ``patient``.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._compiled = re.compile(pattern)
        except re.error as error:
            found = f"{pattern}: {error}"
            raise InputError("the naming pattern is damaged", found=found) from error
        if "patient" not in self._compiled.groupindex:
            raise InputError(
                "the naming pattern does not say where the patient is",
                expected=r"a group (?P<patient>…), e.g. (?P<patient>P\d+)-(?P<timepoint>D\d+)",
                found=pattern,
            )

    @property
    def pattern(self) -> str:
        """The regular expression as it was stated."""
        return self._compiled.pattern

    def identities(self, names: Iterable[str]) -> tuple[Identity, ...]:
        """Who those names are that the pattern matches."""
        matches = ((name, self._compiled.fullmatch(name)) for name in names)
        return tuple(
            Identity(name, parts["patient"], parts.get("specimen"), parts.get("timepoint"))
            for name, match in matches
            if match is not None and (parts := match.groupdict())["patient"]
        )


def match_samples(
    plate: Plate, known: Sequence[Identity] | NamePattern
) -> tuple[dict[str, Identity], tuple[Finding, ...]]:
    """Say who every sample of a plate is; controls and standards are nobody.

    Parameters
    ----------
    plate
        The plate.
    known
        From a sheet or a pattern.

    Returns
    -------
    identities, findings
        By sample name, for names that exactly one line matches; and a finding for every other.
    """
    rows = grouped(rows_of(plate, Part.SAMPLE), lambda row: plate.run.reactions[row].sample or "")
    stated = known.identities(rows) if isinstance(known, NamePattern) else known
    lines = grouped(stated, lambda identity: identity.sample)
    identities, findings = {}, []
    for name, mine in rows.items():
        matches = list(dict.fromkeys(lines.get(name, []))) if name else []  # said twice is said
        if len(matches) == 1:
            identities[name] = matches[0]
            continue
        if not name:
            message = say("{count} reactions have no sample name.", count=len(mine))
        elif matches:
            message = say(
                "Sample {sample} stands {count} times in the sample sheet.",
                sample=name, count=len(matches),
            )  # fmt: skip
        else:
            message = say("Sample {sample} belongs to nobody that is known.", sample=name)
        remedy = say("Correct the sample sheet or the plate setup; nothing is filed until then.")
        findings.append(
            Finding(RULE, Severity.WARNING, tuple(mine), message, remedy, len(matches), 1)
        )
    return identities, tuple(findings)
