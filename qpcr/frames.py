"""Values as pandas tables, one row a reaction or one row a reaction and cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qpcr.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from qpcr.calls import Call
    from qpcr.quantification import Quantification

CQ_RULE = "fitted curve crosses the threshold"

CALL_COLUMNS = (
    "sample",
    "patient",
    "specimen",
    "timepoint",
    "outcome",
    "deletions",
    "mixed",
    "classes",
    "reasons",
    "recommendations",
    "limitations",
    "released_by",
    "release_reason",
    "chain",
    "panel",
    "panel_version",
    "fewest_wells",
)


def plain(text: str | None) -> str | None:
    """A text that a spreadsheet will not take for a formula: a quote before ``= + - @``.

    See OWASP, "CSV Injection"; names in instrument files are anybody's.
    """
    if text and text[0] in "=+-@\t\r":
        return "'" + text
    return text


def reactions(record: Record) -> pd.DataFrame:
    """One row a reaction, in the order of the plate.

    Columns without unit in their name: Ct in cycles, thresholds in ΔRn, `efficiency` is the
    amplification factor per cycle (2 = doubling). Missing values are empty; `reason` says why
    there is no `cq`, `reason_instrument_style` why there is no `cq_instrument_style`.
    """
    import pandas as pd  # costs start-up time

    return pd.DataFrame([_row(record, index) for index in range(len(record.curves))])


def _row(record: Record, index: int) -> dict[str, Any]:
    reaction, curves = record.run.reactions[index], record.curves
    fit = record.fits[index]
    baseline, threshold = curves.baselines[index], curves.thresholds[reaction.target]
    style = curves.instrument_cq[index]
    stored = record.run.results.get((reaction.well, reaction.target))
    theirs = None if stored is None else stored.cq
    points = {name: getattr(fit, name) for name in ("cpd2", "cpd1", "cy0", "efficiency")}
    value = {name: None if point is None else point.value for name, point in points.items()}
    error = {name: None if point is None else point.se for name, point in points.items()}
    return {
        "well": reaction.well_name,
        "sample": plain(reaction.sample),
        "target": plain(reaction.target),
        "task": str(reaction.task),
        "reporter": plain(reaction.reporter),
        "quantity": reaction.quantity,
        "cq": fit.cq,
        "cq_se": fit.cq_se,
        "cq_low": fit.cq_low,
        "cq_high": fit.cq_high,
        "cq_rule": CQ_RULE if fit.cq is not None else None,
        "cq_instrument_style": style.value,
        "cq_instrument": theirs,
        "cpd2": value["cpd2"],
        "cy0": value["cy0"],
        "efficiency": value["efficiency"],
        "efficiency_se": error["efficiency"],
        "baseline_start": None if baseline is None else baseline.start,
        "baseline_end": None if baseline is None else baseline.stop,
        "threshold": threshold.value,
        "reason": fit.reason_text,
        "model": fit.model,
        "reason_code": None if fit.reason is None else str(fit.reason),
        "reason_instrument_style": style.reason,
        "cq_first_cycle": None if fit.cq_range is None else fit.cq_range[0],
        "cq_last_cycle": None if fit.cq_range is None else fit.cq_range[1],
        "cq_baseline_shift": fit.baseline_shift,
        "cpd2_se": error["cpd2"],
        "cy0_se": error["cy0"],
        "cpd1": value["cpd1"],
        "cpd1_se": error["cpd1"],
        "efficiency_note": fit.efficiency_note,
        "baseline_source": None if baseline is None else baseline.source,
        "threshold_source": threshold.source,
        "proper_curve": record.shapes[index].proper,
        "shape": str(record.shapes[index].kind),
        "shape_probability": record.shapes[index].probability,
        "engine": fit.engine,
        "r2": fit.r2,
        "residual_se": fit.residual_se,
        "quencher": plain(reaction.quencher),
        "omitted": reaction.omitted,
        "rules": curves.rules,
    }


QUANTIFICATION_COLUMNS = (
    *("well", "sample", "target", "task", "method", "cq", "cq_se", "efficiency", "efficiency_se"),
    *("n0", "n0_se", "reason", "cq_instrument_style", "copies", "poisson_sd", "poisson_reason"),
    *("method_version", "proper_curve", "shape", "omitted"),
)


def quantification(record: Record, found: Quantification) -> pd.DataFrame:
    """One row a reaction by the chosen method, with the Ct by the instrument's rule beside it.

    Cq, its standard error and `poisson_sd` in cycles; `efficiency` is the amplification factor per
    cycle, `n0` the signal of the template before the first cycle. A Cq of a curve that is not
    `proper_curve` is a number, not a detection.
    """
    import pandas as pd

    rows = [
        (
            reaction.well_name, plain(reaction.sample), plain(reaction.target), str(reaction.task),
            found.method, one.cq, one.cq_se, one.efficiency, one.efficiency_se, one.n0, one.n0_se,
            plain(one.reason), style.value, one.copies, one.poisson_sd, plain(one.poisson_reason),
            found.version, shape.proper, str(shape.kind), reaction.omitted,
        )
        for reaction, one, style, shape in zip(
            record.run.reactions, found.wells, record.curves.instrument_cq, record.shapes,
            strict=True,
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(QUANTIFICATION_COLUMNS))


def cycles(record: Record) -> pd.DataFrame:
    """One row a reaction and cycle: ``well, target, cycle, rn, drn, fit, fit_ct``.

    `fit` is the curve fitted to all cycles, `fit_ct` the one that Ct was read from, empty outside
    the cycles it was fitted to; both in ΔRn.
    """
    import pandas as pd

    curves, count = record.curves, len(record.curves.cycles)
    fitted = record.fits.fitted()
    repeat = [r for r in curves.reactions for _ in range(count)]
    return pd.DataFrame(
        {
            "well": [r.well_name for r in repeat],
            "target": [plain(r.target) for r in repeat],
            "cycle": np.tile(curves.cycles, len(curves)),
            "rn": curves.rn.ravel(),
            "drn": curves.drn.ravel(),
            "fit": fitted.ravel(),
            "fit_ct": record.fits.foot().ravel(),
        }
    )


def findings(record: Record) -> pd.DataFrame:
    """One row a finding, the gravest first."""
    import pandas as pd

    names = [reaction.well_name for reaction in record.run.reactions]
    columns = ["severity", "rule", "wells", "targets", "value", "limit", "message", "remedy"]
    rows = [
        (
            str(one.severity),
            one.rule,
            " ".join(dict.fromkeys(names[row] for row in one.reactions)),
            plain(", ".join(one.targets)),
            one.value,
            one.limit,
            plain(one.message),
            plain(one.remedy),
        )
        for one in record.findings
    ]
    return pd.DataFrame(rows, columns=columns)


def calls(record: Record) -> pd.DataFrame:
    """One row a sample: who it is, what it is called, and the whole chain of the decision.

    `fewest_wells` are the usable wells of the target that has the fewest of them.
    """
    import pandas as pd

    return pd.DataFrame(
        [_call_row(record, call) for call in record.calls], columns=list(CALL_COLUMNS)
    )


def _call_row(record: Record, call: Call) -> tuple[Any, ...]:
    who, panel = record.identities.get(call.sample), record.panel
    return (
        plain(call.sample),
        plain(None if who is None else who.patient),
        plain(None if who is None else who.specimen),
        plain(None if who is None else who.timepoint),
        str(call.outcome),
        " + ".join(call.deletions),
        call.mixed,
        " + ".join(call.classes),
        plain(" ".join(call.reasons)),
        plain(" ".join(call.recommendations)),
        plain(" ".join(call.limitations)),
        plain(None if call.released is None else call.released.user),
        plain(None if call.released is None else call.released.reason),
        plain(" | ".join(call.chain())),
        None if panel is None else panel.name,
        None if panel is None else panel.version,
        call.fewest_wells,
    )
