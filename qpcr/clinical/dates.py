"""Dates as people and spreadsheets write them; what can be read in two ways is refused.

Read are 2021-03-05 (also with ``/`` or ``.``), 20210305, 2021年3月5日, 5 Mar 2021, and 25/03/2021
where the day is beyond 12, both are the same, or the column map states the order. A bare number
such as 44260 is a spreadsheet's serial date, and is read only if the map says from which year the
spreadsheet counts: the two ways of counting differ by four years.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal

Order = Literal["day-first", "month-first"]
EARLIEST = date(1900, 1, 1)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_TIME = r"(?:[ t]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_CHINESE = re.compile(r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[ -]?([a-z]{3})[a-z]*[ ,-]+(\d{4})", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII)
_SERIAL = re.compile(r"\d{5}", re.ASCII)
_SHORT = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}", re.ASCII)
_PARTIAL = re.compile(r"\d{4}(?:[-/.]\d{1,2}| ?年(?: ?\d{1,2} ?月)?)?", re.ASCII)


class CellError(ValueError):
    """A cell cannot be read: what is wrong with it, and what was expected."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected


def parse_date(
    text: str, order: Order | None, serial: Literal[1900, 1904] | None, today: date
) -> date:
    """Read a date.

    Parameters
    ----------
    text
        One cell, folded to plain digits and signs (NFKC), without space around it.
    order
        Which comes first where the year comes last, if the column map says so.
    serial
        From which year serial dates count, if the column map says so.
    today
        Later dates are refused.

    Raises
    ------
    CellError
        No date, one that does not exist, one that lies in the future, or one that can be read in
        two ways.
    """
    plain = text.lower()
    if match := _YEAR_FIRST.fullmatch(plain):
        found = _day(int(match[1]), int(match[3]), int(match[4]))
    elif match := _CHINESE.fullmatch(plain) or _COMPACT.fullmatch(plain):
        found = _day(int(match[1]), int(match[2]), int(match[3]))
    elif (match := _NAMED.fullmatch(plain)) and match[2] in _MONTHS:
        found = _day(int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]))
    elif match := _YEAR_LAST.fullmatch(plain):
        found = _year_last(int(match[4]), int(match[1]), int(match[3]), order)
    elif _SERIAL.fullmatch(plain):
        found = _serial(int(plain), serial)
    elif _SHORT.fullmatch(plain):
        raise CellError("a date whose year has two digits", "a year of four digits: 2021-03-05")
    elif _PARTIAL.fullmatch(plain):
        raise CellError("a date without its day", "year, month and day: 2021-03-05")
    else:
        raise CellError("not a date", "a date: 2021-03-05")
    if not EARLIEST <= found <= today:
        raise CellError("a date that cannot be", f"{EARLIEST} to today")
    return found


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise CellError("a date that does not exist", "a day of the calendar") from error


def _year_last(year: int, first: int, second: int, order: Order | None) -> date:
    """A date whose year comes last: by the stated order, or if only one order is possible."""
    if order == "day-first":
        return _day(year, second, first)
    if order == "month-first":
        return _day(year, first, second)
    if first == second:
        return _day(year, first, second)
    if first > 12:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    raise CellError(
        "a date that can be read in two ways",
        'year-month-day, or date_order = "day-first" or "month-first" in the column map',
    )


def _serial(number: int, base: Literal[1900, 1904] | None) -> date:
    """A spreadsheet's serial date; 1900 counts a 29 February 1900 that never was."""
    if base is None:
        raise CellError(
            "a bare number where a date should be",
            "2021-03-05, or serial_dates = 1900 or 1904 in the column map if it is a serial date",
        )
    return (date(1899, 12, 30) if base == 1900 else date(1904, 1, 1)) + timedelta(days=number)
