"""Cells of exports: names, numbers in the writer's own notation, truth values, times, Ct."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Any

from qpcr.errors import InputError

_CYRILLIC = str.maketrans("тТсСхХ", "ttccxx")
_FORMULA = re.compile(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!)", re.IGNORECASE)
NOTHING = {"", "na", "n/a", "nan", "-", "--", "null"}


def plain(cell: Any) -> str:
    """A cell as text; whole numbers without the point that workbooks give them."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def key(text: Any) -> str:
    """What a head line's cell is compared by: letters and digits only, look-alikes made equal.

    >>> key("Cт"), key("ΔRn"), key("Delta Rn"), key("X1_M1"), key("Stage/ Cycle")
    ('ct', 'deltarn', 'deltarn', 'x1m1', 'stagecycle')
    """
    text = unicodedata.normalize("NFKC", plain(text)).translate(_CYRILLIC).casefold()
    text = text.replace("∆", "delta").replace("δ", "delta").translate(_CYRILLIC)
    return "".join(letter for letter in text if letter.isalnum())


class Comma(StrEnum):
    """What a comma inside a number means in one file."""

    DECIMAL = "decimal"
    THOUSANDS = "thousands"
    UNKNOWN = "unknown"


_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
_GROUPED_POINT = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+\.\d*")
_DECIMAL = re.compile(r"[-+]?(\d*,\d+|\d+,)([eE][-+]?\d+)?")
_DECIMAL_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}([. \u00a0\u202f]\d{3})+,\d+")
_POINT = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?")


def comma_of(rows: Iterable[Iterable[Any]]) -> Comma:
    """Find out what commas in a file's numbers mean.

    Raises
    ------
    InputError
        The file uses both notations.
    """
    decimal = thousands = grouped = point = False
    for row in rows:
        for cell in row:
            if type(cell) is not str:
                continue
            if "," not in cell:
                point = point or ("." in cell and _POINT.fullmatch(cell.strip()) is not None)
                continue
            text = cell.strip()
            if _GROUPED_POINT.fullmatch(text):
                thousands = True
            elif _GROUPED.fullmatch(text):
                grouped = True
            elif _DECIMAL.fullmatch(text) or _DECIMAL_GROUPED.fullmatch(text):
                decimal = True
    if decimal and thousands:
        raise InputError(
            "the file writes numbers in two notations",
            expected="a comma as decimal sign, or as thousands sign",
            found="both",
            remedy="export it again with one notation",
        )
    if decimal:
        return Comma.DECIMAL
    return Comma.THOUSANDS if thousands or (grouped and point) else Comma.UNKNOWN


def number(cell: Any, comma: Comma, place: str) -> float | None:
    """A cell as number, ``None`` where it says nothing; formula errors say nothing.

    Raises
    ------
    InputError
        Something else, or a number that can be read in two ways.
    """
    if type(cell) is float:
        return cell if math.isfinite(cell) else None
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell)
    text = plain(cell)
    if text.casefold() in NOTHING or _FORMULA.fullmatch(text):
        return None
    if "," in text:
        text = _without_comma(text, comma, place)
    elif comma is Comma.DECIMAL and text.count(".") and re.fullmatch(r"-?\d{1,3}(\.\d{3})+", text):
        text = text.replace(".", "")
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise InputError(
            "a cell is no number", place=place, expected="a number", found=plain(cell)[:40]
        )
    return value if math.isfinite(value) else None


def _without_comma(text: str, comma: Comma, place: str) -> str:
    if comma is Comma.THOUSANDS:
        return text.replace(",", "")
    if comma is Comma.DECIMAL:
        return re.sub(r"[. \u00a0\u202f](?=\d{3})", "", text).replace(",", ".")
    raise InputError(
        "a number can be read in two ways",
        place=place,
        expected="decimal sign and thousands sign that can be told apart",
        found=text[:40],
        remedy="export without thousands signs, or with a point as decimal sign",
    )


def is_formula_error(cell: Any) -> bool:
    """Whether a workbook could not compute the cell."""
    return isinstance(cell, str) and _FORMULA.fullmatch(cell.strip()) is not None


_TRUE = {
    "true",
    "automatic",
    "auto",
    "自动",
    "1",
    "yes",
    "y",
    "wahr",
    "vrai",
    "verdadero",
    "是",
    "真",
}
_FALSE = {"false", "manual", "手动", "0", "no", "n", "falsch", "faux", "falso", "否", "假"}


def flag(cell: Any) -> bool | None:
    """A truth value, or ``None`` where the cell says neither."""
    text = plain(cell).casefold()
    return True if text in _TRUE else False if text in _FALSE else None


UNDETERMINED = {
    "undetermined", "undet", "undet.", "undetect", "undetected", "not determined", "no ct", "noct",
    "no cq", "nocq", "none", "indeterminate", "indéterminé", "indeterminado", "indeterminato",
    "nicht bestimmt", "unbestimmt", "未确定", "未測定", "未测定", "未检出", "未定", "不确定",
    "无ct", "无", "nan", "n/a", "na", "-", "--",
}  # fmt: skip
"""Spellings of "no Ct was determined" that are known; others without a digit are noted."""


def ct_of(cell: Any, comma: Comma, place: str) -> tuple[float | None, bool | None]:
    """Ct and whether one was determined, (``None``, ``None``) where nothing is said.

    Raises
    ------
    InputError
        A text with digits in it that is no number.
    """
    text = plain(cell)
    if not text or is_formula_error(cell):
        return None, None
    if not isinstance(cell, (int, float)) and (
        text.casefold() in UNDETERMINED or text[0] in "><" or not re.search(r"\d", text)
    ):
        return None, False
    value = number(cell, comma, place)
    return (value, True) if value is not None and value > 0 else (None, False)


_ZONES = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9,
    "KST": 9, "HKT": 8,
}  # fmt: skip
"""Hours east of Greenwich. CST is China's and Chicago's, IST India's, Israel's and Ireland's."""
_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AP]M|上午|下午)?\s*([A-Za-z]{1,5}|[-+]\d{2}:?\d{2})?"  # noqa: E501
)


def moment(cell: Any) -> datetime | None:
    """A time in UTC, or ``None`` where it or its zone cannot be told for certain.

    Software writes ``20:50:58 PM``: hours above 12 count as they are.
    """
    if isinstance(cell, (datetime, date, time)):
        return None  # a workbook's date has no zone
    match = _TIME.fullmatch(plain(cell))
    if match is None or not match[8]:
        return None
    zone = _zone(match[8])
    hour = int(match[4])
    if match[7] in ("PM", "下午") and hour < 12:
        hour += 12
    elif match[7] in ("AM", "上午") and hour == 12:
        hour = 0
    if zone is None:
        return None
    try:
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        local = datetime(year, month, day, hour, int(match[5]), int(match[6] or 0), tzinfo=zone)
    except ValueError:
        return None
    return local.astimezone(UTC)


def _zone(text: str) -> timezone | None:
    if text[0] in "+-":
        digits = text[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
    hours = _ZONES.get(text.upper())
    return None if hours is None else timezone(timedelta(hours=hours))
