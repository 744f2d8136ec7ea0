"""What the wells of a laboratory's own runs say about a fixed threshold, target by target.

Every well of a target is put into one of these kinds:

``product``
    A proper curve as high as its target's curves are.
``late``
    A proper curve that had no time to rise so high: neither a negative nor a full curve.
``empty``
    Nothing amplifies. Its highest ΔRn is noise, drift, and light of the well's other dyes.
``copy``
    Something rises, in proportion to other channels of the well: bleed-through.
``low``
    Something rises far less than the target's curves, or wavers beside a channel that rises:
    bleed-through that something disturbs, or a poor reaction. A threshold has to lie above it.
``unclear``
    Anything else: a faulty curve, or a control that should be empty and is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from primers import Channel, Panel
from qpcr._frozen import FloatArray
from qpcr.curves import from_run
from qpcr.errors import InputError
from qpcr.fits import fit_curves
from qpcr.formats import read_runs
from qpcr.given_once import check_files
from qpcr.qc import Plate, plate_of
from qpcr.qc._plate import Part, grows, part_of, rows_of
from qpcr.run import Provenance, Run
from qpcr.settings import Settings
from qpcr.shapes import Kind, classify
from qpcr.thresholds import why_not

LARGEST_SHARE, LEAST_R2 = 0.25, 0.98
"""What counts as a copy of other channels: largest share of their height, and the fit. The share is
far above what a panel's rule accepts: a threshold must lie above all bleed-through there is."""
FULL = 0.25
"""Share of the target's median height from which a proper curve counts as full."""
LATE_CYCLES = 8.0
"""A curve whose second-derivative maximum lies in so many last cycles had no time to rise."""


class Sort(StrEnum):
    """The kinds of well."""

    PRODUCT = "product"
    LATE = "late"
    EMPTY = "empty"
    COPY = "copy"
    LOW = "low"
    UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """One well of one target.

    Attributes
    ----------
    run
        Number of the run, from 0.
    file, well, sample
        Where.
    target
        As the panel calls it.
    sort
        Its kind.
    height
        Highest ΔRn from the start of the baseline on.
    noise
        Standard deviation of one reading, ΔRn, or ``None``.
    latest
        ΔRn one cycle after the second-derivative maximum, the latest place at which the
        instrument's automatic rule reads a curve, or ``None``.
    own_threshold
        Threshold of the run without a fixed one, ΔRn, or ``None``.
    drn
        (C,) ΔRn from the first measured cycle.
    peak
        Position in `drn`, from 1, where the instrument sees the amplification; ``None``: nowhere.
    lit
        Targets of the same well that amplify.
    """

    run: int
    file: str
    well: str
    sample: str | None
    target: str
    sort: Sort
    height: float
    noise: float | None
    latest: float | None
    own_threshold: float | None
    drn: FloatArray
    peak: int | None
    lit: frozenset[str]

    @property
    def place(self) -> str:
        """Well and file, for people."""
        return f"{self.well} of {self.file}"


@dataclass(frozen=True, eq=False, slots=True)
class Basis:
    """What proposals rest on.

    Attributes
    ----------
    wells
        Of all runs.
    provenance
        Where each run comes from.
    notes
        What could not be used, in sentences.
    """

    wells: tuple[Seen, ...]
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]


def basis_of(files: Iterable[Path], panel: Panel) -> Basis:
    """Sort the wells of every run of files.

    Parameters
    ----------
    files
        Instrument files.
    panel
        What the targets mean. Thresholds that it fixes already are not used.

    Raises
    ------
    InputError
        A file cannot be read or is there twice, or no run has a target of the panel.
    """
    seen: list[Seen] = []
    notes: list[str] = []
    sources: list[Provenance] = []
    files = list(files)
    check_files(files)
    for file in files:
        for run in read_runs(file):
            wells, said = _wells(len(sources), run, panel)
            sources.append(run.provenance)
            seen += wells
            notes += said
    if not seen:
        raise InputError(
            "no run holds a target of this panel that can be used",
            expected=", ".join(channel.target for channel in panel.channels()),
            found="; ".join(notes) or "other targets",
            remedy="choose the panel of these runs, or correct the target names in their set-up",
        )
    return Basis(_by_height(seen), tuple(sources), tuple(notes))


def _wells(number: int, run: Run, panel: Panel) -> tuple[list[Seen], list[str]]:
    curves = from_run(run, Settings())
    fits = fit_curves(curves, polish=False)
    plate = plate_of(run, curves, fits, classify(curves), panel)
    notes, usable = [], {}
    for reaction, channel in zip(run.reactions, plate.channels, strict=True):
        if channel is None or reaction.target in usable:
            continue
        why = why_not(run, panel, reaction.target, channel)
        usable[reaction.target] = why is None
        if why is not None:
            notes.append(f"{run.provenance.file}: {channel.target} is not used: {why}")
    rows = [row for row in rows_of(plate) if curves.problems[row] is None]
    rows = [row for row in rows if usable.get(run.reactions[row].target)]
    return [one for row in rows for one in _well(number, plate, row)], notes


def _well(number: int, plate: Plate, row: int) -> Iterator[Seen]:
    """One well, as far as it can be judged without the others."""
    reaction, channel, curves = plate.run.reactions[row], plate.channels[row], plate.curves
    baseline, drn = curves.baselines[row], curves.drn[row]
    if channel is None or baseline is None or not np.isfinite(drn).all():
        return
    first = int(curves.cycles[0])
    lit = [
        other
        for other, one in enumerate(plate.run.reactions)
        if other != row and one.well == reaction.well and grows(plate, other)
    ]
    fit = plate.fits[row]
    maximum = None if fit.cpd2 is None else fit.cpd2.value
    noise, peak = float(plate.fits.table.noise[row]), curves.peaks[row]
    yield Seen(
        number,
        plate.run.provenance.file,
        reaction.well_name,
        reaction.sample,
        channel.target,
        _sort(plate, row, channel, lit, maximum),
        float(drn[max(baseline.start - first, 0) :].max()),
        noise if np.isfinite(noise) and noise > 0 else None,
        None if maximum is None else float(np.interp(maximum + 1.0, curves.cycles, drn)),
        curves.threshold_of(row),
        drn,
        None if peak is None else peak - first + 1,
        frozenset(one.target for other in lit if (one := plate.channels[other]) is not None),
    )


def _sort(plate: Plate, row: int, channel: Channel, lit: list[int], maximum: float | None) -> Sort:
    """Kind of one well; what is full and what is low only the target's other wells can tell."""
    drn = plate.curves.drn
    if not grows(plate, row):
        if plate.shapes[row].kind in (Kind.NONE, Kind.NOISE):
            return Sort.EMPTY
        return Sort.LOW if lit else Sort.UNCLEAR
    if lit and _copied(drn[row], drn[lit]):
        return Sort.COPY
    barred = {Part.NTC, Part.NO_ENZYME} | ({Part.NEGATIVE} if channel.role == "target" else set())
    if part_of(plate, row) in barred:
        return Sort.UNCLEAR
    if maximum is None or maximum > float(plate.curves.cycles[-1]) - LATE_CYCLES:
        return Sort.LATE
    return Sort.PRODUCT if plate.shapes[row].proper else Sort.LOW


def _copied(weak: FloatArray, strong: FloatArray) -> bool:
    """Whether a curve (C,) is a sum of small shares of others (n, C), by least squares."""
    x, y = strong - strong.mean(axis=1, keepdims=True), weak - weak.mean()
    shares, *_ = np.linalg.lstsq(x.T, y, rcond=None)
    left, whole = y - shares @ x, float(y @ y)
    small = bool(np.all(np.abs(shares) <= LARGEST_SHARE))
    return small and whole > 0 and 1.0 - float(left @ left) / whole >= LEAST_R2


def _by_height(seen: list[Seen]) -> tuple[Seen, ...]:
    """Tell full curves from low ones, by the median height of the target's proper curves."""
    heights: dict[str, list[float]] = {}
    for one in seen:
        if one.sort is Sort.PRODUCT:
            heights.setdefault(one.target, []).append(one.height)
    typical = {target: float(np.median(many)) for target, many in heights.items()}

    def again(one: Seen) -> Seen:
        full = one.height >= FULL * typical.get(one.target, np.inf)
        if one.sort is Sort.PRODUCT and not full:
            return replace(one, sort=Sort.LOW)
        if one.sort is Sort.LATE and full:
            return replace(one, sort=Sort.PRODUCT)
        return replace(one, sort=Sort.UNCLEAR) if one.sort is Sort.LOW and full else one

    return tuple(again(one) for one in seen)
