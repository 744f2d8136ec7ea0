"""Wells on the rim of the plate amplify otherwise than those inside: a cold or a warm rim.

No single well can show it, since each may hold another amount of DNA; the whole plate can. Two
comparisons of rim and inside are made, each by least squares, and either one speaks:

* The pace of growth. It does not depend on the amount of template: it is the doubling time, as
  1/ln(1 + E) by the efficiency E of the curve, and as the cycles from 5 % to 25 % of the rise. The
  geometric mean of both is taken, which scatters half as much as either (1 % against 2 % between
  the wells of simulated plates without a fault). Only proper curves on a plateau are taken. Each
  target has a mean of its own in samples, in standards and in positive controls, which may be
  purer than samples and often stand on the rim.
* Ct of replicates of one sample and target, where some lie on the rim and some inside.

A rim that grows by the share x more slowly delays a Ct by x·Ct: 2 % are 0.6 cycles at Ct 30.

Limits
    ``largest_slowdown``: share by which rim wells may grow more slowly, or faster.
    ``largest_cq_shift``: cycles by which rim wells may be later, or earlier.
    ``largest_p``: probability (two-sided, Student's t) of so large a difference by chance, below
    which it counts. Every plate is tested twice: by chance at most one in 1/(2p) is found.
    ``fewest_wells``: on the rim, and inside, below which nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from scipy.special import stdtr

from qpcr._frozen import BoolArray, FloatArray
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, fitted_cq, part_of, rows_of, sample_of, target_of
from qpcr.said import Said, say

NAME = "edge_effect"
LEVEL = 0.3
"""Last climb over the steepest, up to which a curve counts as on its plateau."""
QUANTITATIVE = 33.0
"""Ct from which chance moves the few molecules more than a rim does."""


def difference(
    values: FloatArray, groups: Sequence[Hashable], rim: BoolArray
) -> tuple[float, float]:
    """Least-squares difference of rim and inside, and how likely chance makes one as large.

    Parameters
    ----------
    values
        (n,) what is compared.
    groups
        Of each value; every group has a mean of its own.
    rim
        (n,) on the rim.

    Returns
    -------
    difference, p
        Rim less inside, and the two-sided probability; 0 and 1 where it cannot be told.
    """
    names = list(dict.fromkeys(groups))
    columns = [np.array([group == name for group in groups], dtype=np.float64) for name in names]
    free = len(values) - len(columns) - 1
    design = np.column_stack([*columns, rim.astype(np.float64)])
    if free < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return 0.0, 1.0
    found = np.linalg.lstsq(design, values, rcond=None)[0]
    left = values - design @ found
    variance = float(left @ left) / free * np.linalg.inv(design.T @ design)[-1, -1]
    if variance <= 0.0:
        return 0.0, 1.0
    return float(found[-1]), 2.0 * float(stdtr(free, -abs(found[-1]) / math.sqrt(variance)))


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    grown = [
        row
        for row in rows_of(plate, Part.SAMPLE, Part.STANDARD, Part.POSITIVE)
        if plate.shapes[row].proper and fitted_cq(plate, row) is not None
    ]
    slower, later = math.expm1(_slowdown(plate, grown, limits)), _shift(plate, grown, limits)
    if abs(slower) > limits["largest_slowdown"]:
        yield _found(plate, grown, abs(slower), limits["largest_slowdown"], _paced(slower))
    elif abs(later) > limits["largest_cq_shift"]:
        yield _found(plate, grown, abs(later), limits["largest_cq_shift"], _shifted(later))


def _paced(slower: float) -> Said:
    if slower > 0:
        return say(
            "Wells on the rim of the plate amplify by {share:.1%} more slowly than those inside.",
            share=slower,
        )
    return say(
        "Wells on the rim of the plate amplify by {share:.1%} faster than those inside.",
        share=-slower,
    )


def _shifted(later: float) -> Said:
    if later > 0:
        return say(
            "Replicates on the rim of the plate come {cycles:.2f} cycles later than those inside.",
            cycles=later,
        )
    return say(
        "Replicates on the rim of the plate come {cycles:.2f} cycles earlier than those inside.",
        cycles=-later,
    )


def _on_rim(plate: Plate, rows: Sequence[int]) -> BoolArray:
    """Which reactions (n,) lie in the outermost ring of wells."""
    at = np.array([plate.run.reactions[row].well for row in rows], dtype=np.int64)
    down, right = np.divmod(at, plate.run.columns)
    last_row, last_column = plate.run.rows - 1, plate.run.columns - 1
    rim: BoolArray = (down == 0) | (down == last_row) | (right == 0) | (right == last_column)
    return rim


def _beyond_chance(
    plate: Plate,
    rows: Sequence[int],
    values: Sequence[float],
    groups: Sequence[Hashable],
    limits: Limits,
) -> float:
    """Difference of rim and inside; 0 where chance explains it, or too few wells tell of it."""
    rim, few = _on_rim(plate, rows), limits["fewest_wells"]
    if rim.sum() < few or (~rim).sum() < few:
        return 0.0
    found, chance = difference(np.array(values), groups, rim)
    return found if chance < limits["largest_p"] else 0.0


def _slowdown(plate: Plate, grown: list[int], limits: Limits) -> float:
    """Difference of rim and inside in the logarithm of the doubling time."""
    paces = {row: pace for row in grown if (pace := _log_doubling_time(plate, row)) is not None}
    groups = [(target_of(plate, row), part_of(plate, row)) for row in paces]
    return _beyond_chance(plate, list(paces), list(paces.values()), groups, limits)


def _log_doubling_time(plate: Plate, row: int) -> float | None:
    """Logarithm of a doubling time, up to a constant; ``None`` where it cannot be measured well."""
    features, growth = plate.shapes[row].features, plate.fits[row].efficiency
    if growth is None or growth.value <= 1.0 or not features or features["plateau"] > LEVEL:
        return None
    if features["takeoff"] <= 0.0:
        return None
    return (math.log(features["takeoff"]) - math.log(math.log(growth.value))) / 2.0


def _shift(plate: Plate, grown: list[int], limits: Limits) -> float:
    """Difference of rim and inside in Ct among replicates."""
    early = [row for row in grown if plate.fits.table.cq[row] < QUANTITATIVE]
    sets = grouped(early, lambda row: (sample_of(plate, row), target_of(plate, row)))
    across = {key: mine for key, mine in sets.items() if len(set(_on_rim(plate, mine))) == 2}
    rows = [row for mine in across.values() for row in mine]
    cqs = [float(plate.fits.table.cq[row]) for row in rows]
    return _beyond_chance(plate, rows, cqs, [k for k, mine in across.items() for _ in mine], limits)


def _found(plate: Plate, grown: list[int], value: float, limit: float, message: Said) -> Finding:
    rows = tuple(row for row, rim in zip(grown, _on_rim(plate, grown), strict=True) if rim)
    return Finding(
        NAME,
        Severity.WARNING,
        rows,
        message,
        say(
            "Check seal, heated lid and block; leave the rim empty or fill it with water where "
            "quantities matter, and repeat late samples inside."
        ),
        value=value,
        limit=limit,
    )


RULE = Rule(
    name=NAME,
    describes="Wells on the rim of the plate amplify as those inside do.",
    severity=Severity.WARNING,
    limits={
        "largest_slowdown": 0.02,
        "largest_cq_shift": 0.3,
        "largest_p": 0.001,
        "fewest_wells": 3.0,
    },
    needs_panel=False,
    check=_check,
)
