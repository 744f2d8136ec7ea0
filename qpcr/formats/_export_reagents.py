"""Lots of reagents in exports of QuantStudio software: the table below ``Reagent Information``.

Its heads are known from a file (Reagent Type, Name, Part Number, Lot Number, Expiration Date); a
file in which somebody filled it in was not seen.
"""

from __future__ import annotations

from qpcr.errors import InputError
from qpcr.formats._sections import Document
from qpcr.lots import Lot, by_reagent, day_of
from qpcr.said import say

MOST = 100
"""Reagents that a file may list."""


def reagents_of(document: Document, notes: list[str]) -> tuple[Lot, ...]:
    """Lots that an export names; a reagent without a lot is passed over.

    Raises
    ------
    InputError
        A reagent has two lots, or a name that cannot be kept.
    """
    if len(document.reagents) > MOST:
        raise InputError("the file lists more reagents than any run has", expected=f"{MOST}")
    found = []
    for row in document.reagents:
        name = row.get("reagentname") or row.get("reagenttype") or ""
        lot, text = row.get("reagentlotnumber", ""), row.get("reagentexpirationdate", "")
        if not (name and lot):
            continue
        try:
            end = day_of(text[:10]) if text else None
        except InputError:
            end = None
            notes.append(
                say("The expiry date {text} of {reagent} is not read: days are understood as "
                    "YYYY-MM-DD only.", text=text, reagent=name)
            )  # fmt: skip
        found.append(Lot(name.replace("=", " ").replace("/", " "), lot, end))
    return by_reagent(found)
