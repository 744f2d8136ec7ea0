"""Size of run reports, time to make them, and how fast they open and follow clicks in Chromium.

``python tests/benchmarks/bench_report.py`` from the root of the repository; needs selenium,
chromium and chromedriver. Times depend on what else the machine does: run it on an idle one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver

sys.path.insert(0, str(Path(__file__).parents[1]))

from report_records import synthetic_record, synthetic_run

from qpcr.report import render

TARGETS = ("a", "b", "c", "d")
PLATES = {
    "96 wells, 4 targets, 5 dyes": (8, 12),
    "384 wells, 4 targets, 5 dyes": (16, 24),
}
STEPS = """
const done = arguments[0], out = [];
const step = (act) => new Promise((next) => {
  const begin = performance.now();
  act();
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    out.push(Math.round(performance.now() - begin));
    next();
  })));
});
(async () => {
  await step(() => document.querySelector("#plate td[data-well='50']").click());
  await step(() => document.querySelector("[data-view=log]").click());
  await step(() => document.querySelector("[data-colour=target]").click());
  done(out);
})();
"""


def browser() -> webdriver.Chrome:
    """Headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options)


def main() -> None:
    """Measure every plate, opening each page five times."""
    with tempfile.TemporaryDirectory() as folder:
        chrome = browser()
        for name, (rows, columns) in PLATES.items():
            record = synthetic_record(synthetic_run(rows, columns, targets=TARGETS))
            begin = time.perf_counter()
            text = render(record)
            made = time.perf_counter() - begin
            path = Path(folder) / f"{columns}.html"
            path.write_text(text, encoding="utf-8")
            opened, steps = [], []
            for _ in range(5):
                begin = time.perf_counter()
                chrome.get(path.as_uri())
                while not chrome.execute_script("return document.body.dataset.ready === 'true'"):
                    time.sleep(0.01)
                opened.append(time.perf_counter() - begin)
                steps.append(chrome.execute_async_script(STEPS))
            best = [min(one) for one in zip(*steps, strict=True)]
            print(
                f"{name}: {len(text.encode()) / 1e6:.2f} MB, made in {made:.2f} s, all drawn after "
                f"{min(opened):.2f} s at best; click, logarithm, colour: {best} ms"
            )
        chrome.quit()


if __name__ == "__main__":
    main()
