"""Every number of an analysis as CSV: full precision, nothing where nothing is known."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

from qpcr.cohort.analysis import Analysis
from qpcr.cohort.baseline import Counted, Measured
from qpcr.cohort.regression import Model
from qpcr.cohort.survival import Comparison


def csv_texts(analysis: Analysis) -> dict[str, str]:
    """All tables, by file name."""
    made = {
        "exclusions.csv": _exclusions(analysis),
        "characteristics.csv": _characteristics(analysis),
        "deletions.csv": _deletions(analysis),
    }
    if analysis.endpoints:
        made |= {
            "rates.csv": _rates(analysis),
            "tests.csv": _tests(analysis),
            "cox.csv": _cox(analysis),
            "curves.csv": _curves(analysis),
            "absent.csv": _absent(analysis),
        }
    if not analysis.data.cohort.synthetic:
        return made
    return {f"synthetic-{name}": text for name, text in made.items()}


def _csv(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_cell(one) for one in row])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return repr(float(value))
    text = str(value)
    # a spreadsheet would run what begins so
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t", "\r") else text


def _exclusions(analysis: Analysis) -> str:
    cohort = analysis.data.cohort
    rows: list[tuple[str, ...]] = [
        (one.who, "left out", one.rule, one.why) for one in cohort.exclusions
    ]
    rows += [(who, "note", "", why) for who, why in cohort.notes]
    return _csv(("patient", "what", "rule", "why"), rows)


def _characteristics(analysis: Analysis) -> str:
    heads = (
        "by", "name", "group", "have", "known", "missing", "percent", "mean", "sd", "median",
        "lowest", "highest", "test", "statistic", "df", "p", "other_test", "other_p", "preferred",
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for table in analysis.baselines:
        for line in table.lines:
            tail = (
                line.test, line.statistic, "/".join(map(str, line.df)), line.p, line.other,
                line.other_p, line.preferred,
            )  # fmt: skip
            cells: tuple[Counted | Measured, ...] = line.cells
            for group, cell in zip(table.groups, cells, strict=True):
                head = (table.by or "group", line.name, group)
                if isinstance(cell, Counted):
                    told: tuple[Any, ...] = (
                        cell.have, cell.known, cell.missing, cell.percent, *(None,) * 5,
                    )  # fmt: skip
                else:
                    told = (
                        None, cell.known, cell.missing, None, cell.mean, cell.sd, cell.median,
                        cell.low, cell.high,
                    )  # fmt: skip
                rows.append((*head, *told, *tail))
    return _csv(heads, rows)


def _deletions(analysis: Analysis) -> str:
    found = analysis.frequencies
    rows: list[tuple[Any, ...]] = [
        ("status", "deleted", found.deleted), ("status", "not deleted", found.not_deleted),
        ("status", "not known", found.unknown), ("status", "from results", found.from_results),
    ]  # fmt: skip
    rows += [("type", name or "not known", number) for name, number in found.types]
    for definition, counts in zip(("both copies", "any copy"), found.plus, strict=True):
        rows += [
            (f"IKZF1plus, CDKN2A/B {definition}", name, number)
            for name, number in zip(("yes", "no", "not known"), counts, strict=True)
        ]
    return _csv(("what", "name", "patients"), rows)


def comparisons(analysis: Analysis) -> list[tuple[str, str, Comparison]]:
    """Endpoint, by what, and the comparison: groups, each factor, landmark."""
    made = []
    for one in analysis.endpoints:
        made.append((one.name, "group", one.groups))
        made += [
            (one.name, name, alone)
            for name, alone in zip(analysis.data.study.factors, one.alone, strict=True)
        ]
        made.append((one.name, "group at landmark", one.landmark.comparison))
    return made


def _rates(analysis: Analysis) -> str:
    heads = (
        "endpoint", "by", "group", "patients", "events", "competing", "months", "rate", "se", "low",
        "high", "median_months",
    )  # fmt: skip
    horizon = analysis.data.study.horizon_months
    at = analysis.data.study.landmark_months
    rows = [
        (
            endpoint, by, arm.name, arm.patients, arm.events, arm.competing,
            horizon - at if by == "group at landmark" else horizon, arm.rate, arm.se, arm.low,
            arm.high, arm.median,
        )
        for endpoint, by, comparison in comparisons(analysis)
        for arm in comparison.arms
    ]  # fmt: skip
    return _csv(heads, rows)


def _tests(analysis: Analysis) -> str:
    heads = "endpoint", "by", "groups", "test", "statistic", "df", "p", "p_holm"
    rows: list[tuple[Any, ...]] = []
    for endpoint, by, comparison in comparisons(analysis):
        name = "Gray" if comparison.incidence else "log-rank"
        if comparison.test is not None:
            test = comparison.test
            rows.append((endpoint, by, "all", name, test.statistic, test.df, test.p, None))
        rows += [
            (endpoint, by, f"{one.first} : {one.second}", name, one.statistic, 1, one.p,
             one.corrected)
            for one in comparison.pairs
        ]  # fmt: skip
    return _csv(heads, rows)


def _cox(analysis: Analysis) -> str:
    heads = (
        "endpoint", "model", "factor", "hr", "low", "high", "coef", "se", "p", "ph_statistic",
        "ph_p", "patients", "events", "events_per_factor", "left_out", "warnings",
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for one in analysis.endpoints:
        for model in one.models:
            rows += _model(one.name, model)
        for changed in one.changing:
            name = "changing transplantation, all"
            if changed.name:
                name = f"changing transplantation, {changed.name} {changed.having}"
            fit = changed.fit
            told: tuple[Any, ...] = (None,) * 8
            if fit is not None:
                told = (
                    math.exp(fit.coef[0]), fit.low[0], fit.high[0], fit.coef[0], fit.se[0],
                    fit.p[0], None, None,
                )  # fmt: skip
                told += (fit.patients, fit.events, float(fit.events), None, None)
            rows.append(
                (one.name, name, "allo-HSCT", *told, *((changed.why,) if fit is None else ()))
            )
    return _csv(heads, rows)


def _model(endpoint: str, model: Model) -> list[tuple[Any, ...]]:
    name, said = "all factors" if model.every else "factors with P alone", " ".join(model.warnings)
    fit = model.fit
    if fit is None:
        return [(endpoint, name, "", *(None,) * 11, model.left_out, said)]
    blank = [None] * len(fit.names)
    ph = list(fit.proportional[:-1]) or blank
    return [
        (
            endpoint, name, factor, math.exp(fit.coef[i]), fit.low[i], fit.high[i], fit.coef[i],
            fit.se[i], fit.p[i], getattr(ph[i], "statistic", None), getattr(ph[i], "p", None),
            fit.patients, fit.events, fit.events_per_variable, model.left_out, said,
        )
        for i, factor in enumerate(fit.names)
    ]  # fmt: skip


def _curves(analysis: Analysis) -> str:
    heads = "endpoint", "by", "group", "months", "value", "low", "high", "at_risk"
    rows = (
        (endpoint, by, arm.name, *(float(v) for v in values))
        for endpoint, by, comparison in comparisons(analysis)
        if by.startswith("group")
        for arm in comparison.arms
        for values in zip(arm.times, arm.curve, arm.lower, arm.upper, arm.at_risk, strict=True)
    )
    return _csv(heads, rows)


def _absent(analysis: Analysis) -> str:
    """Who takes no part in an endpoint, and why."""
    rows = [
        (name, why, number)
        for name, one in analysis.data.followed.items()
        for why, number in one.absent.items()
    ]
    return _csv(("endpoint", "why", "patients"), rows)
