"""Thresholds that a panel fixes: which one is used, what is said of it, and that it is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from itertools import product
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from primers import Kind as About
from primers import PanelError, check_panel, load_panel, panel_names
from primers.loader import parse_panel
from qpcr import analyze, frames
from qpcr.document import to_json
from qpcr.pipeline import FitSettings
from qpcr.qc.instrument_flags import RULE as FLAGS
from qpcr.report import render
from qpcr.run import AnalysisSettings, ThresholdSetting
from qpcr.settings import Settings, parse_settings
from tests.qc_plates import RISE, WIDTH, Well, run_of

FAST = FitSettings(polish=False)
TEXT = (resources.files("primers") / "panels" / "rnasep.toml").read_text("utf-8")
SOURCE = """
[sources.validation]
evidence = "{evidence}"
citation = "Validation 7 of 2026-03-12"
"""


def panel(threshold: float | str | None = 0.4, evidence: str = "validated", passive: str = "ROX"):
    """The panel of one target, with a fixed threshold or none."""
    lines = f'threshold = {threshold}\nthreshold_source = "validation"\n'
    lines = "" if threshold is None else lines
    text = TEXT.replace("[[reactions.channels]]\n", f"[[reactions.channels]]\n{lines}", 1)
    text = text.replace('passive_reference = "ROX"', f'passive_reference = "{passive}"')
    return parse_panel((text + SOURCE.format(evidence=evidence)).encode())


def run(recorded: ThresholdSetting | None = None, passive: str | None = "ROX", dye: str = "FAM"):
    """Curves of closed form: three replicates, a control of each kind."""
    target = panel().channels()[0].target
    wells = [Well(f"A{n}", 24.0, "S1", target, reporter=dye) for n in (1, 2, 3)]
    wells += [Well("B1", None, "NTC", target, reporter=dye)]
    wells += [Well("C1", 22.0, "Positive control", target, reporter=dye)]
    settings = AnalysisSettings({} if recorded is None else {target: recorded})
    return replace(run_of(wells), passive_reference=passive, settings=settings)


def said(record, rule="panel_threshold"):
    return [one for one in record.findings if one.rule == rule]


@pytest.mark.parametrize("name", panel_names())
def test_the_panels_of_the_study_fix_no_threshold_unless_they_say_it_is_not_validated(name):
    for one in load_panel(name).channels():
        assert one.threshold is None or one.threshold_source.evidence == "unverified"


def test_a_threshold_stands_in_the_panel_with_its_source():
    (channel,) = panel(0.25).channels()
    assert channel.threshold == 0.25
    assert channel.threshold_source.citation == "Validation 7 of 2026-03-12"
    assert panel(None).channels()[0].threshold is None


@pytest.mark.parametrize(
    "value", ["0", "0.0", "-0.1", "nan", "inf", "-inf", "true", '"0.2"', "[0.2]", "1" + "0" * 400]
)
def test_a_threshold_that_cannot_be_is_refused_at_its_place(value):
    with pytest.raises(PanelError) as caught:
        panel(value)
    assert caught.value.place == "reactions[0].channels[0].threshold"
    assert caught.value.expected == "a number above 0"


def test_threshold_and_source_go_together():
    for lines, key in (("threshold = 0.2", "_source"), ('threshold_source = "setting"', "_source")):
        text = TEXT.replace("[[reactions.channels]]\n", f"[[reactions.channels]]\n{lines}\n", 1)
        with pytest.raises(PanelError) as caught:
            parse_panel(text.encode())
        assert caught.value.place == f"reactions[0].channels[0].threshold{key}"
    with pytest.raises(PanelError, match="not known"):
        parse_panel(
            TEXT.replace(
                "[[reactions.channels]]\n",
                '[[reactions.channels]]\nthreshold = 0.2\nthreshold_source = "nobody"\n', 1,
            ).encode()
        )  # fmt: skip


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_is_taken_as_it_is_or_refused(value):
    good = 0 < value < float("inf")
    try:
        made = panel(repr(value))
    except PanelError:
        assert not good
    else:
        assert good
        assert made.channels()[0].threshold == value


def test_check_tells_what_is_not_fixed_and_what_is_not_validated():
    kinds = {
        "free": [f.kind for f in check_panel(panel(None))],
        "doubtful": [f.kind for f in check_panel(panel(0.4, "unverified"))],
        "good": [f.kind for f in check_panel(panel(0.4, "validated"))],
    }
    assert About.THRESHOLD_FREE in kinds["free"]
    assert About.THRESHOLD_UNVALIDATED in kinds["doubtful"]
    assert not {About.THRESHOLD_FREE, About.THRESHOLD_UNVALIDATED} & set(kinds["good"])


ASKED = {
    "nothing": (Settings(), None),
    "protocol": (Settings(threshold="protocol"), "protocol"),
    "auto": (Settings(threshold="auto"), "auto"),
    "file": (Settings(threshold="file"), "file"),
    "number": (Settings(threshold=0.7), 0.7),
}
RECORDED = {
    "none": None,
    "by hand": ThresholdSetting(0.3, automatic=False),
    "automatic": ThresholdSetting(0.6, automatic=True),
}


@pytest.mark.parametrize(("asked", "fixed", "recorded"), [*product(ASKED, (None, 0.4), RECORDED)])
def test_command_line_before_panel_before_file_before_automatic(asked, fixed, recorded):
    """Every combination against the order as a person would say it."""
    settings, word = ASKED[asked]
    stored = RECORDED[recorded]
    record = analyze(run(stored), settings, FAST, panel=panel(fixed))
    (used,) = record.curves.thresholds.values()
    if isinstance(word, float):
        expected = (word, "manual")
    elif word is None and fixed is not None:
        expected = (fixed, "panel")
    elif word == "file" and stored is not None:
        expected = (stored.value, "file")
    elif word in (None, "protocol") and recorded == "by hand":
        expected = (0.3, "file")
    else:
        expected = (used.value, "automatic")
        assert used.value not in (0.3, 0.4, 0.6, 0.7)
    assert (used.value, used.source) == expected
    told = " ".join(one.message for one in said(record))
    assert ("not read at the thresholds" in told) == (fixed is not None and used.source != "panel")
    assert ("person set other" in told) == (used.source == "panel" and recorded == "by hand")


def test_a_threshold_of_one_target_leaves_the_panel_its_others():
    assert parse_settings("protocol", ["A=0.2"], None).threshold == {"A": 0.2}
    assert parse_settings("protocol", [], None) == Settings() == Settings(threshold="panel")
    record = analyze(run(), Settings(threshold={"RNase P": 0.7}), FAST, panel=panel(0.4))
    assert record.curves.thresholds["RNase P"].source == "manual"


def test_the_ct_is_where_the_closed_form_crosses_the_panels_threshold():
    """Curves made to cross 0.4 at 24.0 cross T where 1 + exp((m − c)/w) = RISE/T."""
    middle = 24.0 + WIDTH * log(RISE / 0.4 - 1.0)
    for threshold in (0.4, 0.8, 1.2):
        record = analyze(run(), None, FAST, panel=panel(threshold))
        truth = middle - WIDTH * log(RISE / threshold - 1.0)
        found = [record.fits[row].cq for row in range(3)]
        assert found == pytest.approx([truth] * 3, abs=0.05)


@pytest.mark.parametrize("name", panel_names())
def test_without_fixed_thresholds_no_number_changes(name):
    bare = load_panel(name)
    kinds = tuple(
        replace(
            one,
            channels=tuple(
                replace(c, threshold=None, threshold_source=None) for c in one.channels
            ),
        )
        for one in bare.reactions
    )  # fmt: skip
    bare = replace(bare, reactions=kinds)
    for recorded in RECORDED.values():
        old = analyze(run(recorded), Settings(threshold="protocol"), FAST, panel=bare)
        new = analyze(run(recorded), Settings(), FAST, panel=bare)
        assert new.findings == old.findings
        assert new.calls == old.calls
        assert dict(new.curves.thresholds) == dict(old.curves.thresholds)
        np.testing.assert_array_equal(new.fits.table.cq, old.fits.table.cq)


@pytest.mark.parametrize(("passive", "dye"), [(None, "FAM"), ("TAMRA", "FAM"), ("ROX", "VIC")])
def test_a_threshold_in_other_units_is_not_used_and_that_is_said(passive, dye):
    record = analyze(run(passive=passive, dye=dye), None, FAST, panel=panel(0.4))
    (used,) = record.curves.thresholds.values()
    assert used.source != "panel"
    (finding,) = said(record)
    assert "do not hold on this plate" in finding.message
    assert finding.targets == ("RNase P",)
    assert len(finding.reactions) == 5


def test_without_a_passive_reference_in_both_the_threshold_holds():
    record = analyze(run(passive=None), None, FAST, panel=panel(0.4, passive="none"))
    assert record.curves.thresholds["RNase P"].source == "panel"


def test_on_a_real_plate_thresholds_that_nobody_validated_are_said():
    real = replace(run(), provenance=replace(run().provenance, simulated=False))
    for evidence, expected in (("unverified", 1), ("validated", 0)):
        record = analyze(real, None, FAST, panel=panel(0.4, evidence))
        assert len(said(record)) == expected
    assert said(analyze(run(), None, FAST, panel=panel(0.4, "unverified"))) == []


def test_report_tables_and_json_say_where_the_threshold_comes_from():
    record = analyze(run(), None, FAST, panel=panel(0.4))
    assert set(frames.reactions(record)["threshold_source"]) == {"panel"}
    plain = json.loads(to_json(record))
    assert plain["settings"]["threshold"] == "panel"
    assert plain["curves"]["thresholds"]["RNase P"]["source"] == "panel"
    assert "0.4 (fixed by the panel; Validation 7" in render(record, "en")
    assert "0.4（由检测方案固定；Validation 7" in render(record, "zh")
    doubtful = analyze(run(), None, FAST, panel=panel(0.4, "unverified"))
    assert "not validated; Validation 7" in render(doubtful, "en")


def test_the_instruments_ct_is_compared_at_its_own_threshold():
    """A file's own Ct, read at 0.1, is no contradiction of a Ct at the panel's 0.4."""
    file = run(ThresholdSetting(0.1, automatic=True))
    at_own = analyze(file, Settings(threshold="file"), FAST)
    results = {
        key: replace(one, cq=at_own.curves.instrument_cq[row].value)
        for row, (key, one) in enumerate(file.results.items())
    }
    for shift, expected in ((0.0, 0), (0.5, 1)):
        moved = {
            key: replace(one, cq=None if one.cq is None else one.cq + shift)
            for key, one in results.items()
        }
        record = analyze(replace(file, results=moved), None, FAST, panel=panel(0.4))
        assert record.curves.instrument_cq[0].value - results[0, "RNase P"].cq > 1.0
        far = [one for one in said(record, FLAGS.name) if "differ by up to" in one.message]
        assert len(far) == expected


def test_a_threshold_behind_the_exponential_phase_is_not_to_be_moved_for_one_run():
    record = analyze(run(), None, FAST, panel=panel(2.5))
    (finding,) = said(record, "threshold_phase")
    assert "Do not move a threshold that the panel fixes" in finding.remedy


def test_a_record_keeps_its_panels_thresholds(tmp_path: Path):
    from qpcr.records import Store

    store = Store.init(tmp_path / "store")
    record = analyze(run(), None, FAST, panel=panel(0.4))
    done = store.commit(record, user="anna")
    again = Store.open(tmp_path / "store").record(done.run_id)
    assert again.panel == record.panel
    assert again.settings == record.settings
    assert dict(again.curves.thresholds) == dict(record.curves.thresholds)
