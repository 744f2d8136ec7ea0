"""``analysis_result.txt``: the instrument's own results inside SDS 2.x ``.eds`` files.

Tab-separated: a session line, a head line, then per well and target a row that begins with the
well index, followed by ``Rn values…`` and ``Delta Rn values…``. Other rows may follow and are
passed over. An undetermined Ct is stored as the number of cycles.
"""

from __future__ import annotations

import re

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.errors import InputError
from qpcr.formats._eds_text import clean_name
from qpcr.run import InstrumentResult

MAX_VALUES = 2_000


def read_results(text: str, wells: int) -> dict[tuple[int, str], InstrumentResult]:
    """Read the instrument's results.

    Parameters
    ----------
    text
        The whole member.
    wells
        Number of wells of the plate.

    Returns
    -------
    dict
        By (well index, target name).

    Raises
    ------
    InputError
        No head line, a row cut off, a reaction twice, curves of unequal length.
    """
    columns: dict[str, int] = {}
    rows: dict[tuple[int, str], str] = {}
    curves: dict[tuple[int, str], dict[str, FloatArray]] = {}
    current: tuple[int, str] | None = None
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        cells = line.split("\t")
        place = f"line {number}"
        if cells[0] == "Well":
            columns = {name.strip(): i for i, name in enumerate(cells)}
        elif cells[0].isascii() and cells[0].isdigit() and columns:
            current = _key(cells, columns, wells, place)
            if current in rows:
                raise InputError("a reaction occurs twice", place=place, found=str(current))
            rows[current] = cells[columns["Ct"]] if len(cells) > columns["Ct"] else ""
        elif cells[0] in ("Rn values", "Delta Rn values") and current is not None:
            curves.setdefault(current, {})[cells[0]] = _numbers(cells[1:], place)
    if not columns:
        raise InputError("the head line is missing", expected="Well, Sample Name, Detector, …, Ct")
    lengths = {len(values) for both in curves.values() for values in both.values()}
    if len(lengths) > 1:
        raise InputError("curves of unequal length", found=", ".join(map(str, sorted(lengths))))
    cycles = lengths.pop() if lengths else None
    found = {}
    for key, word in rows.items():
        cq, determined = _ct(word, cycles)
        both = curves.get(key, {})
        found[key] = InstrumentResult(
            *key, cq, determined, both.get("Rn values"), both.get("Delta Rn values")
        )
    return found


def _key(cells: list[str], columns: dict[str, int], wells: int, place: str) -> tuple[int, str]:
    if not {"Detector", "Ct"} <= columns.keys() or len(cells) <= columns["Detector"]:
        raise InputError("a row is cut off", place=place, expected="well, sample, detector, …, Ct")
    well = int(cells[0]) if len(cells[0]) < 6 else wells
    if well >= wells:
        raise InputError("a well outside the plate", place=place, found=cells[0][:20])
    return well, clean_name(cells[columns["Detector"]])


def _numbers(cells: list[str], place: str) -> FloatArray:
    """Numbers of one curve; float32 text, so they are rounded to it and widened again."""
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) > MAX_VALUES:
        raise InputError("a curve is longer than any run", place=place)
    try:
        values = np.array([float(cell) for cell in cells], dtype=np.float64)
    except ValueError as error:
        raise InputError("a curve holds something that is no number", place=place) from error
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    rounded[~np.isfinite(rounded)] = np.nan
    return rounded


def _ct(word: str, cycles: int | None) -> tuple[float | None, bool | None]:
    """Ct and whether it was determined; (``None``, ``None``) where nothing is said."""
    word = word.strip()
    if not word:
        return None, None
    try:
        value = float(word)
    except ValueError:
        return None, False
    if not np.isfinite(value) or value <= 0 or (cycles is not None and value >= cycles):
        return None, False
    return value, True
