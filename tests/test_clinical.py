"""Clinical fields, cells, sheets, column maps and planned imports; all data here is invented."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from qpcr.clinical.cells import Reading, parse_cell
from qpcr.clinical.checks import contradictions
from qpcr.clinical.column_map import ColumnMap, read_column_map
from qpcr.clinical.dates import CellError
from qpcr.clinical.fields import Below, folded, schema
from qpcr.clinical.plan import plan_import
from qpcr.clinical.sheet import read_sheet
from qpcr.errors import InputError, QpcrError

TODAY = date(2026, 1, 31)
FIELDS = schema().fields
days = st.dates(date(1900, 1, 1), TODAY)


def read(field, text, **how):
    return parse_cell(text, Reading(FIELDS[field], **how), TODAY)


def plan(tmp_path, text, columns=None, known=None, encoding="utf-8"):
    path = tmp_path / "patients.csv"
    path.write_bytes(text.encode(encoding))
    stored = known or {}
    return plan_import(read_sheet(path), columns or ColumnMap(), stored.get, TODAY)


# --- fields ---------------------------------------------------------------------------------------


def test_no_two_fields_share_a_head_and_every_spelling_means_one_code():
    heads = [head for field in FIELDS.values() for head in field.heads]
    assert len(heads) == len(set(heads))
    for field in FIELDS.values():
        assert field.kind != "choice" or field.codes
        assert field.en
        assert field.zh
        for code in field.codes:
            assert field.spellings[folded(code)] == code


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("wbc", 29.99, False),
        ("wbc", 30.0, True),
        ("ldh", 600.0, True),
        ("ldh", 599.0, False),
        ("cd20", 20.0, False),
        ("cd20", 20.1, True),
        ("mrd1", 1.0, True),
        ("mrd3", 0.009, False),
        ("mrd3", Below(0.01), False),
        ("mrd3", Below(0.1), None),
        ("mrd1", Below(0.1), False),
        ("mrd2", None, None),
    ],
)
def test_the_cuts_of_the_study(field, value, expected):
    assert FIELDS[field].positive(value) is expected


def test_a_field_without_a_cut_has_no_positive():
    with pytest.raises(ValueError, match="no cut"):
        FIELDS["age"].positive(3.0)


@given(st.sampled_from(sorted(FIELDS)), st.data())
def test_what_is_stored_comes_back(name, data):
    field = FIELDS[name]
    value = data.draw(
        {
            "number": st.floats(field.low or 0, field.high or 1),
            "date": days,
            "flag": st.booleans(),
            "choice": st.sampled_from(field.codes or ("",)),
            "id": st.from_regex(r"[A-Z]\d{1,6}", fullmatch=True),
        }[field.kind]
    )
    assert field.value(field.stored(value)) == value
    assert field.value(field.plain(value)) == value


def test_a_stored_number_in_another_unit_is_converted_and_an_unknown_unit_is_refused():
    assert FIELDS["wbc"].value({"value": 35000, "unit": "/µL"}) == pytest.approx(35)
    assert FIELDS["ldh"].value({"value": 10, "unit": "µkat/L"}) == pytest.approx(600)
    with pytest.raises(ValueError, match="unit"):
        FIELDS["wbc"].value({"value": 35, "unit": "mg"})
    with pytest.raises(ValueError, match="age"):
        FIELDS["age"].value(True)
    with pytest.raises(ValueError, match="age"):
        FIELDS["age"].value(130)
    assert FIELDS["mrd3"].value({"value": "<0.01", "unit": "%"}) == Below(0.01)


# --- dates ----------------------------------------------------------------------------------------


@given(days)
def test_every_unambiguous_way_to_write_a_date_is_that_date(day):
    forms = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month:02}.{day.day:02}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year} 年 {day.month} 月 {day.day} 号",
        f"{day:%Y%m%d}",
        f"{day.isoformat()} 00:00:00",
        f"{day.day} {day:%b} {day.year}",
        f"{day.day:02}-{day:%b}-{day.year}",
        "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in day.isoformat()),
    ]
    for text in forms:
        assert read("diagnosis_date", text) == day
    assert read("diagnosis_date", f"{day.day}/{day.month}/{day.year}", order="day-first") == day
    assert read("diagnosis_date", f"{day.month}/{day.day}/{day.year}", order="month-first") == day


@given(days, st.sampled_from("/-."))
def test_a_date_with_two_readings_is_refused_unless_they_agree(day, sign):
    text = f"{day.day:02}{sign}{day.month:02}{sign}{day.year}"
    if day.day <= 12 and day.day != day.month:
        with pytest.raises(CellError, match="two ways"):
            read("diagnosis_date", text)
    else:
        assert read("diagnosis_date", text) == day


@given(st.dates(date(1928, 1, 1), TODAY))  # five digits from 1927 on
def test_serial_dates_need_their_base(day):
    count = (day - date(1900, 1, 1)).days + 2  # 1900-01-01 is 1, and 1900-02-29 is counted
    assert read("diagnosis_date", str(count), serial=1900) == day
    if count - 1462 >= 10_000:
        assert read("diagnosis_date", str(count - 1462), serial=1904) == day
    with pytest.raises(CellError, match="bare number"):
        read("diagnosis_date", str(count))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2021-02-29", "does not exist"),
        ("2021年13月1日", "does not exist"),
        ("21/03/05", "two digits"),
        ("2021-03", "without its day"),
        ("2021", "without its day"),
        ("2021年3月", "without its day"),
        ("2027-01-01", "cannot be"),
        ("1821-03-05", "cannot be"),
        ("yesterday", "not a date"),
        ("2021-03/05", "not a date"),
        ("44260.5", "not a date"),
        ("1.4e4", "not a date"),
        ("٢٠٢١-٠٣-٠٥", "not a date"),
        ("#VALUE!", "spreadsheet"),
        ("########", "spreadsheet"),
    ],
)
def test_dates_that_are_refused(text, why):
    with pytest.raises(CellError, match=why):
        read("diagnosis_date", text)


def test_a_stated_order_is_kept_even_where_the_other_would_fit():
    with pytest.raises(CellError, match="does not exist"):
        read("diagnosis_date", "25/03/2021", order="month-first")


# --- numbers, codes, ids --------------------------------------------------------------------------


@given(st.floats(0.01, 2000).map(lambda x: round(x, 4)))
def test_numbers_and_units(number):
    text = f"{number:.4f}"
    assert read("wbc", text) == number
    assert read("wbc", text.replace(".", ","), decimal=",") == number
    assert read("wbc", f"{text} ×10⁹/L") == number
    assert read("wbc", f"{text}×10^9/L") == number
    assert read("wbc", text, factor=1.0) == number
    with pytest.raises(CellError, match="number with"):
        read("wbc", text.replace(".", ","))
    with pytest.raises(CellError, match="number with"):
        read("wbc", text, decimal=",")


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("wbc", "1,234", "number with"),
        ("wbc", "1 234", "not a number"),
        ("wbc", "1'234", "not a"),
        ("wbc", "35 mg", "unknown unit"),
        ("wbc", ">100", "bound"),
        ("wbc", "<4", "bound"),
        ("wbc", "-3", "out of range"),
        ("wbc", "1e999", "out of range"),
        ("wbc", "12.5.1", "not a"),
        ("wbc", "inf", "not a number"),
        ("wbc", "0x1f", "unknown unit"),
        ("wbc", "1_0", "unknown unit"),
        ("age", "131", "out of range"),
        ("cd20", "135", "out of range"),
        ("mrd1", "<0", "bound"),
        ("mrd1", "negative", "not a number"),
        ("wbc", "#DIV/0!", "spreadsheet"),
        ("wbc", "三十", "not a number"),
        ("sex", "1", "unknown code"),
        ("ph", "-", "dash"),
        ("ikzf1_deletion", "Δ3-6", "unknown code"),
        ("ph", "maybe", "unknown code"),
        ("patient", "1.2E+15", "rounded"),
        ("patient", "1234567890123456", "rounded"),
        ("patient", "110105194912310021X", None),
        ("patient", "11010519491231002X", "identity"),
        ("patient", "A\u200bB", "cannot be seen"),
    ],
)
def test_cells_that_are_refused(field, text, why):
    if why is None:
        assert read(field, text) == text
        return
    with pytest.raises(CellError, match=why):
        read(field, text)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("sex", "男", "male"),
        ("sex", " F ", "female"),
        ("ph", "阳性", True),
        ("ph", "0", False),
        ("ph", "True", True),
        ("therapy", "异基因移植", "allo-HSCT"),
        ("relapse", "否", False),
        ("ikzf1_deletion", "del 4–7", "Δ4-7"),
        ("ikzf1_deletion", "∆2-7", "Δ2-7"),
        ("mrd3", "＜0.01", Below(0.01)),
        ("mrd3", "< 0.01 %", Below(0.01)),
        ("cd20", "35%", 35.0),
        ("age", "45岁", 45.0),
        ("wbc", "", None),
        ("wbc", "不详", None),
        ("wbc", "-", None),
        ("sex", "N/A", None),
        ("patient", "007", "007"),
        ("wbc", "３５．２", 35.2),
    ],
)
def test_cells_as_people_write_them(field, text, value):
    assert read(field, text) == value


@settings(max_examples=300)
@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=30))
def test_any_text_is_a_value_of_the_field_or_refused_in_words(name, text):
    field = FIELDS[name]
    try:
        value = read(name, text)
    except CellError as error:
        value, words = None, (error.problem, error.expected)
        assert all(words)
    assert value is None or field.problem(value) is None


# --- sheets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_texts_in_any_encoding(tmp_path, encoding, sign):
    text = "患者编号,性别,诊断日期\n\nP1,男,2021年3月5日\n".replace(",", sign)
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(encoding))
    rows = read_sheet(path)
    assert [row.number for row in rows] == [1, 3]
    assert rows[1].cells == ("P1", "男", "2021年3月5日")


def workbook(path, cells, options=None, sheets=("Sheet1",)):
    book = xlsxwriter.Workbook(path, options or {})
    formats = {
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "percent": book.add_format({"num_format": "0.0%"}),
        "quoted": book.add_format({"num_format": '0.0"%"'}),
    }
    for name in sheets:
        sheet = book.add_worksheet(name)
        for row, line in cells.items():
            for column, (value, kind) in line.items():
                if kind == "error":
                    sheet.write_formula(row, column, "=NA()", None, value)
                elif isinstance(value, date):
                    midnight = datetime(value.year, value.month, value.day)
                    sheet.write_datetime(row, column, midnight, formats[kind])
                else:
                    sheet.write(row, column, value, formats.get(kind))
    book.close()
    return path


@pytest.mark.parametrize("epoch", [False, True])
def test_workbooks_show_what_people_see(tmp_path, epoch):
    cells = {
        2: {1: ("id", None), 2: ("when", None), 3: ("cd20", None), 4: ("e", None), 5: ("f", None)},
        4: {
            1: ("P1", None),
            2: (date(2021, 3, 5), "date"),
            3: (0.355, "percent"),
            4: ("#DIV/0!", "error"),
            5: (7.0, "quoted"),
        },
    }
    path = workbook(tmp_path / "x.xlsx", cells, {"date_1904": epoch})
    head, row = read_sheet(path)
    assert (head.number, row.number) == (3, 5)
    assert row.cells == ("", "P1", "2021-03-05", "35.5%", "#DIV/0!", "7")


def test_workbooks_of_several_sheets_need_a_name_and_old_kinds_are_refused(tmp_path):
    cells = {0: {0: ("id", None)}, 1: {0: ("P1", None)}}
    path = workbook(tmp_path / "x.xlsx", cells, sheets=("one", "二"))
    with pytest.raises(InputError, match="several sheets"):
        read_sheet(path)
    assert read_sheet(path, "二")[1].cells == ("P1",)
    with pytest.raises(InputError, match="no such sheet"):
        read_sheet(path, "three")
    old = tmp_path / "x.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(InputError, match=r"\.xls are not read"):
        read_sheet(old)


@pytest.mark.parametrize("cut", [30, 200, 1000, -40])
def test_damaged_workbooks_are_refused(tmp_path, cut):
    path = workbook(tmp_path / "x.xlsx", {0: {0: ("id", None)}, 1: {0: ("P1", None)}})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(QpcrError):
        read_sheet(path)


# --- column maps ----------------------------------------------------------------------------------

MAP = """
date_order = "day-first"
missing = ["999"]
ignore = ["Name"]
[columns."Nr"]
field = "patient"
[columns."Leuko"]
field = "wbc"
unit = "/µL"
decimal = ","
[columns."G"]
field = "sex"
codes = { "1" = "male", "2" = "female" }
"""


def test_a_map_says_units_codes_and_order(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(MAP, encoding="utf-8")
    columns = read_column_map(path)
    text = "Nr;Name;Leuko;G;diagnosis date;LDH\nP1;Smith;35000,5;2;03/04/2021;999\n"
    made = plan(tmp_path, text, columns)
    assert not made.refusals
    assert made.unread == ()
    found = {one.field: one.new for one in made.differences}
    assert found == {
        "wbc": {"value": pytest.approx(35.0005), "unit": "10^9/L"},
        "sex": "female",
        "diagnosis_date": "2021-04-03",
    }


def test_a_map_as_csv_says_the_same(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text(
        "column,field,unit,codes,date_order\nNr,patient,,,\nLeuko,wbc,/µL,,\n"
        "G,sex,,1=male;2=female,\nDx,diagnosis_date,,,day-first\nName,,,,\n",
        encoding="utf-8",
    )
    columns = read_column_map(path)
    assert columns.ignore == {"Name"}
    made = plan(tmp_path, "Nr,Leuko,G,Dx,Name\nP1,35000,1,03/04/2021,x\n", columns)
    assert [one.new for one in made.differences][1:] == ["male", "2021-04-03"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('field = "wbc"', 'field = "wcb"'), "no such field"),
        (('"/µL"', '"mg"'), "unknown unit"),
        (('"male"', '"man"'), "stands for nothing"),
        (("day-first", "dmy"), "unknown value"),
        (("decimal =", "decimals ="), "unknown key"),
        (('field = "sex"', 'field = "wbc"'), "stands|two"),
        (('missing = ["999"]', "missing = 999"), "list of texts"),
        (("[columns", "[[columns"), "TOML|stated"),
        (('"day-first"', "1900-01-01"), "unknown value"),
        (("[columns", "[col"), "unknown key"),
    ],
)
def test_maps_that_are_refused(tmp_path, change, why):
    path = tmp_path / "map.toml"
    path.write_text(MAP.replace(*change), encoding="utf-8")
    with pytest.raises(InputError, match=why) as caught:
        read_column_map(path)
    assert str(path) in str(caught.value)


# --- plans ----------------------------------------------------------------------------------------


def test_a_plan_says_what_changes_and_what_stays(tmp_path):
    known = {"P1": {"sex": "male", "wbc": {"value": 20, "unit": "10^9/L"}, "age": 44}}
    text = "id,sex,wbc,年龄,shoe\nP1,M,35,,42\nP2,F,,30,\n"
    made = plan(tmp_path, text, ColumnMap(ignore=frozenset({"shoe"})), known=known)
    assert not made.refusals
    assert made.new == ("P2",)
    assert made.unread == ()
    assert made.unchanged == 1  # an empty cell takes nothing back
    assert [(o.patient, o.field, o.old, o.new) for o in made.differences] == [
        ("P1", "wbc", {"value": 20, "unit": "10^9/L"}, {"value": 35.0, "unit": "10^9/L"}),
        ("P2", "sex", None, "female"),
        ("P2", "age", None, {"value": 30.0, "unit": "years"}),
    ]
    assert [one.field for one in made.replaced] == ["wbc"]


@pytest.mark.parametrize(
    ("head", "hint"),
    [
        ("wcb", "did you mean wbc?"),
        ("wbc (10^9/L)", 'field = "wbc", unit = "10^9/L"'),
        ("白细胞（10^9/L）", 'field = "wbc"'),
        ("Wbc, 10^9/L", 'field = "wbc"'),
        ("wbc (parsecs)", "did you mean wbc?"),
        ("relapse dat", "did you mean relapse_date?"),
        ("shoe", "--ignore"),
        ("rbc", "a field's name, or to be ignored"),
        ("mrd4", "a field's name, or to be ignored"),
        ("cdkn2c", "a field's name, or to be ignored"),
        ("抽样日期", "a field's name, or to be ignored"),
        ("birth date", "not kept"),
        ("Date of birth", "not kept"),
        ("DOB", "not kept"),
        ("patient_name", "not kept"),
        ("Phone", "not kept"),
        ("ID card", "not kept"),
        ("出生日期", "not kept"),
        ("姓名", "not kept"),
        ("电话", "not kept"),
        ("身份证号", "not kept"),
    ],
)
def test_a_column_that_nobody_understands_is_refused(tmp_path, head, hint):
    made = plan(tmp_path, f'id,sex,"{head}"\nP1,M,35\nP2,F,\n')
    (one,) = made.refusals
    assert (one.row, one.column, one.found) == (1, head, None)
    assert hint in one.expected
    assert "--ignore" in one.expected
    assert ("did you mean" in one.expected) is ("did you mean" in hint)
    assert made.unread == (head,)
    ignored = plan(tmp_path, f'id,sex,"{head}"\nP1,M,35\n', ColumnMap(ignore=frozenset({head})))
    assert not ignored.refusals


def test_what_the_hint_says_is_understood(tmp_path):
    head = "wbc (10^9/L)"
    path = tmp_path / "map.toml"
    path.write_text(f'[columns."{head}"]\nfield = "wbc"\nunit = "10^9/L"\n', encoding="utf-8")
    made = plan(tmp_path, f"id,{head}\nP1,35\n", read_column_map(path))
    assert not made.refusals
    assert made.differences[0].new == {"value": 35.0, "unit": "10^9/L"}


def test_a_column_without_a_head_is_refused_if_anything_stands_in_it(tmp_path):
    (one,) = plan(tmp_path, "id,,sex\nP1,,M\nP2,7,F\n").refusals
    assert (one.column, one.problem) == ("column 2", "a column without a head")
    assert "row 3" in one.expected
    assert not plan(tmp_path, "id,,sex,\nP1,,M,\nP2, ,F,\n").refusals


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("P1,,35,,2021-03-05,2020-03-05,,", "is after"),
        ("P1,,,yes,2021-03-05,,,", "unknown code"),
        (",M,,,,,,", "without a patient"),
        ("P1,M", "another length"),
        ("P1,M,,,,,,,x", "another length"),
        ("P0,F,,,,,,", "twice"),
        ("p0,F,,,,,,", "twice"),
        ("P1,,,,2021-03-05,,否,2021-04-05", "otherwise"),
        ("P1,,1.2.3,,,,,", "not a number"),
    ],
)
def test_one_bad_row_is_named_and_nothing_of_it_tells_who(tmp_path, row, problem):
    head = "id,sex,wbc,relapse,diagnosis date,last follow-up,death,death date"
    row = row.replace("yes", "perhaps")
    made = plan(tmp_path, f"{head}\nP0,M,30,,,,,\n{row}\n")
    assert len(made.refusals) == 1
    refusal = made.refusals[0]
    assert refusal.row == 3
    assert problem in refusal.problem
    assert refusal.expected
    told = f"{refusal.problem} {refusal.expected} {refusal.found}"
    assert "P1" not in told
    assert "P0" not in told


def test_stored_dates_count_too_and_old_contradictions_do_not_block(tmp_path):
    known = {"P1": {"diagnosis_date": "2021-03-05"}}
    made = plan(tmp_path, "id,death,death date\nP1,是,2020-01-01\n", known=known)
    assert [one.problem for one in made.refusals] == ["Date of diagnosis is after date of death"]
    known = {"P1": {"diagnosis_date": "2021-03-05", "death_date": "2020-01-01"}}
    assert not plan(tmp_path, "id,sex\nP1,M\n", known=known).refusals


def test_a_relapse_before_the_transplantation_is_said_not_refused(tmp_path):
    text = "id,relapse,relapse date,treatment,hsct date\nP1,1,2021-01-05,HSCT,2021-06-05\n"
    made = plan(tmp_path, text)
    assert not made.refusals
    assert made.notes == ((2, "The relapse comes before the transplantation."),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sex,wbc\nM,3\n", "who the patient is"),
        ("id,sex,gender\nP1,M,M\n", "two columns mean sex"),
        ("id\n", "no patients"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, why):
    with pytest.raises(InputError, match=why):
        plan(tmp_path, text)


def test_a_column_of_the_map_must_be_there(tmp_path):
    columns = ColumnMap({"Nr": Reading(FIELDS["patient"]), "W": Reading(FIELDS["wbc"])})
    with pytest.raises(InputError, match="column of the map is not in the table"):
        plan(tmp_path, "Nr,sex\nP1,M\n", columns)


@given(
    st.dictionaries(
        st.sampled_from([n for n, f in FIELDS.items() if f.kind == "date"]), days, max_size=6
    )
)
def test_dates_that_follow_the_course_of_disease_are_never_refused(values):
    order = [
        "diagnosis_date",
        "mrd1_date",
        "mrd2_date",
        "mrd3_date",
        "cr_date",
        "hsct_date",
        "first_event_date",
        "relapse_date",
        "death_date",
        "last_follow_up",
    ]
    made = dict(zip([n for n in order if n in values], sorted(values.values()), strict=True))
    assert not contradictions(made)
    late = {name: one for name, one in made.items() if name != "diagnosis_date"}
    if late and max(late.values()) < TODAY:
        wrong = {**late, "diagnosis_date": max(late.values()) + timedelta(days=1)}
        found = {name for breach in contradictions(wrong) if breach.fatal for name in breach.fields}
        assert found == {"diagnosis_date", *late}
