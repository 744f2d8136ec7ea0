"""The instrument's own rule: the Ct that cut-offs in use were set with."""

from __future__ import annotations

from qpcr.methods import Method
from qpcr.methods._batch import Batch, Estimates, none


def _estimate(batch: Batch) -> Estimates:
    return Estimates.made(
        batch.instrument, none(batch), batch.fits.points("efficiency"), batch.thresholds
    )


METHOD = Method(
    name="instrument",
    title="The instrument's rule",
    reference="qpcr.instrument, one module a software; measured against the instruments' results",
    assumes="Equal signal means equal product; the automatic baseline holds no product.",
    use="Calls whose cut-offs were set with the instrument's software.",
    estimate=_estimate,
)
