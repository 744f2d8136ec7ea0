from __future__ import annotations

import copy
import pickle

from qpcr.said import Said, say, translated

CATALOGUE = {"{well} is {what}.": "{what}: {well}。", "empty": "空"}


def test_a_sentence_is_a_string_that_remembers_how_it_was_made():
    sentence = say("{well} has Ct {cq:.2f}.", well="A1", cq=30.456)
    assert sentence == "A1 has Ct 30.46."
    assert isinstance(sentence, str)
    assert (sentence.template, sentence.values) == (
        "{well} has Ct {cq:.2f}.",
        {"well": "A1", "cq": 30.456},
    )


def test_it_is_said_in_another_language_with_the_sentences_inside_it():
    sentence = say("{well} is {what}.", well="空 A1", what=say("empty"))
    assert translated(sentence, CATALOGUE) == "空: 空 A1。"


def test_names_and_unknown_sentences_stay_as_they_are():
    assert translated("empty", CATALOGUE) == "empty"
    assert translated(say("{well} is full.", well="{x}"), CATALOGUE) == "{x} is full."


def test_it_survives_pickling_and_copying():
    sentence = say("{well} is {what}.", well="A1", what=say("empty"))
    for again in (pickle.loads(pickle.dumps(sentence)), copy.deepcopy(sentence)):
        assert isinstance(again, Said)
        assert translated(again, CATALOGUE) == translated(sentence, CATALOGUE)
