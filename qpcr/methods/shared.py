"""Global fit: one shape and one efficiency a target, all readings of equal weight."""

from __future__ import annotations

import numpy as np

from qpcr.methods import Method
from qpcr.methods._aligned import LEVEL, align
from qpcr.methods._batch import Batch, Estimates
from qpcr.methods._growth import shared_rates, some_of_each
from qpcr.methods._shift import Weighting, Wells

EQUAL = Weighting(floor=0.005, proportional=0.0, amplitude=1.0, foot=False)


def _estimate(batch: Batch) -> Estimates:
    found = align(batch, EQUAL)
    group = found.wells.group
    now = found.shifted
    wells = Wells(found.wells.y, group, now.t, now.log_a, now.line, found.wells.noise)
    rows = some_of_each(group, now.t)
    middle = (now.t + found.curves.steepest[group])[rows]
    rate = shared_rates(batch.cycles, wells.take(rows), middle, batch.targets, EQUAL)
    columns = [np.full(len(batch), np.nan) for _ in range(5)]
    level = LEVEL * np.exp(found.rise)
    values = (batch.within(found.cq), found.error, rate[0][group], rate[1][group], level[group])
    for column, value in zip(columns, values, strict=True):
        column[found.rows] = value
    return Estimates.made(columns[0], columns[1], (columns[2], columns[3]), columns[4])


METHOD = Method(
    name="shared",
    title="Global fit, shape and efficiency shared within a target",
    reference="the idea: Rutledge & Stewart, BMC Mol Biol 2008;9:96, doi:10.1186/1471-2199-9-96; "
    "the common curve: qpcr.methods._common_curve",
    assumes="Wells of a target differ in start and brightness only, to the very plateau.",
    use="To see what weights and the cut at the steepest point are worth: beside `recommended`.",
    estimate=_estimate,
)
