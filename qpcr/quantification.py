"""Cq, efficiency and quantity of a run's reactions by a chosen method, for quantification.

Calls never look here: their cut-offs were set with the instrument's rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qpcr._frozen import FrozenMap
from qpcr.errors import InputError
from qpcr.said import Said, say
from qpcr.sampling import Sampling, sampling

if TYPE_CHECKING:
    from qpcr.curves import Curves
    from qpcr.fits import Fits


@dataclass(frozen=True, slots=True)
class Quantified:
    """One reaction by the chosen method; what is missing is ``None``, and `reason` says why.

    Attributes
    ----------
    cq, cq_se
        Cycles; the standard error is that of the readings, without pipetting and sampling.
    efficiency, efficiency_se
        Amplification factor per cycle, 1 … 2.
    n0, n0_se
        Signal of the template before the first cycle, proportional to copies.
    reason
        Why there is no Cq.
    copies
        Template in the reaction, where the standards' quantities are copies.
    poisson_sd
        Standard deviation of Cq by sampling of so many copies alone, cycles; apart from `cq_se`.
    poisson_reason
        Why there are no copies, or what must be known beside them.
    """

    cq: float | None
    cq_se: float | None
    efficiency: float | None
    efficiency_se: float | None
    n0: float | None
    n0_se: float | None
    reason: Said | None
    copies: float | None = None
    poisson_sd: float | None = None
    poisson_reason: Said | None = None


@dataclass(frozen=True, slots=True)
class Quantification:
    """All reactions of a run by one method.

    Attributes
    ----------
    method
        One of :func:`qpcr.methods.methods`.
    version
        Of the method: raised when its numbers change.
    settings
        The method's own constants by name.
    copies
        A person said that the quantities of standards are copies in the reaction.
    wells
        One a reaction, in the order of the plate.
    """

    method: str
    version: int
    settings: Mapping[str, float] = field(default_factory=dict)
    copies: bool = False
    wells: tuple[Quantified, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", FrozenMap(self.settings))

    def __len__(self) -> int:
        return len(self.wells)

    @property
    def said(self) -> Said:
        """Which method, and what rests on it."""
        return say(
            "Cq, efficiency and quantity by the method {method}, version {version}. Calls do not "
            "rest on them: their cut-offs were set with the instrument's rule.",
            method=self.method,
            version=self.version,
        )

    @property
    def how(self) -> tuple[str, int, tuple[tuple[str, float], ...], bool]:
        """What makes a quantification the same as another of the same curves."""
        return self.method, self.version, tuple(sorted(self.settings.items())), self.copies


def check_method(method: str) -> None:
    """Refuse a name that no method has.

    Raises
    ------
    InputError
        There is no such method.
    """
    from qpcr.methods import methods

    if method not in methods():
        raise InputError("there is no such method", expected=", ".join(methods()), found=method)


def quantified(curves: Curves, fits: Fits, method: str, copies: bool = False) -> Quantification:
    """Put a method to all reactions of a run.

    Parameters
    ----------
    curves, fits
        Of the run; the fits are used where the method needs them.
    method
        One of :func:`qpcr.methods.methods`.
    copies
        The quantities of standards are copies in the reaction: only then can it be said what
        sampling alone contributes. No instrument's file says so.

    Raises
    ------
    InputError
        There is no such method.
    """
    # The methods load SciPy: only when they are needed.
    from qpcr.methods import methods
    from qpcr.methods._batch import Batch

    check_method(method)
    chosen = methods()[method]
    e = chosen.estimate(Batch.of(curves, lambda: fits))
    columns = [_numbers(c) for c in (e.cq, e.cq_se, e.efficiency, e.efficiency_se, e.n0, e.n0_se)]
    sampled: Sequence[Sampling] = sampling(curves.reactions, columns[0], copies)
    wells = []
    for row, (problem, part) in enumerate(zip(curves.problems, sampled, strict=True)):
        cq, cq_se, factor, factor_se, n0, n0_se = (column[row] for column in columns)
        reason = None
        if cq is None:
            if problem is None:
                reason = say("The method {method} finds no Cq on this curve.", method=method)
            else:
                reason = say("The well has no usable curve: {problem}.", problem=problem)
        wells.append(
            Quantified(
                cq, cq_se, factor, factor_se, n0, n0_se, reason,
                part.copies, part.sd, part.reason,
            )
        )  # fmt: skip
    return Quantification(method, chosen.version, dict(chosen.settings), copies, tuple(wells))


def _numbers(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float | None]:
    return [float(one) if np.isfinite(one) else None for one in column]
