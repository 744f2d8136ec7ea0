"""Standard curves are judged alike by an analysis and by whoever reads quantities from them."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest
from click.testing import CliRunner

from calibration.standard_curve import fit_standard_curve
from cli import main
from primers import load_panel
from qpcr import analyze
from qpcr.qc import limits_of
from qpcr.qc.efficiency import RULE, judgement
from qpcr.quantities.installation import installation_tests
from qpcr.quantities.measured import measured
from qpcr.quantities.quantify import quantify
from qpcr.report import render
from qpcr.run import Task
from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec, eds_bytes, simulate_plate


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """SIMULATED RNase P plates; in the bad one each dilution step was larger than it says."""
    made = {}
    for name, power in (("good", 1.0), ("bad", 1.12)):
        plan = [("STANDARD", 1e4 * (q / 1e4) ** power, q, f"s{q}") for q in
                (1e4, 5e3, 1e3, 1e2) for _ in "123"]  # fmt: skip
        plan += [("UNKNOWN", q, None, f"pop{q:g}") for q in (5e3, 1e4) for _ in range(6)]
        wells = tuple(
            WellSpec(place, sample, (ReactionSpec("RNase P", copies, task, stated),))
            for place, (task, copies, stated, sample) in enumerate(plan)
        )
        spec = PlateSpec(name, (TargetSpec("RNase P"),), wells)
        made[name] = tmp_path_factory.mktemp("plates") / f"{name}.eds"
        made[name].write_bytes(eds_bytes(simulate_plate(spec, seed=4)))
    return made


@pytest.mark.parametrize("name", ["good", "bad"])
def test_standards_and_analyze_say_the_same_of_a_curve(plates, tmp_path, name):
    record = analyze(plates[name])
    findings = [one for one in record.findings if one.rule == "efficiency"]
    assert len(findings) == (name == "bad")
    done = run("standards", plates[name], "--out", tmp_path)
    assert done.exit_code == 0, done.output
    with (tmp_path / "standards.csv").open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    page = render(record, "en")
    for text in (done.output, row["warnings"]):
        assert ("Do not compute quantities with these standards" in text) is (name == "bad")
    assert ("90% to 110% is wanted" in page) is (name == "bad")
    for one in findings:
        assert f"give an efficiency of {one.value:.1%}; 90% to 110% is wanted" in done.output
        assert f"{one.value:.1%}" in row["warnings"]
        assert float(row["efficiency"]) == pytest.approx(one.value)
        assert one.remedy in done.output


def test_a_passed_installation_test_does_not_speak_for_the_curve(plates):
    for name in plates:
        found = quantify(measured(analyze(plates[name])))
        (test,) = [one for one in installation_tests(found) if one.task is Task.UNKNOWN]
        assert test.result.passed
        assert ("see the warning about the curve" in test.message) is (name == "bad")


def line(efficiency, wobble=0.0):
    step = -1 / math.log10(1 + efficiency)
    quantities = [10.0**n for n in (5, 4, 3, 2)] * 2
    cqs = [40 + step * math.log10(q) + wobble * (-1) ** (i // 4) for i, q in enumerate(quantities)]
    return fit_standard_curve(quantities, cqs)


def test_limits_are_the_rules_or_the_panels():
    assert judgement("T", line(1.0), RULE.limits) is None
    assert "85.0%; 90% to 110%" in judgement("T", line(0.85), RULE.limits)
    assert judgement("T", line(0.85), {**RULE.limits, "lowest": 0.8}) is None
    assert "r² is" in judgement("T", line(1.0, 1.0), RULE.limits)
    assert judgement("T", line(0.85), {**RULE.limits, "fewest_levels": 5}) is None
    panel = load_panel("ikzf1")
    assert limits_of("efficiency", None) == RULE.limits
    assert limits_of("efficiency", replace(panel, qc=())) is None
