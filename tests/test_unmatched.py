"""Sheets that do not fit the plate: nothing under a wrong patient, nothing lost in silence."""

from __future__ import annotations

import pytest

from qpcr import Settings
from qpcr.batch import Order
from qpcr.errors import InputError
from qpcr.pipeline import analyze
from qpcr.records import Store
from qpcr.samples import Identity, NamePattern
from qpcr.unmatched import Matched, unmatched
from qpcr.watch.errand import Errand, Outcome, Plan, carry_out
from tests.store_kit import run


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def sheet_of(tmp_path, *rows):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("\n".join(("sample,patient,timepoint", *rows)) + "\n", encoding="utf-8")
    return sheet


@pytest.mark.parametrize(
    "other", ["P-001,pat-9,day 14", "P-001,pat-1,diagnosis", "P-001,PAT-1,day 14"]
)
def test_rows_that_contradict_each_other_file_nothing(plate, store, tmp_path, other):
    sheet = sheet_of(tmp_path, "P-001,pat-1,day 14", "P-002,pat-2,day 14", other)
    told = ("analyze", plate, "--sheet", sheet)
    refused = run(3, *told, "--store", store.folder)
    assert "two things of one sample" in refused
    assert "sample P-001" in refused
    assert store.runs() == ()
    assert store.patients() == ()
    run(0, *told)  # without a store it is a warning
    record = analyze(plate, identities=[Identity("P-001", "a"), Identity("P-001", "b")])
    with pytest.raises(InputError, match="two things"):
        store.commit(record, user="anna")
    plan = Plan(tmp_path, tmp_path / "out", Order(store=store.folder, user="anna"), sheet)
    result = carry_out(Errand(plate, "r", record.run.provenance.sha256, plan))
    assert result.outcome is Outcome.LATER
    assert store.runs() == ()


def test_a_row_that_stands_twice_is_filed_once(plate, store, tmp_path):
    sheet = sheet_of(tmp_path, "P-001,pat-1,day 14", "P-001,pat-1,day 14", "P-002,pat-2,day 14")
    run(0, "analyze", plate, "--sheet", sheet, "--store", store.folder)
    assert [one.patient for one in store.patients()] == ["pat-1", "pat-2"]


def test_what_matches_nothing_is_said_at_the_end(plate, store, tmp_path):
    rows = ("P-001,pat-1,day 14", "P-0O2,pat-2,day 14", "NTC,pat-3,day 14", "Q-77,pat-4,day 14")
    sheet = sheet_of(tmp_path, *rows)
    told = run(0, "analyze", plate, "--sheet", sheet, "--store", store.folder)
    said = told[told.index("kept in the store") :]
    for wanted in (
        "sample P-002 belongs to nobody: it is filed under no patient; in the sheet, did you",
        "did you mean 'P-0O2'?",
        "sample sheet: P-0O2 is on no plate; on the plate, did you mean 'P-002'?",
        "sample sheet: NTC is a control or standard on the plate",
        "sample sheet: Q-77 is on no plate",
    ):
        assert wanted in said
    assert "pat-" not in said
    assert [one.patient for one in store.patients()] == ["pat-1"]
    order = Order(Settings(threshold=0.3), store=store.folder, user="anna")
    plan = Plan(tmp_path, tmp_path / "out", order, sheet)
    sha256 = store.runs()[0].source_sha256
    assert "NOT for a patient: P-002" in carry_out(Errand(plate, "r", sha256, plan)).text


def test_a_run_that_the_store_refuses_was_read_all_the_same(plate, store, tmp_path):
    twice = sheet_of(tmp_path, "P-001,p1,day 14", "P-002,p2,day 14", "P-001,p9,day 14")
    told = run(3, "analyze", plate, "--sheet", twice, "--store", store.folder)
    assert "two things of one sample" in told
    assert "on no plate" not in told
    once = sheet_of(tmp_path, "P-001,p1,day 14", "P-002,p2,day 14")
    run(0, "analyze", plate, "--sheet", once, "--store", store.folder)
    other = sheet_of(tmp_path, "P-001,p8,day 14", "P-002,p2,day 14")
    told = run(3, "analyze", plate, "--sheet", other, "--store", store.folder)
    assert "on no plate" not in told


def test_what_is_on_a_plate_that_cannot_be_read_is_not_said_to_be_on_none(plate, tmp_path):
    bad = tmp_path / "bad.eds"
    bad.write_bytes(b"no plate")
    sheet = sheet_of(tmp_path, "P-001,p1,day 14", "P-077,p2,day 14")
    told = run(3, "analyze", plate, bad, "--sheet", sheet)
    assert "on no plate" not in told
    assert "1 of its samples are on none of the plates that could be analyzed" in told


@pytest.mark.parametrize(
    ("name", "listed", "hint"),
    [
        ("P-002", "P-001", None),
        ("P-011", "P-001", None),
        ("P-OO1", "P-001", "P-001"),
        ("P-l1", "P-11", "P-11"),
        ("p 001", "P-001", "P-001"),
        ("Ｐ–００１", "P-001", "P-001"),
        ("P001", "P-001", "P-001"),
        ("1-11", "11-1", None),
        ("P-001a", "P-001", None),
    ],
)
def test_only_what_looks_the_same_is_suggested(name, listed, hint):
    """Another number is another patient: following a hint must not exchange two."""
    one = Matched("1.eds", frozenset({name}), frozenset(), (name,))
    for sentence in unmatched([Identity(listed, "p")], [one]):
        assert ("did you mean" in sentence) is (hint is not None)


def test_a_sheet_of_several_plates_is_held_against_all_of_them():
    rows = [Identity("a", "p"), Identity("b", "q"), Identity("c", "r")]
    one = Matched("1.eds", frozenset({"a", "NTC"}), frozenset({"a"}), ())
    two = Matched("2.eds", frozenset({"b", "x"}), frozenset({"b"}), ("x",))
    assert unmatched(rows, [one, two]) == [
        "2.eds: sample x belongs to nobody: it is filed under no patient",
        "sample sheet: c is on no plate",
    ]
    assert unmatched(rows[:2], [one, two])[1:] == []
    pattern = NamePattern(r"(?P<patient>[ab])")
    assert unmatched(pattern, [one, two]) == unmatched(rows[:2], [one, two])


def test_a_sample_on_several_plates_is_named_with_them():
    rows = [Identity("a", "p"), Identity("b", "q"), Identity("c", "r")]
    plates = [
        Matched("1.eds", frozenset("ab"), frozenset("ab"), ()),
        Matched("2.eds", frozenset("abc"), frozenset("abc"), ()),
        Matched("3.eds", frozenset("c"), frozenset("c"), ()),
    ]
    tail = (
        "each is filed under the same patient; if the tubes are not the same, give every plate a "
        "sheet of its own"
    )
    assert unmatched(rows, plates) == [
        f"sample sheet: a, b on 2 plates (1.eds, 2.eds): {tail}",
        f"sample sheet: c on 2 plates (2.eds, 3.eds): {tail}",
    ]
    assert unmatched(rows[:1], plates[:1]) == []
    assert unmatched(NamePattern(r"(?P<patient>.)"), plates) == []
    names = [f"s{number}" for number in range(10)]
    many = [Matched(file, frozenset(names), frozenset(names), ()) for file in ("1", "2")]
    (told,) = unmatched([Identity(one, one) for one in names], many)
    assert "s7 and 2 more on 2 plates" in told


def test_analyze_says_at_its_end_which_names_were_filed_twice(plate, store, tmp_path):
    second = tmp_path / "second.eds"
    run(0, "simulate", "--patients", 2, "--seed", 3, "--out", tmp_path / "other")
    second.write_bytes((tmp_path / "other" / "simulated-1.eds").read_bytes())
    sheet = sheet_of(tmp_path, "P-001,pat-1,diagnosis", "P-002,pat-2,diagnosis")
    output = run(0, "analyze", plate, second, "--panel", "ikzf1", "--sheet", sheet, "--store",
                 store.folder)  # fmt: skip
    assert "P-001, P-002 on 2 plates (simulated-1.eds, second.eds)" in output.replace("\n", " ")
    assert len(store.patient("pat-1").results) == 2
