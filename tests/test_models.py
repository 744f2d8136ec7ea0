"""The batched solver: every curve for itself, no matter what stands beside it."""

from __future__ import annotations

from pathlib import Path

import lmfit
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qpcr._registry import find
from qpcr.fits import fit_arrays
from qpcr.models import models
from qpcr.models._solve import solve

CYCLES = np.arange(1.0, 41.0)
SETS = ("RAS002", "boggy", "competimer", "dil4reps94", "htPCR_half", "reps", "reps3", "reps384",
        "testdat", "vermeulen2_half")  # fmt: skip


def sigmoids(count: int, noise: float, seed: int = 0) -> np.ndarray:
    """Simulated rises of many asymmetries."""
    rng = np.random.default_rng(seed)
    middle, skew = rng.uniform(16, 33, (count, 1)), np.exp(rng.uniform(-1, 1, (count, 1)))
    y = (1 + np.exp(-(CYCLES - middle) / rng.uniform(1.2, 1.8, (count, 1)))) ** -skew
    return 1.0 + 3.0 * y + noise * rng.normal(size=y.shape)


def real_curves(data_dir: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    table = np.genfromtxt(data_dir / "curves" / f"{name}.csv", delimiter=",", skip_header=1)
    return table[:, 0], table[:, 1:].T.copy()


def lmfit_squares(x: np.ndarray, y: np.ndarray, power: float) -> float:
    """Residual sum of squares of lmfit from a plain first guess with f = `power`.

    Started and bounded as a user would, with a formula of its own.
    """

    def logistic(x, b, e, f, c, d):
        return c + (d - c) * np.exp(-f * np.logaddexp(0.0, b * (np.log(x) - np.log(e))))

    known = np.isfinite(y)
    x, y = x[known], y[known]
    low, high = float(y.min()), float(y.max())
    half = float(x[np.argmin(np.abs(y - (low + high) / 2))])
    model = lmfit.Model(logistic)
    parameters = model.make_params(
        b={"value": -half / 1.5, "min": -2000, "max": -0.3},
        e={"value": half, "min": 1e-3, "max": 1000},
        f={"value": power, "min": 1e-3, "max": 1e3},
        c=low,
        d=high,
    )
    try:
        result = model.fit(y, parameters, x=x, max_nfev=3000)
    except ValueError:  # lmfit's own model ran into NaN: no answer from this start
        return np.inf
    return float(result.chisqr)


def test_no_lmfit_start_finds_a_better_optimum() -> None:
    y = sigmoids(24, 0.01)
    ours = solve(CYCLES, y, models()["logistic5"]).rss
    for row, rss in zip(y, ours, strict=True):
        assert min(lmfit_squares(CYCLES, row, p) for p in (0.2, 1.0, 5.0)) > 0.99 * rss


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SETS)
def test_no_lmfit_start_finds_a_better_optimum_on_real_curves(data_dir: Path, name: str) -> None:
    x, y = real_curves(data_dir, name)
    y = y[:: max(len(y) // 6, 1)]
    fits = fit_arrays(x, y, model="logistic5")
    for row, rss in zip(y[fits.table.amplified], fits.table.rss[fits.table.amplified], strict=True):
        assert min(lmfit_squares(x, row, p) for p in (0.2, 1.0, 5.0)) > 0.99 * rss


def test_a_curve_does_not_depend_on_its_neighbours() -> None:
    good = sigmoids(40, 0.01)
    bad = np.stack(
        [
            np.zeros(40),
            np.full(40, np.nan),
            np.full(40, 3.0),
            np.where(CYCLES > 20, 1.0, 0.0),
            np.where(CYCLES < 6, 1.0, np.nan),
            1e-310 * CYCLES,
            (-1.0) ** CYCLES,
        ]
    )
    both = np.concatenate([good, bad])[np.random.default_rng(0).permutation(47)]
    order = np.random.default_rng(0).permutation(47)
    alone = solve(CYCLES, good, models()["logistic5"])
    mixed = solve(CYCLES, both, models()["logistic5"])
    place = np.argsort(order)[:40]
    np.testing.assert_allclose(mixed.rss[place], alone.rss, rtol=1e-9)
    assert np.isnan(mixed.rss[np.argsort(order)[[41, 44]]]).all()


@pytest.mark.parametrize("scale", [1e-4, 1e6])
def test_units_do_not_matter(scale: float) -> None:
    y = sigmoids(30, 0.01)
    one, other = (solve(CYCLES, s * y, models()["logistic5"]) for s in (1.0, scale))
    np.testing.assert_allclose(other.rss, one.rss * scale**2, rtol=1e-8)
    np.testing.assert_allclose(other.theta, one.theta, atol=1e-3)


def test_missing_cycles_count_as_weight_0() -> None:
    y = sigmoids(30, 0.01)
    holes = np.random.default_rng(1).random(y.shape) < 0.2
    missing = solve(CYCLES, np.where(holes, np.nan, y), models()["logistic5"])
    weighted = solve(CYCLES, np.where(holes, 99.0, y), models()["logistic5"], weights=1.0 - holes)
    np.testing.assert_allclose(missing.rss, weighted.rss, rtol=1e-6)


def test_a_weight_of_2_is_a_reading_made_twice() -> None:
    y = sigmoids(10, 0.01)
    twice = 1.0 + (CYCLES % 3 == 0)
    weighted = solve(CYCLES, y, models()["logistic5"], weights=np.tile(twice, (10, 1)))
    copies = np.repeat(np.arange(40), twice.astype(int))
    doubled = solve(CYCLES[copies], y[:, copies], models()["logistic5"])
    np.testing.assert_allclose(weighted.rss, doubled.rss, rtol=1e-7)


def test_a_sloping_baseline_takes_a_line_away() -> None:
    y = sigmoids(20, 0.005)
    plain = solve(CYCLES, y, models()["logistic4"], slope=True)
    tilted = solve(CYCLES, y + 0.03 * CYCLES - 1.0, models()["logistic4"], slope=True)
    np.testing.assert_allclose(tilted.rss, plain.rss, rtol=1e-6)
    np.testing.assert_allclose(tilted.linear[:, 2] - plain.linear[:, 2], 0.03, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        (3, 40),
        elements=st.one_of(
            st.floats(-1e12, 1e12, allow_subnormal=False), st.just(np.nan), st.just(np.inf)
        ),
    )
)
def test_any_numbers_end_in_a_fit_or_in_nan(y: np.ndarray) -> None:
    fits = fit_arrays(CYCLES, y, thresholds=np.full(3, 1.0))
    for fit in fits:
        assert (fit.cq is None) == (fit.reason is not None)
        if fit.cq is not None:
            assert 1 <= fit.cq <= 40
            assert fit.cq_low <= fit.cq <= fit.cq_high


def test_plug_ins_are_found_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "plugs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("THING = 1\n")
    (package / "two.py").write_text("THING = 2\n")
    (package / "_own.py").write_text("raise RuntimeError('machinery is not looked at')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert dict(find("plugs", "THING")) == {"one": 1, "two": 2}
    (package / "three.py").write_text("OTHER = 3\n")
    find.cache_clear()
    with pytest.raises(AttributeError, match=r"plugs\.three must state THING"):
        find("plugs", "THING")
    find.cache_clear()
