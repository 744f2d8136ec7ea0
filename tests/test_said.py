from __future__ import annotations

import copy
import pickle

import pytest

from calibration.errors import CalibrationError
from calibration.standard_curve import fit_standard_curve
from calibration.stated import Stated, state
from qpcr.said import Said, as_said, say, translated

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


def test_reasons_of_the_arithmetic_become_sentences_with_those_inside_them():
    reason = state("{well} is {what}.", well="A1", what=state("empty"))
    said = as_said(reason)
    assert isinstance(said, Said)
    assert said == reason == "A1 is empty."
    assert translated(said, CATALOGUE) == "空: A1。"
    assert as_said("a name") == "a name"
    assert as_said(said) is said
    again = pickle.loads(pickle.dumps(reason))
    assert isinstance(again, Stated)
    assert as_said(again).values == said.values


def test_an_error_of_the_arithmetic_keeps_its_reason():
    with pytest.raises(CalibrationError, match="2 standards with a Ct") as caught:
        fit_standard_curve([1.0, 10.0], [30.0, 27.0])
    assert (
        as_said(caught.value.reason).template == "{count} standards with a Ct; a line needs {need}"
    )
