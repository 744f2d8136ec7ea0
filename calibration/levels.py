"""Which quantities are one level: 0.3, and three tenths as a computer multiplies them, are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

EQUAL = 1e-9
"""Largest difference of the natural logarithms of neighbours of one level."""


def snapped(logs: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Logarithms (n,) of quantities, of every level the smallest; equal ones stay as they are.

    >>> len(set(snapped(np.log([0.3, 3 * 0.1, 0.6]))))
    2
    """
    values = np.asarray(logs, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    first = np.concatenate([[True], np.diff(ranked) > EQUAL]) if len(ranked) else ranked > 0
    made = np.empty_like(values)
    made[order] = ranked[np.maximum.accumulate(np.where(first, np.arange(len(ranked)), 0))]
    return made


def snapped_quantities(quantities: npt.ArrayLike) -> list[float]:
    """Quantities (n,), of every level the smallest that is written; those not positive stay."""
    values = np.asarray(quantities, dtype=np.float64)
    made = values.copy()
    good = np.isfinite(values) & (values > 0)
    logs = np.log(values[good])
    level = snapped(logs)
    for one in np.unique(level):
        here = level == one
        made[np.flatnonzero(good)[here]] = values[good][here].min()
    return [float(one) for one in made]
