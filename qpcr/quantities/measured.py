"""Reactions as quantities see them: what each is for, what it states, and its Ct."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.read_at import ReadAt
from qpcr.amplified import amplified
from qpcr.errors import InputError
from qpcr.findings import Severity
from qpcr.quantification import Quantified, quantified
from qpcr.run import Task
from qpcr.said import Said, say

if TYPE_CHECKING:
    from qpcr.record import Record


AT_THRESHOLD = "threshold"
"""Method of a Ct where none is named: where the fitted curve crosses the threshold. Curves on file,
control charts and published rules for residual disease go by it, so it stays the default."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One reaction as quantities see it.

    Attributes
    ----------
    file, sha256, run_date
        Where it was measured; the date is ``None`` where the file has none.
    stated
        Quantity that the file states for a standard.
    cq, why_no_cq
        Cq by `method`, or the reason there is none.
    omitted
        Why it takes no part, or ``None``.
    method
        Which method the Cq is by.
    unread
        The method has no Cq that counts, though the instrument's rule has a Ct: whatever this is,
        it is no sign of a well without template.
    barred
        What a quality rule found that says it must not be used, or ``None``; it takes part all the
        same, and that is said.
    read_at
        What the Cq was read at, ``None``: not known.
    """

    file: str
    sha256: str
    run_date: date | None
    well: str
    sample: str | None
    target: str
    task: Task
    stated: float | None
    cq: float | None
    why_no_cq: str | None
    omitted: Said | None
    barred: str | None = None
    method: str = AT_THRESHOLD
    read_at: ReadAt | None = None
    unread: bool = False

    @property
    def calibrates(self) -> bool:
        """A standard with a Ct and a quantity, not omitted."""
        usable = self.omitted is None and self.cq is not None
        return usable and self.task is Task.STANDARD and bool(self.stated and self.stated > 0)


def measured(
    record: Record, omit: Collection[str] = (), method: str | None = None
) -> list[Measured]:
    """Reactions of a record.

    Parameters
    ----------
    record
        The analyzed run.
    omit
        Wells to leave out, as ``"B6"`` or ``"plate.eds:B6"``.
    method
        Cq method, one of :func:`qpcr.methods.methods`; default: :data:`AT_THRESHOLD`.
    """
    source = record.run.provenance
    rows = []
    known = {reaction.well_name for reaction in record.run.reactions}
    named = {one.rpartition(":")[2] for one in omit if one.rpartition(":")[0] in ("", source.file)}
    if named - known:
        raise InputError(
            "a well to leave out is not in use on the plate",
            file=source.file,
            found=", ".join(sorted(named - known)),
        )
    cqs: list[tuple[float | None, str | None]]
    method = method or AT_THRESHOLD
    if method == AT_THRESHOLD:  # the same numbers; the fit has the better reasons
        cqs = [(fit.cq, fit.reason_text) for fit in record.fits]
    else:
        cqs = [(one.cq, one.reason) for one in by_method(record, method)]
    barred, levels = _barred(record), _read_at(record, method)
    for row, (reaction, (cq, why)) in enumerate(zip(record.run.reactions, cqs, strict=True)):
        omitted = None
        if reaction.omitted:
            omitted = say("The well is marked as omitted in the file.")
        elif reaction.well_name in named:
            omitted = say("The well was left out by hand.")
        rows.append(
            Measured(
                source.file,
                source.sha256,
                None if source.started is None else source.started.date(),
                reaction.well_name,
                reaction.sample,
                reaction.target,
                reaction.task,
                reaction.quantity,
                cq,
                why,
                omitted,
                barred.get(row),
                method,
                levels.get(reaction.target),
                _unread(record, row, cq, method),
            )
        )
    return rows


def _read_at(record: Record, method: str) -> dict[str, ReadAt]:
    """What the Cq of each target were read at; of other methods than the usual one no level."""
    dye, rules = record.run.passive_reference, record.curves.rules
    return {
        target: ReadAt(one.value if method == AT_THRESHOLD else None, dye, rules, method)
        for target, one in record.curves.thresholds.items()
    }


def _unread(record: Record, row: int, cq: float | None, method: str) -> bool:
    """Whether only the instrument's rule has a Ct; at the threshold the fit decides that."""
    crosses = record.curves.instrument_cq[row].value is not None
    return method != AT_THRESHOLD and cq is None and crosses


def _barred(record: Record) -> dict[int, str]:
    """Reactions that a finding says must not be used, with what it saw; the first one counts."""
    found: dict[int, str] = {}
    for one in record.findings:
        if one.severity is Severity.REACTION:
            for row in one.reactions:
                found.setdefault(row, one.message)
    return found


def one_method(stated: Iterable[str | None]) -> str | None:
    """The one method of several Cq; ``None`` where none is stated at all.

    Where some are stated, the others are taken to be read at the threshold, as most tables are.

    Raises
    ------
    InputError
        They are by several methods.
    """
    named = list(stated)
    found = sorted({one or AT_THRESHOLD for one in named})
    if len(found) > 1:
        raise InputError(
            "the Cq are by several methods: they are not read at one level",
            found=", ".join(found),
            remedy="take all by one --method, or from one kind of table",
        )
    return found[0] if any(named) else None


def own_method(record: Record) -> str:
    """The method of a record's quantities; :data:`AT_THRESHOLD` where none was asked for."""
    return AT_THRESHOLD if record.quantification is None else record.quantification.method


def by_method(record: Record, method: str) -> tuple[Quantified, ...]:
    """Reactions of a record by a method: as it holds them, if made so, else made now.

    A Cq that is not one of an amplification is none here, with the reason
    (:mod:`qpcr.amplified`), though the record's own table shows it.

    What a record holds is taken as it is, as its fits are, whatever version made it: ``qpcr
    reanalyze`` makes it anew.

    Raises
    ------
    InputError
        There is no such method.
    """
    kept = record.quantification
    if kept is None or kept.method != method:
        kept = quantified(record.curves, record.fits, method)
    return amplified(kept, record.curves, record.shapes)


def check_names(files: Sequence[Path]) -> None:
    """Refuse files of one name: their wells could not be told apart.

    Raises
    ------
    InputError
        Two files have one name.
    """
    doubled = [name for name, count in Counter(file.name for file in files).items() if count > 1]
    if doubled:
        raise InputError(
            "two files have one name", found=", ".join(doubled), remedy="rename one of them"
        )


def check_omitted(omit: Collection[str], files: Sequence[Path]) -> None:
    """Refuse wells to be left out of a file that is not there.

    Raises
    ------
    InputError
        A well is named with another file.
    """
    names = {file.name for file in files}
    strange = [one for one in omit if ":" in one and one.rpartition(":")[0] not in names]
    if strange:
        raise InputError(
            "a well to leave out is of another file",
            found=", ".join(strange),
            expected="WELL, or FILE:WELL with one of " + ", ".join(sorted(names)),
        )
