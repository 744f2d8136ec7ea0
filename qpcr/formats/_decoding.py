"""Text files in the encodings that instrument software and spreadsheets write."""

from __future__ import annotations

import re
from pathlib import Path

from qpcr.errors import InputError

_UTF8 = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}|\xd1\x82|\xce\x94")
"""Chinese, and the letters of Cт and ΔRn, as UTF-8 writes them and GB 18030 hardly ever does."""
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decode(data: bytes, file: Path) -> str:
    """Text of a file, whatever it was saved as; Chinese Windows writes GB 18030.

    UTF-16 is known by its mark, or by zero bytes, which no other text has. A file that is
    neither UTF-8 nor GB 18030 is taken as Windows-1252 where it is Latin text with few other signs.

    Raises
    ------
    InputError
        It is no text, or its lines are in several encodings.
    """
    for encoding in _candidates(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            if encoding == "utf-8-sig":
                _check_one(data, file)
            continue
        if "\0" in text:
            break
        return text
    raise InputError(
        "the file is not a text table",
        file=file,
        expected="text in UTF-8, UTF-16 or GB 18030",
        remedy="save the table as CSV (UTF-8) in your spreadsheet",
    )


def _check_one(data: bytes, file: Path) -> None:
    """Refuse a text of which some lines are surely UTF-8 and some surely not."""
    foreign = None
    marked = data[:3] == b"\xef\xbb\xbf"
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode("utf-8")
            marked = marked or _UTF8.search(line) is not None
        except UnicodeDecodeError:
            foreign = foreign or number
    if marked and foreign is not None:
        raise InputError(
            "the file mixes encodings",
            file=file,
            place=f"line {foreign}",
            expected="UTF-8, as in its other lines",
            remedy="export the file again, or save it as UTF-8",
        )


def decode_head(head: bytes) -> str | None:
    """Text of a file's first bytes, as far as it can be told; ``None`` where it is no text."""
    for encoding in _candidates(head):
        for cut in range(4):
            try:
                text = head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return None if "\0" in text else text
    return None


def _candidates(data: bytes) -> list[str]:
    if data[:2] in _BOMS:
        return [_BOMS[data[:2]]]
    if b"\0" in data[:4096]:
        high = data[1:4096:2].count(0) >= data[:4096:2].count(0)
        return ["utf-16-le"] if high else ["utf-16-be"]
    foreign = sum(byte > 127 for byte in data[:65536])
    western = ["cp1252", "gb18030"] if foreign and _looks_western(data[:65536]) else ["gb18030"]
    return ["utf-8-sig", *western]


def _looks_western(data: bytes) -> bool:
    """Whether bytes above 127 stand alone (µ, °, é), not in pairs as Chinese writes them."""
    pairs = singles = 0
    at = 0
    while at < len(data):
        if data[at] > 127:
            if at + 1 < len(data) and data[at + 1] > 127:
                pairs += 1
                at += 1
            else:
                singles += 1
        at += 1
    return singles > pairs
