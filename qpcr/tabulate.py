"""Cq of many curves as a plain table: one row a method and curve, columns :data:`HEAD`.

`eff` is the method's amplification factor per cycle, empty outside 1 … 2 (of ``recommended`` and
``shared`` the target's, of ``window`` its wells' median, else this curve's own); `n0` the signal
of the template before the first cycle, proportional to copies; `call` is 1 for a proper
amplification curve, `score` its probability (:mod:`qpcr.shapes`); `sec` the time a curve of the
whole table; `eff_se` and `n0_se` standard errors. With a bootstrap, standard errors from resampled
readings follow, columns :data:`BOOT` (:mod:`qpcr.methods._bootstrap`).
"""

from __future__ import annotations

import csv
import io
import time

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.curves import from_table
from qpcr.fits import fit_curves
from qpcr.methods import methods
from qpcr.methods._batch import Batch
from qpcr.methods._bootstrap import bootstrap
from qpcr.settings import FitSettings, Settings
from qpcr.shapes import classify_signals
from qpcr.tables import CurveTable

HEAD = (
    *("method", "dataset", "curve", "cq", "cq_se", "eff", "n0"),
    *("call", "score", "sec", "eff_se", "n0_se"),
)
BOOT = ("cq_se_boot", "eff_se_boot", "n0_se_boot")


def cq_table(
    table: CurveTable,
    dataset: str,
    targets: list[str] | None,
    method: str,
    polish: bool,
    settings: Settings,
    fitting: FitSettings,
    draws: int | None = None,
) -> str:
    """Analyze the curves of a table and write every Cq as CSV text.

    Parameters
    ----------
    table, dataset, targets
        The curves, what to call them, and the target of each.
    method
        One of :func:`qpcr.methods.methods`, or ``"all"``.
    polish
        lmfit has the last word on each curve; otherwise the batched solver.
    settings, fitting
        How thresholds are chosen and which model is fitted.
    draws
        Draws of the bootstrap, of ``recommended`` only; None = no bootstrap.

    Raises
    ------
    ValueError
        A bootstrap of another method, or of fewer than 2 draws.
    """
    if draws is not None and method != "recommended":
        raise ValueError(f"there is a bootstrap of recommended only, not of {method}")
    start = time.perf_counter()
    curves = from_table(table.cycles, table.values, table.names, targets, settings)
    batch = Batch.of(
        curves,
        lambda: fit_curves(curves, model=fitting.model, baseline=fitting.baseline, polish=polish),
    )
    chosen = methods() if method == "all" else {method: methods()[method]}
    columns = {name: one.estimate(batch) for name, one in chosen.items()}
    resampled: tuple[FloatArray, ...] = ()
    if draws is not None:
        spread = bootstrap(batch, columns[method].n0, draws)
        resampled = (spread.cq, spread.efficiency, spread.n0)
    shapes = classify_signals(curves.rn)
    seconds = f"{(time.perf_counter() - start) / max(len(table.names), 1):.3g}"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*HEAD, *(BOOT if draws is not None else ())))
    for index, name in enumerate(table.names):
        for one, e in columns.items():
            found = (_text(v[index]) for v in (e.cq, e.cq_se, e.efficiency, e.n0))
            call, score = int(shapes.proper[index]), _text(shapes.probability[index])
            errors = (_text(v[index]) for v in (e.efficiency_se, e.n0_se, *resampled))
            writer.writerow((one, dataset, name, *found, call, score, seconds, *errors))
    return text.getvalue()


def _text(value: np.float64) -> str:
    return repr(float(value)) if np.isfinite(value) else ""
