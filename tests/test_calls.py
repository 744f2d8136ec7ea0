"""Calls: every way a sample can turn out, on small plates made of sigmoids with chosen Ct."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from primers import load_panel
from qpcr.calls import Answer, Outcome, Release, together
from qpcr.curves import from_run
from qpcr.deciding import decide
from qpcr.errors import InputError
from qpcr.findings import Finding, Severity
from qpcr.fits import fit_curves
from qpcr.qc import plate_of
from qpcr.run import InstrumentResult, Provenance, Reaction, Run, Target, Task, well_name
from qpcr.settings import Settings
from qpcr.shapes import classify

REFERENCE = "RNase P"
TARGETS = ("F.4 × R-7", "F.2a × R-7", "F.2b × R-7", "F.4 × R-8", "F.2a × R-8", "F.2b × R-8")
NEGATIVE = {**dict.fromkeys(TARGETS), REFERENCE: 24.0}
CYCLES = np.arange(1, 46)


def sigmoid(ct, rng):
    """Rn of a curve that crosses 0.2 at `ct`, or of none."""
    rn = 1.0 + 0.001 * CYCLES + rng.normal(0, 0.002, len(CYCLES))
    if ct is not None:
        middle = ct + np.log(4 / 0.2 - 1) * 1.45
        rn = rn + 4 / (1 + np.exp(-(CYCLES - middle) / 1.45))
    return rn


def plate(samples, panel="ikzf1", omitted=()):
    """A plate of samples: name → target → Ct, ``None``, or several of them for replicates."""
    rng = np.random.default_rng(5)
    reactions, results = [], {}
    for sample, targets in samples.items():
        for target, value in targets.items():
            for ct in value if isinstance(value, tuple) else (value,):
                well = len(reactions)
                task = Task.NTC if sample == "NTC" else Task.UNKNOWN
                reactions.append(
                    Reaction(well, well_name(well, 24), sample, target, task, "FAM", "TAMRA",
                             omitted=(sample, target) in omitted)
                )  # fmt: skip
                results[well, target] = InstrumentResult(
                    well, target, None, None, sigmoid(ct, rng), np.zeros(len(CYCLES))
                )
    run = Run(
        Provenance("made up", "0" * 64, 0, "test", software="7500 Software v2.3"), 16, 24,
        tuple(reactions), {r.target: Target(r.target, "FAM", "TAMRA") for r in reactions}, "ROX",
        CYCLES, results=results,
    )  # fmt: skip
    curves = from_run(run, Settings(threshold=0.2))
    fits = fit_curves(curves, polish=False)
    return plate_of(run, curves, fits, classify(curves), load_panel(panel))


def call(targets, findings=(), release=None, **options):
    made = decide(plate({"P-1": targets}, **options), findings, release)
    assert len(made) == 1
    return made[0]


def test_nothing_found_where_everything_was_looked_for():
    answer = call(NEGATIVE)
    assert answer.outcome is Outcome.NOT_DETECTED
    assert answer.deletions == ()
    assert any("Δ1-8" in text for text in answer.limitations)
    assert len(answer.evidence) == 7


@pytest.mark.parametrize(
    ("target", "deletion", "functional"),
    [
        ("F.4 × R-7", "Δ4-7", "dominant negative"),
        ("F.2a × R-7", "Δ2-7", "loss of function"),
        ("F.2b × R-7", "Δ2-7", "loss of function"),
        ("F.4 × R-8", "Δ4-8", "loss of function"),
        ("F.2a × R-8", "Δ2-8", "loss of function"),
    ],
)
def test_each_deletion_is_named(target, deletion, functional):
    answer = call({**NEGATIVE, target: 27.0})
    assert answer.outcome is Outcome.DETECTED
    assert answer.deletions == (deletion,)
    assert answer.classes == (functional,)
    assert not answer.mixed
    assert answer.limitations == ()
    assert any("27.0" in line and "positive" in line for line in answer.chain())


def test_several_deletions_are_mixed_and_two_primers_of_one_are_not():
    both = call({**NEGATIVE, "F.4 × R-7": 26.0, "F.2a × R-8": 30.0})
    assert both.mixed
    assert set(both.deletions) == {"Δ4-7", "Δ2-8"}
    same = call({**NEGATIVE, "F.2a × R-7": 26.0, "F.2b × R-7": 30.0})
    assert same.deletions == ("Δ2-7",)
    assert not same.mixed


def test_no_negative_without_the_reference_gene():
    for reference in (None, 37.5):
        answer = call({**NEGATIVE, REFERENCE: reference})
        assert answer.outcome is Outcome.INVALID
        assert "reference gene" in " ".join(answer.reasons)
    untested = {name: ct for name, ct in NEGATIVE.items() if name != REFERENCE}
    assert call(untested).outcome is Outcome.INVALID


def test_a_detected_deletion_stands_without_the_reference_gene_and_says_so():
    answer = call({**NEGATIVE, "F.4 × R-7": 27.0, REFERENCE: None})
    assert answer.outcome is Outcome.DETECTED
    assert "reference gene" in " ".join(answer.reasons)


@pytest.mark.parametrize(
    ("ct", "outcome"),
    [
        (34.6, Outcome.DETECTED),
        (35.4, Outcome.INCONCLUSIVE),
        (36.4, Outcome.INCONCLUSIVE),
        (37.6, Outcome.NOT_DETECTED),
    ],
)
def test_the_cut_off_and_its_grey_zone(ct, outcome):
    answer = call({**NEGATIVE, "F.4 × R-7": ct})
    assert answer.outcome is outcome
    assert ("Repeat F.4 × R-7." in answer.recommendations) == (outcome is Outcome.INCONCLUSIVE)


def test_replicates_have_to_agree():
    assert call({**NEGATIVE, "F.4 × R-7": (27.0, 27.1)}).outcome is Outcome.DETECTED
    answer = call({**NEGATIVE, "F.4 × R-7": (27.0, None)})
    assert answer.outcome is Outcome.INCONCLUSIVE
    assert answer.deletions == ()


def test_a_target_that_was_not_tested_leaves_the_sample_open():
    some = {name: ct for name, ct in NEGATIVE.items() if name != "F.2a × R-8"}
    answer = call(some)
    assert answer.outcome is Outcome.INCONCLUSIVE
    assert "Not tested: F.2a × R-8." in answer.reasons


def test_omitted_and_barred_wells_say_nothing():
    omitted = call({**NEGATIVE, "F.4 × R-7": 27.0}, omitted={("P-1", "F.4 × R-7")})
    assert omitted.outcome is Outcome.INCONCLUSIVE
    barred = Finding("some_rule", Severity.REACTION, (0,), "a bubble", "Repeat.")
    answer = call({**NEGATIVE, "F.4 × R-7": 27.0}, [barred])
    assert answer.outcome is Outcome.INCONCLUSIVE
    assert answer.evidence[0].answer is Answer.UNUSABLE
    assert answer.evidence[0].why == "a bubble"


def test_a_run_whose_controls_fail_gives_nothing_unless_released():
    failed = Finding("ntc_amplified", Severity.RUN, (0,), "An NTC amplified.", "Repeat the run.")
    answer = call({**NEGATIVE, "F.4 × R-7": 27.0}, [failed])
    assert answer.outcome is Outcome.INVALID
    assert answer.deletions == ()
    assert answer.recommendations == ("Repeat the run.",)
    release = Release("somebody", "the NTC well was splashed, seen on camera")
    released = call({**NEGATIVE, "F.4 × R-7": 27.0}, [failed], release)
    assert released.outcome is Outcome.DETECTED
    assert released.released == release
    assert "splashed" in released.reasons[0]
    assert call(NEGATIVE, [], release).released is None  # there was nothing to release


def test_controls_and_standards_are_not_called():
    made = decide(
        plate({"P-1": NEGATIVE, "NTC": dict.fromkeys(TARGETS), "Positive control": NEGATIVE}), ()
    )
    assert [one.sample for one in made] == ["P-1"]


def test_a_pooled_well_names_no_deletion_and_asks_for_more():
    panel = load_panel("ikzf1-pooled")
    target = next(c.target for r in panel.reactions for c in r.channels if c.role == "target")
    reference = next(c.target for r in panel.reactions for c in r.channels if c.role == "reference")
    answer = call({target: 27.0, reference: 24.0}, panel="ikzf1-pooled")
    assert answer.outcome is Outcome.DETECTED
    assert answer.deletions == ("some deletion",)
    assert answer.classes == ()
    assert panel.reflex.text in answer.recommendations


def test_calls_need_a_panel():
    made = plate({"P-1": NEGATIVE})
    bare = plate_of(made.run, made.curves, made.fits, made.shapes)
    with pytest.raises(ValueError, match="panel"):
        decide(bare, ())


def test_replicates_together():
    yes, no, unclear, none = Answer.POSITIVE, Answer.NEGATIVE, Answer.UNCLEAR, Answer.UNUSABLE
    assert together([yes, yes]) is yes
    assert together([no, no, none]) is no
    assert together([yes, none]) is yes
    assert together([yes, no]) is unclear
    assert together([none]) is none
    assert together([]) is none


@pytest.mark.parametrize("rule", ["layout", "ntc_amplified", "positive_control"])
def test_nothing_is_called_by_a_panel_that_does_not_judge_its_controls(rule):
    made = plate({"P-1": NEGATIVE})
    careless = replace(made.panel, qc=tuple(one for one in made.panel.qc if one.name != rule))
    with pytest.raises(InputError, match=f"no .qc.{rule}."):
        decide(replace(made, panel=careless), ())


def test_a_panel_without_targets_makes_no_call_on_one():
    answer = call({REFERENCE: 24.0}, panel="rnasep")
    assert answer.outcome is Outcome.NOT_TESTED
    assert "nothing was tested for" in answer.reasons[0]
    assert not any("negative" in reason for reason in answer.reasons)
    assert call({REFERENCE: None}, panel="rnasep").outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("user", "reason"), [("ann", ""), ("ann", " \t"), ("", "seen"), (" ", "x")]
)
def test_a_release_without_person_or_reason_is_refused(user, reason):
    failed = Finding("ntc_amplified", Severity.RUN, (0,), "An NTC amplified.", "Repeat the run.")
    for findings in ([failed], []):
        with pytest.raises(InputError, match="who says why"):
            call(NEGATIVE, findings, Release(user, reason))


@pytest.mark.parametrize(
    ("reason", "said"), [("looked at, fine", "fine."), ("Fine. ", "Fine."), ("已查看", "已查看。")]
)
def test_the_sentence_of_a_release_ends_with_one_full_stop(reason, said):
    failed = Finding("ntc_amplified", Severity.RUN, (0,), "An NTC amplified.", "Repeat the run.")
    assert call(NEGATIVE, [failed], Release("ann", reason)).reasons[0].endswith(said)


def test_a_barred_reference_well_is_repeated_and_the_dna_left_alone():
    """The cause is the well: nothing is known of the DNA."""
    bar = Finding(
        "passive_reference", Severity.REACTION, (6,), "The passive reference of A7 is low.",
        "Pipette this well again.",
    )  # fmt: skip
    answer = call(NEGATIVE, [bar])
    assert answer.outcome is Outcome.INVALID
    assert answer.recommendations == ("Pipette this well again.",)
    assert answer.reasons == (
        "The reference gene (RNase P) cannot be judged: The passive reference of A7 is low.",
    )
    found = call({**NEGATIVE, "F.4 × R-7": 27.0}, [bar])
    assert "did not amplify" not in " ".join(found.reasons)


def test_the_reference_gene_says_which_cause_it_was():
    absent = call({**NEGATIVE, REFERENCE: None})
    assert "DNA" in absent.recommendations[0]
    untested = call({name: ct for name, ct in NEGATIVE.items() if name != REFERENCE})
    assert untested.recommendations == ("Test RNase P too.",)
    split = call({**NEGATIVE, REFERENCE: (24.0, None)})
    assert "contradict" in split.reasons[0]
    assert split.recommendations == ("Repeat RNase P.",)
    left_out = call(NEGATIVE, omitted={("P-1", REFERENCE)})
    assert left_out.reasons == (
        "The reference gene (RNase P) cannot be judged: omitted on the instrument.",
    )
    assert left_out.recommendations == ("Repeat RNase P.",)
