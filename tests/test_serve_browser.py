"""The review page in a real browser, served by the real command."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_report_browser import open_browser, wait

from qpcr.records import State, Store

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def store(tmp_path_factory, called_record):
    """A store with the demo plate; its samples are patients with Chinese ids."""
    made = Store.init(tmp_path_factory.mktemp("serve") / "store")
    made.commit(called_record, user="li")
    return made


@pytest.fixture(scope="module")
def address(store):
    """Address that ``qpcr serve`` prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve", "--store", str(store.folder), "--user", "王芳",
         "--port", str(port), "--lang", "en"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
    assert found, line + (process.stderr.read() if process.poll() is not None else "")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield found[0]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def browser(tmp_path_factory, address):
    """A browser that is signed in."""
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    driver.get(address)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, address):
    """The first page; afterwards: nothing failed, and nothing was asked of anybody else."""
    home = address.partition("?")[0]
    browser.get_log("browser")
    browser.get(home)
    yield browser
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(one => one.name)"
    )
    assert all(name.startswith((home, "data:")) for name in loaded), loaded
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def find(browser, selector):
    """An element, once the page that has it is there."""
    return wait(lambda: next(iter(browser.find_elements(By.CSS_SELECTOR, selector)), None))


def see(browser, selector, text):
    """Wait until an element says something: a form's answer takes its time."""

    def there():
        try:
            return text in find(browser, selector).text
        except StaleElementReferenceException:
            return False

    assert wait(there)


def test_the_token_does_not_stay_in_the_address(page):
    assert "token" not in page.current_url
    assert "王芳" in find(page, "header").text


def test_a_run_s_report_opens_and_draws(page):
    find(page, "#runs tbody a[href$='/report']").click()
    wait(lambda: page.execute_script("return document.body.dataset.ready === 'true'"))
    assert "demo.eds" in find(page, "body").text


def test_review_sign_amend_and_the_patient_report(page, store):
    find(page, "#runs tbody a").click()
    find(page, "#results tbody td a").click()
    wait(lambda: "/patient?" in page.current_url)
    title = find(page, "h1").text
    patient = next(one for one in store.patients() if one.patient in title)
    path = next(iter(store.patient(patient.patient).results))
    see(page, "#results .state", "preliminary")
    find(page, "button.review").click()
    see(page, "#results .state", "reviewed by 王芳")
    find(page, "button.sign").click()
    see(page, "#results .state", "signed (final)")
    assert store.patient(patient.patient).results[path].state is State.SIGNED
    home = page.current_url
    find(page, "#results a[href*='/patient/report']").click()
    wait(lambda: "/patient/report" in page.current_url)
    see(page, "body", patient.patient)
    page.get(home)
    find(page, "details summary").click()
    find(page, "details input[name='reason']").send_keys("样本标签有误")
    find(page, "details select[name='outcome'] option[value='inconclusive']").click()
    find(page, "details input[name='deletions']").clear()
    find(page, "details button").click()
    see(page, "#results .state", "amended")
    see(page, "#history", "样本标签有误")
    assert store.patient(patient.patient).results[path].outcome == "inconclusive"


def test_search_and_language(page):
    find(page, "nav a[href='/patients']").click()
    find(page, "#patients")
    every = len(page.find_elements(By.CSS_SELECTOR, "#patients tbody tr"))
    find(page, "select[name='outcome'] option[value='detected']").click()
    find(page, "form.search button").click()
    wait(lambda: "outcome=detected" in page.current_url)
    assert 0 < len(page.find_elements(By.CSS_SELECTOR, "#patients tbody tr")) < every
    find(page, "#language").click()
    see(page, "h1", "实验运行")
    assert page.execute_script("return document.documentElement.lang") == "zh"
    find(page, "#language").click()
    see(page, "h1", "Runs")


def test_it_works_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    seen = []
    for _ in range(12):
        page.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(page.execute_script("return document.activeElement.outerHTML"))
    assert any("/report" in one for one in seen)
