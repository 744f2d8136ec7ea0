"""Quantities that differ by the rounding of a computer are one level."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.curve_checks import lack_of_fit
from calibration.errors import CalibrationError
from calibration.levels import snapped, snapped_quantities
from calibration.standard_curve import fit_standard_curve, inverse_variance_weights
from qpcr.quantities.detection import limits_of

THREE_TENTHS = 3 * 0.1
"""Not 0.3 to a computer."""


def test_one_level_written_two_ways_is_one():
    q = [0.3, THREE_TENTHS, 0.3, 3.0, 3.0, 3.0, 30.0, 30.0, 30.0]
    y = [31.0, 31.3, 31.1, 27.8, 27.5, 27.7, 24.4, 24.2, 24.5]
    plain = [round(one, 3) for one in q]
    assert fit_standard_curve(q, y).levels == 3
    assert np.allclose(inverse_variance_weights(q, y), inverse_variance_weights(plain, y))
    assert lack_of_fit(q, y).df_replicates == lack_of_fit(plain, y).df_replicates == 6
    with pytest.raises(CalibrationError, match="one quantity"):
        fit_standard_curve([0.3, THREE_TENTHS, 0.3], [30.0, 29.0, 31.0])


def test_a_limit_of_detection_counts_it_as_one(tmp_path):
    path = tmp_path / "d.csv"
    lines = ["quantity,cq", *(f"{q!r},{30 - math.log2(q)}" for q in (3.0, 3.0, 1.0, 1.0))]
    lines += [f"{THREE_TENTHS!r},32", "0.3,"]
    path.write_text("\n".join(lines))
    (found,) = limits_of(path)
    assert [(one.quantity, one.tested) for one in found.levels] == [(3.0, 2), (1.0, 2), (0.3, 2)]


@given(st.lists(st.floats(1e-12, 1e12), min_size=0, max_size=20))
def test_snapping_moves_nothing_by_more_than_rounding(values):
    made = snapped_quantities(values)
    assert made == pytest.approx(values, rel=1e-7)
    assert snapped_quantities(made) == made


def test_levels_that_differ_stay_bit_for_bit():
    logs = np.log10([10.0, 1.0, 1.0, 100.0, 1.001])
    assert np.array_equal(snapped(logs), logs)
