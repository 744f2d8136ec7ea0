"""Residual disease over several runs: every sample by its own run's wells. SYNTHETIC Ct."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest
from click.testing import CliRunner
from test_mrd_command import COPIES, HEAD, SAMPLES, plate, reaction

from calibration.mrd import Outcome, Response
from cli import main
from qpcr import InputError
from qpcr.quantities.mrd import evaluate, profile_of
from qpcr.quantities.mrd_wells import MrdWell, read_wells, wells_of
from qpcr.run import Task

EURO = profile_of("euromrd-2007")


def well(patient, target, role, sample, quantity, cq, run):
    return MrdWell(patient, target, role, sample, quantity, cq, None, None, f"{run}, x", run=run)


def a_run(run, patient, later=0.0, alb_later=0.0, share=1e-3):
    """Standards, background, and a sample of a share; IK and ALB each later by some cycles."""
    made = [
        well(None, "IK", "standard", f"s{k}", 10.0**-k, 20 + later + 3.4 * (k - 1) + d, run)
        for k in range(1, 6)
        for d in (-0.1, 0, 0.1)
    ]
    made += [well(None, "IK", "background", "mnc", None, None, run)] * 6
    made += [well(None, "IK", "ntc", "ntc", None, None, run)]
    made += [
        well(None, "ALB", "standard", f"a{k}", 10.0**k, alb(10.0**k) + alb_later + d, run)
        for k in (3, 4, 5, 6)
        for d in (-0.1, 0.1)
    ]
    target = 16.6 + later - 3.4 * math.log10(share)
    made += [well(patient, "IK", "sample", "bm", None, target + d, run) for d in (-0.05, 0, 0.05)]
    counted = alb(COPIES) + alb_later
    made += [well(patient, "ALB", "sample", "bm", None, counted + d, run) for d in (-0.05, 0.05)]
    return made


def alb(copies):
    return 38.4 - 3.4 * (math.log10(copies))


def judged(wells, lender=None):
    return {one.patient: one for one in evaluate(EURO, wells, lender=lender)}


def without(wells, **which):
    return [w for w in wells if any(getattr(w, name) != value for name, value in which.items())]


def test_each_sample_is_judged_by_its_own_run():
    """Two plates 1.2 cycles apart in both genes; pooled they gave 0.150 % and 0.067 %."""
    one, two = a_run("1", "P1"), a_run("2", "P2", 1.2, 1.2)
    together = judged(one + two)
    for patient, alone in (("P1", judged(one)), ("P2", judged(two))):
        assert together[patient] == alone[patient]
        assert together[patient].residual.value == pytest.approx(1e-3, rel=1e-3)
        assert together[patient].residual.reasons == ()
    assert [one.run for one in together.values()] == ["1", "2"]


@pytest.mark.parametrize(("target", "role"), [
    ("IK", "standard"), ("IK", "background"), ("ALB", "standard"),
])  # fmt: skip
def test_what_a_run_lacks_is_not_taken_from_another_unasked(target, role):
    one, two = a_run("1", "P1"), without(a_run("2", "P2"), target=target, role=role)
    found = judged(one + two)
    assert found["P1"].residual.outcome is Outcome.POSITIVE
    lacking = found["P2"].residual
    assert (lacking.outcome, lacking.value, lacking.response) == (Outcome.INVALID, None, None)
    assert f"the run 2 has no {role} wells of {target}; those of 1" in lacking.reasons[0]
    asked = judged(one + two, lender="1")
    assert asked["P1"].residual.reasons == ()
    assert asked["P2"].residual.value == pytest.approx(1e-3, rel=1e-3)
    (said,) = asked["P2"].residual.reasons
    assert said.startswith(f"{role} wells of {target} are those of the run 1")
    # where no run has them, the profile's own words
    assert "another plate" not in judged(two)["P2"].residual.reasons[0]
    with pytest.raises(InputError, match="no such run"):
        judged(one + two, lender="3")


def test_background_and_contamination_are_a_runs_own():
    one, two = a_run("1", "P1", share=1e-5), a_run("2", "P2", share=1e-5)
    spoilt = [replace(w, cq=30.0) if (w.target, w.role) == ("IK", "ntc") else w for w in two]
    found = judged(one + spoilt)
    assert found["P1"].residual.outcome is Outcome.POSITIVE
    assert "contamination" in found["P2"].residual.reasons[0]
    noisy = [replace(w, cq=34.0) if w.role == "background" else w for w in two]
    found = judged(one + noisy)
    assert (found["P1"].assay.background, found["P2"].assay.background) == (None, 34.0)
    control = [*two, well(None, "ALB", "ntc", "ntc", None, 22.0, "2")]
    found = judged(one + control)
    assert found["P1"].residual.outcome is Outcome.POSITIVE
    assert "ALB without template" in found["P2"].residual.reasons[0]
    lent = without(one, target="IK", role="standard")  # the lender's contamination comes along
    assert "contamination" in judged(lent + spoilt, lender="2")["P1"].residual.reasons[0]


def test_cells_counted_in_another_run_are_counted_by_its_own_standards():
    one = [w for w in a_run("1", "P1") if w.target == "IK"]
    two = [w for w in a_run("2", "P1", alb_later=2.0) if w.target == "ALB"]
    made = judged(one + two)["P1"].residual
    assert made.value == pytest.approx(1e-3, rel=1e-3)
    assert made.reasons == ("cells were counted in the run 2",)
    three = [replace(w, run="3") for w in two]
    made = judged(one + two + three)["P1"].residual
    assert made.outcome is Outcome.INVALID
    assert "counted in several runs, and not in 1: 2, 3" in made.reasons[0]


def test_a_target_measured_in_two_runs_is_refused():
    with pytest.raises(InputError, match="in two runs") as caught:
        judged(a_run("1", "P1") + a_run("2", "P1"))
    assert "bm, IK: 1, 2" in str(caught.value)


@pytest.mark.parametrize(("target", "role"), [
    ("IK", "standard"), ("IK", "background"), ("IK", "sample"), ("ALB", "standard"),
    ("ALB", "sample"),
])  # fmt: skip
def test_barred_wells_that_a_result_rests_on_are_named(target, role):
    wells = a_run("1", "P1")
    assert judged(wells)["P1"].residual.reasons == ()
    place = next(i for i, w in enumerate(wells) if (w.target, w.role) == (target, role))
    wells[place] = replace(wells[place], barred=True, source="p.eds, C7")
    (said,) = judged(wells)["P1"].residual.reasons
    assert said == "the quality rules say not to use p.eds:C7"
    many = [replace(w, barred=True, source=f"p.eds, A{i}") for i, w in enumerate(wells)]
    assert f"p.eds:A2 … ({len(many)})" in judged(many)["P1"].residual.reasons[-1]


@pytest.mark.parametrize(("role", "valid"), [
    ("background", False), ("ntc", False), ("sample", False), ("standard", True),
])  # fmt: skip
def test_a_well_that_cannot_be_read_is_no_well_without_ct(role, valid):
    wells = [replace(w, cq=None) if (w.target, w.role) == ("IK", "sample") else w
             for w in a_run("1", "P1")]  # fmt: skip
    assert judged(wells)["P1"].residual.response is Response.COMPLETE
    place = max(i for i, w in enumerate(wells) if (w.target, w.role) == ("IK", role))
    wells[place] = replace(wells[place], cq=None, unread=True, source="p.eds, C7")
    made = judged(wells)["P1"].residual
    assert (made.outcome is not Outcome.INVALID) is valid
    assert valid or "no Cq of p.eds:C7 counts" in made.reasons[0]


def test_wells_of_a_run_carry_run_and_judgement():
    row = reaction("A1", Task.UNKNOWN, "x1", "IK", None)
    (plain, marked) = wells_of([row, replace(row, barred="bubble", unread=True)], {"x1": "P1"}, [])
    assert (plain.run, plain.barred, plain.unread) == ("p.eds", False, False)
    assert (marked.barred, marked.unread, marked.place) == (True, True, "p.eds:A1")


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_command_over_two_tables(tmp_path):
    lines = plate(SAMPLES[:2]).splitlines()
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    samples = [one for one in lines if ",sample,d33" in one]
    first.write_text("\n".join(one for one in lines if one not in samples) + "\n")
    second.write_text("\n".join([HEAD, *samples]) + "\n")
    done = run("mrd", first, second, "--out", tmp_path / "o")
    assert done.exit_code == 0, done.output
    rows = {row["sample"]: row for row in table(tmp_path / "o" / "mrd.csv")}
    assert [rows[name]["outcome"] for name in ("d15", "d33")] == ["positive", "invalid"]
    assert "not taken unasked" in rows["d33"]["reasons"]
    assert [row["run"] for row in table(tmp_path / "o" / "assays.csv")] == ["a.csv", "b.csv"]
    done = run("mrd", first, second, "--out", tmp_path / "o", "--borrow", "a.csv")
    rows = {row["sample"]: row for row in table(tmp_path / "o" / "mrd.csv")}
    assert float(rows["d33"]["mrd_percent"]) == pytest.approx(0.006, rel=1e-3)
    assert "are those of the run a.csv" in rows["d33"]["reasons"]
    assert rows["d33"]["run"] == "b.csv"
    assert run("mrd", first, second, "--out", tmp_path / "x", "--borrow", "c").exit_code == 3
    assert not (tmp_path / "x").exists()
    # a column says that the two tables are one run
    for path in (first, second):
        text = path.read_text().splitlines()
        path.write_text("\n".join(f"{one},{'r1' if i else 'run'}" for i, one in enumerate(text)))
    assert {one.run for one in read_wells(second)} == {"r1"}
    done = run("mrd", first, second, "--out", tmp_path / "o")
    rows = {row["sample"]: row for row in table(tmp_path / "o" / "mrd.csv")}
    assert float(rows["d33"]["mrd_percent"]) == pytest.approx(0.006, rel=1e-3)
    (tmp_path / "sub").mkdir()
    other = tmp_path / "sub" / "a.csv"
    other.write_text(first.read_text() + "\n")
    assert "two files have one name" in run("mrd", first, other, "--out", tmp_path / "y").output
