"""Lots of reagents: how they are written, whose they are, how they are kept and corrected."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner
from eds_files import written
from export_files import HEAD_QS, as_xlsx, synthetic, tables_qs
from hypothesis import given
from hypothesis import strategies as st

from cli import main
from qpcr import analyze
from qpcr.document import to_json
from qpcr.errors import InputError
from qpcr.formats import read_run
from qpcr.lots import UNNAMED, Lot, by_reagent, parse_lot
from qpcr.miqe import Status, checklist
from qpcr.reagents import ReagentLots, expired, read_log
from qpcr.records import Store
from qpcr.records.event import NOBODY, Change, Kind
from qpcr.report import render
from tests.report_records import synthetic_run
from tests.store_kit import record

MIX, PROBE = Lot("mastermix", "A17", date(2027, 1, 31)), Lot("probe", "P/3")


def started(run, day="2026-03-04"):
    moment = datetime.fromisoformat(f"{day}T10:00:00+00:00").astimezone(UTC)
    return replace(run, provenance=replace(run.provenance, started=moment))


@pytest.mark.parametrize(
    ("text", "lot"),
    [
        ("mastermix=A17", Lot("mastermix", "A17")),
        (" mastermix = A17 , 2027-01-31 ", MIX),
        ("mix=A,17", Lot("mix", "A,17")),
        ("mix=A=17", Lot("mix", "A=17")),
        ("reagents=A17", Lot(UNNAMED, "A17")),
        ("酶=批1,2027-01-31", Lot("酶", "批1", date(2027, 1, 31))),
    ],
)
def test_lots_are_read_as_people_write_them(text, lot):
    assert parse_lot(text) == lot


@pytest.mark.parametrize(
    "text", ["", "A17", "mastermix", "=A17", "mix=", "a/b=1", "mix=a\nb", "m=A,2027-13-01"]
)
def test_what_is_no_lot_is_refused(text):
    with pytest.raises(InputError):
        parse_lot(text)


@given(st.text(max_size=30))
def test_any_text_is_a_lot_or_refused_in_words(text):
    try:
        lot = parse_lot(text)
    except InputError:
        return
    assert lot.lot
    assert str(lot).startswith(lot.reagent)


def test_a_reagent_has_one_lot():
    assert by_reagent([PROBE, MIX, MIX]) == (MIX, PROBE)
    with pytest.raises(InputError, match="two lots"):
        by_reagent([MIX, Lot("mastermix", "B1")])


def log_file(folder, text):
    path = folder / "lots.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_log_tells_the_lot_of_the_day(tmp_path):
    text = (
        "Reagent,Lot,From,Expires\nmix,A,2026-01-10,2026-12-31\nmix,B,2026-03-04,\n"
        "mix,C,2026-05-01,\nprobe,P,,\n\n"
    )
    known = ReagentLots(log=read_log(log_file(tmp_path, text)))
    run = synthetic_run(2, 3)

    def lots(day):
        return {one.reagent: one.lot for one in known.of(started(run, day))}

    assert lots("2026-01-09") == {"probe": "P"}
    assert lots("2026-03-03") == {"mix": "A", "probe": "P"}
    assert lots("2026-03-04") == {"mix": "B", "probe": "P"}  # its first day of use
    assert lots("2027-01-01") == {"mix": "C", "probe": "P"}
    undated = replace(run, provenance=replace(run.provenance, started=None))
    with pytest.raises(InputError, match="no date"):
        known.of(undated)
    said = replace(known, given=(Lot("mix", "Z"),))
    assert {one.lot for one in said.of(started(run))} == {"Z", "P"}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("reagent,number\nmix,A\n", "column 'lot' is missing"),
        ("reagent,lot,from\nmix,A,01/02/2026\n", "no day"),
        ("reagent,lot\nmix,\n", "no lot"),
        ("reagent,lot\nmix,A\nmix,B\n", "begin on one day"),
    ],
)
def test_a_log_that_cannot_be_right_is_refused(tmp_path, text, match):
    with pytest.raises(InputError, match=match) as caught:
        read_log(log_file(tmp_path, text))
    assert "lots.csv" in str(caught.value)


def test_the_file_s_own_lots_count_and_contradictions_are_refused():
    run = replace(synthetic_run(2, 3), reagents=(MIX,))
    assert ReagentLots().of(run) == (MIX,)
    assert ReagentLots((PROBE,)).of(run) == (MIX, PROBE)
    with pytest.raises(InputError, match="another lot than was said"):
        ReagentLots((Lot("mastermix", "B"),)).of(run)
    corrected = ReagentLots((Lot("mastermix", "B"),), final=True)
    assert corrected.of(run) == (Lot("mastermix", "B"),)


def test_exports_that_list_reagents_are_read(tmp_path):
    table = [
        ["Reagent Type", "Reagent Name", "Reagent Part Number", "Reagent Lot Number",
         "Reagent Expiration Date"],
        ["Master mix", "Mix 2x", "123", "A17", "2027-01-31"],
        ["Probe", "P1", "", "77", "01/02/27"],
        ["Primer", "F", "", "", ""],
    ]  # fmt: skip
    tables = {**tables_qs(synthetic()), "Reagent Information": table}
    run = read_run(written(tmp_path, as_xlsx(tables, HEAD_QS), "a.xlsx"))
    assert run.reagents == (Lot("Mix 2x", "A17", date(2027, 1, 31)), Lot("P1", "77"))
    assert any("01/02/27 of P1 is not read" in note for note in run.notes)
    plain = read_run(written(tmp_path, as_xlsx(tables_qs(synthetic()), HEAD_QS), "b.xlsx"))
    assert plain.reagents == ()
    assert [one.cq for one in plain.results.values()] == [one.cq for one in run.results.values()]


def test_a_real_table_without_entries_names_no_lot(data_dir):
    run = read_run(data_dir / "quantstudio" / "qs3_taqman_3target.xls")
    assert run.reagents == ()
    assert len(run.results) == 72


def test_expired_reagents_are_found_on_the_day_after_their_last():
    run = synthetic_run(2, 3)
    assert expired([MIX], started(run, "2027-01-31")) == ()
    (finding,) = expired([MIX, PROBE], started(run, "2027-02-01"))
    assert (finding.rule, finding.value, finding.limit) == ("expired_reagent", 1.0, 0.0)
    assert "mastermix, lot A17, expired on 2027-01-31" in finding.message


def test_lots_go_through_analysis_report_and_checklist():
    run = started(synthetic_run(2, 3), "2027-02-01")
    made = analyze(run, lots=ReagentLots((MIX, PROBE)))
    assert made.lots == (MIX, PROBE)
    assert [one.rule for one in made.findings].count("expired_reagent") == 1
    assert "mastermix A17 (expires 2027-01-31); probe P/3" in render(made)
    assert "试剂批号" in render(made, "zh")
    assert "有效期至 2027-01-31" in render(made, "zh")
    assert json.loads(to_json(made))["lots"][0] == {
        "reagent": "mastermix", "lot": "A17", "expires": "2027-01-31",
    }  # fmt: skip
    (buffer,) = [one for one in checklist(made) if one.item.id == "buffer"]
    assert "Lot of mastermix A17 (expires 2027-01-31)" in buffer.text
    assert buffer.status is Status.PARTLY


@pytest.fixture
def store(tmp_path):
    return Store.init(tmp_path / "store")


def test_lots_are_kept_and_corrected_with_a_reason(store):
    first = store.commit(replace(record(1), lots=(MIX,)), user="anna").run_id
    assert store.lots(first) == (MIX,)
    assert store.record(first).lots == (MIX,)
    with pytest.raises(InputError, match="only with a reason"):
        store.set_lots(first, [Lot("mastermix", "B2")])
    store.set_lots(first, [PROBE], user="bo")  # the first word on a reagent needs none
    store.set_lots(first, [Lot("mastermix", "B2")], reason="typed wrongly", user="bo")
    assert store.lots(first) == (Lot("mastermix", "B2"), PROBE)
    assert store.record(first).lots == (MIX,), "what was written stays as it was"
    assert store.current(first).lots == (Lot("mastermix", "B2"), PROBE)
    events = [one for one in store.history(run=first) if one.kind is Kind.RUN]
    assert [(one.user, one.new["lot"], one.reason) for one in events] == [
        ("anna", "A17", None), ("bo", "P/3", None), ("bo", "B2", "typed wrongly"),
    ]  # fmt: skip
    assert events[2].old == {"lot": "A17", "expires": "2027-01-31"}
    store.set_lots(first, [], taken_back=["probe"], reason="not known")
    assert [one.reagent for one in store.lots(first)] == ["mastermix"]
    with pytest.raises(InputError, match="no lot of this reagent"):
        store.set_lots(first, [], taken_back=["probe"], reason="again")
    with pytest.raises(InputError, match="no such run"):
        store.set_lots("r0", [MIX])
    with pytest.raises(InputError, match="at once"):
        store.set_lots(first, [Lot("mastermix", "C")], taken_back=["mastermix"], reason="x")
    assert Store.open(store.folder).lots(first) == store.lots(first)
    store.rebuild_index()
    assert [one.reagent for one in store.lots(first)] == ["mastermix"]
    assert store.verify().problems == ()
    assert store.patients() == ()


def test_lots_hold_for_every_revision_and_later_words_need_a_reason(store):
    one = record(1)
    first = store.commit(replace(one, lots=(MIX,))).run_id
    again = store.commit(replace(one, lots=(MIX, PROBE)))
    assert again.run_id == first
    assert store.lots(first) == (MIX, PROBE), "noted though the analysis was there already"
    assert store.commit(replace(one, lots=(MIX,))).already_there
    other = replace(one, settings=replace(one.settings, threshold=0.3))
    second = store.commit(other).run_id
    assert second != first
    assert store.lots(second) == store.lots(first) == (MIX, PROBE)
    third = replace(one, settings=replace(one.settings, threshold=0.4))
    with pytest.raises(InputError, match="only with a reason"):
        store.commit(replace(third, lots=(Lot("mastermix", "C"),)))
    assert len(store.runs()) == 2, "nothing was written"
    done = store.commit(replace(third, lots=(Lot("mastermix", "C"),)), reason="log was wrong")
    assert store.lots(first)[0] == store.lots(done.run_id)[0] == Lot("mastermix", "C")


def test_reagents_are_told_apart_without_case_and_the_first_spelling_stays(store):
    one = record(1)
    first = store.commit(replace(one, lots=(Lot("Mix", "A17"),))).run_id
    done = store.commit(replace(one, lots=(Lot("mix", "A17"),)))
    assert done.already_there
    assert store.lots(first) == (Lot("Mix", "A17"),)
    with pytest.raises(InputError, match="only with a reason"):
        store.set_lots(first, [Lot("MIX", "B2")])
    store.set_lots(first, [Lot("MIX", "B2")], reason="typed wrongly")
    assert store.lots(first) == (Lot("Mix", "B2"),)
    with pytest.raises(InputError, match="at once"):
        store.set_lots(first, [Lot("mix", "C")], taken_back=["Mix"], reason="x")
    store.set_lots(first, [], taken_back=["mix"], reason="not known")
    assert store.lots(first) == ()
    store.rebuild_index()
    assert store.verify().problems == ()


def test_stores_that_hold_two_spellings_have_one_reagent(store):
    """As earlier versions wrote them: the last word counts."""
    run = store.commit(record(1)).run_id
    for name, lot in (("Mix", "A"), ("mix", "B")):
        store.commit(None, [Change(NOBODY, Kind.RUN, f"{run}/lots/{name}", {"lot": lot})])
    assert store.lots(run) == (Lot("Mix", "B"),)


def test_two_spellings_of_a_reagent_are_one_everywhere(tmp_path):
    assert by_reagent([Lot("Mix", "A"), Lot("mix", "A")]) == (Lot("Mix", "A"),)
    with pytest.raises(InputError, match="two lots"):
        by_reagent([Lot("Mix", "A"), Lot("mix", "B")])
    run = started(synthetic_run(2, 3))
    log = read_log(log_file(tmp_path, "reagent,lot\nMix,A\n"))
    assert ReagentLots((Lot("mix", "B"),), log).of(run) == (Lot("mix", "B"),)
    named = replace(run, reagents=(Lot("MIX", "C"),))
    with pytest.raises(InputError, match="another lot than was said"):
        ReagentLots((Lot("mix", "B"),)).of(named)


def test_what_a_file_says_never_undoes_a_correction(store):
    one = record(1)
    one = replace(one, run=replace(one.run, reagents=(MIX,)), lots=(MIX,))
    run = store.commit(one).run_id
    store.set_lots(run, [Lot("mastermix", "B2")], reason="the file was set up wrongly")
    assert store.commit(one).already_there
    assert store.lots(run) == (Lot("mastermix", "B2"),)


def test_changes_to_runs_are_lots_and_of_nobody(store):
    run = store.commit(record(1)).run_id
    for path, new in ((f"{run}/lots/x", {"lot": 1}), (f"{run}/lots/x", "A"), (f"{run}/other", {}),
                      (f"{run}/lots/x", {"lot": "A", "expires": "soon"})):  # fmt: skip
        with pytest.raises(InputError):
            store.commit(None, [Change(NOBODY, Kind.RUN, path, new)])
    with pytest.raises(InputError, match="names a patient"):
        Change("P1", Kind.RUN, f"{run}/lots/x", {"lot": "A"})
    with pytest.raises(InputError, match="without patient"):
        Change(NOBODY, Kind.CLINICAL, "sex", "f")


def test_reanalysis_keeps_corrected_lots(store):
    from qpcr.reanalysis import jobs_of, reanalyze

    run = store.commit(analyze(started(synthetic_run(2, 3)), lots=ReagentLots((PROBE,)))).run_id
    store.set_lots(run, [Lot("probe", "P9", date(2020, 1, 1))], reason="typed wrongly")
    (done,) = reanalyze(jobs_of(store, again=True, apply=True, reason="try"))
    assert done.error is None
    assert store.lots(run)[0].lot == "P9"
    made = analyze(store.record(run).run, lots=ReagentLots(store.lots(run), final=True))
    assert "expired_reagent" in [one.rule for one in made.findings]


def run_command(*arguments, code=0):
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_on_the_command_line(tmp_path):
    file = tmp_path / "plates"
    run_command("simulate", "--patients", 1, "--seed", 3, "--out", file)
    plate, store, out = file / "simulated-1.eds", tmp_path / "store", tmp_path / "out"
    run_command("records", "init", "--store", store)
    told = ("analyze", plate, "--store", store, "--out", out)
    run_command(*told, "--lot", "mix", "--lot", "mix=", code=3)
    shown = run_command(*told, "--lot", "mastermix=A17,2040-01-31", "--lot", "probe=P3")
    assert "lots: mastermix A17 (expires 2040-01-31); probe P3" in shown
    assert "mastermix A17" in (out / "simulated-1" / "report.html").read_text("utf-8")
    run_id = Store.open(store).runs()[0].run_id
    this = ("records", "lots", "--store", store, "--run", run_id)
    assert "A17" in run_command(*this)
    run_command(*told, "--lot", "mastermix=B1", code=3)
    run_command(*this, "--set", "mastermix=B1", code=3)
    assert "noted: commit 2" in run_command(
        *this, "--set", "mastermix=B1", "--reason", "typed wrongly"
    )
    assert "already so" in run_command(*this, "--set", "mastermix=B1", "--reason", "again")
    assert "typed wrongly" in run_command("records", "history", "--store", store, "--run", run_id)
    assert "Lot of mastermix B1" in run_command("miqe", run_id, "--store", store)
    assert "its lots was noted" in run_command(*told, "--lot", "zzz=Z1")
    assert "noted" not in run_command(*told, "--lot", "zzz=Z1")
    log = log_file(tmp_path, "reagent,lot\nwater,W1\n")
    watched = ("watch", file, "--out", tmp_path / "w", "--store", store, "--once", "--settle", 0)
    run_command(*watched, "--lots", log)
    assert [one.lot for one in Store.open(store).lots(run_id)] == ["B1", "P3", "W1", "Z1"]
