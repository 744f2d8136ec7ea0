"""What every Cq method must do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shared_curves import CYCLES, assay, batch_of

from qpcr.commands._options import METHODS
from qpcr.methods import methods
from tests.method_numbers import FILE, numbers

ALL = [pytest.param(method, id=name) for name, method in methods().items()]
FIELDS = ("cq", "cq_se", "efficiency", "efficiency_se", "n0", "n0_se")


@pytest.fixture(scope="module")
def wells():
    """Two assays of unequal efficiency, three dilutions each, wells in any order."""
    start = np.repeat([1e-4, 1e-6, 1e-8], 4)
    signal = np.concatenate(
        [assay(start, e, brightness=0.02, seed=s).signal for e, s in ((1.95, 1), (1.85, 2))]
    )
    targets = ["a"] * 12 + ["b"] * 12
    return signal, targets


def test_the_command_offers_every_method():
    assert set(METHODS) == set(methods())


@pytest.mark.parametrize("method", ALL)
def test_says_what_it_is(method):
    assert methods()[method.name] is method
    assert method.title
    assert method.assumes.endswith(".")
    assert method.use.endswith(".")
    assert "doi:10." in method.reference or method.name in {"instrument", "recommended"}


@pytest.mark.parametrize("method", ALL)
def test_numbers_are_those_of_its_version(method):
    """A record says by which version its quantities were made: then that must mean something."""
    told = json.loads(FILE.read_text("utf-8"))[method.name]
    again = "raise METHOD's version, then: python -m tests.method_numbers"
    assert told.pop("version") == method.version, again
    for column, values in numbers(method.name).items():
        expected = np.array(told[column], dtype=float)
        within = {"cq": {"atol": 1e-3}, "cq_se": {"rtol": 0.02}}.get(column, {"rtol": 0.01})
        found = np.array(values, dtype=float)
        np.testing.assert_allclose(found, expected, err_msg=f"{column}: {again}", **within)


@pytest.mark.parametrize("method", ALL)
def test_reads_dilutions(method, wells):
    """Later by what the dilution says: 100-fold at the efficiency of the assay."""
    signal, targets = wells
    e = method.estimate(batch_of(signal, targets))
    for name in FIELDS:
        assert getattr(e, name).shape == (24,)
    assert np.isfinite(e.cq).all()
    steps = np.diff(e.cq.reshape(2, 3, 4).mean(axis=2), axis=1)
    truth = np.log(100) / np.log([[1.95], [1.85]])
    assert np.abs(steps - truth).max() < (2.0 if method.name == "takeoff" else 0.25)
    known = np.isfinite(e.efficiency)
    assert ((e.efficiency[known] > 1) & (e.efficiency[known] <= 2)).all()
    assert (e.n0[np.isfinite(e.n0)] > 0).all()


@pytest.mark.parametrize("method", ALL)
def test_order_of_wells_does_not_matter(method, wells):
    signal, targets = wells
    mixed = np.random.default_rng(3).permutation(24)
    one = method.estimate(batch_of(signal, targets))
    two = method.estimate(batch_of(signal[mixed], [targets[i] for i in mixed]))
    for name in ("cq", "n0"):
        np.testing.assert_allclose(getattr(one, name)[mixed], getattr(two, name), rtol=1e-4)


@pytest.mark.parametrize("method", ALL)
def test_says_nothing_of_wells_without_curve(method):
    rng = np.random.default_rng(4)
    signal = 0.3 + 0.002 * rng.normal(size=(5, len(CYCLES)))
    signal[1] = np.nan
    signal[2] = 0.3
    if method.name == "instrument":
        pytest.skip("the instrument's rule takes some noise for a curve: its results are repeated")
    e = method.estimate(batch_of(signal))
    for name in FIELDS:
        assert np.isnan(getattr(e, name)).all()


@pytest.mark.parametrize("method", ALL)
def test_no_wells(method):
    assert method.estimate(batch_of(np.zeros((0, len(CYCLES))))).cq.shape == (0,)


@pytest.mark.parametrize("method", ALL)
def test_gaps_and_one_well(method):
    signal = assay(np.array([1e-6])).signal
    signal[0, [4, 11]] = np.nan
    assert np.isfinite(method.estimate(batch_of(signal)).cq).all()
