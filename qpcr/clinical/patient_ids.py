"""Ids of patients: which look the same, and what none may hold.

Nobody can see the difference between an id and the same one with an invisible sign in it, or with a
Cyrillic letter for a Latin one: half of a patient's record would lie under the other.
"""

from __future__ import annotations

import re
import unicodedata

from qpcr.clinical.fields import folded

UNSEEN = ("Cc", "Cf", "Co", "Cs")
"""General categories of Unicode without a glyph of their own: control, format, private use,
surrogate (The Unicode Standard, section 4.5)."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Others without a glyph: the rest of Default_Ignorable_Code_Point (ibid.), and a blank Braille."""
_DASHES = re.compile("[_-]+")  # what folded leaves of dashes, and those of the next line
_STROKES = str.maketrans(dict.fromkeys("\u2043\u30fc\u02d7\u2e3a\u2e3b\u301c\u3030", "-"))
_LATIN = str.maketrans("авекмнорстухіѕјαβεζηικμνορτυχ", "abekmhopctyxisjabezhikmnoptyx")
"""Small forms of Cyrillic and Greek capitals that look like Latin ones (Unicode Technical Standard
39, confusables)."""


def same_id(text: str) -> str:
    """What two ids have in common that a person would take for one.

    They are the same but for case, width, spaces, invisible signs, alphabets that look alike,
    dashes and underscores. One between two digits counts: it keeps two numbers apart.

    >>> same_id("P-001") == same_id("p001") == same_id("Р_001"), same_id("12-3") == same_id("1-23")
    (True, False)
    """
    seen = "".join(sign for sign in text if not _blank(sign))
    plain = _DASHES.sub("-", folded(seen).translate(_STROKES)).translate(_LATIN)
    return re.sub(r"(?<!\d)-|-(?!\d)", "", plain)


def _blank(sign: str) -> bool:
    return unicodedata.category(sign) in UNSEEN or _BLANK.match(sign) is not None


def unseen(text: str) -> str | None:
    """The first sign of an id that nobody can see, in words; ``None``: there is none."""
    for sign in text:
        if _blank(sign):
            name = unicodedata.name(sign, "a control or private sign")
            return f"{name} (U+{ord(sign):04X})"
    return None
