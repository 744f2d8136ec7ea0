"""From raw filters to ΔRn: dyes → Rn → baseline → ΔRn → threshold, for every reaction of a run.

The arithmetic of the instrument's own software lives in :mod:`qpcr.instrument`, one rule set a
file; this module lays it over a run and keeps what came out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from primers import Panel
from qpcr._frozen import BoolArray, FloatArray, FrozenMap, IntArray, frozen
from qpcr._lists import grouped
from qpcr._signals import normalised, prefer_stored_rn, signals_of, stored_rn
from qpcr.baselines import Baseline, choose_windows
from qpcr.errors import InputError
from qpcr.instrument import RuleSet, rule_sets, rules_for
from qpcr.instrument._arithmetic import MIN_CYCLES, baseline_lines, cubic_ct, threshold_crossing
from qpcr.run import AnalysisSettings, Reaction, Run, Task
from qpcr.said import say
from qpcr.settings import Settings
from qpcr.thresholds import Evidence, Threshold, choose_thresholds, fixed_thresholds

FALLBACK_RULES = "7500-2.x"
TYPICAL_RISE = 4.0
"""Rise of Rn that the instruments' rules were made for: plateaus of probe assays lie about here."""


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


def from_run(run: Run, settings: Settings | None = None, panel: Panel | None = None) -> Curves:
    """Compute the amplification curves of a run, the instrument's way.

    Parameters
    ----------
    run
        With filter readings, dye signals, stored Rn, or at least stored ΔRn.
    settings
        How baselines and thresholds are chosen.
    panel
        Whose fixed thresholds hold, unless `settings` ask for others.

    Returns
    -------
    Curves

    Raises
    ------
    InputError
        The run holds no fluorescence, or its calibration does not fit.
    """
    try:
        return _from_run(run, settings or Settings(), fixed_thresholds(run, panel))
    except InputError as error:
        raise error.at(run.provenance.file) from error.__cause__


def _from_run(run: Run, settings: Settings, fixed: Mapping[str, float]) -> Curves:
    rules, name, notes = _choose_rules(run.provenance.software, settings)
    signals = signals_of(run)
    notes += list(signals.notes)
    if signals.source == "none":
        reporter = reference = residual = None
        rn, problems, said = stored_rn(run)
    else:
        reporter, reference, residual, rn, problems = normalised(run, signals)
        said = prefer_stored_rn(run, rn, problems)
    notes += said
    scale = None
    if run.passive_reference is None:
        scale = _scale(rn, [reaction.target for reaction in run.reactions])
        notes.append(
            say(
                "The plate has no passive reference: Rn is the reporter's own signal, in its own "
                "unit. Baselines follow the instrument's rule on that signal as it is (so they did "
                "in 56 of 60 wells of one export; a person had set the others). Which curves "
                "amplify is judged on curves scaled to a rise of {rise:g}, since limits made for "
                "Rn mean nothing here; the instrument's own automatic threshold could not be "
                "compared.",
                rise=TYPICAL_RISE,
            )
        )
    measured = _Measured(
        run.reactions,
        run.cycles,
        rn,
        problems,
        run.settings,
        scale=scale,
        windows_unscaled=True,
        reporter=reporter,
        reference=reference,
        residual=residual,
        fixed=fixed,
    )
    return _assemble(measured, rules, name, settings, notes)


def from_table(
    cycles: npt.ArrayLike,
    rn: npt.ArrayLike,
    names: Sequence[str],
    targets: Sequence[str] | None = None,
    settings: Settings | None = None,
) -> Curves:
    """Make curves of a plain table of fluorescence: one curve a row, any unit.

    Parameters
    ----------
    cycles
        (C,) consecutive whole numbers.
    rn
        (R, C) fluorescence; NaN where it was not measured.
    names
        R names, used as well names.
    targets
        R target names: curves of one target share a threshold. ``None``: one target.
    settings
        As in :func:`from_run`; the rules default to the 7500's.

    Returns
    -------
    Curves
    """
    settings = settings or Settings()
    values = np.array(rn, dtype=np.float64)
    axis = np.asarray(cycles, dtype=np.int64)
    targets = ["target"] * len(names) if targets is None else targets
    reactions = tuple(
        Reaction(i, name, name, target, Task.UNKNOWN, "unknown")
        for i, (name, target) in enumerate(zip(names, targets, strict=True))
    )
    rules = rule_sets()[settings.rules or FALLBACK_RULES]
    note = say(
        "A plain table: for the rules of {rules} the curves of a target are scaled to a rise of "
        "{rise:g}, as Rn has.",
        rules=rules.name, rise=TYPICAL_RISE,
    )  # fmt: skip
    scale = _scale(values, targets)
    measured = _Measured(reactions, axis, values, [None] * len(names), AnalysisSettings(), scale)
    return _assemble(measured, rules, rules.name, settings, [note])


def _choose_rules(software: str | None, settings: Settings) -> tuple[RuleSet, str, list[str]]:
    if settings.rules is not None:
        return rule_sets()[settings.rules], settings.rules, []
    found = rules_for(software)
    if found is not None and software is not None:
        note = say(
            "The rules {rules} were measured on other versions than {software}.",
            rules=found.name, software=software,
        )  # fmt: skip
        return found, found.name, [] if found.measured_on(software) else [note]
    assumed = rule_sets()[FALLBACK_RULES]
    note = say(
        "The rules of the software {software!r} are not known. Baseline, threshold and Ct follow "
        "{rules} and may differ from the instrument's.",
        software=software or "that wrote this file (not named)", rules=assumed.name,
    )  # fmt: skip
    return assumed, f"unknown ({assumed.name} assumed)", [note]


def _scale(values: FloatArray, targets: Sequence[str]) -> FloatArray:
    """What to divide the curves of each target by, (R,), for rules that were made for Rn.

    The typical rise of the target's curves that rise at all, a single reading at each end left out.
    """
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=1)
    known = np.maximum(np.isfinite(values).sum(axis=1), 1)
    rows = np.arange(len(values))
    low, high = np.minimum(1, known - 1), np.maximum(known - 2, 0)
    rises = np.nan_to_num(ordered[rows, high] - ordered[rows, low]) if values.size else rows * 0.0
    scale = np.ones(len(values))
    for group in grouped(range(len(targets)), lambda row: targets[row]).values():
        rise = rises[group]
        rising = rise[rise >= rise.max() / 4]
        if rise.max() > 0:
            scale[group] = np.median(rising) / TYPICAL_RISE
    return scale


@dataclass(frozen=True, eq=False, slots=True)
class _Measured:
    """What the steps start from; see :class:`Curves` for the arrays."""

    reactions: tuple[Reaction, ...]
    cycles: IntArray
    rn: FloatArray
    problems: Sequence[str | None]
    recorded: AnalysisSettings
    scale: FloatArray | None = None
    """(R,) Rn is divided by this before the rules see it; ``None``: Rn is as it is."""
    windows_unscaled: bool = False
    """Baseline windows of curves that amplify follow Rn as it is all the same."""
    reporter: FloatArray | None = None
    reference: FloatArray | None = None
    residual: FloatArray | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Thresholds of the panel by target."""


def _assemble(
    measured: _Measured, rules: RuleSet, name: str, settings: Settings, notes: list[str]
) -> Curves:
    """Baseline, ΔRn, threshold and the instrument's Ct: the steps, one after the other."""
    rn, cycles = measured.rn, measured.cycles
    problems = _problems(rn, measured.problems)
    good = np.array([problem is None for problem in problems], dtype=np.bool_)
    filled = _filled(rn)
    if measured.scale is None:
        peaks, automatic = _peaks_and_windows(filled, good, rules)
    else:
        peaks, automatic = _peaks_and_windows(filled / measured.scale[:, None], good, rules)
        if measured.windows_unscaled:
            theirs, windows = _peaks_and_windows(filled, good, rules)
            automatic = np.where(((peaks > 0) & (theirs == peaks))[:, None], windows, automatic)
    windows, sources, said = choose_windows(
        measured.reactions, automatic, measured.recorded, settings, cycles
    )
    intercept, slope = baseline_lines(filled, windows)
    line = intercept[:, None] + slope[:, None] * np.arange(1, rn.shape[1] + 1)
    bridged = filled - line
    evidence = Evidence(
        measured.reactions, bridged, peaks, windows[:, 1], good, measured.scale is None
    )
    thresholds, told = choose_thresholds(
        evidence, rules, measured.recorded.thresholds, settings, measured.fixed
    )
    shift = int(cycles[0]) - 1 if len(cycles) else 0
    answers = tuple(
        _instrument_cq(bridged[row], thresholds[r.target], int(peaks[row]), problems[row], shift)
        for row, r in enumerate(measured.reactions)
    )
    lines = zip(windows + shift, intercept, slope, sources, good, strict=True)
    baselines = tuple(
        Baseline(int(a), int(b), float(i - k * shift), float(k), source) if ok else None
        for (a, b), i, k, source, ok in lines
    )
    return Curves(
        measured.reactions,
        cycles,
        rn,
        np.where(good[:, None] & np.isfinite(rn), bridged, np.nan),
        baselines,
        tuple(int(peak) + shift if peak else None for peak in peaks),
        thresholds,
        answers,
        name,
        tuple(problems),
        measured.reporter,
        measured.reference,
        measured.residual,
        (*notes, *said, *told),
    )


def _peaks_and_windows(
    filled: FloatArray, good: BoolArray, rules: RuleSet
) -> tuple[IntArray, IntArray]:
    """Curvature peaks (R,) and automatic windows (R, 2); none of either in runs too short."""
    if filled.shape[1] >= MIN_CYCLES:
        peaks: IntArray = np.where(good, rules.peaks(filled), 0)
        return peaks, rules.windows(filled, peaks)
    window = np.array([1, max(filled.shape[1] - 1, 1)], dtype=np.int64)
    return np.zeros(len(filled), dtype=np.int64), np.tile(window, (len(filled), 1))


def _problems(rn: FloatArray, problems: Sequence[str | None]) -> list[str | None]:
    """Add what Rn itself shows: too few cycles for the rules."""
    measured = np.isfinite(rn).sum(axis=1)
    few = say("fewer than {least} cycles were measured", least=MIN_CYCLES)
    return [
        problem or (few if count < MIN_CYCLES else None)
        for problem, count in zip(problems, measured, strict=True)
    ]


def _filled(rn: FloatArray) -> FloatArray:
    """Bridge missing cycles by straight lines, for rules that know no gaps."""
    filled = rn.copy()
    axis = np.arange(rn.shape[1])
    for row in np.flatnonzero(~np.isfinite(rn).all(axis=1)):
        known = np.isfinite(rn[row])
        filled[row] = np.interp(axis, axis[known], rn[row, known]) if known.any() else 0.0
    return filled


def _instrument_cq(
    drn: FloatArray, threshold: Threshold, peak: int, problem: str | None, shift: int
) -> InstrumentCq:
    """Ct of one curve by the instrument's rule; `shift` turns positions into cycle numbers."""
    if problem is not None:
        return InstrumentCq(None, problem)
    if not peak:
        return InstrumentCq(None, say("no amplification: the curve nowhere bends upwards"))
    if threshold.value is None:
        return InstrumentCq(None, threshold.reason)
    k = threshold_crossing(drn, threshold.value, peak)
    if k is None:
        return InstrumentCq(None, say("the curve does not cross the threshold"))
    return InstrumentCq(cubic_ct(drn, threshold.value, k) + shift)
