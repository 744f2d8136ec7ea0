"""``qpcr mrd`` from tables and runs of SIMULATED patients."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest
from click.testing import CliRunner

from calibration.mrd_profile import profile_text
from cli import main
from qpcr import InputError
from qpcr.quantities.measured import Measured
from qpcr.quantities.mrd import evaluate, profile_of
from qpcr.quantities.mrd_wells import wells_of
from qpcr.records import Change, Kind, Store
from qpcr.records.residual import residual_on_record
from qpcr.records.residual_kept import measured_of
from qpcr.report.residual import residual_sheet
from qpcr.run import Task
from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec, eds_bytes, simulate_plate

HEAD = "patient,target,role,sample,quantity,cq,date,ng"


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def line(patient, target, role, sample, quantity="", cq="", day="", ng=""):
    return f"{patient},{target},{role},{sample},{quantity},{cq},{day},{ng}"


def ct(q, at=20.0):
    return 20.0 - 3.4 * math.log10(q) + at - 20.0


def plate(samples):
    """Standards of P1's IK and of ALB, background, and samples as (name, day, share, copies)."""
    rows = []
    for q in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        rows += [line("P1", "IK", "standard", "", q, ct(q) + d) for d in (-0.1, 0, 0.1)]
    for q in (1e6, 1e5, 1e4, 1e3):
        rows += [line("", "ALB", "standard", "", q, ct(q, 40) + d) for d in (-0.1, 0, 0.1)]
    rows += [line("", "IK", "background", "", "", cq) for cq in (40.5, "", "", "", "", "")]
    rows.append(line("", "IK", "ntc", ""))
    for name, day, share, copies in samples:
        for d in (-0.1, 0, 0.1):
            cq = ct(share) + d if share else ""
            rows.append(line("P1", "IK", "sample", name, "", cq, day))
            rows.append(line("P1", "ALB", "sample", name, "", ct(copies, 40) + d, day))
    return "\n".join([HEAD, *rows]) + "\n"


COPIES = 2 * 500_000 / 6.6
SAMPLES = [
    ("d15", "2026-01-15", 2e-2, COPIES),
    ("d33", "2026-02-02", 3e-5, COPIES / 2),
    ("d78", "2026-03-20", 2.5e-6, COPIES),
    ("d120", "2026-05-01", None, COPIES),
    ("d200", "2026-07-20", 1e-2, 1.0),
]


def test_outcomes_of_a_table(tmp_path):
    source = tmp_path / "plate.csv"
    source.write_text(plate(SAMPLES), encoding="utf-8")
    events = tmp_path / "events.csv"
    events.write_text("patient,date,event\nP1,2026-04-01,HSCT <1>\nP2,2026-04-01,no\n")
    done = run("mrd", source, "--events", events, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "NOT checked against the paper" in done.output
    rows = {row["sample"]: row for row in table(tmp_path / "out" / "mrd.csv")}
    assert [row["outcome"] for row in rows.values()] == [
        "positive", "positive", "positive, not quantifiable", "negative", "invalid",
    ]  # fmt: skip
    assert [row["response"] for row in rows.values()] == [
        "MRD failure", "intermediate", "intermediate", "complete MRD response", "",
    ]  # fmt: skip
    assert float(rows["d15"]["mrd_percent"]) == pytest.approx(2.0, rel=1e-3)
    assert float(rows["d33"]["mrd_percent"]) == pytest.approx(0.006, rel=1e-3)
    assert rows["d15"]["reaches_prognostic_cut"] == "yes"
    assert rows["d78"]["mrd_percent"] == ""
    assert "ALB" in rows["d200"]["reasons"]
    assert rows["d15"]["profile_checked"] == "no"
    html = (tmp_path / "out" / "mrd.html").read_text(encoding="utf-8")
    assert html.count("<svg") == 1
    assert "HSCT &lt;1&gt;" in html
    assert "HSCT <1>" not in html
    assert ">no<" not in html
    assert html.count('<circle class="bad"') == 1
    assert html.count('<circle class="warn"') == 1
    assert html.count('<circle class="open"') == 2
    assert "NOT checked" in html


def test_earlier_results_join_the_time_course(tmp_path):
    for name, part in (("a", SAMPLES[:2]), ("b", SAMPLES[1:4])):
        (tmp_path / f"{name}.csv").write_text(plate(part), encoding="utf-8")
    run("mrd", tmp_path / "a.csv", "--out", tmp_path / "a")
    done = run("mrd", tmp_path / "b.csv", "--previous", tmp_path / "a" / "mrd.csv",
               "--out", tmp_path / "b")  # fmt: skip
    assert done.exit_code == 0, done.output
    html = (tmp_path / "b" / "mrd.html").read_text(encoding="utf-8")
    assert html.count("<circle") == 4  # the sample measured twice counts once
    assert len(table(tmp_path / "b" / "mrd.csv")) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",role,", ",part,", "'role' is missing"),
        ("background", "blank", "not known"),
        ("P1,IK,sample,d15", ",IK,sample,d15", "empty"),
        ("2026-01-15", "15.1.26", "no date"),
        ("P1,IK,standard,,0.1,", "P1,IK,standard,,,", "empty"),
    ],
)
def test_tables_that_cannot_be_are_refused(tmp_path, old, new, words):
    source = tmp_path / "plate.csv"
    source.write_text(plate(SAMPLES).replace(old, new, 1), encoding="utf-8")
    done = run("mrd", source, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert words in done.output
    assert not (tmp_path / "out").exists()


def test_sample_with_two_dates_is_refused(tmp_path):
    text = plate(SAMPLES[:1])
    source = tmp_path / "plate.csv"
    source.write_text(text.replace("2026-01-15", "2026-01-16", 1), encoding="utf-8")
    done = run("mrd", source, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "two values of day" in done.output


def test_sample_whose_target_was_not_measured_is_invalid(tmp_path):
    rows = [one for one in plate(SAMPLES[:1]).splitlines() if "P1,IK,sample" not in one]
    source = tmp_path / "plate.csv"
    source.write_text("\n".join(rows), encoding="utf-8")
    assert run("mrd", source, "--out", tmp_path).exit_code == 0
    (row,) = table(tmp_path / "mrd.csv")
    assert row["outcome"] == "invalid"
    assert "0 wells" in row["reasons"]


def test_standards_of_another_patient_are_not_borrowed(tmp_path):
    text = plate(SAMPLES[:1]).replace("P1,IK,standard", "P2,IK,standard")
    source = tmp_path / "plate.csv"
    source.write_text(text, encoding="utf-8")
    assert run("mrd", source, "--out", tmp_path).exit_code == 0
    (row,) = table(tmp_path / "mrd.csv")
    assert row["outcome"] == "invalid"


def test_profile_of_ones_own(tmp_path):
    own = tmp_path / "ours.toml"
    assert run("mrd", "--new-profile", own).exit_code == 0
    assert run("mrd", "--new-profile", own).exit_code == 3  # never over another file
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace("checked = false", "checked = true"), encoding="utf-8")
    source = tmp_path / "plate.csv"
    source.write_text(plate(SAMPLES), encoding="utf-8")
    done = run("mrd", source, "--profile", own, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "NOT checked" not in done.output
    assert run("mrd", source, "--profile", "other", "--out", tmp_path).exit_code == 2
    assert run("mrd").exit_code == 2


def reaction(well, task, sample, target, cq, stated=None):
    return Measured("p.eds", "00", None, well, sample, target, task, stated, cq, None, None)


def test_wells_of_a_run():
    rows = [
        reaction("A1", Task.STANDARD, "s", "IK", 23.4, 0.1),
        reaction("A2", Task.UNKNOWN, "buffy", "IK", None),
        reaction("A3", Task.UNKNOWN, "x1", "IK", 30.0),
        reaction("A4", Task.NTC, "NTC", "IK", None),
        reaction("A5", Task.POSITIVE_CONTROL, "PC", "IK", 25.0),
    ]
    made = wells_of(rows, {"x1": "P1"}, ["buffy"])
    assert [one.role for one in made] == ["standard", "background", "sample", "ntc"]
    assert made[2].patient == "P1"
    with pytest.raises(InputError, match="no patient"):
        wells_of(rows, {}, ["buffy"])
    with pytest.raises(InputError, match="no quantity"):
        wells_of([reaction("A1", Task.STANDARD, "s", "IK", 23.4)], {}, [])
    with pytest.raises(InputError, match="no samples"):
        evaluate(profile_of("euromrd-2007"), made[:2])


def test_results_are_kept_in_the_record_and_drawn_again(tmp_path):
    store = tmp_path / "store"
    Store.init(store)
    for name, part in (("a", SAMPLES[:2]), ("b", SAMPLES[2:4])):
        (tmp_path / f"{name}.csv").write_text(plate(part), encoding="utf-8")
    told = ("--store", store, "--user", "anna", "--out", tmp_path / "a")
    assert run("mrd", tmp_path / "a.csv", *told).exit_code == 0
    assert {one.user for one in Store.open(store).history()} == {"anna"}
    done = run("mrd", tmp_path / "b.csv", "--store", store, "--out", tmp_path / "b")
    assert done.exit_code == 0, done.output
    html = (tmp_path / "b" / "mrd.html").read_text(encoding="utf-8")
    assert html.count("<circle") == 4
    kept = Store.open(store).patient("P1").clinical["residual disease/IK/d15"]
    assert kept["value"] == pytest.approx(2e-2, rel=1e-3)
    assert kept["outcome"] == "positive"
    assert kept["profile_checked"] is False
    again = run("mrd", tmp_path / "b.csv", "--store", store, "--out", tmp_path / "b")
    assert "on record already" in again.output
    # another result of the same sample needs a reason, and without one nothing is written
    other = [("d15", "2026-01-15", 4e-2, COPIES)]
    (tmp_path / "c.csv").write_text(plate(other), encoding="utf-8")
    done = run("mrd", tmp_path / "c.csv", "--store", store, "--out", tmp_path / "c")
    assert done.exit_code == 3
    assert not (tmp_path / "c").exists()
    done = run("mrd", tmp_path / "c.csv", "--store", store, "--out", tmp_path / "c",
               "--reason", "repeated")  # fmt: skip
    assert done.exit_code == 0
    kept = Store.open(store).patient("P1").clinical["residual disease/IK/d15"]
    assert kept["value"] == pytest.approx(4e-2, rel=1e-3)
    # the clinical table can still be exported
    assert run("records", "export", "--store", store, "--out", tmp_path / "e", "--to", "csv",
               "--deidentify").exit_code == 0  # fmt: skip
    for file in (tmp_path / "e").rglob("*.csv"):
        assert "d15" not in file.read_text(encoding="utf-8")


def held(store, patient):
    return sorted(Store.open(store).patient(patient).clinical)


@pytest.mark.parametrize("name", ["a.csv", "corrected.csv"])
def test_a_corrected_table_takes_the_result_from_who_had_it(tmp_path, name):
    store, day = tmp_path / "store", ("d15", "2026-01-15", 1e-2, COPIES)
    Store.init(store)
    told = ("--store", store, "--user", "anna", "--out")
    text = plate([day])
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert run("mrd", tmp_path / "a.csv", *told, tmp_path / "1").exit_code == 0
    (tmp_path / name).write_text(text.replace("P1,", "P2,"), encoding="utf-8")
    before = Store.open(store).head()
    done = run("mrd", tmp_path / name, *told, tmp_path / "2")
    assert (done.exit_code, "on record of another patient" in done.output) == (3, True)
    assert "P1" not in done.output
    assert (Store.open(store).head(), (tmp_path / "2").exists()) == (before, False)
    done = run("mrd", tmp_path / name, *told, tmp_path / "2", "--reason", "the table was wrong")
    assert done.exit_code == 0
    assert "taken back from the patient who had it: residual disease/IK/d15" in done.output
    assert (held(store, "P1"), held(store, "P2")) == ([], ["residual disease/IK/d15"])
    assert Store.open(store).history(patient="P1")[-1].reason == "the table was wrong"
    again = run("mrd", tmp_path / name, *told, tmp_path / "3")
    assert "on record already" in again.output
    # another measurement of another patient, of the same name, is nobody else's
    other = plate([("d15", "2026-02-15", 1e-3, COPIES)]).replace("P1,", "P3,")
    (tmp_path / "b.csv").write_text(other, encoding="utf-8")
    assert run("mrd", tmp_path / "b.csv", *told, tmp_path / "4").exit_code == 0
    assert held(store, "P2") == held(store, "P3")


def test_another_run_of_a_file_is_another_measurement(tmp_path):
    file = tmp_path / "plates.rdml"
    file.write_bytes(b"two runs")
    alone, monday, tuesday = (measured_of([file], (), name).files for name in (None, "Mo", "Tu"))
    assert len({alone, monday, tuesday}) == 3
    assert measured_of([file], (), "Mo").files == monday


def test_a_sample_of_the_same_name_on_another_day_says_both_days(tmp_path):
    store = tmp_path / "store"
    Store.init(store)
    for name, day, code in (("a", "2026-01-15", 0), ("b", "2026-03-15", 3)):
        (tmp_path / f"{name}.csv").write_text(plate([("d15", day, 1e-2, COPIES)]), "utf-8")
        done = run("mrd", tmp_path / f"{name}.csv", "--store", store, "--out", tmp_path / name)
        assert done.exit_code == code
    assert "on record of 2026-01-15, now of 2026-03-15" in done.output


def test_a_result_of_an_earlier_version_is_on_record_already(tmp_path):
    """It lacks the digests of what it was computed from."""
    store = Store.init(tmp_path / "store")
    source = tmp_path / "a.csv"
    source.write_text(plate(SAMPLES[:1]), encoding="utf-8")
    run("mrd", source, "--store", store.folder, "--out", tmp_path / "a")
    (value,) = store.patient("P1").clinical.values()
    (path,) = store.patient("P1").clinical
    old = {name: one for name, one in value.items() if not name.endswith("_sha256")}
    assert len(old) == len(value) - 2
    store.amend(Change("P1", Kind.CLINICAL, path, old, "as it was then", "a.csv"), user="anna")
    again = run("mrd", source, "--store", store.folder, "--out", tmp_path / "b")
    assert "on record already" in again.output
    source.write_text(plate(SAMPLES[:1]).replace("P1,", "P2,"), encoding="utf-8")
    done = run("mrd", source, "--store", store.folder, "--out", tmp_path / "c")
    assert (done.exit_code, "on record of another patient" in done.output) == (3, True)


CELLS = 500_000 / 6.6


def simulated():
    """SYNTHETIC: standards, normal DNA and a sample of one per cent as a 7500 would write them."""
    plan = [
        ("IK", CELLS * q, "STANDARD", q, f"std {q:g}")
        for q in (0.1, 0.01, 1e-3, 1e-4)
        for _ in "123"
    ]
    plan += [("ALB", q, "STANDARD", q, f"alb {q:g}") for q in (1e5, 1e4, 1e3) for _ in "123"]
    plan += [("IK", 0.0, "UNKNOWN", None, "buffy")] * 6 + [("IK", 0.0, "NTC", None, "NTC")]
    plan += [("IK", CELLS * 0.01, "UNKNOWN", None, "d15")] * 3
    plan += [("ALB", 2 * CELLS, "UNKNOWN", None, "d15")] * 3
    wells = tuple(
        WellSpec(place, sample, (ReactionSpec(target, copies, task, quantity),))
        for place, (target, copies, task, quantity, sample) in enumerate(plan)
    )
    targets = (TargetSpec("IK", "FAM", "TAMRA"), TargetSpec("ALB", "VIC", "TAMRA"))
    return eds_bytes(simulate_plate(PlateSpec("mrd", targets, wells, cycles=45), seed=2))


def test_the_method_of_a_run_is_the_profiles_or_the_one_that_is_named(tmp_path):
    plate_file = tmp_path / "p.eds"
    plate_file.write_bytes(simulated())
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("sample,patient\nd15,P1\n")
    own = tmp_path / "own.toml"
    text = profile_text("laboratory").replace('unit = "copies" ', 'unit = "fraction" ')
    own.write_text(text.replace('# cq_method = "recommended"', 'cq_method = "recommended"'))
    given = ["--sheet", sheet, "--background", "buffy", "--out", tmp_path / "out"]
    found = {}
    for options in ((), ("--profile", own), ("--profile", own, "--method", "cpd2")):
        done = run("mrd", plate_file, *given, *options)
        assert done.exit_code == 0, done.output
        (row,) = table(tmp_path / "out" / "mrd.csv")
        assert {one["cq_method"] for one in table(tmp_path / "out" / "assays.csv")} == {
            row["cq_method"]
        }
        assert f"Cq by the method: {row['cq_method']}" in done.output
        html = (tmp_path / "out" / "mrd.html").read_text(encoding="utf-8")
        assert f"Cq by the method {row['cq_method']}." in html
        found[row["cq_method"]] = float(row["mrd"])
    assert list(found) == ["threshold", "recommended", "cpd2"]
    assert len(set(found.values())) == 3
    for share in found.values():
        assert share == pytest.approx(0.01, rel=0.25)
    own.write_text(text.replace('# cq_method = "recommended"', 'cq_method = "best"'))
    done = run("mrd", plate_file, *given, "--profile", own)
    assert done.exit_code == 3
    assert "no such method" in done.output


def test_a_table_and_a_run_by_another_method_do_not_mix(tmp_path):
    plate_file, source = tmp_path / "p.eds", tmp_path / "t.csv"
    plate_file.write_bytes(simulated())
    source.write_text(plate(SAMPLES[:1]), encoding="utf-8")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("sample,patient\nd15,P2\n")
    given = [plate_file, source, "--sheet", sheet, "--background", "buffy", "--out", tmp_path]
    assert run("mrd", *given).exit_code == 0
    done = run("mrd", *given, "--method", "recommended")
    assert done.exit_code == 3
    assert "several methods" in done.output


def test_a_sheet_may_say_a_sample_twice_but_not_two_patients(tmp_path):
    plate_file, sheet = tmp_path / "p.eds", tmp_path / "sheet.csv"
    plate_file.write_bytes(simulated())
    given = [plate_file, "--sheet", sheet, "--background", "buffy", "--out", tmp_path / "out"]
    sheet.write_text("sample,patient\nd15,P1\nd15,P1\n")
    assert run("mrd", *given).exit_code == 0
    (row,) = table(tmp_path / "out" / "mrd.csv")
    assert row["patient"] == "P1"
    sheet.write_text("sample,patient\nd15,P1\nd15,P2\n")
    done = run("mrd", *given)
    assert done.exit_code == 3
    assert "a sample to two patients" in done.output
    assert "P1 and P2" in done.output


def test_what_a_record_keeps_names_the_method(tmp_path):
    source = tmp_path / "t.csv"
    text = plate(SAMPLES[:1]).splitlines()
    lines = [f"{one},{'method' if one == HEAD else 'cpd2'}" for one in text]
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    Store.init(tmp_path / "store")
    done = run("mrd", source, "--out", tmp_path / "out", "--store", tmp_path / "store", "--keep")
    assert done.exit_code == 0, done.output
    (value,) = Store.open(tmp_path / "store").patient("P1").clinical.values()
    assert value["cq_method"] == "cpd2"
    (kept,) = residual_on_record(Store.open(tmp_path / "store").patient("P1"))
    for lang, words in (("en", "Cq by the method cpd2"), ("zh", "Cq 方法 cpd2")):
        (row,) = residual_sheet([kept], [], lang)["rows"]
        assert row["method"] == words
        (row,) = residual_sheet([replace(kept, method=None)], [], lang)["rows"]
        assert row["method"] == ""


def as_copies(text):
    """The same table with the target's standards in copies of a well of 500 ng."""
    lines = []
    for one in text.splitlines():
        cells = one.split(",")
        if cells[1:3] == ["IK", "standard"]:
            cells[4] = str(float(cells[4]) * 2 * CELLS)
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def test_quantities_of_another_unit_than_the_profiles_are_refused(tmp_path):
    fractions, copies = tmp_path / "f.csv", tmp_path / "c.csv"
    fractions.write_text(plate(SAMPLES[:2]), encoding="utf-8")
    copies.write_text(as_copies(plate(SAMPLES[:2])), encoding="utf-8")
    found = {}
    for source, profile, other in (
        (fractions, "euromrd-2007", "laboratory"),
        (copies, "laboratory", "euromrd-2007"),
    ):
        done = run("mrd", source, "--profile", profile, "--out", tmp_path / profile)
        assert done.exit_code == 0, done.output
        found[profile] = table(tmp_path / profile / "mrd.csv")
        unit = {one["quantity_unit"] for one in found[profile]}
        assert unit == {one["quantity_unit"] for one in table(tmp_path / profile / "assays.csv")}
        (unit,) = unit
        assert f"Quantities of standards are {unit}, those of ALB copies per well." in done.output
        html = (tmp_path / profile / "mrd.html").read_text(encoding="utf-8")
        assert f"Quantities of standards are {unit}" in html
        wrong = run("mrd", source, "--profile", other, "--out", tmp_path / "wrong")
        assert wrong.exit_code == 3, wrong.output
        assert "cannot be" in wrong.output
        assert other in wrong.output
        assert not (tmp_path / "wrong").exists()
    # one truth by both, each in its unit
    for one, two in zip(*found.values(), strict=True):
        assert float(one["mrd"]) == pytest.approx(float(two["mrd"]), rel=1e-6)


@pytest.mark.parametrize("factor", [1.0, 100.0])
def test_a_dilution_in_per_cent_is_no_series_of_copies(tmp_path, factor):
    lines = [line("P1", "IK", "standard", "", q * factor, ct(q)) for q in LEVELS for _ in range(3)]
    rows = [one for one in plate(SAMPLES[:1]).splitlines() if "P1,IK,standard" not in one]
    source = tmp_path / "plate.csv"
    source.write_text("\n".join([*rows, *lines]) + "\n", encoding="utf-8")
    done = run("mrd", source, "--profile", "laboratory", "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "cannot be copies per well" in done.output


LEVELS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)


def test_limiting_dilutions_in_copies_are_copies(tmp_path):
    """A series down to half a copy, in which that level shows by chance, is not refused."""
    text = as_copies(plate(SAMPLES[:1]))
    text += line("P1", "IK", "standard", "", 0.5, 37.5) + "\n"
    source = tmp_path / "plate.csv"
    source.write_text(text, encoding="utf-8")
    done = run("mrd", source, "--profile", "laboratory", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output


def test_standards_of_the_control_gene_are_copies_by_every_profile(tmp_path):
    text = plate(SAMPLES[:1])
    for copies in ("1000000.0", "100000.0", "10000.0", "1000.0"):
        text = text.replace(f"standard,,{copies}", f"standard,,{float(copies) / 1e6}")
    source = tmp_path / "plate.csv"
    source.write_text(text, encoding="utf-8")
    done = run("mrd", source, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "copies per well of the control gene ALB" in done.output


@pytest.mark.parametrize("name", ["euromrd-2007", "laboratory"])
def test_shipped_profiles_and_new_ones_say_their_unit(tmp_path, name):
    own = tmp_path / "own.toml"
    assert run("mrd", "--new-profile", own, "--profile", name).exit_code == 0
    text = own.read_text(encoding="utf-8")
    assert f'\nunit = "{profile_of(name).quantity.unit}"' in text
    assert "copies per well" in text
    told = " ".join(run("mrd", "--help").output.split())
    assert "fractions of the diagnostic sample (1 undiluted" in told
