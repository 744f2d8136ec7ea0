"""From raw filters to ΔRn: dyes → Rn → baseline → ΔRn → threshold, for every reaction of a run.

The arithmetic of the instrument's own software lives in :mod:`qpcr.instrument`, one rule set a
file; this module lays it over a run and keeps what came out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from qpcr._frozen import FloatArray, FrozenMap, IntArray, frozen
from qpcr.run import Reaction


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold of one target.

    Attributes
    ----------
    value
        ΔRn, or ``None`` with a `reason`.
    source
        ``"automatic"`` (computed here), ``"file"`` or ``"manual"``.
    """

    value: float | None
    source: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline of one reaction: window (1-based cycles, both inside) and line.

    Rn over the window is described by ``intercept + slope · cycle``; ΔRn is Rn minus that line.
    `source` is ``"automatic"`` (computed here), ``"file"`` or ``"manual"``.
    """

    start: int
    stop: int
    intercept: float
    slope: float
    source: str


@dataclass(frozen=True, slots=True)
class InstrumentCq:
    """Ct by the instrument's own rule; `value` is ``None`` with a `reason` when undetermined."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """The amplification curves of R reactions over C cycles.

    Attributes
    ----------
    reactions
        The R reactions.
    cycles
        (C,) cycle numbers, consecutive from 1.
    rn
        (R, C) normalised reporter, dimensionless (arbitrary units without a passive reference);
        NaN where it was not measured or is undefined.
    drn
        (R, C) baseline-corrected Rn, NaN likewise.
    baselines
        R baselines; ``None`` where none could be drawn.
    peaks
        Cycle of the largest accepted curvature (the instrument's sign of an amplification), or
        ``None``: no amplification seen.
    thresholds
        By target name.
    instrument_cq
        Ct by the instrument's rule, for each reaction.
    rules
        Name of the rule set that was used.
    problems
        For each reaction why it has no usable curve, or ``None``.
    reporter, reference
        (R, C) dye signals behind Rn, arbitrary units, or ``None`` where the run holds only Rn;
        `reference` is also ``None`` without a passive reference.
    residual
        (R, C) residual standard error of the unmixing, or ``None``.
    notes
        What a person should know about the processing, in sentences.
    """

    reactions: tuple[Reaction, ...]
    cycles: IntArray
    rn: FloatArray
    drn: FloatArray
    baselines: tuple[Baseline | None, ...]
    peaks: tuple[int | None, ...]
    thresholds: Mapping[str, Threshold]
    instrument_cq: tuple[InstrumentCq, ...]
    rules: str
    problems: tuple[str | None, ...]
    reporter: FloatArray | None = None
    reference: FloatArray | None = None
    residual: FloatArray | None = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "cycles", frozen(self.cycles, np.int64, (None,)))
        shape = (len(self.reactions), len(self.cycles))
        for name in ("rn", "drn"):
            set_(self, name, frozen(getattr(self, name), np.float64, shape))
        for name in ("reporter", "reference", "residual"):
            if getattr(self, name) is not None:
                set_(self, name, frozen(getattr(self, name), np.float64, shape))
        set_(self, "thresholds", FrozenMap(self.thresholds))
        for name in ("baselines", "peaks", "instrument_cq", "problems"):
            if len(getattr(self, name)) != len(self.reactions):
                raise ValueError(f"{name} must have one entry a reaction")

    def __len__(self) -> int:
        return len(self.reactions)

    def threshold_of(self, index: int) -> float | None:
        """Threshold (ΔRn) of reaction `index`, or ``None``."""
        threshold = self.thresholds.get(self.reactions[index].target)
        return None if threshold is None else threshold.value
