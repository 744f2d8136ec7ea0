"""A Cq that a method finds on no amplification becomes no quantity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_records import synthetic_record, synthetic_run

from qpcr import analyze
from qpcr.amplified import LARGEST_GAP, amplified
from qpcr.curves import InstrumentCq
from qpcr.frames import quantification
from qpcr.quantification import Quantification, Quantified
from qpcr.quantities.measured import measured
from qpcr.replicates import replicates
from qpcr.run import Task
from qpcr.shapes import Kind

GAP = -4.0
"""Of the proper curves below: the method reads four cycles before the instrument's rule."""


def plate(cq, style, *, kind=Kind.DRIFT, others=3, method="cpd2"):
    """SYNTHETIC: proper curves, and a last one that is not, with a Cq and an instrument's Ct."""
    run = synthetic_run(1, others + 1, used=others + 1, samples=("a",) * (others + 1))
    reactions = tuple(replace(one, task=Task.UNKNOWN) for one in run.reactions)
    record = synthetic_record(replace(run, reactions=reactions))
    shape = replace(record.shapes[0], proper=True, kind=Kind.PROPER)
    shapes = (*[shape] * others, replace(shape, proper=False, kind=kind))
    styles = (*[InstrumentCq(29.0)] * others, InstrumentCq(style, None))
    cqs = [29.0 + GAP] * others + [cq]
    wells = tuple(Quantified(one, 0.1, 1.9, 0.1, 1e-6, 1e-7, None, 5.0, 0.2) for one in cqs)
    return replace(
        record,
        shapes=shapes,
        curves=replace(record.curves, reactions=reactions, instrument_cq=styles),
        quantification=Quantification(method, 1, wells=wells),
    )


def last(record):
    return amplified(record.quantification, record.curves, record.shapes)[-1]


def test_no_proper_curve_and_no_crossing_is_no_cq():
    record = plate(9.15, None)
    made = last(record)
    assert (made.cq, made.cq_se, made.efficiency, made.n0, made.copies) == (None,) * 5
    assert "reads 9.15" in made.reason
    assert "(drift)" in made.reason
    proper = replace(record, shapes=(record.shapes[0],) * 4)
    assert last(proper).cq == 9.15
    assert last(plate(None, None)).cq is None


@pytest.mark.parametrize(
    ("off", "kept"),
    [(0.0, True), (LARGEST_GAP - 0.01, True), (LARGEST_GAP + 0.01, False),
     (0.01 - LARGEST_GAP, True), (-LARGEST_GAP - 0.01, False)],
)  # fmt: skip
def test_a_crossing_curve_counts_where_method_and_instrument_agree(off, kept):
    made = last(plate(36.0 + GAP + off, 36.0, kind=Kind.NO_PLATEAU))
    assert (made.cq is not None) is kept
    assert kept or "the instrument's rule reads 36.00" in made.reason


def test_without_proper_curves_the_two_must_lie_together():
    assert last(plate(36.0 + 2.9, 36.0, others=0)).cq is not None
    assert last(plate(36.0 + 3.1, 36.0, others=0)).cq is None


def test_the_threshold_is_judged_by_the_fit():
    record = plate(9.15, None, method="threshold")
    assert last(record).cq == 9.15


def test_quantities_and_replicates_leave_it_out_and_the_records_own_table_shows_it():
    record = plate(9.15, None)
    (well,) = [one for one in measured(record, method="cpd2") if one.well == "A4"]
    assert (well.cq, well.unread) == (None, False)
    assert "no proper one" in well.why_no_cq
    (one,) = replicates(record)
    assert (one.wells, one.observed) == (3, 0.0)
    crossing = plate(9.15, 36.0)
    assert [one.unread for one in measured(crossing, method="cpd2")] == [False] * 3 + [True]
    shown = quantification(record, record.quantification)["cq"]
    assert float(shown[3]) == pytest.approx(9.15)


def test_drifts_of_a_real_plate(data_dir):
    """Two wells without template of which the method reads a Cq of nine cycles off a drift."""
    file = data_dir / "quantstudio" / "PER123RHV_1_06242020_1_ra.eds"
    record = analyze(file, method="recommended")
    wells = {one.well: one for one in measured(record, method="recommended") if one.target == "N2"}
    own = {
        (reaction.well_name, reaction.target): one.cq
        for reaction, one in zip(record.run.reactions, record.quantification.wells, strict=True)
    }
    for name in ("A23", "B23"):
        assert own[name, "N2"] < 10
        assert wells[name].cq is None
    assert (wells["A23"].unread, wells["B23"].unread) == (True, False)
    plain = {one.well for one in measured(record) if one.target == "N2" and one.cq is not None}
    assert "B23" not in plain
