"""Looking at files: what is recognised, what is bounded, and that nothing hangs."""

from __future__ import annotations

import io
import os
import struct
import zipfile

import pytest
import xlsxwriter

from qpcr.errors import InputError, UnsupportedError
from qpcr.formats import Probe, read_run
from qpcr.formats._decoding import decode
from qpcr.formats._ole import check_xls


def xlsx(cells):
    """A workbook with one sheet: address to content."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Results")
    for address, content in cells.items():
        sheet.write(address, content)
    book.close()
    return stream.getvalue()


def with_member(data, name, change):
    """A container with one member changed."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return stream.getvalue()


def saved(tmp_path, data, name="file.xlsx"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_workbook_is_parsed_when_asked_and_once(tmp_path):
    probe = Probe.of(saved(tmp_path, xlsx({"B2": 1.5, "C2": "x", "A3": True})))
    assert probe.is_workbook
    assert probe.book.names == ("Results",)
    rows = probe.book.rows("Results")
    assert rows == [["", "", ""], ["", 1.5, "x"], [True, "", ""]]
    assert probe.book.rows("Results") is rows
    assert probe.book is probe.book
    assert len(probe.sha256) == 64


@pytest.mark.parametrize("address", ["XFD2", "Z1048576", "ZZ90000"])
def test_a_cell_far_out_is_refused_before_it_costs_memory(tmp_path, address):
    path = saved(tmp_path, xlsx({"A1": 1, address: 2}))
    with pytest.raises(InputError, match="larger than any export"):
        _ = Probe.of(path).book


def test_a_zip_bomb_of_a_workbook_is_refused(tmp_path):
    data = with_member(xlsx({"A1": 1}), "xl/worksheets/sheet1.xml", lambda c: c + b" " * (80 << 20))
    with pytest.raises(InputError, match="unpacks to more"):
        _ = Probe.of(saved(tmp_path, data)).book


@pytest.mark.parametrize("part", [b"<sheetData", b"<worksheet", b"</c>"])
def test_a_damaged_sheet_is_an_answer_in_words(tmp_path, part):
    data = with_member(
        xlsx({"A1": 1, "B1": "x"}), "xl/worksheets/sheet1.xml", lambda c: c.replace(part, b"<<")
    )
    probe = Probe.of(saved(tmp_path, data))
    try:
        probe.book.rows("Results")
    except InputError as error:
        assert "damaged" in error.problem  # noqa: PT017 - a parser may also bear it


def test_an_xls_with_a_far_cell_is_refused(tmp_path):
    def record(kind, content):
        return struct.pack("<HH", kind, len(content)) + content

    stream = record(0x0809, bytes(16)) + record(0x0203, struct.pack("<HHHd", 65535, 65535, 0, 1.0))
    stream += record(0x000A, b"") * 2000
    with pytest.raises(InputError, match="row 65536, column 65536"):
        check_xls(ole(stream), tmp_path / "a.xls", 5000, 20_000_000)


def ole(stream, first_table=0):
    """An OLE2 container with one stream ``Workbook``, sectors of 512 bytes."""
    sectors = -(-len(stream) // 512)
    table = [0xFFFFFFFD, 0xFFFFFFFE] + [n + 1 for n in range(2, sectors + 1)] + [0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HH", head, 30, 9, 6)
    struct.pack_into("<I", head, 48, 1)
    struct.pack_into("<I", head, 68, 0xFFFFFFFE)
    struct.pack_into("<109I", head, 76, first_table, *[0xFFFFFFFF] * 108)
    entry = bytearray(128)
    name = "Workbook".encode("utf-16-le") + b"\0\0"
    entry[: len(name)] = name
    struct.pack_into("<H", entry, 64, len(name))
    entry[66] = 2
    struct.pack_into("<II", entry, 116, 2, len(stream))
    body = struct.pack("<128I", *table) + bytes(entry) + bytes(384) + stream.ljust(sectors * 512)
    return bytes(head) + body


@pytest.mark.parametrize("keep", [8, 76, 511, 600, 1100, 3000])
def test_an_xls_cut_off_is_an_answer_in_words(tmp_path, keep):
    path = saved(tmp_path, ole(bytes(8000))[:keep], "a.xls")
    with pytest.raises(InputError):
        read_run(path)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_texts_are_read_in_the_encodings_there_are(tmp_path, encoding):
    text = "孔\t样本\tCт\nA1\t白血病\t23,5\n"
    path = saved(tmp_path, text.encode(encoding), "a.txt")
    assert Probe.of(path).text == text
    assert Probe.of(path).text_head == text


@pytest.mark.parametrize(
    "parts", [("utf-8", "gb18030"), ("gb18030", "utf-8"), ("utf-8-sig", "gbk")]
)
def test_mixed_encodings_are_refused(tmp_path, parts):
    data = "孔\t样本\tCт\n".encode(parts[0]) + "A1\t白血病\t23\n".encode(parts[1])
    with pytest.raises(InputError, match="mixes encodings"):
        _ = Probe.of(saved(tmp_path, data, "a.txt")).text


def test_no_text_in_gbk_is_taken_for_a_mixture(tmp_path):
    words = (
        "样本名称 目标 阴性对照 阳性对照 标准品 白血病 模板 微量 患者 张三 李四 王五 上海 北京 浓度"
    )
    data = "\n".join(words.split()).encode("gbk") + b"\n"
    assert Probe.of(saved(tmp_path, data, "a.txt")).text.split() == words.split()


def test_western_text_is_not_taken_for_chinese(tmp_path):
    assert decode("Nom\tµL\té\t20 °C\n".encode("cp1252"), tmp_path) == "Nom\tµL\té\t20 °C\n"


def test_a_pipe_a_folder_and_an_empty_file_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.xls").touch()
    for name, words in (("pipe", "not a regular"), (".", "folder"), ("empty.xls", "empty")):
        with pytest.raises(InputError, match=words):
            read_run(tmp_path / name)


def test_one_byte_is_refused_in_words(tmp_path):
    with pytest.raises(InputError):
        read_run(saved(tmp_path, b"P", "a.csv"))


def test_a_workbook_of_another_kind_is_named_by_its_sheets(tmp_path):
    with pytest.raises(UnsupportedError) as caught:
        read_run(saved(tmp_path, xlsx({"A1": "shopping", "A2": "milk"})))
    assert "Results" in str(caught.value)
