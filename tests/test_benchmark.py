"""Indicators against the field's scorer and closed forms; the benchmark's command and page."""

from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from shared_curves import CYCLES, assay

from cli import main
from qpcr.benchmark import read_wells, run_benchmark
from qpcr.errors import InputError
from qpcr.indicators import Design, figures, pooled_sd, summary
from qpcr.report.benchmark import render_benchmark
from qpcr.tables import CurveTable, read_curves


def test_pooled_sd_of_groups():
    """Σ(n − 1)s²: 2 from the pair (1, 3), 2 from the triple (4, 5, 6), over 3 degrees."""
    values = np.array([1.0, 3.0, 4.0, 5.0, 6.0, 9.0, np.nan])
    assert pooled_sd(values, np.array([0, 0, 1, 1, 1, 2, 2])) == pytest.approx(np.sqrt(4 / 3))


def test_perfect_series():
    """Two cycles per halving, quantities a tenth too low at the low end."""
    conc = np.repeat([1000.0, 100.0, 10.0], 2)
    cq = 40 - np.log2(conc) * 2 + np.tile([0.1, -0.1], 3)
    n0 = conc * np.repeat([1.0, 1.0, 0.9], 2)
    one = figures(Design(np.repeat([0, 1, 2], 2), conc, copies=True), cq, 0 * cq + 0.3, n0)
    assert one.cq_sd == pytest.approx(np.sqrt(2) * 0.1)
    assert one.predicted_sd == pytest.approx(0.3)
    assert one.sc_slope == pytest.approx(-2 / np.log10(2))
    assert one.sc_efficiency == pytest.approx(np.sqrt(2))
    assert one.bias == pytest.approx(1 / 0.9)
    assert one.precision == pytest.approx(0, abs=1e-20)
    sampling = np.sqrt(np.mean(np.log1p(1 / np.array([1000, 100, 10]))))
    assert one.poisson_sd == pytest.approx(sampling / np.log(np.sqrt(2)))


def test_expected_sd_of_true_errors_and_drawn_copies():
    """Wells with Poisson copies and an error that is stated truly lie as far apart as expected."""
    rng = np.random.default_rng(11)
    group, mean = np.repeat(np.arange(400), 6), np.repeat(np.tile([2.0, 30.0, 1e5], 134)[:400], 6)
    copies = rng.poisson(mean)
    error = rng.uniform(0.05, 0.3, len(group))
    with np.errstate(divide="ignore"):
        cq = np.where(copies > 0, 40 - np.log2(copies) + rng.normal(0, error), np.nan)
    one = figures(Design(group, mean, copies=True), cq, error, np.full_like(cq, np.nan))
    assert one.sc_efficiency == pytest.approx(2, abs=0.06)
    assert one.sd_ratio == pytest.approx(1, abs=0.05)
    half = figures(Design(group, mean, copies=True), cq, error / 2, np.full_like(cq, np.nan))
    assert half.sd_ratio > one.sd_ratio
    blind = figures(Design(group, mean, copies=False), cq, error, np.full_like(cq, np.nan))
    assert blind.expected_sd == pytest.approx(
        np.sqrt((0.05**2 + 0.05 * 0.3 + 0.3**2) / 3), rel=0.02
    )
    silent = figures(Design(group, mean, copies=True), cq, cq * np.nan, cq)
    assert np.isnan([silent.expected_sd, silent.sd_ratio]).all()


def test_a_design_that_shows_nothing_says_nothing():
    nothing = np.full(2, np.nan)
    one = figures(Design(np.array([0, 1]), nothing, copies=False), nothing, nothing, nothing)
    assert (one.n, one.called) == (2, 0)
    assert np.isnan([one.cq_sd, one.bias, one.resolution, one.poisson_sd, one.sc_syx]).all()
    assert summary([one, one]).n == 4


def test_a_standard_without_quantity_has_no_bias():
    """Leaving out the lowest standard must not make a method look unbiased."""
    conc = np.repeat([1000.0, 100.0, 10.0], 2)
    n0 = np.where(conc == 10, np.nan, conc)
    one = figures(Design(np.repeat([0, 1, 2], 2), conc, copies=False), -np.log2(conc) + 20, n0, n0)
    assert np.isnan(one.bias)


def theirs(scorer, meta, results, tmp_path, mode="given"):
    detail = tmp_path / "detail.csv"
    command = [sys.executable, scorer, results, "--meta", meta, "--n0", mode, "--detail", detail]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    with detail.open(newline="") as file:
        return {row["target"]: row for row in csv.DictReader(file)}


def test_figures_are_those_of_the_published_scorer(data_dir, tmp_path):
    """On made-up quantities of every gene of a published design, gaps included."""
    scorer = data_dir.parent / "score" / "qpcr_score.py"
    if not scorer.is_file():
        pytest.skip("the published scorer is not beside the real files")
    meta = data_dir / "curves" / "meta.csv"
    dataset = "vermeulen2_half"
    names = read_curves(data_dir / "curves" / f"{dataset}.csv").names
    wells = read_wells(meta, dataset, names)
    rng = np.random.default_rng(0)
    conc = np.array([well.concentration for well in wells])
    cq = 38 - np.log(conc) / np.log(1.93) + rng.normal(0, 0.3, len(names))
    n0 = 1.9**-cq * np.exp(rng.normal(0, 0.1, len(names)))
    cq[rng.random(len(names)) < 0.05] = np.nan
    n0[np.isnan(cq)] = np.nan
    results = tmp_path / "mine.csv"
    rows = zip(names, cq, n0, strict=True)
    results.write_text(
        "method,dataset,curve,cq,eff,n0\n"
        + "".join(f"m,{dataset},{n},{float(a)!r},,{float(b)!r}\n" for n, a, b in rows)
    )
    their = theirs(scorer, meta, results, tmp_path)
    assert len(their) == 31
    pairs = {
        "n": "n", "called": "called", "cq_sd": "cq_sd", "poisson_sd": "poisson_sd",
        "sc_slope": "sc_slope", "sc_efficiency": "sc_eff", "sc_r2": "sc_r2", "sc_syx": "sc_syx",
        "bias": "bias_fold", "slope": "slope", "linearity": "linearity_n",
        "precision": "precision_n", "resolution": "resolution_n",
    }  # fmt: skip
    for target, row in their.items():
        at = np.array([i for i, well in enumerate(wells) if well.target == target])
        group = np.unique([wells[i].group for i in at], return_inverse=True)[1]
        one = figures(Design(group, conc[at], copies=True), cq[at], 0 * cq[at], n0[at])
        for ours, name in pairs.items():
            expected = float(row[name])
            assert getattr(one, ours) == pytest.approx(expected, rel=1e-5, nan_ok=True), name


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A synthetic dilution series of two assays, and its description."""
    folder = tmp_path_factory.mktemp("benchmark")
    start = np.repeat([1e-4, 1e-5, 1e-6], 3)
    signal = np.concatenate([assay(start, seed=s).signal for s in (1, 2)])
    names = [f"{t}{i}" for t in "ab" for i in range(9)]
    lines = [",".join(["cycle", *names])]
    lines += [
        ",".join([f"{c:g}", *(f"{v:.6f}" for v in signal[:, i])]) for i, c in enumerate(CYCLES)
    ]
    (folder / "set.csv").write_text("\n".join(lines))
    rows = [f"{name},<{name[0]}>,{start[i % 9] * 1e8:g},copies" for i, name in enumerate(names)]
    (folder / "meta.csv").write_text("\n".join(["curve,target,conc,unit", *rows]))
    return folder


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in ("benchmark", *arguments)])


def test_the_command_scores_and_writes(files, tmp_path):
    done = run(
        files / "set.csv", files / "meta.csv", "--out", tmp_path,
        *("--method", "recommended", "--method", "cpd1"),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "recommended" in done.output
    with (tmp_path / "benchmark.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert {row["method"] for row in found} == {"recommended", "cpd1"}
    assert {row["target"] for row in found} == {"", "<a>", "<b>"}
    for row in found:
        assert row["called"] == row["n"] == ("18" if row["target"] == "" else "9")
        assert 1.8 < float(row["sc_efficiency"]) < 2.05
    page = (tmp_path / "benchmark.html").read_text(encoding="utf-8")
    assert "&lt;a&gt;" in page
    assert "<a>" not in page
    assert "<script" not in page


def test_the_best_is_marked_among_those_that_called_every_well(files):
    table = read_curves(files / "set.csv")
    wells = read_wells(files / "meta.csv", "set", table.names)
    made = run_benchmark(table, "set", wells, only=("recommended", "cpd1"))
    one = made.overall[0]
    assert [line.figures.cq_sd for line in made.overall] == sorted(
        line.figures.cq_sd for line in made.overall
    )
    page = render_benchmark(made)
    assert f'class="best">{one.figures.cq_sd:.4g}<' in page


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("curve,target\na0,x", "a column is missing"),
        ("curve,conc\na0,1", "curves are not listed"),
        ("curve,conc\na0,much", "a concentration is no number"),
        ("curve,conc\na0,-1", "a concentration is no number"),
    ],
)
def test_a_description_that_does_not_fit(files, tmp_path, text, problem):
    meta = tmp_path / "meta.csv"
    meta.write_text(text)
    done = run(files / "set.csv", meta)
    assert done.exit_code == 3
    assert problem in done.output


def test_only_controls(files):
    table = CurveTable(("a",), CYCLES.astype(np.int64), np.ones((1, len(CYCLES))))
    meta = files / "ntc.csv"
    meta.write_text("curve,group,ntc\na,g,1")
    with pytest.raises(InputError, match="no curve but controls"):
        run_benchmark(table, "set", read_wells(meta, "set", table.names))
