"""QuantStudio ``.eds`` of both versions: read as deep as they go, unfinished ones said so."""

from __future__ import annotations

import copy
import csv
import json
import zipfile

import numpy as np
import pytest
from eds_files import written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quantstudio_files import CYCLES, ROX, WELLS, parts, reporter, small_v1, small_v2, v1_parts

from qpcr import analyze
from qpcr.curves import from_run
from qpcr.errors import InputError
from qpcr.formats import read_run
from qpcr.run import Task
from qpcr.settings import parse_settings

ROOT = "apldbio/sds/"


def read(tmp_path, data: bytes):
    return read_run(written(tmp_path, data))


def test_version_2_is_read(tmp_path):
    run = read(tmp_path, small_v2())
    assert run.passive_reference == "ROX"
    assert [r.well_name for r in run.reactions] == ["A1", "A2", "B2"]
    assert [r.task for r in run.reactions] == [Task.STANDARD, Task.STANDARD, Task.NTC]
    assert [r.quantity for r in run.reactions] == [100.0, 100.0, None]
    assert [r.omitted for r in run.reactions] == [False, True, False]
    assert [run.results[w, "T"].cq for w in WELLS] == [22.5, 26.5, None]
    assert [run.results[w, "T"].flags for w in WELLS] == [(), (), ("NOAMP", "EXPFAIL")]
    assert run.filters == ("X1_M1", "X4_M4")
    assert run.raw.shape == (96, CYCLES, 2)
    assert run.raw[5, 6, 1] == 5 + 7
    assert list(run.signals[0].signal[0]) == list(np.float32(reporter(24.0)))
    assert run.settings.thresholds["T"].value == 0.2
    assert run.settings.baselines[0, "T"].stop == 15
    made = from_run(run)
    assert made.rn[0] == pytest.approx(np.array(reporter(24.0)) / ROX, rel=1e-6)


def test_version_1_is_read(tmp_path):
    run = read(tmp_path, small_v1())
    assert run.provenance.reader == "quantstudio1"
    assert run.passive_reference == "ROX"
    assert run.filters == ("x1-m1", "x4-m4")
    assert run.raw[5, 6, 1] == 5 + 7
    assert list(run.signals[13].signal[1]) == [ROX] * CYCLES
    made = from_run(run)
    assert made.rn[1] == pytest.approx(np.array(reporter(28.0)) / ROX, rel=1e-6)


def test_a_run_cut_off_is_said(tmp_path):
    part = parts()
    short = part["run/filter_data.json"][:7]
    state = {**part["summary.json"], "runStatus": "RUNNING"}
    run = read(
        tmp_path,
        small_v2(
            {
                "summary.json": state,
                "run/filter_data.json": short,
                "primary/multicomponent_data.json": None,
                "primary/analysis_result.json": None,
            }
        ),
    )
    assert len(run.cycles) == 7
    assert any("state RUNNING" in note for note in run.notes)
    assert any("7 of the 40 cycles" in note for note in run.notes)
    with pytest.raises(InputError, match="no fluorescence"):
        from_run(run)


def test_nothing_measured_is_refused(tmp_path):
    gone = dict.fromkeys(
        ("run/filter_data.json", "primary/multicomponent_data.json", "primary/analysis_result.json")
    )
    with pytest.raises(InputError, match="no fluorescence of a cycling stage"):
        read(tmp_path, small_v2(gone))
    gone_1 = dict.fromkeys((f"{ROOT}filterdata.xml", f"{ROOT}multicomponentdata.xml"))
    with pytest.raises(InputError, match="no fluorescence of a cycling stage"):
        read(tmp_path, small_v1(gone_1))


def edit(member, path, value):
    part = copy.deepcopy(parts()[member])
    node = part
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return {member: part}


PLATE, RESULT = "setup/plate_setup.json", "primary/analysis_result.json"
FIRST = ("wellResults", 0, "reactionResults", 0)


@pytest.mark.parametrize(
    ("member", "path", "value", "match"),
    [
        (PLATE, ("blockType",), "BLOCK_77W", "size that is not known"),
        (PLATE, ("wells", 1, "index"), 0, "set up twice"),
        (PLATE, ("wells", 1, "index"), 96, "whole number from 0 to 95"),
        (PLATE, ("wells", 1, "index"), True, "whole number"),
        (PLATE, ("wells",), [], "no well of the plate"),
        (PLATE, ("wells",), "x", "an array"),
        (PLATE, ("wells", 0, "targetAssignments", 0, "targetName"), "Q", "not described"),
        (RESULT, (*FIRST, "amplificationResult", "rn"), [1.0], "unequal length"),
        (RESULT, (*FIRST, "amplificationResult", "ctThreshold"), 0.3, "two thresholds"),
        (RESULT, ("wellResults", 1, "wellIndex"), 0, "occurs twice"),
        (RESULT, (*FIRST, "amplificationResult", "cq"), "22", "a number"),
        ("run/filter_data.json", (1, "collectionPoint", "cycle"), 1, "cycle occurs twice"),
        ("run/filter_data.json", (0, "filterData", 0, "wellFluorescences"), [1], "all wells"),
        ("primary/multicomponent_data.json", ("wellData", 1, "wellIndex"), 0, "occurs twice"),
    ],
)
def test_contradictions_are_refused(tmp_path, member, path, value, match):
    with pytest.raises(InputError, match=match) as caught:
        read(tmp_path, small_v2(edit(member, path, value)))
    assert match in str(caught.value) or caught.value.place


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"[" * 60_000, "too deeply"),
        (b"[" + b"0," * 4_000_001 + b"0]", "too many values|unpacks"),
        (b'{"a": 1, "a": 2}', "damaged"),
        (b"{", "damaged"),
        (b"\xff\xfe", "not UTF-8"),
        (b"1" * 5000, "damaged"),
    ],
)
def test_hostile_json_is_refused(tmp_path, text, match):
    with pytest.raises(InputError, match=match):
        read(tmp_path, small_v2({"run/filter_data.json": text}))


def test_few_readings_that_would_need_much_memory_are_refused(tmp_path):
    part = copy.deepcopy(parts())
    part["setup/plate_setup.json"]["blockType"] = "BLOCK_3072W"
    many = [
        {"filterSet": f"X{n}", "wellFluorescences": [(w * 7919 + n) % 99991 for w in range(3072)]}
        for n in range(20)
    ]
    point = {"stage": 2, "step": 2, "cycle": 500, "point": 1}
    part["run/filter_data.json"] = [{"collectionPoint": point, "filterData": many}]
    with pytest.raises(InputError, match="more readings than any instrument makes"):
        read(tmp_path, small_v2(part))


def test_numbers_that_are_none_stay_empty(tmp_path):
    values = reporter(24.0)
    text = json.dumps(parts()["primary/multicomponent_data.json"]).replace(
        repr(values[4]), "NaN", 1
    )
    run = read(tmp_path, small_v2({"primary/multicomponent_data.json": text.encode()}))
    assert np.isnan(run.signals[0].signal[0, 4])


SHUFFLED = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(st.data())
@SHUFFLED
def test_any_change_is_read_or_refused(tmp_path, data):
    version = data.draw(st.sampled_from([1, 2]))
    members = (
        v1_parts()
        if version == 1
        else {name: json.dumps(value).encode() for name, value in parts().items()}
    )
    name = data.draw(st.sampled_from(sorted(members)))
    text = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(text) - 1, 0)))
        piece = text[at : at + data.draw(st.integers(1, 200))]
        swap = data.draw(st.sampled_from([b"", bytes(piece) * 2, b"-1", b"null", b"1e999", b"<"]))
        text[at : at + len(piece)] = swap
    make = small_v1 if version == 1 else small_v2
    path = written(tmp_path, make({name: bytes(text)}))
    try:
        run = read_run(path)
        from_run(run, parse_settings("auto", (), None))
    except InputError as error:
        assert len(str(error)) < 4000  # noqa: PT017


def test_the_measured_file_is_reproduced(data_dir):
    """384 wells, version 2: the file's Cq are the export's, and ours are both."""
    folder = data_dir / "quantstudio"
    run = read_run(folder / "PER123RHV_1_06242020_1_ra.eds")
    with (folder / "PER123RHV_1_06242020_1_ra_results.csv").open(newline="") as stream:
        export = {int(row["Well"]): row for row in csv.DictReader(stream)}
    assert len(run.reactions) == len(export) == 210
    assert run.raw.shape == (384, 45, 5)
    made = from_run(run, parse_settings("file", ("file",), None))
    reproduced = 0
    for row, reaction in enumerate(run.reactions):
        line = export[reaction.well]
        assert (reaction.sample, reaction.target) == (line["Sample Name"], line["Target Name"])
        result = run.results[reaction.well, reaction.target]
        assert np.array_equal(made.rn[row], result.rn), "reporter over reference, to the last bit"
        assert result.cq == (float(line["CT"]) if line["CT"] else None)
        assert made.drn[row] == pytest.approx(result.drn, abs=2e-6)
        if result.cq is not None:
            assert made.instrument_cq[row].value == pytest.approx(result.cq, abs=2e-5)
            reproduced += 1
    assert reproduced == 75


def test_where_the_instrument_saw_no_ct_and_we_do_is_said(data_dir):
    record = analyze(data_dir / "quantstudio" / "PER123RHV_1_06242020_1_ra.eds")
    told = {row for finding in record.findings for row in finding.reactions
            if "one is fitted here" in finding.message}  # fmt: skip
    for row, reaction in enumerate(record.run.reactions):
        silent = record.run.results[reaction.well, reaction.target].cq is None
        if silent and record.fits[row].cq is not None and record.shapes[row].proper:
            assert row in told


def test_version_1_rn_is_the_instruments(data_dir):
    run = read_run(data_dir / "quantstudio" / "test.eds")
    made = from_run(run)
    assert len(run.reactions) == 96
    assert len(run.filters) == 10
    empty = 0
    for row, reaction in enumerate(run.reactions):
        stored = run.results[reaction.well, reaction.target]
        assert stored.cq is None
        if made.problems[row] is not None and "zero or negative" in made.problems[row]:
            empty += 1  # an empty well; the instrument divides by the negative reference
        else:
            assert made.rn[row] == pytest.approx(stored.rn, rel=1e-6)
    assert empty < 20


def test_real_files_that_stop_early_say_so(data_dir):
    run = read_run(data_dir / "quantstudio" / "mid-run.eds")
    assert len(run.cycles) == 2
    assert run.filters == ("x1-m1", "x2-m2", "x3-m5")
    notes = " ".join(run.notes)
    assert "state RUNNING" in notes
    assert "2 of the 5 cycles" in notes
    assert "No target is set up" in notes
    with zipfile.ZipFile(data_dir / "quantstudio" / "mid-run.eds") as archive:
        text = archive.read(f"{ROOT}filter/S01_C002_T01_P0001_M1_X1_filterdata.xml").decode()
    words = text.split("<WellData>")[1].split("</WellData>")[0].split()
    assert list(run.raw[:, 1, 0]) == [float(word) for word in words]
    short = read_run(data_dir / "quantstudio" / "v2_test.eds")
    assert any("5 of the 40 cycles" in note for note in short.notes)
