"""Cq methods against closed forms, simulated truth and published curves."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from shared_curves import CYCLES, assay, batch_of

from qpcr.methods import _growth, mak2, methods, takeoff, window
from qpcr.methods._amplitude import FREE, TIGHT, amplitude_spread
from qpcr.methods._bootstrap import bootstrap
from qpcr.methods._medians import medians
from qpcr.methods._shift import Weighting, Wells
from qpcr.tables import read_curves

RECOMMENDED = methods()["recommended"]


def test_takeoff_residual_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    y = 1 + 0.01 * CYCLES + 0.01 * rng.normal(size=(2, len(CYCLES)))
    y[1, 3] = np.nan
    t, freedom = takeoff.studentised(CYCLES, y)
    for row, n in ((0, 20), (1, 12)):
        known = np.isfinite(y[row, :n])
        x, v = CYCLES[:n][known], y[row, :n][known]
        design = np.stack([np.ones_like(x), x], axis=1)
        beta, rss = np.linalg.lstsq(design, v, rcond=None)[:2]
        at = np.array([1.0, CYCLES[n]])
        spread = np.sqrt(rss[0] / (len(x) - 2) * (1 + at @ np.linalg.inv(design.T @ design) @ at))
        assert t[row, n] == pytest.approx((y[row, n] - at @ beta) / spread, rel=1e-8)
        assert freedom[row, n] == len(x) - 2


def test_window_finds_the_baseline_of_an_exponential():
    y = np.array([[0.7], [-2.0]]) + 1e-6 * np.array([[1.83], [1.95]]) ** CYCLES
    found = window.baseline(y, np.array([28, 24]))
    np.testing.assert_allclose(found, [0.7, -2.0], atol=1e-6)


def test_mak2_finds_its_own_parameters():
    k, d0 = np.array([0.8, 2.0, 0.3]), np.array([1e-6, 3e-9, 2.2e-5])
    d, columns = d0.copy(), []
    for _ in CYCLES:
        d = d + k * np.log1p(d / k)
        columns.append(d)
    y = np.stack(columns, axis=1) + np.array([[0.2], [1.0], [-0.3]])
    guess = np.array([CYCLES[np.argmax(row > 1)] for row in np.stack(columns, axis=1) / k[:, None]])
    shift, found = mak2.fit(CYCLES, y, guess + 3, guess)
    np.testing.assert_allclose(found, k, rtol=0.02)
    np.testing.assert_allclose(found * 2.0 ** (-mak2.BELOW - shift), d0, rtol=0.02)


def test_shared_rate_of_logistic_growth():
    """Where its law holds exactly, the shared rate is the rate."""
    rng = np.random.default_rng(5)
    rates = np.log([1.8, 1.97])
    group = np.repeat([0, 1], 6)
    middle = rng.uniform(20, 30, 12)
    y = 1 / (1 + np.exp(-rates[group][:, None] * (CYCLES - middle[:, None])))
    y = y * rng.uniform(0.8, 1.2, (12, 1)) + 0.3 + 0.001 * CYCLES
    line = np.stack([np.full(12, 0.3), np.zeros(12)], axis=1)
    wells = Wells(y, group, middle, np.zeros(12), line, np.zeros(12))
    loose = Weighting(0.005, 0.1, 10.0, foot=True)
    value, error = _growth.shared_rates(CYCLES, wells, middle + 0.3, 3, loose)
    np.testing.assert_allclose(value[:2], [1.8, 1.97], atol=2e-3)
    assert np.isnan(value[2])
    assert np.isnan(error[2])


def test_pooling_is_the_mean_over_spreads_of_the_conditional_normal():
    """Against the joint normal of efficiencies and observations, written out and inverted."""
    value, error = np.array([1.91, np.nan, 1.84, 1.99]), np.array([0.01, np.nan, 0.05, 0.02])
    # Unknowns: plate mean m, form d, four v; observations of targets 0, 2, 3.
    look = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 0, 1]], float)
    read = np.hstack([np.ones((4, 1)), np.zeros((4, 1)), np.eye(4)])
    away, noise = value[[0, 2, 3]] - 1.95, np.diag(error[[0, 2, 3]] ** 2)
    means, squares, weights = [], [], []
    for spread in 0.03 * np.array([0.25, 0.5, 1, 2, 4, 8]):
        prior = np.diag([0.03**2, 0.1**2, *[spread**2] * 4])
        seen = look @ prior @ look.T + noise
        gain = prior @ look.T @ np.linalg.inv(seen)
        means.append(1.95 + read @ gain @ away)
        spare = read @ (prior - gain @ look @ prior) @ read.T
        squares.append(np.diag(spare) + means[-1] ** 2)
        density = np.exp(-0.5 * away @ np.linalg.solve(seen, away)) / np.sqrt(np.linalg.det(seen))
        weights.append(density * spread / (1 + (spread / 0.03) ** 2))
    weights = np.array(weights) / sum(weights)
    answer = weights @ np.array(means)
    mean, sd = _growth.pooled(value, error)
    np.testing.assert_allclose(mean, answer, rtol=1e-10)
    np.testing.assert_allclose(sd, np.sqrt(weights @ np.array(squares) - answer**2), rtol=1e-6)


def test_pooling_lets_the_plate_say_how_far_targets_differ():
    """Alike: drawn together. Far apart by curves that are sure: left apart."""
    error = np.full(6, 0.02)
    alike = _growth.posterior(1.95 + 0.02 * np.array([-1, 1, -1, 1, -1, 1.0]), error)[0]
    assert np.ptp(alike) < 0.6 * 0.04
    far = _growth.posterior(1.7 + 0.2 * np.array([-1, 1, -1, 1, -1, 1.0]), error)[0]
    assert np.ptp(far) > 0.95 * 0.4


def test_pooling_without_a_value_is_the_prior():
    mean, spread = _growth.pooled(np.array([np.nan]), np.array([np.nan]))
    assert mean[0] == 1.95
    assert 0.03 * np.sqrt(2) < spread[0] < 0.1
    assert _growth.pooled(np.zeros(0), np.zeros(0))[0].shape == (0,)


def test_brightness_and_background_do_not_move_cq():
    start = np.repeat([1e-4, 1e-6], 30)
    made = assay(start, brightness=0.3, noise=0.0005)
    cq = RECOMMENDED.estimate(batch_of(made.signal)).cq
    error = cq - made.cycles_late
    assert error.std() < 0.03


@pytest.mark.parametrize("centre", [1e-5, 1.37e-5, 1.7e-5])
def test_wells_of_like_quantity_are_not_pulled_together(centre):
    """Replicates must not look better than they are, wherever they lie between whole cycles."""
    start = centre * np.exp(np.random.default_rng(6).normal(0, 0.1, 200))
    made = assay(start, noise=0.002)
    cq = RECOMMENDED.estimate(batch_of(made.signal)).cq
    slope = np.polyfit(made.cycles_late, cq, 1)[0]
    assert 0.9 < slope < 1.1


@pytest.mark.parametrize("noise", [0.002, 0.01])
def test_standard_errors_are_the_size_of_the_errors(noise):
    made = assay(np.repeat([1e-4, 1e-6, 1e-8], 40), noise=noise)
    batch = batch_of(made.signal)
    e = RECOMMENDED.estimate(batch)
    actual = (e.cq - made.cycles_late).std()
    assert 0.8 < np.sqrt(np.mean(e.cq_se**2)) / actual < 1.2
    again = bootstrap(batch, e.n0, 30).cq
    assert 0.5 < np.sqrt(np.mean(again**2)) / actual < 2.0
    truth = np.abs(e.efficiency - made.efficiency) < 2 * e.efficiency_se
    assert truth.all()


def test_medians_of_groups():
    rng = np.random.default_rng(2)
    group, values, good = rng.integers(0, 9, 60), rng.normal(size=60), rng.random(60) < 0.7
    values[~good] = np.nan
    found = medians(values, group, 11, good)
    for one in range(11):
        mine = values[good & (group == one)]
        expected = np.median(mine) if len(mine) else np.nan
        np.testing.assert_equal(found[one], expected)


def test_amplitude_follows_what_scatters_less():
    rng = np.random.default_rng(8)
    group, good = np.repeat([0, 1], 50), np.ones(100, bool)
    small, large = 0.02 * rng.normal(size=100), 0.1 * rng.normal(size=100)
    shifted = large + 5 * group  # targets of unlike brightness
    assert amplitude_spread(small, shifted, group, good) == FREE
    assert amplitude_spread(shifted, small, group, good) == TIGHT
    assert TIGHT < amplitude_spread(0.5 * large, large, group, good) == pytest.approx(0.4)
    assert amplitude_spread(small[:5], large[:5], group[:5], good[:5]) == TIGHT
    assert amplitude_spread(0 * small, large, group, good) == FREE


def test_bootstrap_wants_two_draws():
    with pytest.raises(ValueError, match="at least 2"):
        bootstrap(batch_of(assay(np.array([1e-5])).signal), np.ones(1), 1)


def rms(values):
    return np.sqrt(np.mean(np.asarray(values) ** 2))


@pytest.mark.parametrize("noise", [0.002, 0.01])
def test_bootstrap_is_the_spread_of_curves_measured_again(noise):
    """The same wells, with other noise, 40 times: that spread is what the bootstrap claims."""
    start = np.tile([1e-4, 1e-6, 1e-7], 6)
    rows = np.repeat(["a", "b"], 18)
    clean = np.vstack([assay(start, e, 0.0, seed=s).signal for e, s in ((1.93, 1), (1.86, 2))])
    rng = np.random.default_rng(3)
    runs = []
    for _ in range(40):
        batch = batch_of(clean + noise * rng.normal(size=clean.shape), list(rows))
        runs.append(RECOMMENDED.estimate(batch))
    said = bootstrap(batch, runs[-1].n0, 40)
    assert 0.6 < rms(said.cq) / rms(np.std([e.cq for e in runs], axis=0, ddof=1)) < 1.6
    for target in "ab":
        mine = rows == target
        actual = rms(np.std([e.efficiency for e in runs], axis=0, ddof=1)[mine])
        assert 0.6 < rms(said.efficiency[mine]) / actual < 1.6
    actual = rms(np.std([np.log(e.n0) for e in runs], axis=0, ddof=1))
    assert 0.6 < rms(said.n0 / runs[-1].n0) / actual < 1.6


def test_bootstrap_says_nothing_where_the_method_does_not():
    """Flat wells have no error; a target of controls alone has an efficiency but no own one."""
    signal = np.vstack([assay(np.repeat(1e-5, 4)).signal, assay(np.array([1e-5])).signal])
    signal[3] = 0.5 + 0.001 * np.random.default_rng(1).normal(size=len(CYCLES))
    batch = batch_of(signal, ["a"] * 4 + ["b"])
    batch = replace(batch, members=np.array([True] * 4 + [False]))
    e = RECOMMENDED.estimate(batch)
    said = bootstrap(batch, e.n0, 5)
    np.testing.assert_array_equal(np.isfinite(said.cq), np.isfinite(e.cq))
    np.testing.assert_array_equal(np.isfinite(said.efficiency), [True] * 3 + [False] * 2)
    np.testing.assert_array_equal(np.isfinite(said.n0), [True] * 3 + [False] * 2)
    assert (said.efficiency[:3] > 0).all()


def test_bootstrap_of_an_efficiency_at_its_limit_is_not_zero():
    start = np.repeat([1e-3, 1e-5], 6)
    signal = np.vstack([assay(start, efficiency).signal for efficiency in (1.7, 2.3)])
    batch = batch_of(signal, ["slow"] * 12 + ["fast"] * 12)
    e = RECOMMENDED.estimate(batch)
    assert (e.efficiency[12:] == 2.0).all()
    said = bootstrap(batch, e.n0, 10)
    assert (said.efficiency[12:] > 1e-4).all()


def test_a_control_does_not_bend_the_common_curve():
    """A well that takes no part leaves the others' Cq alone, to the bit."""
    signal = assay(np.repeat([1e-4, 1e-6], 3)).signal
    signal[5, 25:] *= 0.5
    batch = batch_of(signal)
    without = replace(batch, members=np.arange(6) < 5)
    alone = RECOMMENDED.estimate(batch_of(signal[:5])).cq
    np.testing.assert_array_equal(RECOMMENDED.estimate(without).cq[:5], alone)
    assert np.abs(RECOMMENDED.estimate(batch).cq[:5] - alone).max() > 0


def test_a_well_that_ends_before_its_plateau_keeps_its_place():
    start = np.array([1e-4, 1e-5, 1e-6, 1e-10, 3e-12, 1e-12])
    made = assay(start, noise=0.001)
    cq = RECOMMENDED.estimate(batch_of(made.signal)).cq
    error = cq - made.cycles_late
    assert np.abs(error - error[:3].mean()).max() < 0.3


def read_meta(data_dir, dataset):
    with (data_dir / "curves" / "meta.csv").open(newline="") as file:
        return {row["curve"]: row for row in csv.DictReader(file) if row["dataset"] == dataset}


@pytest.mark.parametrize(
    ("dataset", "limit", "threshold_sd"),
    [("reps384", 0.130, 0.15), ("dil4reps94", 0.215, 0.24), ("vermeulen2_half", 0.262, 0.28)],
)
def test_replicates_of_published_plates(data_dir, dataset, limit, threshold_sd):
    """Pooled replicate SD within each target, root mean square over targets; every well called."""
    meta = read_meta(data_dir, dataset)
    table = read_curves(data_dir / "curves" / f"{dataset}.csv")
    keep = [i for i, name in enumerate(table.names) if meta[name]["target"][:5] != "ALUsq"]
    rows = [meta[table.names[i]] for i in keep]
    batch = batch_of(table.values[keep], [row["target"] for row in rows], table.cycles)
    cq = RECOMMENDED.estimate(batch).cq
    assert np.isfinite(cq).all()
    assert spread(cq, rows) <= limit
    assert spread(methods()["threshold"].estimate(batch).cq, rows) > threshold_sd


def spread(cq, rows):
    pooled = []
    for target in {row["target"] for row in rows}:
        squares = freedom = 0.0
        for group in {row["group"] for row in rows if row["target"] == target}:
            mine = [i for i, r in enumerate(rows) if (r["target"], r["group"]) == (target, group)]
            squares += ((cq[mine] - cq[mine].mean()) ** 2).sum()
            freedom += len(mine) - 1
        pooled.append(squares / freedom)
    return np.sqrt(np.mean(pooled))
