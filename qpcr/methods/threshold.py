"""Threshold: where the fitted curve crosses the target's threshold in ΔRn."""

from __future__ import annotations

from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates


def _estimate(batch: Batch) -> Estimates:
    table = batch.fits.table
    return Estimates.made(table.cq, table.cq_se, batch.fits.points("efficiency"), batch.thresholds)


METHOD = Method(
    name="threshold",
    title="Threshold on ΔRn, read from the fitted foot of the curve",
    reference="Higuchi et al., Biotechnology 1993;11:1026, doi:10.1038/nbt0993-1026; how the foot "
    "is fitted: qpcr.fits",
    assumes="Equal signal means equal product: a passive reference, or wells of one brightness.",
    use="Comparison with the instrument's Ct, with an interval.",
    estimate=_estimate,
)
