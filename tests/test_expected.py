"""Calls against earlier results and the patient's other samples."""

from __future__ import annotations

import pytest
from test_calls import NEGATIVE, TARGETS, plate

from primers import load_panel
from qpcr import simulate
from qpcr.deciding import decide
from qpcr.expected import contradictions, understood
from qpcr.findings import Severity
from qpcr.pipeline import analyze
from qpcr.rehearsal import wells_of
from qpcr.samples import Identity, read_sample_sheet
from qpcr.settings import FitSettings

PANEL = load_panel("ikzf1")
DELETED = {**NEGATIVE, TARGETS[0]: 26.0}
OTHER = {**NEGATIVE, TARGETS[3]: 26.0}
EMPTY = dict.fromkeys(NEGATIVE)


@pytest.fixture(scope="module")
def calls():
    made = plate({"A": DELETED, "B": NEGATIVE, "C": OTHER, "D": EMPTY})
    return decide(made, ())


def found(calls, **known):
    """Findings where samples are of patients with expected results (patient, expected, …)."""
    return contradictions(calls, {n: Identity(n, *rest) for n, rest in known.items()}, PANEL)


def expecting(calls, **known):
    return found(calls, **{n: (f"patient of {n}", None, None, text) for n, text in known.items()})


def rows(calls, *names):
    return {one.reaction for call in calls if call.sample in names for one in call.evidence}


@pytest.mark.parametrize("text", ["Δ4-7", "del4-7", "Δ 4–7", "D4-7", "4-7", "δ4-7", " Δ4-7 +"])
def test_ways_to_write_a_deletion(text):
    assert understood(text, PANEL) == {"Δ4-7"}


@pytest.mark.parametrize("text", ["none", "Not detected", "阴性", "NEGATIVE"])
def test_ways_to_write_none(text):
    assert understood(text, PANEL) == frozenset()


@pytest.mark.parametrize("text", ["Δ4-6", "perhaps", "", "+", "Δ4-7 + perhaps"])
def test_what_is_not_understood(text):
    assert understood(text, PANEL) is None


def test_several_deletions():
    assert understood("Δ4-7 + Δ2-8", PANEL) == understood("2-8、4-7", PANEL) == {"Δ4-7", "Δ2-8"}


def test_a_result_as_expected_is_no_finding(calls):
    assert not expecting(calls, A="Δ4-7", B="none", C="positive", D="Δ4-7")
    assert not expecting(calls, A=None)


def test_a_result_that_was_not_expected(calls):
    (one,) = expecting(calls, A="Δ2-7", B="none")
    assert one.severity is Severity.WARNING
    assert set(one.reactions) == rows(calls, "A")
    assert "Δ4-7" in one.message
    assert "Δ2-7" in one.message
    assert "exchanged" not in one.message
    assert len(expecting(calls, A="Δ4-7 + Δ2-7")) == 1
    assert len(expecting(calls, B="positive")) == 1


def test_two_samples_that_show_each_others_result(calls):
    first, second = expecting(calls, A="none", B="Δ4-7", C="Δ4-8")
    assert "exchanged with B" in first.message
    assert "exchanged with A" in second.message


def test_an_expected_result_that_is_not_understood(calls):
    (one,) = expecting(calls, A="weak")
    assert "weak" in one.message
    assert "Δ4-7" in one.remedy


def test_samples_of_one_patient(calls):
    day = "marrow", "day 1"
    (one,) = found(calls, A=("P", *day), B=("P", *day))  # the same specimen must agree
    assert set(one.reactions) == rows(calls, "A", "B")
    assert not found(calls, A=("P", *day), B=("P", "marrow", "day 15"))  # a remission
    assert len(found(calls, A=("P", *day), C=("P", "marrow", "day 15"))) == 1  # another deletion
    assert not found(calls, A=("P", *day), B=("Q", *day))
    assert not found(calls, A=("P", *day), D=("P", *day))  # nothing is known of D


def test_a_pooled_deletion_may_be_any():
    made = plate({"A": {"IKZF1 pool": 26.0, "RNase P": 24.0}}, panel="ikzf1-pooled")
    pooled = load_panel("ikzf1-pooled")
    (call,) = decide(made, ())
    assert call.deletions == ("some deletion",)
    assert not contradictions([call], {"A": Identity("A", "P", expected="Δ2-8")}, pooled)
    assert len(contradictions([call], {"A": Identity("A", "P", expected="none")}, pooled)) == 1


def test_the_sheet_says_what_is_expected(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("样本,患者,预期结果\nA,X,阴性\nB,Y,\n", encoding="utf-8")
    assert read_sample_sheet(path) == (Identity("A", "X", expected="阴性"), Identity("B", "Y"))


def test_two_patients_whose_samples_changed_places(tmp_path):
    kinds = wells_of(PANEL)
    pair = simulate.Clone("Δ4-7", 0.8)
    patients = [simulate.PatientSpec("P-1", (pair,)), simulate.PatientSpec("P-2")]
    (layout,) = simulate.patient_plates(patients, kinds, name="swap", replicates=1)
    swap = simulate.plant_faults(layout, ["swapped sample"], 1)
    file = tmp_path / "swapped.eds"
    simulate.write_eds(simulate.simulate_plate(swap, 1), file)
    sheet = [Identity("P-1", "X", expected="Δ4-7"), Identity("P-2", "Y", expected="none")]
    record = analyze(file, panel=PANEL, identities=sheet, fit_settings=FitSettings(polish=False))
    assert [one.rule for one in record.findings] == ["unexpected_result"] * 2
    assert all("exchanged" in one.message for one in record.findings)
    alone = analyze(file, panel=PANEL, fit_settings=FitSettings(polish=False))
    assert not alone.findings  # nothing on the plate can tell
