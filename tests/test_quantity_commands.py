"""``qpcr lod``, ``relative`` and ``control-chart`` as a user types them."""

from __future__ import annotations

import csv
import math
import warnings
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from eds_files import written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_records import synthetic_record, synthetic_run

from calibration.curve_checks import lack_of_fit, linear_range, outliers
from calibration.errors import CalibrationError
from calibration.standard_curve import fit_standard_curve
from cli import main
from qpcr import InputError, analyze
from qpcr.quantification import quantified
from qpcr.quantities.controls import silent_controls, values_of
from qpcr.quantities.drawing import Event, Mark, Rule, draw, page
from qpcr.quantities.measured import measured
from qpcr.quantities.named_table import read_named
from qpcr.quantities.quantify import quantify
from qpcr.quantities.relative import factors_of
from qpcr.run import Task
from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec, eds_bytes, simulate_plate


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path, head, rows):
    path.write_text(
        "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8"
    )
    return path


def wells(rng):
    """SIMULATED single-molecule dilutions: Poisson copies, Ct 38 − 3.4 log10 copies."""
    rows = []
    for q in (1000, 100, 10, 3, 1, 0.3):
        for _ in range(24):
            copies = rng.poisson(q)
            cq = 38 - 3.4 * math.log10(copies) + rng.normal(0, 0.1) if copies else None
            rows.append(("IK", q, "" if cq is None else f"{cq:.3f}"))
    return rows


def test_lod_of_single_molecules_is_three_copies(tmp_path):
    source = write(tmp_path / "d.csv", "target,quantity,cq", wells(np.random.default_rng(3)))
    done = run("lod", source, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    lod = {row["method"]: row for row in table(tmp_path / "out" / "lod.csv")}
    assert set(lod) == {"probit", "logit", "cloglog", "poisson"}
    assert float(lod["poisson"]["lod_low"]) < 2.996 < float(lod["poisson"]["lod_high"])
    levels = table(tmp_path / "out" / "loq.csv")
    assert [float(row["quantity"]) for row in levels] == [1000, 100, 10, 3, 1, 0.3]
    assert float(levels[0]["loq_by_level"]) in (10, 100)
    counts = write(
        tmp_path / "c.csv",
        "target,quantity,tested,detected",
        [("IK", row["quantity"], row["tested"], row["detected"]) for row in levels],
    )
    assert run("lod", counts, "--out", tmp_path / "again").exit_code == 0
    again = {row["method"]: row["lod"] for row in table(tmp_path / "again" / "lod.csv")}
    assert again == {name: row["lod"] for name, row in lod.items()}
    cut = run("lod", source, "--out", tmp_path / "cut", "--last-cq", "36.5")
    assert cut.exit_code == 0
    later = {row["method"]: row for row in table(tmp_path / "cut" / "lod.csv")}
    assert float(later["probit"]["lod"]) > float(lod["probit"]["lod"])


@pytest.mark.parametrize("head", ["cq", "Cq", "ct", "Ct", "CT", "CQ "])
def test_a_column_of_ct_may_be_called_either(tmp_path, head):
    rows = [("T", q, 38 - 3.4 * math.log10(q) + off) for q in (1000, 100, 10) for off in (0, 0.1)]
    rows += [("T", 1, 38.0), ("T", 1, "Undetermined")]
    source = write(tmp_path / "d.csv", f"target,quantity,{head}", rows)
    done = run("lod", source, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    levels = {float(row["quantity"]): row["detected"] for row in table(tmp_path / "loq.csv")}
    assert levels == {1000: "2", 100: "2", 10: "2", 1: "1"}
    source = write(tmp_path / "r.csv", f"sample,target,{head}", [("s", "T", 25), ("s", "R", 20)])
    assert run("relative", source, "--reference", "R", "--out", tmp_path).exit_code == 0


def test_a_limit_from_few_wells_says_so(tmp_path):
    source = write(tmp_path / "d.csv", "quantity,cq", [(10, 30), (1, 34), (1, "")])
    done = run("lod", source, "--out", tmp_path)
    assert done.exit_code == 0
    lod = {row["method"]: row for row in table(tmp_path / "lod.csv")}
    assert all(lod[one]["lod"] == "" and lod[one]["reason"] for one in ("probit", "logit"))
    assert "rests on little" in lod["poisson"]["notes"]
    assert "fewer than 20 wells" in lod["poisson"]["notes"]
    assert "rests on little" in done.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quantity,foo\n1,2\n", "no results"),
        ("cq\n30\n", "'quantity' is missing"),
        ("quantity,cq\n1,x\n", "no number"),
        ("quantity,cq\n1,-1\n", "no Ct"),
        ("quantity,cq\n1,0\n", "no Ct"),
        ("quantity,tested,detected\n1,5,6\n2,5,5\n", "cannot be"),
        ("quantity,cq\n", "no lines"),
        ("quantity,cq,cq\n1,2,3\n", "one name"),
        ("quantity,cq\n,30\n", "no row has a quantity"),
    ],
)
def test_tables_that_say_nothing_are_refused(tmp_path, text, words):
    source = tmp_path / "d.csv"
    source.write_text(text, encoding="utf-8")
    done = run("lod", source, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert words in done.output
    assert not (tmp_path / "out").exists()


def test_decimal_commas_are_read_where_semicolons_part_the_cells(tmp_path):
    source = tmp_path / "d.csv"
    source.write_text("sample;cq\na;30,5\nb;Undetermined\n", encoding="gb18030")
    rows = read_named(source, ["cq"])
    assert [row.opt_number("cq") for row in rows] == [30.5, None]
    source.write_text('sample,cq\na,"30,5"\n', encoding="utf-8")
    with pytest.raises(InputError, match="no number"):
        read_named(source, ["cq"])[0].opt_number("cq")


def test_relative_quantities_of_a_table(tmp_path):
    rows = [("s", "T", 25.0), ("s", "T", 25.2), ("s", "R", 20.0), ("s", "R", 20.0),
            ("c", "T", 27.0), ("c", "T", 27.2), ("c", "R", 20.5), ("c", "R", 20.5),
            ("x", "T", 27.0), ("x", "T", ""), ("x", "R", 20.0)]  # fmt: skip
    source = write(tmp_path / "t.csv", "sample,target,cq", rows)
    done = run("relative", source, "--reference", "R", "--calibrator", "c", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    found = {row["sample"]: row for row in table(tmp_path / "relative.csv")}
    assert float(found["s"]["ratio"]) == pytest.approx(2**1.5)
    assert float(found["c"]["ratio"]) == pytest.approx(1)
    assert found["x"]["ratio"] == ""
    assert "no Ct" in found["x"]["reason"]
    done = run("relative", source, "--reference", "R", "--calibrator", "c", "--out", tmp_path,
               "--factor", "T=1.9")  # fmt: skip
    found = {row["sample"]: row for row in table(tmp_path / "relative.csv")}
    assert float(found["s"]["ratio"]) == pytest.approx(1.9**2 / 2**0.5)
    for wrong in (["--reference", "Q"], ["--reference", "R", "--calibrator", "q"],
                  ["--reference", "R", "--factor", "Q=1.9"]):  # fmt: skip
        assert run("relative", source, *wrong, "--out", tmp_path).exit_code == 3
    assert run("relative", source, "--reference", "R", "--factor", "T=3", "--out", tmp_path
               ).exit_code == 2  # fmt: skip


def test_runs_are_calibrated_by_their_common_samples(tmp_path):
    shift = {"a": {"T": 0.0, "R": 0.0}, "b": {"T": 0.8, "R": -0.3}}
    cqs = {"pool": {"T": 26.0, "R": 21.0}, "s": {"T": 25.0, "R": 20.0}, "c": {"T": 27.0, "R": 20.0}}
    rows = [
        (run_, sample, gene, cqs[sample][gene] + shift[run_][gene])
        for run_, samples in (("a", ("pool", "s")), ("b", ("pool", "c")))
        for sample in samples
        for gene in "TR"
        for _ in "12"
    ]
    source = write(tmp_path / "t.csv", "run,sample,target,cq", rows)
    given_ = ["--reference", "R", "--calibrator", "c", "--out", tmp_path]
    refused = run("relative", source, *given_)
    assert refused.exit_code == 3
    assert "several runs" in refused.output
    assert run("relative", source, *given_, "--common", "pool").exit_code == 0
    found = {row["sample"]: float(row["ratio"]) for row in table(tmp_path / "relative.csv")}
    assert found["s"] == pytest.approx(4)
    assert run("relative", source, *given_, "--common", "s").exit_code == 3


def test_tables_without_a_run_are_a_run_each(tmp_path):
    """Two runs in two tables are never taken for one."""
    cqs = {"T": 25.0, "R": 20.0}
    for name, late in (("a", 0.0), ("b", 3.0)):
        rows = [("s", gene, cq + late) for gene, cq in cqs.items()]
        write(tmp_path / f"{name}.csv", "sample,target,cq", rows)
    given_ = [tmp_path / "a.csv", tmp_path / "b.csv", "--reference", "R", "--out", tmp_path]
    done = run("relative", *given_)
    assert done.exit_code == 3
    assert "several runs" in done.output


def test_relative_quantities_of_a_run_name_their_method(tmp_path):
    """A real path from the file: the method's Cq and its efficiencies, against both by hand."""
    plate = written(tmp_path, two_genes())
    given_ = [plate, "--reference", "B", "--calibrator", "base", "--out", tmp_path]
    found = {}
    for options in ((), ("--method", "cpd1"), ("--method", "recommended", "--efficiencies")):
        done = run("relative", *given_, *options)
        assert done.exit_code == 0, done.output
        (row,) = [one for one in table(tmp_path / "relative.csv") if one["sample"] == "more"]
        found[row["cq_method"]] = float(row["ratio"])
        assert f"Cq by the method: {row['cq_method']}" in done.output
    assert list(found) == ["threshold", "cpd1", "recommended"]
    for method, ratio in found.items():
        record = analyze(plate, method=method)
        wells = record.quantification.wells
        mean, factor = {}, {}
        for reaction, one in zip(record.run.reactions, wells, strict=True):
            mean.setdefault((reaction.sample, reaction.target), []).append(one.cq)
            factor[reaction.target] = one.efficiency if method == "recommended" else 2.0
        delta = {gene: np.mean(mean["base", gene]) - np.mean(mean["more", gene]) for gene in "AB"}
        assert ratio == pytest.approx(factor["A"] ** delta["A"] / factor["B"] ** delta["B"])
        assert ratio == pytest.approx(10, rel=0.25), "ten times more of A was put in"
    record = analyze(plate, method="recommended")
    bare = tuple(replace(one, efficiency=None) for one in record.quantification.wells)
    lacking = replace(record, quantification=replace(record.quantification, wells=bare))
    with pytest.raises(InputError, match="no efficiency for a gene"):
        factors_of([lacking], "recommended")
    for method in ("cy0", "shared"):
        done = run("relative", *given_, "--method", method, "--efficiencies")
        assert done.exit_code == 3
        assert "no efficiency of a gene" in done.output


def test_cq_of_two_methods_do_not_mix(tmp_path):
    plate = written(tmp_path, two_genes())
    assert run("analyze", plate, "--out", tmp_path, "--method", "cpd2").exit_code == 0
    tables = tmp_path / "plate"
    given_ = ["--reference", "B", "--out", tmp_path, "--common", "base"]
    done = run("relative", tables / "quantification.csv", *given_)
    assert done.exit_code == 0, done.output
    assert {row["cq_method"] for row in table(tmp_path / "relative.csv")} == {"cpd2"}
    done = run("relative", tables / "reactions.csv", *given_)
    assert {row["cq_method"] for row in table(tmp_path / "relative.csv")} == {"threshold"}
    done = run("relative", tables / "quantification.csv", plate, *given_)
    assert done.exit_code == 3
    assert "several methods" in done.output
    assert run("relative", tables / "quantification.csv", plate, *given_, "--method", "cpd2"
               ).exit_code == 0  # fmt: skip
    assert run("relative", tables / "reactions.csv", *given_, "--efficiencies").exit_code == 2


def two_genes():
    """SYNTHETIC: three wells each of two samples, the second with ten times more of gene A."""
    targets = (TargetSpec("A", "FAM", "TAMRA"), TargetSpec("B", "VIC", "TAMRA"))
    wells = tuple(
        WellSpec(place * 3 + n, name, (ReactionSpec("A", a), ReactionSpec("B", 3000.0)))
        for place, (name, a) in enumerate((("base", 1000.0), ("more", 10_000.0)))
        for n in range(3)
    )
    return eds_bytes(simulate_plate(PlateSpec("two genes", targets, wells, cycles=40), seed=5))


def controls(last):
    values = [30 + 0.1 * (-1) ** i for i in range(20)] + [last]
    return [(f"2026-01-{i + 1:02d}", value, "Ct & <b>", "L1") for i, value in enumerate(values)]


def test_control_chart_alarms_on_the_newest_value_only(tmp_path):
    head = "date,value,series,lot"
    source = write(tmp_path / "a.csv", head, controls(30.05))
    assert run("control-chart", source, "--out", tmp_path / "a").exit_code == 0
    source = write(tmp_path / "b.csv", head, controls(30.5))
    done = run("control-chart", source, "--out", tmp_path / "b")
    assert done.exit_code == 1
    assert "REJECTED" in done.output
    rows = table(tmp_path / "b" / "control-chart.csv")
    assert "1-3s" in rows[-1]["rules"]
    assert rows[-1]["rejected"] == "yes"
    html = (tmp_path / "b" / "control-chart.html").read_text(encoding="utf-8")
    assert "<b>" not in html
    assert html.count('class="bad"') == 1
    # a new lot begins a new chart, and lines need not be in order
    more = [*reversed(controls(30.05)), ("2026-02-01", 35, "Ct & <b>", "L2")]
    source = write(tmp_path / "c.csv", head, more)
    done = run("control-chart", source, "--out", tmp_path / "c")
    assert done.exit_code == 0
    assert "too few" in done.output


def test_control_chart_with_limits_fixed_beforehand(tmp_path):
    source = write(tmp_path / "a.csv", "date,value", [("2026-01-01", 31.6)])
    out = tmp_path / "out"
    assert run("control-chart", source, "--out", out, "--limits", "control=30,0.5").exit_code == 1
    assert run("control-chart", source, "--out", out, "--limits", "control=30,0.6").exit_code == 0
    assert run("control-chart", source, "--out", out, "--limits", "other=30,1").exit_code == 2
    assert run("control-chart", source, "--out", out, "--limits", "control=30").exit_code == 2


def test_control_values_of_a_real_run(data_dir, tmp_path):
    file = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    done = run("control-chart", file, "--lot", "reagents=7", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    rows = {row["series"]: row for row in table(tmp_path / "control-chart.csv")}
    assert float(rows["slope of RNase P TAMRA"]["value"]) == pytest.approx(-3.68, abs=0.01)
    assert float(rows["level of ROX"]["value"]) > 1000
    assert "too few" in rows["level of ROX"]["reason"]


def test_drawing_escapes_and_refuses_what_a_log_axis_cannot_show():
    marks = [Mark(0, 1e-3, "good", "<i>", 1e-4, 1e-2), Mark(1, 1e-5, "open", "y")]
    svg = draw("<t>", marks, [Rule(1e-4, "a&b")], [Event(0.5, "<HSCT>")], log=True)
    assert "<t>" not in svg
    assert "<HSCT>" not in svg
    assert "&lt;HSCT&gt;" in svg
    assert "<svg" in page("t", [("s", svg)])
    with pytest.raises(ValueError, match="log axis"):
        draw("t", [Mark(0, 0.0, "good", "")], log=True)


def test_control_values_of_a_store(data_dir, tmp_path):
    from qpcr.records import Store

    store = Store.init(tmp_path / "store")
    assert run("control-chart", "--out", tmp_path).exit_code == 2
    file = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    record = analyze(file)
    store.commit(record)
    done = run("control-chart", "--store", tmp_path / "store", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    rows = {row["series"]: row for row in table(tmp_path / "out" / "control-chart.csv")}
    direct = {one.series: one.value for one in values_of(record)}
    assert {name: float(row["value"]) for name, row in rows.items()} == pytest.approx(direct)


def test_series_by_another_method_bear_its_name(data_dir, tmp_path):
    """So limits set with one Cq never judge another; what is no Cq keeps its name."""
    file = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    done = run("control-chart", file, "--out", tmp_path, "--method", "recommended")
    assert done.exit_code == 0, done.output
    found = {row["series"]: float(row["value"]) for row in table(tmp_path / "control-chart.csv")}
    usual = {one.series: one.value for one in values_of(analyze(file))}
    named = {name for name in found if name not in usual}
    assert named == {
        f"{what} of RNase P TAMRA, by recommended 1" for what in ("slope", "intercept")
    }
    rest = {name: value for name, value in usual.items() if "RNase P" not in name}
    assert rest
    assert {name: found[name] for name in rest} == pytest.approx(rest)
    record = analyze(file, method="recommended")
    curve = quantify(measured(record, method="recommended")).curves[0].curve
    assert found["slope of RNase P TAMRA, by recommended 1"] == pytest.approx(curve.slope)
    old = replace(record, quantification=replace(record.quantification, version=0))
    series = [one.series for one in values_of(old, method="recommended")]
    assert sum(one.endswith("by recommended 0") for one in series) == 2


def test_a_positive_control_by_another_method():
    run_ = synthetic_run(1, 4, used=4, samples=("pc",))
    wells = tuple(replace(one, task=Task.POSITIVE_CONTROL) for one in run_.reactions)
    source = replace(run_.provenance, started=datetime(2026, 1, 2, tzinfo=UTC))
    made = synthetic_record(replace(run_, reactions=wells, provenance=source))
    found = {one.series: one.value for one in values_of(made, method="cpd2")}
    cqs = [one.cq for one in quantified(made.curves, made.fits, "cpd2").wells]
    assert found["Ct of pc, ALB, by cpd2 1"] == pytest.approx(np.mean(cqs))
    assert "Ct of pc, ALB" not in found
    usual = {one.series: one.value for one in values_of(made)}
    assert usual["Ct of pc, ALB"] == pytest.approx(np.mean([fit.cq for fit in made.fits]))
    assert silent_controls(made, "cpd2") == []


CELLS = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "1e308",
        "1e-308",
        "nan",
        "inf",
        "0.1",
        "3",
        "30",
        "31.5",
        "x",
        "=1+1",
        "١",
        "1_0",
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["lod", "relative", "mrd", "control-chart"]),
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=12),
    st.sampled_from(["standard", "sample", "background", "ntc"]),
)
def test_no_table_makes_a_command_stumble(tmp_path, command, cells, role):
    """Results or a refusal in words, never a traceback; CliRunner would raise it."""
    head = {
        "lod": "target,quantity,cq,sample",
        "relative": "sample,cq,well,target",
        "mrd": "quantity,cq,ng,sample,target,role,patient",
        "control-chart": "value,lot,source,x,date",
    }[command]
    tail = {"lod": "", "relative": "", "mrd": f",IK,{role},P", "control-chart": ",2026-01-01"}
    rows = [",".join(one) + tail[command] for one in cells]
    source = tmp_path / "t.csv"
    source.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    more = {"relative": ["--reference", "3"]}.get(command, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = run(command, source, "--out", tmp_path / "out", *more)
    assert done.exit_code in (0, 1, 3), done.output


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(1e-200, 1e200), st.floats(-1e3, 1e3)), min_size=3, max_size=12))
def test_any_standards_make_a_curve_or_are_refused(tmp_path, points):
    quantities, cqs = [list(one) for one in zip(*points, strict=True)]
    try:
        curve = fit_standard_curve(quantities, cqs)
    except CalibrationError:
        return
    outliers(quantities, cqs)
    lack_of_fit(quantities, cqs)
    linear_range(quantities, cqs)
    if curve.slope < 0:
        got = curve.quantity([20.0])
        if got.low is not None:
            assert got.low <= got.value * (1 + 1e-9)
            assert got.value <= got.high * (1 + 1e-9)
