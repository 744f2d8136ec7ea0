"""From an instrument's qPCR file to Ct with its uncertainty.

>>> from qpcr import analyze, read_run
>>> record = analyze("plate.eds")                      # doctest: +SKIP
>>> record.fits[0].cq, record.fits[0].cq_se            # doctest: +SKIP
(28.2807, 0.0213)

The values that flow, in order: :class:`~qpcr.run.Run`, :class:`~qpcr.curves.Curves`,
:class:`~qpcr.fits.Fits`, :class:`~qpcr.record.Record`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpcr.curves import Curves
    from qpcr.errors import InputError, QpcrError
    from qpcr.fits import Fit, Fits, fit_curves
    from qpcr.formats import read_run, read_runs
    from qpcr.pipeline import analyze
    from qpcr.record import Record
    from qpcr.run import Run
    from qpcr.settings import FitSettings, Settings

_HOMES = {
    "analyze": "qpcr.pipeline",
    "Curves": "qpcr.curves",
    "Fit": "qpcr.fits",
    "FitSettings": "qpcr.settings",
    "Fits": "qpcr.fits",
    "InputError": "qpcr.errors",
    "QpcrError": "qpcr.errors",
    "Record": "qpcr.record",
    "Run": "qpcr.run",
    "Settings": "qpcr.settings",
    "fit_curves": "qpcr.fits",
    "read_run": "qpcr.formats",
    "read_runs": "qpcr.formats",
}

__all__ = [
    "Curves",
    "Fit",
    "FitSettings",
    "Fits",
    "InputError",
    "QpcrError",
    "Record",
    "Run",
    "Settings",
    "analyze",
    "fit_curves",
    "read_run",
    "read_runs",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used; ``import qpcr`` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'qpcr' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
