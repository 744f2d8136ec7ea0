"""Cq of many curves as a plain table ``method,dataset,curve,cq,cq_se,eff,n0,call,score,sec``.

`eff` is the amplification factor per cycle, `n0` the starting fluorescence level / eff**cq of the
method, in units proportional to copies; `call` is 1 for an amplification, `sec` the time a curve.
"""

from __future__ import annotations

import csv
import io
import time

from qpcr.curves import Curves, Settings, from_table
from qpcr.fits import Fit, fit_curves
from qpcr.record import FitSettings
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
    cq, se, level = {
        "threshold": (fit.cq, fit.cq_se, curves.threshold_of(index)),
        "cpd2": (fit.cpd2, fit.cpd2_se, _rise(fit, fit.cpd2)),
        "cpd1": (fit.cpd1, fit.cpd1_se, _rise(fit, fit.cpd1)),
        "cy0": (fit.cy0, fit.cy0_se, _rise(fit, fit.cy0)),
        "instrument": (curves.instrument_cq[index].value, None, curves.threshold_of(index)),
    }[method]
    n0 = None
    if cq is not None and fit.efficiency is not None and level is not None:
        n0 = level / fit.efficiency**cq
    return cq, se, fit.efficiency, n0, int(fit.amplified), fit.score


def _rise(fit: Fit, cycle: float | None) -> float | None:
    """Height of the fitted curve above its ground at a cycle."""
    return None if cycle is None else fit.rise(cycle)
