"""Residual disease on record: read back, and on the patient's report in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import lxml.html
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_mrd_command import COPIES, SAMPLES, plate

from cli import main
from qpcr.errors import InputError
from qpcr.quantities.mrd import evaluate, profile_of
from qpcr.quantities.mrd_kept import residual_of, residual_value
from qpcr.quantities.mrd_wells import read_wells
from qpcr.records import Change, Kind, Store
from qpcr.records.residual import mrd_changes, residual_on_record, treatments_on_record
from qpcr.report import render_patient
from qpcr.report.patient import case_of
from qpcr.report.patient_texts import TEXTS
from qpcr.report.residual import render_residual
from qpcr.said import Said


@pytest.fixture
def results(tmp_path):
    source = tmp_path / "plate.csv"
    source.write_text(plate(SAMPLES), encoding="utf-8")
    return evaluate(profile_of("euromrd-2007"), read_wells(source))


@pytest.fixture
def store(tmp_path, results):
    made = Store.init(tmp_path / "store")
    days = {"hsct_date": "2026-04-10", "cr_date": {"value": "2026-02-05"}, "wbc": 5.0}
    made.commit(changes=mrd_changes(profile_of("euromrd-2007"), results, "plate.csv"))
    made.commit(changes=[Change("P1", Kind.CLINICAL, name, day) for name, day in days.items()])
    return made


def text_of(page):
    return " ".join(" ".join(lxml.html.fromstring(page).itertext()).split())


def test_what_is_read_back_is_what_was_said(store, results):
    read = residual_on_record(store.patient("P1"))
    assert [one.sample for one in read] == ["d15", "d33", "d78", "d120", "d200"]
    for one, made in zip(read, results, strict=True):
        residual = made.residual
        assert (one.outcome, one.value, one.low, one.high) == (
            residual.outcome, residual.value, residual.low, residual.high,
        )  # fmt: skip
        assert (one.sensitivity, one.limit) == (residual.sensitivity, residual.quantitative_limit)
        assert one.reasons == residual.reasons
        assert all(isinstance(text, Said) for text in one.reasons)
        assert one.curve["slope"] == made.assay.curve.slope
        assert one.curve["lowest"] == made.assay.lowest
        assert one.point.day == made.day
    assert [one.day for one in treatments_on_record(store.patient("P1"))] == [
        date(2026, 2, 5), date(2026, 4, 10),
    ]  # fmt: skip


def test_results_of_earlier_versions_are_read_too(results):
    value = residual_value(profile_of("euromrd-2007"), results[2])
    new = ("said", "positive_wells", "wells", "cells", "curve", "failure", "prognostic",
           "profile_warning")  # fmt: skip
    old = {name: one for name, one in value.items() if name not in new}
    read = residual_of("P1", "residual disease/IK/d78", old)
    assert read.reasons == ("below the quantitative range",)
    assert (read.curve, read.cuts, read.wells) == (None, None, None)
    for lang in ("en", "zh"):
        assert TEXTS[lang]["mrd_no_curve"] in text_of(render_residual("P1", [read], (), lang))
    for name in ("value", "outcome", "date", "reasons"):
        with pytest.raises(InputError, match="cannot be understood"):
            residual_of("P1", "p", {key: one for key, one in old.items() if key != name})
    with pytest.raises(InputError, match="cannot be understood"):
        residual_of("P1", "p", "positive")


FIXTURE = HealthCheck.function_scoped_fixture
FIELDS = (
    "blasts", "cells", "cq_method", "curve", "date", "failure", "high", "limit", "low", "outcome",
    "positive_wells", "profile", "profile_checked", "profile_warning", "prognostic", "reasons",
    "response", "said", "sample", "sensitivity", "target", "unit", "value", "wells",
)  # fmt: skip
"""Of a result on record, in order."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=8), one, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.integers(0, 40), other=JSON)
@example(name=[*FIELDS].index("value"), other=-1)
@example(name=[*FIELDS].index("value"), other=0.0)
@example(name=[*FIELDS].index("high"), other=0)
@example(name=[*FIELDS].index("outcome"), other="negative")
@example(name=[*FIELDS].index("failure"), other=-0.1)
def test_whatever_else_stands_in_a_record_gives_a_page_or_an_error_in_words(results, name, other):
    value = json.loads(json.dumps(residual_value(profile_of("euromrd-2007"), results[1])))
    assert tuple(sorted(value)) == FIELDS
    value[FIELDS[name % len(FIELDS)]] = other
    try:
        read = residual_of("P1", "residual disease/IK/d33", value)
    except InputError:
        return
    assert read.told()
    for lang in ("en", "zh"):
        assert render_residual("P1", [read], (), lang)


def test_the_sheet_says_result_curve_sensitivity_and_range(store):
    patient = store.patient("P1")
    results, treated = residual_on_record(patient), treatments_on_record(patient)
    page = render_residual("P1", results, treated)
    text = text_of(page)
    assert "positive 2 % (1.76 % to 2.27 %, 95 %) 0.001 % 0.001 % 3 / 3 MRD failure" in text
    assert "negative 0.001 % 0.001 % 0 / 3 complete MRD response" in text
    assert text.count("slope -3.40, efficiency 96.8%, r² 0.9997, quantitative from 1e-05") == 5
    assert "1 copies of ALB in a well; 10 are needed" in text
    assert "Date of transplantation" in text
    assert TEXTS["en"]["mrd_unchecked"].format(profile="euromrd-2007") in text
    assert page.count("<svg") == 1
    assert "<script" not in page


def test_the_chinese_sheet_is_chinese(store):
    patient = store.patient("P1")
    results, treated = residual_on_record(patient), treatments_on_record(patient)
    document = lxml.html.fromstring(render_residual("P1", results, treated, "zh"))
    for style in document.iter("style"):
        style.getparent().remove(style)
    words = {
        word.strip("（）():;,，；：。")
        for word in " ".join(document.itertext()).replace("/", " ").split()
    }
    english = {
        word for word in words
        if word.isascii() and word.isalpha() and word not in ("IK", "P", "MRD", "qPCR", "ALB", "r²")
    }  # fmt: skip
    assert english == set()
    assert "每孔 ALB 为 1 拷贝；需要 10 拷贝；3 孔早于背景扩增" in document.text_content()
    assert "移植日期" in document.text_content()


def test_patient_report_has_it_on_a_second_sheet(store, called_record):
    patient = store.patient("P1")
    case = case_of(called_record, called_record.calls[0].sample)
    assert 'class="sheet second"' not in render_patient(case)
    case = replace(case, patient="P1", residual=residual_on_record(patient))
    page = render_patient(case)
    assert page.count('class="sheet second"') == 1
    assert "quantitative from 1e-05 to 0.1" in text_of(page)


def test_names_stay_text(tmp_path):
    attack = "<svg onload=x>"
    rows = plate([(attack, "2026-01-15", 2e-2, COPIES)]).replace("P1", "<b>")
    (tmp_path / "p.csv").write_text(rows, encoding="utf-8")
    made = evaluate(profile_of("euromrd-2007"), read_wells(tmp_path / "p.csv"))
    value = residual_value(profile_of("euromrd-2007"), made[0])
    page = render_residual("<b>", [residual_of("<b>", "p", value)])
    assert attack not in page
    assert "<b>&lt;b&gt;" not in page
    assert "<title>&lt;b&gt;" in page


def test_commands_write_the_sheet_and_the_page_in_a_language(store, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)

    shown = " ".join(
        run("records", "show", "--store", store.folder, "--patient", "P1").output.split()
    )
    assert "positive 2 % (1.76 % to 2.27 %); sensitivity 0.001 %; 2026-01-15; MRD failure" in shown
    out = tmp_path / "sheet.html"
    done = run("records", "report", "--store", store.folder, "--patient", "P1", "--out", out,
               "--lang", "zh")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "标准曲线" in out.read_text(encoding="utf-8")
    other = Store.init(tmp_path / "other")
    other.commit(changes=[Change("P2", Kind.CLINICAL, "wbc", 5.0)])
    done = run("records", "report", "--store", other.folder, "--patient", "P2", "--out", out)
    assert done.exit_code == 3
    source = tmp_path / "plate.csv"
    done = run("mrd", source, "--out", tmp_path / "zh", "--lang", "zh")
    assert done.exit_code == 0, done.output
    page = text_of((tmp_path / "zh" / "mrd.html").read_text(encoding="utf-8"))
    assert "这些限值尚未与原文核对" in page
    assert "NOT checked" not in page
    assert "阴性" in page
