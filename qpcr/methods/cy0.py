"""Cy0: where the tangent at the steepest point meets the background."""

from __future__ import annotations

from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates


def _estimate(batch: Batch) -> Estimates:
    cq, error = batch.fits.points("cy0")
    return Estimates.made(cq, error, batch.fits.points("efficiency"), batch.fits.height(cq))


METHOD = Method(
    name="cy0",
    title="Cy0",
    reference="Guescini et al., BMC Bioinformatics 2008;9:326, doi:10.1186/1471-2105-9-326",
    assumes="Slower wells are also later at their steepest point, in proportion.",
    use="Wells of slightly different efficiency; single wells of a target.",
    estimate=_estimate,
)
