"""A curve serves only plates that were read at its threshold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from calibration.errors import CalibrationError
from calibration.read_at import ReadAt, shared
from calibration.stored_curve import dump_curves, parse_curves
from qpcr.pipeline import analyze
from qpcr.quantities.kept import kept_curves, kept_quantities, stored_of
from qpcr.quantities.measured import measured
from qpcr.quantities.quantify import keepable, quantify
from qpcr.run import Task
from qpcr.settings import Settings

TARGET = "RNase P TAMRA"
PLATE = "abi7500/rnasep_standard_curve_7500fast_v2.3.eds"


@pytest.fixture(scope="module")
def at(data_dir):
    """Wells of a real plate by threshold."""
    return {
        level: measured(analyze(data_dir / PLATE, Settings(threshold={TARGET: level})))
        for level in (0.1, 0.4)
    }


def unknowns(rows):
    return [row for row in rows if row.task is not Task.STANDARD]


def pop1(found):
    return next(one for one in found.samples if one.sample == "pop1")


def test_a_plate_at_another_threshold_is_refused_by_name(at):
    kept = keepable(quantify(at[0.1]), at[0.1], None)
    found = quantify(unknowns(at[0.4]), stored=kept)
    assert pop1(found).quantity is None  # it was 661 copies, without a word
    assert f'--threshold "{TARGET}=0.1"' in pop1(found).reason
    assert all(one.quantity is None for one in found.wells)
    assert kept_quantities(found, {row.file: row.sha256 for row in at[0.4]}) == []


def test_a_plate_at_the_threshold_of_the_curve_is_read_as_by_its_own_standards(at):
    kept = keepable(quantify(at[0.4]), at[0.4], None)
    found = quantify(unknowns(at[0.4]), stored=kept)
    own = pop1(quantify(at[0.4]))
    assert pop1(found).quantity.value == pytest.approx(own.quantity.value)
    assert own.quantity.value == pytest.approx(2701, abs=1)
    assert [note for note in found.curves[0].notes if "threshold" in note] == []
    barely = [replace(row, read_at=replace(row.read_at, threshold=0.4 * (1 + 1e-7)))
              for row in unknowns(at[0.4])]  # fmt: skip
    assert pop1(quantify(barely, stored=kept)).quantity is not None


def test_level_reference_rules_and_method_are_kept_in_files_and_stores(at):
    found = quantify(at[0.4])
    kept = keepable(found, at[0.4], "L1")
    assert kept[0].read_at == ReadAt(0.4, "ROX", at[0.4][0].read_at.rules, "threshold")
    assert parse_curves(dump_curves(kept)) == kept
    assert stored_of(kept_curves(kept, found)[0].value) == kept[0]


def test_an_older_curve_serves_with_a_remark(at):
    kept = keepable(quantify(at[0.4]), at[0.4], None)
    document = json.loads(dump_curves(kept))
    for row in document["curves"]:
        del row["read_at"]
    old = parse_curves(json.dumps(document))
    found = quantify(unknowns(at[0.4]), stored=old)
    assert pop1(found).quantity is not None
    assert any("not known whether" in note for note in found.curves[0].notes)


def test_another_passive_reference_is_refused_and_other_rules_are_said(at):
    kept = keepable(quantify(at[0.4]), at[0.4], None)[0]
    bare = replace(kept, read_at=replace(kept.read_at, passive_reference=None))
    assert "passive reference" in pop1(quantify(unknowns(at[0.4]), stored=[bare])).reason
    other = replace(kept, read_at=replace(kept.read_at, rules="other"))
    found = quantify(unknowns(at[0.4]), stored=[other])
    assert pop1(found).quantity is not None
    assert any("rules other" in note for note in found.curves[0].notes)


def test_a_pooled_line_serves_no_plate_at_another_level_than_its_plates(at):
    def named(rows, name):
        return [replace(row, file=name, sha256=name) for row in rows]

    both = [*at[0.1], *named(at[0.1], "b.eds")]
    found = quantify([*both, *named(unknowns(at[0.4]), "c.eds")], pool=True)
    third = next(one for one in found.curves if one.file == "c.eds")
    assert third.curve is None
    assert "--threshold" in third.reason
    assert keepable(found, both, None)[0].read_at.threshold == 0.1
    mixed = [*at[0.1], *named(at[0.4], "b.eds")]
    kept = keepable(quantify(mixed, pool=True), mixed, None)
    assert kept[0].read_at.threshold is None
    assert any(
        "not known whether" in note
        for note in quantify(unknowns(at[0.1]), stored=kept).curves[0].notes
    )


@pytest.mark.parametrize("value", [{"threshold": -1.0}, {"threshold": "x"}, {"level": 1.0}, 3])
def test_a_damaged_level_is_refused(at, value):
    document = json.loads(dump_curves(keepable(quantify(at[0.4]), at[0.4], None)))
    document["curves"][0]["read_at"] = value
    with pytest.raises(CalibrationError):
        parse_curves(json.dumps(document))


def test_what_plates_share_is_known_and_the_rest_is_not():
    one = ReadAt(0.1, "ROX", "a", "threshold")
    assert shared([one, replace(one, threshold=0.1 + 1e-9)]) == one
    assert shared([one, ReadAt(0.2, "ROX", "b", "threshold")]) == ReadAt(
        None, "ROX", None, "threshold"
    )
    assert shared([one, None]) is None
    assert shared([]) is None


def test_intervals_by_a_stored_curve_have_the_confidence_asked_for(at):
    kept = keepable(quantify(at[0.4], confidence=0.8), at[0.4], None)
    narrow, wide = (
        pop1(quantify(unknowns(at[0.4]), stored=kept, confidence=level)).quantity
        for level in (0.8, 0.95)
    )
    assert wide.low < narrow.low < narrow.high < wide.high
