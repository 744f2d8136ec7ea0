"""One cell of a table to one value of a clinical field, or a refusal in words.

Nothing is guessed: a comma in a number, a spreadsheet's error, a date with two readings, a bare
dash for a yes or no, an unknown code are refused, and the sentence says what would be understood.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from qpcr._frozen import FrozenMap
from qpcr.clinical.dates import CellError, Order, parse_date
from qpcr.clinical.fields import Below, Field, Value, folded

MISSING = frozenset(
    folded(text) for text in ("", "na", "n/a", "nan", "null", "none", "unknown", "not done",
                              "missing", "不详", "未知", "未查", "未测", "未做", "缺")
)  # fmt: skip
"""What people write where nothing is known; an empty cell is never a zero or a "no"."""
_ERROR = re.compile(r"#(n/?a|ref!|value!|div/0!|name\?|num!|null!|spill!|calc!|#+)", re.IGNORECASE)
_NUMBER = re.compile(r"([<>≤≥]?) ?([+-]?\d[\d.,' ]*(?:[eE][+-]?\d+)?) ?(.*)", re.ASCII)
_ROUNDED_ID = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+|\d{16,}", re.ASCII)
_RESIDENT = re.compile(r"\d{17}[\dXx]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MAX_LENGTH = 500


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """How the cells of one column are read.

    Attributes
    ----------
    field
        What they mean.
    factor
        From the column's unit to the field's.
    codes
        The column's own codes (folded) to the field's values as text; before the known spellings.
    decimal
        The sign between whole and broken part of a number.
    order, serial
        See :func:`~qpcr.clinical.dates.parse_date`.
    missing
        More texts (folded) that mean that nothing is known.
    """

    field: Field
    factor: float = 1.0
    codes: Mapping[str, str] = dataclasses.field(default_factory=FrozenMap)
    decimal: Literal[".", ","] = "."
    order: Order | None = None
    serial: Literal[1900, 1904] | None = None
    missing: frozenset[str] = frozenset()


def parse_cell(text: str, how: Reading, today: date) -> Value | None:
    """Read one cell; ``None`` where it says that nothing is known.

    Raises
    ------
    CellError
        The cell cannot be read as a value of the field.
    """
    field, plain = how.field, " ".join(unicodedata.normalize("NFKC", text).split())
    if _ERROR.fullmatch(plain):
        raise CellError("an error of the spreadsheet", "a value: mend the formula")
    if len(plain) > MAX_LENGTH:
        raise CellError("a cell that is too long", f"at most {MAX_LENGTH} characters")
    plain = how.codes.get(folded(plain), plain)
    if folded(plain) in MISSING | how.missing:
        return None
    if field.kind == "id":
        return _id(text.strip())
    if field.kind == "text":
        return plain
    if field.kind in ("choice", "flag"):
        return _code(plain, field)
    if plain == "-":
        return None
    if field.kind == "date":
        return parse_date(plain, how.order, how.serial, today)
    return _number(plain, how)


def _id(text: str) -> str:
    """A patient's number as it stands; rounded by a spreadsheet, or naming a person: refused.

    Nothing of an id is made plain: the plates' sample sheets state it as it is, too.
    """
    if _is_resident_number(text):
        raise CellError(
            "an identity number, which holds the birth date", "a number of the laboratory's own"
        )
    if _ROUNDED_ID.fullmatch(text):
        raise CellError("a number that a spreadsheet has rounded", "the number stored as text")
    if any(unicodedata.category(sign).startswith("C") for sign in text):
        raise CellError("a sign that cannot be seen", "letters, digits and signs")
    return text


def _is_resident_number(text: str) -> bool:
    """Whether a text is a Chinese resident identity number (GB 11643, check sign of ISO 7064)."""
    if not _RESIDENT.fullmatch(text):
        return False
    total = sum(int(sign) * weight for sign, weight in zip(text[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


def _code(text: str, field: Field) -> str | bool:
    """A choice or a flag, as any known spelling."""
    found = field.spellings.get(folded(text))
    if found is None:
        known = field.codes or ("yes", "no", "是", "否")
        if folded(text) == "-":
            raise CellError(
                "a dash, which may mean negative or not done", f"one of {', '.join(known)}"
            )
        raise CellError(
            "an unknown code", f"one of {', '.join(known)}; or a code of the column map"
        )
    return found


def _number(text: str, how: Reading) -> float | Below:
    """A number in the field's unit, with its own unit behind it if there is one."""
    field, match = how.field, _NUMBER.fullmatch(text)
    if match is None:
        raise CellError("not a number", f"a number ({field.unit})" if field.unit else "a number")
    sign, digits, unit = match[1], match[2].strip(), match[3]
    factor = how.factor
    if unit:
        if folded(unit) not in field.units:
            raise CellError("an unknown unit", f"a number in {field.unit}, or a known unit")
        factor = field.units[folded(unit)]
    number = _digits(digits, how.decimal) * factor
    if sign in (">", "≥", "≤"):
        raise CellError(f"a bound ({sign})", "a number")
    value: float | Below = Below(number) if sign else number
    expected = field.problem(value)
    if expected is not None:
        raise CellError("a number out of range" if not sign else "a bound", expected)
    return value


def _digits(text: str, decimal: str) -> float:
    """The digits of a number; thousands are not parted, since a comma there has two readings."""
    other = "," if decimal == "." else "."
    if other in text or " " in text or "'" in text or text.count(decimal) > 1:
        raise CellError(
            f"a number with {other!r} in it" if other in text else "not a number",
            f"a number without thousands separators, {decimal!r} before the fraction; "
            f'the column map can say decimal = "{other}"',
        )
    return float(text.replace(decimal, "."))
