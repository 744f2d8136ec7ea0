"""Curves that are given: which serve, which do not, and what has none is said and written."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from click.testing import CliRunner
from test_records_assays import plate, values

from calibration.standard_curve import fit_standard_curve
from calibration.stored_curve import StoredCurve, dump_curves
from cli import main
from qpcr.quantities.curves_used import unused, with_curves_said
from qpcr.quantities.quantify import keepable, quantify
from qpcr.records import Store
from qpcr.records.assays import assay_changes, curves_on_record, lots_of_curves
from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec, eds_bytes, simulate_plate


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def curve(target, lot="L4"):
    """A curve of slope −3.6: factor 10^(1/3.6) = 1.8957."""
    cqs = [40 - 3.6 * n + off for n in (5, 4, 3, 2) for off in (-0.02, 0.02)]
    line = fit_standard_curve([10.0**n for n in (5, 4, 3, 2) for _ in "12"], cqs)
    return StoredCurve(target, line, lot, date(2026, 4, 1))


def test_relative_names_every_factor_and_its_origin(tmp_path):
    source, curves = tmp_path / "t.csv", tmp_path / "curves.json"
    rows = [f"{s},{t},{cq}" for s in "sc" for t, cq in (("GENE1", 25), ("ALB", 20), ("GUS", 21))]
    source.write_text("sample,target,cq\n" + "\n".join(rows) + "\n", encoding="utf-8")
    given = ("relative", source, "--reference", "ALB", "--reference", "GUS", "--out", tmp_path)
    curves.write_text(dump_curves((curve("GENE1"), curve("ALB-1"), curve("XYZ"))), "utf-8")
    done = run(*given, "--curves", curves, "--factor", "GUS=1.9")
    assert done.exit_code == 0, done.output
    assert "GENE1: factor 1.896 a cycle (standard curve of lot L4, made 2026-04-01)" in done.output
    assert "ALB: factor 2 a cycle (taken to double)" in done.output
    assert "None of the given curves is of ALB; the nearest name is ALB-1." in done.output
    assert "curve of XYZ is not used: there is no such target." in done.output
    row = table(tmp_path / "relative.csv")[0]
    assert float(row["factor"]) == pytest.approx(10 ** (1 / 3.6), rel=1e-6)
    assert row["factor_from"] == "standard curve of lot L4, made 2026-04-01"
    assert row["reference_factors"] == "ALB 2 (taken to double); GUS 1.9 (given by hand)"
    bare = run(*given)
    assert {one["factor_from"] for one in table(tmp_path / "relative.csv")} == {"taken to double"}
    assert bare.output.count("(taken to double)") == 3
    assert "given curve" not in bare.output


@pytest.fixture(scope="module")
def unknowns(tmp_path_factory):
    """SIMULATED plate without standards."""
    wells = tuple(WellSpec(place, "s", (ReactionSpec("RNase P TAMRA", 3e3),)) for place in range(3))
    file = tmp_path_factory.mktemp("p") / "u.eds"
    spec = PlateSpec("u", (TargetSpec("RNase P TAMRA"),), wells)
    file.write_bytes(eds_bytes(simulate_plate(spec, seed=2)))
    return file


def test_standards_says_which_targets_have_no_curve(unknowns, tmp_path):
    curves = tmp_path / "curves.json"
    curves.write_text(dump_curves((curve("RNase P"), curve("RNase P 2"))), "utf-8")
    done = run("standards", unknowns, "--curves", curves, "--out", tmp_path)
    assert (
        "None of the given curves is of RNase P TAMRA; the nearest name is RNase P" in done.output
    )
    assert "curve of RNase P is not used" in done.output
    assert "the nearest name is RNase P TAMRA." in done.output
    (row,) = table(tmp_path / "standards.csv")
    assert "None of the given curves is of RNase P TAMRA" in row["notes"]
    curves.write_text(dump_curves((curve("RNase P TAMRA"),)), "utf-8")
    done = run("standards", unknowns, "--curves", curves, "--out", tmp_path)
    assert "of the given curves" not in done.output
    assert "not used" not in done.output


def test_standards_of_the_plate_come_before_a_given_curve():
    found = with_curves_said(quantify(plate()), [curve("T")])
    assert not any("given curve" in note for note in found.curves[0].notes)
    assert unused([curve("T")], (), {"T"}) == [
        "The given curve of T is not used: there are standards."
    ]


def test_stored_curves_say_their_lot_and_day(tmp_path, unknowns):
    store = Store.init(tmp_path / "store")
    for file, lot, day in (("b.eds", "L2", 9), ("a.eds", "L1", 5)):
        rows = plate(file, day=date(2026, 3, day))
        kept = [one for one in values(rows, lot) if one.value["what"] == "standard curve"]
        for one in kept:  # of the target of the plate in the file
            one.value["target"] = "RNase P TAMRA"
        store.commit(changes=assay_changes(store, kept))
    assert lots_of_curves(store) == {"RNase P TAMRA": ("L1", "L2")}
    told = ("standards", unknowns, "--stored-curves", "--store", store.folder, "--out", tmp_path)
    done = run(*told)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "lot L2, made 2026-03-09" in said
    assert "There are curves of the lots L1, L2; the newest was taken, which is of lot L2" in said
    (row,) = table(tmp_path / "standards.csv")
    assert (row["lot"], row["made"]) == ("L2", "2026-03-09")
    assert "the newest was taken, which is of lot L2" in row["notes"]
    done = run(*told, "--lot", "L1", "--reason", "the older lot was used")
    assert "lot L1, made 2026-03-05" in " ".join(done.output.split())
    assert "newest" not in done.output


def test_pooled_curves_say_their_lot_and_day(tmp_path):
    store = Store.init(tmp_path / "store")
    rows = [*plate("a.eds"), *plate("b.eds", 0.3)]
    store.commit(changes=assay_changes(store, values(rows, "L9", pool=True)))
    stored = curves_on_record(store)
    later = plate("later.eds", standards=False)
    found = with_curves_said(quantify(later, stored=stored), stored)
    said = "The curve was stored: a pooled standard curve of lot L9, made 2026-01-05."
    assert found.curves[0].notes[-1] == said
    assert keepable(found, later, None) == ()
