"""Wells left out in a table count for nothing, whoever reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration.standard_curve import fit_standard_curve
from calibration.stored_curve import StoredCurve
from qpcr.errors import InputError
from qpcr.formats import read_run
from qpcr.outputs import write_outputs
from qpcr.pipeline import analyze
from qpcr.quantities.control_charts import charts
from qpcr.quantities.controls import read_values
from qpcr.quantities.detection import limits_of
from qpcr.quantities.measured import measured
from qpcr.quantities.named_table import read_named
from qpcr.quantities.relative import factor_of, read_wells, wells_of

PLATE = "abi7500/rnasep_standard_curve_7500fast_v2.3.eds"


def dilutions(omitted=()):
    rows = ["well,sample,target,task,quantity,cq,omitted"]
    for q, hits in ((100, 8), (30, 7), (10, 5), (3, 2)):
        rows += [
            f"W{q}-{n},s,T,STANDARD,{q},{30 - 3.32 * len(str(q)) if n < hits else ''},False"
            for n in range(8)
        ]
    return "\n".join([*rows, *(f"X{n},s,T,STANDARD,30,,{word}" for n, word in enumerate(omitted))])


@pytest.mark.parametrize("word", ["True", "yes", "1", "TRUE"])
def test_omitted_empty_wells_are_not_wells_without_detection(tmp_path, word):
    path = tmp_path / "reactions.csv"
    path.write_text(dilutions())
    right = limits_of(path)
    path.write_text(dilutions([word] * 4))
    assert limits_of(path) == right
    assert right[0].detection[0].value == pytest.approx(46.82, abs=0.01)  # it was 178.2


def test_an_unknown_word_and_a_table_of_nothing_else_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("sample,omitted\na,perhaps")
    with pytest.raises(InputError, match="not known"):
        read_named(path, ["sample"])
    path.write_text("sample,omitted\na,yes")
    with pytest.raises(InputError, match="left out"):
        read_named(path, ["sample"])
    path.write_text("sample,omitted\na,yes\nb,no\nc,")
    assert [row.text("sample") for row in read_named(path, ["sample"])] == ["b", "c"]


def test_tables_of_a_run_leave_out_what_the_run_does(data_dir, tmp_path):
    run = read_run(data_dir / PLATE)
    place = next(i for i, one in enumerate(run.reactions) if one.sample == "pop1")
    left = tuple(replace(one, omitted=i == place) for i, one in enumerate(run.reactions))
    record = analyze(replace(run, reactions=left), method="recommended")
    write_outputs(record, tmp_path)
    whole = len(wells_of(measured(analyze(run))))
    for name, method in (("reactions.csv", None), ("quantification.csv", "recommended")):
        wells = read_wells(tmp_path / name)
        own = wells_of(measured(record, method=method))
        assert len(wells) == len(own) == whole - 1
        assert [one.cq for one in wells] == pytest.approx([one.cq for one in own], rel=1e-6)


def test_values_of_one_day_stand_in_the_order_of_their_time(tmp_path):
    path = tmp_path / "c.csv"
    lines = [f"2026-01-01 {hour:02d}:30,{hour}" for hour in (9, 7, 8)]
    path.write_text("\n".join(["date,value", *lines, "2026-01-02,10"]))
    (made,) = charts(read_values(path))
    assert [one.value for one in made.values] == [7, 8, 9, 10]
    assert made.values[-1].moment is None


@pytest.mark.parametrize("cqs", [[30, 29.999, 29.998], [30, 28, 26.1]])
def test_a_curve_whose_factor_no_pcr_has_is_refused(cqs):
    curve = fit_standard_curve([1, 10, 100], cqs)
    with pytest.raises(InputError, match="no PCR has"):
        factor_of(StoredCurve("T", curve, None, None))
