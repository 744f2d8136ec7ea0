"""Thresholds proposed from runs: against curves of closed form, and against simulated truth."""

from __future__ import annotations

import difflib
import math
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli import main
from primers import PanelError, fix_thresholds, load_panel, panel_names
from primers.fixing import next_version
from primers.loader import panel_text, parse_panel
from qpcr import analyze
from qpcr.calls import Outcome
from qpcr.rehearsal import wells_of
from qpcr.run import Provenance
from qpcr.settings import FitSettings
from qpcr.simulate import patient_plates, random_patients, simulate_plate, write_eds
from qpcr.threshold_evidence import Basis, Seen, Sort, basis_of
from qpcr.threshold_proposal import LEAST_MARGIN, MARGIN, propose_thresholds
from qpcr.threshold_sheet import COLUMNS, citation_of, proposal_notes, proposal_rows

CYCLES = np.arange(1.0, 46.0)
RISE, WIDTH = 5.0, 1.5
PANEL = load_panel("rnasep")
MULTIPLEX = load_panel("ikzf1-4plex")


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def seen(number, sort, height=None, *, middle=25.0, target="RNase P", run_=0, own=0.5, sample=None):
    """A well: a logistic curve of closed form, or nothing."""
    drn = RISE / (1.0 + np.exp((middle - CYCLES) / WIDTH))
    maximum = middle - WIDTH * math.log(2.0 + math.sqrt(3.0))  # of the second derivative
    product = sort is Sort.PRODUCT
    return Seen(
        run_,
        f"{run_}.eds",
        f"A{number}",
        sample,
        target,
        sort,
        (RISE if product else 0.01) if height is None else height,
        0.001,
        RISE / (1.0 + math.exp((middle - maximum - 1.0) / WIDTH)) if product else None,
        own,
        drn if product else np.zeros_like(CYCLES),
        round(maximum) if product else None,
        frozenset(),
    )  # fmt: skip


def basis(*wells):
    return Basis(tuple(wells), (Provenance("a.eds", "0" * 64, 0, "test"),), ())


def only(*wells):
    (one,) = propose_thresholds(basis(*wells), PANEL)
    return one


def products(count=6, **named):
    return [seen(n, Sort.PRODUCT, middle=22.0 + n / 3, **named) for n in range(count)]


def empties(count=6, **named):
    return [seen(50 + n, Sort.EMPTY, **named) for n in range(count)]


LATEST = RISE / (1.0 + (2.0 + math.sqrt(3.0)) * math.exp(-1.0 / WIDTH))
"""ΔRn of a logistic curve one cycle after its second-derivative maximum."""


def test_the_window_lies_between_twice_the_highest_negative_and_where_curves_are_read():
    one = only(*products(), *empties(), seen(60, Sort.COPY, 0.12), seen(61, Sort.LOW, 0.2))
    assert one.floor == pytest.approx(MARGIN * 0.2)
    assert one.top == pytest.approx(LATEST)
    assert one.threshold == pytest.approx(0.5)  # the run's own: nothing speaks against it
    assert one.margin == pytest.approx(2.5)
    assert one.share == pytest.approx(0.1)
    assert one.shift == pytest.approx(0.0, abs=1e-9)
    assert (one.products, one.empty, one.copies, one.low) == (6, 6, 1, 1)
    assert one.highest_place == "A61 of 0.eds"


def test_noise_alone_sets_the_floor_where_negatives_are_flat():
    flat = [replace(one, height=0.0) for one in empties()]
    assert only(*products(), *flat).floor == pytest.approx(0.01)


def test_an_own_threshold_among_the_negatives_is_not_followed():
    one = only(*products(own=0.001), *empties(), seen(60, Sort.COPY, 0.2))
    assert one.fallen == 1
    assert one.own is None
    assert one.shift is None
    assert 0.95 * LATEST < one.threshold <= LATEST


def test_too_few_wells_or_no_room_is_said_and_nothing_is_proposed():
    for wells in ([*products(4), *empties()], [*products(), *empties(4)], products()):
        one = only(*wells)
        assert one.threshold is None
        assert "too few wells" in one.reason
    one = only(*products(), *empties(), seen(60, Sort.LOW, LATEST))
    assert one.threshold is None
    assert "no room" in one.reason
    assert only().threshold is None


def test_little_room_is_used_with_a_warning():
    height = LATEST / (0.5 * (MARGIN + LEAST_MARGIN))
    one = only(*products(), *empties(), seen(60, Sort.LOW, height))
    assert 0.95 * LATEST < one.threshold <= LATEST
    assert any("less than 2 times" in text for text in one.warnings)


def test_one_well_in_two_hundred_may_be_faulty_and_is_named():
    many = [*products(), *empties(250), seen(60, Sort.LOW, 3.0)]
    one = only(*many)
    assert one.threshold == pytest.approx(0.5)
    assert "A60 of 0.eds" in one.warnings[0]
    assert only(*products(), *empties(100), seen(60, Sort.LOW, 3.0)).threshold is None


def test_replicates_decide_where_they_differ():
    """Curves on baselines that are off by ± 0.02 agree only well above it: dCt = d / slope."""
    pairs = []
    for n in range(12):
        for sign in (-1.0, 1.0):
            one = seen(n, Sort.PRODUCT, middle=22.0 + n / 3, own=0.021, sample=f"S{n}")
            pairs.append(replace(one, drn=one.drn + 0.02 * sign))
    flat = [replace(one, height=0.005) for one in empties()]
    one = only(*pairs, *flat)
    assert one.degrees == 12
    assert one.sd < 0.5 * one.own_sd
    assert one.threshold > 0.2


def test_bleed_through_that_no_well_could_show_is_said():
    targets = [channel.target for channel in MULTIPLEX.reactions[0].channels]
    wells = [
        seen(n, sort, target=target)
        for target in targets
        for sort in (Sort.PRODUCT, Sort.EMPTY)
        for n in range(6)
    ]
    dark, *_ = propose_thresholds(basis(*wells), MULTIPLEX)
    assert any("bleed-through of" in text for text in dark.warnings)
    lit = [replace(one, lit=frozenset(targets) - {one.target}) for one in wells]
    bright, *_ = propose_thresholds(basis(*lit), MULTIPLEX)
    assert not any("bleed-through of" in text for text in bright.warnings)


@given(
    st.lists(st.floats(0.0, 6.0), max_size=30),
    st.lists(st.floats(15.0, 35.0), max_size=12),
    st.floats(1e-4, 3.0),
)
def test_a_proposal_always_clears_the_negatives_and_lies_where_curves_are_read(highs, middles, own):
    wells = [seen(n, Sort.EMPTY, high) for n, high in enumerate(highs)]
    wells += [seen(50 + n, Sort.PRODUCT, middle=m, own=own) for n, m in enumerate(middles)]
    one = only(*wells)
    if one.threshold is None:
        assert one.reason
    else:
        assert LEAST_MARGIN * max(highs) <= one.threshold <= one.top * (1 + 1e-12)
        assert min(len(highs), len(middles)) >= 5
    assert len(proposal_rows([one])[0]) == len(COLUMNS)


@pytest.mark.parametrize("name", panel_names())
def test_a_copy_of_a_panel_differs_by_its_thresholds_alone(name):
    panel = load_panel(name)
    values = {one.target: 0.1 + n for n, one in enumerate(panel.channels())}
    text = fix_thresholds(name, values, 'Report "7"\\ of today', name="ours")
    made = parse_panel(text.encode())
    assert {one.target: one.threshold for one in made.channels()} == values
    assert {one.threshold_source.citation for one in made.channels()} == {'Report "7"\\ of today'}
    assert (made.name, made.version) == ("ours", next_version(panel.version))
    before, after = panel_text(name).splitlines(), text.splitlines()
    gone = [line[2:] for line in difflib.ndiff(before, after) if line.startswith("- ")]
    assert {line.split(" ")[0] for line in gone} - {"threshold", "threshold_source"} == {
        "name",
        "version",
    }


def test_thresholds_are_replaced_and_the_others_stay(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text(fix_thresholds("ikzf1-4plex", {"IKZF1 Δ4-7": 0.31}, "first", name="ours"))
    again = parse_panel(fix_thresholds(file, {"IKZF1 Δ4-7": 0.32}, "second").encode())
    found = {one.target: one for one in again.channels()}
    assert found["IKZF1 Δ4-7"].threshold == 0.32
    assert found["IKZF1 Δ4-7"].threshold_source.citation == "second"
    assert found["IKZF1 Δ2-7"] == MULTIPLEX.channels()[1]
    assert again.version == "4"


def test_a_file_that_lines_cannot_be_put_into_is_refused(tmp_path):
    text = panel_text("rnasep")
    at = text.index("[[reactions.channels]]")
    end = text.index("[", text.index("reports", at))
    keys = [line for line in text[at:end].splitlines()[1:] if "=" in line]
    inline = f"channels = [{{ {', '.join(keys)} }}]\n\n"
    file = tmp_path / "inline.toml"
    file.write_text(text[:at] + inline + text[end:], "utf-8")
    assert load_panel(file).channels() == PANEL.channels()
    with pytest.raises(PanelError) as caught:
        fix_thresholds(file, {"RNase P": 0.2}, "report")
    assert "RNase P: threshold = 0.2" in caught.value.remedy
    with pytest.raises(PanelError, match="does not have"):
        fix_thresholds("rnasep", {"RNase Q": 0.2}, "report")
    with pytest.raises(PanelError):
        fix_thresholds("rnasep", {"RNase P": -1.0}, "report")


@pytest.mark.parametrize(
    ("version", "after"), [("1", "2"), ("9", "10"), ("1.9", "1.10"), ("b", "b.1"), ("2a", "2a.1")]
)
def test_the_next_version(version, after):
    assert next_version(version) == after


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Simulated plates of the multiplex: four to learn from, one to judge."""
    folder = tmp_path_factory.mktemp("plates")
    files = []
    for seed in range(5):
        kinds = wells_of(MULTIPLEX)
        patients = random_patients(20, kinds, 910 + seed)
        (plate,) = patient_plates(patients, kinds, replicates=2)
        files.append(folder / f"{seed}.eds")
        write_eds(simulate_plate(plate, 910 + seed), files[-1])
    return files, {one.name: set(one.deletions) for one in patients}


def test_on_simulated_plates_proposals_make_bleed_through_negative(plates, tmp_path):
    files, carried = plates
    found = basis_of(files[:4], MULTIPLEX)
    assert found.notes == ()
    proposals = propose_thresholds(found, MULTIPLEX)
    values = {one.target: one.threshold for one in proposals if one.threshold is not None}
    assert {"IKZF1 Δ4-7", "IKZF1 Δ2-7"} <= values.keys()
    assert "4 SIMULATED runs" in citation_of(found)
    assert all(text.endswith(".") for text in proposal_notes(found, proposals))
    panel = parse_panel(fix_thresholds("ikzf1-4plex", values, "simulated", name="x").encode())
    calls = analyze(files[4], None, FitSettings(polish=False), panel=panel).calls
    assert len(calls) == 20
    for call in calls:
        assert set(call.deletions) == carried[call.sample]
        assert call.outcome is (Outcome.DETECTED if call.deletions else Outcome.NOT_DETECTED)


def test_the_command_proposes_and_writes_only_when_asked(plates, tmp_path):
    files, _ = plates
    out = tmp_path / "ours.toml"
    done = run("panel", "thresholds", files[0], "--panel", "ikzf1-4plex")
    assert done.exit_code == 0
    assert "These are proposals, not validated" in done.output
    assert not list(tmp_path.iterdir())
    asked = ("panel", "thresholds", *files[:2], "--panel", "ikzf1-4plex", "--write", out)
    assert run(*asked).exit_code == 2
    done = run(*asked, "--name", "ours")
    assert done.exit_code == 0, done.output
    made = load_panel(out)
    assert made.name == "ours"
    fixed = [one for one in made.channels() if one.threshold_source is not None]
    assert {one.threshold_source.evidence for one in fixed} == {"unverified"}
    assert "not validated" in run("panel", "check", out).output
    assert "exists" in run("panel", "thresholds", files[0], *asked[-4:], "--name", "x").output


def test_a_file_given_twice_and_a_panel_of_other_targets_are_refused(plates):
    files, _ = plates
    twice = run("panel", "thresholds", files[0], files[0], "--panel", "ikzf1-4plex")
    assert twice.exit_code == 3
    assert "given twice" in twice.output
    other = run("panel", "thresholds", files[0], "--panel", "ikzf1-pooled")
    assert "RNase P" in other.output
