"""Recompute a published table from its counts, and list what does not agree.

Two kinds of table are understood, by their column heads:

counts
    ``factor, group, n, total`` and, as printed, ``printed_percent``, ``printed_statistic``,
    ``printed_p``; ``table`` if there are several. A factor has a line a group.
hazard ratios
    ``factor, hr, low, high, printed_p``, ``table`` and ``level`` (of the interval, 0.95) if
    wanted.

What is printed counts as right when it is what rounding the exact number gives. Where it is not,
an explanation is looked for: cut off instead of rounded, another test, a count that would fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

import numpy as np

from qpcr._lists import grouped
from qpcr.cohort.contingency import Contingency, contingency
from qpcr.errors import InputError
from qpcr.said import say
from qpcr.tables import read_rows

COUNTS = ("factor", "group", "n", "total")
HAZARDS = ("factor", "hr", "low", "high", "printed_p")
MOST_FITS = 3


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A printed number that is not what its own table gives.

    Attributes
    ----------
    table, factor, group
        Where; `group` is empty for what concerns all.
    what
        ``percent``, ``statistic``, ``p`` or ``interval``.
    printed, computed
        As printed, and exactly, with as many decimals.
    explanation
        What may have happened, as a sentence; may be empty.
    """

    table: str
    factor: str
    group: str
    what: str
    printed: str
    computed: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: how many printed numbers were compared, and which do not agree."""

    compared: int
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a table of counts; printed numbers are texts, empty where nothing is printed."""

    table: str
    factor: str
    group: str
    n: int
    total: int
    percent: str
    statistic: str
    p: str


def check_table(path: Path) -> Checked:
    """Recompute a table.

    Raises
    ------
    InputError
        A column is missing, a cell is no number, a count is larger than its total, a line is
        doubled, or a factor has only one group.
    """
    rows = read_rows(path)
    head = [cell.strip().casefold() for cell in next(rows, [])]
    lines = [dict(zip(head, (cell.strip() for cell in row), strict=False)) for row in rows]
    if all(name in head for name in HAZARDS):
        found = [_hazard(line, number, path) for number, line in enumerate(lines, 2)]
    elif all(name in head for name in COUNTS):
        found = list(
            _counts([_line(one, number, path) for number, one in enumerate(lines, 2)], path)
        )
    else:
        raise InputError(
            "a column is missing",
            file=path,
            place="line 1",
            expected=f"{', '.join(COUNTS)}; or {', '.join(HAZARDS)}",
            found=", ".join(head) or "nothing",
        )
    compared = sum(number for number, _ in found)
    return Checked(compared, tuple(one for _, some in found for one in some))


def _counts(lines: Sequence[_Line], path: Path) -> Iterator[tuple[int, list[Disagreement]]]:
    for (table, factor), mine in grouped(lines, lambda one: (one.table, one.factor)).items():
        names = [one.group for one in mine]
        if len(mine) < 2 or len(set(names)) < len(names):
            raise InputError(
                "a factor needs one line for each of its groups",
                file=path,
                place=f"{table} {factor}".strip(),
                found=", ".join(names),
            )
        for one in mine:
            if one.percent:
                yield 1, _percent(one)
        yield _tests(mine)


def _percent(line: _Line) -> list[Disagreement]:
    exact = Fraction(100 * line.n, line.total)
    printed = Decimal(line.percent)
    if printed in (
        _rounded(exact, printed, ROUND_HALF_UP),
        _rounded(exact, printed, ROUND_HALF_EVEN),
    ):
        return []
    cut = printed == _rounded(exact, printed, ROUND_DOWN)
    why = say("cut off instead of rounded") if cut else ""
    computed = str(_rounded(exact, printed, ROUND_HALF_UP))
    return [
        Disagreement(line.table, line.factor, line.group, "percent", line.percent, computed, why)
    ]


def _tests(lines: Sequence[_Line]) -> tuple[int, list[Disagreement]]:
    """Statistic and P of one factor; every line repeats them."""
    first = lines[0]
    test = contingency([one.n for one in lines], [one.total for one in lines])
    found: list[Disagreement] = []
    compared = bool(first.statistic) + bool(first.p)
    if test.statistic is None or test.p is None:
        return 0, []
    if first.statistic and not _agrees(first.statistic, test.statistic):
        found.append(
            Disagreement(
                first.table,
                first.factor,
                "",
                "statistic",
                first.statistic,
                _shown(test.statistic, first.statistic),
                _fits(lines, first.statistic),
            )
        )
    if first.p and not _agrees(first.p, test.p):
        found.append(
            Disagreement(
                first.table,
                first.factor,
                "",
                "p",
                first.p,
                _shown(test.p, first.p),
                _p_story(first, test),
            )
        )
    return compared, found


def _p_story(line: _Line, test: Contingency) -> str:
    from scipy.stats import chi2

    if test.fisher_p is not None and _agrees(line.p, test.fisher_p):
        return say("it is the P of Fisher's test, beside the statistic of Pearson's")
    if line.statistic and _agrees(line.p, float(chi2.sf(float(line.statistic), test.df))):
        return say("it belongs to the printed statistic")
    return ""


def _fits(lines: Sequence[_Line], printed: str) -> str:
    """Counts that differ in one place and would give the printed statistic, the nearest first."""
    fits: list[tuple[int, str]] = []
    have, of = [one.n for one in lines], [one.total for one in lines]
    for at, line in enumerate(lines):
        for n, total in _others(line):
            test = contingency([*have[:at], n, *have[at + 1 :]], [*of[:at], total, *of[at + 1 :]])
            if test.statistic is not None and _agrees(printed, test.statistic):
                distance = abs(n - line.n) + abs(total - line.total)
                fits.append((distance, f"{line.group} {n}/{total}"))
    if not fits:
        return ""
    near = ", ".join(text for _, text in sorted(fits)[:MOST_FITS])
    return say("would fit: {counts}", counts=near)


def _others(line: _Line) -> Iterator[tuple[int, int]]:
    """The line with another count, or with some patients missing."""
    for n in range(line.total + 1):
        if n != line.n:
            yield n, line.total
    for total in range(max(line.n, line.total // 2), line.total):
        yield line.n, total


def _hazard(line: dict[str, str], number: int, path: Path) -> tuple[int, list[Disagreement]]:
    """P of a hazard ratio from its interval, as far as the printed digits determine it."""
    from scipy.special import ndtr, ndtri

    where = f"line {number}"
    hr, low, high = (
        _number(line.get(name, ""), name, where, path) for name in ("hr", "low", "high")
    )
    level = _number(line.get("level") or "0.95", "level", where, path)
    printed = line.get("printed_p", "")
    if not (0 < low < hr < high and 0 < level < 1):
        raise InputError(
            "a hazard ratio must lie inside its interval", file=path, place=where,
            expected="0 < low < hr < high", found=f"{hr}, {low}, {high}",
        )  # fmt: skip
    reach = -ndtri((1 - level) / 2)
    half = [_half_unit(line[name]) for name in ("hr", "low", "high")]
    ratios = np.log([max(hr - half[0], 1e-12), hr + half[0]])
    lows = np.log([max(low - half[1], 1e-12), low + half[1]])
    highs = np.log([high - half[2], high + half[2]])
    z = [abs(ratio) * 2 * reach / (b - a) for ratio in ratios for a in lows for b in highs]
    smallest = 0.0 if ratios[0] <= 0 <= ratios[1] else min(z)
    p_low, p_high = 2 * ndtr(-max(z)), 2 * ndtr(-smallest)
    table, factor = line.get("table", ""), line["factor"]
    computed = 2 * ndtr(-abs(np.log(hr)) * 2 * reach / np.log(high / low))
    if not printed:
        return 0, []
    limit = Decimal(printed.lstrip("<")) if printed.startswith("<") else None
    margin = _half_unit(printed)
    inside = (
        p_low < float(limit)
        if limit is not None
        else p_low - margin <= float(_decimal(printed, "printed_p", where, path)) <= p_high + margin
    )
    if inside:
        return 1, []
    why = say("from the interval, P lies between {low:.3f} and {high:.3f}", low=p_low, high=p_high)
    return 1, [Disagreement(table, factor, "", "p", printed, _shown(float(computed), printed), why)]


def _line(cells: dict[str, str], number: int, path: Path) -> _Line:
    where = f"line {number}"
    n, total = (
        int(_number(cells.get(name, ""), name, where, path, whole=True)) for name in ("n", "total")
    )
    if not 0 <= n <= total or total == 0:
        raise InputError(
            "a count is larger than its group", file=path, place=where,
            expected="0 ≤ n ≤ total, total > 0", found=f"{n} of {total}",
        )  # fmt: skip
    printed = []
    for name in ("printed_percent", "printed_statistic", "printed_p"):
        text = cells.get(name, "").rstrip("%").replace(" ", "")
        if text:
            _decimal(text.lstrip("<") if name == "printed_p" else text, name, where, path)
        printed.append(text)
    return _Line(cells.get("table", ""), cells["factor"], cells["group"], n, total, *printed)


def _number(text: str, name: str, where: str, path: Path, whole: bool = False) -> float:
    value = _decimal(text, name, where, path)
    if whole and value != value.to_integral_value():
        raise InputError("not a whole number", file=path, place=f"{where}, {name}", found=text)
    return float(value)


def _decimal(text: str, name: str, where: str, path: Path) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise InputError(
            "not a number", file=path, place=f"{where}, {name}", expected="a number",
            found=repr(text),
        )  # fmt: skip
    return value


def _rounded(exact: Fraction, like: Decimal, rounding: str) -> Decimal:
    """`exact` with as many decimals as `like`."""
    digits = max(0, -int(like.as_tuple().exponent))
    scaled = Decimal(exact.numerator) / Decimal(exact.denominator)
    return scaled.quantize(Decimal(1).scaleb(-digits), rounding=rounding)


def _half_unit(text: str) -> float:
    """Half a unit of a printed number's last digit."""
    exponent = int(Decimal(text.lstrip("<")).as_tuple().exponent)
    return 0.5 * 10.0 ** min(exponent, 0)


def _agrees(printed: str, exact: float) -> bool:
    """Whether rounding `exact` can give what is printed; ``<0.001`` is a bound."""
    if printed.startswith("<"):
        return exact < float(printed[1:])
    return abs(float(printed) - exact) <= _half_unit(printed) * (1 + 1e-9)


def _shown(exact: float, printed: str) -> str:
    digits = max(0, -int(Decimal(printed.lstrip("<")).as_tuple().exponent))
    return f"{exact:.{digits}f}"
