"""The passive reference of a well is low, steps, or drifts.

Rn divides by it, so whatever it does is in the curve. A step is told from a drift by what the trend
around it explains: the change between the medians of three cycles before and after, less three
times the median change per cycle nearby. A step before the Ct makes the reaction unusable; behind
it, or where nothing amplifies, it is a warning.

Limits
    ``largest_step``: relative to the signal before it.
    ``largest_drift``: relative to the well's median, from the mean of cycles 3 to 7 to the mean of
    the last five.
    ``lowest_share_of_median``: of a well, relative to the median of all wells.
    ``lowest_signal``: of the median of all wells, in the instrument's unit; 0 = not asked. It finds
    a weak lamp, and every instrument has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from qpcr._frozen import FloatArray, IntArray
from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import any_cq, rows_of, wells, wells_most
from qpcr.said import say

NAME = "passive_reference"
REACH = 4
"""Cycles to both sides whose median change is the trend."""
CLEAR = 6.0
"""A step is larger than so many times the noise of a reading."""


def largest_steps(signals: FloatArray) -> tuple[FloatArray, IntArray]:
    """Find the largest step of each signal.

    Parameters
    ----------
    signals
        (n, C), C ≥ 12.

    Returns
    -------
    steps, at
        (n,) step relative to the signal before it, signed, 0 where it is within the noise; and the
        position (from 0) of the first cycle after it.
    """
    changes = np.diff(signals, axis=1)
    beyond = np.pad(changes, ((0, 0), (REACH, REACH)), constant_values=np.nan)
    near = sliding_window_view(beyond, 2 * REACH + 1, axis=1).copy()
    near[..., REACH] = np.nan  # the change that may be the step itself
    trend = np.nanmedian(near, axis=-1)
    middle = np.median(sliding_window_view(signals, 3, axis=1), axis=-1)
    moved = middle[:, 3:] - middle[:, :-3] - 3.0 * trend[:, 2:-2]
    rows = np.arange(len(signals))
    best = np.abs(moved).argmax(axis=1)
    spread = np.median(np.abs(changes - np.median(changes, axis=1, keepdims=True)), axis=1)
    noise = spread / (0.6745 * np.sqrt(2.0))
    step = moved[rows, best]
    step = np.where(np.abs(step) > CLEAR * noise, step, 0.0)
    # Medians of three see a step one cycle early or late too: the change itself says when it was.
    nearby = best[:, None] + np.array([1, 2, 3])
    when = np.abs(changes[rows[:, None], nearby]).argmax(axis=1)
    return step / middle[rows, best], nearby[rows, when] + 1


def drifts(signals: FloatArray) -> FloatArray:
    """Relative change of signals (n, C) from cycles 3-7 to the last five."""
    change = signals[:, -5:].mean(axis=1) - signals[:, 2:7].mean(axis=1)
    return np.asarray(change / np.median(signals, axis=1), dtype=np.float64)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    reference = plate.curves.reference
    if reference is None or reference.shape[1] < 2 * REACH + 4:
        return
    by_well = grouped(rows_of(plate), lambda row: plate.run.reactions[row].well)
    groups = [rows for rows in by_well.values() if (reference[rows[0]] > 0).all()]
    if not groups:
        return
    signals = reference[[rows[0] for rows in groups]]
    levels = np.median(signals, axis=1)
    typical = float(np.median(levels))
    if typical < limits["lowest_signal"]:
        yield _weak(typical, limits["lowest_signal"])
    low = levels < limits["lowest_share_of_median"] * typical
    for rows, level in zip(compress(groups, low), levels[low], strict=True):
        yield _low(plate, rows, float(level) / typical, limits["lowest_share_of_median"])
    steps, at = largest_steps(signals)
    stepped = (np.abs(steps) > limits["largest_step"]) & ~low
    for place in np.flatnonzero(stepped):
        cycle = int(plate.curves.cycles[at[place]])
        yield _step(plate, groups[place], float(steps[place]), cycle, limits["largest_step"])
    moved = drifts(signals)
    for way in (moved, -moved):
        drifting = (way > limits["largest_drift"]) & ~stepped & ~low
        if drifting.any():
            rows = [row for mine in compress(groups, drifting) for row in mine]
            worst = int(np.where(drifting, way, 0.0).argmax())
            limit = limits["largest_drift"]
            yield _drift(plate, rows, groups[worst][0], float(moved[worst]), limit)


def _weak(typical: float, limit: float) -> Finding:
    return Finding(
        NAME,
        Severity.WARNING,
        (),
        say(
            "The passive reference of the whole plate is weak: {typical:,.0f}, at least "
            "{limit:,.0f} was expected.",
            typical=typical,
            limit=limit,
        ),
        say(
            "Check the lamp's hours and the excitation filters, and that the mix holds the passive "
            "reference at the right concentration."
        ),
        value=typical,
        limit=limit,
    )


def _low(plate: Plate, rows: list[int], share: float, limit: float) -> Finding:
    return Finding(
        NAME,
        Severity.REACTION,
        tuple(rows),
        say(
            "The passive reference of {wells} is low: {share:.0%} of the plate's median.",
            wells=wells(plate, rows),
            share=share,
        ),
        say("Too little mix or none, or a wrong one: pipette this well again."),
        value=share,
        limit=limit,
    )


def _step(plate: Plate, rows: list[int], step: float, cycle: int, limit: float) -> Finding:
    spoilt = [row for row in rows if (cq := any_cq(plate, row)) is not None and cycle <= cq + 1]
    values = {"wells": wells(plate, rows), "step": step, "cycle": cycle}
    return Finding(
        NAME,
        Severity.REACTION if spoilt else Severity.WARNING,
        tuple(spoilt or rows),
        say(
            "The passive reference of {wells} steps by {step:+.0%} at cycle {cycle}, before the "
            "Ct.",
            **values,
        )
        if spoilt
        else say(
            "The passive reference of {wells} steps by {step:+.0%} at cycle {cycle}; no Ct hangs "
            "on it.",
            **values,
        ),
        say("Look for a bubble or a lifted seal; spin the plate and repeat the well."),
        value=abs(step),
        limit=limit,
    )


def _drift(plate: Plate, rows: list[int], worst: int, moved: float, limit: float) -> Finding:
    remedy = (
        say("Look for evaporation: press the seal down, at the edges of the plate above all.")
        if moved > 0
        else say("Protect the mix from light, and check the lamp.")
    )
    return Finding(
        NAME,
        Severity.WARNING,
        tuple(rows),
        say(
            "The passive reference drifts in {wells}: {moved:+.0%} over the run.",
            wells=wells_most(plate, rows, worst),
            moved=moved,
        ),
        remedy,
        value=abs(moved),
        limit=limit,
    )


RULE = Rule(
    name=NAME,
    describes="The passive reference is strong and even over the run.",
    severity=Severity.WARNING,
    limits={
        "largest_step": 0.1,
        "largest_drift": 0.2,
        "lowest_share_of_median": 0.5,
        "lowest_signal": 0.0,
    },
    needs_panel=False,
    check=_check,
)
