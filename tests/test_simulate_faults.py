"""Patients, faults and the truth of simulated plates: against what they promise."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from primers import load_panel
from qpcr.errors import InputError
from qpcr.simulate import (
    FAULT_NAMES,
    ChannelSpec,
    Clone,
    Conditions,
    Controls,
    Fault,
    PatientSpec,
    PlateSpec,
    ReactionSpec,
    SimulatedRun,
    TargetSpec,
    WellSpec,
    demo_plate,
    eds_bytes,
    patient_plates,
    plant_faults,
    random_patients,
    simulate_plate,
    true_reactions,
    write_truth,
)
from qpcr.simulate.faults import (
    Bubble,
    ContaminatedControl,
    Contamination,
    Crosstalk,
    Drift,
    Dropout,
    EdgeEffect,
    Evaporation,
    FailedControl,
    Hook,
    Inhibition,
    Late,
    LowReference,
    Saturation,
    SwappedSample,
    WeakLamp,
    outer_wells,
    swapped,
)

KINDS = (
    (ChannelSpec(TargetSpec("del A"), (("p1", "A"),)),),
    (ChannelSpec(TargetSpec("del B"), (("p2", "B"), ("p3", "B"))),),
    (ChannelSpec(TargetSpec("ref", "VIC", None), reference=True),),
)
PATIENTS = (
    PatientSpec("P-1", (Clone("A"),), 0.8, 100_000),
    PatientSpec("P-2", (), 0.5, 50_000),
    PatientSpec("P-3", (Clone("A", 0.5), Clone("B", 0.1)), 1.0, 20_000),
)


def _plate(**changes: Any) -> PlateSpec:
    """Three patients in duplicate, 3 × 8 wells: P-1 has A in 0 and 8, B in 16 and 1, ref 9, 17."""
    (plate,) = patient_plates(PATIENTS, KINDS, replicates=2, rows=3, columns=8)
    return dataclasses.replace(plate, **changes)


def _run(*faults: Fault, **changes: Any) -> SimulatedRun:
    return simulate_plate(_plate(faults=faults, **changes), seed=5)


def _row(run: SimulatedRun, well: int) -> int:
    return run.truth.wells.tolist().index(well)


CLEAN = _run()
PC, NTC = 6, 7
AMPLIFYING = 0
"""Wells of target A of the positive control, the NTC, and the first patient."""

EVERY: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Dropout((AMPLIFYING,)),
        FailedControl((PC,)),
        Contamination((NTC,), AMPLIFYING, 0.01),
        ContaminatedControl((NTC,), 50),
        SwappedSample((AMPLIFYING,), "P-2"),
        Inhibition((AMPLIFYING,)),
        Late((AMPLIFYING,)),
        EdgeEffect((AMPLIFYING,)),
        Bubble((AMPLIFYING,)),
        Evaporation((AMPLIFYING,)),
        LowReference((AMPLIFYING,)),
        Drift((AMPLIFYING,)),
        Hook((AMPLIFYING,)),
        Crosstalk((AMPLIFYING,)),
        WeakLamp((AMPLIFYING,)),
        Saturation((AMPLIFYING,), 300_000),
    )
}


# Faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_a_fault_changes_its_wells_and_no_other(name: str) -> None:
    """To the last bit: what other wells draw depends on no fault."""
    fault = EVERY[name]
    assert fault.wells is not None
    run = _run(fault)
    others = [well for well in range(24) if well not in fault.wells]
    np.testing.assert_array_equal(run.counts[others], CLEAN.counts[others])
    np.testing.assert_array_equal(run.temperatures[others], CLEAN.temperatures[others])
    rows = np.isin(run.truth.wells, others)
    for values in ("mean_copies", "copies", "efficiency", "product", "rn", "baseline"):
        clean = getattr(CLEAN.truth, values)
        np.testing.assert_array_equal(getattr(run.truth, values)[rows], clean[rows])
    np.testing.assert_array_equal(run.uniformity, CLEAN.uniformity)
    for well in fault.wells:
        assert (run.counts[well] != CLEAN.counts[well]).any()


def test_dropout_leaves_no_template() -> None:
    run = _run(Dropout((0,), kept=0.0), Dropout((8,), kept=0.01))
    assert run.truth.copies[_row(run, 0)] == 0
    assert run.truth.cq(0.3)[_row(run, 0)] is None
    assert run.truth.mean_copies[_row(run, 8)] == 400.0


def test_failed_control_does_not_amplify() -> None:
    run = _run(FailedControl((PC,)))
    assert run.truth.cq(0.3)[_row(run, PC)] is None
    assert CLEAN.truth.cq(0.3)[_row(run, PC)] is not None


def test_contamination_carries_what_the_source_sample_holds() -> None:
    """P-1 holds 40,000 copies of A and 100,000 of the reference; well 15 reads B, 23 the ref."""
    run = _run(Contamination((NTC, 15, 23), source=AMPLIFYING, dilution=0.01))
    rows = [_row(run, well) for well in (NTC, 15, 23)]
    np.testing.assert_allclose(run.truth.mean_copies[rows], [400, 0, 1000])
    assert run.truth.cq(0.3)[rows[0]] is not None


def test_contaminated_ntc_amplifies() -> None:
    run = _run(ContaminatedControl((NTC,), 50))
    assert run.truth.mean_copies[_row(run, NTC)] == 50
    assert CLEAN.truth.cq(0.3)[_row(run, NTC)] is None
    assert run.truth.cq(0.3)[_row(run, NTC)] is not None


def test_swapped_samples_hold_each_others_dna() -> None:
    run = _run(*swapped(_plate(), "P-1", "P-2"))
    mean = {
        (row.sample, row.target): (row.mean_copies, row.holds, row.deletions)
        for row in true_reactions(run)
    }
    assert mean["P-1", "del A"] == (0.0, "P-2", ("A",))
    assert mean["P-2", "del A"] == (40_000.0, "P-1", ())
    assert mean["P-1", "ref"][0] == 50_000
    assert mean["P-2", "ref"][0] == 100_000
    assert mean["P-3", "del B"] == (1000.0, "P-3", ("A", "B"))


def test_inhibition_is_late_flat_and_low() -> None:
    plain = Conditions(efficiency_sd=0, capacity_sd=0)
    clean = _run(conditions=plain).truth
    slow = _run(Inhibition((0,), 0.8, 0.4, delay_cycles=3), conditions=plain).truth
    assert slow.efficiency[0] == pytest.approx(0.8 * clean.efficiency[0])
    assert (slow.product[0, :3] == slow.copies[0]).all()
    growth = slow.product[0, 5] / slow.product[0, 4]
    assert growth == pytest.approx(1 + 0.8 * 0.96, abs=0.01)
    assert slow.product[0, -1] < 0.4 * plain.capacity * 1.0001
    later = (slow.cq(0.5)[0] or 0) - (clean.cq(0.5)[0] or 0)
    assert later > 3


def test_late_is_the_same_curve_some_cycles_later() -> None:
    late, row = _run(Late((0,), 4)).truth, 0
    np.testing.assert_array_equal(late.product[row, :4], np.full(4, late.copies[row]))
    # The same stream gives the same binomials, so the curve is moved exactly.
    np.testing.assert_allclose(late.product[row, 4:], CLEAN.truth.product[row, :-4], rtol=1e-12)
    assert (late.cq(0.5)[row] or 0) - (CLEAN.truth.cq(0.5)[row] or 0) == pytest.approx(4, abs=0.1)


def test_edge_wells_are_colder_and_worse() -> None:
    outer = outer_wells(3, 8)
    assert sorted(set(range(24)) - set(outer)) == list(range(9, 15))
    run = _run(EdgeEffect(outer, efficiency=-0.05, celsius=-0.6))
    change = run.temperatures - CLEAN.temperatures
    np.testing.assert_allclose(change[list(outer)], -0.6, atol=1e-4)
    assert not change[9:15].any()
    rows = np.isin(run.truth.wells, outer)
    np.testing.assert_allclose(
        run.truth.efficiency[rows] - CLEAN.truth.efficiency[rows], -0.05, atol=1e-12
    )


def test_outer_wells_of_flat_plates_are_all() -> None:
    assert outer_wells(1, 4) == (0, 1, 2, 3)
    assert outer_wells(2, 2) == (0, 1, 2, 3)


@pytest.mark.parametrize("spike", [False, True])
def test_bubble_steps_every_dye_at_its_cycle(spike: bool) -> None:
    run = _run(Bubble((0,), cycle=10, size=-0.3, spike=spike, uncorrected=0.5))
    there = np.arange(1, 46) == 10 if spike else np.arange(1, 46) >= 10
    for dye, size in (("ROX", -0.3), ("FAM", -0.15), ("TAMRA", -0.15)):
        ratio = run.truth.signals[dye][0] / CLEAN.truth.signals[dye][0]
        np.testing.assert_allclose(ratio, np.where(there, 1 + size, 1), rtol=1e-12)
    rn = run.truth.rn[0] / CLEAN.truth.rn[0]
    np.testing.assert_allclose(rn, np.where(there, 0.85 / 0.7, 1), rtol=1e-12)
    # And it is in what the instrument stores: counts fall by more than all noise.
    rox = run.counts[0, :, 3].astype(float)
    assert rox[9] / rox[8] == pytest.approx(0.72, abs=0.03)


def test_evaporation_concentrates_all_dyes_alike() -> None:
    run = _run(Evaporation((0,), loss=0.25, from_cycle=5))
    ratios = [
        run.truth.signals[dye][0] / CLEAN.truth.signals[dye][0] for dye in ("ROX", "FAM", "TAMRA")
    ]
    for ratio in ratios:
        np.testing.assert_allclose(ratio[:5], 1, rtol=1e-12)
        assert ratio[-1] == pytest.approx(1 / 0.75)
        # An even loss of volume: the inverse is a straight line.
        np.testing.assert_allclose(np.diff(1 / ratio[4:]), -0.25 / 40, rtol=1e-9)
    np.testing.assert_allclose(run.truth.rn[0], CLEAN.truth.rn[0], rtol=1e-12)


def test_low_reference_lifts_rn() -> None:
    run = _run(LowReference((0,), 0.1))
    ratio = run.truth.signals["ROX"][0] / CLEAN.truth.signals["ROX"][0]
    np.testing.assert_allclose(ratio, 0.1)
    np.testing.assert_allclose(run.truth.rn[0], 10 * CLEAN.truth.rn[0])
    np.testing.assert_array_equal(run.truth.signals["FAM"][0], CLEAN.truth.signals["FAM"][0])


def test_absent_reference_leaves_no_rn_and_no_ct() -> None:
    run = _run(LowReference((0,), 0.0))
    assert np.isnan(run.truth.rn[0]).all()
    assert run.truth.cq(0.5)[0] is None
    assert run.truth.signals["ROX"][0].max() == 0
    eds_bytes(run)


def test_drift_slopes_the_baseline_only() -> None:
    run = _run(Drift((0,), 0.01))
    ratio = run.truth.baseline[0] / CLEAN.truth.baseline[0]
    np.testing.assert_allclose(ratio, 1 + 0.01 * np.arange(45), rtol=1e-12)
    np.testing.assert_allclose(run.truth.drn[0], CLEAN.truth.drn[0], atol=1e-12)


def test_hook_falls_after_the_rise() -> None:
    run, clean = _run(Hook((0,), 0.03)), CLEAN.truth.drn[0]
    ratio = run.truth.drn[0] / clean
    half = int(np.argmax(clean >= clean[-1] / 2))
    np.testing.assert_allclose(ratio[: half + 1], 1, rtol=1e-9)
    np.testing.assert_allclose(ratio[half + 1 :] / ratio[half:-1], 0.97, rtol=1e-9)
    drn = run.truth.drn[0]
    assert drn[-1] < 0.95 * drn.max()
    assert (np.diff(drn[int(drn.argmax()) :]) < 0).all()


def test_crosstalk_adds_light_in_one_filter() -> None:
    """Noise-free: the added counts are the dye's amount, by the share, over the uniformity."""
    run, clean = _run(Crosstalk(dye="FAM", share=0.1), noise=0), _run(noise=0)
    added = run.counts - clean.counts
    assert not added[:, :, [0, 2, 3, 4]].any()
    expected = 0.1 * clean.truth.signals["FAM"] / clean.uniformity[:, None, 1]
    np.testing.assert_allclose(added[:, :, 1], expected, atol=1.01)


def test_weak_lamp_dims_and_is_noisier() -> None:
    dim = _run(WeakLamp(level=0.02))
    used = sorted(dim.dyes)
    ratio = dim.counts[used, :, 0].mean() / CLEAN.counts[used, :, 0].mean()
    assert ratio == pytest.approx(0.02, abs=0.001)

    def relative_noise(run: SimulatedRun) -> float:
        fam = run.counts[NTC, :, 0].astype(float)
        return float(np.std(np.diff(fam, 2)) / fam.mean())

    assert relative_noise(dim) > 3 * relative_noise(CLEAN)


def test_saturation_clips_counts() -> None:
    run = _run(Saturation(ceiling_counts=900_000))
    np.testing.assert_array_equal(run.counts, np.minimum(CLEAN.counts, 900_000))
    assert (run.counts == 900_000).sum() > 20


def test_faults_add_up() -> None:
    both = _run(Bubble((0,), 10, -0.3), LowReference((0,), 0.5))
    ratio = both.truth.signals["ROX"][0] / CLEAN.truth.signals["ROX"][0]
    np.testing.assert_allclose(ratio, np.where(np.arange(1, 46) >= 10, 0.35, 0.5))


# Patients and plates -----------------------------------------------------------------------


def test_copies_follow_from_the_patient() -> None:
    """Input × blasts × clonal fraction × ½, and the whole input for the reference gene."""
    mean = {(row.sample, row.target): row.mean_copies for row in true_reactions(CLEAN)}
    assert mean["P-1", "del A"] == 100_000 * 0.8 * 0.5
    assert mean["P-3", "del A"] == 20_000 * 0.5 * 0.5
    assert mean["P-3", "del B"] == 20_000 * 0.1 * 0.5
    assert mean["P-2", "del A"] == mean["P-2", "del B"] == 0
    assert [mean[f"P-{i}", "ref"] for i in (1, 2, 3)] == [100_000, 50_000, 20_000]


def test_pairs_say_which_wells_see_a_junction() -> None:
    one, two = TargetSpec("one"), TargetSpec("two")
    kinds = ((ChannelSpec(one, (("p", "A"),)),), (ChannelSpec(two, (("q", "A"),)),))

    def copies(pairs: tuple[str, ...] | None) -> list[float]:
        patient = PatientSpec("P", (Clone("A", pairs=pairs),), 1, 100)
        (plate,) = patient_plates([patient], kinds, replicates=1)
        return [r.copies for w in plate.wells if w.patient for r in w.reactions]

    assert copies(None) == [50, 0]
    assert copies(("q",)) == [0, 50]
    assert copies(("p", "q")) == [50, 50]
    assert copies(()) == [0, 0]


def test_a_pool_sees_all_deletions_and_each_once() -> None:
    pool = ChannelSpec(TargetSpec("pool"), (("p", "A"), ("q", "A"), ("r", "B")))
    patient = PatientSpec("P", (Clone("A", pairs=("p", "q")), Clone("B", 0.5)), 1, 100)
    (plate,) = patient_plates([patient], [[pool]], replicates=1)
    assert plate.wells[0].reactions[0].copies == 50 + 25


def test_many_patients_fill_several_plates() -> None:
    patients = [PatientSpec(f"P-{i:03d}") for i in range(20)]
    controls = Controls(ntc=2, positive=1, standards=(1e5, 1e3), standard_replicates=3)
    plates = patient_plates(patients, KINDS, replicates=3, controls=controls, name="x")
    per_plate = (96 - 3 * 3 - 2 * 3) // 9
    assert [len(plate.patients) for plate in plates] == [per_plate, per_plate, 20 - 2 * per_plate]
    assert [plate.name for plate in plates] == [f"x, plate {i} of 3" for i in (1, 2, 3)]
    assert [p.name for plate in plates for p in plate.patients] == [p.name for p in patients]
    for plate in plates:
        counted = Counter(well.sample for well in plate.wells)
        assert counted["NTC"] == 6
        assert counted["Positive control"] == 3
        assert counted["Standard 100000"] == counted["Standard 1000"] == 3
        assert all(counted[patient.name] == 9 for patient in plate.patients)
        assert {(w.patient or w.sample) for w in plate.wells} == set(counted)
        standards = [r for w in plate.wells for r in w.reactions if r.task == "STANDARD"]
        assert {(r.target, r.quantity) for r in standards} == {("ref", 1e5), ("ref", 1e3)}


def _kinds(panel_name: str) -> list[list[ChannelSpec]]:
    """What the command line does with a panel."""
    panel = load_panel(panel_name)
    product = {assay.name: assay.product for assay in panel.assays}
    return [
        [
            ChannelSpec(
                TargetSpec(c.target, c.reporter, None if c.quencher == "none" else c.quencher),
                () if c.role == "reference" else tuple((pair, product[pair]) for pair in c.reads),
                c.role == "reference",
            )
            for c in reaction.channels
        ]
        for reaction in panel.reactions
    ]


@pytest.mark.parametrize("panel", ["ikzf1", "ikzf1-pooled", "ikzf1-4plex", "rnasep"])
def test_every_panel_can_be_simulated(panel: str) -> None:
    kinds = _kinds(panel)
    patients = random_patients(12, kinds, seed=3)
    plates = patient_plates(patients, kinds, name=panel, replicates=2)
    assert sum(len(plate.patients) for plate in plates) == 12
    run = simulate_plate(plates[0], seed=3)
    assert eds_bytes(run) == eds_bytes(simulate_plate(plates[0], seed=3))
    seen = [row for row in true_reactions(run) if row.patient and row.target == "RNase P"]
    assert all(row.mean_copies > 0 for row in seen)


def test_a_cohort_is_as_deleted_as_the_study() -> None:
    patients = random_patients(4000, _kinds("ikzf1"), seed=8)
    assert patients == random_patients(4000, _kinds("ikzf1"), seed=8)
    assert patients != random_patients(4000, _kinds("ikzf1"), seed=9)
    counted = Counter("mixed" if len(p.deletions) > 1 else "".join(p.deletions) for p in patients)
    study = {"": 92, "Δ4-7": 22, "Δ2-7": 10, "Δ2-8": 3, "Δ4-8": 2, "mixed": 13}
    assert counted.keys() == study.keys()
    chi2 = sum((counted[k] - 4000 * n / 142) ** 2 / (4000 * n / 142) for k, n in study.items())
    assert chi2 < 20.5  # 0.1 % of a χ² with 5 degrees of freedom
    used = {pair for p in patients for clone in p.clones for pair in clone.pairs or ()}
    assert used == {f"F.{f}/R-{r}" for f in ("2a", "2b", "4") for r in (7, 8)}
    assert len({p.name for p in patients}) == 4000


def test_a_deletion_that_no_pair_reads_stays_unseen() -> None:
    (plate, *_) = patient_plates(
        random_patients(5, _kinds("ikzf1"), 1, frequencies={"Δ1-8": 1}), _kinds("ikzf1")
    )
    run = simulate_plate(plate, 1)
    rows = [row for row in true_reactions(run) if row.patient and row.target != "RNase P"]
    assert rows
    assert all(row.deletions == ("Δ1-8",) and row.copies == 0 for row in rows)


# Planting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_every_fault_finds_a_place(seed: int) -> None:
    spec = plant_faults(demo_plate(), FAULT_NAMES, seed)
    assert spec == plant_faults(demo_plate(), FAULT_NAMES, seed)
    assert {fault.name for fault in spec.faults} == set(FAULT_NAMES) == set(EVERY)
    own = [w for f in spec.faults if f.name != "edge effect" for w in f.wells or ()]
    assert len(own) == len(set(own))
    run = simulate_plate(spec, seed)
    named = {name for row in true_reactions(run) for name in row.faults}
    assert named == set(FAULT_NAMES)


def test_planted_contamination_comes_from_a_strong_neighbour() -> None:
    for seed in range(20):
        (fault,) = plant_faults(demo_plate(), ["contamination"], seed).faults
        assert isinstance(fault, Contamination)
        (well,) = fault.wells or ()
        (row, column), (other_row, other_column) = divmod(well, 12), divmod(fault.source, 12)
        assert max(abs(row - other_row), abs(column - other_column)) == 1
        planted = dataclasses.replace(demo_plate(), faults=(fault,))
        truth = simulate_plate(planted, 1).truth
        assert truth.mean_copies[truth.wells.tolist().index(well)] >= 20


def test_planting_keeps_what_is_there() -> None:
    base = dataclasses.replace(demo_plate(), faults=(Late((0,)),))
    spec = plant_faults(base, ["dropout", "dropout"], 1)
    assert spec.faults[0] == Late((0,))
    assert len({fault.wells for fault in spec.faults}) == 3


# Truth -------------------------------------------------------------------------------------


def test_truth_table_says_everything(tmp_path: Path) -> None:
    run = _run(Dropout((0,)), Bubble((0, 9)), WeakLamp())
    write_truth(run, tmp_path / "truth.csv", {"del A": 0.5})
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 24
    assert all(row["experiment"].startswith("SIMULATED") and row["seed"] == "5" for row in rows)
    by_well = {row["well"]: row for row in rows}
    assert by_well["A1"]["faults"] == "dropout; bubble; weak lamp"
    assert by_well["B2"]["faults"] == "bubble; weak lamp"
    assert by_well["C8"]["faults"] == "weak lamp"
    assert (by_well["A1"]["patient"], by_well["A1"]["deletions"]) == ("P-1", "A")
    assert (by_well["A8"]["sample"], by_well["A8"]["patient"]) == ("NTC", "")
    p3 = [row for row in rows if row["patient"] == "P-3"]
    assert {row["deletions"] for row in p3} == {"A; B"}
    for row, copies, cq, target in zip(
        rows, run.truth.copies, run.truth.cq(0.5), run.truth.targets, strict=True
    ):
        assert row["target"] == target
        assert int(row["copies"]) == copies
        assert row["cq"] == ("" if cq is None or target != "del A" else str(cq))


def test_truth_as_json_holds_the_sizes(tmp_path: Path) -> None:
    run = _run(Bubble((0, 9), 7, 0.2), Crosstalk())
    write_truth(run, tmp_path / "truth.json")
    write_truth(run, tmp_path / "again.json")
    assert (tmp_path / "truth.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["simulated"] is True
    assert [fault["name"] for fault in truth["faults"]] == ["bubble", "crosstalk"]
    assert (truth["faults"][0]["wells"], truth["faults"][0]["cycle"]) == ([0, 9], 7)
    assert truth["faults"][1]["wells"] is None
    assert len(truth["reactions"]) == 24
    assert truth["patients"][2]["clones"][1] == {"deletion": "B", "fraction": 0.1, "pairs": None}


def test_wells_behind_z_have_two_letters() -> None:
    target = TargetSpec("T")
    spec = PlateSpec("x", (target,), (WellSpec(26 * 2, "s", (ReactionSpec("T", 1),)),), 32, 2, 3)
    assert true_reactions(simulate_plate(spec, 1))[0].well_name == "AA1"


# Hostile specifications --------------------------------------------------------------------

NAN = float("nan")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: _plate(faults=(Dropout(()),)), "no well"),
        (lambda: _plate(faults=(Dropout((99,)),)), "not in use"),
        (lambda: _plate(faults=(Dropout((-1,)),)), "not in use"),
        (lambda: Dropout((0,), NAN), "must lie between"),
        (lambda: _plate(faults=(FailedControl((0,)),)), "not a positive control"),
        (lambda: _plate(faults=(ContaminatedControl((0,)),)), "not an NTC"),
        (lambda: ContaminatedControl((NTC,), -1), "must lie between"),
        (lambda: _plate(faults=(Contamination((0,), 0),)), "itself"),
        (lambda: _plate(faults=(Contamination((0,), 99),)), "unused well"),
        (lambda: Contamination((0,), 1, 2.0), "must lie between"),
        (lambda: _plate(faults=(SwappedSample((0,), "nobody"),)), "not on the plate"),
        (lambda: Inhibition((0,), efficiency=1.5), "must lie between"),
        (lambda: Inhibition((0,), plateau=0), "above 0"),
        (lambda: Inhibition((0,), delay_cycles=-1), "must lie between"),
        (lambda: Late((0,), -1), "must lie between"),
        (lambda: EdgeEffect((0,), efficiency=NAN), "must lie between"),
        (lambda: EdgeEffect((0,), celsius=1e9), "must lie between"),
        (lambda: Bubble((0,), size=-1), "a step"),
        (lambda: Bubble((0,), uncorrected=2), "must lie between"),
        (lambda: _plate(faults=(Bubble((0,), 46),)), "must lie between"),
        (lambda: _plate(faults=(Bubble((0,), 0),)), "must lie between"),
        (lambda: Evaporation((0,), 1.0), "must lie between"),
        (lambda: _plate(faults=(Evaporation((0,), from_cycle=99),)), "must lie between"),
        (lambda: LowReference((0,), -0.1), "must lie between"),
        (lambda: _plate(faults=(LowReference((0,)),), passive_reference=None), "no passive"),
        (lambda: Drift((0,), NAN), "must lie between"),
        (lambda: Hook((0,), 1.1), "must lie between"),
        (lambda: Crosstalk(filter_number=6), "no such filter"),
        (lambda: Crosstalk(share=NAN), "must lie between"),
        (lambda: _plate(faults=(Crosstalk(dye="CY5"),)), "not on the plate"),
        (lambda: WeakLamp(level=0), "level above 0"),
        (lambda: Saturation(ceiling_counts=0), "must lie between"),
        (lambda: Clone(""), "needs a name"),
        (lambda: Clone("A", 1.5), "clonal fraction"),
        (lambda: PatientSpec(""), "needs a name"),
        (lambda: PatientSpec("P", blasts=NAN), "blasts"),
        (lambda: PatientSpec("P", input_copies=-1), "input copies"),
        (lambda: PatientSpec("P", (Clone("A"), Clone("A"))), "given twice"),
        (lambda: ChannelSpec(TargetSpec("T")), "either deletions or a reference"),
        (lambda: Controls(ntc=-1), "control wells"),
        (lambda: Controls(ntc=10**9), "control wells"),
        (lambda: Controls(positive_copies=NAN), "must lie between"),
        (lambda: patient_plates([], KINDS), "needs patients"),
        (lambda: patient_plates(PATIENTS, []), "needs patients"),
        (lambda: patient_plates(PATIENTS, [[]]), "needs patients"),
        (lambda: patient_plates(PATIENTS, KINDS, replicates=0), "replicates"),
        (lambda: patient_plates(PATIENTS, KINDS, replicates=10**9), "replicates"),
        (lambda: patient_plates(PATIENTS, KINDS, replicates=40), "not one patient fits"),
        (lambda: patient_plates([PatientSpec("NTC")], KINDS), "name of a control"),
        (lambda: patient_plates([PATIENTS[0]] * 2, KINDS), "patient is given twice"),
        (lambda: patient_plates([PatientSpec("P", (Clone("C"),))], KINDS), "no channel reads"),
        (lambda: patient_plates([PatientSpec("P", (Clone("A", 1, ("p2",)),))], KINDS), "does not"),
        (lambda: patient_plates([PatientSpec("P\n")], KINDS), "printed"),
        (
            lambda: patient_plates(PATIENTS[1:2], KINDS[:2], controls=Controls(standards=(1e3,))),
            "reference gene alone",
        ),
        (lambda: random_patients(0, KINDS, 1), "1 to 9999"),
        (lambda: random_patients(1, KINDS, -1), "not negative"),
        (lambda: random_patients(1, KINDS, 1, frequencies={}), "frequencies"),
        (lambda: random_patients(1, KINDS, 1, frequencies={"A": math.inf}), "frequencies"),
        (lambda: random_patients(1, KINDS, 1, frequencies={"A": 1, "mixed": 1}), "two deletions"),
        (lambda: plant_faults(_plate(), ["flood"], 1), "unknown fault"),
        (lambda: plant_faults(_plate(), ["failed positive control"] * 4, 1), "no free well"),
        (lambda: plant_faults(_plate(), ["late"], -1), "seed"),
        (lambda: write_truth(CLEAN, "truth.txt"), ".csv or .json"),
        (lambda: true_reactions(CLEAN, {"nothing": 0.5}), "unknown target"),
        (lambda: true_reactions(CLEAN, {"del A": NAN}), "threshold"),
    ],
)
def test_contradictions_are_refused(make: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make()


def test_contamination_from_a_sample_without_the_target_is_refused() -> None:
    wells = (
        WellSpec(0, "a", (ReactionSpec("T", 1),)),
        WellSpec(1, "b", (ReactionSpec("U", 1),)),
    )
    targets = (TargetSpec("T"), TargetSpec("U"))
    spec = PlateSpec("x", targets, wells, 1, 2, faults=(Contamination((1,), 0),))
    with pytest.raises(InputError, match="how much of a target"):
        simulate_plate(spec, 1)
