"""The errors this software raises, and the warnings it gives.

Bad input and a fault of our own are different classes. Everything a user can mend is a
:class:`QpcrError`; anything else that escapes is our bug and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class QpcrError(Exception):
    """Base of all errors that a user can do something about."""


class InputError(QpcrError):
    """An input file or table cannot be used as it is.

    Parameters
    ----------
    problem
        What is wrong, as a sentence without the file's name.
    file
        The file, if there is one.
    place
        Where in the file: an archive member, a line, a well, a column.
    expected, found
        What should be there, and what is.
    remedy
        What the person in front of the screen can do about it.
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

    def at(self, file: Path | str) -> InputError:
        """Return the same error, with the file named if it was not yet."""
        if self.file is None:
            self.file = str(file)
        return self

    def __str__(self) -> str:
        """The whole message: one fact a line."""
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


class UnknownNameError(InputError):
    """Somebody asked by name for a part of this software that it does not have: wrong usage.

    A file that cannot be used, or somebody who is not on record, is another :class:`InputError`.
    """


class UnsupportedError(InputError):
    """The file is intact, but of a kind or version that is not read."""


class QpcrWarning(UserWarning):
    """Something a person should know, though the result stands."""
