"""The known word that a mistyped one was probably meant to be.

Whoever follows a hint files something under the word of the hint: so one is given only for what is
a slip of the fingers, and never for another word, number or name.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

LONG, SHORT = 8, 4
"""Letters from which two slips are allowed; up to which none may be another letter."""
_DIGITS = re.compile(r"\d+")
_DASHES = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")
_SAME_SIGN = str.maketrans({"o": "0", "l": "1", "i": "1", "|": "1"})


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that another is a slip of, whatever its case; ``None`` if none is.

    A slip is a letter left out, put in, exchanged with its neighbour, or (in longer words without
    digits) another letter: one, or two from :data:`LONG` letters on. First letters and numbers are
    the same. Words written without an alphabet have so few signs that one more or less is enough.
    """
    near = [(gap, one) for one in known if (gap := _slips(word.casefold(), one.casefold())) < 3]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _slips(word: str, known: str) -> int:
    """How many slips lie between two words; 3 for more than are taken for such."""
    if word == known:
        return 0
    length = min(len(word), len(known))
    if length < 3 or _DIGITS.findall(word) != _DIGITS.findall(known):
        return 3
    if word[0] != known[0] and word[:2] != known[1::-1]:
        return 3
    strict = length <= SHORT or not known.isascii() or bool(_DIGITS.search(known))
    most = 2 if length >= LONG and known.isascii() else 1
    gap = distance(word, known, 2 if strict else 1)
    return gap if gap <= most else 3


def distance(one: str, other: str, substitution: int = 1) -> int:
    """Edits between two words: letters left out, put in or replaced, neighbours exchanged.

    The optimal string alignment distance, by its recursion over prefixes; a replaced letter costs
    `substitution`.

    >>> distance("wcb", "wbc"), distance("birth", "death"), distance("rbc", "wbc", 2)
    (1, 3, 2)
    """
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(
                rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (substitution if a != b else 0)
            )
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def look_alike(name: str, known: Iterable[str]) -> str | None:
    """The one known name that looks the same in print; ``None`` for none, or for several.

    The same but for 0 and O, 1, l and I, case, full width, spaces and dashes. Names of samples
    count through: a neighbour's number is another patient, and no slip.

    >>> look_alike("P-0O2", ["P-001", "P-002"]), look_alike("P-003", ["P-001", "P-002"])
    ('P-002', None)
    """
    same = {one for one in known if _printed(one) == _printed(name)}
    return same.pop() if len(same) == 1 else None


def _printed(name: str) -> str:
    """A name as it looks; a dash between two digits keeps two numbers apart."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip().translate(_SAME_SIGN)
    return re.sub(r"(?<=\d)-(?!\d)|(?<!\d)-", "", _DASHES.sub("-", plain))


def most_like(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like another: for ids that are looked up, and tell nothing."""
    by_lower = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def alike(word: str, known: Iterable[str]) -> int:
    """How many known words are like another: for words that must not be said, as patients' ids."""
    by_lower = [one.casefold() for one in known]
    return len(difflib.get_close_matches(word.casefold(), by_lower, n=9, cutoff=0.6))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean 'word'?``, or ``None`` where it is a slip of no known word."""
    near = nearest(word, known)
    return None if near is None else f"did you mean {near!r}?"
