"""What is written: plain values, spreadsheet-safe texts, and never half a file."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import numpy as np
import pytest

from qpcr import outputs
from qpcr.document import plain_value
from qpcr.errors import InputError
from qpcr.frames import plain
from qpcr.run import BaselineWindow, Task


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0"])
def test_names_are_no_formulas(text):
    assert plain(text) == "'" + text
    assert plain("P-001") == "P-001"
    assert plain(None) is None


def test_plain_values():
    assert plain_value(np.array([1.5, np.nan, np.inf])) == [1.5, None, None]
    assert plain_value(np.array([[0.1, 2]], np.float32)) == [[0.1, 2.0]]
    assert plain_value(np.zeros((0, 3))) == []
    assert plain_value({(3, "ALB"): BaselineWindow(3, 9)}) == [
        {"key": [3, "ALB"], "value": {"start": 3, "stop": 9, "automatic": None}}
    ]
    assert plain_value(Task.NTC) == "NTC"
    assert plain_value(datetime(2000, 1, 1, tzinfo=UTC)) == "2000-01-01T00:00:00+00:00"
    with pytest.raises(TypeError, match="no plain form"):
        plain_value(object())


def test_files_are_complete_or_absent(tmp_path, monkeypatch):
    outputs.write_texts({"a.txt": "old"}, tmp_path)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outputs.os, "fsync", full)
    with pytest.raises(InputError, match="cannot be written") as caught:
        outputs.write_texts({"a.txt": "new", "b.txt": "new"}, tmp_path)
    assert caught.value.found == "No space left on device"
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_cannot_be_replaced_leaves_all_as_it_was(tmp_path):
    outputs.write_texts({"a.txt": "old"}, tmp_path)
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(InputError, match="cannot be replaced") as caught:
        outputs.write_texts({"a.txt": "new", "b.txt": "new"}, tmp_path)
    assert caught.value.file == str(tmp_path / "b.txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_what_is_no_text_stays_visible(tmp_path):
    (file,) = outputs.write_texts({"a.txt": "name\udcff 样本"}, tmp_path)
    assert file.read_text(encoding="utf-8") == "name\\udcff 样本"


def test_calls_of_an_earlier_analysis_do_not_stay_beside_one_without_a_panel(tmp_path):
    outputs.write_texts({"a.txt": "old", "calls.csv": "P-001,detected", "mine.txt": "x"}, tmp_path)
    outputs.write_texts({"a.txt": "new"}, tmp_path, replaces=("calls.csv",))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "mine.txt"]
    (tmp_path / "calls.csv").mkdir()
    with pytest.raises(InputError, match="cannot be replaced"):
        outputs.write_texts({"a.txt": "newer"}, tmp_path, replaces=("calls.csv",))
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_device_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="this is no file"):
        outputs.write_texts({"pipe": "text"}, tmp_path)
    assert (tmp_path / "pipe").is_fifo()
