"""The recommended method on plates of every kind: what must not change a Cq does not.

All wells are simulated, with known truth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shared_curves
from shared_curves import CYCLES, assay, batch_of

from qpcr.fits import fit_arrays
from qpcr.methods import _shift, methods
from qpcr.methods._aligned import align
from qpcr.methods.recommended import HOW

RECOMMENDED = methods()["recommended"]
START = 10 ** np.random.default_rng(1).uniform(-8, -3.5, 24)
MADE = assay(START, seed=2)
TARGETS = ["a"] * 12 + ["b"] * 12


def estimate(signal, targets=TARGETS, cycles=CYCLES):
    return RECOMMENDED.estimate(batch_of(signal, targets, cycles))


@pytest.fixture(scope="module")
def plain():
    return estimate(MADE.signal)


@pytest.mark.parametrize(
    ("factor", "offset"), [(1e-3, 0), (1e5, 0), (1, 10), (1, -5), (1e4, 1e6), (250, -30)]
)
def test_scale_and_offset_of_the_readings_change_nothing(plain, factor, offset):
    """Raw fluorescence, Rn, a dark current taken off or not: one Cq; N0 in the readings' unit."""
    e = estimate(MADE.signal * factor + offset)
    np.testing.assert_allclose(e.cq, plain.cq, atol=1e-9)
    np.testing.assert_allclose(e.cq_se, plain.cq_se, rtol=1e-6)
    np.testing.assert_allclose(e.efficiency, plain.efficiency, atol=1e-10)
    np.testing.assert_allclose(e.n0, plain.n0 * factor, rtol=1e-8)


@pytest.mark.parametrize("count", [24, 450])
def test_order_of_wells_changes_nothing(count):
    """Also where a target has so many wells that only some of them make its common curve."""
    rng = np.random.default_rng(3)
    made = assay(10 ** rng.uniform(-8, -3.5, count), seed=3)
    targets = np.repeat(["a", "b"], [count - 6, 6])
    order = rng.permutation(count)
    first = estimate(made.signal, list(targets))
    other = estimate(made.signal[order], list(targets[order]))
    np.testing.assert_allclose(other.cq, first.cq[order], atol=1e-9)
    np.testing.assert_allclose(other.efficiency, first.efficiency[order], atol=1e-10)


def test_a_plate_twice_is_the_plate(plain):
    twice = estimate(np.vstack([MADE.signal] * 2), TARGETS * 2)
    np.testing.assert_array_equal(twice.cq[:24], twice.cq[24:])
    np.testing.assert_allclose(twice.cq[:24], plain.cq, atol=0.03)
    np.testing.assert_allclose(twice.efficiency[:24], plain.efficiency, atol=0.005)


def test_wells_without_template_change_nothing(plain):
    rng = np.random.default_rng(4)
    drift = 1e-3 * rng.normal(size=(12, 1)) * CYCLES
    flat = 0.5 + drift + 0.002 * rng.normal(size=(12, len(CYCLES)))
    e = estimate(np.vstack([MADE.signal, flat]), [*TARGETS, *TARGETS[::2]])
    np.testing.assert_allclose(e.cq[:24], plain.cq, atol=1e-9)
    assert np.isnan(e.cq[24:]).all()
    assert np.isnan(e.cq_se[24:]).all()


def test_a_slow_drift_is_no_rise(plain):
    """It bends like a rise while no baseline is taken off; above a baseline there is nothing."""
    noise = np.random.default_rng(0).normal(size=(4, len(CYCLES)))
    drift = 0.9 + 0.03 / (1 + np.exp(-0.2 * (CYCLES - 20))) + 0.001 * noise
    batch = batch_of(np.vstack([MADE.signal, drift]), [*TARGETS, *["a"] * 4])
    above = fit_arrays(CYCLES, batch.drn, model="logistic5").table.amplified
    deceptive = (batch.whole.table.amplified & ~above)[24:]
    assert deceptive.any()
    e = RECOMMENDED.estimate(batch)
    assert np.isnan(e.cq[24:][deceptive]).all()
    np.testing.assert_allclose(e.cq[:24], plain.cq, atol=0.05)


def test_other_targets_of_the_plate_hardly_change_a_cq(plain):
    """Only how free amplitudes are is asked of the whole plate."""
    alone = estimate(MADE.signal[:12], TARGETS[:12])
    np.testing.assert_allclose(alone.cq, plain.cq[:12], atol=0.15)
    assert (alone.cq - plain.cq[:12]).std() < 0.05


@pytest.mark.parametrize("noise", [0.005, 0.02])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_wells(count, noise):
    """One well is its own common curve; every number is there, and as sure as it says."""
    seen, said = [], []
    for seed in range(40 // count):
        start = 10 ** np.random.default_rng(seed).uniform(-8, -4, count)
        made = assay(start, noise=noise, seed=seed)
        e = estimate(made.signal, ["t"] * count)
        assert np.isfinite([e.cq, e.cq_se, e.efficiency, e.efficiency_se, e.n0, e.n0_se]).all()
        seen.extend(e.cq - made.cycles_late)
        said.extend(e.cq_se)
    ratio = np.sqrt(np.mean(np.square(said))) / np.std(seen)
    assert 0.7 < ratio < 1.5


def test_every_well_a_target_of_its_own():
    """96 assays with one well each: each as good as its own fit, efficiencies near the prior."""
    start = 10 ** np.random.default_rng(5).uniform(-8, -3.5, 96)
    made = assay(start, seed=2)
    e = estimate(made.signal, [f"t{n}" for n in range(96)])
    assert np.std(e.cq - made.cycles_late) < 0.06
    assert (np.abs(e.efficiency - made.efficiency) < 2 * e.efficiency_se).all()
    assert np.std(e.efficiency) < 0.02


@pytest.mark.parametrize("last", [30, 40, 50, 60])
def test_length_of_the_run(monkeypatch, last):
    """A well is told by its rise: cycles of plateau after it move Cq by little."""
    start = 10 ** np.random.default_rng(5).uniform(-5, -3.5, 12)
    monkeypatch.setattr(shared_curves, "CYCLES", np.arange(1.0, 61.0))
    made = assay(start, seed=2)
    e = estimate(made.signal[:, :last], None, np.arange(1.0, last + 1))
    assert np.std(e.cq - made.cycles_late) < 0.12
    full = estimate(made.signal, None, shared_curves.CYCLES)
    assert abs(np.mean(e.cq - full.cq)) < 0.05


def test_missing_readings_and_spikes_stay_in_their_well(plain):
    signal = MADE.signal.copy()
    signal[3, 20] = np.nan
    signal[5, :5] = np.nan
    signal[7, 30:] = np.nan
    signal[9] = np.nan
    signal[2, 10] -= 0.3
    e = estimate(signal)
    assert np.isnan(e.cq[9])
    touched = np.isin(np.arange(24), [2, 3, 5, 7, 9])
    assert np.abs(e.cq - plain.cq)[~touched].max() < 0.1
    assert np.abs(e.cq - plain.cq)[[3, 5, 7]].max() < 0.25


def test_a_wandering_well_does_not_bend_the_common_curve(plain):
    signal = MADE.signal.copy()
    signal[1] = 1 + 0.05 * np.cumsum(np.random.default_rng(9).normal(size=len(CYCLES)))
    e = estimate(signal)
    assert np.abs(e.cq - plain.cq)[np.arange(24) != 1].max() < 0.08


def crooked(count=6):
    """Wells whose rise takes twice and thrice as long, as inhibited wells' does."""
    fast = assay(np.full(count, 1e-6), 1.95, noise=0.001, seed=1).signal
    slow = assay(np.full(count, 1e-4), 1.45, noise=0.001, seed=2).signal
    slower = assay(np.full(count, 1e-3), 1.25, noise=0.001, seed=3).signal
    return np.vstack([fast, slow, slower])


def test_wells_that_do_not_come_to_rest_are_told_apart():
    """A well is either at rest on the common curve or is read off its own fit: never in between."""
    batch = batch_of(crooked())
    found = align(batch, HOW, ask=True)
    assert found.apart.any()
    moved = np.abs(found.shifted.t - found.wells.t)
    assert (moved[found.apart] == 0).all()
    np.testing.assert_array_equal(found.apart[:6], found.apart[0])
    further = _shift.shift(
        batch.cycles, replace(found.wells, t=found.shifted.t), found.curves, found.how
    )
    at_rest = ~found.apart
    assert np.abs(further.t - found.shifted.t)[at_rest].max(initial=0) < 0.1


def test_without_a_common_curve_each_well_is_read_off_its_own():
    """Unlike wells under one target's name: replicates still agree, and order is kept."""
    signal = crooked()
    e = RECOMMENDED.estimate(batch_of(signal))
    assert np.isfinite(e.cq).all()
    above = signal - np.median(signal[:, :8], axis=1)[:, None]
    level = 0.1 * above.max(axis=1)
    crossing = np.argmax(above > level[:, None], axis=1) + 0.5
    assert np.abs(e.cq - crossing)[:12].max() < 1.0
    assert e.cq[:6].std() < 0.05
    assert e.cq[6:12].std() < 0.05
    assert e.cq[:12].max() < e.cq[12:].min()


def some_slow(count):
    """Twelve good wells, and `count` whose rise takes twice as long."""
    start = 10 ** np.random.default_rng(1).uniform(-8, -4, 12)
    good = assay(start, 1.95, noise=0.001, seed=1).signal
    return np.vstack([good, assay(np.full(count, 1e-4), 1.45, noise=0.001, seed=2).signal])


@pytest.mark.parametrize(("count", "apart"), [(1, 0), (2, 0), (5, 12)])
def test_a_fifth_of_wells_apart_means_that_there_is_no_common_curve(count, apart):
    found = align(batch_of(some_slow(count)), HOW, ask=True)
    assert found.apart[12:].all()
    assert found.apart[:12].sum() == apart


def test_a_well_that_is_apart_does_not_make_the_common_curve():
    signal = some_slow(2)
    without = RECOMMENDED.estimate(batch_of(signal[:12])).cq
    assert np.abs(RECOMMENDED.estimate(batch_of(signal)).cq[:12] - without).max() < 0.015


def test_no_cq_outside_the_run():
    """Wells that are only beginning to rise at the last cycle: none is extrapolated."""
    start = np.array([*10 ** np.random.default_rng(1).uniform(-8, -4, 12), 1e-13, 5e-15, 4e-15])
    e = RECOMMENDED.estimate(batch_of(assay(start, 1.95, noise=1e-4, seed=1).signal))
    np.testing.assert_array_equal(np.isfinite(e.cq), [True] * 13 + [False] * 2)
    np.testing.assert_array_equal(np.isfinite(e.cq_se), np.isfinite(e.cq))
    np.testing.assert_array_equal(np.isfinite(e.n0), np.isfinite(e.cq))


def test_slow_plateaus():
    """Rises that end slowly, as probes' do: Cq still counts cycles."""
    start = 10 ** np.random.default_rng(7).uniform(-7, -4, 16)
    rng = np.random.default_rng(8)
    product, columns = start.copy(), []
    for _ in CYCLES:
        # The limit bites by its root: half the efficiency is gone at a quarter of the plateau.
        product = product * (1 + 0.93 * np.clip(1 - np.sqrt(product), 0, 1))
        columns.append(product)
    clean = np.exp(rng.normal(0, 0.1, (16, 1))) * (np.stack(columns, axis=1) + 0.4)
    e = estimate(clean + 0.001 * rng.normal(size=clean.shape), ["t"] * 16)
    truth = -np.log(start) / np.log(1.93)
    assert np.polyfit(truth, e.cq, 1)[0] == pytest.approx(1, abs=0.02)
    assert np.std(e.cq - truth) < 0.12


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.03])
def test_two_standard_errors_hold_most_wells(noise):
    inside, squares, said = [], [], []
    for seed in range(6):
        made = assay(10 ** np.random.default_rng(seed).uniform(-8, -4, 16), noise=noise, seed=seed)
        e = estimate(made.signal, ["t"] * 16)
        off = e.cq - made.cycles_late
        off = (off - off.mean()) * np.sqrt(16 / 15)
        inside.extend(np.abs(off) < 2 * e.cq_se)
        squares.extend(off**2)
        said.extend(e.cq_se**2)
    assert np.mean(inside) > 0.88
    assert 0.8 < np.sqrt(np.mean(said) / np.mean(squares)) < 1.25


def test_standard_error_of_what_all_wells_miss_alike_is_not_theirs():
    """A common curve that is wrong for all wells alike moves no well against another."""
    made = assay(np.full(40, 1e-6), noise=0.0005, brightness=0.02)
    wave = 0.02 * np.sin(CYCLES)[None] * (CYCLES > 15)
    clean, wavy = estimate(made.signal, ["t"] * 40), estimate(made.signal + wave, ["t"] * 40)
    assert np.median(wavy.cq_se) < 2 * np.median(clean.cq_se)
