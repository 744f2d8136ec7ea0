"""What a method gets, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray, frozen
from qpcr.curves import Curves
from qpcr.fits import Fits, fit_arrays
from qpcr.run import Task

EARLY = slice(2, 8)
"""Cycles 3 to 8, whose median stands for the background; the first two are often unsettled."""


@dataclass(frozen=True, eq=False)
class Batch:
    """R curves over C cycles, all wells of their targets together.

    Attributes
    ----------
    cycles
        (C,) cycle numbers.
    signal
        (R, C) signal before any baseline was taken off; NaN = not measured.
    drn
        (R, C) the same above the instrument's baseline.
    groups
        (R,) target of each curve, numbered from 0.
    members
        (R,) the curve takes part in what its target's wells have in common (no control without
        template, not left out by a person).
    thresholds
        (R,) threshold in `drn`; NaN = none.
    instrument
        (R,) Cq by the instrument's rule; NaN = none.
    fit
        Makes `fits` when a method first asks for them.
    """

    cycles: FloatArray
    signal: FloatArray
    drn: FloatArray
    groups: IntArray
    members: BoolArray
    thresholds: FloatArray
    instrument: FloatArray
    fit: Callable[[], Fits]

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "cycles", frozen(self.cycles, np.float64, (None,)))
        count = len(self.signal)
        for name in ("signal", "drn"):
            set_(self, name, frozen(getattr(self, name), np.float64, (count, len(self.cycles))))
        for name in ("thresholds", "instrument"):
            set_(self, name, frozen(getattr(self, name), np.float64, (count,)))
        set_(self, "groups", frozen(self.groups, np.int64, (count,)))
        set_(self, "members", frozen(self.members, np.bool_, (count,)))

    def __len__(self) -> int:
        return len(self.signal)

    @classmethod
    def of(cls, curves: Curves, fit: Callable[[], Fits]) -> Batch:
        """Batch of a run's curves; those with a problem hold NaN."""
        usable = np.array([problem is None for problem in curves.problems], bool)[:, None]
        targets = [reaction.target for reaction in curves.reactions]
        numbers = {name: place for place, name in enumerate(dict.fromkeys(targets))}
        cq = [np.nan if one.value is None else one.value for one in curves.instrument_cq]
        levels = [curves.threshold_of(row) for row in range(len(curves))]
        return cls(
            curves.cycles.astype(np.float64),
            np.where(usable, curves.rn, np.nan),
            np.where(usable, curves.drn, np.nan),
            np.array([numbers[name] for name in targets], np.int64),
            np.array([r.task is not Task.NTC and not r.omitted for r in curves.reactions], bool),
            np.array([np.nan if one is None else one for one in levels], np.float64),
            np.array(cq, np.float64),
            fit,
        )

    @property
    def targets(self) -> int:
        """How many targets there are."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0

    def within(self, cq: FloatArray) -> FloatArray:
        """`cq` without what lies before the first or after the last cycle: NaN there."""
        if not len(self.cycles):
            return np.full_like(cq, np.nan)
        inside = (cq >= self.cycles[0]) & (cq <= self.cycles[-1])
        return np.where(inside, cq, np.nan)

    @cached_property
    def fits(self) -> Fits:
        """Fits of `drn`."""
        return self.fit()

    @cached_property
    def ground(self) -> FloatArray:
        """(R,) median of the early cycles, 0 where none was measured."""
        early = self.signal[:, EARLY]
        known = np.isfinite(early).any(axis=1)
        out = np.zeros(len(self))
        out[known] = np.nanmedian(early[known], axis=1)
        return out

    @cached_property
    def whole(self) -> Fits:
        """Fits of ``logistic5`` to `signal` above `ground`: no baseline was drawn beforehand."""
        return fit_arrays(self.cycles, self.signal - self.ground[:, None], model="logistic5")


@dataclass(frozen=True, eq=False, slots=True)
class Estimates:
    """What a method says of R curves; NaN where it says nothing.

    Attributes
    ----------
    cq, cq_se
        (R,) cycles, and their standard error by the readings: no pipetting, no sampling.
    efficiency, efficiency_se
        (R,) amplification factor per cycle.
    n0, n0_se
        (R,) signal of the template before the first cycle, proportional to copies; the standard
        error includes that of the efficiency.
    """

    cq: FloatArray
    cq_se: FloatArray
    efficiency: FloatArray
    efficiency_se: FloatArray
    n0: FloatArray
    n0_se: FloatArray

    @classmethod
    def made(
        cls,
        cq: FloatArray,
        cq_se: FloatArray,
        efficiency: tuple[FloatArray, FloatArray],
        level: FloatArray,
    ) -> Estimates:
        """n0 = level·E^−Cq, with its error to first order; efficiencies outside 1 … 2 are none."""
        factor, factor_se = efficiency
        good = (factor > 1.0) & (factor <= 2.0)
        factor = np.where(good, factor, np.nan)
        factor_se = np.where(good, factor_se, np.nan)
        with np.errstate(invalid="ignore", over="ignore"):
            n0 = level / factor**cq
            relative = np.hypot(np.log(factor) * cq_se, cq / factor * factor_se)
        n0 = np.where(np.isfinite(n0) & (n0 > 0.0), n0, np.nan)
        cq_se = np.where(np.isfinite(cq), cq_se, np.nan)
        return cls(cq, cq_se, factor, factor_se, n0, n0 * relative)


def none(batch: Batch) -> FloatArray:
    """(R,) NaN."""
    return np.full(len(batch), np.nan)
