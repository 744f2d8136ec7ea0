"""Relative quantities against their closed forms, and their intervals against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.relative import Factor, relative_quantity


def test_two_to_the_minus_delta_delta_ct():
    made = relative_quantity(
        {"T": [25.0, 25.2], "R": [20.0, 20.0]}, {"T": [27.0, 27.2], "R": [20.5, 20.5]}, "T", ["R"]
    )
    assert made.value == pytest.approx(2 ** -((25.1 - 20) - (27.1 - 20.5)))
    assert made.low < made.value < made.high


def test_pfaffl_ratio_with_own_efficiencies():
    made = relative_quantity(
        {"T": [25.0], "R": [20.0]},
        {"T": [28.0], "R": [21.0]},
        "T",
        ["R"],
        {"T": Factor(1.9), "R": Factor(1.8)},
    )
    assert made.value == pytest.approx(1.9**3 / 1.8**1)
    assert made.low is None


def test_several_references_count_by_their_geometric_mean():
    made = relative_quantity(
        {"T": [25.0], "A": [20.0], "B": [22.0]},
        {"T": [28.0], "A": [21.0], "B": [25.0]},
        "T",
        ["A", "B"],
        {"A": Factor(1.9)},
    )
    assert made.value == pytest.approx(8 / math.sqrt(1.9 * 8))


def test_without_calibrator_the_ratio_of_target_to_reference_is_given():
    assert relative_quantity({"T": [25.0], "R": [20.0]}, None, "T", ["R"]).value == pytest.approx(
        2**-5
    )


def test_first_order_error_in_closed_form():
    sample = {"T": [25.0, 25.2, 25.4], "R": [20.0, 20.1, 20.2]}
    base = {"T": [28.0, 28.3, 28.6], "R": [20.0, 20.2, 20.4]}
    factors = {"T": Factor(1.95, 0.03, 10), "R": Factor(1.9, 0.02, 8)}
    made = relative_quantity(sample, base, "T", ["R"], factors)
    wells = {gene: sum(np.var(one[gene], ddof=1) / 3 for one in (sample, base)) for gene in "TR"}
    variance = math.log(1.95) ** 2 * wells["T"] + (3.1 * 0.03 / 1.95) ** 2
    variance += math.log(1.9) ** 2 * wells["R"] + (0.1 * 0.02 / 1.9) ** 2
    assert made.ln_se == pytest.approx(math.sqrt(variance))


def test_interval_covers_the_truth():
    rng = np.random.default_rng(4)
    hits, trials = 0, 1500
    for _ in range(trials):
        sample = {"T": rng.normal(25, 0.2, 3), "A": rng.normal(20, 0.2, 3)}
        base = {"T": rng.normal(27, 0.2, 3), "A": rng.normal(20, 0.2, 3)}
        made = relative_quantity(sample, base, "T", ["A"])
        hits += made.low <= 4 <= made.high
    assert 0.93 < hits / trials < 0.98  # Welch's df err on the safe side with three wells


@pytest.mark.parametrize(
    ("target", "references", "factors", "words"),
    [
        ("T", [], {}, "reference"),
        ("T", ["T"], {}, "twice"),
        ("T", ["X"], {}, "X: a sample has no Ct"),
        ("T", ["R"], {"T": Factor(1.0)}, "above 1"),
    ],
)
def test_impossible_requests_are_refused(target, references, factors, words):
    with pytest.raises(CalibrationError, match=words):
        relative_quantity({"T": [1.0], "R": [2.0]}, None, target, references, factors)


def test_equal_replicates_give_no_interval_and_the_reason():
    """Two readings that agree by rounding do not make a ratio exact."""
    made = relative_quantity(
        {"T": [25.0, 25.0], "R": [20.0, 20.0]}, {"T": [27.0, 27.0], "R": [20.0, 20.0]}, "T", ["R"]
    )
    assert made.value == pytest.approx(4)
    assert (made.low, made.high, made.ln_se) == (None, None, None)
    assert "equal Ct" in made.reason
