"""Quantities in the record of a run: kept to the bit, done again by the same method, reported."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import replace

import h5py
import lxml.html
import numpy as np
import pytest
import stores
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli import main
from qpcr import analyze
from qpcr.document import document
from qpcr.miqe._known import known
from qpcr.quantification import Quantification, Quantified, quantified
from qpcr.quantities.measured import measured
from qpcr.quantities.quantify import quantify
from qpcr.reanalysis import jobs_of, reanalyze, redo
from qpcr.records import RunQuery, Store
from qpcr.records._codec import Packer, unpack
from qpcr.records._short import digests
from qpcr.report import render
from qpcr.report._standards import standards
from qpcr.report.picture import draw
from qpcr.said import say
from tests.make_old_store import FIXTURES
from tests.report_records import hostile_record, synthetic_record, synthetic_run
from tests.store_kit import record


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def with_method(made, method="recommended", copies=False):
    found = quantified(made.curves, made.fits, method, copies)
    return replace(made, quantification=found)


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def packed(value):
    packer = Packer()
    tree = packer.pack(value)
    return unpack(tree, packer.arrays().__getitem__)


NUMBER = st.none() | st.floats(allow_nan=False)
REASON = st.none() | st.builds(lambda name: say("Well {name} is dry.", name=name), st.text())
WELL = st.builds(
    Quantified, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, REASON, NUMBER, NUMBER, REASON
)
ANY = st.builds(
    Quantification,
    st.text(max_size=9),
    st.integers(0, 9),
    st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), max_size=3),
    st.booleans(),
    st.lists(WELL, max_size=5).map(tuple),
)


@settings(max_examples=80, deadline=None)
@given(ANY)
def test_any_quantification_comes_back(value):
    back = packed(value)
    assert repr(back) == repr(value)
    assert back.how == value.how
    for one, other in zip(back.wells, value.wells, strict=True):
        assert getattr(one.reason, "template", None) == getattr(other.reason, "template", None)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(WELL, min_size=6, max_size=6), st.booleans())
def test_a_store_keeps_any_to_the_bit(tmp_path_factory, wells, copies):
    made = record(1)
    assert len(made.fits) == 6
    made = replace(made, quantification=Quantification("cpd2", 3, {"a": 0.1}, copies, tuple(wells)))
    store = Store.init(tmp_path_factory.mktemp("any") / "store")
    back = store.record(store.commit(made, user="anna").run_id)
    assert document(back) == document(made)
    assert repr(back.quantification) == repr(made.quantification)
    assert not store.verify().problems


def test_a_real_run_comes_back_and_its_table_says_the_same(store, data_dir):
    made = analyze(
        data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds",
        method="recommended",
        copies=True,
    )
    done = store.commit(made, user="anna")
    store.rebuild_index()
    back = Store.open(store.folder).record(done.run_id)
    assert repr(back.quantification) == repr(made.quantification)
    assert document(back) == document(made)
    assert not store.verify().problems
    with h5py.File(store.folder / "commits/00000/00000001.h5", "r") as file:
        table = file["run/tables/quantification"]
        cq = np.array([one.cq for one in made.quantification.wells], dtype=float)
        np.testing.assert_array_equal(table["cq"], cq)
        units = dict(zip(table.attrs["columns"], table.attrs["units"], strict=True))
        assert units["cq"] == units["poisson_sd"] == "cycle"
        assert units["copies"]
        assert set(table["method"]) == {b"recommended"}
    shown = run("records", "show", "--store", store.folder, "--run", done.run_id)
    assert "by the method recommended, version 1" in shown.output


def test_a_record_without_is_written_as_before():
    """Versions that do not know quantities read it, and know it again by its digest."""
    bare, full = record(2), with_method(record(2))
    assert "quantification" not in Packer().pack(bare)
    assert "quantification" in Packer().pack(full)
    assert packed(bare).quantification is None
    assert digests(bare) == digests(replace(full, quantification=None))
    assert digests(bare) != digests(full)


def test_digests_of_an_old_store_are_still_the_same(tmp_path):
    with zipfile.ZipFile(FIXTURES / "store-1.zip") as archive:
        archive.extractall(tmp_path)
    for part in ("tmp", "patients", "commits"):
        (tmp_path / "store" / part).mkdir(exist_ok=True)
    old = Store.open(tmp_path / "store")
    for one in old.runs():
        assert digests(old.record(one.run_id))["settings_sha256"] == one.settings_sha256
        assert old.record(one.run_id).quantification is None


def test_another_method_is_a_revision_the_same_is_not(store):
    plain = store.commit(record(3), user="anna")
    first = store.commit(with_method(record(3), "cpd2"), user="anna")
    assert (first.already_there, first.revision_of) == (False, plain.run_id)
    assert store.commit(with_method(record(3), "cpd2"), user="anna").already_there
    second = store.commit(with_method(record(3), "cy0"), user="anna")
    assert second.revision_of == first.run_id
    third = store.commit(with_method(record(3), "cy0", copies=True), user="anna")
    assert third.revision_of == second.run_id


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    made = stores.records(tmp_path_factory)
    folder = tmp_path_factory.mktemp("store") / "s"
    return stores.filled(folder, [with_method(made[0], "cpd2", copies=True), made[1]])


@pytest.fixture
def filed(original, tmp_path):
    shutil.copytree(original.folder, tmp_path / "store")
    return Store.open(tmp_path / "store")


def methods_of(store):
    kept = [store.record(r.run_id).quantification for r in store.runs(RunQuery(latest=True))]
    return sorted("none" if one is None else one.method for one in kept)


def test_a_reanalysis_keeps_each_runs_method(filed):
    assert methods_of(filed) == ["cpd2", "none"]
    answers = list(reanalyze(jobs_of(filed, apply=True, reason="r")))
    assert [one.error for one in answers] == [None, None]
    assert methods_of(filed) == ["cpd2", "none"]
    (change,) = [one.quantities for one in answers if one.quantities is not None]
    assert (change.before, change.after) == ("cpd2 1", "cpd2 1")
    assert (change.gained, change.lost, change.largest_cq_difference) == (0, 0, 0.0)
    latest = filed.runs(RunQuery(latest=True))
    made = [filed.record(one.run_id).quantification for one in latest]
    (kept,) = [one for one in made if one is not None]
    assert kept.copies
    assert all(one.current for one in reanalyze(jobs_of(filed)))


def test_another_method_is_a_change_that_is_said(filed):
    jobs = jobs_of(filed, method="cy0", apply=True, reason="quantities by Cy0")
    answers = list(reanalyze(jobs))
    said = sorted((one.quantities.before or "", one.quantities.after) for one in answers)
    assert said == [("", "cy0 1"), ("cpd2 1", "cy0 1")]
    for one in answers:
        assert one.calls == ()
        assert one.largest_cq_difference == 0.0
    moved = next(one for one in answers if one.quantities.before)
    assert moved.quantities.largest_cq_difference > 0.1
    fresh = next(one for one in answers if not one.quantities.before)
    found = filed.record(fresh.revision).quantification
    assert fresh.quantities.gained == sum(one.cq is not None for one in found.wells) > 8
    assert methods_of(filed) == ["cy0", "cy0"]
    assert all(redo(job).current for job in jobs_of(filed, method="cy0"))
    assert all(redo(job).current for job in jobs_of(filed))
    assert not any(redo(job).current for job in jobs_of(filed, method="cpd2"))
    assert not filed.verify().problems


def test_a_newer_version_of_the_method_makes_quantities_stale(filed):
    list(reanalyze(jobs_of(filed, method="cpd2", apply=True, reason="r")))
    (one, *_) = filed.runs(RunQuery(latest=True))
    made = filed.record(one.run_id)
    old = replace(made.quantification, version=0)
    filed.commit(replace(made, quantification=old), user="u", reason="as if long ago")
    done = [redo(job) for job in jobs_of(filed)]
    assert sorted(answer.current for answer in done) == [False, True]
    (stale,) = [answer.quantities for answer in done if not answer.current]
    assert (stale.before, stale.after) == ("cpd2 0", "cpd2 1")


def test_the_command_says_what_becomes_of_quantities(filed):
    done = run("reanalyze", "--store", filed.folder, "--jobs", "1", "--method", "cy0")
    assert done.exit_code == 0, done.output
    assert "by cy0 1, were cpd2 1" in done.output
    assert "by cy0 1, were none" in done.output
    assert "calls that change: 0" in done.output
    assert "nothing was written" in done.output
    assert run("reanalyze", "--store", filed.folder, "--method", "best").exit_code == 2


def words(page):
    tree = lxml.html.fromstring(page)
    for element in tree.xpath("//script | //style"):
        element.drop_tree()
    return " ".join(tree.text_content().split())


def test_the_report_names_the_method_and_what_rests_on_it():
    made = with_method(synthetic_record(synthetic_run(used=24)), "recommended")
    page = render(made)
    text = words(page)
    assert "recommended · Recommended: shift along" in text
    assert "Calls do not rest on them: their cut-offs were set with the instrument's rule." in text
    assert "SD by standard errors" in text
    assert "what sampling adds is not known" in text
    chinese = words(render(made, "zh"))
    assert "判定不依据这些数值" in chinese
    assert "Calls do not rest" not in chinese
    bare = render(synthetic_record(synthetic_run(used=24)))
    assert 'id="by-method"' not in bare
    assert "判定不依据" not in bare


def test_curves_and_quantities_of_a_report_go_by_the_records_method(data_dir):
    """The same as ``qpcr standards --method`` says, and both pages name it."""
    plain = analyze(data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds")
    made = with_method(plain)
    for one, method in ((plain, "threshold"), (made, "recommended")):
        expected = quantify(measured(plain, method=method))
        shown = standards(one)
        assert shown.method == method
        assert [line.found for line in shown.lines] == list(expected.curves)
        assert shown.wells == expected.wells
    text = words(render(made))
    assert "read from the Cq by the method recommended" in text
    assert "read from the Ct at the threshold" in words(render(plain))
    assert "方法 recommended 的 Cq" in words(render(made, "zh"))
    slopes = [standards(one).drawn[0][1].slope for one in (plain, made)]
    assert abs(slopes[0] - slopes[1]) > 0.05
    ((line, _),) = standards(made).drawn
    (drawn,) = draw(made, "standard").axes[0].get_lines()[:1]
    cqs = [made.quantification.wells[row].cq for row in line.rows]
    np.testing.assert_array_equal(drawn.get_ydata(), cqs)
    assert any("by the method recommended" in line for line in known(made)["cq_method"])


def test_the_reports_numbers_are_the_records():
    made = with_method(synthetic_record(synthetic_run(used=24)), "cy0")
    told = re.search(r'id="run-data">(.*?)</script>', render(made), re.S)
    columns = json.loads(told[1])["reactions"]
    for place, one in enumerate(made.quantification.wells):
        assert columns["q"][place] == (None if one.cq is None else pytest.approx(one.cq, rel=1e-5))
        assert columns["n0"][place] == (None if one.n0 is None else pytest.approx(one.n0, rel=1e-5))
        assert bool(columns["q_reason"][place]) == (one.cq is None)


def test_hostile_names_stay_text_beside_quantities():
    made = with_method(hostile_record(), "cpd2")
    tree = lxml.html.fromstring(render(made))
    assert not tree.xpath("//section[@id='by-method']//script | //section//img | //section//a")
    assert len(tree.xpath("//section[@id='by-method']//tbody/tr")) == 2
