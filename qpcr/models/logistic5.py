"""Five-parameter logistic: f(x) = c + (d − c)/(1 + (x/e)^b)^f, b < 0."""

from __future__ import annotations

from qpcr._frozen import FloatArray
from qpcr.models import Model, _logistic


def _starts(cycles: FloatArray) -> FloatArray:
    return _logistic.starts(cycles, (0.05, 0.25, 1.0, 4.0, 100.0), 2400)


MODEL = Model(
    name="logistic5",
    parameters=("b", "e", "f"),
    reference="l5: Spiess, Feig & Ritz, BMC Bioinformatics 2008;9:221, doi:10.1186/1471-2105-9-221",
    natural=_logistic.natural,
    bounds=_logistic.bounds,
    starts=_starts,
    shape=_logistic.shape,
    shape_slopes=_logistic.shape_slopes,
    rate=_logistic.rate,
    inverse=_logistic.inverse,
    steepest=_logistic.steepest,
    accelerating=_logistic.accelerating,
)
