"""What is said of results that rest on one well of a target."""

from __future__ import annotations

from dataclasses import replace

import pytest

from primers import Kind, check_panel, load_panel, panel_names
from qpcr import analyze, frames
from qpcr.report import render
from qpcr.report.texts_en import TEXTS
from qpcr.settings import FitSettings
from tests.qc_plates import Well, run_of

PANEL = load_panel("rnasep")
TARGET = PANEL.channels()[0].target


def record(**wells: tuple[str, ...]):
    """Samples with their wells, and a control of each kind; a well with a star is omitted."""
    made = [
        Well(name.rstrip("*"), 24.0, sample, TARGET, omitted=name.endswith("*"))
        for sample, names in wells.items()
        for name in names
    ]
    made += [Well("H1", None, "NTC", TARGET), Well("H2", 22.0, "Positive control", TARGET)]
    run = replace(run_of(made), passive_reference="ROX")
    return analyze(run, None, FitSettings(polish=False), panel=PANEL)


@pytest.mark.parametrize(
    ("wells", "fewest"),
    [(("A1",), 1), (("A1", "A2"), 2), (("A1", "A2*"), 1), (("A1*",), 0), (("A1", "A2", "A3"), 3)],
)
def test_only_usable_wells_count(wells, fewest):
    one = record(S1=wells)
    assert [call.fewest_wells for call in one.calls] == [fewest]
    assert list(frames.calls(one)["fewest_wells"]) == [fewest]


def test_the_report_says_which_results_rest_on_one_well():
    few = "no replicate shows whether it failed: S1."
    every = f'<p class="help">{TEXTS["single_all"]}</p>'
    page = render(record(S1=("A1",), S2=("B1", "B2")), "en")
    assert few in page
    assert every not in page
    assert every in render(record(S1=("A1",), S2=("B1",)), "en")
    page = render(record(S1=("A1", "A2"), S2=("B1", "B2")), "en")
    assert few not in page
    assert every not in page


@pytest.mark.parametrize("name", panel_names())
def test_a_check_says_that_a_panel_asks_for_single_wells(name):
    panel = load_panel(name)
    said = [one.severity for one in check_panel(panel) if one.kind is Kind.SINGLE_WELLS]
    assert said == (["info"] if panel.layout.replicates == 1 else [])
