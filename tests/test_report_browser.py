"""The run report in a real browser: it draws, it follows every choice, and nothing gets out."""

from __future__ import annotations

import base64
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_records import ATTACKS, hostile_record, synthetic_record, synthetic_run

from qpcr.quantification import quantified
from qpcr.record import Record
from qpcr.report import render

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.common.exceptions import NoAlertPresentException  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1600",
)
CHROMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def open_browser(profile: Path) -> Any:
    """A headless Chromium whose log is kept; skips where there is none."""
    binary = next(filter(None, map(shutil.which, CHROMES)), None)
    service = shutil.which("chromedriver")
    if binary is None or service is None:
        pytest.skip("no Chromium with its chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(service))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


def wait(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Poll until `condition` holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail("the page did not get there in time")


class Page:
    """What a person sees and does on one open report."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.browser = browser
        browser.get_log("browser")
        browser.get(path.as_uri())
        wait(lambda: self.run("return document.body.dataset.ready === 'true'"))

    def run(self, script: str, *values: object) -> Any:
        return self.browser.execute_script(script, *values)

    def settle(self) -> None:
        """Let the page's next frames pass."""
        self.browser.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)));"
        )

    def find(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def cell(self, well: int) -> Any:
        return self.find(f"#plate td[data-well='{well}']")

    def click(self, selector: str) -> None:
        self.find(selector).click()
        self.settle()

    def well(self, well: int, *keys: str) -> None:
        chain = ActionChains(self.browser)
        for key in keys:
            chain.key_down(key)
        chain.click(self.cell(well))
        for key in keys:
            chain.key_up(key)
        chain.perform()
        self.settle()

    def press(self, *keys: str, held: str | None = None) -> None:
        chain = ActionChains(self.browser)
        if held:
            chain.key_down(held)
        chain.send_keys(*keys)
        if held:
            chain.key_up(held)
        chain.perform()
        self.settle()

    def chosen(self) -> list[int]:
        return [int(one.get_attribute("data-well")) for one in self.all("#plate td.chosen")]

    def rows(self) -> list[list[str]]:
        return self.run(
            "return [...document.querySelectorAll('#reactions tbody tr')].filter(r => !r.hidden)"
            ".map(r => [...r.cells].map(c => c.textContent))"
        )

    def pick(self, what: str, label: str) -> None:
        self.run(
            "const s = document.getElementById(arguments[0]);"
            "s.value = [...s.options].find(o => o.textContent === arguments[1]).value;"
            "s.dispatchEvent(new Event('change'));",
            f"pick-{what}",
            label,
        )
        self.settle()

    def traces(self, plot: str = "curves") -> list[dict[str, Any]]:
        return self.run(
            "return document.getElementById(arguments[0]).data.map(d => "
            "({name: d.name, mode: d.mode, x: [...d.x], y: [...d.y], line: d.line}))",
            plot,
        )

    def shapes(self, plot: str = "curves") -> list[dict[str, Any]]:
        return self.run("return document.getElementById(arguments[0]).layout.shapes || []", plot)

    def severe(self) -> list[str]:
        log = self.browser.get_log("browser")
        return [one["message"] for one in log if one["level"] in ("SEVERE", "WARNING")]


def save(record: Record, folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(render(record), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def record() -> Record:
    return synthetic_record(synthetic_run(used=90, targets=("ALB", "Δ4-7")))


@pytest.fixture(scope="module")
def path(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(record, tmp_path_factory.mktemp("report"))


@pytest.fixture
def page(browser: Any, path: Path) -> Page:
    return Page(browser, path)


def test_page_opens_clean_and_complete(page: Page, record: Record) -> None:
    assert page.severe() == []
    assert len(page.all("#plate td")) == 96
    assert len(page.all("#plate td.empty")) == 6
    assert len(page.rows()) == len(record.curves)
    first = next(i for i, fit in enumerate(record.fits) if fit.cq is not None)
    bands = page.cell(record.run.reactions[first].well).text.split()
    assert f"{record.fits[first].cq:.2f}" in bands
    assert len(bands) == 2
    assert page.run("return performance.getEntriesByType('resource').length") == 0


def test_choosing_wells_moves_every_view(page: Page) -> None:
    page.well(13)
    assert page.chosen() == [13]
    assert "B2" in page.find("#detail-title").text
    assert [row.text[:2] for row in page.all("#reactions tr.chosen")] == ["B2", "B2"]
    names = [one["name"] for one in page.traces()]
    assert {"B2 · ALB", "B2 · Δ4-7"} <= set(names)
    page.well(40, Keys.CONTROL)
    assert page.chosen() == [13, 40]
    page.well(13, Keys.CONTROL)
    assert page.chosen() == [40]
    page.well(27)
    page.well(40, Keys.SHIFT)
    assert page.chosen() == [27, 28, 39, 40]
    page.click("#only-chosen")
    assert {row[0] for row in page.rows()} == {"C4", "C5", "D4", "D5"}
    page.click("#clear")
    assert page.chosen() == []
    assert page.severe() == []


def test_map_works_by_keyboard(page: Page) -> None:
    page.run("document.querySelector('#plate td[tabindex=\"0\"]').focus()")
    page.press(Keys.HOME, Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.SPACE)
    assert page.chosen() == [13]
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN, held=Keys.SHIFT)
    assert page.chosen() == [13, 14, 25, 26]
    page.press(Keys.ESCAPE)
    assert page.chosen() == []
    page.press("a", held=Keys.CONTROL)
    assert len(page.chosen()) == 90
    for _ in range(20):
        page.press(Keys.ARROW_UP)
    assert page.run("return Number(document.activeElement.dataset.well)") < 12


def test_everything_is_reached_by_tab(page: Page) -> None:
    reached = set()
    page.run("document.activeElement.blur()")
    for _ in range(90):
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.run("const e = document.activeElement; return e.id || e.dataset.view || "
                             "e.dataset.colour || e.closest('#plate') && 'plate'"))  # fmt: skip
    pickers = {"pick-target", "pick-sample", "pick-task", "only-chosen"}
    assert pickers | {"plate", "log", "target", "table-filter", "copy"} <= reached


def test_views_draw_the_numbers_of_the_record(page: Page, record: Record) -> None:
    index = 28  # well 14, ALB
    assert record.run.reactions[index].well == 14
    page.well(14)
    expected = {
        "linear": record.curves.drn[index],
        "rn": record.curves.rn[index],
        "log": np.where(record.curves.drn[index] > 0, record.curves.drn[index], np.nan),
    }
    for view, values in expected.items():
        page.click(f"[data-view={view}]")
        mine = next(one for one in page.traces() if one["name"] == "B3 · ALB")
        assert mine["x"][:40] == list(range(1, 41))
        np.testing.assert_allclose(np.array(mine["y"][:40], float), values, rtol=1e-4, atol=1e-6)
        kind = page.run("return document.getElementById('curves').layout.yaxis.type")
        assert kind == ("log" if view == "log" else "linear")
    page.click("[data-view=raw]")
    raw = page.traces()
    assert len(raw) == 5
    np.testing.assert_allclose(raw[2]["y"][:40], record.run.raw[14, :, 2], rtol=1e-5)
    page.click("[data-view=dyes]")
    assert {one["name"] for one in page.traces()} == {"FAM", "VIC", "ROX"}
    page.click("[data-view=reference]")
    assert all(y == 90_000 for one in page.traces() for y in one["y"] if y is not None)
    assert page.severe() == []


def test_marks_lie_where_the_numbers_are(page: Page, record: Record) -> None:
    page.well(14)
    fit, baseline = record.fits[28], record.curves.baselines[28]
    lines = [one for one in page.shapes() if one["type"] == "line"]
    assert {one["y0"] for one in lines} == {0.2}
    windows = [(one["x0"], one["x1"]) for one in page.shapes() if one["type"] == "rect"]
    assert (baseline.start - 0.5, baseline.stop + 0.5) in windows
    marks = {one["name"]: one for one in page.traces() if one["mode"] == "markers"}
    fitted = next(one for name, one in marks.items() if "fitted" in name)
    style = next(one for name, one in marks.items() if "style" in name)
    assert fitted["x"][0] == pytest.approx(fit.cq, rel=1e-5)
    assert style["x"][0] == pytest.approx(record.curves.instrument_cq[28].value, rel=1e-5)
    drawn = page.traces("detail")
    np.testing.assert_allclose(drawn[1]["y"], fit.fitted, rtol=1e-4, atol=1e-6)
    foot = record.fits.foot()[28]
    np.testing.assert_allclose(np.array(drawn[2]["y"], float), foot, rtol=1e-4, atol=1e-6)
    residuals = record.curves.drn[28] - np.where(np.isfinite(foot), foot, fit.fitted)
    np.testing.assert_allclose(drawn[3]["y"], residuals, atol=2e-5)


def test_pickers_narrow_every_view(page: Page) -> None:
    page.pick("target", "Δ4-7")
    rows = page.rows()
    assert len(rows) == 90
    assert {row[2] for row in rows} == {"Δ4-7"}
    assert len(page.cell(0).text.split()) == 1
    page.pick("sample", "(no sample name)")
    assert len(page.rows()) == 30
    assert len(page.all("#plate td.away")) == 60
    page.pick("task", "NTC")
    assert {row[3] for row in page.rows()} == {"NTC"}
    assert f"{len(page.rows())} of 180" in page.find("#status").text
    points = sum(y is not None for one in page.traces() for y in one["y"])
    assert points == 40 * len(page.rows())


def test_colours_change_with_their_legend(page: Page) -> None:
    page.click("[data-colour=target]")
    assert page.cell(0).text.split() == ["1", "2"]
    assert "Δ4-7" in page.find("#legend").text
    page.click("#legend button.link")
    assert {row[2] for row in page.rows()} == {"ALB"}
    page.click("#legend button.link")
    assert len(page.rows()) == 180
    page.click("[data-colour=task]")
    assert set("".join(page.cell(6).text.split())) <= {"U", "N"}
    assert "NTC" in page.find("#legend").text


def test_undetermined_is_said_in_words(page: Page, record: Record) -> None:
    index = next(i for i, fit in enumerate(record.fits) if fit.cq is None)
    row = page.rows()[index]
    assert "Undetermined" in row
    assert record.fits[index].reason_text in row[-1]
    cell = page.cell(record.run.reactions[index].well)
    assert record.fits[index].reason_text in cell.get_attribute("aria-label")
    assert not any(word in ("nan", "NaN", "null", "undefined", "-1") for word in row)


def test_table_sorts_with_absent_values_last(page: Page) -> None:
    heads = [one.text for one in page.all("#reactions th button")]
    place = next(i for i, text in enumerate(heads) if text.startswith("Ct ±"))
    button = page.all("#reactions th button")[place]
    for way in (1, -1):
        button.click()
        column = [row[place] for row in page.rows()]
        numbers = [float(text.split()[0]) for text in column if text != "Undetermined"]
        assert column[len(numbers) :] == ["Undetermined"] * (len(column) - len(numbers))
        assert numbers == sorted(numbers, reverse=way < 0)
        assert len(set(numbers)) > 10
    assert page.all("#reactions th")[place].get_attribute("aria-sort") == "descending"
    page.all("#reactions th button")[0].click()
    assert [row[0] for row in page.rows()][18:24:2] == ["A10", "A11", "A12"]


def test_table_filters_by_text(page: Page) -> None:
    page.find("#table-filter").send_keys("h4")
    assert {row[0] for row in page.rows()} == {"H4"}
    page.find("#table-filter").clear()
    page.find("#table-filter").send_keys("no such text")
    assert page.rows() == []


def test_row_and_curve_choose_their_well(page: Page) -> None:
    page.click("#reactions tbody tr:nth-child(5) td:nth-child(2)")
    assert page.chosen() == [2]
    page.run(
        "document.getElementById('curves').emit('plotly_click',"
        " {points: [{customdata: 20}], event: {}})"
    )
    page.settle()
    assert page.chosen() == [10]
    assert page.find("#detail-title").text.startswith("A11")


def test_several_reactions_of_a_well_are_told_apart(page: Page) -> None:
    page.well(20)
    buttons = page.all("#detail-buttons button")
    assert [one.text for one in buttons] == ["ALB", "Δ4-7"]
    buttons[1].click()
    page.settle()
    assert page.find("#detail-title").text.endswith("Δ4-7")


def test_differences_are_drawn(page: Page, record: Record) -> None:
    style, fitted = page.traces("difference")
    expected = [
        fit.cq - record.run.results[r.well, r.target].cq
        for fit, r in zip(record.fits, record.run.reactions, strict=True)
        if fit.cq is not None and record.run.results[r.well, r.target].cq is not None
    ]
    np.testing.assert_allclose(fitted["y"], expected, atol=2e-4)
    assert len(style["y"]) >= len(expected) - 5


def test_empty_well_says_so(page: Page) -> None:
    page.well(95)
    assert page.chosen() == [95]
    assert "H12 is empty" in page.find("#detail-facts").text
    page.click("[data-view=raw]")
    assert len(page.traces()) == 5
    assert page.severe() == []


def test_prints_light_and_without_controls(page: Page) -> None:
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = page.run(
            "return [...document.querySelectorAll('.controls, .buttons, .help')]"
            ".filter(e => getComputedStyle(e).display !== 'none').length"
        )
        assert shown == 0
        made = page.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    finally:
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    pdf = base64.b64decode(made["data"])
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 4


def test_hostile_names_stay_inert(browser: Any, tmp_path: Path) -> None:
    page = Page(browser, save(hostile_record(), tmp_path))
    for colour in ("target", "task", "ct"):
        page.click(f"[data-colour={colour}]")
    for well in range(len(ATTACKS)):
        page.well(well, Keys.CONTROL)
    for view in ("log", "rn", "raw", "dyes", "reference", "linear"):
        page.click(f"[data-view={view}]")
    page.run("Plotly.Fx.hover('curves', [{curveNumber: 1, pointNumber: 30}])")
    hovered = page.run("return document.querySelector('#curves .hoverlayer').textContent")
    assert "A1" in hovered
    for name in ATTACKS[:5]:
        page.pick("sample", name)
    assert page.run("return window.pwned") is None
    assert page.run("return document.querySelectorAll('main img, main a, main script').length") == 0
    with pytest.raises(NoAlertPresentException):
        _ = browser.switch_to.alert.text
    assert page.severe() == []
    page.click("#clear")
    assert [row[1] for row in page.rows()[: 2 * len(ATTACKS) : 2]] == list(ATTACKS)


def test_quantities_stand_beside_the_ct(browser: Any, tmp_path: Path) -> None:
    made = synthetic_record(synthetic_run(used=24))
    found = quantified(made.curves, made.fits, "recommended")
    page = Page(browser, save(replace(made, quantification=found), tmp_path))
    heads = [one.text for one in page.all("#reactions thead button")]
    assert heads.index("Cq by method") == heads.index("N0 (signal before cycle 1)") - 1
    place = heads.index("Cq by method")
    for row, one in zip(page.rows(), found.wells, strict=True):
        if one.cq is None:
            assert row[place] == "Undetermined"
        else:
            shown = [float(part) for part in row[place].split(" ± ")]
            assert shown == pytest.approx([one.cq, one.cq_se], abs=6e-4)
    page.well(1)
    facts = page.find("#detail-facts").text
    assert "Cq (recommended)" in facts
    shown = re.search(r"Cq \(recommended\)\s+([\d.]+)", facts)
    assert shown
    assert float(shown[1]) == pytest.approx(found.wells[1].cq, abs=6e-4)
    assert "Amplification factor" in facts
    page.well(6)
    assert "finds no Cq on this curve" in page.find("#detail-facts").text
    assert page.severe() == []


def test_copied_table_is_safe_in_a_spreadsheet(browser: Any, tmp_path: Path) -> None:
    record = hostile_record()
    page = Page(browser, save(record, tmp_path))
    page.run(
        "const a = document.createElement('textarea'); a.id = 'paste'; document.body.append(a);"
    )
    page.click("#copy")
    assert "56" in page.find("#copy-status").text
    page.find("#paste").send_keys(Keys.CONTROL, "v")
    text = page.run("return document.getElementById('paste').value")
    lines = [line.split("\t") for line in text.strip("\n").split("\n")]
    assert len(lines) == 57
    assert len({len(line) for line in lines}) == 1
    sample, ct = lines[0].index("Sample"), lines[0].index("Ct")
    formula = next(line for line in lines if "calc" in line[sample])
    assert formula[sample].startswith("'=")
    for line, fit in zip(lines[1:], record.fits, strict=True):
        assert (
            line[ct] == "" if fit.cq is None else float(line[ct]) == pytest.approx(fit.cq, rel=1e-5)
        )


def test_script_injected_after_the_fact_is_refused(page: Page) -> None:
    page.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.pwned=1\">')"
    )
    page.settle()
    assert page.run("return window.pwned") is None
    assert any("Content Security Policy" in message for message in page.severe())


def test_large_plate_follows_choices_with_few_traces(browser: Any, tmp_path: Path) -> None:
    """What makes it slow is the number of traces, not of curves: bench_report.py measures."""
    run = synthetic_run(16, 24, targets=("a", "b", "c", "d"), raw=False)
    page = Page(browser, save(synthetic_record(run), tmp_path))
    page.well(200)
    page.click("[data-view=log]")
    counts = page.run(
        "return [...document.querySelectorAll('.js-plotly-plot')].map(one => one.data.length)"
    )
    assert counts
    assert max(counts) < 40, "1,536 curves share their traces"
    assert page.severe() == []


def test_real_run_opens_clean(browser: Any, data_dir: Path, tmp_path: Path) -> None:
    from qpcr import analyze

    source = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    page = Page(browser, save(analyze(source), tmp_path))
    assert page.severe() == []
    assert len(page.rows()) == 24
    assert len(page.all("#plate td.empty")) == 72
