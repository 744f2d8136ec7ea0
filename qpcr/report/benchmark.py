"""A comparison of Cq methods as one HTML page without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qpcr.methods import methods
from qpcr.report._templates import template

if TYPE_CHECKING:
    from qpcr.benchmark import Benchmark, Line

COLUMNS = (
    ("cq_sd", "Cq SD", "pooled SD of replicates, cycles"),
    ("predicted_sd", "stated SD", "what the standard errors of Cq say, cycles; no pipetting"),
    ("poisson_sd", "Poisson SD", "what sampling of copies alone gives, cycles"),
    ("expected_sd", "expected SD", "standard errors and sampling together, cycles; no pipetting"),
    (
        "sd_ratio",
        "SD/expected",
        "Cq SD over expected SD: 1 if the errors are true and all is in them",
    ),
    ("sc_syx", "s_yx", "residual SD of the standard curve, cycles"),
    ("sc_r2", "R²", "of the standard curve"),
    ("sc_efficiency", "E", "10^(−1/slope) of the standard curve"),
    ("bias", "bias", "fold, highest against lowest standard, the method's own efficiencies"),
    ("linearity", "linearity", "mean square of deviations from the line, log10, at slope 1"),
    ("precision", "precision", "mean square within standards, log10, at slope 1"),
    ("resolution", "resolution", "fold difference that can be told apart, at slope 1"),
)
JUDGED = {"cq_sd", "sc_syx", "bias", "linearity", "precision", "resolution"}
"""Columns where the smallest figure is the best, if the method called every well."""


def render_benchmark(benchmark: Benchmark) -> str:
    """Make the page; names in it are anybody's text, and the template escapes them."""
    parts = [("All targets", benchmark.overall)]
    targets = dict.fromkeys(line.target for line in benchmark.lines if line.target is not None)
    if len(targets) > 1:
        for target in targets:
            lines = tuple(line for line in benchmark.lines if line.target == target)
            parts.append((target, lines))
    used = {line.method for line in benchmark.lines}
    return template("benchmark.html").render(
        dataset=benchmark.dataset,
        curves=benchmark.curves,
        columns=COLUMNS,
        parts=[(title, _rows(lines)) for title, lines in parts],
        methods=[method for name, method in methods().items() if name in used],
    )


def _rows(lines: tuple[Line, ...]) -> list[dict[str, object]]:
    """Cells of a table: text, and whether it is the best of its column."""
    values = {
        name: np.array([getattr(line.figures, name) for line in lines]) for name, _, _ in COLUMNS
    }
    whole = np.array([line.figures.called == line.figures.n for line in lines])
    best: dict[str, int] = {}
    for name in JUDGED:
        worth = np.where(whole & np.isfinite(values[name]), np.abs(values[name]), np.inf)
        if np.isfinite(worth).any():
            best[name] = int(np.argmin(worth))
    return [
        {
            "method": line.method,
            "called": f"{line.figures.called}/{line.figures.n}",
            "complete": bool(whole[row]),
            "cells": [
                (_text(float(values[name][row])), best.get(name) == row) for name, _, _ in COLUMNS
            ],
            "time": f"{line.milliseconds:.2f}",
        }
        for row, line in enumerate(lines)
    ]


def _text(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "–"
