"""Multicomponent data as SDS 2.x stores them: ``post-roi.dat`` and ``multicomponent_data.txt``.

Both hold the same numbers. The object also keeps the filter readings behind them, before and after
correction, and says which readings belong to the cycling stage; the text is the fall-back.

Text: CRLF, tab-separated, three head lines, then per well, reading and dye
``well reading dye mse signal p1`` and F−1 further lines with one ``p`` each; after the D dyes F−D
fillers ``well reading mse`` without a line end, glued to the next record. It is read as a stream
of tokens: two integers followed by a number are a filler, by anything else a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qpcr._frozen import BoolArray, Float32Array
from qpcr.errors import InputError
from qpcr.formats._java import parse_java
from qpcr.run import DyeSignals

MAX_READINGS = 2_000
MAX_FILTERS = 8
MAX_NUMBER = 1e12
"""Signals and readings are counts; a larger number is damage, and would overflow later."""

_CLASSES = (
    "com.apldbio.sds.platform.algorithms.multicomponent.MulticomponentData",
    "com.apldbio.sds.platform.preproc.AbstractPreprocResults",
    "java.lang.Enum",
    "java.lang.String",
)


@dataclass(frozen=True, eq=False, slots=True)
class Multicomponent:
    """The instrument's multicomponent result over R readings.

    Attributes
    ----------
    signals
        By well index, for wells with dyes; (D, R) each.
    raw, corrected
        (W, R, F) float32 filter readings before and after correction, or ``None``.
    spectra
        By well index: (D, F) pure-dye matrices in the order of the well's dyes.
    cycling
        (R,) which readings are of the cycling stage, or ``None`` where it is not said.
    """

    signals: Mapping[int, DyeSignals]
    raw: Float32Array | None
    corrected: Float32Array | None
    spectra: Mapping[int, Float32Array]
    cycling: BoolArray | None


def _allowed(name: str) -> bool:
    plain = name.lstrip("[")
    if plain != name and plain.startswith("L") and plain.endswith(";"):
        plain = plain[1:-1]
    return plain in _CLASSES or plain.endswith("TCStageFlag")


def _stack(value: Any, shape: tuple[int, ...], what: str) -> Float32Array:
    """Lay nested lists of arrays out as one array, checking every level before it is expanded."""

    def check(part: Any, levels: tuple[int, ...]) -> None:
        if not isinstance(part, (list, np.ndarray)) or len(part) != levels[0]:
            raise InputError(f"{what} is not laid out as the plate", expected=f"{levels} values")
        if len(levels) > 1:
            for one in part:
                check(one, levels[1:])
        elif not isinstance(part, np.ndarray) or part.dtype.kind != "f":
            raise InputError(f"{what} does not hold numbers of single precision")

    check(value, shape)
    array: Float32Array = np.array(value, dtype=np.float32)
    if not (np.abs(array) < MAX_NUMBER).all():
        raise InputError(f"{what} holds values that are not finite numbers or impossibly large")
    return array


def from_object(data: bytes, wells: int) -> Multicomponent:
    """Read ``post-roi.dat``.

    Parameters
    ----------
    data
        The Java stream.
    wells
        Number of wells of the plate.

    Raises
    ------
    InputError
        Damaged, of another class, or not laid out as the plate.
    """
    value = parse_java(data, _allowed)
    if value.class_name != _CLASSES[0]:
        raise InputError("the object is not multicomponent data", found=value.class_name)
    fields = value.fields
    flags = fields.get("mTCStageFlags")
    dyes, signals = fields.get("mDyeList"), fields.get("mSignalData")
    if not isinstance(dyes, list) or len(dyes) != wells or not isinstance(signals, list):
        raise InputError("the multicomponent data are for another plate", expected=f"{wells} wells")
    if len(signals) != wells:
        raise InputError("the multicomponent data are for another plate", expected=f"{wells} wells")
    mse = fields.get("mse")
    if mse is not None and (not isinstance(mse, list) or len(mse) != wells):
        raise InputError("mse is not laid out as the plate", expected=f"{wells} wells")
    readings, filters = _extent(fields)
    found: dict[int, DyeSignals] = {}
    spectra: dict[int, Float32Array] = {}
    for well, names in enumerate(dyes):
        if names is None or (isinstance(names, list) and not names):
            continue
        if not _dye_list(names):
            raise InputError("a well's dye list is damaged", place=f"well index {well}")
        place = f"mSignalData of well index {well}"
        signal = _stack(signals[well], (len(names), readings), place)
        residual = None if mse is None else _stack(mse[well], (readings,), "mse")
        found[well] = DyeSignals(tuple(names), signal, residual)
        matrix = fields.get("mPureDyeMatrix")
        if isinstance(matrix, list) and len(matrix) == wells and filters:
            spectra[well] = _stack(matrix[well], (len(names), filters), "mPureDyeMatrix")
    whole = (wells, readings, filters)
    return Multicomponent(
        found,
        None if fields.get("mRawData") is None else _stack(fields["mRawData"], whole, "mRawData"),
        None
        if fields.get("mSubtractedRawData") is None
        else _stack(fields["mSubtractedRawData"], whole, "mSubtractedRawData"),
        spectra,
        None
        if not isinstance(flags, list) or len(flags) != readings
        else np.array([flag == "CYCLING" for flag in flags]),
    )


def _dye_list(names: Any) -> bool:
    """Whether something is a list of a few different dye names."""
    return (
        isinstance(names, list)
        and len(names) <= MAX_FILTERS
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
    )


def _extent(fields: dict[str, Any]) -> tuple[int, int]:
    """Numbers of readings and filters, from the parts that name them."""
    mask, flags = fields.get("mBinMask"), fields.get("mTCStageFlags")
    raw = fields.get("mRawData")
    if isinstance(flags, list):
        readings = len(flags)
    elif isinstance(raw, list) and raw and isinstance(raw[0], list):
        readings = len(raw[0])
    else:
        raise InputError("the multicomponent data do not say how many readings there are")
    filters = len(mask) if isinstance(mask, np.ndarray) else 0
    if not 0 < readings <= MAX_READINGS or not 0 <= filters <= MAX_FILTERS:
        raise InputError(
            "the multicomponent data are of an impossible size",
            found=f"{readings} readings, {filters} filters",
        )
    return readings, filters


def from_text(text: str, wells: int, filters: int) -> Multicomponent:
    """Read ``multicomponent_data.txt``.

    Parameters
    ----------
    text
        The whole member.
    wells, filters
        Size of the plate, number of filters.

    Raises
    ------
    InputError
        Damaged or cut off, or with a well, reading or number that cannot be.
    """
    head, _, body = text.partition("PURE_DYE_DATA")
    if "WELL" not in head or not body:
        raise InputError("the multicomponent text has no head line", expected="WELL CYCLE DYE LIST")
    tokens = iter(body.replace("\r", "\t").replace("\n", "\t").split("\t"))
    records: dict[int, dict[str, dict[int, tuple[float, float]]]] = {}
    spectra: dict[tuple[int, str], list[float]] = {}
    stream = (token for token in tokens if token)
    for first in stream:
        well, reading = _count(first, wells, "well"), _count(_take(stream), MAX_READINGS, "reading")
        third = _take(stream)
        if _is_number(third):
            continue
        mse, signal = _value(_take(stream)), _value(_take(stream))
        spectra[well, third] = [_value(_take(stream)) for _ in range(filters)]
        points = records.setdefault(well, {}).setdefault(third, {})
        if reading in points:
            raise InputError("a record occurs twice", place=f"well {well}, reading {reading}")
        points[reading] = (mse, signal)
    found: dict[int, DyeSignals] = {}
    for well, dyes in records.items():
        counts = {len(points) for points in dyes.values()}
        count = counts.pop()
        if counts or any(max(points) != count - 1 for points in dyes.values()):
            raise InputError("the multicomponent text is not complete", place=f"well index {well}")
        table = np.array([[points[r] for r in range(count)] for points in dyes.values()])
        values = table.astype(np.float32)
        found[well] = DyeSignals(tuple(dyes), values[:, :, 1], values[0, :, 0])
    if len({signals.signal.shape[1] for signals in found.values()}) > 1:
        raise InputError("the multicomponent text is not complete", found="wells of unequal length")
    matrices = {
        well: np.array([spectra[well, dye] for dye in dyes], dtype=np.float32)
        for well, dyes in records.items()
    }
    return Multicomponent(found, None, None, matrices, None)


def _take(stream: Iterator[str]) -> str:
    token = next(stream, None)
    if token is None:
        raise InputError("the multicomponent text ends in the middle of a record")
    return token


def _is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


def _value(token: str) -> float:
    value = float(token) if _is_number(token) else np.nan
    if not abs(value) < MAX_NUMBER:
        raise InputError(
            "the multicomponent text holds no possible number where one belongs", found=token[:40]
        )
    return value


def _count(token: str, limit: int, what: str) -> int:
    if not token.isascii() or not token.isdigit() or int(token) >= limit:
        raise InputError(f"the multicomponent text names an impossible {what}", found=token[:40])
    return int(token)
