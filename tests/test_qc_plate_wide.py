"""Quality rules that look at the whole plate or at all wells of a sample: triggers, near-misses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from qc_plates import PAIRS, WIDTH, Well, find, names, only, plate, with_run
from scipy.stats import ttest_ind

from primers import Panel, load_panel
from qpcr.findings import Severity
from qpcr.qc import Plate
from qpcr.qc.edge_effect import difference
from qpcr.run import Task
from qpcr.shapes import Kind, classify

F4R7 = "F.4 × R-7"
REFERENCE = "RNase P"


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_panel("ikzf1")


def rim_plate(*, rim_width: float, delay: float = 0.0) -> Plate:
    """Twelve samples, half of them on the rim; curves of the rim have their own width."""
    made = []
    for number in range(12):
        on_rim = number % 2 == 0
        cq = 24.0 + 0.3 * (number // 2) + (delay if on_rim else 0.0)
        made.append(
            Well(
                f"{'A' if on_rim else 'C'}{number + 1}" if number else "A1",
                cq,
                f"S{number // 2}",
                width=rim_width if on_rim else WIDTH,
            )
        )
    made[-1] = replace(made[-1], name="C11")
    built = plate(*made)
    return replace(built, shapes=classify(built.curves))


def test_the_rim_amplifies_more_slowly() -> None:
    made = rim_plate(rim_width=1.05 * WIDTH)
    found = only(made, "edge_effect")
    assert found.severity is Severity.WARNING
    assert "more slowly" in found.message
    assert found.value == pytest.approx(0.05, abs=0.01)
    assert {name[0] for name in names(made, found)} == {"A"}


def test_the_rim_amplifies_faster() -> None:
    assert "faster" in only(rim_plate(rim_width=0.95 * WIDTH), "edge_effect").message


def test_controls_on_the_rim_may_be_purer_than_samples() -> None:
    made = rim_plate(rim_width=0.95 * WIDTH)
    rim = [replace(one, task=Task.POSITIVE_CONTROL) for one in made.run.reactions]
    mixed = [
        new if new.well < 12 else old for new, old in zip(rim, made.run.reactions, strict=True)
    ]
    assert find(made, "edge_effect")
    assert not find(with_run(made, reactions=tuple(mixed)), "edge_effect")


def test_replicates_on_the_rim_are_later() -> None:
    found = only(rim_plate(rim_width=WIDTH, delay=0.5), "edge_effect")
    assert "later" in found.message
    assert found.value == pytest.approx(0.5, abs=0.02)


def test_what_is_no_edge_effect() -> None:
    assert not find(rim_plate(rim_width=1.01 * WIDTH), "edge_effect")
    assert not find(rim_plate(rim_width=WIDTH, delay=0.2), "edge_effect")
    assert not find(rim_plate(rim_width=1.05 * WIDTH), "edge_effect", fewest_wells=7)


def test_difference_of_two_groups_is_students_t() -> None:
    rng = np.random.default_rng(3)
    values, rim = rng.normal(0, 1, 20), np.arange(20) < 8
    by_hand = ttest_ind(values[rim], values[~rim])
    found, chance = difference(values, [0] * 20, rim)
    assert found == pytest.approx(values[rim].mean() - values[~rim].mean())
    assert chance == pytest.approx(by_hand.pvalue)
    assert difference(values, list(rim), rim) == (0.0, 1.0)  # a group each: nothing to compare


def exchanged(ntc: float | None, lost: float | None) -> list[Well]:
    """Three samples and an NTC; the reference gene of the NTC and of S3 comes at these Cts."""
    made = [Well(f"A{i}", 24.0, f"S{i}", REFERENCE) for i in (1, 2)]
    made += [Well("A3", lost, "S3", REFERENCE), Well("B3", None, "S3", F4R7)]
    return [*made, Well("A4", ntc, "NTC", REFERENCE), Well("B4", None, "NTC", F4R7)]


def test_exchanged_ntc(panel: Panel) -> None:
    found = only(plate(*exchanged(24.0, None), panel=panel), "exchanged_controls")
    assert found.severity is Severity.RUN
    assert "NTC" in found.message
    assert "S3" in found.message


@pytest.mark.parametrize(("ntc", "lost"), [(24.0, 24.0), (None, None), (30.0, None)])
def test_what_is_no_exchanged_ntc(panel: Panel, ntc: float | None, lost: float | None) -> None:
    assert not find(plate(*exchanged(ntc, lost), panel=panel), "exchanged_controls")


def with_positive(control: Iterable[int], sample: Iterable[int]) -> list[Well]:
    """A positive control and a sample, each tested for all pairs, that amplify these."""
    return [
        Well(f"{row}{at + 1}", 26.0 if at in shown else None, name, pair)
        for row, name, shown in (("A", "PC", set(control)), ("B", "S1", set(sample)))
        for at, pair in enumerate(PAIRS)
    ]


def test_exchanged_positive_control(panel: Panel) -> None:
    found = only(plate(*with_positive([0], range(6)), panel=panel), "exchanged_controls")
    assert found.severity is Severity.RUN
    assert "PC" in found.message


def test_what_is_no_exchanged_positive_control(panel: Panel) -> None:
    for control, sample in (([0, 1, 2], range(6)), ([0], range(5)), ([], []), (range(6), range(6))):
        made = plate(*with_positive(control, sample), panel=panel)
        assert not find(made, "exchanged_controls")


def test_a_deletion_before_its_reference_gene(panel: Panel) -> None:
    def made(cq: float) -> Plate:
        return plate(
            Well("A1", cq, "S1", F4R7),
            Well("B1", 26.0, "S1", REFERENCE),
            Well("B2", 20.0, "S2", REFERENCE),
            panel=panel,
        )

    found = only(made(23.8), "contradictory_wells")
    assert names(made(23.8), found) == ["A1", "B1"]
    assert found.value == pytest.approx(2.2, abs=0.1)
    assert not find(made(24.2), "contradictory_wells")


def test_a_low_threshold_is_no_contradiction(panel: Panel) -> None:
    wells = [Well("A1", 24.0, "S1", F4R7), Well("B1", 24.0, "S1", REFERENCE)]
    even = plate(*wells, panel=panel, threshold={F4R7: 0.4, REFERENCE: 0.4})
    low = plate(*wells, panel=panel, threshold={F4R7: 0.04, REFERENCE: 0.4})
    cqs = [made.fits.table.cq[0] for made in (even, low)]
    assert cqs[0] - cqs[1] > 2.5  # the Ct alone would be a contradiction
    assert not find(low, "contradictory_wells")


def test_more_deletions_than_alleles(panel: Panel) -> None:
    three = [Well(f"A{at + 1}", 26.0, "S1", PAIRS[at]) for at in (0, 1, 3)]
    assert only(plate(*three, panel=panel), "contradictory_wells").value == 3
    same = replace(three[2], target=PAIRS[2])  # F.2a and F.2b of one deletion
    assert not find(plate(*three[:2], same, panel=panel), "contradictory_wells")
    improper = replace(three[2], kind=Kind.DRIFT)
    assert not find(plate(*three[:2], improper, panel=panel), "contradictory_wells")


def test_a_splash_is_only_a_warning_where_another_well_agrees(panel: Panel) -> None:
    def severity(*more: Well) -> Severity:
        made = plate(Well("C5", 20, "strong", F4R7), Well("C6", 30, "S1", F4R7), *more, panel=panel)
        return only(made, "neighbour_contamination").severity

    assert severity() is Severity.REACTION
    assert severity(Well("F9", 31, "S1", F4R7)) is Severity.WARNING
    assert severity(Well("F9", 33, "S1", F4R7)) is Severity.REACTION
    assert severity(Well("F9", 30, "S2", F4R7)) is Severity.REACTION
    assert severity(Well("F9", 30, "S1", PAIRS[1])) is Severity.REACTION  # another deletion


def test_two_wells_beside_one_source_do_not_confirm_each_other(panel: Panel) -> None:
    made = plate(
        Well("C5", 20, "strong", F4R7),
        Well("C6", 30, "S1", F4R7),
        Well("C4", 30, "S1", F4R7),
        panel=panel,
    )
    found = find(made, "neighbour_contamination")
    assert [one.severity for one in found] == [Severity.REACTION] * 2
