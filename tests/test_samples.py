"""Which sample is who: sheets, patterns, and names that are nobody's or two people's."""

from __future__ import annotations

import pytest
from test_calls import NEGATIVE, plate

from qpcr.errors import InputError
from qpcr.samples import Identity, NamePattern, match_samples, read_sample_sheet


def put(tmp_path, text):
    path = tmp_path / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sheet_in_either_language(tmp_path):
    text = "sample,patient,specimen,time point\nP-1,X01,bone marrow,day 14\n,,,\nP-2,X02,,\n"
    expected = (Identity("P-1", "X01", "bone marrow", "day 14"), Identity("P-2", "X02"))
    assert read_sample_sheet(put(tmp_path, text)) == expected
    chinese = "样本名称;患者编号;标本;时间点\nP-1;X01;骨髓;诊断\n"
    assert read_sample_sheet(put(tmp_path, chinese)) == (Identity("P-1", "X01", "骨髓", "诊断"),)


def test_a_workbook(tmp_path):
    pandas = pytest.importorskip("pandas")
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl writes the workbook of this test")
    assert openpyxl
    path = tmp_path / "sheet.xlsx"
    pandas.DataFrame({"Sample": ["P-1", 7], "Patient": [101, 102]}).to_excel(path, index=False)
    assert read_sample_sheet(path) == (Identity("P-1", "101"), Identity("7", "102"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sample,who\nP-1,x\n", "'patient' is missing"),
        ("patient\nx\n", "'sample' is missing"),
        ("sample,patient\nP-1,\n", "without a patient"),
    ],
)
def test_sheets_that_say_too_little(tmp_path, text, problem):
    with pytest.raises(InputError, match=problem):
        read_sample_sheet(put(tmp_path, text))


def test_a_damaged_workbook(tmp_path):
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(InputError, match="damaged"):
        read_sample_sheet(path)


def test_names_that_match_nobody_or_two_are_findings():
    made = plate({"P-1": NEGATIVE, "P-2": NEGATIVE, "P-3": NEGATIVE, "NTC": NEGATIVE})
    sheet = [Identity("P-1", "X"), Identity("P-2", "Y"), Identity("P-2", "Z"), Identity("P-9", "W")]
    known, findings = match_samples(made, sheet)
    assert known == {"P-1": Identity("P-1", "X")}
    assert [len(one.reactions) for one in findings] == [7, 7]
    assert "P-2 stands 2 times" in findings[0].message
    assert "P-3 belongs to nobody" in findings[1].message


def test_a_row_that_is_said_twice_is_said():
    made = plate({"P-1": NEGATIVE})
    known, findings = match_samples(made, [Identity("P-1", "X"), Identity("P-1", "X")])
    assert (known, findings) == ({"P-1": Identity("P-1", "X")}, ())


def test_a_naming_pattern():
    pattern = NamePattern(r"(?P<patient>P\d+)-(?P<timepoint>D\d+)")
    assert pattern.identities(["P12-D14", "P12-D14x", "NTC"]) == (
        Identity("P12-D14", "P12", None, "D14"),
    )
    made = plate({"P1-D14": NEGATIVE, "stranger": NEGATIVE})
    known, findings = match_samples(made, pattern)
    assert known["P1-D14"].timepoint == "D14"
    assert ["stranger" in one.message for one in findings] == [True]
    with pytest.raises(InputError, match="damaged"):
        NamePattern("(")
    with pytest.raises(InputError, match="where the patient is"):
        NamePattern(r"\d+")
