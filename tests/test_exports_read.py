"""Exports of 7500, StepOne and QuantStudio software: every notation gives the same run."""

from __future__ import annotations

import io
import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import xlsxwriter
from export_files import (
    HEAD_7500,
    HEAD_QS,
    as_text,
    as_xlsx,
    synthetic,
    tables_7500,
    tables_qs,
)
from exports import load_export
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qpcr.curves import from_run
from qpcr.errors import InputError
from qpcr.formats import read_run
from qpcr.formats._probe import MAX_TEXT
from qpcr.run import Task


def saved(folder, data, name="export.txt"):
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def check(run, plate, curves=True):
    """The run says what the plate says."""
    assert [(r.well, r.target) for r in run.reactions] == plate.keys
    assert [r.sample for r in run.reactions] == [plate.samples[well] for well, _ in plate.keys]
    for row, key in enumerate(plate.keys):
        stored = run.results[key]
        assert stored.cq == plate.ct[row]
        assert stored.determined is (plate.ct[row] is not None)
        if curves:
            np.testing.assert_array_equal(stored.rn, plate.rn[row])
            np.testing.assert_allclose(stored.drn, plate.drn[row], atol=1e-7)


FORMS = {
    "tab": ({}, "utf-8"),
    "comma": ({"delimiter": ",", "style": "{},{}"}, "utf-8-sig"),
    "semicolon": ({"delimiter": ";", "style": "{};{}", "decimal": ","}, "utf-8"),
    "decimal comma in tabs": ({"decimal": ","}, "utf-16"),
    "utf-16 without mark": ({"style": "# {}: {}"}, "utf-16-le"),
    "gbk": ({"delimiter": ","}, "gb18030"),
    "no titles": ({"titles": False}, "utf-8"),
    "windows lines": ({}, "utf-8"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["7500", "qs"])
def test_every_notation_gives_the_same_run(tmp_path, form, kind):
    plate = synthetic()
    how, encoding = FORMS[form]
    made = tables_7500(plate) if kind == "7500" else tables_qs(plate)
    text = as_text(made, HEAD_7500 if kind == "7500" else HEAD_QS, **how)
    if form == "windows lines":
        text = text.replace("\n", "\r\n")
    run = read_run(saved(tmp_path, text.encode(encoding)))
    check(run, plate)
    assert run.provenance.reader == ("sds2_export" if kind == "7500" else "quantstudio_export")
    assert run.passive_reference == "ROX"
    hour = {"7500": 13, "qs": 14}[kind]
    assert run.provenance.ended.isoformat() == f"2024-02-03T{hour}:05:06+00:00"
    assert run.settings.thresholds["ALB"].value == 0.2
    assert run.settings.thresholds["ALB"].automatic is (kind == "qs")
    window = run.settings.baselines[0, "ALB"]
    assert (window.start, window.stop, window.automatic) == (3, 15, True)


def test_workbooks_give_the_same_run_and_what_else_they_hold(tmp_path):
    plate = synthetic()
    run = read_run(saved(tmp_path, as_xlsx(tables_qs(plate), HEAD_QS), "a.xlsx"))
    check(run, plate)
    assert run.filters == ("X1_M1", "X2_M2", "X4_M4")
    assert run.raw[2, 4].tolist() == [1002.5, 2004.25, 3.0]
    assert np.isnan(run.raw[50]).all()
    assert run.signals[3].dyes == ("FAM", "VIC", "ROX")
    check(read_run(saved(tmp_path, as_xlsx(tables_7500(plate), HEAD_7500), "b.xlsx")), plate)


@pytest.mark.parametrize("seed", range(5))
def test_order_of_columns_sheets_and_their_names_do_not_matter(tmp_path, seed):
    plate = synthetic()
    shuffle = random.Random(seed)
    made = {}
    for name, rows in tables_7500(plate).items():
        order = shuffle.sample(range(len(rows[0])), len(rows[0]))
        made[f"{name} {seed}"] = [[row[at] for at in order] for row in rows]
    names = shuffle.sample(list(made), len(made))
    run = read_run(
        saved(tmp_path, as_xlsx({name: made[name] for name in names}, HEAD_7500), "a.xlsx")
    )
    check(run, plate)


@pytest.mark.parametrize("keep", [{"Results"}, {"Amplification Data"}, {"Sample Setup"}])
def test_any_subset_is_a_run(tmp_path, keep):
    plate = synthetic()
    made = {name: rows for name, rows in tables_7500(plate).items() if name in keep}
    run = read_run(saved(tmp_path, as_text(made, {})))
    assert [(r.well, r.target) for r in run.reactions] == plate.keys
    if "Results" in keep:
        check(run, plate, curves=False)
    if "Amplification Data" in keep:
        assert len(from_run(run)) == len(plate.keys)
    else:
        with pytest.raises(InputError, match="no fluorescence"):
            from_run(run)


@pytest.mark.parametrize("ct", ["Ct", "CT", "Cq", "Cт", "Ст", "Cq "])
def test_ct_in_every_spelling(tmp_path, ct):
    plate = synthetic()
    made = tables_7500(plate)
    made["Results"][0][6] = ct
    check(read_run(saved(tmp_path, as_text(made, HEAD_7500))), plate)


@pytest.mark.parametrize(
    "word",
    ["Undetermined", "UNDETERMINED", "Undet.", "", "N/A", "No Ct", "未确定", "40", 40.0, "-"],
)
def test_undetermined_in_every_spelling(tmp_path, word):
    plate = synthetic()
    run = read_run(saved(tmp_path, as_text(tables_7500(plate, word), HEAD_7500)))
    check(run, plate)
    assert any("determined" in note for note in run.notes)


def test_chinese_head_lines(tmp_path):
    plate = synthetic()
    made = tables_7500(plate)
    words = {
        "Well": "孔", "Sample Name": "样本名称", "Target Name": "目标名称", "Task": "任务",
        "Reporter": "报告基团", "Quencher": "淬灭基团", "Quantity": "数量", "Cycle": "循环",
        "Ct Threshold": "Ct 阈值", "Automatic Ct Threshold": "自动 Ct 阈值",
        "Automatic Baseline": "自动基线", "Baseline Start": "基线起点", "Baseline End": "基线终点",
    }  # fmt: skip
    for rows in made.values():
        rows[0] = [words.get(cell, cell) for cell in rows[0]]
    run = read_run(saved(tmp_path, as_text(made, {}).encode("gb18030")))
    check(run, plate)
    assert run.settings.thresholds["ALB"].value == 0.2


def test_quality_flags_of_the_software(tmp_path):
    plate = synthetic(3, 1)
    made = tables_qs(plate)
    for row, (high, noise) in zip(
        made["Results"], [("HIGHSD", "Noise"), ("Y", "N"), ("N", ""), ("Y", "Y")], strict=True
    ):
        row += [high, noise]
    run = read_run(saved(tmp_path, as_text(made, HEAD_QS)))
    flags = [run.results[key].flags for key in plate.keys]
    assert flags == [("HIGHSD",), (), ("HIGHSD", "NOISE")]


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        (
            "abi7500/qpcr1068_test_af_Cteide_CO1_qpcrrundate20240409_data.xls",
            {"HIGHSD": 4, "NOAMP": 5, "EXPFAIL": 42},
        ),
        (
            "quantstudio/qs3_taqman_3target.xls",
            {"EXPFAIL": 11, "DRNMIN": 4, "HIGHSD": 45, "PRFDROP": 2, "OUTLIERRG": 1, "PRFLOW": 7,
             "NOISE": 3, "NOAMP": 8, "CQCONF": 21},
        ),
    ],
)  # fmt: skip
def test_flags_of_real_exports(data_dir, file, counts):
    run = read_run(data_dir / file)
    assert Counter(name for one in run.results.values() for name in one.flags) == counts


def test_standards_controls_and_omitted_wells(tmp_path):
    plate = synthetic(4, 1)
    made = tables_qs(plate)
    made["Results"][0].append("Quantity")
    tasks = ["STANDARD", "NTC", "PositiveControl", "IPC"]
    for row, task in zip(made["Results"][1:], tasks, strict=True):
        row[5] = task
        row.append(1000.0)
    made["Results"][2][2] = "TRUE"
    run = read_run(saved(tmp_path, as_text(made, HEAD_QS)))
    assert [r.task for r in run.reactions] == [
        Task.STANDARD, Task.NTC, Task.POSITIVE_CONTROL, Task.OTHER,
    ]  # fmt: skip
    assert [r.quantity for r in run.reactions] == [1000.0, None, None, None]
    assert [r.omitted for r in run.reactions] == [False, True, False, False]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.floats(0, 1), st.sampled_from(["7500", "qs"]), st.booleans())
def test_cut_off_anywhere_no_number_is_another(tmp_path, part, kind, at_line):
    plate = synthetic(3, 2, 12)
    made = tables_7500(plate) if kind == "7500" else tables_qs(plate)
    whole = as_text(made, HEAD_7500 if kind == "7500" else HEAD_QS)
    cut = int(part * len(whole))
    if at_line:
        cut = whole.rfind("\n", 0, cut) + 1
    full = read_run(saved(tmp_path, whole, "full.txt"))
    try:
        run = read_run(saved(tmp_path, whole[:cut], "cut.txt"))
    except InputError:
        return
    assert {(r.well, r.target) for r in run.reactions} <= {
        (r.well, r.target) for r in full.reactions
    }
    for key, stored in run.results.items():
        theirs = full.results[key]
        assert stored.cq in (theirs.cq, None)
        for name in ("rn", "drn"):
            mine, other = getattr(stored, name), getattr(theirs, name)
            if mine is not None:
                known = np.isfinite(mine)
                np.testing.assert_array_equal(mine[known], other[: len(mine)][known])


def test_a_line_cut_in_the_middle_is_refused(tmp_path):
    whole = as_text(tables_7500(synthetic()), HEAD_7500)
    with pytest.raises(InputError, match="middle of a line"):
        read_run(saved(tmp_path, whole[:-4]))
    ended = whole.rstrip("\n").rpartition("\n")[0] + "\n"
    with pytest.raises(InputError, match="middle of a curve"):
        read_run(saved(tmp_path, ended))


def changed(kind, change):
    made = tables_7500(synthetic()) if kind == "7500" else tables_qs(synthetic())
    change(made)
    return as_text(made, HEAD_7500 if kind == "7500" else HEAD_QS)


def test_a_well_listed_twice_is_refused_unless_both_say_the_same(tmp_path):
    same = changed("7500", lambda t: t["Results"].append(list(t["Results"][1])))
    check(read_run(saved(tmp_path, same)), synthetic())
    other = changed("7500", lambda t: t["Results"].append([*t["Results"][1][:6], 20.5]))
    with pytest.raises(InputError, match="listed twice"):
        read_run(saved(tmp_path, other))
    curve = changed(
        "7500",
        lambda t: t["Amplification Data"].append([*t["Amplification Data"][1][:3], 9.5, 9.5]),
    )
    with pytest.raises(InputError, match="a cycle of a well is listed twice"):
        read_run(saved(tmp_path, curve))


def test_number_and_position_must_agree(tmp_path):
    def move(made):
        made["Results"][1][0] = 14

    with pytest.raises(InputError, match="contradict"):
        read_run(saved(tmp_path, changed("qs", move)))


def test_two_head_lines(tmp_path):
    def double(made):
        for name, rows in made.items():
            made[name] = [[f"{name} of all"], rows[0], list(rows[0]), ["", "", "°C"], *rows[1:]]

    check(read_run(saved(tmp_path, changed("7500", double))), synthetic())


def test_a_formula_error_says_nothing_and_is_said(tmp_path):
    plate = synthetic()
    made = tables_7500(plate)
    made["Results"][1][6] = "#VALUE!"
    run = read_run(saved(tmp_path, as_text(made, HEAD_7500)))
    assert run.results[plate.keys[0]].cq is None
    assert run.results[plate.keys[0]].determined is None
    assert any("formula" in note for note in run.notes)


@pytest.mark.parametrize("word", ["Undetermined", ""])
def test_a_formula_error_of_a_workbook(tmp_path, word):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Results")
    for at, row in enumerate(tables_7500(synthetic(), word)["Results"]):
        sheet.write_row(at, 0, row)
    sheet.write_formula(1, 6, "=1/0", None, "#DIV/0!")
    sheet.write_formula(2, 6, "=NA()", None, "#N/A")
    book.close()
    run = read_run(saved(tmp_path, stream.getvalue(), "a.xlsx"))
    plate = synthetic()
    assert not run.results.keys() & set(plate.keys[:2])
    assert not any("left empty" in note for note in run.notes)
    assert run.results[plate.keys[2]].cq == plate.ct[2]
    assert any("formula" in note for note in run.notes)


@pytest.mark.parametrize("bad", ["23.7x", "1_0", "٣"])
def test_a_ct_that_is_no_number_is_refused(tmp_path, bad):
    def spoil(made):
        made["Results"][1][6] = bad

    with pytest.raises(InputError, match="no number"):
        read_run(saved(tmp_path, changed("7500", spoil)))


def test_a_number_that_can_be_read_in_two_ways_is_refused(tmp_path):
    rows = [["Well", "Cycle", "FAM", "ROX"]]
    rows += [["A1", str(cycle), "1,234", "2,345"] for cycle in range(1, 13)]
    with pytest.raises(InputError, match="two ways"):
        read_run(saved(tmp_path, as_text({"Multicomponent Data": rows}, HEAD_7500)))


def test_thousands_signs(tmp_path):
    rows = [["Well", "Cycle", "FAM", "ROX"]]
    rows += [["A1", str(cycle), "1,234,567.250", "2,000.5"] for cycle in range(1, 13)]
    run = read_run(saved(tmp_path, as_text({"Multicomponent Data": rows}, HEAD_7500)))
    assert run.signals[0].signal[:, 3].tolist() == [1234567.25, 2000.5]
    assert [r.target for r in run.reactions] == ["FAM"]


def test_a_text_too_large_is_refused_before_it_is_read(tmp_path):
    path = saved(tmp_path, as_text(tables_7500(synthetic()), HEAD_7500), "big.csv")
    with path.open("ab") as stream:
        for _ in range(40):
            stream.write(b"\n" * (1 << 20))
    assert path.stat().st_size > MAX_TEXT
    with pytest.raises(InputError, match="too large"):
        read_run(path)


def test_everything_that_was_not_read_is_listed(tmp_path):
    made = {
        **tables_7500(synthetic()),
        "Melt": [["Well", "Reading", "Temperature"], ["A1", 1, 60.5]],
    }
    run = read_run(saved(tmp_path, as_text(made, {**HEAD_7500, "Odd Key": "x"})))
    unread = " | ".join(run.unread)
    for name in ("Cт Mean", "NOAMP", "'Melt'", "Odd Key"):
        assert name in unread


def test_a_column_of_a_known_name_that_is_not_used_is_listed_too(tmp_path):
    made = tables_7500(synthetic())
    for name, column in (("Results", "Rn"), ("Amplification Data", "Task")):
        made[name] = [[*row, "" if at else column] for at, row in enumerate(made[name])]
    made["Raw Data"] = [["Well", "Cycle", "1", "2"]]
    unread = read_run(saved(tmp_path, as_text(made, HEAD_7500))).unread
    assert "Results: Cт Mean, NOAMP, Rn" in unread
    assert "Amplification Data: Task" in unread
    assert "table 'Raw Data', which is empty" in unread


@pytest.mark.parametrize("text", ["178.455,625", "178 455,625", "178\u00a0455,625", "178455,625"])
def test_decimal_commas_with_thousands_signs(tmp_path, text):
    rows = [["Well", "Cycle", "FAM", "ROX"], *(["A1", str(c), text, "0,5"] for c in range(1, 9))]
    whole = "sep=;\n" + as_text({"Multicomponent Data": rows}, {}, ";", "{};{}", titles=False)
    run = read_run(saved(tmp_path, whole.encode("utf-8-sig"), "a.csv"))
    assert run.signals[0].signal[:, 0].tolist() == [np.float32(178455.625), 0.5]
    assert run.passive_reference == "ROX"


def test_two_notations_are_refused(tmp_path):
    rows = [
        ["Well", "Cycle", "FAM", "ROX"],
        *(["A1", str(c), "1,234.5", "0,5"] for c in range(1, 9)),
    ]
    with pytest.raises(InputError, match="two notations"):
        read_run(saved(tmp_path, as_text({"Multicomponent Data": rows}, {})))


def test_wells_may_lack_data(tmp_path):
    plate = synthetic()
    made = tables_7500(plate)
    rows = made["Amplification Data"]
    made["Amplification Data"] = [
        row for row in rows if row[:3] != ["A2", 7, "ALB"] and row[0] != "A5"
    ]
    rows[3][3] = ""
    run = read_run(saved(tmp_path, as_text(made, HEAD_7500)))
    assert np.flatnonzero(np.isnan(run.results[1, "ALB"].rn)).tolist() == [6]
    assert np.flatnonzero(np.isnan(run.results[0, "ALB"].rn)).tolist() == [2]
    assert run.results[4, "ALB"].rn is None
    curves = from_run(run)
    assert sum(problem is not None for problem in curves.problems) == 2


def test_only_delta_rn_is_said(tmp_path):
    plate = synthetic()
    made = tables_7500(plate)
    rows = made["Amplification Data"]
    made["Amplification Data"] = [[row[at] for at in (0, 1, 2, 4)] for row in rows]
    curves = from_run(read_run(saved(tmp_path, as_text(made, HEAD_7500))))
    assert any("only ΔRn" in note for note in curves.notes)
    assert sum(cq.value is not None for cq in curves.instrument_cq) > 5


def test_rn_that_is_not_the_ratio_of_the_signals_is_preferred_and_said(tmp_path):
    plate = synthetic()
    made = tables_qs(plate)
    made["Multicomponent"] = [
        [cell * 1.1 if at == 3 and row > 1 else cell for at, cell in enumerate(cells)]
        for row, cells in enumerate(made["Multicomponent"])
    ]
    made["Multicomponent"] = [row for row in made["Multicomponent"] if row[1] != "A2"]
    curves = from_run(read_run(saved(tmp_path, as_text(made, HEAD_QS))))
    np.testing.assert_allclose(curves.rn, plate.rn, rtol=1e-6)
    assert any("not the ratio" in note for note in curves.notes)
    assert any("not all there" in note for note in curves.notes)


REAL = {
    "abi7500/7500fast_v2_manual_baseline.xls": (96, 96, 40, 96),
    "abi7500/7500fast_v2_sybr_no_passive_reference.xls": (60, 60, 50, 56),
    "abi7500/qpcr1068_*.xls": (64, 64, 50, 14),
    "stepone/steponeplus_sybr_melt.xls": (85, 85, 40, 63),
    "quantstudio/qs3_taqman_3target.xls": (48, 72, 40, 56),
    "quantstudio/exports/*example08.xlsx": (18, 36, 50, 36),
    "quantstudio/exports/*QS3_Relative*.xlsx": (96, 156, 40, 152),
    "quantstudio/exports/*QS7Pro_Primary*.xlsx": (96, 288, 45, 27),
}


@pytest.mark.parametrize("name", REAL)
def test_real_exports_as_an_independent_loader_reads_them(data_dir, name):
    path = next(data_dir.glob(name))
    run = read_run(path)
    wells, reactions, cycles, determined = REAL[name]
    assert len({r.well for r in run.reactions}) == wells
    assert len(run.reactions) == reactions
    assert run.cycles.tolist() == list(range(1, cycles + 1))
    assert sum(result.cq is not None for result in run.results.values()) == determined
    if "example08" in name:
        return  # its Crt are no Ct: the loader knows none
    by_name = {(r.well_name, r.target): run.results[r.well, r.target] for r in run.reactions}
    numbers = {str(r.well + 1) + ".0": r.well_name for r in run.reactions}
    loaded = load_export(path)
    assert len(loaded) == reactions
    for one in loaded:
        stored = by_name[numbers.get(one.well, one.well), one.target]
        assert stored.cq == one.ct
        np.testing.assert_array_equal(stored.rn, one.rn)
        np.testing.assert_allclose(stored.drn, one.drn, rtol=1e-6, atol=1e-6)


def test_one_run_in_two_formats_is_one_run(data_dir):
    native = read_run(data_dir / "abi7500/rnasep_standard_curve_7500fast_v2.3.eds")
    export = read_run(data_dir / "abi7500/rnasep_standard_curve_7500fast_multicomponent.xls")
    # The export has no column for omitted wells, and groups the digits of the names of standards.
    told = [replace(reaction, omitted=False) for reaction in native.reactions]
    assert [replace(r, sample=r.sample.replace(" ", "")) for r in export.reactions] == told
    assert export.targets == native.targets
    assert export.passive_reference == native.passive_reference
    assert (export.rows, export.columns) == (native.rows, native.columns)
    np.testing.assert_array_equal(export.cycles, native.cycles)
    assert export.provenance.instrument == native.provenance.instrument
    assert export.signals.keys() >= {r.well for r in native.reactions}
    for well in export.signals.keys() & native.signals.keys():
        mine, theirs = export.signals[well], native.signals[well]
        order = [mine.dyes.index(dye) for dye in theirs.dyes]
        np.testing.assert_array_equal(mine.signal[order], theirs.signal)
    np.testing.assert_array_equal(from_run(export).rn, from_run(native).rn)
    assert [cq.value for cq in from_run(export).instrument_cq] == [
        cq.value for cq in from_run(native).instrument_cq
    ]
