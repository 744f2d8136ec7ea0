"""Amplification with known truth: template copies → product, cycle by cycle.

Early cycles are a branching process: each molecule is copied or not, so N grows by a binomial
number. The chance of being copied falls as product accumulates,

    p(N) = E₀ · K/(K + N + w·N′) · max(0, 1 − N/M).

The first factor is the saturation of the enzyme (Jagers & Klebaner 2003,
DOI 10.1016/S0022-5193(03)00166-8); N′ is the product of the other targets of the well, which
share the enzyme, and w how much of it they take. The second is the linear loss of efficiency with
product that leads to a plateau (Rutledge & Stewart 2008, DOI 10.1186/1472-6750-8-47); M is what
the target's own primers and probe allow. That the two multiply, and w, are our assumptions. The
product gives the long, slowly flattening rise that hydrolysis probes show, which neither factor
gives alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qpcr._frozen import FloatArray, IntArray

BRANCHING_LIMIT = 100_000
"""Molecules above which growth is its own mean: the relative spread of a step is then below
√(E(1−E)/N)/(1+E) < 0.11 %, and less at efficiencies near 1."""


def amplify(
    copies: IntArray,
    efficiency: FloatArray,
    capacity: FloatArray,
    delay: IntArray,
    well: IntArray,
    cycles: int,
    saturation: float,
    competition: float,
    rngs: Sequence[np.random.Generator],
) -> FloatArray:
    """Molecules of product of R reactions after each of C cycles.

    Parameters
    ----------
    copies, well
        (R,) template molecules, and index of the well, of each reaction.
    efficiency, capacity, delay
        (R,) E₀, M in molecules, and cycles at the start in which nothing is copied.
    cycles
        C.
    saturation, competition
        K in molecules, and w, 0…1: 0 = the targets of a well do not feel each other.
    rngs
        R generators for the binomial steps: one each, so that no reaction changes what another
        draws.

    Returns
    -------
    (R, C + 1) array; column 0 holds the template.
    """
    product = np.empty((len(copies), cycles + 1))
    product[:, 0] = copies
    for cycle in range(cycles):
        now = product[:, cycle]
        others = np.bincount(well, weights=now)[well] - now
        chance = efficiency * saturation / (saturation + now + competition * others)
        chance = chance * np.clip(1 - now / capacity, 0, 1) * (cycle >= delay)
        made = now * chance
        for row in np.flatnonzero((now > 0) & (now < BRANCHING_LIMIT)).tolist():
            made[row] = rngs[row].binomial(int(now[row]), chance[row])
        product[:, cycle + 1] = now + made
    return product
