"""Words and numbers as SDS 2.x ``.eds`` files write them, read in one way by every part.

A name occurs in several members (plate, analysis settings, results) and must come out the same
from each, or what was recorded for it is lost. ``1.7976931348623157E308`` and ``4.9E-324`` (Java's
largest and smallest double) mean "unset".
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from qpcr.errors import InputError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_NAME = 512
MAX_TEXT = 65_536
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


def clean_name(value: str) -> str:
    r"""Make white space and control characters one space each run, and drop invisible characters.

    >>> clean_name(" A\u00a0B\n\u3000C\u200b ")
    'A B C'
    """
    spaced = "".join(
        " " if c.isspace() or unicodedata.category(c) == "Cc" else c
        for c in value
        if c.isspace() or c.isprintable() or unicodedata.category(c) == "Cc"
    )
    return " ".join(spaced.split())


def shortened(value: str) -> str:
    """Clean a text that is only shown, and cut it to the length of a name."""
    cleaned = clean_name(value)
    return cleaned if len(cleaned) <= MAX_NAME else cleaned[: MAX_NAME - 1] + "…"


def text(node: _Element, path: str) -> str | None:
    """Text of a child, cleaned, or ``None`` when it is absent or empty.

    Raises
    ------
    InputError
        It is longer than any name.
    """
    value = _bounded(node, path)
    cleaned = "" if value is None else clean_name(value)
    if len(cleaned) > MAX_NAME:
        raise _too_long(path, MAX_NAME, len(cleaned))
    return cleaned or None


def remark(node: _Element, path: str) -> str | None:
    """Text of a child that is only shown: as :func:`text`, but cut instead of refused."""
    value = _bounded(node, path)
    return None if value is None else shortened(value) or None


def _bounded(node: _Element, path: str) -> str | None:
    value = node.findtext(path)
    if value is not None and len(value) > MAX_TEXT:
        raise _too_long(path, MAX_TEXT, len(value))
    return value


def _too_long(path: str, limit: int, length: int) -> InputError:
    return InputError(
        "a text is longer than any name",
        place=path,
        expected=f"at most {limit} characters",
        found=f"{length}",
    )


def integer(node: _Element, path: str, low: int, high: int) -> int:
    """Read a child as a whole number within limits.

    Raises
    ------
    InputError
        Missing, no whole number in ASCII digits, or outside the limits.
    """
    value = text(node, path)
    number = int(value) if value and re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
    if number is None or not low <= number <= high:
        raise InputError(
            "a number is missing or impossible",
            place=path,
            expected=f"a whole number from {low} to {high}",
            found=repr(value),
        )
    return number


def real(value: str | None) -> float | None:
    """Read a number; ``None`` where it is absent, no number, or one of Java's "unset" values."""
    if value is None or not _NUMBER.fullmatch(value.strip()):
        return None
    number = float(value)
    return number if 1e-300 < abs(number) < 1e300 or number == 0 else None


def flag(value: str | None) -> bool | None:
    """Read a truth value; ``None`` where the file says neither."""
    word = "" if value is None else value.strip().lower()
    return {"true": True, "1": True, "false": False, "0": False}.get(word)
