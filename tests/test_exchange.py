"""Clinical data into the store, and records out of it; every patient here is invented."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import stores
from fhir.resources.R4B.bundle import Bundle
from stores import run

from primers import load_panel
from qpcr import Settings
from qpcr.clinical.fields import schema
from qpcr.errors import InputError
from qpcr.exchange.clinical import carry_out, clinical_change, plan_file
from qpcr.exchange.export import FORMATS, export_records
from qpcr.exchange.fhir import bundle
from qpcr.exchange.outgoing import Outgoing, outgoing
from qpcr.exchange.pseudonyms import KEY_FILE, Pseudonyms, open_pseudonyms
from qpcr.records import Change, Kind, Patient, Result, State, Store
from qpcr.records.pseudonym_key import key_of, make_key, seal_key
from tests.store_kit import flip, unchecked

LOINC = "http://loinc.org"


def with_outcome(store, outcome):
    """A patient's id and the path of a result that is called so."""
    for one in store.patients():
        for path, result in store.patient(one.patient).results.items():
            if result.outcome == outcome:
                return one.patient, path
    return pytest.fail(f"no simulated patient is {outcome}")


# --- import ---------------------------------------------------------------------------------------


def table(tmp_path, text):
    path = tmp_path / "patients.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_import_is_one_commit_that_names_file_row_and_digest(tmp_path):
    store = Store.init(tmp_path / "store")
    file = table(tmp_path, "患者编号,性别,白细胞\nQ1,男,35\nQ2,女,12.5\n")
    done = run("records", "import", file, "--store", store.folder, "--user", "u")
    assert done.exit_code == 0, done.output
    assert "Q1" not in done.output
    assert {event.sequence for event in store.history()} == {1}
    event = store.history(patient="Q2")[-1]
    assert (event.path, event.new) == ("wbc", {"value": 12.5, "unit": "10^9/L"})
    assert event.source.startswith("patients.csv row 3 sha256:")
    again = run("records", "import", file, "--store", store.folder)
    assert again.exit_code == 3
    assert "nothing to import" in again.output
    assert len(store.history()) == 4


def test_one_bad_cell_refuses_the_whole_file(tmp_path):
    store = Store.init(tmp_path / "store")
    file = table(tmp_path, "id,sex,diagnosis date\nQ1,M,2021-03-05\nQ2,F,03/04/2021\n")
    done = run("records", "import", file, "--store", store.folder)
    assert done.exit_code == 3
    for word in ("diagnosis date", "two ways", "03/04/2021", "day-first", "1 refused"):
        assert word in done.output
    assert "Q2" not in done.output
    assert store.patients() == ()
    assert store.history() == ()


def test_a_misspelt_column_refuses_the_file_unless_it_is_to_be_ignored(tmp_path):
    store = Store.init(tmp_path / "store")
    file = table(tmp_path, "id,sex,wcb\nQ1,M,35\n")
    done = run("records", "import", file, "--store", store.folder)
    assert done.exit_code == 3
    assert "did you mean wbc?" in " ".join(done.output.split())
    assert store.history() == ()
    wrong = run("records", "import", file, "--store", store.folder, "--ignore", "wbc")
    assert wrong.exit_code == 3
    assert "did you mean 'wcb'?" in wrong.output
    done = run("records", "import", file, "--store", store.folder, "--ignore", "wcb")
    assert done.exit_code == 0, done.output
    assert store.patient("Q1").clinical == {"sex": "male"}
    specimens = table(tmp_path, "patient,timepoint,dat\nQ1,diagnosis,2021-03-05\n")
    done = run("records", "import", specimens, "--store", store.folder, "--specimens")
    assert done.exit_code == 3
    assert "did you mean date?" in " ".join(done.output.split())


def test_values_on_record_are_replaced_only_with_a_reason(tmp_path):
    store = Store.init(tmp_path / "store")
    store.commit(changes=[Change("Q1", Kind.CLINICAL, "sex", "male")], user="u")
    file = table(tmp_path, "id,sex\nQ1,F\n")
    done = run("records", "import", file, "--store", store.folder)
    assert done.exit_code == 3
    assert "--reason" in done.output
    dry = run("records", "import", file, "--store", store.folder, "--dry-run", "--show-ids")
    assert dry.exit_code == 0
    assert "Q1" in dry.output
    assert store.patient("Q1").clinical["sex"] == "male"
    done = run("records", "import", file, "--store", store.folder, "--reason", "typing error")
    assert done.exit_code == 0, done.output
    event = store.history(patient="Q1")[-1]
    assert (event.old, event.new, event.reason) == ("male", "female", "typing error")


@pytest.mark.parametrize("spelled", ["q1", "Ｑ1", "Q 1"])
def test_an_id_that_only_looks_like_one_on_record_is_refused(tmp_path, spelled):
    store = Store.init(tmp_path / "store")
    store.commit(changes=[Change("Q1", Kind.CLINICAL, "ph", True)], user="u")
    plan = plan_file(store, table(tmp_path, f"id,sex\n{spelled},F\n"))
    assert [one.problem[:22] for one in plan.refusals] == ["an id that differs fro"]
    assert spelled not in str(plan.refusals)
    assert plan_file(store, table(tmp_path, "id,sex\n Q1 ,F\n")).differences[0].patient == "Q1"


def test_a_record_that_changed_meanwhile_is_not_overwritten(tmp_path):
    store = Store.init(tmp_path / "store")
    store.commit(changes=[Change("Q1", Kind.CLINICAL, "ph", True)], user="u")
    file = table(tmp_path, "id,sex\nQ1,F\n")
    plan = plan_file(store, file)
    store.commit(changes=[Change("Q1", Kind.CLINICAL, "sex", "male")], user="somebody else")
    with pytest.raises(InputError, match="somebody else"):
        carry_out(store, plan, file)
    assert store.patient("Q1").clinical["sex"] == "male"


TAKEN = {"timepoint": "初诊", "specimen": "BM"}
"""A specimen as a sample sheet filed it, in the laboratory's own words."""


@pytest.fixture
def with_specimen(tmp_path):
    store = Store.init(tmp_path / "store")
    store.commit(changes=[Change("Q1", Kind.SPECIMEN, "初诊 / BM", TAKEN)], user="u")
    return store


def test_specimens_get_their_dates_under_the_words_they_were_filed_by(with_specimen, tmp_path):
    text = (
        "患者编号,时间点,标本,采样日期\nQ1,诊断时,骨髓,2021年3月5日\nQ1,d14,骨髓,2021-03-19\n"
        "Q1,随访,外周血,2022-01-01\nQ1,随访,外周血,2022-02-01\n"
    )
    file = table(tmp_path, text)
    this = ("records", "import", file, "--store", with_specimen.folder, "--specimens")
    refused = run(*this)  # what is on record is added to: that needs a reason
    assert refused.exit_code == 3
    done = run(*this, "--reason", "dates from the ward")
    assert done.exit_code == 0, done.output
    found = with_specimen.patient("Q1").specimens
    assert {key: one.date for key, one in found.items()} == {
        "初诊 / BM": "2021-03-05",
        "day 14 / bone marrow": "2021-03-19",
        "follow-up / peripheral blood / 2022-01-01": "2022-01-01",
        "follow-up / peripheral blood / 2022-02-01": "2022-02-01",
    }
    assert found["初诊 / BM"].specimen == "BM"
    assert "nothing to import" in run(*this).output


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Q2,d14,BM,2021-03-19", "not in the store"),
        ("Q1,,BM,2021-03-19", "without a time point"),
        ("Q1,FU,BM,", "without a date"),
        ("Q1,d15,BM,2021-03-19", "unknown code"),
        ("Q1,d14,BM,19/03/21", "two digits"),
        ("Q1,dx,骨髓,2021-03-06", "twice"),
    ],
)
def test_specimens_that_are_refused(with_specimen, tmp_path, row, why):
    file = table(tmp_path, f"id,timepoint,specimen,date\nQ1,dx,BM,2021-03-05\n{row}\n")
    plan = plan_file(with_specimen, file, specimens=True)
    assert [why in one.problem for one in plan.refusals] == [True]
    assert plan.refusals[0].row == 3


def test_a_map_for_specimens_is_none_for_patients(with_specimen, tmp_path):
    mapped = tmp_path / "map.toml"
    mapped.write_text('[columns.when]\nfield = "date"\n', encoding="utf-8")
    file = table(tmp_path, "id,when,timepoint\nQ1,2021-03-19,d14\n")
    with pytest.raises(InputError, match="another kind of table"):
        plan_file(with_specimen, file, mapped)
    assert plan_file(with_specimen, file, mapped, specimens=True).differences


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("wcb", "3", "no such clinical field"),
        ("patient", "Q2", "no such clinical field"),
        ("wbc", "1,5", "number with"),
        ("sex", "不详", "nothing is known"),
        ("relapse_date", "2020-01-01", "is after"),
    ],
)
def test_amendments_are_checked_as_imports_are(tmp_path, name, text, why):
    store = Store.init(tmp_path / "store")
    store.commit(changes=[Change("Q1", Kind.CLINICAL, "diagnosis_date", "2021-03-05")], user="u")
    with pytest.raises(InputError, match=why):
        store.amend(clinical_change("Q1", name, text, "told by phone"), user="u")
    change = clinical_change("Q1", "wbc", "35200 /µL", "told by phone")
    assert change.new["value"] == pytest.approx(35.2)


# --- tables, JSON, Parquet ------------------------------------------------------------------------


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_csv_and_parquet_hold_the_same_and_what_the_store_holds(store, tmp_path):
    export_records(store, tmp_path / "c", "csv")
    export_records(store, tmp_path / "p", "parquet")
    names = {path.stem for path in (tmp_path / "c").glob("*.csv")}
    assert names == {"patients", "results", "specimens", "fields", "history"}
    for name in names:
        plain = rows(tmp_path / "c" / f"{name}.csv")
        typed = pq.read_table(tmp_path / "p" / f"{name}.parquet").to_pylist()
        assert len(plain) == len(typed)
        for one, other in zip(plain, typed, strict=True):
            for column, value in other.items():
                text = ";".join(value) if isinstance(value, list) else value
                text = str(text).lower() if isinstance(text, bool) else text
                assert one[column] == ("" if text is None else str(text))
    patients = pq.read_table(tmp_path / "p" / "patients.parquet").to_pylist()
    first = patients[0]
    assert first["wbc"] == 35.5
    assert (first["mrd1"], first["mrd1_below"]) == (2.5, None)
    assert (first["mrd3"], first["mrd3_below"]) == (None, 0.01)
    assert first["diagnosis_date"] == date(2021, 3, 5)
    assert first["ph"] is True
    assert first["death"] is None
    results = rows(tmp_path / "c" / "results.csv")
    assert len(results) == len(store.patients())
    for row in results:
        result = next(iter(store.patient(row["patient"]).results.values()))
        assert row["outcome"] == result.outcome
        assert row["deletions"] == ";".join(result.deletions)
        assert (row["state"], row["final"]) == ("preliminary", "false")


def test_exported_files_are_for_their_owner_only(store, tmp_path):
    for path in export_records(store, tmp_path / "new" / "out", "csv"):
        assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "out").stat().st_mode & 0o077 == 0


def test_json_holds_everything_of_chosen_patients(store, tmp_path):
    wanted = [one.patient for one in store.patients()][:2]
    arguments = [part for one in wanted for part in ("--patient", one)]
    done = run(
        "records", "export", "--store", store.folder, "--out", tmp_path / "j", "--to", "json",
        *arguments,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "j" / "patients.json").read_text(encoding="utf-8"))
    assert [one["id"] for one in told["patients"]] == wanted
    for one in told["patients"]:
        assert one["clinical"] == stores.CLINICAL
        assert len(one["events"]) == len(store.history(patient=one["id"]))


def test_parquet_without_pyarrow_says_how_to_get_it(store, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match="pyarrow"):
        export_records(store, tmp_path / "p", "parquet")
    assert not list(tmp_path.glob("p/*"))


def test_a_value_that_nobody_understands_is_refused_not_exported(store, tmp_path, monkeypatch):
    who = store.patients()[0].patient
    unchecked(monkeypatch)  # as an earlier version wrote it
    store.commit(changes=[Change(who, Kind.CLINICAL, "age", "about fifty", reason="r")], user="u")
    with pytest.raises(InputError, match="stored value of age"):
        export_records(store, tmp_path / "c", "csv")


# --- FHIR -----------------------------------------------------------------------------------------


def fhir(store, tmp_path, patient, **how):
    out = tmp_path / f"fhir-{len(list(tmp_path.glob('fhir-*')))}"
    files = export_records(store, out, "fhir", [patient], **how)
    told = json.loads(files[0].read_text(encoding="utf-8"))
    Bundle.model_validate(told)
    resources = {entry["fullUrl"]: entry["resource"] for entry in told["entry"]}
    assert len(resources) == len(told["entry"])
    for reference in references(told):
        assert reference in resources
    return list(resources.values())


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def of_kind(resources, kind):
    return [one for one in resources if one["resourceType"] == kind]


def components(variant):
    return {
        one["code"]["coding"][0]["code"]: one["valueCodeableConcept"]["coding"]
        for one in variant["component"]
    }


def test_a_detected_deletion_in_fhir(store, tmp_path):
    who, path = with_outcome(store, "detected")
    deletions = store.patient(who).results[path].deletions
    resources = fhir(store, tmp_path, who)
    assert [one["resourceType"] for one in resources] == [
        "Patient", "Specimen", *["Observation"] * len(deletions), "DiagnosticReport",
    ]  # fmt: skip
    assert of_kind(resources, "Patient")[0]["gender"] == "female"
    ends = {
        "Δ4-7": "c.(160+1_161-1)_(850+1_851-1)del", "Δ2-7": "c.(-15+1_-14-1)_(850+1_851-1)del",
        "Δ4-8": "c.(160+1_161-1)_(*4474_?)del", "Δ2-8": "c.(-15+1_-14-1)_(*4474_?)del",
    }  # fmt: skip
    for deletion, variant in zip(deletions, of_kind(resources, "Observation"), strict=True):
        assert variant["code"]["coding"][0]["code"] == "69548-6"
        value = variant["valueCodeableConcept"]["coding"][0]
        assert value == {"system": LOINC, "code": "LA9633-4", "display": "Present"}
        found = components(variant)
        assert [one["code"] for one in found["48004-6"]] == [
            f"NC_000007.14(NM_006060.6):{ends[deletion]}",
            f"NC_000007.13(NM_006060.6):{ends[deletion]}",
        ]
        assert found["48018-6"][0]["code"] == "HGNC:13176"
        assert found["48002-0"][0]["code"] == "LA6684-0"
        assert found["62374-4"][0]["code"] == "LA26806-2"
        assert found["48019-4"][0]["code"] == "SO:0000159"
    assert "note" not in of_kind(resources, "Observation")[0]


def test_an_absent_deletion_says_what_was_looked_for_and_what_is_not_seen(store, tmp_path):
    who, _ = with_outcome(store, "not detected")
    resources = fhir(store, tmp_path, who)
    variants = of_kind(resources, "Observation")
    assert {v["valueCodeableConcept"]["coding"][0]["code"] for v in variants} == {"LA9634-2"}
    assert [v["valueCodeableConcept"]["text"] for v in variants] == [
        f"{name}: absent" for name in ("Δ4-7", "Δ2-7", "Δ4-8", "Δ2-8")
    ]
    limits = [one.text for one in load_panel("ikzf1").limitations]
    assert limits
    for variant in variants:
        assert [note["text"] for note in variant["note"]] == limits
    report = of_kind(resources, "DiagnosticReport")[0]
    for limit in limits:
        assert limit in report["conclusion"]


@pytest.mark.parametrize(
    ("outcome", "code"), [("inconclusive", "LA11884-6"), ("invalid", "LA18198-4")]
)
def test_no_result_is_neither_present_nor_absent(store, tmp_path, outcome, code):
    who, path = with_outcome(store, "not detected")
    told = amended(who, path, outcome=outcome)
    store.amend(told, user="u")
    variants = of_kind(fhir(store, tmp_path, who), "Observation")
    assert [v["valueCodeableConcept"]["coding"][0]["code"] for v in variants] == [code]
    assert "48004-6" not in components(variants[0])


def amended(who, path, **new):
    return Change(who, Kind.RESULT, path, new, reason="second look")


def statuses(resources):
    kinds = of_kind(resources, "DiagnosticReport") + of_kind(resources, "Observation")
    return {one["status"] for one in kinds}


def test_only_what_is_signed_goes_out_as_final(store, tmp_path):
    who, path = with_outcome(store, "detected")
    assert statuses(fhir(store, tmp_path, who)) == {"preliminary"}
    store.review(who, path, user="reviewer")
    assert statuses(fhir(store, tmp_path, who)) == {"preliminary"}
    store.sign(who, path, user="signer")
    resources = fhir(store, tmp_path, who)
    report = of_kind(resources, "DiagnosticReport")[0]
    assert statuses(resources) == {"final"}
    assert report["resultsInterpreter"] == [{"display": "signer"}]
    assert report["issued"]
    store.amend(amended(who, path, outcome="inconclusive", deletions=[]), user="u")
    assert store.patient(who).results[path].state is State.AMENDED
    resources = fhir(store, tmp_path, who)
    report = of_kind(resources, "DiagnosticReport")[0]
    assert statuses(resources) == {"preliminary"}
    assert "not signed" in report["conclusion"]
    assert "issued" not in report
    store.review(who, path, user="reviewer")
    store.sign(who, path, user="signer")
    assert statuses(fhir(store, tmp_path, who)) == {"amended"}


REPLACES = "http://hl7.org/fhir/StructureDefinition/diagnosticReport-replaces"


def signed(store, who, path):
    store.review(who, path, user="reviewer")
    store.sign(who, path, user="signer")


def analyzed_again(store, path, who=None, number=1):
    """The path of the revision of a result; of another patient if wanted."""
    run, _, sample = path.partition("/")
    record = store.record(run)
    identities = dict(record.identities)
    if who is not None:
        identities[sample] = replace(identities[sample], patient=who)
    again = replace(record, settings=Settings(threshold=0.1 + number / 10), identities=identities)
    return f"{store.commit(again, user='u', reason='other threshold').run_id}/{sample}"


@pytest.mark.parametrize("deidentify", [False, True])
def test_an_unsigned_revision_never_displaces_the_report_that_is_valid(store, tmp_path, deidentify):
    """Signed, revised, revised again: one valid report, and one that is tied to it."""
    who, path = with_outcome(store, "detected")
    signed(store, who, path)
    now = analyzed_again(store, analyzed_again(store, path), number=2)
    resources = fhir(store, tmp_path, who, deidentify=deidentify)
    valid, waiting = of_kind(resources, "DiagnosticReport")
    assert (valid["status"], waiting["status"]) == ("final", "preliminary")
    assert "this report is the valid one" in valid["conclusion"]
    assert "not signed yet" in waiting["conclusion"]
    assert valid["identifier"] != waiting["identifier"]
    assert "extension" not in valid
    assert "extension" not in waiting
    (tie,) = of_kind(resources, "Provenance")
    (entity,) = tie["entity"]
    assert entity["role"] == "revision"
    assert entity["what"]["reference"] == valid["identifier"][0]["value"]
    assert tie["target"] == [{"reference": waiting["identifier"][0]["value"]}]
    (came,) = (e.at for e in store.history(patient=who) if e.path == now)
    recorded = datetime.fromisoformat(tie["recorded"])
    if deidentify:
        assert timedelta(0) < came - recorded < timedelta(days=367)
        assert recorded.hour == recorded.minute == recorded.second == 0
    else:
        assert recorded == came.replace(microsecond=0)
    signed(store, who, now)
    resources = fhir(store, tmp_path, who, deidentify=deidentify)
    (report,) = of_kind(resources, "DiagnosticReport")
    assert report["status"] == "amended"
    (extension,) = report["extension"]
    assert extension["url"] == REPLACES
    assert extension["valueReference"]["type"] == "DiagnosticReport"
    assert extension["valueReference"]["identifier"] == valid["identifier"][0]
    assert report["identifier"] == waiting["identifier"]
    assert of_kind(resources, "Provenance") == []
    assert "not signed" not in report["conclusion"]


def test_a_revision_of_what_was_never_signed_is_tied_to_nothing(store, tmp_path):
    who, path = with_outcome(store, "detected")
    now = analyzed_again(store, path)
    for status in ("preliminary", "final"):
        resources = fhir(store, tmp_path, who)
        (report,) = of_kind(resources, "DiagnosticReport")
        assert (report["status"], "extension" in report) == (status, False)
        assert of_kind(resources, "Provenance") == []
        if status == "preliminary":
            signed(store, who, now)


def test_a_signed_result_that_was_another_patients_goes_out_as_entered_in_error(store, tmp_path):
    who, path = with_outcome(store, "detected")
    signed(store, who, path)
    (before,) = of_kind(fhir(store, tmp_path, who), "DiagnosticReport")
    analyzed_again(store, path, "another patient")
    resources = fhir(store, tmp_path, who)
    (report,) = of_kind(resources, "DiagnosticReport")
    assert statuses(resources) == {"entered-in-error"}
    assert report["identifier"] == before["identifier"]
    assert "must not be used" in report["conclusion"]
    assert of_kind(fhir(store, tmp_path, who, deidentify=True), "DiagnosticReport") == []
    assert statuses(fhir(store, tmp_path, "another patient")) == {"preliminary"}


def test_an_outcome_without_a_code_is_refused():
    result = Result("r/s", "r", "s", outcome="probably")
    with pytest.raises(InputError, match="no code"):
        outgoing(Patient("Q1", {}, {}, {"r/s": result}, (), 1), {}.get)


def test_a_pooled_well_names_no_deletion_and_a_panel_without_transcript_no_gene():
    pooled = load_panel("ikzf1-pooled")
    patient = Patient("Q1", {}, {}, {}, (), 1)
    for panel in (pooled, replace(pooled, transcript=None), None):
        for outcome in ("detected", "not detected"):
            found = ("some deletion",) if outcome == "detected" else ()
            result = Result("r/s", "r", "s", outcome=outcome, deletions=found, panel="x")
            made = bundle(patient, [Outgoing(result, panel, "preliminary", None, changed=False)])
            Bundle.model_validate(made)
            variant = next(
                one["resource"]
                for one in made["entry"]
                if one["resource"]["resourceType"] == "Observation"
            )
            if panel is pooled:
                assert "48018-6" in components(variant)
                assert not {"48004-6", "62374-4"} & components(variant).keys()
            else:
                assert "component" not in variant


@pytest.mark.parametrize("outcome", ["not tested", "not detected", "invalid"])
def test_a_panel_without_targets_says_nothing_of_a_variant(outcome):
    """A record of an earlier version calls its samples "not detected": no variant either."""
    result = Result("r/s", "r", "s", outcome=outcome, panel="rnasep")
    told = Outgoing(result, load_panel("rnasep"), "final", None, changed=False)
    made = bundle(Patient("Q1", {}, {}, {"r/s": result}, (), 1), [told])
    Bundle.model_validate(made)
    resources = [entry["resource"] for entry in made["entry"]]
    assert not of_kind(resources, "Observation")
    (report,) = of_kind(resources, "DiagnosticReport")
    assert "No deletion that this assay" not in report["conclusion"]
    assert "result" not in report


# --- pseudonyms -----------------------------------------------------------------------------------


def secrets_of(store):
    """Every text that tells who somebody is: ids, samples, users, runs, files, reasons."""
    found = {stores.USER, "reviewer-Li", "signer-Wang", "secret remark"}
    for one in store.patients():
        patient = store.patient(one.patient)
        found |= {patient.id, *patient.results}
        found |= {result.sample for result in patient.results.values()}
        found |= {result.run for result in patient.results.values()}
    return found | {run.file for run in store.runs()} | {store.id}


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("dates", ["shift", "days"])
def test_nothing_tells_who_somebody_is(store, tmp_path, to, dates):
    who, path = with_outcome(store, "detected")
    store.review(who, path, user="reviewer-Li")
    store.sign(who, path, user="signer-Wang")
    noted = [
        Change(who, Kind.CLINICAL, "laboratory/nickname", "secret remark"),
        Change(
            who, Kind.SPECIMEN, "secret remark", {"specimen": "secret remark", "x": "secret remark"}
        ),
    ]
    store.commit(changes=noted, user="u")
    store.amend(amended(who, path, remark="secret remark"), user="u")
    if (to, dates) == ("fhir", "days"):
        with pytest.raises(InputError, match="days since diagnosis"):
            export_records(store, tmp_path / "o", to, deidentify=True, dates=dates)
        return
    seal_key(store.folder, bytes(32))  # any other might move a date onto another patient's
    files = export_records(store, tmp_path / "o", to, deidentify=True, dates=dates)
    for file in files:
        data = file.read_bytes()
        if to == "parquet" and file.suffix == ".parquet":
            data = json.dumps(
                pq.read_table(file).to_pylist(), default=str, ensure_ascii=False
            ).encode()
        for secret in secrets_of(store):
            for spelled in (secret, json.dumps(secret)[1:-1]):
                assert spelled.encode() not in data, file.name
                assert spelled not in file.name
        for day in ("2021-03-05", "2022-01-20", "2023-06-30"):
            assert day.encode() not in data
    assert any(
        store.patients()[0].patient.encode() in f.read_bytes()
        for f in export_records(store, tmp_path / "named", "csv")
    )  # the test can fail


def test_pseudonyms_are_stable_and_keep_times_between_dates(store, tmp_path):
    export_records(store, tmp_path / "a", "csv", deidentify=True)
    export_records(store, tmp_path / "b", "csv", deidentify=True)
    assert (tmp_path / "a" / "patients.csv").read_bytes() == (
        tmp_path / "b" / "patients.csv"
    ).read_bytes()
    export_records(store, tmp_path / "d", "csv", deidentify=True, dates="days")
    moved = {row["patient"]: row for row in rows(tmp_path / "a" / "patients.csv")}
    days = {row["patient"]: row for row in rows(tmp_path / "d" / "patients.csv")}
    assert len(moved) == len(store.patients())
    assert moved.keys() == days.keys()
    offsets = set()
    for who, row in moved.items():
        start = date.fromisoformat(row["diagnosis_date"])
        assert (date.fromisoformat(row["relapse_date"]) - start).days == 321
        assert (days[who]["diagnosis_date"], days[who]["relapse_date"]) == ("0", "321")
        assert row["age"] == "90.0"
        assert row["wbc"] == "35.5"
        offsets.add((date(2021, 3, 5) - start).days)
    assert len(offsets) > 1
    assert all(1 <= offset <= 365 for offset in offsets)
    (store.folder / KEY_FILE).unlink()
    export_records(store, tmp_path / "e", "csv", deidentify=True)
    assert not moved.keys() & {row["patient"] for row in rows(tmp_path / "e" / "patients.csv")}


def test_days_need_a_date_of_diagnosis(tmp_path):
    store = Store.init(tmp_path / "store")
    store.commit(changes=[Change("Q1", Kind.CLINICAL, "relapse_date", "2022-01-20")], user="u")
    export_records(store, tmp_path / "d", "csv", deidentify=True, dates="days")
    assert rows(tmp_path / "d" / "patients.csv")[0]["relapse_date"] == ""


def test_the_key_is_for_its_owner_only_and_never_replaced(tmp_path):
    first = open_pseudonyms(tmp_path)
    key = tmp_path / KEY_FILE
    assert key.stat().st_mode & 0o077 == 0
    make_key(tmp_path)  # somebody else was a moment slower
    assert open_pseudonyms(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    key.chmod(0o640)
    with pytest.raises(InputError, match="others can read"):
        open_pseudonyms(tmp_path)
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(InputError, match="damaged"):
        open_pseudonyms(tmp_path)


def test_every_flipped_bit_of_the_key_is_found_and_nothing_exported(store, tmp_path):
    export_records(store, tmp_path / "a", "csv", deidentify=True)
    assert not store.verify().problems
    key = store.folder / KEY_FILE
    whole = key.read_bytes()
    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(InputError, match="damaged"):
            key_of(bytes(flipped))
    for wrong in (*(whole[:length] for length in range(len(whole))), whole + b"x"):
        with pytest.raises(InputError, match="damaged"):
            key_of(wrong)
    assert key_of(whole) == open_pseudonyms(store.folder).key
    flip(key, 4096 + 7)
    with pytest.raises(InputError, match="key of the pseudonyms is damaged") as caught:
        open_pseudonyms(store.folder)
    assert caught.value.file == str(key)
    assert "backup" in str(caught.value)
    with pytest.raises(InputError, match="damaged"):
        export_records(store, tmp_path / "b", "csv", deidentify=True)
    assert not (tmp_path / "b").exists()
    assert [one.place for one in store.verify().problems] == [KEY_FILE]
    with pytest.raises(InputError, match="damaged"):
        store.backup(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_key_of_an_earlier_version_is_taken_and_sealed(store):
    key = store.folder / KEY_FILE
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    assert any("no seal" in note for note in store.verify().notes)
    assert open_pseudonyms(store.folder) == Pseudonyms(bytes(range(32)))
    assert len(key.read_bytes()) == 544
    assert key.stat().st_mode & 0o077 == 0
    assert open_pseudonyms(store.folder) == Pseudonyms(bytes(range(32)))
    report = store.verify()
    assert report.problems == report.notes == ()


def test_a_pseudonym_is_an_hmac_as_openssl_makes_it():
    # printf 'patient\0P1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…00 | first 10 bytes
    import subprocess

    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + "00" * 32]
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to compare with")
    done = subprocess.run(command, input=b"patient\0P1", capture_output=True, check=True)
    expected = bytes.fromhex(done.stdout.decode().split()[-1])[:10]
    import base64

    mine = Pseudonyms(bytes(32)).name("patient", "P1")
    assert base64.b32decode(mine.removeprefix("P-").upper()) == expected


def test_every_field_of_the_schema_has_a_column_and_a_description(store, tmp_path):
    export_records(store, tmp_path / "c", "csv")
    columns = set(rows(tmp_path / "c" / "patients.csv")[0]) - {"patient"}
    assert columns == {row["column"] for row in rows(tmp_path / "c" / "fields.csv")}
    assert set(schema().fields) - {"patient"} <= columns
    assert Path(tmp_path / "c" / "manifest.json").is_file()


def test_a_patient_who_is_not_exported_any_more_leaves_no_file(store, tmp_path):
    export_records(store, tmp_path, "fhir")
    export_records(store, tmp_path, "csv")
    bundles = sorted(path.name for path in tmp_path.glob("patient-*.fhir.json"))
    assert len(bundles) > 2
    (tmp_path / "mine.txt").write_text("not the export's", encoding="utf-8")
    (tmp_path / bundles[-1]).write_text("changed by hand", encoding="utf-8")
    one = [found.patient for found in store.patients()][:1]
    export_records(store, tmp_path, "fhir", one)
    assert sorted(path.name for path in tmp_path.glob("patient-*.fhir.json")) == [
        bundles[0],
        bundles[-1],
    ]
    assert (tmp_path / "mine.txt").is_file()
    assert (tmp_path / "patients.csv").is_file()
    told = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    for name, listed in told["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == listed["sha256"]


@pytest.mark.parametrize("at", range(1, 9))
def test_an_export_that_was_cut_off_leaves_nobody_behind(store, tmp_path, monkeypatch, at):
    ids = [found.patient for found in store.patients()]
    export_records(store, tmp_path, "fhir", ids[:1])
    alone = {path.name: path.read_bytes() for path in tmp_path.glob("*.fhir.json")}
    moved = []

    def replaced(self, target, real=Path.replace):
        moved.append(target)
        if len(moved) == at:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(Path, "replace", replaced)
        export_records(store, tmp_path, "fhir", ids[1:])
    export_records(store, tmp_path, "fhir", ids[:1])
    assert {path.name for path in tmp_path.glob("*.fhir.json")} == set(alone)
    assert "unfinished" not in (tmp_path / "manifest.json").read_text(encoding="utf-8")


def test_a_manifest_cannot_remove_what_lies_elsewhere(store, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("keep", encoding="utf-8")
    digest = hashlib.sha256(b"keep").hexdigest()
    out = tmp_path / "out"
    out.mkdir()
    listed = {name: {"to": "csv", "sha256": digest} for name in ("../secret", str(secret), "")}
    (out / "manifest.json").write_text(json.dumps({"files": listed}), encoding="utf-8")
    export_records(store, out, "csv")
    assert secret.read_text(encoding="utf-8") == "keep"


def test_files_with_ids_and_files_with_pseudonyms_never_share_a_folder(store, tmp_path):
    named, hidden = tmp_path / "named", tmp_path / "hidden"
    for folder, deidentify in ((named, False), (hidden, True)):
        for to in ("fhir", "csv"):
            export_records(store, folder, to, deidentify=deidentify)
        before = {path: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(InputError, match="a folder of their own"):
            export_records(store, folder, "csv", deidentify=not deidentify)
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
    (named / "manifest.json").unlink()
    with pytest.raises(InputError, match="a folder of their own"):
        export_records(store, named, "csv", deidentify=True)
