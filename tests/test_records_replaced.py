"""A new analysis never changes a call on record, or whose it is, in silence."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from primers import load_panel
from qpcr import Settings
from qpcr.batch import Order
from qpcr.calls import Release
from qpcr.errors import InputError
from qpcr.exchange.clinical import plan_file
from qpcr.reanalysis import jobs_of, reanalyze
from qpcr.records import Change, Kind, PatientQuery, RunQuery, Store
from qpcr.samples import Identity, read_sample_sheet
from qpcr.watch.errand import Errand, Outcome, Plan, carry_out
from tests.store_kit import record


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def keep(store, made, reason=None):
    return store.commit(made, user="anna", reason=reason)


def of(made, *who):
    return replace(made, identities={one.sample: one for one in who})


def unreleased(made):
    return replace(made, calls=tuple(replace(one, released=None) for one in made.calls))


@pytest.mark.parametrize("patient", [None, "p"])
def test_a_call_changes_only_with_a_reason_which_is_kept(store, patient):
    first = keep(store, record(1, patient))
    assert first.calls == ()
    again = replace(record(1, patient), settings=Settings(threshold=0.3))
    same = keep(store, again)
    assert (same.revision_of, same.calls) == (first.run_id, ()), "unchanged calls need no reason"
    other, head = record(1, patient, "not detected"), store.head()
    for reason in (None, " "):
        with pytest.raises(InputError, match="would change calls") as caught:
            keep(store, other, reason)
        assert caught.value.found == "s1: detected: Δ4-7 → not detected"
    assert store.head() == head
    (said,) = store.changed_calls(other)
    done = keep(store, other, "wrong threshold")
    assert done.calls == (said,)
    assert str(said) == "s1: detected: Δ4-7 → not detected"
    store = Store.open(store.folder)
    assert [one.reason for one in store.runs()] == ["wrong threshold", None, None]
    events = store.history(run=done.run_id)
    assert {one.reason for one in events} == ({"wrong threshold"} if patient else set())
    store.rebuild_index()
    assert store.runs(RunQuery(latest=True))[0].reason == "wrong threshold"
    assert not store.verify().problems


def test_a_first_call_replaces_none(store):
    keep(store, replace(record(1, "p"), calls=()))
    done = keep(store, record(1, "p"))
    assert [str(one) for one in done.calls] == ["s1: not called → detected: Δ4-7"]
    with pytest.raises(InputError, match="would change calls"):
        keep(store, replace(record(1, "p"), calls=(), settings=Settings(threshold=0.3)))


@pytest.mark.parametrize(
    "who",
    [
        (Identity("s2", "somebody else"),),
        (Identity("s1", "right", "bone marrow", "day 14"),),
    ],
)
def test_a_sample_leaves_a_patient_only_with_a_reason_and_then_wholly(store, who):
    first = keep(store, record(1, "wrong"))
    path = f"{first.run_id}/s1"
    moved = of(record(1), *who)
    with pytest.raises(InputError, match="would change calls") as caught:
        keep(store, moved)
    right = who[0].sample == "s1"
    assert ("of another patient" if right else "of nobody") in caught.value.found
    assert "wrong" not in str(caught.value)
    store.review("wrong", path, user="anna")
    store.sign("wrong", path, user="anna")
    done = keep(store, moved, "the sheet was wrong")
    assert store.patient("wrong").results == {}
    assert store.patient("wrong").final_results == ()
    result, specimen = store.patient("wrong").events[-2:]
    assert (result.path, result.new, result.reason) == (path, None, "the sheet was wrong")
    assert result.old["outcome"] == "detected"
    assert (specimen.kind, specimen.new) == (Kind.SPECIMEN, None)
    assert store.patient("wrong").specimens == {}
    found = [one.patient for one in store.patients(PatientQuery(outcome="detected"))]
    assert found == (["right"] if right else [])
    for one in who:
        assert list(store.patient(one.patient).results) == [f"{done.run_id}/{one.sample}"]
    assert not store.verify().problems


def test_a_signed_result_leaves_with_its_unsigned_revision(store):
    """Signed for the wrong patient, analyzed again, and only then corrected."""
    path = f"{keep(store, record(1, 'wrong')).run_id}/s1"
    store.review("wrong", path, user="anna")
    store.sign("wrong", path, user="anna")
    keep(store, replace(record(1, "wrong"), settings=Settings(threshold=0.3)), "other threshold")
    moved = replace(record(1, "right"), settings=Settings(threshold=0.3))
    with pytest.raises(InputError, match="reviewed or amended and change calls") as caught:
        keep(store, moved)
    assert caught.value.found.startswith("1 such results; ")
    keep(store, moved, "the sheet was wrong")
    assert store.patient("wrong").results == {}
    assert len(store.patient("right").current_results) == 1


def test_what_others_say_of_a_specimen_stays(store):
    keep(store, record(1, "p"))
    keep(store, record(2, "p"))
    dated = {"timepoint": "day 14", "specimen": "bone marrow", "date": "2024-01-15"}
    ((key, _),) = store.patient("p").specimens.items()
    keep(store, record(1, "other"), "the sheet was wrong")
    assert list(store.patient("p").specimens) == [key], "the other run speaks of it"
    store.amend(Change("p", Kind.SPECIMEN, key, dated, "import"), user="anna")
    keep(store, record(2, "other"), "the sheet was wrong")
    assert store.patient("p").specimens[key].date == "2024-01-15"
    assert store.patient("p").results == {}


def test_a_forgotten_sheet_takes_nothing_back(store):
    keep(store, record(1, "p"))
    head = store.head()
    for made in (record(1), replace(record(1), settings=Settings(threshold=0.3))):
        for reason in (None, "other threshold"):
            with pytest.raises(InputError, match="does not say to whom"):
                keep(store, made, reason)
    assert store.head() == head
    keep(store, record(2))
    keep(store, replace(record(2), settings=Settings(threshold=0.3)))  # it was nobody's before


ALIKE = ["PAT-1", "pat 1", " pat-1", "ｐａｔ-1", "pat–1", "pat1", "PAT_1", "рat-1", "ΡΑΤ-1"]
ALIKE += ["pat\u30fc1", "pat\u20431"]


@pytest.mark.parametrize("other", ALIKE)
def test_an_id_that_looks_like_another_makes_no_new_patient(store, other):
    keep(store, record(1, "pat-1"))
    head = store.head()
    with pytest.raises(InputError, match="only by case, width, spaces or dashes") as caught:
        keep(store, record(2, other))
    assert "pat" not in str(caught.value).replace("patient", "")
    with pytest.raises(InputError, match="only by case"):
        store.commit(changes=[Change(other, Kind.CLINICAL, "wbc", 5.5)], user="anna")
    assert store.head() == head
    both = [Change(one, Kind.CLINICAL, "wbc", 5.5) for one in ("new-1", "NEW-1")]
    with pytest.raises(InputError, match="only by case"):
        store.commit(changes=both, user="anna")
    keep(store, record(3, "pat-2"))
    for number, one in enumerate(("1-23", "12-3", "123"), 4):
        keep(store, record(number, one))  # a dash keeps two numbers apart


@pytest.mark.parametrize("sign", "\u200b\u00ad\ufeff\u200e\u202e\ue000\ufe0f\u3164")
@pytest.mark.parametrize("known", [True, False])
def test_no_id_has_a_sign_that_nobody_can_see(store, tmp_path, known, sign):
    if known:
        keep(store, record(1, "pat-1"))
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"sample,patient,specimen,timepoint\ns1,pat-{sign}1,blood,day 14\n", "utf-8")
    (who,) = read_sample_sheet(sheet)
    assert sign in who.patient
    with pytest.raises(InputError, match="nobody can see") as caught:
        keep(store, of(record(2), who))
    assert f"U+{ord(sign):04X}" in caught.value.found
    with pytest.raises(InputError, match="nobody can see"):
        store.commit(changes=[Change(who.patient, Kind.CLINICAL, "wbc", 5.5)], user="anna")
    table = tmp_path / "table.csv"
    table.write_text(f"patient,sex\npat-{sign}1,female\n", "utf-8")
    (refusal,) = plan_file(store, table).refusals
    assert "seen" in refusal.problem or "nobody can see" in refusal.problem
    assert len(store.patients()) == known


def test_another_time_point_needs_a_reason_a_first_one_none(store):
    keep(store, of(record(1), Identity("s1", "p")))
    assert keep(store, of(record(1), Identity("s1", "p", "blood", "day 14"))).calls == ()
    with pytest.raises(InputError, match="would change calls") as caught:
        keep(store, of(record(1), Identity("s1", "p", "blood", "diagnosis")))
    assert caught.value.found == (
        "s1: detected: Δ4-7, day 14 / blood → detected: Δ4-7, diagnosis / blood"
    )


def test_what_a_person_amended_counts_as_it_stands(store):
    panel = load_panel("ikzf1")
    first = keep(store, replace(record(1, "p"), panel=panel))
    new = {"outcome": "inconclusive", "deletions": []}
    store.amend(Change("p", Kind.RESULT, f"{first.run_id}/s1", new, "smear"), user="bert")
    again = replace(record(1, "p"), panel=panel, settings=Settings(threshold=0.3))
    with pytest.raises(InputError, match="reviewed or amended and change calls") as caught:
        keep(store, again)
    assert caught.value.found == "1 such results; s1: inconclusive → detected: Δ4-7"
    assert [str(one) for one in keep(store, again, "repeated").calls] == [
        "s1: inconclusive → detected: Δ4-7"
    ]


def test_the_release_of_an_invalid_run_is_the_reason_for_what_it_releases_alone(store):
    keep(store, unreleased(record(1, "p", "invalid")))
    done = keep(store, record(1, "p"))  # released because of "because"
    assert store.runs(RunQuery(latest=True))[0].reason == "because"
    assert [one.reason for one in store.history(run=done.run_id)][-1:] == ["because"]
    lower = replace(record(1, "p", "not detected"), settings=Settings(threshold=0.3))
    assert lower.calls[0].released == Release("anna", "because")
    with pytest.raises(InputError, match="would change calls"):
        keep(store, lower)


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    """A simulated plate, its sheet, and a panel whose cut-off nothing passes."""
    folder = tmp_path_factory.mktemp("plate")
    run(0, "simulate", "--patients", 2, "--seed", 4, "--out", folder)
    sheet = folder / "sheet.csv"
    sheet.write_text("sample,patient\nP-001,pat-1\n")
    text = (Path(__file__).parents[1] / "primers/panels/ikzf1.toml").read_text(encoding="utf-8")
    strict = folder / "strict.toml"
    strict.write_text(text.replace("cq_below = 36.0", "cq_below = 12.0"), encoding="utf-8")
    return folder / "simulated-1.eds", sheet, strict


def run(code, *arguments):
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_analyze_says_which_calls_change(store, plate):
    file, sheet, strict = plate
    told = ("--sheet", sheet, "--store", store.folder, "--user", "anna")
    run(0, "analyze", file, "--panel", "ikzf1", *told)
    before = {one.sample: one for one in store.record(store.runs()[0].run_id).calls}
    head = store.head()
    refused = run(3, "analyze", file, "--panel", strict, *told)
    assert store.head() == head
    done = run(0, "analyze", file, "--panel", strict, *told, "--reason", "new cut-off")
    after = {one.sample: one for one in store.record(store.runs()[0].run_id).calls}
    changed = [name for name in before if before[name].outcome != after[name].outcome]
    assert changed
    for name in changed:
        assert f"{name}: {before[name].outcome}" in refused
        assert f"call changed: {name}: {before[name].outcome}" in done
    assert "new cut-off" in run(0, "records", "list", "--store", store.folder)


def test_watch_says_it_and_files_nothing(store, plate, tmp_path):
    file, sheet, strict = plate
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()

    def filed(name):
        panel = load_panel(str(name))
        order = Order(panel=panel, store=store.folder, user="anna")
        plan = Plan(file.parent, tmp_path / "out", order, sheet)
        return carry_out(Errand(file, "results", sha256, plan))

    assert filed("ikzf1").outcome is Outcome.DONE
    head = store.head()
    result = filed(strict)
    assert result.outcome is Outcome.LATER
    assert "would change calls" in result.text
    assert store.head() == head


def test_reanalysis_says_what_becomes_of_amended_results(store, plate):
    file, sheet, strict = plate
    run(0, "analyze", file, "--panel", "ikzf1", "--sheet", sheet, "--store", store.folder)
    (result,) = store.patient("pat-1").current_results
    new = {"outcome": "inconclusive", "deletions": []}
    store.amend(Change("pat-1", Kind.RESULT, result.path, new, "smear"), user="bert")
    (done,) = reanalyze(jobs_of(store, panel=load_panel(str(strict))))
    assert [str(one) for one in done.calls] == ["P-001: inconclusive → not detected"]


def test_residual_disease_of_a_sample_that_leaves_is_named(store):
    value = {"value": 0.02, "date": "2024-01-15", "target": "IK", "sample": "s1"}
    mine = Change("wrong", Kind.CLINICAL, "residual disease/IK/s1", value)
    other = Change("wrong", Kind.CLINICAL, "residual disease/IK/s11", value)
    store.commit(record(1, "wrong"), [mine, other], user="anna")
    moved = replace(record(1, "right"), settings=Settings(threshold=0.3))
    with pytest.raises(InputError, match="change calls") as caught:
        keep(store, moved)
    assert "residual disease in IK on record of the patient who had" in caught.value.found
    told = [str(one) for one in keep(store, moved, "sheet").calls]
    assert sum("residual disease" in one for one in told) == 1
