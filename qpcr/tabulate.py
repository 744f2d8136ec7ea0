"""Cq of many curves as a plain table ``method,dataset,curve,cq,cq_se,eff,n0,call,score,sec``.

`eff` is the amplification factor per cycle of this curve alone, empty outside 1 … 2; `n0` is the
fluorescence at `cq` above the ground, divided by eff**cq: proportional to copies; `call` is 1 for
a proper amplification curve, `score` its probability (:mod:`qpcr.shapes`), `sec` the time a curve.
"""

from __future__ import annotations

import csv
import io
import time

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.curves import Curves, from_table
from qpcr.fits import Fits, fit_curves
from qpcr.settings import FitSettings, Settings
from qpcr.shapes import classify_signals
from qpcr.tables import CurveTable

HEAD = ("method", "dataset", "curve", "cq", "cq_se", "eff", "n0", "call", "score", "sec")
METHODS = ("threshold", "cpd2", "cpd1", "cy0", "instrument")


def cq_table(
    table: CurveTable,
    dataset: str,
    targets: list[str] | None,
    method: str,
    polish: bool,
    settings: Settings,
    fitting: FitSettings,
) -> str:
    """Analyze the curves of a table and write every Cq as CSV text.

    Parameters
    ----------
    table, dataset, targets
        The curves, what to call them, and the target of each.
    method
        One of :data:`METHODS`, or ``"all"``.
    polish
        lmfit has the last word on each curve; otherwise the batched solver.
    settings, fitting
        How thresholds are chosen and which model is fitted.
    """
    start = time.perf_counter()
    curves = from_table(table.cycles, table.values, table.names, targets, settings)
    fits = fit_curves(curves, model=fitting.model, baseline=fitting.baseline, polish=polish)
    columns = {
        one: _columns(one, curves, fits) for one in (METHODS if method == "all" else [method])
    }
    shapes = classify_signals(curves.rn)
    seconds = f"{(time.perf_counter() - start) / max(len(table.names), 1):.3g}"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for index, name in enumerate(table.names):
        for one, numbers in columns.items():
            cells = (_text(column[index]) for column in numbers)
            call, score = int(shapes.proper[index]), _text(shapes.probability[index])
            writer.writerow((one, dataset, name, *cells, call, score, seconds))
    return text.getvalue()


def _text(value: np.float64) -> str:
    return repr(float(value)) if np.isfinite(value) else ""


def _columns(
    method: str, curves: Curves, fits: Fits
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Cq, its standard error, efficiency and n0 (R,) of all curves by one method; NaN = none."""
    count = len(curves)
    efficiency = fits.points("efficiency")[0]
    efficiency = np.where((efficiency > 1.0) & (efficiency <= 2.0), efficiency, np.nan)
    error = np.full(count, np.nan)
    level = np.array([curves.threshold_of(i) or np.nan for i in range(count)], dtype=np.float64)
    if method == "threshold":
        cq, error = fits.table.cq, fits.table.cq_se
    elif method == "instrument":
        found = [one.value for one in curves.instrument_cq]
        cq = np.array([np.nan if value is None else value for value in found])
    else:
        cq, error = fits.points(method)
        level = fits.height(cq)
    with np.errstate(invalid="ignore"):
        return cq, error, efficiency, level / efficiency**cq
