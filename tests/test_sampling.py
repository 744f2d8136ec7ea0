"""What sampling adds to a Cq, against drawn numbers of copies and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qpcr.run import Reaction, Task
from qpcr.sampling import MANY, poisson_sd, sampling


@pytest.mark.parametrize("copies", [0.5, 1.0, 5.0, 15.0, 300.0])
def test_the_poisson_part_is_that_of_drawn_wells(copies):
    """Wells of K copies, K > 0, cross at 40 − log K/log E."""
    drawn = np.random.default_rng(5).poisson(copies, 400_000)
    cq = 40 - np.log(drawn[drawn > 0]) / np.log(1.9)
    assert poisson_sd(copies, 1.9) == pytest.approx(cq.std(), rel=0.01)


def test_the_poisson_part_at_its_ends():
    """Two terms of the sum for almost no copies; 1/√N for many; no step in between."""
    n = 1e-6  # P(2 | K > 0) = n/2
    assert poisson_sd(n, 2.0) == pytest.approx(math.sqrt(n / 2), rel=1e-4)
    assert poisson_sd(1e8, 2.0) == pytest.approx(1e-4 / math.log(2), rel=1e-6)
    assert poisson_sd(MANY * (1 + 1e-9), 2) == pytest.approx(poisson_sd(MANY, 2), rel=1e-6)


def well(number, task, quantity=None, omitted=False, target="T"):
    return Reaction(
        number, f"A{number}", "s", target, task, "FAM", quantity=quantity, omitted=omitted
    )


def test_copies_are_read_off_the_standards_of_the_target():
    line = [(q, 38 - math.log(q) / math.log(1.9)) for q in (10, 100, 1000, 10000)]
    wells = [well(i, Task.STANDARD, q) for i, (q, _) in enumerate(line)]
    cqs = [cq for _, cq in line]
    wells += [
        well(4, Task.STANDARD, 5.0, omitted=True),
        well(5, Task.UNKNOWN), well(6, Task.UNKNOWN), well(7, Task.NTC), well(8, Task.UNKNOWN),
        well(9, Task.UNKNOWN, target="other"),
    ]  # fmt: skip
    cqs += [11.0, 38 - math.log(250) / math.log(1.9), 37.9, None, 20.0, 30.0]
    made = sampling(wells, cqs, True)
    assert [one.copies for one in made[:5]] == [10, 100, 1000, 10000, 5.0]
    assert made[5].copies == pytest.approx(250, rel=1e-9)
    assert made[5].sd == pytest.approx(poisson_sd(250, 1.9), rel=1e-9)
    assert made[5].reason is None
    assert (made[6].copies or 0) < 2
    assert made[6].reason == "Below the lowest standard: extrapolated."
    assert (made[7].copies, made[7].sd, made[7].reason) == (None, None, "The well has no Cq.")
    assert made[8].reason == "Above the highest standard: extrapolated."
    assert (made[9].copies, made[9].sd) == (None, None)
    assert made[9].reason is not None
    assert made[9].reason.startswith("No standard curve")


def test_nothing_is_said_of_copies_that_nobody_stated():
    wells = [well(i, Task.STANDARD, 10.0**i) for i in range(4)]
    for one in sampling(wells, [30.0, 27.0, 24.0, 20.0], False):
        assert (one.copies, one.sd) == (None, None)
        assert one.reason


def test_a_line_that_rises_counts_no_copies():
    wells = [*(well(i, Task.STANDARD, 10.0**i) for i in range(4)), well(4, Task.UNKNOWN)]
    made = sampling(wells, [20.0, 24.0, 27.0, 30.0, 25.0], True)
    assert (made[4].copies, made[4].sd) == (None, None)
    assert "does not fall" in (made[4].reason or "")


def test_a_line_too_flat_for_a_factor_says_so():
    wells = [*(well(i, Task.STANDARD, 10.0**i) for i in range(4)), well(4, Task.UNKNOWN)]
    made = sampling(wells, [30.0, 29.999, 29.998, 29.997, 29.9985], True)
    assert made[0].sd is None
    assert "too flat" in (made[0].reason or "")
