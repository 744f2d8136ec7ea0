"""How far replicates lie apart, beside what their standard errors and sampling lead to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qpcr._lists import grouped
from qpcr.amplified import amplified

if TYPE_CHECKING:
    from qpcr.record import Record

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Replicates:
    """Replicates of one target by the method of quantities; all SD in cycles, pooled alike.

    Pooled: √(Σ(n − 1)s² / Σ(n − 1)) over groups of n wells with a Cq. Two methods can be compared
    by their SD only where both have a Cq, so `observed` and `by_rule` are of the same wells.

    Attributes
    ----------
    target
        Of what.
    groups, wells
        How many groups of two wells or more with a Cq, and how many wells in them.
    observed
        SD of Cq by the method.
    by_rule
        SD of Ct by the instrument's rule; ``None`` where not all these wells have one.
    stated
        What the standard errors of Cq predict: no pipetting, no sampling. ``None``: not all stated.
    poisson
        What sampling alone adds; ``None`` where not all wells have copies.
    """

    target: str
    groups: int
    wells: int
    observed: float
    by_rule: float | None
    stated: float | None
    poisson: float | None

    @property
    def predicted(self) -> float | None:
        """Standard errors and sampling together; `stated` alone where sampling is not known."""
        if self.stated is None:
            return None
        return float(np.hypot(self.stated, self.poisson or 0.0))


def replicates(record: Record) -> tuple[Replicates, ...]:
    """Replicates of every target: wells of one sample, task and quantity that are not omitted.

    A Cq that is not one of an amplification is none (:mod:`qpcr.amplified`).
    Targets without two wells of a sample that have a Cq are left out; so is everything in a record
    without a quantification.
    """
    if record.quantification is None:
        return ()
    rows = [
        (reaction, one, style.value)
        for reaction, one, style in zip(
            record.run.reactions,
            amplified(record.quantification, record.curves, record.shapes),
            record.curves.instrument_cq,
            strict=True,
        )
        if reaction.sample is not None and not reaction.omitted and one.cq is not None
    ]
    made = []
    for target, mine in grouped(rows, lambda row: row[0].target).items():
        alike = grouped(mine, lambda row: (row[0].sample, row[0].task, row[0].quantity))
        groups = [part for part in alike.values() if len(part) > 1]
        if not groups:
            continue
        observed = _scatter([[one.cq for _, one, _ in part] for part in groups])
        made.append(
            Replicates(
                target,
                len(groups),
                sum(map(len, groups)),
                observed if observed is not None else 0.0,
                _scatter([[style for *_, style in part] for part in groups]),
                _mean([[one.cq_se for _, one, _ in part] for part in groups]),
                _mean([[one.poisson_sd for _, one, _ in part] for part in groups]),
            )
        )
    return tuple(made)


def _scatter(groups: Sequence[Values]) -> float | None:
    """Pooled SD within groups; ``None`` where a value is missing."""
    squares = freedom = 0.0
    for group in groups:
        values = [value for value in group if value is not None]
        if len(values) < len(group):
            return None
        squares += float(np.var(values) * len(values))
        freedom += len(values) - 1
    return float(np.sqrt(squares / freedom))


def _mean(groups: Sequence[Values]) -> float | None:
    """Root mean square of SD, groups weighted as in pooling; ``None`` where one is missing."""
    squares = freedom = 0.0
    for group in groups:
        values = [value for value in group if value is not None]
        if len(values) < len(group):
            return None
        squares += float(np.mean(np.square(values))) * (len(values) - 1)
        freedom += len(values) - 1
    return float(np.sqrt(squares / freedom))
