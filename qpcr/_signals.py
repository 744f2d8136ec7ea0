"""Dye signals of every reaction: our own optics, compared with the instrument's stored signals.

Where both exist and agree, the stored ones are used: they are the same numbers, with the last bits
the instrument's own software went on with, and its automatic threshold is one of those bits. Where
they disagree, our own are used and the difference is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.errors import CalibrationError
from calibration.optics import correct, unmix
from qpcr._frozen import Float32Array, FloatArray
from qpcr._lists import grouped, listed
from qpcr.errors import InputError
from qpcr.run import DyeSignals, Reaction, Run
from qpcr.said import say

AGREEMENT = 1e-5
"""Largest accepted difference to the stored signals, relative to each dye's largest signal."""
RN_AGREEMENT = 1e-3
"""Largest accepted difference of stored Rn to the ratio of stored signals, absolute and relative:
texts give Rn with three decimals."""


@dataclass(frozen=True, eq=False, slots=True)
class Signals:
    """Dye signals by well.

    Attributes
    ----------
    by_well
        By well index.
    source
        ``"instrument"``, ``"computed"``, or ``"none"`` where the run holds none.
    worst
        Largest relative difference between computed and stored signals, ``None`` where only one
        of them exists.
    notes
        Sentences for people.
    """

    by_well: dict[int, DyeSignals]
    source: str
    worst: float | None
    notes: tuple[str, ...]


def dyes_of_well(run: Run, reactions: Sequence[Reaction]) -> tuple[str, ...]:
    """Dyes to tell apart in one well: reporters, quenchers that shine, passive reference.

    A quencher counts when it has a pure-dye calibration (TAMRA does, NFQ-MGB is dark).

    Raises
    ------
    InputError
        A reporter or the passive reference has no pure-dye calibration.
    """
    known = {} if run.calibration is None else run.calibration.pure_dyes
    needed = {reaction.reporter for reaction in reactions}
    if run.passive_reference is not None:
        needed.add(run.passive_reference)
    if run.passive_reference is not None and run.passive_reference not in known:
        raise InputError(
            f"passive reference {run.passive_reference!r} has no pure-dye calibration in this file",
            place="plate_setup.xml, PassiveReferenceDye",
            expected=", ".join(sorted(known)),
            found=run.passive_reference,
            remedy="correct the passive reference in the plate setup",
        )
    unknown = sorted(needed - known.keys())
    if unknown:
        raise InputError(
            f"dye {unknown[0]!r} has no pure-dye calibration in this file",
            place=f"well {reactions[0].well_name}",
            expected=", ".join(sorted(known)),
            found=unknown[0],
            remedy="correct the reporter in the plate setup, or calibrate the dye",
        )
    quenchers = {reaction.quencher for reaction in reactions if reaction.quencher in known}
    return tuple(sorted(needed | {name for name in quenchers if name}))


def signals_of(run: Run) -> Signals:
    """Find the dye signals of every well in use."""
    wells = grouped(run.reactions, lambda reaction: reaction.well)
    if run.raw is None or run.calibration is None:
        stored = {well: run.signals[well] for well in wells if well in run.signals}
        if not stored:
            return Signals({}, "none", None, ())
        return Signals(
            stored,
            "instrument",
            None,
            (
                say(
                    "The instrument's dye signals are used; the file does not allow to recompute "
                    "them."
                ),
            ),
        )
    computed = _compute(run, wells)
    notes = _other_dyes(run, wells, computed)
    stored = {well: run.signals[well] for well in computed if _comparable(run, well, computed)}
    worst = max((_difference(computed[well], one) for well, one in stored.items()), default=None)
    if worst is not None and worst <= AGREEMENT:
        mixed = {well: stored.get(well, one) for well, one in computed.items()}
        note = say(
            "Dye signals recomputed from the raw filters agree with the instrument's within "
            "{worst:.1e} (relative); the instrument's last digits are kept.",
            worst=worst,
        )
        return Signals(mixed, "instrument", worst, (note, *notes))
    if worst is None:
        note = say("Dye signals are computed from the raw filters.")
        return Signals(computed, "computed", None, (note, *notes))
    note = say(
        "Dye signals computed from the raw filters differ from the instrument's by up to "
        "{worst:.1e} (relative); the computed ones are used.",
        worst=worst,
    )
    return Signals(computed, "computed", worst, (note, *notes))


def _compute(run: Run, wells: dict[int, list[Reaction]]) -> dict[int, DyeSignals]:
    if run.raw is None or run.calibration is None:
        return {}
    found = {}
    place = None
    try:
        corrected = correct(run.raw, run.calibration)
        for well, reactions in wells.items():
            dyes = dyes_of_well(run, reactions)
            place = f"well {reactions[0].well_name}"
            unmixed = unmix(corrected[well], well, dyes, run.calibration)
            found[well] = DyeSignals(unmixed.dyes, unmixed.signal, unmixed.residual)
    except CalibrationError as error:
        raise InputError(
            str(error), place=place, remedy="the file's optical calibration does not fit its run"
        ) from error
    return found


def _comparable(run: Run, well: int, computed: dict[int, DyeSignals]) -> bool:
    stored = run.signals.get(well)
    return stored is not None and set(stored.dyes) == set(computed[well].dyes)


def _other_dyes(
    run: Run, wells: dict[int, list[Reaction]], computed: dict[int, DyeSignals]
) -> tuple[str, ...]:
    """Name the wells whose stored signals are of other dyes than the plate sets up."""
    other = [
        reactions[0].well_name
        for well, reactions in wells.items()
        if well in run.signals and not _comparable(run, well, computed)
    ]
    if not other:
        return ()
    note = say(
        "The instrument's dye signals of {wells} are of other dyes than the plate sets up; "
        "computed ones are used there.",
        wells=listed(other, 10),
    )
    return (note,)


def _difference(computed: DyeSignals, stored: DyeSignals) -> float:
    """Largest difference, relative to the dye's largest stored signal."""
    order = [computed.dyes.index(dye) for dye in stored.dyes]
    theirs = stored.signal.astype(np.float64)
    scale = np.maximum(np.abs(theirs).max(axis=1, keepdims=True), 1.0)
    return float((np.abs(computed.signal[order] - theirs) / scale).max())


def normalised(
    run: Run, signals: Signals
) -> tuple[FloatArray, FloatArray | None, FloatArray | None, FloatArray, list[str | None]]:
    """Rn = reporter / passive reference for every reaction of a run, in single precision.

    Returns
    -------
    reporter, reference, residual, rn, problems
        (R, C) each, widened to double; `reference` is ``None`` without a passive reference, and
        Rn is then the reporter's signal itself. `problems` says for each reaction why it has no
        Rn, or ``None``. Rn is NaN where the reference is not positive.
    """
    shape = (len(run.reactions), len(run.cycles))
    reporter, reference, residual = (np.full(shape, np.nan) for _ in range(3))
    rn = np.full(shape, np.nan)
    problems: list[str | None] = [None] * len(run.reactions)
    for row, reaction in enumerate(run.reactions):
        one = signals.by_well.get(reaction.well)
        if one is None or reaction.reporter not in one.dyes:
            problems[row] = say("the file holds no fluorescence for this well")
            continue
        signal: Float32Array = one.signal[one.dyes.index(reaction.reporter)]
        reporter[row], rn[row] = signal, signal
        if one.residual is not None:
            residual[row] = one.residual
        if run.passive_reference is None:
            continue
        if run.passive_reference not in one.dyes:
            problems[row] = say(
                "passive reference {dye} was not measured", dye=run.passive_reference
            )
            rn[row] = np.nan
            continue
        below: Float32Array = one.signal[one.dyes.index(run.passive_reference)]
        reference[row] = below
        good = below > 0
        with np.errstate(over="ignore"):
            ratio = signal / np.where(good, below, np.float32(1))
        good &= np.isfinite(ratio)
        rn[row] = np.where(good, ratio, np.float32(np.nan))
        if not good.all():
            cycles = ", ".join(str(c) for c in run.cycles[~good][:5])
            problems[row] = say(
                "the passive reference is zero or negative at cycle {cycles}", cycles=cycles
            )
    return (
        reporter,
        None if run.passive_reference is None else reference,
        None if np.isnan(residual).all() else residual,
        rn,
        problems,
    )


def stored_rn(run: Run) -> tuple[FloatArray, list[str | None], list[str]]:
    """Rn, else ΔRn, as the instrument stored them, where a file holds nothing more original.

    Returns
    -------
    rn, problems, notes
        (R, C); for each reaction why it has none; sentences for people.

    Raises
    ------
    InputError
        The file holds no fluorescence of any reaction.
    """
    rn = np.full((len(run.reactions), len(run.cycles)), np.nan)
    problems: list[str | None] = []
    from_drn = 0
    for row, reaction in enumerate(run.reactions):
        result = run.results.get((reaction.well, reaction.target))
        curve = None if result is None else result.rn
        if curve is None and result is not None and result.drn is not None:
            curve, from_drn = result.drn, from_drn + 1
        if curve is not None:
            rn[row] = curve
        none = say("the file holds no fluorescence for this reaction")
        problems.append(none if curve is None else None)
    if all(problems):
        raise InputError(
            "the file holds no fluorescence of any reaction",
            remedy="run the plate first, or choose the file or export that holds its fluorescence "
            "or Rn; qpcr inspect says what this one holds",
        )
    notes: list[str] = []
    if problems.count(None) > from_drn:
        notes.append(say("The file holds no dye signals; Rn is taken as the instrument stored it."))
    if from_drn:
        notes.append(
            say("The file holds only ΔRn of {count} reactions: the instrument has already taken a "
                "baseline off. Ours is drawn on what is left.", count=from_drn)
        )  # fmt: skip
    return rn, problems, notes


def prefer_stored_rn(run: Run, rn: FloatArray, problems: list[str | None]) -> list[str]:
    """Take stored Rn where the stored signals are missing or are not what it was made of.

    Only for files whose signals cannot be recomputed: exports may list signals and Rn of different
    stages of the instrument's processing, and its Ct belongs to Rn.

    Parameters
    ----------
    run
        The run.
    rn, problems
        As :func:`normalised` gives them; changed in place.

    Returns
    -------
    list of str
        Sentences for people.
    """
    if run.calibration is not None:
        return []
    filled, differing = [], []
    for row, reaction in enumerate(run.reactions):
        result = run.results.get((reaction.well, reaction.target))
        if result is None or result.rn is None:
            continue
        off = np.abs(rn[row] - result.rn) > RN_AGREEMENT * (1 + np.abs(result.rn))
        missing = np.isfinite(result.rn) & ~np.isfinite(rn[row])
        if problems[row] is not None or missing.any():
            filled.append(reaction.well_name)
        elif off.any():
            differing.append(reaction.well_name)
        else:
            continue
        rn[row], problems[row] = result.rn, None
    notes: list[str] = []
    if filled:
        notes.append(
            say("Rn of {wells} is taken as the instrument stored it: its dye signals are not all "
                "there.", wells=listed(list(dict.fromkeys(filled)), 10))
        )  # fmt: skip
    if differing:
        notes.append(
            say("Rn of {wells} is taken as the instrument stored it: it is not the ratio of the "
                "stored dye signals.", wells=listed(list(dict.fromkeys(differing)), 10))
        )  # fmt: skip
    return notes
