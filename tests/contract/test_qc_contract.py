"""What every rule in ``qpcr/qc`` must do, whichever it is; and clean plates raise no finding."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from qc_plates import PATIENTS, Well, clean_screen, plate

from primers import Panel, load_panel, panel_names
from qpcr._registry import find
from qpcr.curves import from_run
from qpcr.findings import Finding, Severity
from qpcr.fits import fit_curves
from qpcr.formats import read_run
from qpcr.qc import Plate, Rule, check_panel_rules, evaluate, plate_of, rules
from qpcr.run import Task
from qpcr.shapes import Kind, classify
from qpcr.simulate import PlateSpec, demo_plate, simulate_plate, write_eds

WANTED = {
    "ntc_amplified", "positive_control", "reference_gene", "replicates", "no_amplification",
    "proper_curve", "baseline", "threshold_phase", "passive_reference", "saturation",
    "unmixing_residual", "crosstalk", "late_cq", "cq_methods_disagree", "efficiency",
    "neighbour_contamination", "calibration_old", "instrument_flags", "layout",
}  # fmt: skip


@pytest.fixture(params=sorted(rules()))
def rule(request: pytest.FixtureRequest) -> Rule:
    return rules()[request.param]


def messy(panel: Panel | None) -> Plate:
    """A plate on which much is wrong."""
    return plate(
        Well("A1", 24, "P-1", "F.4 × R-7"),
        Well("A2", 31, "P-1", "F.4 × R-7"),
        Well("A3", None, "P-1", "F.2a × R-7", slope=0.02),
        Well("A4", 35.6, "P-2", "F.4 × R-7", kind=Kind.NO_PLATEAU),
        Well("A5", None, "P-2", "RNase P"),
        Well("A6", 30, "NTC", "F.4 × R-7", Task.NTC),
        Well("A7", None, "PC", "F.4 × R-7", Task.POSITIVE_CONTROL),
        Well("A8", 34, "PC", "what is this", kind=Kind.STEP, omitted=True),
        Well("B1", None, "P-3", "F.4 × R-7", kind=Kind.UNUSABLE),
        panel=panel,
    )


def test_all_rules_are_there() -> None:
    assert set(rules()) >= WANTED


def test_name_is_that_of_the_file() -> None:
    for module, found in find("qpcr.qc", "RULE").items():
        assert found.name == module
        assert re.fullmatch(r"[a-z_]+", found.name)


def test_says_what_it_does(rule: Rule) -> None:
    assert rule.describes.endswith(".")
    head = sys.modules[f"qpcr.qc.{rule.name}"].__doc__ or ""
    for limit, value in rule.limits.items():
        assert f"``{limit}``" in head, f"{rule.name} does not say what {limit} means"
        assert isinstance(value, float)
        assert abs(value) < float("inf")
    if not rule.limits:
        assert "no limits" in " ".join(head.split())


def test_stands_in_the_panel_format(rule: Rule) -> None:
    text = (Path(__file__).parents[2] / "primers" / "FORMAT.md").read_text("utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith(f"| `{rule.name}` |"))
    for limit, value in rule.limits.items():
        assert f"`{limit}` {value:g}" in line


@pytest.mark.parametrize("name", [None, "ikzf1"])
def test_findings_can_be_read_and_acted_on(rule: Rule, name: str | None) -> None:
    made = messy(None if name is None else load_panel(name))
    for found in rule.check(made, rule.limits):
        check_finding(made, found)
        assert found.rule == rule.name


def check_finding(made: Plate, found: Finding) -> None:
    """What holds for every finding."""
    assert found.message.endswith(".")
    assert found.remedy.endswith(".")
    assert len(found.remedy) > 20
    assert all(0 <= row < len(made.run.reactions) for row in found.reactions)
    assert "nan" not in f"{found.message} {found.value} {found.limit}".split()
    for text in (found.message, found.remedy):
        assert "  " not in text
        assert text[0].isupper() or text[0] in "Δ"


def test_leaves_omitted_wells_out(rule: Rule) -> None:
    wells = [Well("A1", 24, target="F.4 × R-7"), Well("A2", 30, "NTC", "F.4 × R-7", Task.NTC)]
    panel = load_panel("ikzf1")
    made = plate(*(replace(well, omitted=True) for well in wells), panel=panel)
    found = list(rule.check(made, rule.limits))
    assert bool(found) == (rule.name == "instrument_flags")


def test_bears_curves_that_are_missing(rule: Rule) -> None:
    wells = [Well("A1", 24), Well("A2", None, "NTC", task=Task.NTC, kind=Kind.UNUSABLE)]
    made = plate(*wells)
    gone = made.run.results[1, "T"]
    results = {**made.run.results, (1, "T"): type(gone)(1, "T", None, None)}
    run = replace(made.run, results=results)
    curves = from_run(run)
    assert curves.problems[1]
    dark = plate_of(run, curves, fit_curves(curves, polish=False), made.shapes)
    for found in rule.check(dark, rule.limits):
        check_finding(dark, found)


@pytest.mark.parametrize("name", panel_names())
def test_panels_that_ship_name_known_rules(name: str) -> None:
    chosen = check_panel_rules(load_panel(name))
    assert {"layout", "ntc_amplified", "positive_control", "proper_curve"} <= set(chosen)


# ---- clean plates


def analysed(spec: PlateSpec, seed: int, folder: Path, panel: Panel | None) -> Plate:
    """Simulate, write, read, and compute."""
    file = folder / "plate.eds"
    write_eds(simulate_plate(spec, seed=seed), file)
    run = read_run(file)
    curves = from_run(run)
    return plate_of(run, curves, fit_curves(curves, polish=False), classify(curves), panel)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_clean_screen_raises_no_finding(seed: int, tmp_path: Path) -> None:
    made = analysed(clean_screen(), seed, tmp_path, load_panel("ikzf1"))
    grown = {made.run.reactions[row].sample for row in range(70) if made.fits.table.amplified[row]}
    assert set(PATIENTS) < grown, "the plate holds something to find fault with"
    assert [finding.message for finding in evaluate(made)] == []


@pytest.mark.parametrize("name", [None, "ikzf1"])
def test_the_demonstration_raises_only_what_was_planted(name: str | None, tmp_path: Path) -> None:
    """P-009 holds no DNA, P-010 a few copies of a deletion."""
    made = analysed(demo_plate(), 1, tmp_path, None if name is None else load_panel(name))
    by_rule: dict[str, set[str | None]] = {}
    for found in evaluate(made):
        check_finding(made, found)
        if found.severity.grade > Severity.INFO.grade:
            samples = {made.run.reactions[row].sample for row in found.reactions}
            by_rule[found.rule] = by_rule.get(found.rule, set()) | samples
    if name is not None:
        assert by_rule.pop("reference_gene") == {"P-009"}
        assert by_rule.pop("late_cq") == {"P-010"}
    assert set().union(*by_rule.values()) <= {"P-010"}
