"""Cq, efficiency and quantity of a record's reactions by a chosen method, for quantification.

Calls never look here: their cut-offs were set with the instrument's rule.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qpcr.errors import InputError
from qpcr.frames import plain
from qpcr.said import Said, say

if TYPE_CHECKING:
    from qpcr.record import Record

HEAD = (
    *("well", "sample", "target", "task", "method", "cq", "cq_se", "efficiency", "efficiency_se"),
    *("n0", "n0_se", "reason"),
)


@dataclass(frozen=True, slots=True)
class Quantified:
    """One reaction by the chosen method; what is missing is ``None``, and `reason` says why.

    Attributes
    ----------
    cq, cq_se
        Cycles; the standard error holds between wells of a target, without pipetting and sampling.
    efficiency, efficiency_se
        Amplification factor per cycle, 1 … 2.
    n0, n0_se
        Signal of the template before the first cycle, proportional to copies.
    reason
        Why there is no Cq.
    """

    cq: float | None
    cq_se: float | None
    efficiency: float | None
    efficiency_se: float | None
    n0: float | None
    n0_se: float | None
    reason: Said | None


def quantified(record: Record, method: str) -> tuple[Quantified, ...]:
    """Put a method to all reactions of a record, in the order of the plate.

    Parameters
    ----------
    record
        The analyzed run; its fits are used where the method needs them.
    method
        One of :func:`qpcr.methods.methods`.

    Raises
    ------
    InputError
        There is no such method.
    """
    # The methods load SciPy: only when they are needed.
    from qpcr.methods import methods
    from qpcr.methods._batch import Batch

    if method not in methods():
        raise InputError("there is no such method", expected=", ".join(methods()), found=method)
    e = methods()[method].estimate(Batch.of(record.curves, lambda: record.fits))
    columns = (e.cq, e.cq_se, e.efficiency, e.efficiency_se, e.n0, e.n0_se)
    found = []
    for row, problem in enumerate(record.curves.problems):
        cq, cq_se, factor, factor_se, n0, n0_se = (
            float(column[row]) if np.isfinite(column[row]) else None for column in columns
        )
        reason = None
        if cq is None:
            if problem is None:
                reason = say("The method {method} finds no Cq on this curve.", method=method)
            else:
                reason = say("The well has no usable curve: {problem}.", problem=problem)
        found.append(Quantified(cq, cq_se, factor, factor_se, n0, n0_se, reason))
    return tuple(found)


def quantification_csv(record: Record, method: str) -> str:
    """One row a reaction, columns :data:`HEAD`; missing values are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for reaction, one in zip(record.run.reactions, quantified(record, method), strict=True):
        names = (plain(reaction.sample), plain(reaction.target), str(reaction.task), method)
        numbers = (one.cq, one.cq_se, one.efficiency, one.efficiency_se, one.n0, one.n0_se)
        cells = ("" if value is None else repr(value) for value in numbers)
        writer.writerow((reaction.well_name, *names, *cells, plain(one.reason)))
    return text.getvalue()
