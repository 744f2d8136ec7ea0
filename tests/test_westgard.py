"""Every Westgard rule on each side of its limit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.errors import CalibrationError
from calibration.westgard import chart, violations

SIDES = [
    ("1-2s", [2.01], [2.0]),
    ("1-2s", [-2.01], [-2.0]),
    ("1-3s", [3.01], [3.0]),
    ("1-3s", [-3.01], [-3.0]),
    ("2-2s", [2.1, 2.2], [2.1, 2.0]),
    ("2-2s", [-2.1, -2.2], [-2.1, 2.2]),
    ("2-2s", [2.1, 2.2], [2.1, 0.0, 2.2]),
    ("R-4s", [2.1, -2.1], [2.1, -2.0]),
    ("R-4s", [-2.5, 2.1], [3.5, -1.0]),
    ("4-1s", [1.1] * 4, [1.1] * 3),
    ("4-1s", [-1.1] * 4, [-1.1, -1.1, -1.0, -1.1]),
    ("4-1s", [1.1] * 4, [1.1, 1.1, -1.1, 1.1]),
    ("10x", [0.1] * 10, [0.1] * 9),
    ("10x", [-0.1] * 10, [-0.1] * 9 + [0.0]),
    ("7T", [0.1 * i for i in range(7)], [0.1 * i for i in range(6)]),
    ("7T", [-0.1 * i for i in range(7)], [0.0, 0.1, 0.2, 0.2, 0.3, 0.4, 0.5]),
    ("10x", [0.1] * 10, [0.1] * 5 + [-0.1] + [0.1] * 5),
]


@pytest.mark.parametrize(("rule", "broken", "kept"), SIDES)
def test_each_rule_has_two_sides(rule, broken, kept):
    found = [one for one in violations(broken) if one.rule == rule]
    assert found
    assert found[-1].places[-1] == len(broken) - 1
    assert rule not in {one.rule for one in violations(kept)}


def test_only_two_sd_is_a_warning():
    kinds = {one.rule: one.rejects for one in violations([2.1, 3.5, -2.5] + [1.5] * 10)}
    assert kinds == {
        "1-2s": False, "1-3s": True, "2-2s": True, "R-4s": True, "4-1s": True, "10x": True,
    }  # fmt: skip


@given(st.lists(st.floats(-5, 5), max_size=30))
def test_mirror_image_breaks_the_same_rules(z):
    mirrored = [(one.rule, one.places) for one in violations([-one for one in z])]
    assert mirrored == [(one.rule, one.places) for one in violations(z)]


def test_limits_come_from_the_first_values_or_are_given():
    values = [30 + 0.1 * (-1) ** i for i in range(20)] + [31.0]
    made = chart(values)
    assert made.baseline == 20
    assert not made.provisional
    assert made.mean == pytest.approx(30)
    assert made.sd == pytest.approx(0.1 * (20 / 19) ** 0.5)
    assert {one.rule for one in made.violations} >= {"1-3s"}
    assert chart(values[:19]).provisional
    given_ = chart([31.0], 30.0, 0.5)
    assert given_.z == (2.0,)
    assert given_.violations == ()


@pytest.mark.parametrize(
    "arguments",
    [([1.0, 2.0],), ([1.0] * 30,), ([1.0], 1.0, None), ([1.0], 1.0, 0.0), ([float("nan")], 1, 1)],
)
def test_what_makes_no_chart_is_refused(arguments):
    with pytest.raises(CalibrationError):
        chart(*arguments)


@pytest.mark.parametrize("far", [1e308, -1e308, math.inf, math.nan])
def test_values_that_no_control_has_are_refused(far):
    with pytest.raises(CalibrationError, match="finite"):
        chart([0.0, 0.0, far])
