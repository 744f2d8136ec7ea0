"""Every quality rule alone: a small plate that triggers it, and a near-miss that does not."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources

import numpy as np
import pytest
from qc_plates import (
    CYCLES,
    RISE,
    THRESHOLD,
    Well,
    find,
    index,
    names,
    only,
    plate,
    with_curves,
    with_run,
)

from calibration.optics import OpticalCalibration
from calibration.standard_curve import fit_standard_curve
from primers import Panel, PanelError, load_panel
from primers.loader import parse_panel
from primers.panel import Control, QcRule
from qpcr.calls import Outcome
from qpcr.curves import Curves
from qpcr.deciding import decide
from qpcr.errors import InputError
from qpcr.findings import Severity
from qpcr.formats._columns import FLAGS
from qpcr.qc import Plate, check_panel_rules, evaluate, plate_of, rules
from qpcr.qc._plate import Part, part_of, wells
from qpcr.qc.instrument_flags import GRAVE, MEANINGS
from qpcr.qc.replicates import allowed
from qpcr.run import InstrumentResult, Task
from qpcr.shapes import Kind
from qpcr.thresholds import Threshold

F4R7 = "F.4 × R-7"
REFERENCE = "RNase P"


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_panel("ikzf1")


def reads(plate: Plate, **arrays: np.ndarray) -> Plate:
    """A plate with dye signals (C,) of every reaction."""
    count = len(plate.run.reactions)
    return with_curves(plate, **{k: np.tile(v, (count, 1)) for k, v in arrays.items()})


# ---- what the builder makes


def test_the_builder_puts_the_ct_where_it_says() -> None:
    made = plate(*(Well(f"A{i}", cq) for i, cq in enumerate((18.3, 25.0, 31.7), 1)))
    # The automatic baseline holds a trace of product, which delays the Ct a little.
    np.testing.assert_allclose(made.fits.table.cq, [18.3, 25.0, 31.7], atol=0.06)


# ---- controls


@pytest.mark.parametrize("task", [Task.NTC, Task.NEGATIVE_CONTROL])
def test_ntc_amplified(task: Task) -> None:
    found = only(plate(Well("A1", 25), Well("A2", 33, "NTC", task=task)), "ntc_amplified")
    assert found.severity is Severity.RUN
    assert found.targets == ("T",)
    assert found.value == pytest.approx(33, abs=0.05)
    assert "A2" in found.message
    assert "A1" not in found.message


def test_ntc_that_stays_flat_or_is_no_ntc() -> None:
    made = plate(Well("A1", 25), Well("A2", None, "NTC", task=Task.NTC), Well("A3", 33))
    assert not find(made, "ntc_amplified")


def test_ntc_noise_that_crosses_is_no_product() -> None:
    made = plate(Well("A1", 33, "NTC", task=Task.NTC, kind=Kind.DRIFT))
    assert not find(made, "ntc_amplified")


@pytest.mark.parametrize(
    ("cq", "severity"), [(37.7, Severity.RUN), (38.3, Severity.WARNING), (34.0, Severity.RUN)]
)
def test_ntc_long_after_the_cutoff_only_warns(panel: Panel, cq: float, severity: Severity) -> None:
    made = plate(Well("A1", cq, "NTC", F4R7, Task.NTC, kind=Kind.NO_PLATEAU), panel=panel)
    found = only(made, "ntc_amplified")
    assert (found.severity, found.limit) == (severity, 38.0)


def test_negative_controls_may_show_the_reference_gene(panel: Panel) -> None:
    healthy = [
        Well("A1", 24, "normal", REFERENCE, Task.NEGATIVE_CONTROL),
        Well("A2", None, "normal", F4R7, Task.NEGATIVE_CONTROL),
    ]
    assert not find(plate(*healthy, panel=panel), "ntc_amplified")
    dirty = [healthy[0], replace(healthy[1], cq=30.0)]
    made = plate(*dirty, panel=panel)
    assert names(made, only(made, "ntc_amplified")) == ["A2"]


def positives(*cqs: float | None) -> Plate:
    return plate(
        *(Well(f"A{i}", cq, "PC", task=Task.POSITIVE_CONTROL) for i, cq in enumerate(cqs, 1))
    )


def test_positive_control_that_fails() -> None:
    found = only(positives(None, None), "positive_control")
    assert (found.severity, found.reactions) == (Severity.RUN, (0, 1))
    found = only(positives(25, None), "positive_control")
    assert (found.severity, found.reactions) == (Severity.WARNING, (1,))


def test_positive_control_that_grows_but_has_no_ct() -> None:
    control = Well("A1", 25, "PC", task=Task.POSITIVE_CONTROL)
    found = only(plate(control, threshold=1e-4), "positive_control")
    assert found.severity is Severity.RUN
    assert "no Ct can be read" in found.message
    assert "threshold" in found.remedy
    flat = only(plate(replace(control, cq=None), threshold=1e-4), "positive_control")
    assert "does not amplify" in flat.message


def test_positive_control_outside_its_limits() -> None:
    limits = {"earliest_cq": 20.0, "latest_cq": 30.0}
    assert not find(positives(20.2, 29.8), "positive_control", **limits)
    late = only(positives(30.2), "positive_control", **limits)
    assert (late.severity, late.limit, late.targets) == (Severity.RUN, 30.0, ("T",))
    early = only(positives(19.8, 25), "positive_control", **limits)
    assert (early.severity, early.limit, early.reactions) == (Severity.WARNING, 20.0, (0,))


def test_positive_control_by_the_panels_names(panel: Panel) -> None:
    def named(name: str) -> Plate:
        return plate(Well("A1", None, name, F4R7), panel=panel)

    for name in ("Positive control 2", "pc", "ＰＣ3", "阳性对照-高"):
        assert find(named(name), "positive_control"), name
    for name in ("PCR-17", "PC-0017", "P-001", None):
        assert not find(named(name), "positive_control"), name


def test_a_task_counts_more_than_a_name(panel: Panel) -> None:
    made = plate(
        Well("A1", None, "NTC", F4R7, Task.POSITIVE_CONTROL),
        Well("A2", None, "NTC", F4R7),
        Well("A3", None, "NTC", F4R7, Task.OTHER),
        Well("A4", None, "X", F4R7, Task.OTHER),
        panel=panel,
    )
    parts = [part_of(made, row) for row in range(4)]
    assert parts == [Part.POSITIVE, Part.NTC, Part.NTC, Part.OTHER]


# ---- reference gene


def samples(*cqs: float | None, rise: float = RISE) -> list[Well]:
    """Samples S1 … with reference gene Cts; the last one has this rise."""
    made = [Well(f"A{i}", cq, f"S{i}", REFERENCE) for i, cq in enumerate(cqs, 1)]
    made[-1] = replace(made[-1], rise=rise)
    return made


@pytest.mark.parametrize("cq", [None, 36.0])
def test_reference_gene_absent(panel: Panel, cq: float | None) -> None:
    made = plate(*samples(24, 24, cq), panel=panel)
    found = only(made, "reference_gene")
    assert (found.severity, names(made, found)) == (Severity.REACTION, ["A3"])


@pytest.mark.parametrize(
    ("kind", "cq", "said"),
    [
        (Kind.DRIFT, 18.0, "drift, although it crosses the threshold at Ct 18.0"),
        (Kind.STEP, 18.0, "step, although it crosses the threshold at Ct 18.0"),
        (Kind.FALLING, None, "falling."),
    ],
)
def test_a_spoilt_curve_of_the_reference_gene_tells_nothing_of_the_dna(
    panel: Panel, kind: Kind, cq: float | None, said: str
) -> None:
    spoilt = replace(samples(24, 24, cq)[-1], kind=kind)
    made = plate(*samples(24, 24), spoilt, panel=panel)
    found = only(made, "reference_gene")
    assert (found.severity, names(made, found)) == (Severity.REACTION, ["A3"])
    assert said in found.message
    assert "only" not in found.message
    assert "DNA" not in found.message + found.remedy
    assert not find(made, "no_amplification")
    (call,) = [one for one in decide(made, [found]) if one.sample == "S3"]
    assert call.outcome is Outcome.INVALID
    assert "DNA" not in " ".join((*call.reasons, *call.recommendations))


def test_one_good_well_for_the_reference_gene_is_enough(panel: Panel) -> None:
    made = plate(*samples(24, 24), Well("B1", None, "S1", REFERENCE), panel=panel)
    assert not find(made, "reference_gene")


@pytest.mark.parametrize(("cq", "limit"), [(32.2, 32.0), (27.7, 27.5)])
def test_reference_gene_late(panel: Panel, cq: float, limit: float) -> None:
    others = (24.0, 24.0) if limit == 27.5 else (30.0, 30.0)
    found = only(plate(*samples(*others, cq), panel=panel), "reference_gene")
    assert found.severity is Severity.WARNING
    assert found.limit == pytest.approx(limit, abs=0.05)
    assert not find(plate(*samples(*others, cq - 0.4), panel=panel), "reference_gene")


def test_reference_gene_weak(panel: Panel) -> None:
    made = plate(*samples(24, 24, 24, rise=0.5 * RISE), panel=panel)
    assert only(made, "reference_gene").value == pytest.approx(0.5, abs=0.02)
    made = plate(*samples(24, 24, 24, rise=0.7 * RISE), panel=panel)
    assert not find(made, "reference_gene")


def test_reference_gene_not_run(panel: Panel) -> None:
    made = plate(*samples(24, 24), Well("B1", None, "S3", F4R7), panel=panel)
    found = only(made, "reference_gene")
    assert (names(made, found), found.severity) == (["B1"], Severity.WARNING)
    controls = Well("B1", None, "NTC", F4R7)
    assert not find(plate(*samples(24, 24), controls, panel=panel), "reference_gene")


# ---- replicates


def test_replicates_spread() -> None:
    near, far = (plate(Well("A1", 24), Well("A2", 24 + x)) for x in (0.48, 0.65))
    assert not find(near, "replicates")
    found = only(far, "replicates")
    assert found.value == pytest.approx(0.65, abs=0.06)
    assert found.reactions == (0, 1)


def test_replicates_spread_of_three() -> None:
    """√2 times the standard deviation: 0.5, 0.5 and 1.1 after 24 have one of 0.3464."""
    made = plate(Well("A1", 24.5), Well("A2", 24.5), Well("A3", 25.1))
    assert only(made, "replicates", largest_cq_difference=0.4).value == pytest.approx(
        0.49, abs=0.03
    )


def test_replicates_may_spread_when_there_are_few_copies() -> None:
    """100 molecules: chance 1/(10 ln 2) = 0.1443 cycles; 0.55 grows to √(0.55² + 2·(2·0.1443)²)."""
    limits = {"single_copy_cq": 37.0, "largest_cq_difference": 0.55}
    expected = math.sqrt(0.55**2 + 2 * (2 * 0.144270) ** 2)
    assert allowed(37.0 - math.log2(100), limits) == pytest.approx(expected, rel=1e-5)
    assert not find(plate(Well("A1", 30.0), Well("A2", 30.65)), "replicates")


def test_replicates_late_ones_only_have_to_amplify() -> None:
    assert not find(plate(Well("A1", 33.0), Well("A2", 35.0)), "replicates")
    assert find(plate(Well("A1", 30.0), Well("A2", 32.0)), "replicates")


def test_replicates_positive_and_negative(panel: Panel) -> None:
    made = plate(Well("A1", 34), Well("A2", None))
    found = only(made, "replicates")
    assert "positive in A1, not in A2" in found.message
    beyond = plate(Well("A1", 34.5, target=F4R7), Well("A2", 36.5, target=F4R7), panel=panel)
    assert find(beyond, "replicates")
    assert not find(plate(Well("A1", None), Well("A2", None)), "replicates")


def test_replicates_are_of_one_sample_and_target() -> None:
    made = plate(Well("A1", 24), Well("A2", 28, sample="S2"), Well("A3", 28, target="U"))
    assert not find(made, "replicates")
    unnamed = plate(Well("A1", 24, sample=None), Well("A2", 28, sample=None))
    assert not find(unnamed, "replicates")
    omitted = plate(Well("A1", 24), Well("A2", 28, omitted=True))
    assert not find(omitted, "replicates")


# ---- curves


def test_no_amplification(panel: Panel) -> None:
    made = plate(Well("A1"), Well("A2", 25), Well("A3", None, "NTC", task=Task.NTC))
    assert not find(made, "no_amplification"), "a negative target beside a positive one"
    made = plate(Well("A1"), Well("A2", None, target=REFERENCE), panel=panel)
    found = only(made, "no_amplification")
    assert (found.severity, names(made, found)) == (Severity.INFO, ["A1", "A2"])


def test_no_amplification_of_a_standard() -> None:
    made = plate(Well("A1", None, task=Task.STANDARD, quantity=1000.0))
    assert only(made, "no_amplification").severity is Severity.WARNING


@pytest.mark.parametrize(
    ("kind", "cq", "severity"),
    [
        (Kind.NOISE, None, Severity.INFO),
        (Kind.DRIFT, None, Severity.INFO),
        (Kind.NOISE, 34.0, Severity.WARNING),
        (Kind.DRIFT, 34.0, Severity.WARNING),
        (Kind.SPIKE, None, Severity.WARNING),
        (Kind.STEP, None, Severity.WARNING),
        (Kind.FALLING, None, Severity.WARNING),
        (Kind.HOOK, 25.0, Severity.WARNING),
        (Kind.NO_PLATEAU, 36.0, Severity.WARNING),
        (Kind.UNUSABLE, None, Severity.REACTION),
    ],
)
def test_proper_curve(kind: Kind, cq: float | None, severity: Severity) -> None:
    made = plate(Well("A1", cq, kind=kind), Well("A2", 25), Well("A3"))
    if cq is None:  # what a fault is has some height
        drn = made.curves.drn.copy()
        drn[0, 20:] += THRESHOLD / 2
        made = with_curves(made, drn=drn)
    found = only(made, "proper_curve")
    assert (found.severity, names(made, found)) == (severity, ["A1"])
    assert kind in found.message
    assert "As stated by the test." in found.message


def unmeasured_plate(wells: list[Well], lost: list[int], panel: Panel | None = None) -> Plate:
    """A plate of which some reactions have too few cycles to be judged."""
    made = plate(*wells, panel=panel)
    few = "fewer than 15 cycles were measured"
    told = tuple(few if row in lost else None for row in range(len(wells)))
    kinds = tuple(
        replace(shape, kind=Kind.UNUSABLE, proper=False) if row in lost else shape
        for row, shape in enumerate(made.shapes)
    )
    return replace(with_curves(made, problems=told), shapes=kinds)


def test_a_file_with_too_few_cycles_says_so_once() -> None:
    """Not sample by sample that nothing amplified: the DNA has nothing to do with it."""
    wells = [Well(f"A{i}", None, f"S{i}") for i in range(1, 9)]
    found = evaluate(unmeasured_plate(wells, list(range(8))))
    assert [one.rule for one in found] == ["proper_curve"]
    assert found[0].message.startswith("Reactions without a curve that can be judged: 8 of 8")
    assert "fewer than 15 cycles were measured" in found[0].message
    assert "It is the file, not the wells" in found[0].remedy
    (well,) = evaluate(unmeasured_plate(wells, [2]))[:1]
    assert well.reactions == (2,)
    assert well.remedy.startswith("Repeat the well")


def test_samples_whose_reference_gene_was_not_measured_are_named_together(panel: Panel) -> None:
    made = unmeasured_plate(samples(24, 24, 24, 24), [1, 2], panel)
    found = only(made, "reference_gene")
    assert found.message == (
        "The reference gene was not measured for S2, S3 (A2, A3): fewer than 15 cycles were "
        "measured."
    )
    assert "DNA" not in found.remedy
    assert not find(made, "no_amplification")
    (call,) = [one for one in decide(made, [found]) if one.sample == "S2"]
    assert call.reasons[-1] == (
        "The reference gene (RNase P) cannot be judged: fewer than 15 cycles were measured."
    )


def test_a_plate_without_any_target_of_the_panel_is_no_run_of_it(panel: Panel) -> None:
    made = plate(Well("A1", 24, "S1", "BRCA1"), Well("A2", 24, "S1", "TP53"), panel=panel)
    found = only(made, "layout")
    assert found.severity is Severity.RUN
    assert "BRCA1, TP53" in found.message
    known = plate(Well("A1", 24, "S1", "BRCA1"), Well("A2", 24, "S1", REFERENCE), panel=panel)
    assert not any("None of the panel" in one.message for one in find(known, "layout"))


def test_a_fault_too_small_to_matter_is_passed_over() -> None:
    """A step of a twentieth of the threshold, and one of a fifth."""
    made = plate(Well("A1", kind=Kind.STEP))
    small, large = (np.where(CYCLES >= 20, k * THRESHOLD, 0.0)[None] for k in (0.05, 0.2))
    assert not find(with_curves(made, drn=small), "proper_curve")
    assert only(with_curves(made, drn=large), "proper_curve").severity is Severity.WARNING


def test_proper_curve_that_is_doubtful() -> None:
    made = plate(Well("A1", 25, probability=0.72))
    assert not find(made, "proper_curve")
    found = only(made, "proper_curve", least_probability=0.75)
    assert (found.value, found.limit) == (0.72, 0.75)


def test_baseline_too_short() -> None:
    def windowed(stop: int) -> Plate:
        def change(curves: Curves) -> Curves:
            line = curves.baselines[0]
            assert line is not None
            return replace(curves, baselines=(replace(line, start=3, stop=stop),))

        return plate(Well("A1", 12), change=change)

    found = only(windowed(4), "baseline")
    assert (found.value, found.limit) == (2.0, 3.0)
    assert not find(windowed(5), "baseline")


@pytest.mark.parametrize("sign", [1, -1])
def test_baseline_that_slopes(sign: int) -> None:
    made = plate(Well("A1", slope=0.008 * sign))
    found = only(made, "baseline")
    # Relative to the mean of cycles 3 to 40.
    assert found.value == pytest.approx(0.008 / (1 + sign * 0.008 * 21.5), abs=0.0001)
    assert ("rises" if sign > 0 else "falls") in found.message
    assert not find(plate(Well("A1", slope=0.005 * sign)), "baseline")


def test_baseline_whose_slope_makes_the_ct() -> None:
    def sloping(share: float) -> Plate:
        """A slope that takes off `share` thresholds between baseline and Ct."""

        def change(curves: Curves) -> Curves:
            line = curves.baselines[0]
            assert line is not None
            slope = share * THRESHOLD / (25.0 - line.stop)
            return replace(curves, baselines=(replace(line, slope=slope),))

        return plate(Well("A1", 25), change=change)

    assert only(sloping(1.05), "baseline", largest_slope=1.0).value == pytest.approx(1.05, abs=0.01)
    assert not find(sloping(0.95), "baseline", largest_slope=1.0)


def test_threshold_in_the_noise() -> None:
    """Ten times the noise of 0.02 is 0.2; the estimate of the noise is good to 20 %."""
    curves = [Well(f"A{i}", cq, f"S{i}") for i, cq in enumerate((20, 24, 28, None), 1)]
    made = plate(*curves, threshold=0.12, noise=0.02)
    found = only(made, "threshold_phase", least_share_of_rise=0.0)
    assert found.severity is Severity.REACTION
    assert found.value == pytest.approx(6.0, rel=0.2)
    assert found.reactions == (0, 1, 2, 3)
    made = plate(*curves, threshold=0.28, noise=0.02)
    assert not find(made, "threshold_phase", least_share_of_rise=0.0)


def test_threshold_pulled_down_by_a_false_peak_names_the_well() -> None:
    low = 0.011

    def pulled(curves: Curves) -> Curves:
        drn, peaks = curves.drn.copy(), list(curves.peaks)
        drn[2, 20], peaks[2] = low, 20  # ΔRn one cycle after a peak at cycle 20 is cycle 21
        thresholds = {"T": Threshold(low, "automatic")}
        return replace(curves, drn=drn, peaks=tuple(peaks), thresholds=thresholds)

    wells = [Well("A1", 22), Well("A2", 26, "S2"), Well("C7", None, "S3")]
    found = only(plate(*wells, change=pulled), "threshold_phase", least_noise_multiple=0.0)
    assert found.value == pytest.approx(low / RISE, rel=0.02)
    assert "well C7 (S3, which does not amplify) set it" in found.message
    assert "C7" in found.remedy
    by_hand = only(plate(*wells, threshold=low), "threshold_phase", least_noise_multiple=0.0)
    assert "set it" not in by_hand.message


def test_threshold_behind_the_exponential_phase() -> None:
    wells = [Well("A1", 22), Well("A2", 26, "S2")]
    found = only(plate(*wells, threshold=0.35 * RISE), "threshold_phase")
    assert found.severity is Severity.WARNING
    assert found.value == pytest.approx(0.35, abs=0.01)
    assert not find(plate(*wells, threshold=0.25 * RISE), "threshold_phase")


# ---- light


STEADY = 350_000.0 * (1 + 0.001 * np.sin(2.3 * CYCLES))
LEVEL = np.where(CYCLES >= 15, 1.0, 0.0)


def referenced(*wells: Well, **signals: np.ndarray) -> Plate:
    """A plate with passive references by well name; the others are steady."""
    made = plate(*wells)
    rows = [signals.get(well.name, STEADY) for well in wells]
    return with_curves(made, reference=np.stack(rows))


@pytest.mark.parametrize(
    ("cq", "severity"),
    [(25.0, Severity.REACTION), (13.0, Severity.WARNING), (None, Severity.WARNING)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_passive_reference_steps(cq: float | None, severity: Severity, sign: int) -> None:
    wells = (Well("A1", 20), Well("A2", cq, "S2"))
    made = referenced(*wells, A2=STEADY * (1 + sign * 0.12 * LEVEL))
    found = only(made, "passive_reference")
    assert (found.severity, names(made, found)) == (severity, ["A2"])
    assert found.value == pytest.approx(0.12, abs=0.02)
    assert "at cycle 15" in found.message
    assert not find(referenced(*wells, A2=STEADY * (1 + sign * 0.08 * LEVEL)), "passive_reference")


def test_passive_reference_may_have_a_spike_or_noise() -> None:
    spike = STEADY * np.where(CYCLES == 15, 0.7, 1.0)
    assert not find(referenced(Well("A1", 25), A1=spike), "passive_reference")
    noisy = 350_000.0 * (1 + 0.1 * np.random.default_rng(3).normal(size=len(CYCLES)))
    assert not find(referenced(Well("A1", 25), A1=noisy), "passive_reference", largest_drift=1.0)


@pytest.mark.parametrize("sign", [1, -1])
def test_passive_reference_drifts(sign: int) -> None:
    def drifting(size: float) -> Plate:
        wells = (Well("A1", 25), Well("A2", 25, "S2"))
        return referenced(*wells, A2=STEADY * (1 + sign * size * (CYCLES - 5) / 33))

    made = drifting(0.25)
    found = only(made, "passive_reference")
    assert (names(made, found), found.severity) == (["A2"], Severity.WARNING)
    assert found.value == pytest.approx(0.25 / (1 + sign * 0.25 * 15.5 / 33), abs=0.01)
    assert not find(drifting(0.17), "passive_reference")


def test_passive_reference_low() -> None:
    wells = [Well(f"A{i}", 25, f"S{i}") for i in range(1, 5)]
    made = referenced(*wells, A3=0.45 * STEADY)
    found = only(made, "passive_reference")
    assert (names(made, found), found.severity) == (["A3"], Severity.REACTION)
    assert found.value == pytest.approx(0.45, abs=0.01)
    assert not find(referenced(*wells, A3=0.55 * STEADY), "passive_reference")


def test_passive_reference_of_the_whole_plate_weak() -> None:
    made = referenced(Well("A1", 25))
    assert only(made, "passive_reference", lowest_signal=360_000.0).reactions == ()
    assert not find(made, "passive_reference", lowest_signal=340_000.0)
    assert not find(plate(Well("A1", 25)), "passive_reference", lowest_signal=340_000.0)


def raw_plate(cq: float | None, ceiling: float) -> Plate:
    """One well whose brightest filter follows Rn, clipped; the dark filter stands still at 3."""
    made = plate(Well("A1", cq), Well("A2", 20, "S2"))
    raw = np.full((96, len(CYCLES), 2), np.nan)
    raw[:2, :, 1] = 3.0
    for row in range(2):
        raw[row, :, 0] = np.round(200_000 * made.curves.rn[row])
    raw[0, :, 0] = np.minimum(raw[0, :, 0], ceiling)
    return with_run(made, raw=raw, filters=("1", "2"))


def test_saturation() -> None:
    """Plateaus reach 1,000,000 counts; only one that is cut off stands still."""
    found = only(raw_plate(25, 700_000), "saturation")
    assert (found.severity, found.reactions) == (Severity.WARNING, (0,))
    assert found.value > 26
    assert not find(raw_plate(25, 2_000_000), "saturation")


def test_saturation_before_the_ct_spoils_it() -> None:
    made = raw_plate(25, 700_000)
    early = made.run.raw.copy()
    early[0, 20:, 0] = 700_000
    found = only(with_run(made, raw=early), "saturation")
    assert (found.severity, found.value) == (Severity.REACTION, 21.0)


def test_saturation_without_filters_looks_at_the_reporter() -> None:
    clipped = np.minimum(np.arange(40.0), 35.0)
    assert find(reads(plate(Well("A1", 25)), reporter=clipped), "saturation")
    three = np.minimum(np.arange(40.0), 37.0)
    assert not find(reads(plate(Well("A1", 25)), reporter=three), "saturation")


def test_saturation_has_nothing_to_say_where_nothing_was_read() -> None:
    assert not find(reads(plate(Well("A1", 25)), reporter=np.full(40, np.nan)), "saturation")


def test_unmixing_residual() -> None:
    made = reads(plate(Well("A1", 25)), reporter=600.0 + 0 * CYCLES, reference=400.0 + 0 * CYCLES)
    found = only(reads(made, residual=60.0 + 0 * CYCLES), "unmixing_residual")
    assert found.value == pytest.approx(0.06)
    assert not find(reads(made, residual=25.0 + 0 * CYCLES), "unmixing_residual")
    # A single bad reading is no bad unmixing.
    once = np.where(CYCLES == 9, 500.0, 10.0)
    assert not find(reads(made, residual=once), "unmixing_residual")


def channels(share: float, *, later: float = 0.0, well: str = "A1") -> Plate:
    """A strong channel, and a weak one that copies it, or comes later."""
    strong = Well("A1", 18, target="strong", middle=22.0)
    weak = Well(well, 18, "S1", "weak", rise=share * RISE, reporter="VIC", middle=22.0 + later)
    return plate(strong, weak, threshold=0.05 * share * RISE, noise=0.0005)


def test_crosstalk() -> None:
    made = channels(0.04)
    found = only(made, "crosstalk")
    assert (found.reactions, found.severity) == ((1,), Severity.REACTION)
    assert found.value == pytest.approx(0.04, rel=0.1)
    assert "weak in A1" in found.message


def test_what_is_no_crosstalk() -> None:
    assert not find(channels(0.06), "crosstalk")  # too large a share
    assert not find(channels(0.04, later=3.0), "crosstalk")  # another curve
    assert not find(channels(0.04, well="A2"), "crosstalk")  # another well


# ---- Ct


def sample(cq: float | None, **changes: object) -> Well:
    return replace(Well("A1", cq, "P-1", F4R7), **changes)


@pytest.mark.parametrize("cq", [35.1, 36.5])
def test_late_cq(panel: Panel, cq: float) -> None:
    found = only(plate(sample(cq), panel=panel), "late_cq")
    assert (found.severity, found.limit) == (Severity.WARNING, 36.0)
    assert found.value == pytest.approx(cq, abs=0.06)


def test_ct_clear_of_the_cutoff(panel: Panel) -> None:
    assert not find(plate(sample(34.8), panel=panel), "late_cq")
    assert only(plate(sample(37.6), panel=panel), "late_cq").severity is Severity.INFO
    reference = Well("A1", 35, "P-1", REFERENCE)
    assert not find(plate(reference, panel=panel), "late_cq")


def test_an_interval_across_the_cutoff_is_grey_too(panel: Panel) -> None:
    plain = replace(panel, cutoffs=replace(panel.cutoffs, grey_cq=None, grey_source=None))
    made = plate(sample(35.8), panel=plain)
    assert not find(made, "late_cq")
    table = replace(made.fits.table, cq_high=np.array([36.1]))
    wide = replace(made, fits=replace(made.fits, table=table))
    assert only(wide, "late_cq").severity is Severity.WARNING


def moved(plate: Plate, by: float | None) -> Plate:
    """The same plate with the instrument's Ct of its first reaction moved, or gone."""
    (first, *rest) = plate.curves.instrument_cq
    value = None if by is None else plate.fits.table.cq[0] + by
    return with_curves(plate, instrument_cq=(replace(first, value=value), *rest))


def test_cq_methods_disagree(panel: Panel) -> None:
    made = plate(sample(30), panel=panel)
    assert only(moved(made, 0.55), "cq_methods_disagree").value == pytest.approx(0.55)
    assert not find(moved(made, 0.45), "cq_methods_disagree")


def test_cq_methods_on_two_sides_of_the_cutoff(panel: Panel) -> None:
    made = plate(sample(35.9), panel=panel)
    assert only(moved(made, 0.3), "cq_methods_disagree").limit == 36.0
    assert not find(moved(made, -0.3), "cq_methods_disagree")
    assert only(moved(made, None), "cq_methods_disagree").limit == 36.0
    both_late = plate(sample(37.5), panel=panel)
    assert not find(moved(both_late, None), "cq_methods_disagree")


def standards(efficiency: float, wobble: float = 0.0) -> Plate:
    """Four levels of standards whose Ct follow this efficiency."""
    step = -1 / math.log10(1 + efficiency)
    return plate(
        *(
            Well(f"A{i}", 20 - step * i + wobble * (-1) ** i, f"std{i}", task=Task.STANDARD,
                 quantity=10.0 ** (6 - i))
            for i in range(1, 5)
        )
    )  # fmt: skip


def test_efficiency() -> None:
    low = only(standards(0.86), "efficiency")
    assert low.value == pytest.approx(0.86, abs=0.01)
    assert (low.limit, low.targets) == (0.9, ("T",))
    assert only(standards(1.14), "efficiency").limit == 1.1
    for good in (0.93, 1.07):
        assert not find(standards(good), "efficiency")
    assert not find(standards(0.86), "efficiency", fewest_levels=5.0)


def test_efficiency_is_that_of_the_curve_quantities_are_read_from() -> None:
    made = standards(0.84, wobble=0.3)
    rows = range(len(made.run.reactions))
    quantities = [made.run.reactions[row].quantity for row in rows]
    curve = fit_standard_curve(quantities, [made.fits.table.cq[row] for row in rows])
    assert only(made, "efficiency").value == curve.efficiency


def test_standards_that_scatter() -> None:
    found = only(standards(1.0, wobble=1.2), "efficiency", lowest=0.0, highest=9.0)
    assert "scatter" in found.message
    assert not find(standards(1.0, wobble=0.2), "efficiency", lowest=0.0, highest=9.0)


# ---- plate


def neighbours(place: str, later: float, **changes: object) -> Plate:
    """A strong well at C5, an NTC at `place` that comes `later`."""
    ntc = replace(Well(place, 24.0 + later, "NTC", task=Task.NTC), **changes)
    return plate(Well("C5", 24.0, "strong"), ntc, Well("H12", None, "S9"))


@pytest.mark.parametrize("place", ["B4", "B5", "B6", "C4", "C6", "D4", "D5", "D6"])
def test_neighbour_contamination(place: str) -> None:
    made = neighbours(place, 9.0)
    found = only(made, "neighbour_contamination")
    assert names(made, found) == [place]
    assert found.value == pytest.approx(9.0, abs=0.1)
    assert "C5" in found.message


@pytest.mark.parametrize("place", ["C7", "A5", "D7", "E3"])
def test_two_wells_away_is_no_neighbour(place: str) -> None:
    assert not find(neighbours(place, 9.0), "neighbour_contamination")


def test_what_is_no_contamination_by_a_neighbour() -> None:
    assert not find(neighbours("C6", 6.2), "neighbour_contamination")  # not late enough
    assert not find(neighbours("C6", 9.0, target="U"), "neighbour_contamination")
    assert not find(neighbours("C6", 9.0, sample="strong"), "neighbour_contamination")
    assert not find(neighbours("C6", 9.0, cq=None), "neighbour_contamination")


def test_samples_are_suspected_only_when_late() -> None:
    def patient(cq: float) -> Plate:
        return plate(Well("C5", cq - 9.0, "strong"), Well("C6", cq, "P-1"))

    assert only(patient(25.3), "neighbour_contamination").severity is Severity.REACTION
    assert not find(patient(24.7), "neighbour_contamination")


def test_neighbours_do_not_wrap_around_the_edge() -> None:
    made = plate(Well("A12", 24.0, "strong"), Well("B1", 34.0, "NTC", task=Task.NTC))
    assert index("B1") - index("A12") == 1
    assert not find(made, "neighbour_contamination")


def aged(days: float, *, dye: str = "FAM", zone: bool = True) -> Plate:
    started = datetime(2024, 5, 1, 8, tzinfo=UTC)
    made = plate(Well("A1", 25))
    table = np.ones((96, 1), np.float32)
    dates = {"background": started, dye: started - timedelta(days=days)}
    if not zone:
        dates = {part: date.replace(tzinfo=None) for part, date in dates.items()}
    calibration = OpticalCalibration(("1",), {"FAM": table, "CY5": table}, dates=dates)
    provenance = replace(made.run.provenance, started=started)
    return with_run(made, calibration=calibration, provenance=provenance)


@pytest.mark.parametrize("zone", [True, False])
def test_calibration_old(zone: bool) -> None:
    found = only(aged(549, zone=zone), "calibration_old")
    assert found.value == pytest.approx(549)
    assert "FAM" in found.message
    assert "background" not in found.message
    assert not find(aged(547, zone=zone), "calibration_old")


def test_calibration_of_dyes_that_are_not_used() -> None:
    assert not find(aged(900, dye="CY5"), "calibration_old")
    assert find(aged(900, dye="uniformity"), "calibration_old")
    assert not find(plate(Well("A1", 25)), "calibration_old")


def test_omitted_on_the_instrument() -> None:
    made = plate(Well("A1", 25, omitted=True), Well("A2", 25))
    found = only(made, "instrument_flags")
    assert (found.severity, names(made, found)) == (Severity.INFO, ["A1"])
    made = plate(Well("A1", 30, "NTC", task=Task.NTC, omitted=True), Well("A2", 25))
    assert only(made, "instrument_flags").severity is Severity.WARNING
    assert not find(made, "ntc_amplified"), "omitted wells are left out by every other rule"


def test_stored_ct_unlike_ours() -> None:
    made = plate(Well("A1", 25))
    ours = made.curves.instrument_cq[0].value
    assert ours is not None

    def stored(cq: float | None) -> Plate:
        results = {(0, "T"): InstrumentResult(0, "T", cq, cq is not None)}
        return with_run(made, results=results)

    assert only(stored(ours + 0.15), "instrument_flags").value == pytest.approx(0.15)
    assert not find(stored(ours + 0.05), "instrument_flags")
    silent = only(stored(None), "instrument_flags")
    assert silent.severity is Severity.WARNING
    assert "no Ct in A1; one is fitted here" in silent.message
    unsaid = with_run(made, results={(0, "T"): InstrumentResult(0, "T", None, None)})
    assert not find(unsaid, "instrument_flags")


def flagged(*flags: str, omitted: bool = False) -> Plate:
    made = plate(Well("A1", 25, omitted=omitted), Well("A2", 26))
    return with_run(made, results={(0, "T"): InstrumentResult(0, "T", None, None, flags=flags)})


def test_flags_of_the_instruments_software() -> None:
    info, grave = find(flagged("HIGHSD"), "instrument_flags"), flagged("HIGHSD", "OFFSCALE")
    assert [(one.severity, one.reactions) for one in info] == [(Severity.INFO, (0,))]
    assert "HIGHSD, replicates that spread" in info[0].message
    found = find(grave, "instrument_flags")
    assert [one.severity for one in found] == [Severity.WARNING, Severity.INFO]
    assert not find(flagged(), "instrument_flags")
    omitted = find(flagged("OFFSCALE", omitted=True), "instrument_flags")
    assert ["Omitted" in one.message for one in omitted] == [True]


def test_every_flag_that_is_read_has_a_meaning() -> None:
    assert {name.upper() for name in FLAGS} == set(MEANINGS)
    assert set(MEANINGS) > GRAVE


# ---- layout


def laid_out(panel: Panel, *extra: Well, without: str = "") -> Plate:
    """The smallest plate the panel accepts, less one well."""
    smallest = [
        Well("A1", None, "P-1", F4R7),
        Well("A2", None, "P-1", F4R7),
        Well("A3", None, "NTC", F4R7),
        Well("A4", 28, "Positive control", F4R7),
    ]
    made = plate(*(w for w in smallest if w.name != without), *extra, panel=panel)
    return with_run(made, passive_reference="ROX")


def test_layout_that_fits(panel: Panel) -> None:
    assert not find(laid_out(panel), "layout")


@pytest.mark.parametrize(("well", "word"), [("A3", "no-template"), ("A4", "positive")])
def test_missing_controls(panel: Panel, well: str, word: str) -> None:
    found = only(laid_out(panel, without=well), "layout")
    assert (found.severity, found.targets) == (Severity.RUN, (F4R7,))
    assert f"no {word} control" in found.message
    assert (found.value, found.limit) == (0.0, 1.0)


def test_controls_are_asked_for_each_target(panel: Panel) -> None:
    other = [Well(f"B{i}", None, "P-1", "F.2a × R-7") for i in (1, 2)]
    found = find(laid_out(panel, *other), "layout")
    assert [f.targets for f in found] == [("F.2a × R-7",)] * 2


def test_missing_replicate(panel: Panel) -> None:
    assert not find(laid_out(panel, without="A2"), "layout"), "the panel asks for one well"
    panel = replace(panel, layout=replace(panel.layout, replicates=2))
    made = laid_out(panel, without="A2")
    found = only(made, "layout")
    assert (found.severity, names(made, found)) == (Severity.WARNING, ["A1"])
    assert "P-1" in found.message


def test_unknown_target(panel: Panel) -> None:
    made = laid_out(panel, Well("B1", None, "P-1", "F.9 × R-7"))
    found = only(made, "layout")
    assert "F.9 × R-7" in found.message
    assert names(made, found) == ["B1"]
    assert not find(laid_out(panel, Well("B1", None, "P-1", "f.4/r-7")), "layout")


def test_other_dye(panel: Panel) -> None:
    made = laid_out(panel, Well("B1", None, "P-1", F4R7, reporter="VIC"))
    found = only(made, "layout")
    assert "read in VIC" in found.message
    assert "FAM" in found.message
    made = with_run(laid_out(panel), passive_reference=None)
    assert "ROX" in only(made, "layout").message


# ---- evaluation


def test_without_a_panel_only_general_rules_run() -> None:
    made = plate(Well("A1", None, target=REFERENCE), Well("A2", 33, "NTC", task=Task.NTC))
    found = evaluate(made)
    assert {f.rule for f in found} == {"ntc_amplified", "no_amplification"}
    assert found[0].rule == "ntc_amplified", "the gravest comes first"
    assert found[0].severity is Severity.WARNING, "nobody has said what makes a run invalid"


def test_only_the_panels_rules_run_with_its_limits(panel: Panel) -> None:
    source = panel.cutoffs.source
    chosen = replace(panel, qc=(QcRule("replicates", (("largest_cq_difference", 2),), source),))
    wells = [Well("A1", 24, target=F4R7), Well("A2", 25.5, target=F4R7)]
    assert find(plate(*wells, panel=chosen), "replicates"), "the rule's own limit is smaller"
    assert not evaluate(plate(*wells, panel=chosen))
    tight = replace(chosen, qc=(QcRule("replicates", (("largest_cq_difference", 1),), source),))
    assert [f.rule for f in evaluate(plate(*wells, panel=tight))] == ["replicates"]


@pytest.mark.parametrize(
    ("rule", "limits", "place", "meant"),
    [
        ("replicats", (), "qc.replicats", "replicates"),
        ("replicates", (("largest_cq_diference", 1.0),), "largest_cq_diference", "difference'"),
        ("ntc_amplified", (("cycles_after_cutof", 1.0),), "cycles_after_cutof", "cutoff"),
        ("late_cq", (("within", 1.0),), "qc.late_cq.within", "has none"),
        ("replicates", (("single_copy_cq", True),), "qc.replicates.single_copy_cq", "number"),
        ("replicates", (("single_copy_cq", "37"),), "qc.replicates.single_copy_cq", "number"),
    ],
)
def test_unknown_rules_and_limits_are_refused(
    panel: Panel, rule: str, limits: tuple, place: str, meant: str
) -> None:
    wrong = replace(panel, qc=(QcRule(rule, limits, panel.cutoffs.source),))
    with pytest.raises(InputError) as caught:
        check_panel_rules(wrong)
    assert place in str(caught.value)
    assert meant in str(caught.value)
    with pytest.raises(InputError):
        evaluate(plate(Well("A1", 25, target=F4R7), panel=wrong))


def test_rules_that_the_panel_does_not_change_keep_their_limits(panel: Panel) -> None:
    limits = check_panel_rules(panel)["reference_gene"]
    assert limits["latest_cq"] == 32.0
    assert limits["lowest_rise_share"] == rules()["reference_gene"].limits["lowest_rise_share"]


def test_a_plate_has_one_row_a_reaction() -> None:
    made = plate(Well("A1", 25))
    with pytest.raises(ValueError, match="one row a reaction"):
        plate_of(made.run, made.curves, made.fits, ())


def test_wells_by_name() -> None:
    made = plate(*(Well(f"A{i}", target=t) for i in range(1, 6) for t in ("T", "U")))
    every = range(10)
    assert wells(made, list(every)) == "A1, A2, A3, A4, A5"
    assert wells(made, list(every), most=2) == "A1, A2 and 3 more"


def test_severities_in_order() -> None:
    assert sorted(Severity, key=lambda s: s.grade) == list(Severity)
    assert Severity.RUN.grade > Severity.REACTION.grade > Severity.WARNING.grade


# ---- sample names of controls in panels


def edited(old: str, new: str) -> Panel:
    """The panel of RNase P with one place of its file changed."""
    text = resources.files("primers").joinpath("panels", "rnasep.toml").read_text("utf-8")
    assert old in text
    return parse_panel(text.replace(old, new).encode())


def test_controls_without_names_know_none() -> None:
    control = Control("ntc", 1, "not amplified", load_panel("rnasep").layout.source)
    assert control.samples == ()
    assert not control.matches("NTC")


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ('samples = ["NTC", "PC", ', "two kinds"),
        ('samples = ["*", ', "every sample fits"),
        ('samples = ["NTC", "NTC", ', "same name twice"),
        ('sample = ["NTC", ', "not known"),
    ],
)
def test_impossible_names_are_refused(new: str, problem: str) -> None:
    with pytest.raises(PanelError, match=problem):
        edited('samples = ["NTC", ', new)


def test_names_of_controls(panel: Panel) -> None:
    layout = panel.layout
    assert layout.control_kind(" ntc 3 ") == "ntc"
    assert layout.control_kind("空白对照2") == "ntc"
    assert layout.is_control("PC1")
    assert not layout.is_control("NTCHAN")
    assert not layout.is_control(None)
