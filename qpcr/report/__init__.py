"""The run report: one self-contained HTML page that opens in any browser without a network.

``render`` turns a :class:`qpcr.record.Record` into the text of the page; who calls it writes the
file. Numbers go into the page once, as JSON (:mod:`qpcr.report._data`); words come from one
catalogue a language (:mod:`qpcr.report.language`); the template and its scripts lay them out.
"""

from __future__ import annotations

from qpcr.report.html import render
from qpcr.report.patient import Case, Review, Step, case_of, render_patient

__all__ = ["Case", "Review", "Step", "case_of", "render", "render_patient"]
