"""The run report as text: what it says, what it holds, what names cannot do to it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
import subprocess
import sys
import time
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import lxml.html
import numpy as np
import pytest
from report_records import ATTACKS, hostile_record, synthetic_record, synthetic_run

from qpcr import FitSettings, Settings, analyze
from qpcr.record import Record
from qpcr.report import render
from qpcr.report._data import script_json, short
from qpcr.report.texts_en import TEXTS
from qpcr.run import Task


@pytest.fixture(scope="module")
def record() -> Record:
    return synthetic_record(synthetic_run(used=90), polish=True)


@pytest.fixture(scope="module")
def page(record: Record) -> str:
    return render(record)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="run-data">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def scripts_of(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.S)


def visible(page: str) -> str:
    tree = lxml.html.fromstring(page)
    for element in tree.xpath("//script | //style"):
        element.drop_tree()
    return " ".join(tree.text_content().split())


def test_curves_come_through_with_six_digits(record: Record, page: str) -> None:
    data = data_of(page)
    given = np.array(data["drn"], dtype=float)
    np.testing.assert_allclose(given, record.curves.drn, rtol=5.1e-6, atol=0)
    line = np.array(data["reactions"]["intercept"])[:, None] + np.array(data["reactions"]["slope"])[
        :, None
    ] * np.array(data["cycles"])
    np.testing.assert_allclose(given + line, record.curves.rn, rtol=2e-5)


def test_ct_columns_match_the_record(record: Record, page: str) -> None:
    columns = data_of(page)["reactions"]
    fits = list(record.fits)
    assert any(fit.cq is None for fit in fits)
    assert any(fit.cq is not None for fit in fits)
    for index, fit in enumerate(fits):
        if fit.cq is None:
            assert columns["cq"][index] is None
            assert columns["reason"][index]
        else:
            assert columns["cq"][index] == pytest.approx(fit.cq, rel=5.1e-6)
            assert columns["low"][index] < columns["cq"][index] < columns["high"][index]
        stored = record.run.results[record.run.reactions[index].well, "ALB"]
        assert columns["own"][index] == (
            None if stored.cq is None else pytest.approx(stored.cq, rel=5.1e-6)
        )


def test_counts_and_provenance_are_in_words(record: Record, page: str) -> None:
    text = visible(page)
    missing = sum(fit.cq is None for fit in record.fits)
    assert f"90 {TEXTS['count_reactions']}" in text
    assert f"{missing} {TEXTS['count_undetermined']}" in text
    assert record.run.provenance.sha256 in text
    assert record.curves.rules in text
    assert "Dr. Ångström" in text
    assert TEXTS["simulated"] in text


def test_differences_are_those_of_the_numbers(record: Record, page: str) -> None:
    pairs = [
        (fit.cq, record.run.results[r.well, r.target].cq)
        for fit, r in zip(record.fits, record.run.reactions, strict=True)
    ]
    sizes = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    assert f"largest {max(sizes):.2g}, over {len(sizes)} reactions" in visible(page)


def test_real_runs_carry_no_simulated_banner(record: Record) -> None:
    source = replace(record.run.provenance, simulated=False)
    real = replace(record, run=replace(record.run, provenance=source))
    assert TEXTS["simulated"] not in visible(render(real))


def test_warnings_stand_out() -> None:
    run = synthetic_run(used=6, reference=None, raw=False, results=False)
    source = replace(run.provenance, software="Some Cycler 9", run_state="ABORTED")
    text = visible(render(synthetic_record(replace(run, provenance=source))))
    assert TEXTS["warn_no_reference"] in text
    assert "ABORTED" in text
    assert "The analysis rules of the software that wrote this file are not known" in text
    assert TEXTS["no_instrument_ct"] in text


def test_reaction_without_curve_is_named_with_its_problem() -> None:
    run = synthetic_run(used=6)
    signals = {well: one for well, one in run.signals.items() if well != 2}
    record = synthetic_record(replace(run, signals=signals))
    page = render(record)
    assert f"No usable curve in A3: {record.curves.problems[2]}" in visible(page)
    data = data_of(page)
    assert data["fit"][2] is None
    assert data["reactions"]["start"][2] is None
    assert set(data["rn"]) == {"2"}
    assert data["rn"]["2"] == [None] * 40


def test_several_targets_and_manual_settings() -> None:
    run = synthetic_run(used=5, targets=("ALB", "Δ4-7", "Δ2-7"))
    record = synthetic_record(run)
    settings = Settings(baseline=(3, 12), threshold={"ALB": 0.25})
    page = render(replace(record, settings=settings))
    assert "cycles 3 to 12, set by hand" in visible(page)
    assert "ALB: 0.25" in visible(page)
    data = data_of(page)
    assert data["reactions"]["well"] == [w for w in range(5) for _ in range(3)]
    assert set(data["dyes"]["0"]) == {"FAM", "VIC", "NED", "ROX"}
    assert set(data["targets"]) == {"ALB", "Δ4-7", "Δ2-7"}


def test_empty_wells_keep_their_raw_readings() -> None:
    data = data_of(render(synthetic_record(synthetic_run(used=3))))
    assert len(data["raw"]) == 96
    assert len(data["raw"]["95"]) == 5
    assert set(data["dyes"]) == {"0", "1", "2"}


def test_names_stay_names() -> None:
    page = render(hostile_record())
    tree = lxml.html.fromstring(page)
    assert len(tree.xpath("//script")) == 3
    assert not tree.xpath("//img | //svg | //a | //iframe | //object")
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")
    data = data_of(page)
    assert set(data["reactions"]["sample"]) == set(ATTACKS)
    text = visible(page)
    for name in ATTACKS:
        assert " ".join(name.split()) in text
    assert "49" not in tree.xpath("string(//h1)")


@pytest.mark.parametrize("text", ATTACKS)
def test_json_holds_no_markup(text: str) -> None:
    made = script_json({"name": text})
    assert not set(made) & set("<>&\u2028\u2029")
    assert json.loads(made) == {"name": text}


def test_json_refuses_what_is_not_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json([float("nan")])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (28.280774563646307, 28.2808),
        (863628.19, 863628),
        (-1.23456789e-7, -1.23457e-7),
        (0.0, 0),
    ],
)
def test_short_numbers(value: float | None, expected: float | None) -> None:
    assert short(value) == expected


def test_policy_names_exactly_the_scripts_of_the_page(page: str) -> None:
    scripts = scripts_of(page)
    assert len(scripts) == 2
    tree = lxml.html.fromstring(page)
    policy = tree.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)")
    assert policy.startswith("default-src 'none';")
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    digests = [hashlib.sha256(one.encode()).digest() for one in scripts]
    assert allowed == [base64.b64encode(one).decode() for one in digests]
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    tree = lxml.html.fromstring(page)
    assert not tree.xpath("//@src")
    assert tree.xpath("//@href") == ["data:,"]
    assert "url(" not in "".join(tree.xpath("//style/text()"))


def _template_texts() -> str:
    folder = resources.files("qpcr.report").joinpath("templates")
    names = ["report.html", *(f"js/{one.name}" for one in folder.joinpath("js").iterdir())]
    python = [
        resources.files("qpcr.report").joinpath(name).read_text("utf-8")
        for name in (
            "_summary.py",
            "_verdict.py",
            "_miqe.py",
            "_standards.py",
            "_by_method.py",
        )
    ]
    return "\n".join([*(folder.joinpath(name).read_text("utf-8") for name in names), *python])


def test_catalogue_and_templates_know_the_same_keys() -> None:
    source = _template_texts()
    used = set(re.findall(r'\bt\("(\w+)"', source)) | set(re.findall(r'\bt\["(\w+)"\]', source))
    used |= set(re.findall(r"\bt\.(\w+)", source))
    used |= set(re.findall(r'head: "(\w+)"', source)) | set(
        re.findall(r'^  \["(\w+)"', source, re.M)
    )
    assert not used - set(TEXTS), "keys without a text"
    composed = ("task_", "source_", "view_", "colour_", "severity_", "outcome_")
    composed += ("answer_", "control_", "miqe_")
    quoted = {key for key in TEXTS if f'"{key}"' in source}
    idle = set(TEXTS) - used - quoted
    assert {key for key in idle if not key.startswith(composed)} == set()


def test_every_task_has_words() -> None:
    for task in Task:
        assert TEXTS[f"task_{task}"]
        assert len(TEXTS[f"task_short_{task}"]) == 1


def test_texts_are_good_format_strings() -> None:
    for key, text in TEXTS.items():
        assert text, key
        names = [name for _, name, spec, conversion in string.Formatter().parse(text) if name]
        assert all(name.isidentifier() for name in names), key


def test_page_sizes_stay_in_bounds() -> None:
    five_dyes = synthetic_run(targets=("a", "b", "c", "d"))
    assert len(render(synthetic_record(five_dyes)).encode()) <= 6e6
    large = synthetic_run(16, 24, targets=("a", "b", "c", "d"))
    assert len(render(synthetic_record(large)).encode()) <= 12e6


def test_rendering_is_quick(record: Record) -> None:
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        render(record)
        times.append(time.perf_counter() - begin)
    assert min(times) < 1.0


def test_import_is_light() -> None:
    code = (
        "import sys, qpcr.report; "
        "print(sorted({'jinja2', 'plotly', 'lmfit', 'pandas', 'h5py'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_empty_run_still_has_a_page(record: Record) -> None:
    page = render(synthetic_record(synthetic_run(used=1, results=False)))
    assert len(data_of(page)["reactions"]["well"]) == 1
    assert 'id="difference"' not in page


def test_default_threshold_is_a_warning() -> None:
    run = synthetic_run(used=4, results=False)
    flat = {
        well: replace(one, signal=np.full_like(one.signal, 90_000.0))
        for well, one in run.signals.items()
    }
    record = analyze(replace(run, signals=flat), None, FitSettings(polish=False))
    assert record.curves.thresholds["ALB"].source == "default"
    text = visible(render(record))
    assert "The threshold of ALB is the default 0.2" in text
    assert "0.2 (default)" in text
    assert f"4 {TEXTS['count_undetermined']}" in text


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The demonstration plate, called by its panel."""
    from primers import load_panel
    from qpcr.simulate import demo_plate, simulate_plate, write_eds

    path = tmp_path_factory.mktemp("called") / "simulated.eds"
    write_eds(simulate_plate(demo_plate(), seed=1), path)
    return analyze(path, fit_settings=FitSettings(polish=False), panel=load_panel("ikzf1"))


def test_findings_and_calls_stand_on_top(called: Record) -> None:
    tree = lxml.html.fromstring(render(called))
    top = tree.get_element_by_id("verdict").text_content()
    assert TEXTS["verdict_look"] in top
    grave = [one for one in called.findings if one.severity.value != "info"]
    assert all(one.remedy in top for one in grave)
    assert "no-template control" in top
    assert "positive control" in top
    rows = tree.xpath("//section[@id='calls']//tbody/tr")
    assert len(rows) == len(called.calls) == 10
    for row, call in zip(rows, called.calls, strict=True):
        text = row.text_content()
        assert call.sample in text
        assert all(name in text for name in call.deletions)
        said = row.xpath("./td[1]")[0].text_content()
        if call.deletions and not call.mixed:
            assert said == f"Detected: {call.deletions[0]}"
        assert len(row.xpath(".//ol/li")) == len(call.chain())
    assert "Δ1-8" in tree.xpath("//section[@id='calls']")[0].text_content()


def test_names_in_findings_and_calls_are_only_text(called: Record) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    calls = tuple(replace(one, sample=attack, reasons=(attack,)) for one in called.calls)
    findings = tuple(replace(one, message=attack, remedy=attack) for one in called.findings)
    page = render(replace(called, calls=calls, findings=findings))
    assert attack not in page
    assert len(scripts_of(page)) == 2
    assert visible(page).count(attack) >= len(calls) + len(findings)


def test_every_severity_and_outcome_has_words() -> None:
    from qpcr.calls import Outcome
    from qpcr.findings import Severity

    assert all(TEXTS[f"severity_{one}"] for one in Severity)
    assert all(TEXTS[f"outcome_{one.name.lower()}"] for one in Outcome)


def test_the_verdict_says_how_bad_it_is(called: Record) -> None:
    from qpcr.findings import Finding, Severity
    from qpcr.report._verdict import verdict
    from qpcr.report.language import language

    tongue = language("en")
    bad = Finding("layout", Severity.RUN, (), "No control.", "Repeat the run.")
    ntc = next(i for i, one in enumerate(called.run.reactions) if one.task is Task.NTC)
    grown = Finding("ntc_amplified", Severity.RUN, (ntc,), "It amplifies.", "Clean up.")
    assert verdict(replace(called, findings=()), tongue).kind == "good"
    assert verdict(replace(called, findings=(), panel=None), tongue).kind == "look"
    strange = tuple(replace(one, target="?") for one in called.run.reactions)
    unknown = replace(called, findings=(), run=replace(called.run, reactions=strange))
    assert verdict(unknown, tongue).sentence == TEXTS["verdict_no_targets"]
    judged = verdict(replace(called, findings=(bad, grown)), tongue)
    assert (judged.kind, judged.todo) == ("bad", ("Repeat the run.", "Clean up."))
    assert judged.counts == (("run", TEXTS["severity_run"], 2),)
    kinds = {line.kind for line in judged.controls}
    assert kinds == {"failed", "ok"}
    failed = next(line for line in judged.controls if line.kind == "failed")
    assert ntc in failed.rows
    assert called.run.reactions[ntc].well_name in failed.wells


def test_standard_curves_are_those_of_the_numbers() -> None:
    from qpcr.report._standards import standards

    run = synthetic_run(used=24)
    quantities = {row: 10.0 ** (4 - row * 7 % 13 // 3) for row in range(24)}
    reactions = tuple(
        replace(one, task=Task.STANDARD, quantity=quantities[row], omitted=row == 2)
        for row, one in enumerate(run.reactions)
    )
    record = synthetic_record(replace(run, reactions=reactions))
    ((line, curve),) = standards(record).drawn
    used = [row for row in range(24) if row != 2 and record.fits[row].cq is not None]
    assert list(line.rows) == used
    x = np.log10([quantities[row] for row in used])
    y = np.array([record.fits[row].cq for row in used], dtype=float)
    slope = np.cov(x, y, bias=True)[0, 1] / np.var(x)
    assert curve.slope == pytest.approx(slope)
    assert curve.intercept == pytest.approx(y.mean() - slope * x.mean())
    assert curve.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    page = render(record)
    assert data_of(page)["standards"][0]["slope"] == pytest.approx(slope, rel=1e-5)
    assert TEXTS["standard_plot"] in visible(page)
    assert standards(synthetic_record(synthetic_run(used=4))).lines == ()


def test_the_report_says_the_numbers_of_qpcr_standards(data_dir: Path) -> None:
    from qpcr import analyze
    from qpcr.quantities.measured import measured
    from qpcr.quantities.quantify import quantify
    from qpcr.report._standards import number, standards

    record = analyze(data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds")
    expected = quantify(measured(record))
    shown = standards(record)
    assert [one.found for one in shown.lines] == list(expected.curves)
    data = data_of(render(record))
    for row, one in enumerate(expected.wells):
        column = data["reactions"]["read"][row]
        assert (column is None) == (one.quantity is None)
        if one.quantity is not None:
            assert column == pytest.approx(one.quantity.value, rel=5.1e-6)
            assert data["reactions"]["read_low"][row] == pytest.approx(one.quantity.low, rel=5.1e-6)
    curve = expected.curves[0].curve
    assert curve is not None
    ends = data["standards"][0]
    for place, quantity in ((0, curve.low), (-1, curve.high)):
        band = curve.cq_at(quantity)
        assert ends["x"][place] == pytest.approx(quantity)
        assert (ends["band_low"][place], ends["band_high"][place]) == pytest.approx(
            (band.low, band.high), rel=1e-5
        )
    text = visible(render(record))
    unknowns = [one for one in expected.samples if one.task is Task.UNKNOWN]
    assert len(unknowns) == 2
    for sample in unknowns:
        assert sample.quantity is not None
        assert f"{number(sample.quantity.low)} – {number(sample.quantity.high)}" in text


def test_standards_without_a_line_say_why_in_both_languages() -> None:
    run = synthetic_run(used=6)
    reactions = tuple(
        replace(one, task=Task.STANDARD, quantity=100.0) if row < 3 else one
        for row, one in enumerate(run.reactions)
    )
    record = synthetic_record(replace(run, reactions=reactions))
    assert "all standards have one quantity" in visible(render(record))
    assert "所有标准品的数量相同" in visible(render(record, "zh"))
    assert data_of(render(record))["standards"] == []


def test_a_standard_that_must_not_be_used_is_named_beside_the_curve() -> None:
    from qpcr.findings import Finding, Severity

    run = synthetic_run(used=24)
    reactions = tuple(
        replace(one, task=Task.STANDARD, quantity=10.0 ** (4 - row * 7 % 13 // 3))
        if row < 20
        else one
        for row, one in enumerate(run.reactions)
    )
    record = synthetic_record(replace(run, reactions=reactions))
    bad = Finding("proper_curve", Severity.REACTION, (3, 21), "It is noise.", "Repeat.")
    mild = Finding("late_cq", Severity.WARNING, (4,), "It is late.", "Look.")
    text = visible(render(replace(record, findings=(bad, mild))))
    assert "the quality rules say must not be used: A4." in text
    assert "The quality rules say not to use B10." in text


def test_judgements_of_reactions_are_those_of_the_calls(called: Record) -> None:
    data = data_of(render(called))
    columns = data["reactions"]
    for call in called.calls:
        for one in call.evidence:
            assert columns["answer"][one.reaction] == str(one.answer)
    for place, finding in enumerate(called.findings):
        assert data["findings"][place] == finding.message
        for row in finding.reactions:
            assert place in columns["findings"][row]
    order = ["info", "warning", "reaction", "run"]
    for row, places in enumerate(columns["findings"]):
        grades = [order.index(str(called.findings[place].severity)) for place in places]
        assert columns["severity"][row] == (order[max(grades)] if grades else None)


def test_miqe_items_are_stated_or_said_to_be_missing(called: Record) -> None:
    text = visible(render(called))
    assert "doi:10.1373/clinchem.2008.112797" in text
    for oligo in called.panel.oligos if called.panel else ():
        assert oligo.name in text
    bare = replace(called.run, provenance=replace(called.run.provenance, chemistry=None))
    assert TEXTS["not_stated"] in visible(render(replace(called, run=bare)))
