"""Small things of ``.eds`` files that would move a Ct or lose a setting without a word."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from eds_files import (
    ROOT,
    changed,
    edited,
    members,
    packed,
    setting,
    small_eds,
    stage,
    text_with_readings,
    with_settings,
    without,
    written,
)

from qpcr.curves import from_run
from qpcr.errors import InputError
from qpcr.formats import _eds_fluorescence, read_run
from qpcr.formats._eds_readings import cycling_readings
from qpcr.formats._eds_text import clean_name, flag, real
from qpcr.formats._java import parse_java
from qpcr.formats._multicomponent import from_object
from qpcr.run import Stage, Step

PLATE, PROTOCOL = f"{ROOT}plate_setup.xml", f"{ROOT}tcprotocol.xml"
TEXT, ROI = f"{ROOT}multicomponent_data.txt", f"{ROOT}post-roi.dat"
EXPERIMENT = f"{ROOT}experiment.xml"


def run_of(folder, data):
    return read_run(written(folder, data if isinstance(data, bytes) else packed(data)))


def refused(folder, data, match):
    with pytest.raises(InputError, match=match) as caught:
        from_run(run_of(folder, data))
    return caught.value


def cts(made):
    return [q.value for q in made.instrument_cq]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Ct of the small file read from its text alone."""
    return cts(from_run(run_of(tmp_path_factory.mktemp("usual"), without("images", "post-roi"))))


# ---------------------------------------------------------------- which readings are cycles


def text_only(before="", after="", readings=(0, 0)):
    parts = without("images", "post-roi")
    protocol = parts[PROTOCOL].decode().replace("<TCStage>", f"{before}<TCStage>", 1)
    parts[PROTOCOL] = protocol.replace("</TCProtocol>", f"{after}</TCProtocol>").encode()
    parts[TEXT] = text_with_readings(*readings)
    return parts


def test_a_reading_before_cycling_does_not_move_the_ct(tmp_path, usual):
    run = run_of(tmp_path, text_only(stage("PRE_READ"), readings=(1, 0)))
    assert len(run.cycles) == 40
    assert cts(from_run(run)) == usual


@pytest.mark.parametrize("readings", [0, 1, 18])
def test_melt_readings_come_after_the_cycles(tmp_path, usual, readings):
    run = run_of(tmp_path, text_only("", stage("DISSOCIATION", 1, 3), (0, readings)))
    assert len(run.cycles) == 40
    assert cts(from_run(run)) == usual


@pytest.mark.parametrize(
    ("before", "after", "readings"),
    [
        (stage("PRE_READ"), "", (0, 0)),
        ("", "", (1, 0)),
        ("", "", (0, 1)),
        (stage("DISSOCIATION", 1, 3), "", (1, 0)),
    ],
)
def test_readings_that_do_not_fit_the_protocol_are_refused(tmp_path, before, after, readings):
    refused(tmp_path, text_only(before, after, readings), "does not fit the protocol")


def test_a_run_stopped_early_is_noted(tmp_path):
    parts = text_only()
    parts[PROTOCOL] = parts[PROTOCOL].replace(b"Repetitions>40<", b"Repetitions>45<")
    run = run_of(tmp_path, parts)
    assert len(run.cycles) == 40
    assert any("holds 40 cycles, the protocol plans 45" in note for note in run.notes)


def test_positions_follow_the_order_of_the_stages():
    def one(name, repetitions, *reads):
        return Stage(name, repetitions, tuple(Step(60, 1, bool(r), r == 3) for r in reads))

    plan = (
        one("PRE_READ", 1, 1), one("CYCLING", 2, 0), one("CYCLING", 3, 0, 1),
        one("POST_READ", 1, 1), one("CYCLING", 2, 1), one("DISSOCIATION", 1, 0, 3),
    )  # fmt: skip
    found = cycling_readings(9, plan, [])
    assert found.tolist() == [False, True, True, True, False, True, True, False, False]
    with pytest.raises(InputError, match="fit the protocol"):
        cycling_readings(6, plan, [])
    with pytest.raises(InputError, match="more than once a cycle"):
        cycling_readings(80, (one("CYCLING", 40, 1, 1),), [])
    with pytest.raises(InputError, match="no fluorescence of a cycling stage"):
        cycling_readings(1, (one("PRE_READ", 1, 1),), [])


def test_images_must_begin_with_the_first_reading(tmp_path):
    first = "-point1-"
    assert refused(tmp_path, without(first), "readings are missing").expected == "reading 1"
    alone = without(first, "post-roi", "multicomponent_data")
    assert refused(tmp_path, alone, "readings are missing").found == "reading 2"


def test_images_of_an_earlier_cycling_stage_may_not_be_missing(tmp_path):
    protocol = (
        members()[PROTOCOL].decode().replace("<TCStage>", f"{stage('CYCLING', 5)}<TCStage>", 1)
    )
    parts = {name.replace("stage3-", "stage4-"): data for name, data in members().items()}
    error = refused(tmp_path, {**parts, PROTOCOL: protocol.encode()}, "readings are missing")
    assert error.place == "images, stage 1"


def test_images_of_another_stage_are_no_cycles(tmp_path):
    parts = {
        name.replace("stage3-", "stage4-"): data
        for name, data in without("post-roi", "multicomponent_data").items()
    }
    protocol = parts[PROTOCOL].decode()
    protocol = protocol.replace("</TCProtocol>", f"{stage('DISSOCIATION', 1, 3)}</TCProtocol>")
    refused(tmp_path, {**parts, PROTOCOL: protocol.encode()}, "no fluorescence of a cycling stage")


def test_the_sole_stage_is_noted_once(tmp_path):
    run = run_of(tmp_path, edited((PROTOCOL, ">CYCLING<", ">AMPLIFY<")))
    assert sum("only stage" in note for note in run.notes) == 1


def test_flags_without_cycles_are_refused(tmp_path):
    parts = without("images")
    whole = parts[ROI]
    assert whole.count(b"\x00\x07CYCLING") == 1
    parts[ROI] = whole.replace(b"\x00\x07CYCLING", b"\x00\x08PRE_READ")
    refused(tmp_path, parts, "no fluorescence of a cycling stage")


# ---------------------------------------------------------------- names and settings


@pytest.mark.parametrize("name", ["ALB ", " ALB", "A\u00a0B", "白\u3000蛋", "A\nB", "A\tB"])
def test_settings_find_their_target_however_it_is_spaced(tmp_path, name):
    data = with_settings(
        setting("IDetectorSettings", ObjectName=name, Threshold="1.5", AutoCt="false"),
        setting(
            "IWellSettings", ObjectName=name, WellIndex="1", BaselineStart="5", BaselineStop="9",
            AutoBaseline="false", UseDetectorDefaults="false",
        ),
        target=name,
    )  # fmt: skip
    results = f"Well\tSample Name\tDetector\tTask\tCt\r\n1\ts\t{name}\tTarget\t27.5\r\n"
    parts = {**members(data), f"{ROOT}analysis_result.txt": results.encode()}
    run = run_of(tmp_path, parts)
    made = from_run(run)
    assert made.thresholds[clean_name(name)].value == 1.5
    assert (made.baselines[1].start, made.baselines[1].stop) == (5, 9)
    if not set(name) & set("\n\t"):  # which end a cell of the results
        assert run.results[1, clean_name(name)].cq == 27.5


def test_names_are_cleaned():
    assert clean_name(" A\u00a0B\r\n\u3000C\u200b\u2028D\x00 ") == "A B C D"


def test_names_alike_but_for_spaces_are_noted(tmp_path):
    parts = members()
    parts[PLATE] = parts[PLATE].replace(b"<Name>ALB<", "<Name>ALB\u00a0<".encode(), 1)
    assert any("2 ways" in note for note in run_of(tmp_path, parts).notes)


def test_settings_of_strangers_are_noted(tmp_path):
    entry = setting("IDetectorSettings", ObjectName="OTHER", Threshold="1", AutoCt="false")
    assert any("not on the plate: OTHER" in n for n in run_of(tmp_path, with_settings(entry)).notes)


def detector(auto="false", **more):
    window = {"BaselineStart": "5", "BaselineStop": "9", **more}
    return setting("IDetectorSettings", ObjectName="ALB", Threshold="0.2", AutoCt="true",
                   AutoBaseline=auto, **window)  # fmt: skip


def well(auto, defaults, start="3", stop="21", index="1", target="ALB"):
    return setting("IWellSettings", ObjectName=target, WellIndex=index, BaselineStart=start,
                   BaselineStop=stop, AutoBaseline=auto, UseDetectorDefaults=defaults)  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "window", "automatic"),
    [
        ((detector(), well("true", "true")), (5, 9), False),
        ((detector(),), (5, 9), False),
        ((well("true", "true"), detector()), (5, 9), False),
        ((detector(), well("false", "false", "4", "8")), (4, 8), False),
        ((detector(), well("true", "false")), (3, 21), True),
        ((detector("true"), well("true", "true")), (3, 21), True),
        ((detector("true"), well("false", "false", "4", "8")), (4, 8), False),
    ],
)
def test_who_sets_the_baseline_of_a_well(tmp_path, entries, window, automatic):
    run = run_of(tmp_path, with_settings(*entries))
    found = run.settings.baselines[1, "ALB"]
    assert ((found.start, found.stop), found.automatic) == (window, automatic)
    drawn = from_run(run).baselines[1]
    assert drawn.source == ("automatic" if automatic else "file")
    assert automatic or (drawn.start, drawn.stop) == window


@pytest.mark.parametrize(
    "entry",
    [
        well("false", "false", "0", "0"),
        well("false", "false", "15", "3"),
        well("true", "true", "15", "3", index="90"),
        well("true", "true", "-1", "3", target="NONE"),
        well("true", "true", index="1e299"),
        well("false", "false", "3", "500"),
    ],
)
def test_baselines_of_no_use_are_noted_and_computed(tmp_path, entry):
    run = run_of(tmp_path, with_settings(entry))
    assert any("aseline" in note and len(note) < 300 for note in run.notes)
    assert all(one.source == "automatic" for one in from_run(run).baselines)


@pytest.mark.parametrize(("start", "stop"), [("0", "15"), ("-1", "15"), ("3.7", "9"), ("3", "1e9")])
def test_impossible_baselines_in_use_are_refused(tmp_path, start, stop):
    data = with_settings(well("false", "false", start, stop))
    assert "well A2" in refused(tmp_path, data, "impossible baseline").place


@pytest.mark.parametrize("value", ["NaN", "-0.5", "0", "", "1_0", "٣", "0,5", "1e200"])
def test_a_manual_threshold_that_cannot_be_is_said(tmp_path, value):
    entry = setting("IDetectorSettings", ObjectName="ALB", Threshold=value, AutoCt="false")
    run = run_of(tmp_path, with_settings(entry))
    recorded = run.settings.thresholds["ALB"]
    assert (recorded.value, recorded.automatic) == (None, False)
    assert any("threshold recorded for target 'ALB'" in note for note in run.notes)
    assert from_run(run).thresholds["ALB"].source == "automatic"


def test_numbers_and_flags_are_plain_ascii():
    assert [real(word) for word in ("1_0", "٣", "nan", "0x1", "1.7976931348623157E308")] == [
        None
    ] * 5
    assert [real(word) for word in ("1.5", " -2e3 ", ".5", "0")] == [1.5, -2000.0, 0.5, 0.0]
    assert [flag(word) for word in ("1", "TRUE", "0", "false", "", None)] == [
        True, True, False, False, None, None,
    ]  # fmt: skip


# ---------------------------------------------------------------- damage and trifles


def test_whole_numbers_are_ascii_digits(tmp_path):
    for word in ("4_0", "٤٠"):
        refused(
            tmp_path, edited((PROTOCOL, "tions>40<", f"tions>{word}<")), "missing or impossible"
        )


def object_with(monkeypatch, **changes):
    value = parse_java(members()[ROI], lambda _: True)
    value.fields.update(changes)
    monkeypatch.setattr("qpcr.formats._multicomponent.parse_java", lambda *_: value)
    return from_object(b"", 96)


def test_the_residual_may_be_absent(monkeypatch):
    assert object_with(monkeypatch, mse=None).signals[0].residual is None


@pytest.mark.parametrize(
    "change",
    [
        {"mse": [np.zeros(40, np.float32)] * 3},
        {"mse": np.zeros(96, np.float32)},
        {"mse": [None] * 96},
        {"mDyeList": [np.ones(3, np.float32)] * 96},
        {"mDyeList": [["FAM", "FAM", "ROX"]] * 96},
        {"mDyeList": [[None]] * 96},
        {"mDyeList": ["FAM"] * 96},
    ],
)
def test_damaged_objects_are_refused_in_words(monkeypatch, change):
    with pytest.raises(InputError, match=r"mse|dye list"):
        object_with(monkeypatch, **change)


@pytest.mark.parametrize("name", ["Name", "Description", "Operator"])
def test_long_remarks_are_cut(tmp_path, name):
    long = edited((EXPERIMENT, f"<{name}>SIMULATED", f"<{name}>{'long ' * 600}SIMULATED"))
    known = run_of(tmp_path, long).provenance
    shown = {"Name": known.experiment, "Description": known.comment, "Operator": known.operator}
    assert len(shown[name]) == 512
    assert shown[name].endswith("…")
    parts = members()
    noise = np.random.default_rng(1).bytes(40_000).hex()  # does not pack like a bomb
    absurd = f"<{name}>{noise}".encode()
    parts[EXPERIMENT] = parts[EXPERIMENT].replace(f"<{name}>SIMULATED".encode(), absurd)
    refused(tmp_path, parts, "longer than any name")


def test_a_standard_without_a_readable_quantity_is_named(tmp_path):
    data = edited((PLATE, "UNKNOWN", "STANDARD"), (PLATE, ">1.0<", ">1,000.5<"))
    run = run_of(tmp_path, data)
    assert run.reactions[2].quantity is None
    assert any("well A3" in note and "1,000.5" in note for note in run.notes)


def test_a_place_names_its_member_once(tmp_path):
    name = f"{ROOT}analysis_result.txt"
    error = refused(tmp_path, {**members(), name: "Well\t白".encode("gbk")}, "not UTF-8")
    assert error.place.count("analysis_result.txt") == 1


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = written(tmp_path, small_eds(), "plate.dat")

    def denied(self, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_run(path)
    assert caught.value.found == "Permission denied"


TASK = b"<DetectorTask>", b"</DetectorTask>"


def test_too_many_dyes_name_the_well(tmp_path):
    def crowded(data):
        at, end = data.index(TASK[0]), data.index(TASK[1]) + len(TASK[1])
        one = data[at:end]
        more = [
            one.replace(b">ALB<", b">T%d<" % i).replace(b">FAM<", b">" + dye + b"<")
            for i, dye in enumerate((b"FAM", b"VIC", b"NED", b"CY5", b"JOE"))
        ]
        return data[:at] + b"".join(more) + data[end:]

    assert refused(tmp_path, changed(PLATE, crowded), "told apart").place == "well A1"


def test_an_unknown_passive_reference_is_called_so(tmp_path):
    data = edited((PLATE, "Dye>ROX<", "Dye>MUSTANG<"))
    error = refused(tmp_path, data, "passive reference 'MUSTANG'")
    assert "plate_setup" in error.place
    assert error.remedy == "correct the passive reference in the plate setup"


def test_wells_with_other_stored_dyes_are_named(tmp_path):
    plate = members()[PLATE]
    at = plate.rindex(b"<Name>ALB<")
    tail = plate[at:].replace(b">ALB<", b">ALB2<", 1).replace(b">TAMRA<", b">NFQ-MGB<", 1)
    made = from_run(run_of(tmp_path, changed(PLATE, plate[:at] + tail)))
    assert any("of other dyes" in note and "A6" in note for note in made.notes)


def test_stages_are_looked_at_once(tmp_path, monkeypatch):
    seen = []
    found = _eds_fluorescence._stages
    monkeypatch.setattr(_eds_fluorescence, "_stages", lambda *a: seen.append(1) or found(*a))
    run_of(tmp_path, small_eds())
    assert len(seen) == 1


def test_images_still_count_one_integer_a_well(tmp_path):
    name = next(n for n in members() if n.endswith("-point1-1.tiff"))
    data = changed(name, lambda d: struct.pack(">q", struct.unpack(">q", d[:8])[0] + 1) + d[8:])
    assert any("1 filter readings differ" in note for note in run_of(tmp_path, data).notes)


@pytest.mark.parametrize("numbering", ["of the stage", "of the run"])
def test_images_after_a_pre_read_in_either_numbering(tmp_path, numbering):
    """The reading number may begin anew in each stage, or run on over the whole run."""
    usual = cts(from_run(run_of(tmp_path, without("post-roi", "multicomponent_data"))))
    parts = {}
    for name, data in without("post-roi", "multicomponent_data").items():
        found = re.fullmatch(r"(.*/)stage(\d+)-cycle(\d+)-point(\d+)-(\d)\.tiff", name)
        if found is None:
            parts[name] = data
            continue
        folder, number, _, point, band = found.groups()
        shift = 1 if numbering == "of the run" else 0
        later = f"stage{int(number) + 1}-cycle000-point{int(point) + shift}-{band}.tiff"
        parts[folder + later] = data
        parts[f"{folder}stage1-cycle000-point1-{band}.tiff"] = data
    protocol = parts[PROTOCOL].decode()
    parts[PROTOCOL] = protocol.replace("<TCStage>", f"{stage('PRE_READ')}<TCStage>", 1).encode()
    run = run_of(tmp_path, parts)
    assert len(run.cycles) == 40
    assert cts(from_run(run)) == usual
