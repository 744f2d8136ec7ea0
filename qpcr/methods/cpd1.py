"""First-derivative maximum: where the fitted curve rises fastest."""

from __future__ import annotations

from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates


def _estimate(batch: Batch) -> Estimates:
    cq, error = batch.fits.points("cpd1")
    return Estimates.made(cq, error, batch.fits.points("efficiency"), batch.fits.height(cq))


METHOD = Method(
    name="cpd1",
    title="First-derivative maximum",
    reference="Spiess, Feig & Ritz, BMC Bioinformatics 2008;9:221, doi:10.1186/1471-2105-9-221",
    assumes="All wells reach their steepest rise after the same number of doublings.",
    use="Noisy baselines; curves of one shape.",
    estimate=_estimate,
)
