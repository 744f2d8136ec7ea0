"""Reports of a called plate in a real browser: verdict, calls, findings, standards, A4 pages."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest
from report_records import ATTACKS, hostile_record, synthetic_record, synthetic_run
from test_report_browser import Page, browser, save  # noqa: F401 - a fixture

from primers import load_panel
from qpcr import FitSettings, analyze
from qpcr.calls import Outcome
from qpcr.report import Review, Step, case_of, render, render_patient
from qpcr.run import Task
from qpcr.said import say
from qpcr.samples import Identity

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    from qpcr.simulate import demo_plate, simulate_plate, write_eds

    path = tmp_path_factory.mktemp("plate") / "simulated.eds"
    write_eds(simulate_plate(demo_plate(), seed=1), path)
    who = [Identity(f"P-{n:03}", f"K{n}", "骨髓", "diagnosis") for n in range(1, 11)]
    return analyze(
        path, fit_settings=FitSettings(polish=False), panel=load_panel("ikzf1"), identities=who
    )


@pytest.fixture(scope="module")
def path(record, tmp_path_factory):
    file = tmp_path_factory.mktemp("zh") / "report.html"
    file.write_text(render(record, "zh"), encoding="utf-8")
    return file


@pytest.fixture
def page(browser, path):  # noqa: F811
    return Page(browser, path)


def row_of(record, sample, target):
    return next(
        row
        for row, one in enumerate(record.run.reactions)
        if (one.sample, one.target) == (sample, target)
    )


def test_the_map_is_coloured_by_call_and_by_finding(page, record):
    for call in record.calls:
        for one in call.evidence:
            mark = page.cell(record.run.reactions[one.reaction].well).text
            letters = {"positive": "+", "negative": "−", "unclear": "?", "unusable": "×"}
            assert mark == letters[str(one.answer)]
    assert "阳性" in page.find("#legend").text
    page.click("[data-colour=finding]")
    grave = {row for one in record.findings if one.severity == "reaction" for row in one.reactions}
    for row, reaction in enumerate(record.run.reactions):
        assert (page.cell(reaction.well).text == "×") == (row in grave)
    assert page.severe() == []


def test_a_sample_and_a_finding_lead_to_their_wells(page, record):
    page.click("#calls [data-sample='P-003']")
    assert {row[1] for row in page.rows()} == {"P-003"}
    page.click("#clear")
    finding = record.findings[0]
    page.click("#findings [data-rows]")
    wells = {record.run.reactions[row].well for row in finding.reactions}
    assert set(page.chosen()) == wells
    label = page.cell(min(wells)).get_attribute("aria-label")
    assert "内参基因未扩增" in label
    assert page.severe() == []


def test_hover_says_the_finding_and_the_call(page, record):
    row = record.findings[0].reactions[0]
    hover = page.run("return document.querySelector('#curves').data.map(d => d.text).flat()")
    name = record.run.reactions[row].well_name
    mine = next(text for text in hover if text.startswith(f"<b>{name}</b>"))
    assert "内参基因未扩增" in mine
    assert "无效" in mine


def test_standards_are_drawn_on_their_line(browser, tmp_path):  # noqa: F811
    run = synthetic_run(used=24)
    reactions = tuple(
        replace(one, task=Task.STANDARD, quantity=10.0 ** (5 - row % 4))
        for row, one in enumerate(run.reactions)
    )
    record = synthetic_record(replace(run, reactions=reactions))
    page = Page(browser, save(record, tmp_path))
    points, low, high, line = page.traces("standard")
    assert len(points["x"]) == sum(fit.cq is not None for fit in record.fits)
    data = page.run(
        "return JSON.parse(document.getElementById('run-data').textContent).standards[0]"
    )
    assert line["y"][0] == pytest.approx(data["intercept"] + data["slope"] * 2, rel=1e-5)
    middle = len(line["y"]) // 2
    assert low["y"][middle] < line["y"][middle] < high["y"][middle]
    assert f"{data['slope']:.3f}" in page.find("#standard-lines").text
    assert page.severe() == []


def test_hostile_names_stay_inert_in_chinese(browser, tmp_path):  # noqa: F811
    file = tmp_path / "hostile.html"
    file.write_text(render(hostile_record(), "zh"), encoding="utf-8")
    page = Page(browser, file)
    for colour in ("finding", "target", "task", "ct"):
        for button in page.all(f"[data-colour={colour}]"):
            button.click()
    for button in page.all("[data-rows]")[:6]:
        page.run("arguments[0].click()", button)
    page.settle()
    assert page.run("return window.pwned") is None
    assert page.severe() == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_patient_reports_fill_one_sheet_of_a4(browser, record, tmp_path, lang):  # noqa: F811
    steps = tuple(
        Step(state, "somebody with a name", "2026-01-02 10:00 UTC", "the samples were swapped")
        for state in ("preliminary", "reviewed", "signed", "amended", "reviewed", "signed")
    )
    final = Review("signed", "wang", "2026-01-02", "li", "2026-01-03", steps)
    browser.get_log("browser")
    kinds = {(call.outcome, len(call.deletions)): call for call in record.calls}
    assert len(kinds) == 5
    for call in kinds.values():
        for review in (None, final) if call.mixed else (final,):
            file = tmp_path / "patient.html"
            text = render_patient(case_of(record, call.sample, review), lang)
            file.write_text(text, encoding="utf-8")
            browser.get(file.as_uri())
            made = browser.execute_cdp_cmd(
                "Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True}
            )
            pdf = base64.b64decode(made["data"])
            assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1, call.sample
            sheet = browser.execute_script(
                "const s = document.querySelector('.sheet'); return [s.scrollWidth, s.clientWidth]"
            )
            assert sheet[0] <= sheet[1]
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_patient_reports_run_nothing(browser, record, tmp_path):  # noqa: F811
    for number, attack in enumerate(ATTACKS):
        case = replace(case_of(record, "P-001"), patient=attack, specimen=attack)
        file = tmp_path / f"{number}.html"
        file.write_text(render_patient(case), encoding="utf-8")
        browser.get(file.as_uri())
        assert browser.execute_script("return window.pwned") is None
        assert (
            browser.execute_script(
                "return performance.getEntriesByType('resource').length + document.scripts.length"
            )
            == 0
        )


def test_one_well_out_of_scale_flattens_no_other(browser, record, tmp_path):  # noqa: F811
    """As a well without passive reference does: its ΔRn is a hundred times that of the others."""
    row = row_of(record, "P-003", "RNase P")
    drn, rn = record.curves.drn.copy(), record.curves.rn.copy()
    drn[row] *= 100
    rn[row] *= 100
    others = max(float(values.max()) for place, values in enumerate(drn) if place != row)
    page = Page(
        browser, save(replace(record, curves=replace(record.curves, drn=drn, rn=rn)), tmp_path)
    )
    well = record.run.reactions[row].well_name

    def top():
        return page.run("return document.getElementById('curves').layout.yaxis.range[1]")

    assert others < top() < 1.2 * others
    assert well in page.find("#curves-which").text
    page.click("[data-view=log]")
    assert 10 ** top() > drn[row].max()  # all of it
    assert page.find("#curves-which").text == ""
    page.click("[data-view=linear]")
    page.run("Plotly.relayout('curves', {'yaxis.autorange': true})")
    page.settle()
    assert top() > drn[row].max()
    page.well(record.run.reactions[row].well)  # whoever chooses it sees it
    assert page.find("#curves-which").text == ""
    assert page.severe() == []


def test_an_invalid_run_says_why_once_and_breaks_no_word(browser, record, tmp_path):  # noqa: F811
    why, todo = say("An NTC amplified."), say("Repeat the run.")
    calls = tuple(
        replace(one, outcome=Outcome.INVALID, deletions=(), reasons=(why,), recommendations=(todo,))
        for one in record.calls
    )
    file = tmp_path / "invalid.html"
    file.write_text(render(replace(record, calls=calls), "zh"), encoding="utf-8")
    page = Page(browser, file)
    page.browser.set_window_size(700, 900)
    try:
        assert page.find("#calls").text.count(why) == 1
        assert page.find("#calls").text.count(todo) == 1
        line = page.run(
            "return parseFloat(getComputedStyle(document.querySelector('#calls td')).lineHeight)"
            " || 1.6 * parseFloat(getComputedStyle(document.body).fontSize)"
        )
        heights = page.run(
            "return [...document.querySelectorAll('#calls .word')].map(w => w.offsetHeight)"
        )
        assert len(heights) >= 2 * len(calls)
        assert max(heights) < 1.5 * line
    finally:
        page.browser.set_window_size(1280, 1600)
