"""Exports of SDS 1.x and CFX software, analysis_result.txt, and plain tables."""

from __future__ import annotations

import numpy as np
import pytest
from export_files import (
    HEAD_SDS1,
    as_text,
    as_xlsx,
    plain_rows,
    result_text,
    synthetic,
    tables_cfx,
    tables_sds1,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qpcr._possible import possible
from qpcr.curves import from_run, from_table
from qpcr.errors import InputError
from qpcr.formats import read_run
from qpcr.inspection import facts
from qpcr.run import Task


def saved(folder, data, name="export.txt"):
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def check(run, plate, scale=1.0, samples=True):
    assert [(r.well, r.target) for r in run.reactions] == plate.keys
    if samples:
        assert [r.sample for r in run.reactions] == [plate.samples[well] for well, _ in plate.keys]
    for row, key in enumerate(plate.keys):
        stored = run.results[key]
        assert stored.cq == plate.ct[row]
        assert stored.determined is (plate.ct[row] is not None)
        np.testing.assert_allclose(stored.drn, scale * plate.drn[row], rtol=1e-6)


@pytest.mark.parametrize("form", ["xlsx", "csv", "tab"])
def test_sds1(tmp_path, form):
    plate = synthetic(8, 1)
    made = tables_sds1(plate)
    if form == "xlsx":
        path = saved(tmp_path, as_xlsx(made, HEAD_SDS1), "a.xlsx")
    else:
        sign, style = (",", "{}: {}") if form == "csv" else ("\t", "{}: {}")
        path = saved(tmp_path, as_text(made, HEAD_SDS1, sign, style, titles=False), "a.csv")
    run = read_run(path)
    assert run.provenance.reader == "sds1_export"
    check(run, plate)
    assert all(one.rn is None for one in run.results.values())
    curves = from_run(run)
    assert any("only ΔRn" in note for note in curves.notes)


def test_sds1_curves_named_rn_are_rn(tmp_path):
    plate = synthetic(8, 1)
    made = {"Rn": tables_sds1(plate)["Sheet1"]}
    run = read_run(saved(tmp_path, as_xlsx(made, HEAD_SDS1), "a.xlsx"))
    assert all(one.drn is None and one.rn is not None for one in run.results.values())


def test_cfx_workbook(tmp_path):
    plate = synthetic()
    run = read_run(saved(tmp_path, as_xlsx(tables_cfx(plate), {}), "a.xlsx"))
    assert run.provenance.reader == "cfx_export"
    check(run, plate, 1000.0)
    assert {r.reporter for r in run.reactions} == {"FAM", "HEX"}
    assert {r.task for r in run.reactions} == {Task.UNKNOWN}


def test_cfx_amplification_of_one_dye_with_decimal_commas(tmp_path):
    plate = synthetic(6, 1)
    rows = {"x": tables_cfx(plate)["FAM"]}
    text = as_text(rows, {}, ";", decimal=",", titles=False)
    run = read_run(saved(tmp_path, text, "run - Quantification Amplification Results_HEX.csv"))
    assert run.provenance.reader == "cfx_export"
    assert {(r.target, r.reporter) for r in run.reactions} == {("HEX", "HEX")}
    for row, (well, _) in enumerate(plate.keys):
        np.testing.assert_allclose(run.results[well, "HEX"].drn, 1000 * plate.drn[row], rtol=1e-6)


def test_cfx_cq_table_alone(tmp_path):
    plate = synthetic()
    run = read_run(
        saved(tmp_path, as_text({"x": tables_cfx(plate)["0"]}, {}, ",", titles=False), "a.csv")
    )
    assert run.provenance.reader == "cfx_export"
    assert [run.results[key].cq for key in plate.keys] == plate.ct


def test_analysis_result(tmp_path):
    plate = synthetic()
    run = read_run(saved(tmp_path, result_text(plate), "analysis_result.txt"))
    assert run.provenance.reader == "analysis_result"
    check(run, plate)


def test_real_analysis_result(data_dir):
    run = read_run(data_dir / "quantstudio" / "analysis_result_example.txt")
    assert len(run.reactions) == 24
    assert len(run.cycles) == 40
    assert sum(one.cq is not None for one in run.results.values()) == 7


def test_real_sds1(data_dir):
    run = read_run(data_dir / "abi7500" / "sds_v1.3.1_sybr.xls")
    assert run.provenance.software == "SDS v1.3.1"
    assert len(run.reactions) == len({r.well for r in run.reactions}) == 84
    assert sum(one.cq is not None for one in run.results.values()) == 84
    assert run.results[0, "SYBR"].cq == 23.74
    assert run.results[0, "SYBR"].drn[[0, -1]].tolist() == [-2926.03125, 2680698.5]
    curves = from_run(run)
    off = [
        abs(cq.value - run.results[r.well, r.target].cq)
        for r, cq in zip(run.reactions, curves.instrument_cq, strict=True)
    ]
    assert np.median(off) < 0.05


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("names", [["A1", "B12", "H7", "C3"], ["one", "二", "A1", "x y"]])
def test_plain_tables_both_ways(tmp_path, turned, names):
    plate = synthetic()
    rows = plain_rows(plate, names)
    if turned:
        rows = [list(column) for column in zip(*rows, strict=True)]
        rows[0][0] = "Name"
    text = as_text({"x": rows}, {}, ",", titles=False)
    run = read_run(saved(tmp_path, text, "a.csv"))
    assert run.provenance.reader == "plain_table"
    assert sorted(r.well_name for r in run.reactions) == sorted(names)
    for row, name in enumerate(names):
        reaction = next(r for r in run.reactions if r.well_name == name)
        np.testing.assert_array_equal(run.results[reaction.well, "target"].rn, plate.rn[row])
    if "B12" in names:
        assert {r.well_name: r.well for r in run.reactions} == {
            "A1": 0,
            "B12": 23,
            "H7": 90,
            "C3": 26,
        }
    there = [r.well_name for r in run.reactions]
    table = from_table(run.cycles, plate.rn[[names.index(name) for name in there]], there)
    for mine, theirs in zip(from_run(run).instrument_cq, table.instrument_cq, strict=True):
        assert (mine.value is None) == (theirs.value is None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[0].__setitem__(2, rows[0][1]), "one name"),
        (lambda rows: rows.__delitem__(5), "count the cycles"),
        (lambda rows: rows[7].__setitem__(2, "abc"), "no number"),
        (lambda rows: rows[7].pop(), "another length"),
        (lambda rows: rows[7].append(3.5), "no name"),
        (lambda rows: rows[0].__setitem__(2, ""), "no name"),
    ],
)
def test_a_bad_plain_table_is_refused(tmp_path, change, words):
    rows = plain_rows(synthetic(), ["a", "b", "c"])
    change(rows)
    with pytest.raises(InputError, match=words):
        read_run(saved(tmp_path, as_text({"x": rows}, {}, ",", titles=False), "a.csv"))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.floats(0, 1), st.sampled_from(["sds1", "cfx", "result", "plain"]))
def test_cut_off_at_any_line_no_number_is_another(tmp_path, part, kind):
    plate = synthetic(4, 1, 12)
    whole = {
        "sds1": lambda: as_text(tables_sds1(plate), HEAD_SDS1, style="{}: {}", titles=False),
        "cfx": lambda: as_text({"x": tables_cfx(plate)["FAM"]}, {}, ",", titles=False),
        "result": lambda: result_text(plate),
        "plain": lambda: as_text({"x": plain_rows(plate, ["a", "b"])}, {}, ",", titles=False),
    }[kind]()
    full = read_run(saved(tmp_path, whole, "full_FAM.txt"))
    cut = whole.rfind("\n", 0, int(part * len(whole))) + 1
    try:
        run = read_run(saved(tmp_path, whole[:cut], "cut_FAM.txt"))
    except InputError:
        return
    for key, stored in run.results.items():
        theirs = full.results[key]
        assert stored.cq in (theirs.cq, None)
        for name in ("rn", "drn"):
            mine, other = getattr(stored, name), getattr(theirs, name)
            if mine is not None and other is not None:
                known = np.isfinite(mine)
                np.testing.assert_array_equal(mine[known], other[: len(mine)][known])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text('A1,\t;\n"Wel Ct.Cycle=[]*#:-Rn0μ孔', max_size=300), st.booleans())
def test_no_text_makes_another_error(tmp_path, text, headed):
    whole = ("Well\tCycle\tTarget Name\tRn\n" if headed else "") + text
    try:
        read_run(saved(tmp_path, whole))
    except InputError as error:
        assert str(error)  # noqa: PT017 - either is an answer


def test_what_is_possible_and_what_is_missing(tmp_path):
    plate = synthetic(8, 1)
    run = read_run(saved(tmp_path, as_xlsx(tables_sds1(plate), HEAD_SDS1), "a.xlsx"))
    found = dict(possible(run))
    assert found["Ct from the whole curve"] == ()
    assert found["comparison with the instrument's Ct"] == ()
    assert found["the baseline drawn anew"] == ("Rn or dye signals",)
    assert "optical calibration" in found["dye signals from raw fluorescence"]
    assert found["standard curves"] == ("standards of at least 3 quantities",)
    shown = facts(run)
    assert ("format", "sds1_export: export of SDS software 1.x (xls, xlsx, txt, csv)") in shown
    assert any(
        label == "not possible" and "no optical calibration" in text for label, text in shown
    )


def test_sds_of_the_7900(tmp_path):
    rows = [
        ["Well", "Sample Name", "Detector Name", "Reporter", "Task", "Ct", "Quantity",
         "Baseline Type", "Baseline Start", "Baseline Stop", "Threshold Type", "Threshold"],
        ["1", "a, 1,5", "ALB", "FAM", "Unknown", "23.5", "", "Manual", "3", "15", "Manual", "0.2"],
        ["26", "b", "ALB", "FAM", "Standard", "Undetermined", "1,000.5", "Automatic", "3", "12",
         "Manual", "0.2"],
    ]  # fmt: skip
    text = as_text({"x": rows}, {"Assay Type": "Absolute"}, style="{}\t{}", titles=False)
    run = read_run(saved(tmp_path, text))
    assert run.provenance.reader == "sds1_export"
    assert [(r.well_name, r.sample) for r in run.reactions] == [("A1", "a, 1,5"), ("C2", "b")]
    assert run.results[0, "ALB"].cq == 23.5
    assert run.reactions[1].quantity == 1000.5
    assert run.settings.baselines[0, "ALB"].automatic is False
    assert run.settings.thresholds["ALB"].automatic is False


@pytest.mark.parametrize(
    "text",
    ["Well,Sample\nA1,x\nA2,y\n", "Well,Cycle,Target Name,Rn\n", "Sample,Age\nx,3\ny,4\n", "x"],
)
def test_tables_without_a_reaction_are_refused(tmp_path, text):
    with pytest.raises(InputError):
        read_run(saved(tmp_path, text, "a.csv"))


def test_a_text_that_is_mostly_no_table_is_refused(tmp_path):
    text = as_text({"x": tables_sds1(synthetic(4, 1))["plate 7"]}, HEAD_SDS1, titles=False)
    with pytest.raises(InputError, match="outside of tables"):
        read_run(saved(tmp_path, text + "\n" + "a\tb\tc\td\n" * 60_000))
