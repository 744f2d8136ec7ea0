"""Standard curves, detection limits and quantities on record: kept whole, found again, shown."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.lod import Level, detection_limit
from cli import main
from qpcr.errors import InputError
from qpcr.quantities.detection import Limits, limits_of
from qpcr.quantities.kept import (
    Kept,
    kept_curves,
    kept_limits,
    kept_quantities,
    sentence_of,
    sentence_value,
    stored_of,
)
from qpcr.quantities.kept_view import shown_of, summary_of
from qpcr.quantities.measured import Measured
from qpcr.quantities.quantify import keepable, quantify
from qpcr.records import Change, Kind, Store
from qpcr.records.assays import assay_changes, assays, curves_on_record
from qpcr.records.verify import verify
from qpcr.report.language import language
from qpcr.run import Task
from qpcr.said import Said, say
from tests.store_kit import python, record

LEVELS = [Level(q, 24, k) for q, k in ((10.0, 24), (3.0, 20), (1.0, 9), (0.3, 4))]
LIMITS = Limits("T", tuple(LEVELS), (detection_limit(LEVELS),), None, "no Ct", None)


def plate(file="p.eds", shift=0.0, day=date(2026, 1, 5), standards=True):
    """SIMULATED plate: five levels in triplicate, and an unknown."""
    wells, rows = iter(f"A{n}" for n in range(1, 99)), []
    sha = hashlib.sha256(file.encode()).hexdigest()
    for level in (1e1, 1e2, 1e3, 1e4, 1e5) if standards else ():
        for off in (-0.1, 0.02, 0.09):
            cq = 38 - 3.4 * math.log10(level) + off + shift
            rows.append(Measured(file, sha, day, next(wells), f"s{level:g}", "T", Task.STANDARD,
                                 level, cq, None, None))  # fmt: skip
    unknown = [
        Measured(file, sha, day, next(wells), "x", "T", Task.UNKNOWN, None, cq + shift, None, None)
        for cq in (29.95, 30.05)
    ]
    return rows + unknown


def values(rows, lot="L1", **options):
    found = quantify(rows, **options)
    sources = {row.file: row.sha256 for row in rows}
    every = keepable(found, rows, lot, "copies", every=True)
    return [*kept_curves(every, found), *kept_quantities(found, sources, lot)]


EXAMPLES = [
    *(one.value for one in values([*plate("a.eds"), *plate("b.eds", 0.3)], pool=True)),
    *(one.value for one in kept_limits([LIMITS], "d.csv", "0" * 64, "L1")),
]


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)


def test_a_curve_on_record_gives_the_same_quantities_on_a_later_plate(store):
    rows = plate()
    store.commit(changes=assay_changes(store, values(rows)))
    (kept,) = curves_on_record(store)
    assert kept == keepable(quantify(rows), rows, "L1", "copies")[0]
    later = plate("later.eds", day=date(2026, 2, 1), standards=False)
    assert quantify(later).samples[0].quantity is None
    found = quantify(later, stored=curves_on_record(store))
    direct = quantify(rows).curves[0].curve.quantity([29.95, 30.05])
    assert found.samples[0].quantity == direct
    store.commit(changes=assay_changes(store, values(later, stored=curves_on_record(store))))
    (used,) = [one for one in assays(store) if one.path.startswith("quantities/T/later")]
    assert used.value["curve_stored"] is True
    assert stored_of(used.value["curve"]) == kept
    assert any("lot L1, made 2026-01-05" in line for line in summary_of(used.value).says)


def test_pooled_plates_are_kept_as_one_curve_and_others_each(store):
    rows = [*plate("a.eds"), *plate("b.eds", 0.3), *plate("c.eds", -0.2)]
    store.commit(changes=assay_changes(store, values(rows, "L9", pool=True)))
    (kept,) = assays(store, what="standard curve")
    assert kept.value["plates"] == 3
    assert stored_of(kept.value).curve.between_sd > 0.1
    assert any("pooled from 3 plates" in line for line in summary_of(kept.value).says)
    alone = Store.init(store.folder.parent / "other")
    alone.commit(changes=assay_changes(alone, values(rows)))
    assert len(assays(alone, what="standard curve")) == 3


def test_the_newest_day_counts_and_one_lot_can_be_asked_for(store):
    for file, lot, day in (("b.eds", "L2", 9), ("a.eds", "L1", 5), ("c.eds", "L1", 7)):
        rows = plate(file, day=date(2026, 3, day))
        store.commit(changes=assay_changes(store, values(rows, lot)))
    assert curves_on_record(store)[0].lot == "L2"
    assert curves_on_record(store, lot="L1")[0].made == date(2026, 3, 7)
    assert curves_on_record(store, lot="L3") == ()
    assert curves_on_record(store, targets=["other"]) == ()


def test_what_is_on_record_changes_only_with_a_reason_and_stays_in_the_history(store):
    store.commit(changes=assay_changes(store, values(plate())), user="anna")
    again = store.commit(changes=assay_changes(store, values(plate())), user="anna")
    assert again.already_there
    with pytest.raises(InputError, match="only with a reason"):
        store.commit(changes=assay_changes(store, values(plate(), "L2")), user="li")
    store.commit(changes=assay_changes(store, values(plate(), "L2"), "wrong lot"), user="li")
    (curve,) = assays(store, what="standard curve")
    assert (curve.value["lot"], curve.user, curve.reason) == ("L2", "li", "wrong lot")
    old = [one.old for one in store.history(patient="") if one.old is not None]
    assert [one["lot"] for one in old if one["what"] == "standard curve"] == ["L1"]
    store.commit(None, [Change("", Kind.ASSAY, curve.path, None, "spoiled")])
    assert assays(store, what="standard curve") == ()


def test_a_withdrawn_curve_serves_no_later_plate(store):
    for file, day in (("a.eds", 5), ("b.eds", 9)):
        store.commit(changes=assay_changes(store, values(plate(file, day=date(2026, 3, day)))))
    newest = next(one for one in assays(store, what="standard curve") if "b.eds" in one.path)
    refused = run("records", "assays", "--store", store.folder, "--withdraw", newest.path)
    assert refused.exit_code == 2
    wrong = run("records", "assays", "--store", store.folder, "--withdraw", newest.path[:-1],
                "--reason", "spoiled")  # fmt: skip
    assert wrong.exit_code == 3
    assert newest.path in wrong.output
    done = run("records", "assays", "--store", store.folder, "--withdraw", newest.path,
               "--reason", "spoiled", "--user", "li")  # fmt: skip
    assert done.exit_code == 0, done.output
    opened = Store.open(store.folder)
    assert curves_on_record(opened)[0].made == date(2026, 3, 5)
    last = opened.history(patient="")[-1]
    assert (last.new, last.old["lot"], last.reason, last.user) == (None, "L1", "spoiled", "li")
    assert verify(store.folder).problems == ()


def test_assays_are_of_no_patient(store):
    store.commit(record(1, "p"), assay_changes(store, values(plate())))
    assert [one.patient for one in store.patients()] == ["p"]
    with pytest.raises(InputError):
        store.patient("")
    store.rebuild_index()
    report = verify(store.folder)
    assert (report.problems, report.notes, report.patients) == ((), (), 1)
    opened = Store.open(store.folder)
    assert assays(opened) == assays(store)
    for kind, patient in ((Kind.ASSAY, "p"), (Kind.CLINICAL, "")):
        with pytest.raises(InputError):
            Change(patient, kind, "x", {"what": "x"})


def test_a_curve_of_a_run_in_the_store_names_it(store):
    made = store.commit(record(7))
    (one,) = assay_changes(store, [Kept("x/T/f", {"what": "x"}, f"simulated-7.eds {7:064x}")])
    assert one.run == made.run_id
    assert store.commit(changes=[one]).sequence == 2
    assert [event.path for event in store.history(run=made.run_id)] == ["x/T/f"]


KILLS = """
import sys
from pathlib import Path
from qpcr.records import Store
from qpcr.records.assays import assay_changes
from tests.store_kit import killed
from tests.test_records_assays import plate, values
wanted = values(plate(standards=True))
def act(folder):
    store = Store.open(folder)
    return str(store.commit(changes=assay_changes(store, wanted), user="anna").sequence)
print(killed(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], act))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and modes of POSIX")
@pytest.mark.parametrize("when", ["before", "half"])
def test_a_writer_killed_at_any_step_keeps_all_values_or_none(store, tmp_path, when):
    store.commit(changes=[Change("p", Kind.CLINICAL, "wbc", 5.5)], user="anna")
    done = python(KILLS, store.folder, tmp_path, when)
    assert not done.stderr
    points = int(done.stdout)
    assert points > 8
    for point in range(1, points + 1):
        folder = tmp_path / str(point)
        assert verify(folder).problems == ()
        opened = Store.open(folder)
        found = assays(opened)
        assert len(found) in (0, 2)
        if (tmp_path / f"{point}.said").exists():
            assert len(found) == 2
        opened.commit(changes=assay_changes(opened, values(plate("again.eds"))), user="li")
        assert len(assays(opened)) == len(found) + 2
        report = verify(folder)
        assert report.problems == report.notes == ()


def test_sentences_on_record_can_be_said_in_chinese_years_later():
    inside = say("No limits: {why}.", why=say("There is no usable curve."))
    read = sentence_of(json.loads(json.dumps(sentence_value(inside))))
    assert isinstance(read, Said)
    assert read == inside
    assert language("zh").say(read) == language("zh").say(inside) != inside
    assert sentence_of("a name") == "a name"
    for wrong in (7, None, {}, {"template": "{x}", "values": {}}, {"template": 1, "values": {}}):
        with pytest.raises(InputError):
            sentence_of(wrong)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"what": "x"}, {"what": "standard curve"}, {"what": "detection limit", "detection": 3},
     {"what": "quantities", "curve": {}, "curve_stored": False}],
)  # fmt: skip
def test_values_that_somebody_else_wrote_are_refused_in_words(wrong):
    with pytest.raises(InputError):
        summary_of(wrong)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_else_stands_in_a_value_is_shown_or_said_to_be_none(data):
    value = json.loads(json.dumps(data.draw(st.sampled_from(EXAMPLES))))
    name = data.draw(st.sampled_from(sorted(value)))
    other = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    value[name] = data.draw(other | st.lists(other, max_size=2) | st.dictionaries(st.text(), other))
    told = shown_of(value)
    for sentence in (*told.says, *told.notes):
        assert isinstance(language("zh").say(sentence), str)


def test_one_value_that_is_none_hides_no_other(store):
    broken = {"what": "standard curve", "target": "T"}
    store.commit(changes=assay_changes(store, values(plate())))
    store.commit(None, [Change("", Kind.ASSAY, "standard curve/T/x", broken)])
    done = run("records", "assays", "--store", store.folder)
    assert done.exit_code == 0
    assert "cannot be understood" in " ".join(done.output.split())
    assert "3 on record" in done.output
    with pytest.raises(InputError):
        curves_on_record(store)


def test_every_summary_is_chinese_in_chinese(tmp_path):
    table = tmp_path / "d.csv"
    table.write_text("quantity,tested,detected\n1,24,9\n3,24,20\n10,24,24\n0.3,24,4\n")
    bent = [
        replace(row, cq=row.cq + 0.8) if row.stated == 1e3 and row.cq is not None else row
        for row in plate()
    ]
    kept = [*values(bent), *kept_limits(limits_of(table), "d.csv", "0" * 64, None)]
    tongue = language("zh")
    for one in kept:
        told = summary_of(json.loads(json.dumps(one.value)))
        for sentence in (*told.says, *told.notes):
            said = tongue.say(sentence)
            assert any("一" <= letter <= "鿿" for letter in said) or sentence.startswith("x:")
            assert not any(word in said for word in ("slope", " to ", "level", "wells", "curve"))


def test_commands_keep_list_and_draw_from_the_store(tmp_path, data_dir):
    source = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    store = tmp_path / "store"
    Store.init(store)
    done = run("standards", source, "--out", tmp_path / "a", "--store", store, "--lot", "K7")
    assert done.exit_code == 0, done.output
    assert "kept in the store" in done.output
    again = run("standards", source, "--out", tmp_path / "a", "--store", store, "--lot", "K7")
    assert "on record already" in again.output
    refused = run("standards", source, "--out", tmp_path / "b", "--store", store, "--lot", "K8")
    assert refused.exit_code == 3
    assert not (tmp_path / "b").exists()
    levels = tmp_path / "dilution.csv"
    levels.write_text("quantity,tested,detected\n1,24,9\n3,24,20\n10,24,24\n0.3,24,4\n")
    done = run("lod", levels, "--out", tmp_path / "c", "--store", store, "--lot", "K7")
    assert done.exit_code == 0, done.output
    listed = json.loads(run("records", "assays", "--store", store, "--json").output)
    kinds = [one["what"] for one in listed]
    assert sorted(kinds) == ["detection limit", "quantities", "standard curve"]
    curve = next(one for one in listed if one["what"] == "standard curve")
    assert curve["lot"] == "K7"
    assert curve["curve"]["slope"] == pytest.approx(-3.680, abs=5e-4)
    screen = run("records", "assays", "--store", store).output
    assert "K7" in screen
    assert "3 on record" in screen
    history = run("records", "history", "--store", store).output
    assert "standard curve/RNase P" in " ".join(history.split())
    done = run("standards", source, "--out", tmp_path / "d", "--stored-curves")
    assert done.exit_code == 2


def test_paths_do_not_depend_on_where_the_file_lies(tmp_path: Path):
    first, second = (values(plate())[0].path for _ in range(2))
    assert first == second
    assert first.startswith("standard curve/T/p.eds ")
    assert values(plate("q.eds"))[0].path != first


def test_every_plate_has_its_own_sentences_and_its_own_linear_range():
    bad = [
        replace(row, cq=row.cq + 2) if row.sample == "s1000" and row.well == "A7" else row
        for row in plate("b.eds")
    ]
    rows = [*plate("a.eds"), *bad]
    found = quantify(rows)
    first, second = kept_curves(keepable(found, rows, None, every=True), found)
    assert "A7" not in str(first.value["said"])
    assert "A7" in str(second.value["said"])
    assert first.value["linear"] == [10.0, 1e5]
