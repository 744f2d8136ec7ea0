"""A run in a file that holds several: its name, and how it is read when its turn comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qpcr.errors import InputError
from qpcr.run import Run


@dataclass(frozen=True, slots=True)
class RunIn:
    """A run in a file that is open.

    Attributes
    ----------
    file
        The file.
    name
        What the run is called in a file that holds several; ``None`` where it is the only one.
    reads
        Makes the :class:`~qpcr.run.Run`, or raises :class:`~qpcr.errors.InputError`.
    """

    file: Path
    name: str | None
    reads: Callable[[], Run]

    def read(self) -> Run:
        """Read the run. It is not kept here, so that many take no more memory than one.

        Raises
        ------
        InputError
            The run is damaged or contradictory; the error names the file and the run.
        """
        try:
            return self.reads()
        except InputError as error:
            if self.name is not None and self.name not in (error.place or ""):
                error.place = ", ".join(filter(None, (f"run {self.name}", error.place)))
            raise error.at(self.file) from error.__cause__
