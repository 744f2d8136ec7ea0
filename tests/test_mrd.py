"""Residual disease: every rule of a profile on each side, the arithmetic in closed form."""

from __future__ import annotations

import dataclasses
import math

import pytest

from calibration.errors import CalibrationError
from calibration.mrd import Outcome, Response, assess_sample
from calibration.mrd_assay import assess_assay
from calibration.mrd_cells import Cells, count_cells
from calibration.mrd_profile import load_profile, parse_profile, profile_names, profile_text
from calibration.standard_curve import fit_standard_curve

EURO = load_profile("euromrd-2007")
LEVELS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
JITTER = (-0.05, 0.0, 0.05)
FULL = EURO.cells_of(500)
CELLS = Cells(FULL, FULL, FULL, None)
BACKGROUND = [40.0, *([None] * 5)]


def with_(profile, table, **changes):
    """A profile with some limits changed."""
    part = dataclasses.replace(getattr(profile, table), **changes)
    return dataclasses.replace(profile, **{table: part})


def cq_of(q, slope=-3.4, intercept=20.0):
    return intercept + slope * math.log10(q)


def standards(slope=-3.4, levels=LEVELS, wells=3):
    return [(q, cq_of(q, slope) + JITTER[w % 3]) for q in levels for w in range(wells)]


def assay(profile=EURO, series=None, background=BACKGROUND, ntc=()):
    return assess_assay(profile, series or standards(), background, ntc)


def sample(cqs, profile=EURO, cells=CELLS, **kwargs):
    return assess_sample(profile, assay(profile, **kwargs), cqs, cells)


def wells(q):
    return [cq_of(q) + one for one in JITTER]


def replaced(level, cqs):
    """The dilution with other Ct at one level."""
    return [(q, cq) for q, cq in standards() if q != level] + [(level, cq) for cq in cqs]


def test_the_ideal_assay_reaches_its_last_level():
    made = assay()
    assert made.reason is None
    assert (made.lowest, made.highest, made.sensitivity) == (1e-5, 1e-1, 1e-5)
    assert made.background == 40
    assert made.curve.slope == pytest.approx(-3.4)


@pytest.mark.parametrize(("slope", "valid"), [
    (-3.899, True), (-3.901, False), (-3.101, True), (-3.099, False),
])  # fmt: skip
def test_slope(slope, valid):
    made = assess_assay(EURO, standards(slope), [None] * 6)
    assert (made.reason is None) == valid
    if not valid:
        assert "slope" in made.reason
        result = assess_sample(EURO, made, wells(1e-2), CELLS)
        assert result.outcome is Outcome.INVALID
        assert "slope" in result.reasons[0]
        assert "3 wells amplified" in result.reasons[1]


def test_correlation():
    series = replaced(1e-3, [29.6, 29.7, 29.8])
    r = math.sqrt(assay(series=series).curve.r2)
    assert assay(with_(EURO, "standard_curve", least_r=r - 1e-6), series).reason is None
    assert "|r|" in assay(with_(EURO, "standard_curve", least_r=r + 1e-6), series).reason


def test_levels_in_the_quantitative_range():
    three = standards(levels=LEVELS[:3])
    assert assay(series=three).reason is None
    assert "2 levels" in assay(series=standards(levels=LEVELS[:2])).reason
    assert assay(with_(EURO, "standard_curve", fewest_levels=4), three).reason is not None


def test_wells_of_a_standard():
    assert assay(series=replaced(1e-5, [36.9, 37.0, 37.1])).lowest == 1e-5
    made = assay(series=replaced(1e-5, [36.9, 37.0]))
    assert made.lowest == 1e-4
    assert "2 wells" in made.notes[0]


def test_spread_of_a_standard():
    assert assay(series=replaced(1e-5, [36.0, 36.5, 37.5])).lowest == 1e-5
    assert assay(series=replaced(1e-5, [36.0, 36.5, 37.51])).lowest == 1e-4
    assert assay(series=replaced(1e-5, [36.9, 37.0, None])).lowest == 1e-4


def test_wells_of_background():
    assert assay(background=[None] * 6).reason is None
    assert "5 wells" in assay(background=[None] * 5).reason


def test_quantitative_range_below_background():
    assert assay(background=[40.0, *([None] * 5)]).lowest == 1e-5  # 37.0 is 3.0 below
    assert assay(background=[39.99, *([None] * 5)]).lowest == 1e-4
    assert assay(background=[None, 44.0, 39.99, 41, 43, None]).lowest == 1e-4  # the lowest counts


def test_sensitivity_below_background():
    one = replaced(1e-5, [37.0, None, None])
    assert assay(series=one, background=[38.0, *([None] * 5)]).sensitivity == 1e-5
    assert assay(series=one, background=[37.99, *([None] * 5)]).sensitivity == 1e-4
    assert assay(series=replaced(1e-5, [None] * 3)).sensitivity == 1e-4
    two = with_(EURO, "sensitivity", fewest_positive=2)
    assert assay(two, one).sensitivity == 1e-4


def test_a_template_free_well_that_amplifies_spoils_the_assay():
    assert assay(ntc=[None, None]).reason is None
    assert "contamination" in assay(ntc=[None, 38.0]).reason


def test_sample_below_background():
    assert sample([39.0, None, None]).outcome is Outcome.NOT_QUANTIFIABLE
    late = sample([39.01, None, None])
    assert late.outcome is Outcome.NEGATIVE
    assert "1 wells amplified" in late.reasons[0]
    careful = with_(EURO, "sample", avoid="false positives")
    assert sample([37.0, None, None], careful).outcome is Outcome.NOT_QUANTIFIABLE
    assert sample([37.01, None, None], careful).outcome is Outcome.NEGATIVE
    assert sample([None] * 3).outcome is Outcome.NEGATIVE
    assert sample([44.0, None, None], background=[None] * 6).outcome is Outcome.NOT_QUANTIFIABLE


def test_positive_wells_of_a_sample():
    two = with_(EURO, "sample", fewest_positive=2)
    assert sample([38.0, None, None], two).outcome is Outcome.NEGATIVE
    assert sample([38.0, 38.0, None], two).outcome is Outcome.NOT_QUANTIFIABLE


def test_latest_ct():
    strict = with_(EURO, "sample", latest_cq=38.5)
    assert sample([38.5, None, None], strict).outcome is Outcome.NOT_QUANTIFIABLE
    assert sample([38.51, None, None], strict).outcome is Outcome.NEGATIVE


def test_latest_ct_binds_standards_so_that_no_sensitivity_is_claimed_beyond_it():
    """Level 1e-4 at a Ct of 36.7: a sample as strong as that is no complete response at 36."""
    series = [(10.0**-k, 26.5 + 3.4 * (k - 1) + d) for k in range(1, 5) for d in (-0.1, 0, 0.1)]
    for latest, sensitivity, response in (
        (36.6, 1e-4, Response.COMPLETE),  # one well of the level counts
        (36.59, 1e-3, Response.INTERMEDIATE),
        (36.0, 1e-3, Response.INTERMEDIATE),
    ):
        strict = with_(EURO, "sample", latest_cq=latest)
        made = assess_assay(strict, series, [None] * 6)
        assert (made.sensitivity, made.lowest) == (sensitivity, 1e-3)
        result = assess_sample(strict, made, [36.7, 36.7, 36.8], CELLS)
        assert (result.outcome, result.response) == (Outcome.NEGATIVE, response)
        late = sum(cq > latest + 1e-6 for _, cq in series)
        assert f"{late} wells of the standards have a Ct after {latest:g}, which is none" in [
            *made.notes
        ]
        assert f"3 wells of the sample have a Ct after {latest:g}, which is none" in result.reasons
    free = assess_assay(EURO, series, [None] * 6)
    assert (free.sensitivity, free.notes) == (1e-4, ())


def test_latest_ct_binds_background_and_says_so():
    strict = with_(EURO, "sample", latest_cq=40.0)
    inside, beyond = assay(strict), assay(strict, background=[40.01, 41.0, *([None] * 4)])
    assert (inside.background, inside.notes) == (40.0, ())
    assert beyond.background is None
    assert beyond.notes == ("2 wells of background have a Ct after 40, which is none",)
    assert "contamination" in assay(strict, ntc=[40.5]).reason  # any Ct without template is one


def test_wells_of_a_sample():
    assert sample(wells(1e-3)).outcome is Outcome.POSITIVE
    few = sample(wells(1e-3)[:2])
    assert few.outcome is Outcome.INVALID
    assert few.response is None
    assert few.value is None


def test_spread_of_a_sample_inside_the_range():
    assert sample([30.0, 30.5, 31.5]).outcome is Outcome.POSITIVE
    assert sample([30.0, 30.5, 31.51]).outcome is Outcome.INVALID
    # outside the range replicates differ by chance
    assert sample([36.8, 37.5, 38.9]).outcome is Outcome.NOT_QUANTIFIABLE


def test_missing_well_among_strong_ones_is_no_weak_sample():
    assert sample([25.0, 25.0, None]).outcome is Outcome.INVALID
    assert sample([25.0, 25.0, 44.0]).outcome is Outcome.INVALID
    limit = cq_of(1e-5)  # within 1.5 cycles of the limit a well may miss by chance
    assert sample([limit - 1.49, 36.9, None]).outcome is Outcome.NOT_QUANTIFIABLE
    assert sample([limit - 1.51, 36.9, None]).outcome is Outcome.INVALID


def test_quantitative_limit():
    assert sample(wells(1.01e-5)).outcome is Outcome.POSITIVE
    assert sample(wells(0.99e-5)).outcome is Outcome.NOT_QUANTIFIABLE
    # a background beneath the limit of the range
    part = sample(wells(1.2e-4), background=[35.9, *([None] * 5)])
    assert part.outcome is Outcome.NOT_QUANTIFIABLE
    assert sample(wells(1.2e-3), background=[35.9, *([None] * 5)]).outcome is Outcome.POSITIVE


def test_value_is_read_from_the_curve_and_corrected_for_cells():
    made = sample(wells(2e-3))
    assert made.value == pytest.approx(2e-3)
    assert made.low < made.value < made.high
    half = sample(wells(2e-3), cells=Cells(FULL / 2, FULL / 2, FULL / 2, None))
    assert half.value == pytest.approx(4e-3)
    assert half.sensitivity == pytest.approx(2e-5)
    assert half.quantitative_limit == pytest.approx(2e-5)


def test_interval_joins_target_cells_and_chance():
    curve = assay().curve.quantity(wells(2e-3))
    chance = 1.959964 / math.sqrt(2e-3 * FULL * 3)
    wide = sample(wells(2e-3), cells=Cells(FULL, FULL / 1.5, FULL * 1.4, None))
    up = math.hypot(math.log(curve.high / curve.value), math.log(1.5), chance)
    down = math.hypot(math.log(curve.value / curve.low), math.log(1.4), chance)
    assert wide.high == pytest.approx(2e-3 * math.exp(up))
    assert wide.low == pytest.approx(2e-3 * math.exp(-down))


def test_copies_give_a_ratio_that_is_not_capped():
    laboratory = load_profile("laboratory")
    levels = (1e5, 1e4, 1e3, 1e2, 1e1)
    series = [(q, 38 - 3.4 * math.log10(q) + one) for q in levels for one in JITTER]
    made = assess_assay(laboratory, series, [None] * 6)
    cells = Cells(1000.0, 900.0, 1100.0, None)  # 2,000 copies of the control gene
    result = assess_sample(laboratory, made, [38 - 3.4 * math.log10(9000)] * 3, cells)
    assert result.value == pytest.approx(9000 / 2000)
    single = with_(laboratory, "quantity", target_copies_per_cell=1.0)
    assert assess_sample(
        single, made, [38 - 3.4 * math.log10(9000)] * 3, cells
    ).value == pytest.approx(9)  # fmt: skip


def test_above_the_highest_standard():
    made = sample(wells(0.8))
    assert made.outcome is Outcome.POSITIVE
    assert made.value == pytest.approx(0.8)
    assert "extrapolated" in made.reasons[0]
    strict = sample(wells(0.8), with_(EURO, "quantity", above_range="not quantifiable"))
    assert strict.outcome is Outcome.NOT_QUANTIFIABLE
    assert strict.response is Response.FAILURE  # frank relapse is no "intermediate"


def test_response():
    assert sample([None] * 3).response is Response.COMPLETE
    for factor, response in ((10.0, Response.COMPLETE), (10.01, Response.INTERMEDIATE)):
        few = Cells(FULL / factor, FULL / factor, FULL / factor, None)
        assert sample([None] * 3, cells=few).response is response
    assert sample([38.5, None, None]).response is Response.INTERMEDIATE
    assert sample(wells(1.001e-4)).response is Response.FAILURE
    assert sample(wells(0.999e-4)).response is Response.INTERMEDIATE


def test_no_complete_response_with_a_signal_that_would_count_in_a_standard():
    """Avoiding false positives, the margin of samples (3.0) is above that of sensitivity (1.0)."""
    careful = with_(EURO, "sample", avoid="false positives")
    series = standards()  # 1e-4 at 33.6
    background = [35.0, *([None] * 5)]
    twin = sample([33.55, 33.6, 33.65], careful, series=series, background=background)
    assert twin.sensitivity == pytest.approx(1e-4)
    assert (twin.outcome, twin.response) == (Outcome.NEGATIVE, Response.INTERMEDIATE)
    assert twin.reasons == ("3 positive wells below the margin: no complete response",)
    for cq, response, words in (
        (34.0, Response.INTERMEDIATE, "positive wells below the margin"),
        (34.01, Response.COMPLETE, "no earlier than background may"),
    ):
        made = sample([cq, None, None], careful, series=series, background=background)
        assert (made.outcome, made.response) == (Outcome.NEGATIVE, response)
        assert len(made.reasons) == 1
        assert words in made.reasons[0]
    two = with_(EURO, "sample", fewest_positive=2)  # one well of the two that are needed
    assert sample([38.0, None, None], two).response is Response.INTERMEDIATE
    assert sample([None] * 3, two).response is Response.COMPLETE


def test_prognostic_cut():
    for cut, reached in ((2e-3 * (1 + 5e-10), True), (2e-3 * (1 + 1e-6), False)):
        profile = with_(EURO, "response", prognostic=cut)
        assert sample([cq_of(2e-3)] * 3, profile).prognostic is reached
    assert sample(wells(1.001e-2)).prognostic is True
    assert sample(wells(0.999e-2)).prognostic is False
    assert sample([None] * 3).prognostic is None


ALB = [(q, 40 - 3.4 * math.log10(q) + one) for q in (1e5, 1e4, 1e3, 1e2, 1e1) for one in JITTER]


def alb(slope=-3.4):
    quantities = [q for q, _ in ALB]
    return fit_standard_curve(quantities, [cq + (slope + 3.4) * math.log10(q) for q, cq in ALB])


def alb_cq(copies):
    return 40 - 3.4 * math.log10(copies)


def test_cells_by_the_control_gene():
    made = count_cells(EURO, alb(), [alb_cq(2e4)] * 2)
    assert made.value == pytest.approx(1e4)
    assert made.low < 1e4 < made.high
    assert made.reason is None


@pytest.mark.parametrize(
    ("cqs", "slope", "words"),
    [
        ([alb_cq(10.01)] * 2, -3.4, None),
        ([alb_cq(9.99)] * 2, -3.4, "copies"),
        ([25.0], -3.4, "1 wells"),
        ([25.0, None], -3.4, "no Ct"),
        ([25.0, 26.5], -3.4, None),
        ([25.0, 26.51], -3.4, "differ"),
        ([25.0, 25.0], -3.899, None),
        ([25.0, 25.0], -3.901, "slope"),
    ],
)
def test_control_gene_rules(cqs, slope, words):
    made = count_cells(EURO, alb(slope), cqs)
    assert (made.value is None) == (words is not None)
    if words:
        assert words in made.reason
        result = sample([None] * 3, cells=made)  # no negative without its control gene
        assert result.outcome is Outcome.INVALID


def test_cells_without_control_gene_come_from_the_stated_dna_or_not_at_all():
    assert count_cells(EURO, None, [], 500.0).value == pytest.approx(500_000 / 6.6)
    assert count_cells(EURO, None, [], None).reason
    assert count_cells(EURO, None, [], 0.0).reason
    assert "no standard curve" in count_cells(EURO, None, [25.0, 25.0], 500.0).reason


def test_a_template_free_well_of_the_control_gene_spoils_the_count():
    wanted = [alb_cq(2e4)] * 2
    assert count_cells(EURO, alb(), wanted, None, [None, None]).reason is None
    made = count_cells(EURO, alb(), wanted, None, [None, 38.0])
    assert "ALB without template amplified: contamination" in made.reason
    assert sample([None] * 3, cells=made).outcome is Outcome.INVALID
    assert count_cells(EURO, None, [], 500.0, [38.0]).reason is None  # not counted by it


@pytest.mark.parametrize(
    ("copies", "words"),
    [
        (9.9e4, None),
        (1.01e5, None),  # its interval reaches into the standards
        (1.5e5, "above its highest standard: extrapolated"),
        (5e6, "above its highest standard: extrapolated"),
        (10.5, None),
    ],
)
def test_no_complete_response_on_cells_beyond_the_control_genes_standards(copies, words):
    made = count_cells(EURO, alb(), [alb_cq(copies)] * 2)
    assert made.reason is None
    result = sample([None] * 3, cells=made)
    if words is None:
        assert (made.doubts, result.reasons) == ((), ())
        return
    assert words in result.reasons[0]
    assert result.response is Response.INTERMEDIATE
    positive = sample(wells(1e-2), cells=made)
    assert words in positive.reasons[0]
    assert positive.response is not None


def test_cells_below_the_control_genes_standards_are_said():
    curve = fit_standard_curve([q for q, _ in ALB if q >= 1e3], [cq for q, cq in ALB if q >= 1e3])
    for copies, doubted in ((980.0, False), (1e3, False), (15.0, True)):
        made = count_cells(EURO, curve, [alb_cq(copies)] * 2)
        assert made.reason is None
        assert bool(made.doubts) is doubted
    assert "below its lowest standard" in made.doubts[0]


def test_cells_far_from_the_dna_in_the_well_are_said():
    ample = fit_standard_curve([q * 1e3 for q, _ in ALB], [cq - 10.2 for _, cq in ALB])
    full = 2 * EURO.cells_of(1.0)
    for ng, factor, said in (
        (500.0, 4.99, False), (500.0, 5.01, True), (500.0, 1 / 4.99, False),
        (500.0, 1 / 5.01, True), (None, 4.99, False), (None, 5.01, True), (None, 0.1, False),
        (50.0, 1.0, False),
    ):  # fmt: skip
        wanted = full * (ng or 500.0) * factor
        made = count_cells(EURO, ample, [alb_cq(wanted)] * 2, ng)
        assert made.value == pytest.approx(wanted / 2)
        assert bool(made.doubts) is said, (ng, factor)
        if said:
            assert f"times the cells of {ng or 500:g} ng" in made.doubts[0]
            assert sample([None] * 3, cells=made).response is Response.INTERMEDIATE


def test_profiles_that_come_with_it_say_that_nobody_checked_them():
    assert profile_names() == ("euromrd-2007", "laboratory")
    for name in profile_names():
        made = load_profile(name)
        assert made.profile.name == name
        assert not made.profile.checked
        assert made.profile.warning
    assert "NOT checked" in EURO.profile.warning
    assert EURO.standard_curve.slope_lowest == -3.9
    assert EURO.quantitative_range.below_background == 3.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("least_r = 0.98", "", "least_r is missing"),
        ("least_r = 0.98", "least_r = 0.98\nleast_R = 1", "not known"),
        ("least_r = 0.98", "least_r = 1.2", "between 0 and 1"),
        ("least_r = 0.98", 'least_r = "0.98"', "not a number"),
        ("least_r = 0.98", "least_r = nan", "not a number"),
        ("slope_lowest = -3.9", "slope_lowest = -3.0", "slope_lowest"),
        ("sample_wells = 3", "sample_wells = 3.0", "whole"),
        ("sample_wells = 3", "sample_wells = 0", "too small"),
        ('avoid = "false negatives"', 'avoid = "errors"', "not one of"),
        ("checked = false", "checked = 0", "bool"),
        ("pg_per_cell = 6.6", "pg_per_cell = -1", "too small"),
        ("[response]", "[answer]", "response is missing"),
        ("[response]", "[response", "not TOML"),
    ],
)
def test_profiles_are_read_strictly(old, new, words):
    text = profile_text("euromrd-2007")
    assert old in text
    with pytest.raises(CalibrationError, match=words):
        parse_profile(text.replace(old, new, 1))
    with pytest.raises(CalibrationError, match="there is no profile"):
        load_profile("euromrd")


def test_a_sensitivity_of_all_cells_or_more_is_none():
    few = Cells(FULL * 1e-5, FULL * 1e-5, FULL * 1e-5, None)  # not a whole cell
    made = assess_sample(EURO, assay(), [None, None, None], few)
    assert made.outcome is Outcome.INVALID
    assert made.response is None
    assert made.sensitivity is None
    assert "a sensitivity of 100 % is none" in made.reasons[0]
    enough = Cells(FULL * 1.1e-5, FULL * 1.1e-5, FULL * 1.1e-5, None)
    made = assess_sample(EURO, assay(), [None, None, None], enough)
    assert made.outcome is Outcome.NEGATIVE


def test_more_cells_than_there_can_be_are_none():
    for share, outcome in ((9.9, Outcome.POSITIVE), (10.2, Outcome.INVALID)):
        made = sample(wells(share))
        assert made.outcome is outcome
        assert (made.value is None) is (outcome is Outcome.INVALID)
    assert "% of the cells cannot be" in made.reasons[0]
