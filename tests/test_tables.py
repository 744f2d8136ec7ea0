"""Plain tables: every way a laboratory saves them, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qpcr.curves import from_table
from qpcr.errors import InputError
from qpcr.settings import Settings
from qpcr.tables import read_curves, read_targets

PLAIN = "Cycles,A1,样本\n1,0.10,0.2\n2,0.11,NA\n3,,0.22\n"


def put(tmp_path, data, name="curves.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("gb18030"),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", ";").replace(".", ",").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        (PLAIN + "\n,,\n").encode(),
        PLAIN.replace("\n", ",, \n").encode(),
    ],
)
def test_every_way_to_save_it(tmp_path, data):
    table = read_curves(put(tmp_path, data))
    assert table.names == ("A1", "样本")
    assert table.cycles.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(table.values, [[0.10, 0.11, np.nan], [0.2, np.nan, 0.22]])


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("", "empty", None),
        ("cycle\n1\n2\n", "no curves", None),
        ("cycle,a\n", "no curves", None),
        ("cycle,a\n1,2\n2,x\n", "no number", "line 3, column 2"),
        ("cycle,a\n1,2\n2,inf\n", "no number", "line 3, column 2"),
        ("cycle,a\n1,2\n2\n", "another length", "line 3"),
        ("cycle,a\n1,2\n3,2\n", "does not count", "column 1"),
        ("cycle,a\n1.5,2\n2.5,2\n", "does not count", "column 1"),
        ("cycle,a\n-1,2\n0,2\n", "does not count", "column 1"),
        ("cycle,a\n0,2\n1,2\n", "does not count", "column 1"),
        ('cycle,a\n1,"1,089"\n', "no number", "line 2, column 2"),
        ('cycle,a\n1,"0,25"\n', "no number", "line 2, column 2"),
        ("cycle,a\n1,1_0\n", "no number", "line 2, column 2"),
        ("cycle,a\n1,٣\n", "no number", "line 2, column 2"),
        ("cycle,a,,b\n1,2,,3\n", "no name", "column 3"),
        ("cycle,a,,\n1,2,,\n2,2,,3\n", "no name", "column 4"),
        ("cycle,,\n1,,\n", "no curves", None),
        ("cycle,a,a\n1,2,3\n", "one name", "line 1"),
        ('cycle,"a\n1,2\n', "damaged", None),
        ("cycle,a\n" + "".join(f"{i},1\n" for i in range(1, 2100)), "too many lines", None),
    ],
)
def test_refusals_name_the_place(tmp_path, text, problem, place):
    with pytest.raises(InputError, match=problem) as caught:
        read_curves(put(tmp_path, text))
    assert caught.value.place == place
    assert caught.value.file.endswith("curves.csv")


def test_cycles_from_zero_are_refused_with_the_remedy(tmp_path):
    with pytest.raises(InputError) as caught:
        read_curves(put(tmp_path, "cycle,a\n0,2\n1,2\n"))
    assert caught.value.remedy == "number the cycles from 1"


def test_binary_is_no_table(tmp_path):
    with pytest.raises(InputError, match="not a text table"):
        read_curves(put(tmp_path, b"PK\x03\x04" + bytes(range(256))))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=400) | st.text(alphabet="cycle,;\t\n1234.5-naNA\"'", max_size=200))
def test_anything_is_read_or_refused(tmp_path, data):
    path = put(tmp_path, data or b" ")
    try:
        table = read_curves(path)
    except InputError:
        return
    assert table.values.shape == (len(table.names), len(table.cycles))


def test_targets_come_from_the_meta_table(tmp_path):
    meta = put(tmp_path, "dataset,curve,target\nd1,a,T1\nd2,a,T2\nd1,b,\n", "meta.csv")
    assert read_targets(meta, "d1", ("a", "b", "c")) == ["T1", "target", "target"]
    with pytest.raises(InputError, match="no curve"):
        read_targets(meta, "d3", ("a",))
    with pytest.raises(InputError, match="'target' is missing"):
        read_targets(put(tmp_path, "curve\na\n"), "d1", ("a",))


def sigmoid(cycles, ct=24.0, top=5.0):
    return 0.3 + 0.002 * cycles + top / (1 + np.exp(-(cycles - ct - 3) / 1.4))


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("first", [1, 3])
def test_a_table_is_analyzed_in_any_unit_and_from_any_first_cycle(unit, first):
    x = np.arange(1.0, 41.0)
    rn = np.array([sigmoid(x), sigmoid(x, 27), 0.3 + 0.002 * x])
    reference = from_table(x, rn, ["a", "b", "flat"])
    shifted = from_table(np.arange(first, first + 40), rn * unit, ["a", "b", "flat"])
    for mine, plain in zip(shifted.instrument_cq, reference.instrument_cq, strict=True):
        assert (mine.value is None) == (plain.value is None)
        if plain.value is not None:
            assert mine.value == pytest.approx(plain.value + first - 1, abs=1e-9)
    assert shifted.instrument_cq[2].value is None
    assert shifted.baselines[0].start == reference.baselines[0].start + first - 1
    line = shifted.baselines[0]
    drn = rn[0] * unit - (line.intercept + line.slope * np.arange(first, first + 40))
    np.testing.assert_allclose(shifted.drn[0], drn, atol=1e-9 * unit)


def test_missing_cycles_are_bridged_and_short_curves_are_refused():
    x = np.arange(1.0, 41.0)
    whole, holes, short = sigmoid(x), sigmoid(x), sigmoid(x)
    holes[[7, 39]] = np.nan
    short[14:] = np.nan
    chosen = Settings(threshold=0.8)
    made = from_table(x, np.array([whole, holes, short]), ["a", "b", "c"], settings=chosen)
    assert made.instrument_cq[1].value == pytest.approx(made.instrument_cq[0].value, abs=1e-3)
    assert np.isnan(made.drn[1, 7])
    assert made.problems[2] == "fewer than 15 cycles were measured"
    assert made.baselines[2] is None
