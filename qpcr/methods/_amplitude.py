"""How far the foot of a curve may have an amplitude of its own: the plate answers.

Set free, the amplitude of a foot says how bright a well is better than a plateau does that also
feels the end of the chemistry. But on some plates a foot cannot tell amplitude from shift, and Cq
pays for it. Both show in the wells of a target: free amplitudes that scatter less than the plateaus
do are good ones, others are noise. So with ρ, the scatter of log(amplitude of the foot / plateau)
over that of log(plateau), the prior's standard deviation is TIGHT/ρ², between TIGHT and FREE: the
step is far from any plate measured (ρ ≤ 0.36 or ρ ≥ 0.76; METHODS.md), so its place hardly matters.
Replicates and quantities do not enter.
"""

from __future__ import annotations

import numpy as np

from qpcr._frozen import BoolArray, FloatArray, IntArray
from qpcr.methods._medians import medians

TIGHT, FREE = 0.1, 1.0
"""Standard deviations of log(amplitude of the foot / plateau)."""

FEWEST = 6
"""Wells, in targets of at least three, below which a plate gives no answer: TIGHT."""


def amplitude_spread(
    ratio: FloatArray, plateau: FloatArray, group: IntArray, good: BoolArray
) -> float:
    """Prior standard deviation of log(amplitude of the foot / plateau) for a plate.

    Parameters
    ----------
    ratio
        (n,) log of the free amplitude of each well's foot over its plateau.
    plateau
        (n,) log of the plateaus.
    group
        (n,) target of each well.
    good
        (n,) wells that count.
    """
    foot, top = _scatter(ratio, group, good), _scatter(plateau, group, good)
    if foot is None or top is None:
        return TIGHT
    if foot == 0.0:
        return FREE
    return float(np.clip(TIGHT * (top / foot) ** 2, TIGHT, FREE))


def _scatter(values: FloatArray, group: IntArray, good: BoolArray) -> float | None:
    """Standard deviation within groups, by the median absolute deviation."""
    count = int(group.max(initial=-1)) + 1
    sizes = np.bincount(group[good], minlength=count)
    away = values - medians(values, group, count, good)[group]
    away = away[good & (sizes[group] >= 3)]
    if len(away) < FEWEST:
        return None
    size = sizes[group[good & (sizes[group] >= 3)]]
    return float(1.4826 * np.median(np.abs(away * np.sqrt(size / (size - 1)))))
