"""The errors of `primers`: input that a person can mend, told in words.

The package knows nothing of `qpcr`, so it has its own errors. They are ``ValueError`` children
whose text says file, place, what was expected, what was found, and what to do.
"""

from __future__ import annotations

from pathlib import Path


class PrimersError(ValueError):
    """Base of all errors of this package that a user can do something about.

    Parameters
    ----------
    problem
        What is wrong, as a sentence without the file's name.
    file
        The file, if there is one.
    place
        Where in the file: a key path such as ``reactions[2].channels[0].reporter``, or a line.
    expected, found
        What should be there, and what is.
    remedy
        What the reader of the message can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: Path | str | None = None,
        place: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.file = None if file is None else str(file)
        self.place = place
        self.expected = expected
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the whole message: one fact a line."""
        lines = [self.problem]
        for label, text in (
            ("file", self.file),
            ("place", self.place),
            ("expected", self.expected),
            ("found", self.found),
            ("what to do", self.remedy),
        ):
            if text:
                lines.append(f"  {label}: {text}")
        return "\n".join(lines)


class PanelError(PrimersError):
    """A panel file cannot be used: a key, a value, or what its parts say together."""


class UnknownPanelError(PanelError):
    """No panel that ships with this software has that name."""


class SequenceError(PrimersError):
    """A sequence or a FASTA file cannot be used."""
