"""A lot of a reagent, and how people write it down: ``mastermix=LOT123,2027-01-31``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from qpcr.errors import InputError
from qpcr.said import say

UNNAMED = "reagents"
"""What a lot is of that is one of all reagents together."""
MOST_LETTERS = 80
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot of one reagent; `expires` is its last good day, ``None`` where that is not stated.

    Raises
    ------
    InputError
        A name or lot that is empty, too long, or holds characters that cannot be kept. A name holds
        no ``=`` and no ``/`` either.
    """

    reagent: str
    lot: str
    expires: date | None = None

    def __post_init__(self) -> None:
        for name, text in (("reagent", self.reagent), ("lot", self.lot)):
            good = text.strip() == text and 0 < len(text) <= MOST_LETTERS and text.isprintable()
            if not good or (name == "reagent" and ("=" in text or "/" in text)):
                raise InputError(
                    f"this is no {name} that can be kept",
                    expected=f"1 to {MOST_LETTERS} printable characters",
                    found=repr(text[:MOST_LETTERS]),
                )

    @property
    def key(self) -> str:
        """What reagents are told apart by: Mix is no other reagent than mix."""
        return self.reagent.casefold()

    def told(self) -> str:
        """As a sentence that other languages know."""
        if self.expires is None:
            return say("{reagent} {lot}", reagent=self.reagent, lot=self.lot)
        return say("{reagent} {lot} (expires {day})", reagent=self.reagent, lot=self.lot,
                   day=str(self.expires))  # fmt: skip

    def __str__(self) -> str:
        """As people read it: ``mastermix LOT123 (expires 2027-01-31)``."""
        return str.__str__(self.told())


def parse_lot(text: str) -> Lot:
    """Read ``REAGENT=LOT`` or ``REAGENT=LOT,EXPIRES``; a kit's lot is one of ``reagents``.

    >>> str(parse_lot("mastermix=A17,2027-01-31"))
    'mastermix A17 (expires 2027-01-31)'

    Raises
    ------
    InputError
        Something is empty, or the date is none. One word alone is refused: whether it is a reagent
        or a lot, it does not say.
    """
    reagent, sign, rest = text.partition("=")
    if not sign:
        raise InputError(
            "this does not say which lot of which reagent",
            expected="REAGENT=LOT or REAGENT=LOT,EXPIRES",
            found=repr(text[:MOST_LETTERS]),
            remedy=f"write {UNNAMED}=LOT for one lot of all reagents, as of a kit",
        )
    lot, comma, end = rest.rpartition(",")
    if not (comma and _DATE.fullmatch(end.strip())):
        return Lot(reagent.strip(), rest.strip())
    return Lot(reagent.strip(), lot.strip(), day_of(end))


def day_of(text: str) -> date:
    """A day that is written as ``2027-01-31``.

    Raises
    ------
    InputError
        It is written otherwise: ``01/02/2027`` means different days to different people.
    """
    try:
        if _DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise InputError("this is no day", expected="YYYY-MM-DD", found=text[:40])


def by_reagent(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """Lots in order of their reagents, whose names count without case; the first spelling stays.

    Raises
    ------
    InputError
        A reagent has two.
    """
    found: dict[str, Lot] = {}
    for one in lots:
        known = found.setdefault(one.key, one)
        if (known.lot, known.expires) != (one.lot, one.expires):
            raise InputError(
                "a reagent has two lots",
                place=one.reagent,
                found=f"{known.lot} and {one.lot}",
                remedy="give them different names, as in probe A and probe B",
            )
    return tuple(sorted(found.values(), key=lambda one: one.reagent))
