"""Damaged, hostile and foreign files: an answer in words, never a crash, hang or wrong number."""

from __future__ import annotations

import contextlib
import os
import resource
import struct
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from eds_files import CALIBRATIONS, ROOT, changed, members, packed, small_eds, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qpcr.curves import from_run
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats import _archive, read_run
from qpcr.formats._java import parse_java
from qpcr.formats._multicomponent import from_text

PLATE = f"{ROOT}plate_setup.xml"
ROI = f"{ROOT}post-roi.dat"


def image(stage=3, reading=1, filter_=1):
    return next(n for n in members() if n.endswith(f"-point{reading}-{filter_}.tiff"))


def refused(path, match, kind=InputError):
    with pytest.raises(kind, match=match) as caught:
        from_run(read_run(path))
    assert Path(caught.value.file).name == path.name
    assert len(str(caught.value)) < 2000
    return caught.value


def test_the_file_the_others_are_made_of_is_read(tmp_path):
    run = read_run(written(tmp_path, small_eds()))
    assert [r.sample for r in run.reactions][:2] == ["NTC", "样本-1"]
    assert run.provenance.simulated
    made = from_run(run)
    assert [q.value is None for q in made.instrument_cq] == [True, False, False, False, True, False]


@pytest.mark.parametrize("tenth", range(10))
def test_truncated_at_every_tenth(tmp_path, tenth):
    data = small_eds()
    path = written(tmp_path, data[: len(data) * tenth // 10])
    refused(path, "empty|cut off|not an .eds")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"P", "not an .eds|cut off"),
        (b"hello, I am a text\n" * 50, "not an .eds"),
        (packed({}), "not read"),
        (packed({"a.txt": b"x"}), "not read"),
        (b"\x00" * 4096, "not an .eds"),
    ],
)
def test_not_an_eds(tmp_path, data, match):
    refused(written(tmp_path, data), match)


def test_missing_folder_pipe_and_nothing(tmp_path):
    refused(tmp_path / "none.eds", "cannot be read")
    (tmp_path / "folder.eds").mkdir()
    refused(tmp_path / "folder.eds", "a folder")
    os.mkfifo(tmp_path / "pipe.eds")
    refused(tmp_path / "pipe.eds", "not a regular file")


@pytest.mark.parametrize(
    "name",
    ["Manifest.mf", "experiment.xml", "plate_setup.xml", "tcprotocol.xml", "analysis_protocol.xml"],
)
def test_missing_members(tmp_path, name):
    error = refused(written(tmp_path, changed(f"{ROOT}{name}", None)), "missing|not read|software")
    assert error.remedy or error.expected


def test_a_run_without_fluorescence_says_so(tmp_path):
    parts = {n: d for n, d in members().items() if "images" not in n and "post-roi" not in n}
    parts.pop(f"{ROOT}multicomponent_data.txt")
    error = refused(written(tmp_path, packed(parts)), "no fluorescence")
    assert "run state" in error.found


def test_each_layer_alone_gives_the_same_ct(tmp_path):
    """Images only; object only; text only: the answers may differ in the last digits, no more."""
    whole = from_run(read_run(written(tmp_path, small_eds())))
    stripped = {
        "images": ("post-roi", "multicomponent_data"),
        "object": ("images", "multicomponent_data"),
        "text": ("images", "post-roi"),
        "text without calibration": ("images", "post-roi", "CALIBRATIONS"),
    }
    for kept, gone in stripped.items():
        parts = {n: d for n, d in members().items() if not any(word in n for word in gone)}
        made = from_run(read_run(written(tmp_path, packed(parts))))
        for ours, theirs in zip(made.instrument_cq, whole.instrument_cq, strict=True):
            assert (ours.value is None) == (theirs.value is None), kept
            if ours.value is not None:
                assert ours.value == pytest.approx(theirs.value, abs=2e-5), kept


def test_missing_and_wrong_readings(tmp_path):
    error = refused(written(tmp_path, changed(image(), None)), "readings are missing")
    assert "reading 1, filter 1" in error.place
    parts = {n: d for n, d in members().items() if "-point7-" not in n}
    error = refused(written(tmp_path, packed(parts)), "readings are missing")
    assert error.expected == "reading 7"
    refused(written(tmp_path, changed(image(), lambda d: d[:-1])), "wrong size")
    big = struct.pack(">q", 2**40)
    error = refused(written(tmp_path, changed(image(), lambda d: d[:80] + big + d[88:])), "count")
    assert "well index 10" in error.place
    refused(written(tmp_path, changed(image(), lambda d: d[:-8] + b"\xff" * 8)), "impossible count")


def test_calibration_of_another_shape(tmp_path):
    name = f"{CALIBRATIONS}uniformity.ini"
    refused(
        written(tmp_path, changed(name, lambda d: d.replace(b"rows=8", b"rows=16"))),
        "another plate",
    )
    cut = changed(name, lambda d: d.replace(b"eof\r\n2=", b"1,2\r\neof\r\n2=", 1))
    refused(written(tmp_path, cut), "another shape")
    for word in (b"NaN", b"inf", b"x"):
        lines = members()[name].split(b"\r\n")
        at = lines.index(b"1=<<eof") + 1
        lines[at] = word + b"," + lines[at].split(b",", 1)[1]
        refused(written(tmp_path, changed(name, b"\r\n".join(lines))), "finite|no number")
    for number in (b"1e300", b"-1e39", b"1e20"):
        huge = changed(name, lambda d, n=number: d.replace(b"1=<<eof\r\n", b"1=<<eof\r\n" + n, 1))
        refused(written(tmp_path, huge), "impossibly large|no number|another shape")
    unclosed = changed(name, lambda d: d.rstrip()[:-3])
    refused(written(tmp_path, unclosed), "not closed")


def test_spectra_that_are_zero_cannot_be_unmixed(tmp_path):
    def black(data):
        head, _, rest = data.partition(b"[ROX]")
        body, bracket, tail = rest.partition(b"\r\n[")
        lines = [
            b",".join([b"0.0"] * 12) if line.count(b",") == 11 else line
            for line in body.split(b"\r\n")
        ]
        return head + b"[ROX]" + b"\r\n".join(lines) + bracket + tail

    refused(written(tmp_path, changed(f"{CALIBRATIONS}puredye.ini", black)), "alike")


HEAD = '<?xml version="1.0" encoding="{}"?>'
CHINESE = "<Plate><Name>样本</Name></Plate>"
BOMB = b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><Plate>&d;</Plate>'


@pytest.mark.parametrize(
    ("xml", "match"),
    [
        (BOMB, "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Plate/>', "document type"),
        ((HEAD.format("UTF-16") + "<Plate/>").encode("utf-16"), "UTF-8"),
        ((HEAD.format("GBK") + CHINESE).encode("gbk"), "UTF-8"),
        ((HEAD.format("UTF-8") + CHINESE).encode("gbk"), "damaged"),
        (b"<a>" * 300 + b"</a>" * 300, "too deeply|damaged"),
        (b"<a>" * 70 + b"</a>" * 70, "too deeply"),
        (b"<Plate><a/>", "damaged"),
        (b"", "damaged"),
        (b"<Plate>" + b"<a/>" * 2_100_000 + b"</Plate>", "too many elements|unpacks"),
        (b"<Plate><Rows>8</Rows><Columns>1e9</Columns></Plate>", "impossible"),
        (b"<Plate><Rows>-1</Rows><Columns>12</Columns></Plate>", "impossible"),
        (b"<Plate><Rows>8</Rows><Columns>12</Columns></Plate>", "no well"),
    ],
)
def test_xml_from_strangers(tmp_path, xml, match):
    refused(written(tmp_path, changed(PLATE, xml)), match)


def test_plates_that_contradict_themselves(tmp_path):
    def twice(data):
        at = data.index(b"<DetectorTask>")
        end = data.index(b"</DetectorTask>") + len(b"</DetectorTask>")
        return data[:end] + data[at:end] + data[end:]

    refused(written(tmp_path, changed(PLATE, twice)), "same target twice")

    def recoloured(data):
        return data.replace(b"<Reporter>FAM</Reporter>", b"<Reporter>VIC</Reporter>", 1)

    error = refused(written(tmp_path, changed(PLATE, recoloured)), "one name and different dyes")
    assert "ALB" in error.place

    unknown = changed(PLATE, lambda d: d.replace(b"<Reporter>FAM</", b"<Reporter>GLOW</"))
    error = refused(written(tmp_path, unknown), "GLOW.*no pure-dye")
    assert "FAM" in error.expected
    outside = changed(PLATE, lambda d: d.replace(b"<Index>5</Index>", b"<Index>96</Index>"))
    refused(written(tmp_path, outside), "impossible")


def test_zero_passive_reference_is_said_and_gives_no_number(tmp_path):
    def dark(data):
        return data[: 8 * 3] + bytes(8) + data[8 * 4 :]

    parts = {
        n: (dark(d) if "-point9-" in n else d)
        for n, d in members().items()
        if "post-roi" not in n and "multicomponent_data" not in n
    }
    made = from_run(read_run(written(tmp_path, packed(parts))))
    assert made.problems[3] == "the passive reference is zero or negative at cycle 9"
    assert made.instrument_cq[3].value is None
    assert np.isnan(made.drn[3]).all()
    assert made.instrument_cq[2].value is not None


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../x", "a/../../b", "C:\\windows\\x", "\\\\host\\x"]
)
def test_member_names_that_point_outside(tmp_path, name):
    refused(written(tmp_path, packed({**members(), name: b"x"})), "points outside")


def test_members_that_collide(tmp_path):
    refused(written(tmp_path, packed({**members(), PLATE.upper(): b"x"})), "occurs twice")
    refused(
        written(tmp_path, packed({**members(), PLATE.replace("/", "\\"): b"x"})), "occurs twice"
    )


def test_bombs_are_bounded(tmp_path):
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(written(tmp_path, changed(PLATE, bytes(300 << 20))), "unpacks to more")
    many = {f"x{i}": b"" for i in range(_archive.MAX_MEMBERS + 1)}
    refused(written(tmp_path, packed({**members(), **many})), "too many members")
    lying = bytearray(changed(PLATE, bytes(20 << 20)))
    at = lying.rindex(PLATE.encode()) - 46 + 24  # size in the central directory
    lying[at : at + 4] = struct.pack("<I", 100)
    refused(written(tmp_path, bytes(lying)), "unpacks to more|damaged")
    assert time.perf_counter() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700 << 10


def test_encrypted_and_strangely_packed_members(tmp_path):
    data = bytearray(small_eds())
    at = data.rindex(PLATE.encode()) - 46 + 8
    data[at] |= 1
    refused(written(tmp_path, bytes(data)), "encrypted|damaged")
    refused(written(tmp_path, packed(members(), zipfile.ZIP_LZMA)), "packed in an unknown way")


def test_a_file_that_is_being_written(tmp_path, monkeypatch):
    path = written(tmp_path, small_eds())
    read = type(path).read_bytes

    def slow(self):
        data = read(self)
        with self.open("ab") as stream:
            stream.write(b"more")
        return data

    monkeypatch.setattr(type(path), "read_bytes", slow)
    error = refused(path, "changed while it was read")
    assert "wait" in error.remedy


def test_software_of_others(tmp_path):
    manifest = b"Implementation-Title: Another Cycler\r\nImplementation-Version: 1.5.1\r\n"
    path = written(tmp_path, changed(f"{ROOT}Manifest.mf", manifest))
    error = refused(path, "other software", UnsupportedError)
    assert "Another Cycler" in error.found


JAVA_TOKENS = {
    "block data": b"\xac\xed\x00\x05\x77\x04abcd",
    "class object": b"\xac\xed\x00\x05\x76",
    "proxy": b"\xac\xed\x00\x05\x7d",
    "exception": b"\xac\xed\x00\x05\x7b",
    "long string": b"\xac\xed\x00\x05\x7c" + b"\xff" * 8,
    "gadget": b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap" + bytes(8) + b"\x03\x00\x00xp",
    "reset": b"\xac\xed\x00\x05\x79",
    "nothing": b"",
    "reference to nothing": b"\xac\xed\x00\x05\x71\x00\x7e\x00\x05",
}


@pytest.mark.parametrize("name", JAVA_TOKENS)
def test_java_streams_hold_data_only(tmp_path, name):
    with pytest.raises(InputError):
        parse_java(JAVA_TOKENS[name], lambda _: False)
    refused(written(tmp_path, changed(ROI, JAVA_TOKENS[name])), "Java")


def test_java_arrays_cannot_be_larger_than_the_stream():
    huge = (
        b"\xac\xed\x00\x05ur\x00\x02[F"
        + bytes(8)
        + b"\x02\x00\x00xp"
        + struct.pack(">i", 2**31 - 1)
    )
    with pytest.raises(InputError, match="fit"):
        parse_java(huge, lambda _: True)


def test_java_nesting_is_bounded():
    opening = b"ur\x00\x13[Ljava.lang.Object;" + bytes(8) + b"\x02\x00\x00xp\x00\x00\x00\x01"
    with pytest.raises(InputError, match="nested"):
        parse_java(b"\xac\xed\x00\x05" + opening * 100, lambda _: True)


@pytest.mark.parametrize("length", range(0, 4000, 37))
def test_java_streams_cut_anywhere(length):
    with pytest.raises(InputError):
        parse_java(members()[ROI][:length], lambda _: True)


@pytest.mark.parametrize("part", [0.1, 0.35, 0.5, 0.77, 0.999])
def test_multicomponent_text_cut_anywhere_is_refused_or_of_whole_wells(part):
    text = members()[f"{ROOT}multicomponent_data.txt"].decode()
    with pytest.raises(InputError):
        from_text(text[: int(len(text) * part * 6 / 96)], 96, 5)


def mutated(draw_bytes, seed, count):
    data = bytearray(draw_bytes)
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, len(data), count):
        data[at] = rng.integers(0, 256)
    return bytes(data)


@settings(max_examples=150, deadline=timedelta(seconds=10), suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(
        ["Manifest.mf", "experiment.xml", "plate_setup.xml", "tcprotocol.xml",
         "analysis_protocol.xml", "post-roi.dat", "multicomponent_data.txt", "puredye.ini",
         "uniformity.ini", "background.ini"]
    ),
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 30),
    cut=st.floats(0, 1),
)  # fmt: skip
def test_mutated_members_never_crash(tmp_path_factory, name, seed, count, cut):
    full = next(n for n in members() if n.endswith(name))
    damaged = mutated(members()[full], seed, count)
    if cut < 0.3:
        damaged = damaged[: int(len(damaged) * cut * 3)]
    path = written(tmp_path_factory.mktemp("fuzz"), changed(full, damaged))
    with contextlib.suppress(InputError):  # the one kind of error that may come out
        assert len(from_run(read_run(path))) >= 1


@settings(max_examples=60, deadline=timedelta(seconds=10), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
def test_mutated_containers_never_crash(tmp_path_factory, seed, count):
    path = written(tmp_path_factory.mktemp("fuzz"), mutated(small_eds(), seed, count))
    with contextlib.suppress(InputError):
        assert len(from_run(read_run(path))) >= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
def test_numbers_that_cannot_be_in_the_stored_object(tmp_path, value):
    whole = members()[ROI]
    reading = parse_java(whole, lambda _: True).fields["mRawData"][50][10][0]
    before, after = struct.pack(">f", reading), struct.pack(">f", value)
    assert whole.count(before) == 1
    refused(written(tmp_path, changed(ROI, whole.replace(before, after))), "finite")


@pytest.mark.parametrize("word", ["1E300", "NaN", "-Infinity", "x"])
def test_numbers_that_cannot_be_in_the_stored_text(word):
    lines = members()[f"{ROOT}multicomponent_data.txt"].decode().split("\r\n")
    cells = lines[3].split("\t")
    cells[4] = word
    with pytest.raises(InputError, match="number"):
        from_text("\r\n".join([*lines[:3], "\t".join(cells), *lines[4:]]), 96, 5)


def test_the_container_is_closed_and_nothing_is_extracted(tmp_path):
    path = written(tmp_path, small_eds())
    read_run(path)
    assert [p.name for p in tmp_path.iterdir()] == ["plate.eds"]
