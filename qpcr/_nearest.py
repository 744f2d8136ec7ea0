"""The known word that a mistyped one was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like another, whatever its case; ``None`` if none is."""
    by_lower = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def alike(word: str, known: Iterable[str]) -> int:
    """How many known words are like another: for words that must not be said, as patients' ids."""
    by_lower = [one.casefold() for one in known]
    return len(difflib.get_close_matches(word.casefold(), by_lower, n=9, cutoff=0.6))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean 'word'?``, or ``None`` where no known word is like it."""
    near = nearest(word, known)
    return None if near is None else f"did you mean {near!r}?"
