"""What came of one run of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qpcr.errors import QpcrError
    from qpcr.record import Record
    from qpcr.unmatched import Matched


@dataclass(frozen=True, eq=False, slots=True)
class Analyzed:
    """What came of one run, or of a file that cannot be opened.

    Attributes
    ----------
    file
        The instrument's file.
    name
        Of the run, in a file that holds several.
    number, of
        Which run of the file it is, from 1, and of how many that are looked at.
    record
        The analyzed run, unless it failed or was finished before.
    written
        Files that were written, or had been.
    kept
        How the run was kept in the store.
    finished
        It was finished before, and left alone.
    why
        What the findings say by which the run must not be used; none, where it may be.
    matched
        Which of its samples are whose; of a run that was refused afterwards, too.
    error
        Why it did not work.
    """

    file: Path
    name: str | None = None
    number: int = 1
    of: int = 1
    record: Record | None = None
    written: tuple[Path, ...] = ()
    kept: str | None = None
    finished: bool = False
    why: tuple[str, ...] = ()
    matched: Matched | None = None
    error: QpcrError | None = None

    @property
    def invalid(self) -> bool:
        """A finding says that the run must not be used."""
        return bool(self.why)

    @property
    def named(self) -> str:
        """The file, and the run where the file holds several."""
        return str(self.file) if self.name is None else f"{self.file}, run {self.name}"
