"""The patient report: what it says and draws, and that nothing on it is left to a name."""

from __future__ import annotations

import re
from dataclasses import replace

import lxml.html
import numpy as np
import pytest
from report_records import ATTACKS
from test_languages import fields

from primers import load_panel
from qpcr import FitSettings, analyze
from qpcr.calls import Answer, Outcome, Release
from qpcr.errors import InputError
from qpcr.report._exon_map import exon_map
from qpcr.report._thumbnails import HEIGHT, WIDTH, thumbnails
from qpcr.report.patient import STATES, Review, Step, case_of, render_patient
from qpcr.report.patient_texts import TEXTS
from qpcr.samples import Identity

SIGNED = Review("signed", "wang", "2026-01-02", "li", "2026-01-03")


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The demonstration plate of invented patients, called by its panel."""
    from qpcr.simulate import demo_plate, simulate_plate, write_eds

    path = tmp_path_factory.mktemp("patients") / "simulated.eds"
    write_eds(simulate_plate(demo_plate(), seed=1), path)
    who = [Identity("P-001", "K-77", "bone marrow", "诊断")]
    return analyze(
        path, fit_settings=FitSettings(polish=False), panel=load_panel("ikzf1"), identities=who
    )


def of_outcome(record, outcome, deletions=None):
    """Sample with a call of this kind."""
    return next(
        one.sample
        for one in record.calls
        if one.outcome is outcome and (deletions is None or len(one.deletions) == deletions)
    )


def tree_of(case, lang="en"):
    return lxml.html.fromstring(render_patient(case, lang))


def text_of(tree):
    for element in tree.xpath("//style"):
        element.drop_tree()
    return " ".join(tree.text_content().split())


def test_texts_have_the_same_keys_and_placeholders():
    english, chinese = TEXTS["en"], TEXTS["zh"]
    assert list(english) == list(chinese)
    assert {key for key in english if fields(english[key]) != fields(chinese[key])} == set()
    assert all(f"state_{state}" in english and f"event_{state}" in english for state in STATES)


def test_it_says_who_what_and_which_exons(record):
    text = text_of(tree_of(case_of(record, "P-001")))
    for part in ("K-77", "P-001", "bone marrow", "诊断", "Detected: Δ4-7", "exons 4 to 7"):
        assert part in text
    assert "dominant negative" in text
    assert "(IK6)" in text
    assert "NM_006060.6):c.(160+1_161-1)_(850+1_851-1)del" in text
    assert "Δ1-8" in text
    assert record.run.provenance.sha256 in text
    assert TEXTS["en"]["simulated"] in text


def test_it_says_the_same_in_chinese(record):
    text = text_of(tree_of(case_of(record, "P-001"), "zh"))
    for part in (
        "K-77",
        "检出：Δ4-7",
        "外显子 4 至 7",
        "显性负效应",
        "诊断",
        "骨髓",
        "（NTC）",
    ):
        assert part in text
    for english in ("Detected", "dominant negative", "Limits of the assay", "negative"):
        assert english not in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_outcome_has_its_words(record, lang):
    t = TEXTS[lang]
    for outcome in (Outcome.NOT_DETECTED, Outcome.INVALID, Outcome.INCONCLUSIVE):
        tree = tree_of(case_of(record, of_outcome(record, outcome)), lang)
        headline = tree.xpath("//p[@class='headline']")[0].text_content()
        assert headline == t[outcome.name.lower()]
        assert not tree.xpath("//section[@id='meaning']")
        assert "positive" not in [one.get("class") for one in tree.xpath("//svg/rect")]
    mixed = text_of(tree_of(case_of(record, of_outcome(record, Outcome.DETECTED, 2)), lang))
    assert t["mixed"] in mixed


def test_preliminary_is_printed_across_until_it_is_signed(record):
    for state in STATES:
        review = SIGNED if state == "signed" else Review(state, "wang")
        tree = tree_of(case_of(record, "P-001", review))
        mark = tree.xpath("//div[@class='watermark']")
        assert len(mark) == (0 if state == "signed" else 1)
        assert TEXTS["en"][f"state_{state}"] in text_of(tree)
    signed = text_of(tree_of(case_of(record, "P-001", SIGNED)))
    assert "wang, 2026-01-02" in signed
    assert "li, 2026-01-03" in signed
    alone = Review("signed", "li", None, "li")
    assert TEXTS["en"]["one_person"] in text_of(tree_of(case_of(record, "P-001", alone)))


def test_a_review_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="no state 'final'"):
        Review("final")
    with pytest.raises(ValueError, match="names who signed"):
        Review("signed", "wang")


def test_the_history_is_printed_when_something_was_amended(record):
    steps = (Step("signed", "li", "2026-01-01"), Step("amended", "li", "2026-01-02", "swapped"))
    plain = tree_of(case_of(record, "P-001", replace(SIGNED, history=steps[:1])))
    assert not plain.xpath("//section[@id='history']")
    tree = tree_of(case_of(record, "P-001", replace(SIGNED, history=steps)))
    lines = [one.text_content() for one in tree.xpath("//section[@id='history']//li")]
    assert lines == ["2026-01-01 · li · signed", "2026-01-02 · li · amended · swapped"]


def test_an_amended_call_is_what_is_printed(record):
    case = case_of(record, "P-001", SIGNED)
    call = replace(case.call, outcome=Outcome.INVALID, deletions=(), classes=())
    text = text_of(tree_of(replace(case, call=call)))
    assert "Detected:" not in text
    assert TEXTS["en"]["words_invalid"] in text
    assert not re.search(r"\bdetected\b", text)
    assert not re.search(r"· (positive|negative)", text)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_nothing_was_tested_for_nothing_is_said_to_be_absent(record, lang):
    case = case_of(record, "P-001")
    call = replace(case.call, outcome=Outcome.NOT_TESTED, deletions=(), classes=(), evidence=())
    text = text_of(tree_of(replace(case, call=call), lang))
    assert TEXTS[lang]["words_not_tested"] in text
    assert TEXTS[lang]["not_detected"] not in text


def test_a_released_run_says_who_released_it(record):
    case = case_of(record, "P-001")
    call = replace(case.call, released=Release("chief", "repeat impossible"))
    text = text_of(tree_of(replace(case, call=call)))
    assert "chief released it: repeat impossible" in text


def test_the_map_draws_the_exons_that_are_lost(record):
    drawn = exon_map(record.panel, {"Δ4-7": "positive", "Δ2-7": "negative"})
    at = {box.number: box for box in drawn.exons}
    assert list(at) == list(range(1, 9))
    bars = {bar.name: bar for bar in drawn.deletions}
    for name, (first, last) in {"Δ4-7": (4, 7), "Δ2-8": (2, 8)}.items():
        bar = bars[name]
        covered = [
            number
            for number, box in at.items()
            if bar.x <= box.x and box.x + box.width <= bar.x + bar.width
        ]
        assert covered == list(range(first, last + 1))
        touched = [
            number
            for number, box in at.items()
            if box.x < bar.x + bar.width and bar.x < box.x + box.width
        ]
        assert touched == covered
    assert (bars["Δ4-7"].seen, bars["Δ2-7"].seen, bars["Δ4-8"].seen) == (
        "positive", "negative", "none",
    )  # fmt: skip
    assert exon_map(replace(record.panel, transcript=None), {}) is None


def test_what_is_drawn_as_detected_is_what_was_called(record):
    for call in record.calls:
        tree = tree_of(case_of(record, call.sample))
        rows = zip(
            tree.xpath("//svg[@class='map']/text[starts-with(@class, 'label') and @x='0']")[1:],
            tree.xpath("//svg[@class='map']/rect[starts-with(@class, 'bar')]"),
            strict=True,
        )
        positive = {name.text for name, bar in rows if bar.get("class") == "bar positive"}
        if call.outcome is Outcome.DETECTED:
            assert positive == set(call.deletions)
        else:
            assert positive == set()


def test_nothing_is_drawn_as_detected_that_the_call_does_not_name(record):
    case = case_of(record, "P-001")
    assert case.seen["Δ4-7"] == "positive"
    other = replace(case, call=replace(case.call, deletions=("Δ2-8",)))
    assert (other.seen["Δ4-7"], other.seen["Δ2-8"]) == ("unclear", "positive")
    none = replace(case, call=replace(case.call, outcome=Outcome.INCONCLUSIVE, deletions=()))
    assert "positive" not in none.seen.values()
    invalid = replace(case, call=replace(case.call, outcome=Outcome.INVALID, deletions=()))
    assert set(invalid.seen.values()) == {"unusable"}


def test_thumbnails_are_the_curves(record):
    call = record.calls[0]
    drawn = thumbnails(record.curves, call.evidence)
    heights = []
    for one in drawn:
        points = np.array([pair.split(",") for pair in one.points.split()], dtype=float)
        drn = record.curves.drn[one.evidence.reaction]
        assert len(points) == len(drn)
        assert points.min() >= 0
        assert points[:, 0].max() == pytest.approx(WIDTH)
        assert points[:, 1].max() <= HEIGHT
        assert np.corrcoef(points[:, 1], drn)[0, 1] < -0.99 or np.ptp(points[:, 1]) < 2
        heights.append((drn.max(), points[:, 1].min()))
        if one.cq is not None:
            share = (one.evidence.cq - record.curves.cycles[0]) / (len(drn) - 1)
            assert one.cq == pytest.approx(share * WIDTH, abs=0.06)
    tallest, highest = max(heights)
    assert tallest > 1
    assert highest == min(place for _, place in heights)


def test_a_sample_that_was_not_called_is_refused(record):
    with pytest.raises(InputError, match="not among those called"):
        case_of(record, "nobody")
    with pytest.raises(InputError, match="needs calls"):
        case_of(replace(record, panel=None, calls=()), "P-001")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_names_stay_text(record, lang):
    for attack in ATTACKS:
        case = case_of(record, "P-001")
        source = replace(
            record.run.provenance, file=attack, instrument=attack, software=attack, simulated=False
        )
        evidence = tuple(replace(one, target=attack, well=attack) for one in case.call.evidence)
        call = replace(
            case.call, sample=attack, reasons=(attack,), recommendations=(attack,),
            evidence=evidence, released=Release(attack, attack),
        )  # fmt: skip
        amended = Step("amended", attack, attack, attack)
        made = replace(
            case, call=call, patient=attack, specimen=attack, timepoint=attack,
            review=Review("signed", attack, attack, attack, attack, (amended,)),
            record=replace(record, run=replace(record.run, provenance=source)),
        )  # fmt: skip
        page = render_patient(made, lang)
        tree = lxml.html.fromstring(page)
        assert tree.xpath("//script | //img | //a | //iframe | //object") == []
        assert not any(name.startswith("on") for one in tree.iter() for name in one.attrib)
        assert re.search(r"default-src 'none'", page)
        assert len(tree.xpath("//svg")) == 1 + 8
        assert " ".join(attack.split()) in text_of(tree)


def test_a_pool_cannot_tell_which_and_was_looked_at_for_all(record):
    pool = load_panel("ikzf1-pooled")
    target = next(c.target for r in pool.reactions for c in r.channels if c.role == "target")
    case = case_of(record, "P-001")
    evidence = tuple(
        replace(one, target=target, product="some deletion") for one in case.call.evidence[:1]
    )
    names = {"Δ4-7", "Δ2-7", "Δ4-8", "Δ2-8"}
    found = replace(case.call, deletions=("some deletion",), classes=(), evidence=evidence)
    positive = replace(case, panel=pool, call=found)
    assert {positive.seen[name] for name in names} == {"unclear"}
    assert TEXTS["en"]["words_some"].format(gene="IKZF1") in text_of(tree_of(positive))
    nothing = tuple(replace(one, answer=Answer.NEGATIVE) for one in evidence)
    call = replace(found, outcome=Outcome.NOT_DETECTED, deletions=(), evidence=nothing)
    negative = replace(case, panel=pool, call=call)
    assert {negative.seen[name] for name in names} == {"negative"}
    text = text_of(tree_of(negative))
    assert all(name in text for name in names)
    assert "some deletion" not in text


def test_many_reasons_do_not_push_the_signature_off_the_page(record):
    case = case_of(record, "P-001")
    many = tuple(f"Reason {n}." for n in range(9))
    call = replace(case.call, outcome=Outcome.INVALID, reasons=many)
    text = text_of(tree_of(replace(case, call=call)))
    assert "Reason 2. (6 more in the run report)" in text
    assert "Reason 3." not in text
