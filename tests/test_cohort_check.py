"""Published tables against their own counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from qpcr.cohort.check import check_table
from qpcr.errors import InputError

HEAD = "table,factor,group,n,total,printed_percent,printed_statistic,printed_p"


def table(tmp_path, *lines, head=HEAD) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    return path


def found(path):
    return [
        (one.factor, one.group, one.what, one.computed) for one in check_table(path).disagreements
    ]


def test_the_study_s_faults_are_found_all_and_no_others(data_dir):
    checked = check_table(data_dir / "ikzf1" / "study_tables.csv")
    told = {(one.table, one.factor, one.group, one.what) for one in checked.disagreements}
    assert told == {
        ("1", "LDH>=600", "", "p"),
        ("1", "MRD3>0.01%", "", "statistic"),
        ("1", "MRD3>0.01%", "", "p"),
        ("2", "WBC>=30", "B", "percent"),
        ("2", "LDH>=600", "C", "percent"),
        ("2", "relapse", "B", "percent"),
    }
    words = {(one.factor, one.what): one.explanation for one in checked.disagreements}
    assert "Fisher" in words["LDH>=600", "p"]
    assert "17/48" in words["MRD3>0.01%", "statistic"]
    assert "cut off" in words["relapse", "percent"]
    assert checked.compared == 96


def test_a_table_that_agrees(tmp_path):
    path = table(
        tmp_path, "1,x,a,26,92,28.3,7.866,0.005", "1,x,b,26,50,52.0,7.866,0.005",
        "1,y,a,0,10,0.0,,", "1,y,b,10,10,100.0,,",
    )  # fmt: skip
    assert found(path) == []


def test_one_wrong_count_shows_in_every_number_made_of_it(tmp_path):
    path = table(tmp_path, "1,x,a,27,92,28.3,7.866,0.005", "1,x,b,26,50,52.0,7.866,0.005")
    assert [what for _, _, what, _ in found(path)] == ["percent", "statistic", "p"]


def test_both_ways_of_rounding_a_half_are_right(tmp_path):
    for printed in ("12.5", "12", "13"):
        path = table(tmp_path, f"1,x,a,1,8,{printed},,", "1,x,b,1,8,,,")
        assert found(path) == []
    path = table(tmp_path, "1,x,a,1,8,11,,", "1,x,b,1,8,,,")
    assert len(found(path)) == 1


def test_a_bound_is_a_bound(tmp_path):
    good = table(tmp_path, "1,x,a,1,100,,,<0.001", "1,x,b,60,100,,,<0.001")
    assert found(good) == []
    bad = table(tmp_path, "1,x,a,50,100,,,<0.001", "1,x,b,60,100,,,<0.001")
    assert found(bad) == [("x", "", "p", "0.155")]


def test_hazard_ratios_against_their_intervals(tmp_path):
    head = "factor,hr,low,high,printed_p"
    good = table(tmp_path, "IKZF1,1.744,1.083,2.807,0.022", head=head)
    assert found(good) == []
    bad = table(tmp_path, "Ph,1.052,0.598,1.852,0.750", head=head)
    (one,) = check_table(bad).disagreements
    assert (one.what, one.computed) == ("p", "0.860")


@pytest.mark.parametrize(
    "lines",
    [
        ["1,x,a,9,8,,,", "1,x,b,1,8,,,"],
        ["1,x,a,one,8,,,", "1,x,b,1,8,,,"],
        ["1,x,a,1.5,8,,,", "1,x,b,1,8,,,"],
        ["1,x,a,nan,8,,,", "1,x,b,1,8,,,"],
        ["1,x,a,1,0,,,", "1,x,b,1,8,,,"],
        ["1,x,a,1,8,,,"],
        ["1,x,a,1,8,,,", "1,x,a,1,8,,,"],
        ["1,x,a,1,8,many,,", "1,x,b,1,8,,,"],
        ["1,x"],
    ],
)
def test_tables_that_cannot_be_checked_are_refused(tmp_path, lines):
    with pytest.raises(InputError):
        check_table(table(tmp_path, *lines))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="column is missing"):
        check_table(table(tmp_path, "1,2", head="factor,group"))
