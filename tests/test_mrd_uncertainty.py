"""Residual disease: blasts of the diagnostic sample, and wells of few molecules."""

from __future__ import annotations

import csv
import dataclasses
import math

import numpy as np
import pytest
import statsmodels.api as sm
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint
from test_mrd import BACKGROUND, CELLS, EURO, FULL, cq_of, standards, wells, with_
from test_mrd_command import COPIES, SAMPLES, plate

from calibration.blasts import BlastShare, blast_share
from calibration.errors import CalibrationError
from calibration.mrd import Outcome, assess_sample
from calibration.mrd_assay import assess_assay
from calibration.mrd_profile import parse_profile, profile_text
from calibration.poisson import LEAST_SD, mean_quantity, poisson_curve
from calibration.standard_curve import fit_standard_curve
from cli import main
from qpcr.records import Store
from qpcr.records.residual import residual_on_record
from qpcr.report.residual import render_residual

POISSON = with_(EURO, "quantity", weighting="poisson")


def judged(cqs, blasts=None, profile=EURO):
    assay = assess_assay(profile, standards(), BACKGROUND, (), blasts)
    return assess_sample(profile, assay, cqs, CELLS)


def test_limits_of_a_count_are_wilsons():
    for share, counted in ((0.92, 200), (0.5, 13), (1.0, 40), (0.03, 5000)):
        made = blast_share(share, counted=counted)
        low, high = proportion_confint(share * counted, counted, method="wilson")
        assert (made.low, made.high) == (pytest.approx(low), pytest.approx(high))


def test_limits_of_a_standard_error_are_those_on_the_logit():
    made = blast_share(0.8, se=0.05)
    slope = 0.05 / (0.8 * 0.2)
    for end, sign in ((made.low, -1), (made.high, 1)):
        assert math.log(end / (1 - end)) == pytest.approx(math.log(4) + sign * 1.959964 * slope)
    assert blast_share(0.7) == BlastShare(0.7, 0.7, 0.7)


@given(st.floats(1e-6, 1.0), st.none() | st.floats(1e-9, 0.99), st.none() | st.integers(1, 10**9))
def test_any_share_has_its_limits_in_order_inside_0_and_1_or_is_refused(share, se, counted):
    try:
        made = blast_share(share, se, counted)
    except CalibrationError:
        both = se is not None and counted is not None
        assert both or se > math.sqrt(share * (1 - share))
        return
    assert 0 < made.low <= made.value * (1 + 1e-9)
    assert made.value * (1 - 1e-9) <= made.high <= 1


@pytest.mark.parametrize(
    ("value", "se", "counted"),
    [(0.0, None, None), (92.0, None, None), (math.nan, None, None), (0.9, 0.1, 100),
     (0.9, 0.0, None), (1.0, 0.1, None), (0.9, math.inf, None), (0.9, None, 0)],
)  # fmt: skip
def test_shares_that_cannot_be_are_refused(value, se, counted):
    with pytest.raises(CalibrationError):
        blast_share(value, se, counted)


def test_blasts_make_shares_of_dna_shares_of_leukaemic_cells():
    plain, half = judged(wells(1e-3)), judged(wells(1e-3), blast_share(0.5))
    for name in ("value", "sensitivity", "quantitative_limit"):
        assert getattr(half, name) == pytest.approx(getattr(plain, name) / 2)
    assert judged(wells(1.6e-4)).response != judged(wells(1.6e-4), blast_share(0.5)).response
    copies = with_(EURO, "quantity", unit="copies")
    made = assess_assay(copies, standards(), BACKGROUND, (), blast_share(0.9))
    assert "the standards are copies" in made.reason


def test_the_error_of_blasts_joins_the_interval_on_the_log_scale():
    sure, counted = judged(wells(1e-2), blast_share(0.8)), blast_share(0.8, counted=50)
    made = judged(wells(1e-2), counted)
    assert made.value == sure.value
    for end, share in (("low", counted.low), ("high", counted.high)):
        before = math.log(getattr(sure, end) / sure.value)
        expected = math.hypot(before, math.log(share / counted.value))
        assert abs(math.log(getattr(made, end) / made.value)) == pytest.approx(expected)


def test_interval_with_blasts_covers_the_truth():
    """SIMULATED: 200 cells counted for blasts, Ct of standards and sample scatter."""
    rng = np.random.default_rng(4)
    truth, blasts, trials, hits = 2e-3, 0.6, 400, 0
    for _ in range(trials):
        seen = blast_share(rng.binomial(60, blasts) / 60, counted=60)
        series = [(q, cq_of(q) + rng.normal(0, 0.1)) for q, _ in standards()]
        cqs = [cq_of(truth / blasts) + rng.normal(0, 0.1) for _ in "123"]
        made = assess_sample(EURO, assess_assay(EURO, series, BACKGROUND, (), seen), cqs, CELLS)
        hits += made.low <= truth <= made.high
    assert 0.92 <= hits / trials <= 0.99


def low_series(rng):
    """SIMULATED wells of few molecules, drawn by chance."""
    copies = np.repeat([3.0, 10, 100, 1000, 10_000], 8)
    drawn = np.maximum(rng.poisson(copies), 1)
    return copies, 39.0 - 3.4 * np.log10(drawn) + rng.normal(0, 0.1, len(copies))


def test_the_weighted_curve_is_that_of_weighted_least_squares():
    copies, cqs = low_series(np.random.default_rng(3))
    made = poisson_curve(copies, cqs, copies)
    plain = fit_standard_curve(copies, cqs)
    chance = (plain.slope / math.log(10)) ** 2 / copies
    level = {q: cqs[copies == q] for q in set(copies)}
    spare = sum(len(one) - 1 for one in level.values())
    within = sum(((one - one.mean()) ** 2).sum() for one in level.values())
    sigma2 = (within - sum(7 * chance[copies == q][0] for q in level)) / spare
    sigma2 = max(sigma2, LEAST_SD**2)
    peer = sm.WLS(cqs, sm.add_constant(np.log10(copies)), 1 / (sigma2 + chance)).fit()
    assert (made.intercept, made.slope) == tuple(pytest.approx(one) for one in peer.params)
    errors = [made.residual_sd * math.sqrt(made.unscaled[i]) for i in (0, 2)]
    assert errors == pytest.approx(list(peer.bse))
    assert made.residual_sd**2 == pytest.approx(peer.scale * sigma2)
    assert made.weighting == "poisson"


def test_many_molecules_need_no_weights():
    rng = np.random.default_rng(5)
    copies = np.repeat(10.0 ** np.arange(5, 10), 3)
    cqs = 40 - 3.4 * np.log10(copies) + rng.normal(0, 0.15, len(copies))
    made, plain = poisson_curve(copies, cqs, copies), fit_standard_curve(copies, cqs)
    assert made.slope == pytest.approx(plain.slope, rel=1e-3)
    assert made.residual_sd == pytest.approx(plain.residual_sd, rel=1e-2)


def test_mean_quantity_is_the_mean_of_the_quantities():
    curve = fit_standard_curve([10, 100, 1000, 10_000], [36.2, 32.9, 29.4, 26.1])
    cqs = [35.0, 36.0, 34.2]
    made = mean_quantity(curve, cqs)
    each = [curve.quantity([cq]).value for cq in cqs]
    assert made.value == pytest.approx(sum(each) / 3)
    assert made.low < made.value < made.high
    assert made.value > curve.quantity(cqs).value
    assert mean_quantity(curve, [35.0] * 2).value == pytest.approx(curve.quantity([35.0]).value)


def test_profiles_weight_only_where_they_say_so():
    assert EURO.quantity.weighting == "none"
    text = profile_text("euromrd-2007")
    assert parse_profile(text.replace('weighting = "none"', 'weighting = "poisson"')) == POISSON
    older = "\n".join(line for line in text.splitlines() if not line.startswith("weighting"))
    assert parse_profile(older) == EURO
    with pytest.raises(CalibrationError, match="not one of"):
        parse_profile(text.replace('weighting = "none"', 'weighting = "some"'))
    spread = [cq_of(3e-5) + one for one in (-0.7, 0.0, 0.7)]
    plain, weighted = judged(spread), judged(spread, profile=POISSON)
    assert plain.outcome is weighted.outcome is Outcome.POSITIVE
    assert weighted.value > plain.value


def test_weights_follow_the_molecules_of_the_standards():
    """A level of few molecules that lies off the line moves it less."""
    series = [(q, cq_of(q) + (0.4 if q == 1e-5 else 0.0) + d)
              for q in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5) for d in (-0.05, 0, 0.05)]  # fmt: skip
    plain = assess_assay(EURO, series, [None] * 6).curve
    made = assess_assay(POISSON, series, [None] * 6).curve
    less = assess_assay(POISSON, series, [None] * 6, (), blast_share(0.05)).curve
    off = [abs(one.slope + 3.4) for one in (plain, made, less)]
    assert off[0] > off[1] > off[2]
    assert FULL * 1e-5 < 1


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_blasts_come_from_a_table_and_stand_in_record_and_report(tmp_path):
    (tmp_path / "p.csv").write_text(plate(SAMPLES), encoding="utf-8")
    blasts = tmp_path / "b.csv"
    blasts.write_text("patient,blasts,counted\nP1,0.5,200\n")
    store = Store.init(tmp_path / "store")
    done = run("mrd", tmp_path / "p.csv", "--blasts", blasts, "--out", tmp_path / "o",
               "--store", store.folder)  # fmt: skip
    assert done.exit_code == 0, done.output
    row = table(tmp_path / "o" / "mrd.csv")[0]
    assert float(row["mrd_percent"]) == pytest.approx(1.0, rel=1e-3)
    assay = table(tmp_path / "o" / "assays.csv")[0]
    assert (float(assay["blasts"]), assay["weighting"]) == (0.5, "none")
    assert float(assay["blasts_low"]) == pytest.approx(
        proportion_confint(100, 200, method="wilson")[0]
    )
    (first, *_) = residual_on_record(Store.open(store.folder).patient("P1"))
    assert first.blasts == 0.5
    assert "blasts in the diagnostic sample 50.0%" in render_residual("P1", [first])
    assert "50.0%" not in render_residual("P1", [dataclasses.replace(first, blasts=None)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("patient,blasts\nP1,92\n", "fraction"),
        ("patient,blasts\nP1,0.5\nP1,0.6\n", "stands twice"),
        ("patient,blasts\nP2,0.5\n", "without a sample"),
        ("patient,blasts,se,counted\nP1,0.5,0.1,100\n", "not both"),
        ("patient,blasts,counted\nP1,0.5,1.5\n", "not whole"),
        ("patient,share\nP1,0.5\n", "'blasts' is missing"),
    ],
)
def test_tables_of_blasts_that_cannot_be_are_refused(tmp_path, text, words):
    (tmp_path / "p.csv").write_text(plate([("d15", "2026-01-15", 2e-2, COPIES)]))
    (tmp_path / "b.csv").write_text(text)
    done = run("mrd", tmp_path / "p.csv", "--blasts", tmp_path / "b.csv", "--out", tmp_path / "o")
    assert done.exit_code == 3
    assert words in done.output
    assert not (tmp_path / "o").exists()
