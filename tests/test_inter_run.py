"""Inter-run calibration: shifts, their errors, and what quantities make of them."""

from __future__ import annotations

import csv
import math
import re
import shutil
import zipfile
from dataclasses import astuple
from datetime import date

import numpy as np
import pytest
import statsmodels.api as sm
from click.testing import CliRunner

from calibration.errors import CalibrationError
from calibration.inter_run import inter_run
from cli import main
from qpcr.errors import InputError
from qpcr.quantities.inter_run import of_quantities, plate_texts
from qpcr.quantities.measured import Measured
from qpcr.quantities.quantify import quantify
from qpcr.quantities.relative import RelativeWell, calibrations, ratios
from qpcr.run import Task


def table(text):
    return list(csv.DictReader(text.splitlines()))


def test_shifts_are_differences_of_common_samples():
    rng = np.random.default_rng(5)
    truth = {"a": -0.3, "b": 0.1, "c": 0.2}
    samples = {f"s{i}": 20 + i for i in range(6)}
    common = {r: {s: [cq + d] for s, cq in samples.items()} for r, d in truth.items()}
    del common["a"]["s0"], common["b"]["s5"]
    made = inter_run(common)
    assert dict(zip(made.runs, made.shifts, strict=True)) == pytest.approx(truth)
    assert made.shared == (5, 5, 6)
    noisy = {r: {s: [v[0] + rng.normal(0, 0.1)] for s, v in one.items()}
             for r, one in common.items()}  # fmt: skip
    made = inter_run(noisy)
    for run, shift in truth.items():
        assert abs(made.shift(run) - shift) < 5 * made.se(run)
    with pytest.raises(CalibrationError, match="connect"):
        inter_run({"a": {"s1": [20.0]}, "b": {"s2": [21.0]}})
    with pytest.raises(CalibrationError, match="two runs"):
        inter_run({"a": {"s1": [20.0]}})
    with pytest.raises(CalibrationError, match="finite"):
        inter_run({"a": {"s1": [20.0]}, "b": {"s1": [math.nan]}})


def test_errors_of_an_unbalanced_design_are_those_of_least_squares():
    """Against statsmodels: sum contrasts for runs, indicators for samples."""
    rng = np.random.default_rng(8)
    common = {
        run: {f"s{i}": [rng.normal(20 + i, 0.2)] for i in range(5) if (i, run) not in gaps}
        for run in "abc"
        for gaps in [{(0, "a"), (4, "b"), (2, "c")}]
    }
    made = inter_run(common)
    rows = [(r, s, v[0]) for r, one in common.items() for s, v in one.items()]
    design = np.zeros((len(rows), 2 + 5))
    for place, (run, sample, _) in enumerate(rows):
        design[place, :2] = {"a": (1, 0), "b": (0, 1), "c": (-1, -1)}[run]
        design[place, 2 + int(sample[1])] = 1
    answer = sm.OLS([v for *_, v in rows], design).fit()
    assert made.shifts[:2] == pytest.approx(answer.params[:2])
    assert [made.se(run) for run in "ab"] == pytest.approx(answer.bse[:2])
    assert made.df == answer.df_resid
    assert made.half_width("a") == pytest.approx(
        (answer.conf_int()[0][1] - answer.conf_int()[0][0]) / 2
    )
    gap = answer.t_test([2, 1, 0, 0, 0, 0, 0])  # a − c
    assert math.sqrt(made.variance({"a": 1, "c": -1})) == pytest.approx(gap.sd[0][0])
    assert made.variance({"a": 1, "b": 0}) == pytest.approx(made.se("a") ** 2)
    assert made.variance({}) == 0


def test_two_runs_in_closed_form():
    """Two runs, n common samples: the shift is half the mean difference."""
    rng = np.random.default_rng(6)
    a, b = rng.normal(20, 1, 8), rng.normal(20.5, 1, 8)
    made = inter_run(
        {"a": {str(i): [v] for i, v in enumerate(a)}, "b": {str(i): [v] for i, v in enumerate(b)}}
    )
    gap = b - a
    assert made.shift("b") == pytest.approx(gap.mean() / 2)
    assert made.se("a") == pytest.approx(gap.std(ddof=1) / math.sqrt(8) / 2)


def test_geometric_means_of_hellemans():
    """Where every run has every calibrator, 10^shift is the geometric mean over all, in each."""
    rng = np.random.default_rng(9)
    quantities = {run: {s: float(10 ** rng.normal(2, 0.5)) for s in "xyz"} for run in ("p", "q")}
    made = inter_run(
        {r: {s: [math.log10(q)] for s, q in one.items()} for r, one in quantities.items()}
    )
    means = {r: float(np.prod(list(one.values())) ** (1 / 3)) for r, one in quantities.items()}
    overall = math.sqrt(means["p"] * means["q"])
    for run in quantities:
        assert 10 ** made.shift(run) == pytest.approx(means[run] / overall)


def test_one_calibrator_has_the_error_of_its_wells_or_none():
    wells = {"a": {"s": [20.0, 20.2]}, "b": {"s": [21.0, 21.2]}}
    made = inter_run(wells)
    assert made.from_wells
    assert made.df == 2
    assert made.residual_sd == pytest.approx(math.sqrt(0.02 / 2))
    # shift of b is half of a difference of two means with variance 0.02/2 each
    assert made.se("b") == pytest.approx(math.sqrt(2 * 0.02 / 2) / 2)
    single = inter_run({"a": {"s": [20.0]}, "b": {"s": [21.0]}})
    assert single.shift("b") == pytest.approx(0.5)
    assert single.se("b") is None
    assert single.half_width("b") is None
    assert single.variance({"a": 1.0, "b": -1.0}) is None
    assert single.variance({"a": 0.0}) == 0


def test_intervals_of_shifts_cover():
    rng = np.random.default_rng(10)
    inside = 0
    for _ in range(500):
        common = {
            run: {f"s{i}": [20 + i + shift + rng.normal(0, 0.2)] for i in range(4)}
            for run, shift in (("a", -0.2), ("b", 0.5), ("c", -0.3))
        }
        made = inter_run(common)
        inside += abs(made.shift("b") - 0.5) < made.half_width("b")
    assert 0.92 < inside / 500 < 0.98


def wells(rng, run, sample, level, shift, count=3, sd=0.1):
    """SIMULATED wells of a target and a reference."""
    preparation = rng.normal(0, sd)
    return [
        RelativeWell(sample, gene, run, base - level * (gene == "T") + shift[gene]
                     + preparation + rng.normal(0, sd))
        for gene, base in (("T", 25.0), ("R", 22.0))
        for _ in range(count)
    ]  # fmt: skip


def two_runs(rng, commons=4):
    rows = []
    for run, shift in (("1", {"T": 0.0, "R": 0.0}), ("2", {"T": 1.0, "R": 0.4})):
        for i in range(commons):
            rows += wells(rng, run, f"c{i}", 0.5 * i, shift)
    rows += wells(rng, "1", "base", 0.0, {"T": 0.0, "R": 0.0})
    rows += wells(rng, "1", "near", 2.0, {"T": 0.0, "R": 0.0})
    return rows + wells(rng, "2", "far", 2.0, {"T": 1.0, "R": 0.4})


def test_relative_quantities_over_runs_carry_the_calibration_s_error():
    rng = np.random.default_rng(12)
    names = [f"c{i}" for i in range(4)]
    inside = 0
    wider = []
    for _ in range(200):
        found = {one.sample: one.quantity for one in ratios(two_runs(rng), ["R"], "base", {},
                                                            common=names)}  # fmt: skip
        far, near = found["far"], found["near"]
        inside += far.low < 4 < far.high
        wider.append((far.ln_se, near.ln_se))
    assert 0.90 < inside / 200 <= 1
    far, near = np.median(wider, axis=0)
    assert far > near


def test_within_a_run_nothing_changes_and_one_single_common_sample_gives_no_interval():
    rng = np.random.default_rng(13)
    rows = two_runs(rng)
    alone = [row for row in rows if row.run == "1"]
    both = {one.sample: one.quantity for one in
            ratios(rows, ["R"], "base", {}, common=["c0", "c1"])}  # fmt: skip
    only = {one.sample: one.quantity for one in ratios(alone, ["R"], "base", {})}
    assert astuple(both["near"]) == pytest.approx(astuple(only["near"]))
    single = [row for row in rows if not row.sample.startswith("c")]
    single += [RelativeWell("c0", g, r, 20.0) for g in "TR" for r in "12"]
    far = next(one for one in ratios(single, ["R"], "base", {}, common=["c0"])
               if one.sample == "far")  # fmt: skip
    assert far.quantity.low is None
    assert "no interval" in far.reason
    with pytest.raises(InputError, match="no common sample"):
        calibrations(rows, ["near"])


def plate(file, factor, rng):
    """SIMULATED plate whose quantities come out too large by a factor."""
    rows = []

    def add(sample, task, stated, copies):
        cq = 38 - 3.4 * math.log10(copies) + rng.normal(0, 0.05)
        rows.append(Measured(file, "0" * 64, date(2026, 1, 1), f"A{len(rows)}", sample, "T",
                             task, stated, cq, None, None))  # fmt: skip

    for stated in (10, 100, 1000, 10000):
        for _ in range(3):
            add("std", Task.STANDARD, float(stated), stated)
    for name, copies in (("c1", 200.0), ("c2", 800.0), ("c3", 3000.0), ("x", 500.0)):
        for _ in range(3):
            add(name, Task.UNKNOWN, None, copies * factor)
    return rows


def test_plates_are_calibrated_by_quantities_of_common_samples():
    rng = np.random.default_rng(14)
    found = quantify([*plate("p.eds", 1.0, rng), *plate("q.eds", 2.0, rng)])
    made = of_quantities(found, ["c1", "c2", "c3"])["T"]
    assert 10 ** (made.shift("q.eds") - made.shift("p.eds")) == pytest.approx(2.0, rel=0.05)
    texts = plate_texts(found, ["c1", "c2", "c3"], 0.95)
    factors = {row["run"]: row for row in table(texts["inter_run.csv"])}
    low, high = (float(factors["p.eds"][f"factor_{end}"]) for end in ("low", "high"))
    assert low < math.sqrt(2) < high
    assert factors["p.eds"]["common_samples"] == "3"
    assert factors["p.eds"]["error_from"] == "common samples"
    x = {row["file"]: row for row in table(texts["calibrated.csv"]) if row["sample"] == "x"}
    one, two = (float(x[file]["calibrated"]) for file in ("p.eds", "q.eds"))
    assert one == pytest.approx(two, rel=0.1)
    assert one == pytest.approx(500 * math.sqrt(2), rel=0.1)  # the mean of the two plates
    row = x["q.eds"]
    own = next(one.quantity for one in found.samples if one.sample == "x" and one.file == "q.eds")
    assert float(row["calibrated_high"]) / float(row["calibrated"]) > own.high / own.value
    assert float(row["calibrated_low"]) < float(row["calibrated"])
    with pytest.raises(InputError, match="no common sample whose wells"):
        of_quantities(found, ["nobody"])
    with pytest.raises(InputError, match="nothing to calibrate"):
        of_quantities(quantify(plate("p.eds", 1.0, rng)), ["c1"])


def run_command(*arguments, code=0):
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def a_day_later(plate, path):
    """The same readings as if another run had given them: what is apart is known to be nothing."""
    with zipfile.ZipFile(plate) as source, zipfile.ZipFile(path, "w") as other:
        for name in source.namelist():
            text = source.read(name)
            other.writestr(name, re.sub(rb"(Run(?:Start|End)Time>)1194", rb"\g<1>1195", text)
                           if name.endswith("experiment.xml") else text)  # fmt: skip
    return path


def test_commands_write_how_far_runs_are_apart(tmp_path, data_dir):
    lines = [f"{w.sample},{w.target},{w.run},{w.cq}" for w in two_runs(np.random.default_rng(15))]
    source = tmp_path / "runs.csv"
    source.write_text("sample,target,run,cq\n" + "\n".join(lines) + "\n", encoding="utf-8")
    told = ("relative", source, "--reference", "R", "--calibrator", "base", "--out", tmp_path / "r")
    run_command(*told, "--common", "c0", "--common", "c1", "--common", "c2")
    rows = {(row["target"], row["run"]): row
            for row in table((tmp_path / "r" / "inter_run.csv").read_text("utf-8"))}  # fmt: skip
    gap = float(rows["T", "2"]["shift"]) - float(rows["T", "1"]["shift"])
    assert gap == pytest.approx(1.0, abs=0.3)
    assert float(rows["T", "2"]["factor"]) == pytest.approx(2 ** float(rows["T", "2"]["shift"]))
    plate = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    same = [shutil.copy(plate, tmp_path / "a.eds"), a_day_later(plate, tmp_path / "b.eds")]
    told = ("standards", *same, "--out", tmp_path / "s")
    run_command(*told, "--common", "pop1", "--common", "pop2")
    made = table((tmp_path / "s" / "inter_run.csv").read_text("utf-8"))
    assert [float(row["factor"]) for row in made] == pytest.approx([1.0, 1.0])
    assert (tmp_path / "s" / "calibrated.csv").exists()
    run_command(*told)
    assert not (tmp_path / "s" / "calibrated.csv").exists(), "of an earlier time"
    run_command(*told, "--common", "nobody", code=3)
