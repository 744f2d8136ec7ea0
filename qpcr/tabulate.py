"""Cq of many curves as a plain table ``method,dataset,curve,cq,cq_se,eff,n0,call,score,sec``.

`eff` is the amplification factor per cycle, `n0` the starting fluorescence level / eff**cq of the
method, in units proportional to copies; `call` is 1 for an amplification, `sec` the time a curve.
"""

from __future__ import annotations

import csv
import io
import time

import numpy as np

from qpcr._frozen import IntArray
from qpcr.curves import Curves, from_table
from qpcr.fits import Estimate, Fit, fit_curves
from qpcr.settings import FitSettings, Settings
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
    wanted = METHODS if method == "all" else (method,)
    rows = [
        (one, dataset, name, *_answer(one, curves, index, fits[index]))
        for index, name in enumerate(table.names)
        for one in wanted
    ]
    seconds = (time.perf_counter() - start) / max(len(table.names), 1)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(
        (*("" if cell is None else cell for cell in row), f"{seconds:.3g}") for row in rows
    )
    return text.getvalue()


def _answer(method: str, curves: Curves, index: int, fit: Fit) -> tuple[float | int | None, ...]:
    """Cq, its standard error, efficiency, n0, call and score of one curve by one method."""
    efficiency = None if fit.efficiency is None else fit.efficiency.value
    se = None
    if method == "threshold":
        cq, se, level = fit.cq, fit.cq_se, curves.threshold_of(index)
    elif method == "instrument":
        cq, level = curves.instrument_cq[index].value, curves.threshold_of(index)
    else:
        point: Estimate | None = getattr(fit, method)
        cq, se = (None, None) if point is None else (point.value, point.se)
        level = _height(fit, curves.cycles, cq)
    n0 = None
    if cq is not None and efficiency is not None and level is not None:
        n0 = level / efficiency**cq
    return cq, se, efficiency, n0, int(fit.amplified), fit.score


def _height(fit: Fit, cycles: IntArray, cycle: float | None) -> float | None:
    """Fitted curve above its ground at a cycle, on a straight line in log between cycles."""
    if cycle is None or fit.fitted is None:
        return None
    above = fit.fitted - fit.parameters["c"].value
    positive = above > 0
    if not positive.any():
        return None
    return float(np.exp(np.interp(cycle, cycles[positive], np.log(above[positive]))))
