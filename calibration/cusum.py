"""Cumulative sums: small lasting shifts and slow drift, which single limits see late.

Page 1954 (Biometrika 41:100-115), in the tabular form of Montgomery (Introduction to Statistical
Quality Control, chapter "Cumulative Sum and Exponentially Weighted Moving Average Control Charts").
For z values z_i, reference k and decision h

    high_i = max(0, high_{i−1} + z_i − k),   low_i = max(0, low_{i−1} − z_i − k)

and there is an alarm where either is above h. k = ½ and h = 5 look for a shift of one SD: it is
found after 10 values on average, and without any shift there is an alarm in 465 values
(Montgomery's table of average run lengths; :func:`average_run_length` computes them). The sums are
not set back at an alarm: it lasts until the values are back, or a new chart is begun. Of Q
statistics (:mod:`calibration.start_up`) it is self-starting; a shift that nobody minds is then
taken for the new level in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

REFERENCE, DECISION = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Drift:
    """A shift that a sum has found.

    Attributes
    ----------
    since
        0-based place of the value where the sum last left 0.
    shift
        Estimate of the shift in SD, k + sum/number of values since, with its sign.
    """

    since: int
    shift: float


@dataclass(frozen=True, slots=True)
class Cusum:
    """Sums after each value.

    Attributes
    ----------
    high, low
        For shifts upwards and downwards, both from 0 up.
    reference, decision
        k and h, in SD.
    """

    high: tuple[float, ...]
    low: tuple[float, ...]
    reference: float
    decision: float

    def drift(self, place: int = -1) -> Drift | None:
        """What the sums say at a value; ``None``: nothing."""
        for sums, sign in ((self.high, 1), (self.low, -1)):
            if not sums or sums[place] <= self.decision:
                continue
            last = place % len(sums)
            since = last
            while since > 0 and sums[since - 1] > 0:
                since -= 1
            return Drift(since, sign * (self.reference + sums[last] / (last - since + 1)))
        return None


def cusum(
    z: Sequence[float | None], reference: float = REFERENCE, decision: float = DECISION
) -> Cusum:
    """Sum up z values in order of time; ``None`` adds nothing."""
    high, low = [], []
    up = down = 0.0
    for one in z:
        if one is not None:
            up, down = max(0.0, up + one - reference), max(0.0, down - one - reference)
        high.append(up)
        low.append(down)
    return Cusum(tuple(high), tuple(low), reference, decision)


def average_run_length(
    shift: float, reference: float = REFERENCE, decision: float = DECISION, states: int = 200
) -> float:
    """Values until an alarm, on average, of both sums together.

    One sum's by a Markov chain over `states` steps of its height (Brook and Evans 1972, Biometrika
    59:539-549), both sides' by 1/ARL = 1/ARL⁺ + 1/ARL⁻ (Van Dobben de Bruyn 1968).

    Parameters
    ----------
    shift
        Of the mean, in SD.
    """
    found = 0.0
    for mean in (shift, -shift):
        width = decision / (states - 0.5)
        middles = np.arange(states) * width
        edges = middles[None, :] + width / 2 - middles[:, None] + reference - mean
        reached = ndtr(edges)
        steps = np.diff(reached, axis=1, prepend=0.0)
        found += 1 / float(np.linalg.solve(np.eye(states) - steps, np.ones(states))[0])
    return 1 / found
