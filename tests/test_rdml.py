"""RDML in: what it says is read, what it leaves open is said, what is broken is refused."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from eds_files import packed, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from rdml_files import CYCLES, REACTS, data, document, react, rise, run, small_rdml

from qpcr.curves import from_run
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats import read_run
from qpcr.run import Task


def read(tmp_path, xml: bytes, name: str | None = None, file: str = "plate.rdml"):
    return read_run(written(tmp_path, small_rdml(xml), file), name)


def refused(tmp_path, xml: bytes, match: str, name: str | None = None):
    with pytest.raises(InputError, match=match) as caught:
        read(tmp_path, xml, name)
    assert caught.value.file is not None
    return caught.value


def test_everything_is_read(tmp_path):
    plate = read(tmp_path, document())
    assert [(r.well_name, r.target) for r in plate.reactions] == [
        ("A1", "T"), ("A1", "R"), ("A2", "T"), ("A2", "R"), ("B1", "T"), ("B1", "R"),
    ]  # fmt: skip
    assert [r.task for r in plate.reactions[::2]] == [Task.UNKNOWN, Task.STANDARD, Task.NTC]
    assert [r.quantity for r in plate.reactions[::2]] == [None, 1000.0, None]
    assert {t.name: t.reporter for t in plate.targets.values()} == {"T": "FAM", "R": "VIC"}
    result = plate.results[0, "T"]
    assert (result.cq, result.determined) == (22.5, True)
    assert list(result.rn) == [rise(c, 24.0) for c in range(1, CYCLES + 1)]
    assert plate.results[12, "T"].cq is None
    assert plate.results[12, "T"].determined is False
    assert plate.results[1, "R"].determined is False, "a Cq of the last cycle is none"
    assert [r.omitted for r in plate.reactions] == [False] * 5 + [True]
    assert any("bubble" in note for note in plate.notes)
    assert [s.repetitions for s in plate.protocol] == [1, 40]
    assert plate.protocol[1].steps[1].reads


def test_bare_xml_and_other_member_names(tmp_path):
    whole = read(tmp_path, document())
    bare = read_run(written(tmp_path, document(), "plate.xml"))
    other = read_run(written(tmp_path, packed({"My plate.xml": document()}), "other.rdml"))
    for one in (bare, other):
        assert one.reactions == whole.reactions
        assert one.provenance.reader == "rdml"
        assert list(one.results[0, "T"].rn) == list(whole.results[0, "T"].rn)


def test_prefixes_do_not_matter(tmp_path):
    xml = re.sub(rb"<(/?)([a-zA-Z])", rb"<\1rdml:\2", document())
    xml = xml.replace(b'xmlns="', b'xmlns:rdml="')
    assert read(tmp_path, xml).reactions == read(tmp_path, document(), file="b.rdml").reactions


def test_wells_by_name_on_a_plate_of_unknown_size(tmp_path):
    xml = document(version="1.0").replace(
        re.search(rb"<pcrFormat>.*?</pcrFormat>", document())[0],
        b"<pcrFormat>free format</pcrFormat>",
    )
    for number, name in ((b"13", b"B1"), (b"1", b"A1"), (b"2", b"A2")):
        xml = xml.replace(b'react id="' + number + b'"', b'react id="' + name + b'"')
    plate = read(tmp_path, xml)
    assert (plate.rows, plate.columns) == (8, 12)
    assert [r.well_name for r in plate.reactions[::2]] == ["A1", "A2", "B1"]
    assert any("smallest usual" in note for note in plate.notes)


def test_types_and_quantities_by_target(tmp_path):
    xml = document(version="1.3").replace(
        b'<sample id="std"><type>std</type><quantity>',
        b'<sample id="std"><type targetId="T">std</type><type targetId="R">pos</type>'
        b'<quantity targetId="T">',
    )
    plate = read(tmp_path, xml)
    assert [(r.task, r.quantity) for r in plate.reactions[2:4]] == [
        (Task.STANDARD, 1000.0),
        (Task.POSITIVE_CONTROL, None),
    ]


def test_several_runs_must_be_named(tmp_path):
    xml = document(run("Monday"), run("Tuesday", (react(5, "s1", data("T", 30.0, "28")),)))
    error = refused(tmp_path, xml, "2 runs")
    assert "e/Monday, e/Tuesday" in error.found
    assert "--run" in error.remedy
    plate = read(tmp_path, xml, "Tuesday")
    assert [r.well_name for r in plate.reactions] == ["A5"]
    assert plate.unread == ("run e/Monday",)
    assert read(tmp_path, xml, "e/Monday").reactions[0].well_name == "A1"
    refused(tmp_path, xml, "no run has this name", "Friday")


def test_a_run_of_another_format_has_no_name(tmp_path):
    from eds_files import small_eds

    with pytest.raises(InputError, match="one run, which has no name"):
        read_run(written(tmp_path, small_eds()), "x")


CHANNELS = (
    run("FAM", (react(1, "s1", data("T", 24.0, "22")), react(2, "std", data("T", 26.0, "24")))),
    run("VIC", (react(1, "s1", data("R", 20.0, "18")), react(2, "std", data("R", 20.0, "18")))),
)


def test_channels_of_one_plate_are_put_together(tmp_path):
    plate = read(tmp_path, document(*CHANNELS))
    assert [(r.well_name, r.target) for r in plate.reactions] == [
        ("A1", "T"), ("A1", "R"), ("A2", "T"), ("A2", "R"),
    ]  # fmt: skip
    assert any("channels of one plate" in note for note in plate.notes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<tar id="R"/>', '<tar id="T"/>'),
        ('<sample id="std"/>', '<sample id="none"/>'),
        ('<react id="2">', '<react id="3">'),
        ("<rows>8</rows><columns>12", "<rows>16</rows><columns>24"),
    ],
)
def test_what_is_not_one_plate_is_not_put_together(tmp_path, old, new):
    second = CHANNELS[1].replace(old, new)
    assert second != CHANNELS[1]
    refused(tmp_path, document(CHANNELS[0], second), "2 runs")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("<cq>22.5</cq>", "<cq>abc</cq>", "must be a number"),
        ("<cyc>7</cyc>", "<cyc>6</cyc>", "cycle occurs twice"),
        ("<cyc>7</cyc>", "<cyc>6.5</cyc>", "no whole number"),
        ("<cyc>7</cyc>", "<cyc>99999999</cyc>", "no whole number"),
        ("<cyc>7</cyc>", "", "no whole number"),
        ('<tar id="R"/>', '<tar id="T"/>', "same target twice"),
        ('<tar id="R"/>', '<tar id="Q"/>', "target that the file does not describe"),
        ('<sample id="s1"/>', '<sample id="s9"/>', "sample that the file does not describe"),
        ('<target id="R">', '<target id="T">', "have one id"),
        ('<dye id="VIC"/>', '<dye id="FAM"/>', "have one id"),
        ('react id="13"', 'react id="97"', "outside the plate"),
        ('react id="13"', 'react id="2"', "occurs twice"),
        ('react id="13"', 'react id="?"', "is no well"),
        ('react id="13"', 'react id="999999999999"', "is no well"),
        ("<rows>8</rows>", "<rows>-8</rows>", "impossible plate"),
        ("<rows>8</rows>", "<rows>99999999</rows>", "impossible plate"),
        ("<type>ntc</type>", "<type>what</type>", "sample type"),
        ('version="1.2"', 'version="7"', "version of RDML"),
        ("<dye", "<!DOCTYPE x><dye", "document type|damaged"),
    ],
)
def test_what_is_broken_is_refused(tmp_path, old, new, match):
    xml = document().decode()
    assert old in xml
    refused(tmp_path, xml.replace(old, new, 1).encode(), match)


def test_other_versions_are_unsupported(tmp_path):
    with pytest.raises(UnsupportedError):
        read(tmp_path, document(version="2.0"))


def test_gaps_stay_empty(tmp_path):
    xml = re.sub(rb"<adp><cyc>7</cyc>.*?</adp>", b"", document(), count=1)
    plate = read(tmp_path, xml)
    assert np.isnan(plate.results[0, "T"].rn[6])
    assert plate.results[0, "T"].cq == 22.5
    assert any("1 reactions lack readings" in note for note in plate.notes)


def test_late_cq_is_judged_by_the_last_cycle_not_by_the_number_of_readings(tmp_path):
    few = re.sub(rb"<adp><cyc>[1-5]</cyc>.*?</adp>", b"", document(run("r", REACTS[:1])))
    plate = read(tmp_path, few.replace(b"<cq>22.5</cq>", b"<cq>38.5</cq>"))
    assert plate.results[0, "T"].cq == 38.5


def test_the_analysis_goes_on(tmp_path):
    made = from_run(read(tmp_path, document()))
    assert [q.value is None for q in made.instrument_cq] == [
        False,
        False,
        False,
        False,
        True,
        False,
    ]


def test_few_readings_that_would_need_much_memory_are_refused(tmp_path):
    targets = "".join(
        f'<target id="t{n}"><type>toi</type><dyeId id="FAM"/></target>' for n in range(900)
    )
    inside = "".join(
        f'<data><tar id="t{n}"/><adp><cyc>2000</cyc><fluor>1</fluor></adp></data>'
        for n in range(900)
    )
    reacts = tuple(react(well, "s1", inside) for well in range(1, 7))
    xml = document(run("r", reacts), extra=targets)
    refused(tmp_path, xml, "more readings than any instrument makes")


@given(st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_change_is_read_or_refused(tmp_path, data):
    xml = bytearray(document())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(xml) - 1))
        what = data.draw(st.sampled_from(["byte", "cut", "double"]))
        if what == "byte":
            xml[at] = data.draw(st.integers(0, 255))
        else:
            piece = xml[at : at + data.draw(st.integers(1, 300))]
            xml[at : at + len(piece)] = b"" if what == "cut" else piece + piece
        if not xml:
            return
    path = written(tmp_path, bytes(xml), "mutant.xml")
    try:
        read_run(path)
    except InputError as error:
        assert len(str(error)) < 4000  # noqa: PT017


REAL = {  # wells, reactions, targets, cycles, Cq
    "BioRad_qPCR_melt": (30, 60, 4, 41, 26),
    "RAS002": (96, 192, 2, 40, 0),
    "absolute": (96, 96, 4, 50, 84),
    "experiment_OC_2": (312, 312, 8, 45, 0),
    "lc96_bACTXY": (96, 384, 8, 50, 320),
    "quantification_methods": (180, 180, 20, 40, 180),
    "sample": (90, 90, 5, 40, 82),
    "stepone_std": (24, 24, 1, 40, 21),
    "steponeplus_multiplex": (48, 48, 4, 40, 36),
}


def truth(path: Path) -> dict[tuple[str, str, str], tuple[str | None, list[tuple[float, float]]]]:
    """What a file holds, found without the reader: by run, react and target."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(("rdml_data.xml", "melt.xml")))
        root = etree.fromstring(archive.read(name))
    found = {}
    for node in root.iter("{*}data"):
        parent = node.getparent()
        points = [
            (float(p.findtext("{*}cyc")), float(p.findtext("{*}fluor")))
            for p in node.iterfind("{*}adp")
        ]
        key = (parent.getparent().get("id"), parent.get("id"), node.find("{*}tar").get("id"))
        found[key] = (node.findtext("{*}cq"), points)
    return found


@pytest.mark.parametrize("name", REAL)
def test_real_files_read_whole(data_dir, name):
    path = data_dir / "rdml" / f"{name}.rdml"
    plate = read_run(path)
    stored = truth(path)
    wells = {r.well for r in plate.reactions}
    cqs = sum(one.cq is not None for one in plate.results.values())
    counts = len(wells), len(plate.reactions), len(plate.targets), len(plate.cycles), cqs
    assert counts == REAL[name]
    assert len(plate.reactions) == len(stored)
    spots = {r.well_name: r.well for r in plate.reactions}
    for (_, react_id, target), (cq, points) in stored.items():
        well = spots[react_id] if react_id in spots else int(react_id) - 1
        target = " ".join(target.split())  # names are cleaned in every reader
        result = plate.results[well, target]
        assert [result.rn[int(c) - 1] for c, _ in points] == [f for _, f in points]
        if result.cq is not None:
            assert result.cq == float(cq)
        elif cq is not None:
            assert not 0 < float(cq) < len(plate.cycles)


@pytest.mark.parametrize(
    ("name", "runs"), [("data_vermeulen_std_150000_15", 64), ("volume_machine", 3)]
)
def test_every_run_of_real_files_with_many(data_dir, name, runs):
    path = data_dir / "rdml" / f"{name}.rdml"
    with pytest.raises(InputError, match=f"{runs} runs") as caught:
        read_run(path)
    stored = truth(path)
    names = caught.value.found.split(", ")
    assert len(names) == runs
    for one in names[:: max(1, runs // 4)]:
        plate = read_run(path, one)
        inside = [key for key in stored if key[0] == one.split("/", 1)[1]]
        assert len(plate.reactions) == len(inside) or name == "volume_machine"
        assert len(plate.unread) >= runs - 1


def test_the_broken_file_is_refused(data_dir):
    with pytest.raises(InputError, match="have one id") as caught:
        read_run(data_dir / "rdml" / "error.rdml")
    assert "ZNF80" in caught.value.place


@pytest.mark.parametrize("name", ["stepone_std", "steponeplus_multiplex"])
def test_ct_of_the_stepone_is_reproduced(data_dir, name):
    """Automatic baseline and threshold of the instrument's rules, from Rn in RDML."""
    plate = read_run(data_dir / "rdml" / f"{name}.rdml")
    made = from_run(plate)
    for reaction, ours in zip(made.reactions, made.instrument_cq, strict=True):
        theirs = plate.results[reaction.well, reaction.target].cq
        assert (ours.value is None) == (theirs is None)
        if theirs is not None:
            assert ours.value == pytest.approx(theirs, abs=2e-5)
