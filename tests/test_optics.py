"""Optics against the instrument's own intermediate values, closed forms, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import CalibrationError, OpticalCalibration, correct, unmix
from qpcr.formats import read_run
from qpcr.formats._archive import Archive
from qpcr.formats._java import parse_java

A = "abi7500/rnasep_standard_curve_7500fast_v2.3.eds"
S = "stepone/steponeplus_v2.3_native_with_results.eds"


def stored(path):
    """Every intermediate value of the instrument, straight from the Java object."""
    data = Archive.open(path).read("apldbio/sds/post-roi.dat")
    return parse_java(data, lambda _: True).fields


@pytest.mark.parametrize("name", [A, S])
def test_correction_and_spectra_are_the_instruments_bit_for_bit(data_dir, name):
    run, kept = read_run(data_dir / name), stored(data_dir / name)
    cycling = np.array([flag == "CYCLING" for flag in kept["mTCStageFlags"]])
    raw = np.array(kept["mRawData"], np.float32)[:, cycling]
    np.testing.assert_array_equal(run.raw, raw)
    corrected = correct(run.raw, run.calibration)
    np.testing.assert_array_equal(
        corrected, np.array(kept["mSubtractedRawData"], np.float32)[:, cycling]
    )
    compared = 0
    for well, dyes in enumerate(kept["mDyeList"]):
        if dyes:
            np.testing.assert_array_equal(
                run.calibration.spectra(well, dyes), np.array(kept["mPureDyeMatrix"][well])
            )
            compared += 1
    assert compared >= 24


@pytest.mark.parametrize(
    ("name", "signal_limit", "mse_limit"), [(A, 1e-6, 1.3e-5), (S, 5e-6, 2e-5)]
)
def test_signals_and_residual_are_the_instruments(data_dir, name, signal_limit, mse_limit):
    run, kept = read_run(data_dir / name), stored(data_dir / name)
    cycling = np.array([flag == "CYCLING" for flag in kept["mTCStageFlags"]])
    corrected = correct(run.raw, run.calibration)
    for well, dyes in enumerate(kept["mDyeList"]):
        if not dyes:
            continue
        ours = unmix(corrected[well], well, dyes, run.calibration)
        theirs = np.array(kept["mSignalData"][well])[:, cycling]
        assert np.max(np.abs(ours.signal / theirs - 1)) <= signal_limit
        mse = np.array(kept["mse"][well])[cycling]
        assert np.max(np.abs(ours.residual / mse - 1)) <= mse_limit


def test_the_published_test_vector(data_dir):
    run = read_run(data_dir / A)
    assert run.raw[0, 0].tolist() == [452287, 74756, 282579, 310606, 312]
    assert run.calibration.uniformity[0, 0] == np.float32(1.9094694)
    corrected = correct(run.raw, run.calibration)
    assert corrected[0, 0] == pytest.approx(
        [863628.19, 128385.31, 475642.47, 515524.16, 498.31006], rel=1e-7
    )
    ours = unmix(corrected[0], 0, ("FAM", "ROX", "TAMRA"), run.calibration)
    assert ours.signal[:, 0] == pytest.approx([842270.7, 363171.06, 438985.22], rel=1e-6)
    assert ours.residual[0] == pytest.approx(6657.1, rel=1e-5)


def made_up(wells=4, filters=("1", "2", "3", "4", "5")):
    rng = np.random.default_rng(0)
    pure = {dye: rng.uniform(0.05, 1, (wells, len(filters))) for dye in ("FAM", "ROX", "VIC")}
    return OpticalCalibration(
        filters, pure, uniformity=rng.uniform(0.7, 1.9, (wells, len(filters)))
    )


def test_unmixing_gives_back_what_was_mixed():
    calibration = made_up()
    amounts = np.random.default_rng(1).uniform(10, 1e5, (2, 40))
    dyes = ("ROX", "VIC")
    spectra = calibration.spectra(2, dyes).astype(float)
    ours = unmix((spectra.T @ amounts).T.astype(np.float32), 2, dyes, calibration)
    np.testing.assert_allclose(ours.signal, amounts, rtol=1e-4)
    assert ours.residual.max() < 0.05


def test_signal_and_residual_are_least_squares():
    calibration = made_up()
    readings = np.random.default_rng(2).uniform(0, 1e5, (7, 5)).astype(np.float32)
    ours = unmix(readings, 1, ("FAM", "ROX", "VIC"), calibration)
    design = calibration.spectra(1, ("FAM", "ROX", "VIC")).astype(float).T
    for cycle in range(7):
        solution, rss, _, _ = np.linalg.lstsq(design, readings[cycle].astype(float), rcond=None)
        np.testing.assert_allclose(ours.signal[:, cycle], solution, rtol=1e-5)
        assert ours.residual[cycle] == pytest.approx(np.sqrt(rss[0] / 2), rel=1e-5)


def test_refusals_name_what_is_wrong():
    calibration = made_up()
    readings = np.ones((3, 5), np.float32)
    with pytest.raises(CalibrationError, match="no pure-dye calibration for CY5"):
        unmix(readings, 0, ("CY5",), calibration)
    with pytest.raises(CalibrationError, match="wells"):
        correct(np.ones((3, 2, 5)), calibration)
    with pytest.raises(CalibrationError, match="finite"):
        OpticalCalibration(("1", "2"), {"FAM": np.array([[np.nan, 1.0]])})
    with pytest.raises(CalibrationError, match="different numbers of wells"):
        OpticalCalibration(("1",), {"FAM": np.ones((2, 1))}, uniformity=np.ones((3, 1)))
    with pytest.raises(CalibrationError, match="positive"):
        OpticalCalibration(("1",), {"FAM": np.ones((2, 1))}, norm_factors={"FAM": np.zeros(2)})
    alike = {"A": np.ones((1, 5)), "B": np.ones((1, 5)) * (1 + 1e-9)}
    with pytest.raises(CalibrationError, match="too alike"):
        unmix(readings, 0, ("A", "B"), OpticalCalibration(calibration.filters, alike))
    one = OpticalCalibration(("1",), {"A": np.ones((1, 1)), "B": np.ones((1, 1))})
    with pytest.raises(CalibrationError, match="cannot be told apart"):
        unmix(np.ones((3, 1), np.float32), 0, ("A", "B"), one)


def test_as_many_dyes_as_filters_leave_no_residual():
    two = OpticalCalibration(("1", "2"), {"A": np.ones((1, 2)), "B": np.array([[1.0, 0.0]])})
    ours = unmix(np.array([[5.0, 2.0]], np.float32), 0, ("A", "B"), two)
    np.testing.assert_allclose(ours.signal[:, 0], [2.0, 3.0], rtol=1e-6)
    assert ours.residual.tolist() == [0.0]
