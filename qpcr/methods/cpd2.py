"""Second-derivative maximum: where the fitted curve accelerates most."""

from __future__ import annotations

from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates


def _estimate(batch: Batch) -> Estimates:
    cq, error = batch.fits.points("cpd2")
    return Estimates.made(cq, error, batch.fits.points("efficiency"), batch.fits.height(cq))


METHOD = Method(
    name="cpd2",
    title="Second-derivative maximum",
    reference="Zhao & Fernald, J Comput Biol 2005;12:1047, doi:10.1089/cmb.2005.12.1047",
    assumes="All wells accelerate most after the same number of doublings.",
    use="Wells whose signal is scaled differently: it does not depend on scale or offset.",
    estimate=_estimate,
)
