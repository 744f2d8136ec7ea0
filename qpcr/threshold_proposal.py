"""A fixed threshold for each target, proposed from what the wells of several runs show.

It has to lie above whatever a well without product shows (`floor`: twice the highest of them but
for one in 200, noise and bleed-through included, and ten times the noise of a reading, the limit of
the rule ``threshold_phase``), and no later than the instrument reads a curve (`top`: the ΔRn one
cycle after the second-derivative maximum, of all but the lowest 5 % of curves). Between the two,
those thresholds are good at which replicates agree as well as anywhere (within a quarter of the
smallest standard deviation of their Ct). Of these the one is proposed that is nearest to the runs'
own thresholds, so that Ct, and with them the cut-off, move as little as possible.

It is a proposal. What validates a threshold and its cut-off is a dilution series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from primers import Channel, Panel
from qpcr._lists import grouped
from qpcr.instrument._arithmetic import cubic_ct, threshold_crossing
from qpcr.threshold_evidence import Basis, Seen, Sort

FEWEST_PRODUCTS, FEWEST_EMPTY = 5, 5
"""Wells without which nothing is proposed."""
MARGIN, NOISE_MULTIPLE = 2.0, 10.0
"""Multiples of the highest negative and of the noise that a threshold should exceed."""
LEAST_MARGIN = 1.25
"""The multiple of the highest negative without which nothing is proposed; below `MARGIN` it is the
highest threshold that the curves allow, with a warning."""
SPARED = 0.005
"""Share of the wells without product that may lie above `ceiling`: faults that rules find."""
LOW_CURVES = 0.05
"""Share of the curves that may leave the exponential phase below `top`."""
NEARLY = 1.25
"""A standard deviation of so many times the smallest is as good: ten degrees of freedom know it to
22 %, 1/√(2·10)."""
QUANTITATIVE_BELOW = 33.0
"""Replicates with a later mean Ct spread by counting molecules, not by where they are read."""
FEWEST_DEGREES = 10
"""Degrees of freedom of a standard deviation of replicates that may decide."""
NEGATIVES = (Sort.EMPTY, Sort.COPY, Sort.LOW)
"""Wells that a threshold has to clear."""
STEPS = 31
"""Thresholds that are tried, evenly spaced in their logarithm."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the runs say of one target.

    Attributes
    ----------
    target
        As the panel calls it.
    threshold
        ΔRn, or ``None`` with a `reason`.
    runs, products, late, empty, copies, low
        How many runs and wells it rests on (:class:`qpcr.threshold_evidence.Sort`).
    unclear
        Wells that took no part, with their highest ΔRn.
    highest, highest_place
        Highest ΔRn of a well without product, and which well it was.
    ceiling
        The same of all of them but one in 200: that many may have a fault of their own.
    floor, top
        The window, ΔRn; ``None`` where there are no wells to tell.
    rise
        Median height of the curves, ΔRn.
    own
        Median of the runs' own thresholds that clear the negatives, ΔRn, or ``None``.
    fallen
        Runs with product whose own threshold does not clear them.
    sd, own_sd, degrees
        Standard deviation of replicates' Ct, in cycles, at the proposal and at the runs' own
        thresholds, with their degrees of freedom; ``None`` without replicates.
    shift
        Median of Ct at the proposal less Ct at the run's own threshold, where that clears the
        negatives; cycles, or ``None``.
    warnings
        What to think of, in sentences.
    """

    target: str
    threshold: float | None
    reason: str | None
    runs: int
    products: int
    late: int
    empty: int
    copies: int
    low: int
    unclear: tuple[str, ...]
    highest: float | None
    highest_place: str | None
    ceiling: float | None
    floor: float | None
    top: float | None
    rise: float | None
    own: float | None = None
    fallen: int = 0
    sd: float | None = None
    own_sd: float | None = None
    degrees: int = 0
    shift: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def margin(self) -> float | None:
        """The proposal in multiples of the highest well without product."""
        if self.threshold is None or not self.highest or self.highest <= 0:
            return None
        return self.threshold / self.highest

    @property
    def share(self) -> float | None:
        """The proposal as a share of the rise of the target's curves."""
        return None if self.threshold is None or not self.rise else self.threshold / self.rise


def propose_thresholds(basis: Basis, panel: Panel) -> tuple[Proposal, ...]:
    """Propose a threshold for every channel of a panel.

    Parameters
    ----------
    basis
        Of :func:`qpcr.threshold_evidence.basis_of`.
    panel
        Whose channels.

    Returns
    -------
    tuple of Proposal
        In the order of the panel; those without enough wells, or without room between negatives and
        the end of the exponential phase, have no threshold and say why.
    """
    found = []
    for reaction in panel.reactions:
        for channel in reaction.channels:
            mine = [one for one in basis.wells if one.target == channel.target]
            found.append(_proposal(channel, reaction.channels, mine))
    return tuple(found)


def _proposal(channel: Channel, beside: Sequence[Channel], mine: list[Seen]) -> Proposal:
    sorts = {sort: [one for one in mine if one.sort is sort] for sort in Sort}
    products = sorts[Sort.PRODUCT]
    negatives = [one for one in mine if one.sort in NEGATIVES]
    negatives.sort(key=lambda one: -one.height)
    highest = negatives[0] if negatives else None
    noises = [one.noise for one in mine if one.noise is not None]
    ends = [one.latest for one in products if one.latest is not None]
    ceiling = max(negatives[int(SPARED * len(negatives))].height, 0.0) if negatives else None
    noise = float(np.median(noises)) if noises else 0.0
    top = float(np.quantile(ends, LOW_CURVES, method="lower")) if ends else None
    floor, tight = _floor(ceiling, noise, top)
    unclear = sorted(sorts[Sort.UNCLEAR], key=lambda one: -one.height)
    base = Proposal(
        channel.target,
        None,
        _lacking(products, negatives, floor, top),
        len({one.run for one in mine}),
        len(products),
        len(sorts[Sort.LATE]),
        len(sorts[Sort.EMPTY]),
        len(sorts[Sort.COPY]),
        len(sorts[Sort.LOW]),
        tuple(f"{one.place} ({one.height:.3g})" for one in unclear),
        None if highest is None else highest.height,
        None if highest is None else highest.place,
        ceiling,
        floor,
        top,
        float(np.median([one.height for one in products])) if products else None,
        warnings=tuple(_warnings(channel, beside, mine, unclear, ceiling, tight)),
    )
    if base.reason is not None or floor is None or top is None:
        return base
    made = _chosen(base, products, top if tight else floor, top)
    crossing = [one for one in negatives if one.height >= (made.threshold or 0.0)]
    if not crossing:
        return made
    told = ", ".join(f"{one.place} ({one.height:.3g})" for one in crossing)
    said = f"wells without product cross it, look at them: {told}"
    return replace(made, warnings=(said, *made.warnings))


def _floor(ceiling: float | None, noise: float, top: float | None) -> tuple[float | None, bool]:
    """The lower end of the window, and whether the usual margin leaves no room in it."""
    if ceiling is None:
        return None, False
    floor = max(MARGIN * ceiling, NOISE_MULTIPLE * noise)
    least = max(LEAST_MARGIN * ceiling, NOISE_MULTIPLE * noise)
    tight = top is not None and least <= top < floor
    return (least if tight else floor), tight


def _lacking(
    products: list[Seen], negatives: list[Seen], floor: float | None, top: float | None
) -> str | None:
    """Why there can be no proposal."""
    if len(products) < FEWEST_PRODUCTS or len(negatives) < FEWEST_EMPTY:
        return (
            f"too few wells: {len(products)} with product and {len(negatives)} without;"
            f" {FEWEST_PRODUCTS} and {FEWEST_EMPTY} are needed"
        )
    if floor is None or top is None or not 0 < floor <= top:
        return (
            f"no room: a threshold must lie above {_text(floor)} to clear the negatives, and below"
            f" {_text(top)} to lie where the curves still rise evenly"
        )
    return None


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _warnings(
    channel: Channel,
    beside: Sequence[Channel],
    mine: list[Seen],
    unclear: list[Seen],
    ceiling: float | None,
    tight: bool,
) -> list[str]:
    """What the numbers do not show by themselves."""
    dark = [one for one in mine if one.sort in NEGATIVES]
    unseen = [
        other.target
        for other in beside
        if other is not channel and not any(other.target in one.lit for one in dark)
    ]
    said = []
    if tight:
        said.append(
            f"less than {MARGIN:g} times what wells without product show, which is as much as the"
            " curves allow: bleed-through may cross it; renew the pure-dye calibration"
        )
    if unseen:
        said.append(
            "bleed-through of "
            + ", ".join(unseen)
            + " could not be seen: no well with it is without this target"
        )
    high = [one for one in unclear if ceiling is not None and one.height > ceiling]
    if high:
        said.append(
            f"{len(high)} unclear wells rise above the highest negative: look at them first, the"
            f" highest is {high[0].place}"
        )
    if len({one.run for one in mine}) == 1:
        said.append("one run only: what differs from run to run could not be seen")
    return said


def _chosen(base: Proposal, products: list[Seen], floor: float, top: float) -> Proposal:
    """Choose within the window."""
    ceiling = base.ceiling or 0.0
    grid = np.geomspace(floor, top, STEPS)
    groups = _replicates(products, math.sqrt(floor * top))
    own = _own(products, floor, top)
    grid = grid if own is None else np.sort(np.append(grid, own))
    spreads = [_spread(groups, level) for level in grid]
    degrees = sum(len(group) - 1 for group in groups)
    good = grid
    if degrees >= FEWEST_DEGREES:
        sds = np.array([np.inf if sd is None else sd for sd in spreads])
        good = grid[sds <= NEARLY * sds.min()]
    aim = top if own is None else own  # at the top is where the automatic rule would read
    level = float(good[np.argmin(np.abs(np.log(good / aim)))])
    level = _rounded(level, base.floor or floor, top)
    shifts = [
        mine - theirs
        for one in products
        if (mine := _ct(one, level)) is not None
        and (one.own_threshold or 0.0) > ceiling
        and (theirs := _ct(one, one.own_threshold)) is not None
    ]
    return replace(
        base,
        threshold=level,
        own=own,
        fallen=len({one.run for one in products if (one.own_threshold or 0.0) <= ceiling}),
        sd=_spread(groups, level),
        own_sd=_spread(groups, None),
        degrees=degrees,
        shift=float(np.median(shifts)) if shifts else None,
    )


def _own(products: list[Seen], floor: float, top: float) -> float | None:
    """Median, over the runs, of their own thresholds that clear the negatives; `top` at most."""
    each = {one.run: one.own_threshold for one in products}
    clear = [value for value in each.values() if value is not None and value >= floor]
    return min(float(np.median(clear)), top) if clear else None


def _ct(one: Seen, level: float | None) -> float | None:
    """Ct by the instrument's rule, as a position in the curve; ``None``: it does not cross."""
    if level is None or one.peak is None:
        return None
    at = threshold_crossing(one.drn, level, one.peak)
    return None if at is None else cubic_ct(one.drn, level, at)


def _replicates(products: list[Seen], level: float) -> list[list[Seen]]:
    """Wells of one sample in one run, two at least, early enough to spread by the reading alone."""
    named = [one for one in products if one.sample]
    groups = grouped(named, lambda one: (one.run, one.sample)).values()
    found = []
    for group in groups:
        cts = [ct for one in group if (ct := _ct(one, level)) is not None]
        if 2 <= len(group) == len(cts) and float(np.mean(cts)) < QUANTITATIVE_BELOW:
            found.append(list(group))
    return found


def _spread(groups: list[list[Seen]], level: float | None) -> float | None:
    """Pooled standard deviation of replicates' Ct at a level, or (``None``) at their own."""
    squares, degrees = 0.0, 0
    for group in groups:
        cts = [_ct(one, one.own_threshold if level is None else level) for one in group]
        known = [ct for ct in cts if ct is not None]
        if len(known) < len(group):
            return None
        squares += float(np.var(known)) * len(known)
        degrees += len(known) - 1
    return math.sqrt(squares / degrees) if degrees else None


def _rounded(value: float, floor: float, top: float) -> float:
    """The number with as few digits as stay within the window."""
    for digits in (2, 3, 4):
        step = 10.0 ** (math.floor(math.log10(value)) + 1 - digits)
        for whole in (round(value / step), math.floor(value / step), math.ceil(value / step)):
            if floor <= (short := float(f"{whole * step:.{digits}g}")) <= top:
                return short
    return value
