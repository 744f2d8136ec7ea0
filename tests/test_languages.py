"""Every text a person sees exists in both languages, with the same placeholders."""

from __future__ import annotations

import ast
import string
import tomllib
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from report_records import ATTACKS, hostile_record, synthetic_record, synthetic_run

import calibration
import qpcr
from calibration import mrd
from cli import main
from primers import load_panel, panel_names
from qpcr import analyze
from qpcr.calls import Answer, Outcome
from qpcr.qc._plate import Part
from qpcr.report import render
from qpcr.report.language import LANGUAGES, language, preferred
from qpcr.report.texts_en import TEXTS as ENGLISH
from qpcr.report.texts_zh import TEXTS as CHINESE
from qpcr.said import say
from qpcr.shapes import Kind

ROOM = Path(qpcr.__file__).parent
ARITHMETIC = Path(calibration.__file__).parent
CATALOGUE = tomllib.loads((ROOM / "report" / "sentences_zh.toml").read_text("utf-8"))


def fields(template: str) -> list[str]:
    """Placeholders of a template, with their conversions, sorted."""
    found = string.Formatter().parse(template)
    return sorted(f"{name}!{how}" for _, name, _, how in found if name is not None)


def templates() -> dict[str, str]:
    """Every literal given to ``say`` here, or to ``state`` in ``calibration``, and where."""
    found = {}
    for path in sorted((*ROOM.rglob("*.py"), *ARITHMETIC.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id not in ("say", "state"):
                continue
            first = node.args[0] if node.args else None
            where = f"{path.relative_to(ROOM.parent)}:{node.lineno}"
            assert isinstance(first, ast.Constant), f"{where}: say() takes a literal"
            assert isinstance(first.value, str), f"{where}: say() takes a literal"
            found[first.value] = where
    return found


def test_every_sentence_is_in_the_catalogue_and_no_other():
    said = templates()
    assert len(said) > 150
    missing = {text: where for text, where in said.items() if text not in CATALOGUE["sentences"]}
    assert missing == {}
    assert set(CATALOGUE["sentences"]) - set(said) == set()


def test_sentences_have_the_same_placeholders():
    unlike = {
        english
        for english, chinese in CATALOGUE["sentences"].items()
        if fields(english) != fields(chinese)
    }
    assert unlike == set()


def test_words_of_our_enumerations_are_all_there():
    kinds = (Kind, Answer, Outcome, Part, mrd.Outcome, mrd.Response)
    words = {str(one) for kind in kinds for one in kind}
    assert words <= set(CATALOGUE["words"])


def test_labels_have_the_same_keys_and_placeholders():
    assert list(ENGLISH) == list(CHINESE)
    unlike = {key for key in ENGLISH if fields(ENGLISH[key]) != fields(CHINESE[key])}
    assert unlike == set()


def test_no_label_was_left_in_english():
    same = {key for key in ENGLISH if ENGLISH[key] == CHINESE[key] and len(ENGLISH[key]) > 12}
    assert {key for key in same if "{" not in ENGLISH[key]} == set()


@pytest.mark.parametrize("name", panel_names())
def test_shipped_panels_say_everything_in_chinese(name):
    panel = load_panel(name)
    wanted = {panel.title, *(one.text for one in (*panel.limitations, *panel.notes))}
    wanted |= {source.citation for source in panel.sources}
    if panel.reflex is not None:
        wanted.add(panel.reflex.text)
    assert wanted == set(panel.chinese())


def test_a_panel_without_chinese_is_reported_in_english():
    panel = load_panel("ikzf1")
    bare = replace(panel, limitations=tuple(replace(one, zh=None) for one in panel.limitations))
    tongue = language("zh", bare)
    assert tongue.say(panel.limitations[0].text) == panel.limitations[0].text
    assert language("zh", panel).say(panel.limitations[0].text).startswith("不能检出")


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="there is no language 'fr'"):
        language("fr")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "Chinese (Simplified)_China.936"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_locale_decides_where_nothing_is_asked(variables, expected):
    assert preferred(variables) == expected


def words_of(page: str) -> str:
    tree = lxml.html.fromstring(page)
    for element in tree.xpath("//script | //style"):
        element.drop_tree()
    return " ".join(tree.text_content().split())


def test_a_page_in_chinese_says_findings_calls_and_reasons_in_chinese():
    run = synthetic_run(used=24, targets=("F.4 × R-7", "RNase P"), samples=("样本 A1", "NTC", "s3"))
    record = analyze(run, panel=load_panel("ikzf1"))
    assert record.findings
    assert record.calls
    tongue = language("zh", record.panel)
    text = words_of(render(record, "zh"))
    assert 'lang="zh-CN"' in render(record, "zh")
    for one in record.findings:
        assert tongue.say(one.message) != str(one.message)
        assert " ".join(tongue.say(one.message).split()) in text
        assert str(one.remedy) not in text
    for call in record.calls:
        assert call.sample in text
        for line in (*call.chain(), *call.reasons, *call.recommendations, *call.limitations):
            assert tongue.say(line) != str(line)
            assert " ".join(tongue.say(line).split()) in text
    assert "样本 A1" in text
    for note in (*record.run.notes, *record.curves.notes):
        assert str(note) not in text


def test_names_are_never_translated():
    assert language("zh").say("detected") == "detected"
    assert language("zh").say(
        say("Sample {sample} belongs to nobody that is known.", sample="no")
    ) == ("样本 no 找不到对应的患者。")


def test_hostile_names_come_through_in_chinese_too():
    page = render(hostile_record(), "zh")
    tree = lxml.html.fromstring(page)
    assert len(tree.xpath("//script")) == 3
    assert tree.xpath("//main//img | //main//a | //svg") == []
    assert ATTACKS[-1] in page
    assert LANGUAGES == ("en", "zh")


def test_english_stays_the_default():
    record = synthetic_record(synthetic_run(used=4))
    assert render(record) == render(record, "en")


def test_the_command_writes_the_report_in_the_language_asked_for(tmp_path, monkeypatch):
    file = written(tmp_path, small_eds())
    for arguments, variable, expected in (
        (["--lang", "zh"], "en_US.UTF-8", "zh-CN"),
        (["--lang", "en"], "zh_CN.UTF-8", "en"),
        ([], "zh_CN.UTF-8", "zh-CN"),
        ([], "C.UTF-8", "en"),
    ):
        monkeypatch.setenv("LC_ALL", variable)
        out = tmp_path / "out"
        done = CliRunner().invoke(main, ["analyze", str(file), "--out", str(out), *arguments])
        assert done.exit_code == 0, done.output
        page = (out / file.stem / "report.html").read_text("utf-8")
        assert f'<html lang="{expected}">' in page
        assert "样本-1" in page
    assert CliRunner().invoke(main, ["analyze", str(file), "--lang", "fr"]).exit_code == 2
