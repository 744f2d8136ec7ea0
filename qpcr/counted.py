"""Numbers with their noun, as people read them: one run, two runs."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun, in the singular or the plural.

    Parameters
    ----------
    number
        How many.
    noun
        One of them.
    plural
        Several of them; default: the noun with an ``s``.

    Examples
    --------
    >>> counted(1, "run"), counted(0, "run"), counted(1200, "value"), counted(2, "analysis",
    ... "analyses")
    ('1 run', '0 runs', '1,200 values', '2 analyses')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
