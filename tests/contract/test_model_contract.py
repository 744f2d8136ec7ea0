"""What every model in ``qpcr/models`` must do, whichever it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from qpcr.fits import fit_arrays
from qpcr.models import Model, models
from qpcr.models._points import crossing, curve, jacobian, points
from qpcr.models._solve import solve

CYCLES = np.arange(1.0, 41.0)
FINE = np.linspace(1.0, 60.0, 590_001)


@pytest.fixture(params=sorted(models()))
def model(request: pytest.FixtureRequest) -> Model:
    return models()[request.param]


@pytest.fixture
def theta(model: Model) -> np.ndarray:
    """Shapes that PCR curves take: the ones that fit simulated curves of many asymmetries."""
    rng = np.random.default_rng(1)
    middle, width = rng.uniform(16, 30, (60, 1)), rng.uniform(1.0, 2.2, (60, 1))
    skew = np.exp(rng.uniform(-1, 1, (60, 1)))
    y = (1 + np.exp(-(CYCLES - middle) / width)) ** -skew
    return solve(CYCLES, y, model).theta


def test_states_its_reference(model: Model) -> None:
    assert "doi:10." in model.reference
    assert model.name == next(name for name, found in models().items() if found is model)


def test_shape_rises_from_0_to_1(model: Model, theta: np.ndarray) -> None:
    g = model.shape(np.geomspace(1e-3, 1e4, 500)[None], theta)
    assert np.isfinite(g).all()
    assert (np.diff(g, axis=1) >= 0).all()
    assert g[:, 0].max() < 1e-6
    assert g[:, -1].min() > 1 - 1e-6


def test_derivatives_agree_with_differences(model: Model, theta: np.ndarray) -> None:
    x, step = CYCLES[None], 1e-6
    g, slopes = model.shape_slopes(x, theta)
    np.testing.assert_allclose(g, model.shape(x, theta), rtol=0, atol=1e-14)
    for j in range(theta.shape[1]):
        up, down = theta.copy(), theta.copy()
        up[:, j] += step
        down[:, j] -= step
        numeric = (model.shape(x, up) - model.shape(x, down)) / (2 * step)
        np.testing.assert_allclose(slopes[:, j], numeric, atol=2e-8 * np.abs(slopes[:, j]).max())
    numeric = (model.shape(x + step, theta) - model.shape(x - step, theta)) / (2 * step)
    np.testing.assert_allclose(model.rate(x, theta), numeric, atol=1e-8)


def test_inverse_undoes_the_shape(model: Model, theta: np.ndarray) -> None:
    for level in (1e-6, 0.01, 0.5, 0.99):
        x = model.inverse(theta, np.full(len(theta), level))
        np.testing.assert_allclose(model.shape(x[:, None], theta)[:, 0], level, rtol=1e-9)


def test_points_agree_with_a_numerical_search(model: Model, theta: np.ndarray) -> None:
    values, _ = points(model, theta)
    for one, found in zip(theta[:20, None], values[:20], strict=True):
        g = model.shape(FINE[None], one)[0]
        first = np.gradient(g, FINE)
        second = np.gradient(first, FINE)
        inner = slice(2, -2)
        top, bend = first[inner].argmax() + 2, second[inner].argmax() + 2
        assert found[0] == pytest.approx(FINE[top], abs=2e-4)
        assert found[1] == pytest.approx(FINE[bend], abs=2e-3)
        assert found[2] == pytest.approx(FINE[top] - g[top] / first[top], abs=2e-4)
        growth = g[bend] / np.interp(FINE[bend] - 1.0, FINE, g)
        assert found[3] == pytest.approx(growth, rel=2e-3)


@pytest.mark.parametrize("slope", [False, True])
def test_crossing_agrees_with_a_numerical_search(
    model: Model, theta: np.ndarray, slope: bool
) -> None:
    linear = np.tile([0.02, 3.0, 0.004] if slope else [0.02, 3.0], (len(theta), 1))
    threshold = np.full(len(theta), 0.3)
    x, gradient = crossing(model, theta, linear, threshold, above_baseline=slope)
    for i in range(0, len(theta), 7):

        def above(at: float, i: int = i) -> float:
            one = slice(i, i + 1)
            value = curve(model, theta[one], linear[one], np.array([[at]]))[0, 0]
            return float(value - threshold[i] - slope * (0.02 + 0.004 * at))

        assert x[i] == pytest.approx(brentq(above, 2.0, 60.0, xtol=1e-12), abs=1e-9)
    parameters = np.concatenate([theta, linear], axis=1)
    for j in range(parameters.shape[1]):
        moved = []
        for sign in (1, -1):
            p = parameters.copy()
            p[:, j] += sign * 1e-6
            split = p[:, : theta.shape[1]], p[:, theta.shape[1] :]
            moved.append(crossing(model, *split, threshold, above_baseline=slope)[0])
        numeric = (moved[0] - moved[1]) / 2e-6
        np.testing.assert_allclose(gradient[:, j], numeric, atol=1e-5 * np.abs(numeric).max())


def test_jacobian_agrees_with_differences(model: Model, theta: np.ndarray) -> None:
    linear = np.tile([0.1, 4.0, -0.01], (len(theta), 1))
    columns = jacobian(model, theta, linear, CYCLES[None])
    parameters = np.concatenate([theta, linear], axis=1)
    for j in range(parameters.shape[1]):
        ends = []
        for sign in (1, -1):
            p = parameters.copy()
            p[:, j] += sign * 1e-6
            ends.append(curve(model, p[:, : theta.shape[1]], p[:, theta.shape[1] :], CYCLES[None]))
        np.testing.assert_allclose(columns[:, j], (ends[0] - ends[1]) / 2e-6, atol=1e-6)


def test_recovers_its_own_curves(model: Model, theta: np.ndarray) -> None:
    y = 1.2 + 4.0 * model.shape(CYCLES[None], theta)
    found = solve(CYCLES, y, model)
    assert found.converged.all()
    assert found.rss.max() < 1e-9 * y.size
    np.testing.assert_allclose(model.shape(CYCLES[None], found.theta), (y - 1.2) / 4, atol=2e-4)


def test_a_shifted_curve_shifts_ct(model: Model) -> None:
    """The models live in log cycle, so a shift in cycles is not exact: 0.02 is allowed."""
    rng = np.random.default_rng(2)
    middle = rng.uniform(20, 28, (50, 1))
    noise = 0.002 * rng.normal(size=(50, 40))
    ct = []
    for shift in (0.0, 3.3):
        y = 1 / (1 + np.exp(-(CYCLES - middle - shift) / 1.45))
        ct.append(fit_arrays(CYCLES, y + noise, thresholds=np.full(50, 0.1), model=model.name))
    moved = ct[1].table.cq - ct[0].table.cq
    assert np.median(moved) == pytest.approx(3.3, abs=0.02)
    assert np.abs(moved - 3.3).max() < 0.1


def test_flat_noise_has_no_ct(model: Model) -> None:
    y = 0.01 * np.random.default_rng(3).normal(size=(400, 40))
    fits = fit_arrays(CYCLES, y, thresholds=np.full(400, 0.01), model=model.name)
    assert not np.isfinite(fits.table.cq).any()
    assert not fits.table.amplified.any()
    assert all(fits[i].cq is None and fits[i].reason for i in range(5))


@pytest.mark.parametrize("baseline", ["flat", "slope"])
def test_batch_and_lmfit_agree(model: Model, baseline: str) -> None:
    rng = np.random.default_rng(4)
    y = 1 / (1 + np.exp(-(CYCLES - rng.uniform(18, 32, (25, 1))) / 1.5)) ** rng.uniform(
        0.6, 1.6, (25, 1)
    )
    y += 0.003 * rng.normal(size=y.shape)
    options = {"thresholds": np.full(25, 0.1), "model": model.name, "baseline": baseline}
    rough, fine = (fit_arrays(CYCLES, y, polish=p, **options).table for p in (False, True))
    assert fine.polished.all()
    np.testing.assert_allclose(rough.rss, fine.rss, rtol=1e-6)
    np.testing.assert_allclose(rough.cq, fine.cq, atol=1e-4)
    # lmfit's covariance and ours are made in different ways from the same Jacobian.
    a = np.sqrt(np.diagonal(rough.covariance, axis1=1, axis2=2))
    b = np.sqrt(np.diagonal(fine.covariance, axis1=1, axis2=2))
    free = ~(rough.at_bound.any(axis=1) | fine.at_bound.any(axis=1))
    np.testing.assert_allclose(np.nan_to_num(a[free]), np.nan_to_num(b[free]), rtol=0.02)
