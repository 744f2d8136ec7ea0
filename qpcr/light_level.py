"""How much light reaches the detector: what stands for the lamp where the file does not tell of it.

The level is no value of the lamp. It is the raw count of the passive reference's own filter before
amplification: lamp × filters × detector × passive reference in the well. It falls with an ageing
lamp and dirty optics, and moves as well with another lot of master mix or another volume; so it is
charted within one lot of reagents (``qpcr control-chart``), and a step at a new lot is no alarm.
Normalising to the passive reference takes it out of Rn: a fading lamp shows in noise long before it
shows in Ct, which is why it is worth looking at.

**Level.** Median over the wells in use of each well's median over cycles 3 to 10, in counts. The
first two readings are left out, here and below (wells still warm up). Filter: the one in which the
passive reference's pure dye shines strongest, by the file's own calibration (7500, StepOne,
QuantStudio); exports of the 7500 hold none, but all 7500 have the same filters, and ROX is
strongest in the fourth. A background that the file holds apart (StepOne) is taken off; nothing else
is done.

**Flicker.** Readings of all wells in one cycle share the lamp, so what moves all wells together
from one reading to the next is the lamp's doing (or the shutter's, or the detector's offset: where
a large background is taken off, as on the StepOne, mostly that). With the second difference
d(w, c) = y(w, c+1) − 2·y(w, c) + y(w, c−1) of y = ln x of well w, m(c) its median over the W wells
and s the wells' own spread (1.4826 × median absolute deviation of d − m), the variance of one
reading's common part is

    (1/6) · max(0, var(m) − (π/2) · s² / (W + π/2 − 1))

since a median of W values has (π/2)·s²/(W + π/2 − 1) of their own noise (normal noise; right for
one value and for many, within 5 % from 16 on), and the squared weights of a second difference add
up to 6. s is enlarged by W/(W − 0.8), as it comes out too small in few wells (Croux and Rousseeuw
1992, doi:10.1007/978-3-662-26811-7_58). Second differences, because the passive reference drifts
slowly over a run: a drift that is straight over three cycles leaves them at zero. The square root
is given, in percent; there is none of fewer than 16 wells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qpcr.said import say

if TYPE_CHECKING:
    from qpcr._frozen import FloatArray
    from qpcr.run import Run

EARLY = (3, 10)
"""First and last cycle of the level."""
FILTERS = {"7500": {"ROX": "4"}, "7500 Fast": {"ROX": "4"}}
"""Own filter of a dye by instrument, where the file holds no calibration."""
FEWEST_READINGS = 3
FEWEST_WELLS = 16
"""Below, the median and the wells' spread about it are too rough: a few wells without any common
noise would show some."""
FEWEST_BENDS = 8


@dataclass(frozen=True, slots=True)
class LightLevel:
    """Light level of one run, a stand-in for the lamp.

    Attributes
    ----------
    counts
        The level; ``None`` where `reason` says why.
    flicker_percent
        Standard deviation between readings that all wells have in common, in percent of the level;
        0 where the wells' own noise explains all; ``None`` where there are too few wells or
        readings, or no level.
    dye, filter
        The passive reference, and its own filter.
    wells
        Wells that the level comes from.
    first_cycle, last_cycle
        Readings that it comes from.
    reason
        Why there is no level.
    """

    counts: float | None = None
    flicker_percent: float | None = None
    dye: str | None = None
    filter: str | None = None
    wells: int = 0
    first_cycle: int | None = None
    last_cycle: int | None = None
    reason: str | None = None

    def short(self) -> str:
        """The same in few words."""
        if self.counts is None:
            return self.reason or say("not known")
        if self.flicker_percent is None:
            return say("{counts:,.0f} counts, filter {filter}",
                       counts=self.counts, filter=self.filter)  # fmt: skip
        return say(
            "{counts:,.0f} counts, filter {filter}; flicker {percent:.3f} %",
            counts=self.counts,
            filter=self.filter,
            percent=self.flicker_percent,
        )

    def told(self) -> tuple[str, ...]:
        """The level and the flicker in sentences, or why there is none."""
        if self.counts is None:
            return (self.reason or say("not known"),)
        found = [
            say("{counts:,.0f} counts of {dye} in its own filter {filter} ({wells} wells, cycles "
                "{first} to {last}): stands for the lamp, but moves with the reagents too",
                counts=self.counts, dye=self.dye, filter=self.filter, wells=self.wells,
                first=self.first_cycle, last=self.last_cycle)
        ]  # fmt: skip
        if self.flicker_percent is not None:
            found.append(
                say("flicker common to all wells {percent:.3f} %", percent=self.flicker_percent)
            )
        return tuple(found)


def light_level(run: Run) -> LightLevel:
    """Light level of a run from its raw fluorescence."""
    dye = run.passive_reference
    if run.raw is None:
        return LightLevel(dye=dye, reason=say("The file holds no raw fluorescence."))
    if dye is None:
        return LightLevel(reason=say("The plate has no passive reference."))
    place = _own_filter(run, dye)
    if place is None:
        return LightLevel(
            dye=dye,
            reason=say("No calibration was read that tells which filter is that of {dye}.",
                       dye=dye),
        )  # fmt: skip
    wells = sorted({one.well for one in run.reactions if not one.omitted})
    values = np.array(run.raw[wells, :, place])
    if run.calibration is not None and run.calibration.background is not None:
        values -= run.calibration.background[wells, place][:, None]
    values[~(values > 0)] = np.nan
    name, early = run.filters[place], (run.cycles >= EARLY[0]) & (run.cycles <= EARLY[1])
    readings = values[:, early]
    seen = np.isfinite(readings).sum(axis=1) >= FEWEST_READINGS
    if not seen.any():
        return LightLevel(
            dye=dye, filter=name,
            reason=say("No well has {count} readings in cycles {first} to {last}.",
                       count=FEWEST_READINGS, first=EARLY[0], last=EARLY[1]),
        )  # fmt: skip
    level = float(np.median(np.nanmedian(readings[seen], axis=1)))
    cycles = run.cycles[early]
    return LightLevel(
        level,
        flicker(values[seen][:, run.cycles >= EARLY[0]]),
        dye,
        name,
        int(seen.sum()),
        int(cycles[0]),
        int(cycles[-1]),
    )


def _own_filter(run: Run, dye: str) -> int | None:
    """Place of the filter that a dye shines in strongest, or ``None``."""
    known = run.calibration
    if dye in run.own_filters:
        strongest: str | None = run.own_filters[dye]
    elif known is None:
        strongest = FILTERS.get(run.provenance.instrument or "", {}).get(dye)
    elif dye in known.pure_dyes:
        strongest = known.filters[int(np.argmax(np.median(known.pure_dyes[dye], axis=0)))]
    else:
        strongest = None
    return run.filters.index(strongest) if strongest in run.filters else None


def flicker(values: FloatArray) -> float | None:
    """Standard deviation of what all wells have in common between readings, in percent.

    Parameters
    ----------
    values
        (W, C) counts, positive, NaN where absent.

    Returns
    -------
    float or None
        ``None`` for fewer than 8 second differences that at least 16 wells have.
    """
    bends = np.diff(np.log(values), 2, axis=1)
    number = np.isfinite(bends).sum(axis=0)
    enough = number >= FEWEST_WELLS
    if enough.sum() < FEWEST_BENDS:
        return None
    bends, number = bends[:, enough], number[enough]
    common = np.nanmedian(bends, axis=0)
    own = 1.4826 * float(np.nanmedian(np.abs(bends - common)))
    own *= float(np.mean(number / (number - 0.8)))
    noise = math.pi / 2 * own**2 * float(np.mean(1 / (number + math.pi / 2 - 1)))
    return 100 * math.sqrt(max(0.0, float(np.mean(common**2)) - noise) / 6)
