"""What a person at the command line is told: exit codes, counted nouns, names, clean ends."""

from __future__ import annotations

import csv
import os
import re
import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner
from eds_files import small_eds, written

from cli import main
from qpcr.commands.records._values import told
from qpcr.commands.simulate import FAULTS
from qpcr.counted import counted
from qpcr.formats import read_run
from qpcr.inspection import facts
from qpcr.records import Store
from qpcr.rehearsal import simulate_panel, write_simulated
from qpcr.simulate import FAULT_NAMES, demo_plate, simulate_plate


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_one_is_no_plural():
    assert counted(1, "run") == "1 run"
    assert counted(0, "run") == "0 runs"
    assert counted(2, "analysis", "analyses") == "2 analyses"


UNKNOWN = (
    "analyze x.eds --panel {}",
    "analyze x.eds --rules {}",
    "analyze x.eds --model {}",
    "analyze x.eds --method {}",
    "panel show {}",
    "panel check {}",
    "panel new ours --like {} --out ours.toml",
    "panel thresholds x.eds --panel {}",
    "simulate --out out --panel {}",
    "simulate --out out --fault {}",
    "mrd x.csv --out out --profile {}",
    "mrd --new-profile ours.toml --profile {}",
    "cohort report --table x.csv --out out --study {}",
    "cohort tables --table x.csv --out out --study {}",
    "watch . --out out --panel {}",
    "convert x.eds --to rdml --out x.rdml --panel {}",
    "miqe x.eds --panel {}",
    "reanalyze --store none --panel {}",
)


@pytest.mark.parametrize("command", UNKNOWN)
def test_a_name_that_does_not_exist_is_wrong_usage(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*command.format("nope").split())
    assert done.exit_code == 2, done.output
    assert "nope" in done.output
    assert not list(tmp_path.iterdir())


FILES = (
    "analyze x.eds --panel nope.toml",
    "panel show nope.toml",
    "mrd x.csv --out out --profile nope.toml",
    "cohort report --table x.csv --out out --study nope.toml",
    "analyze nope.eds",
    "records list --store nope",
)


@pytest.mark.parametrize("command", FILES)
def test_a_file_that_does_not_exist_is_bad_input(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*command.split())
    assert done.exit_code == 3, done.output
    assert "nope" in done.output


def test_help_names_the_faults_that_can_be_planted():
    assert FAULTS == FAULT_NAMES
    shown = " ".join(run("simulate", "--help").output.split())
    assert all(name in shown for name in FAULT_NAMES)


def test_the_truth_names_the_seed_that_was_asked_for_and_the_plates_own(tmp_path):
    from primers import load_panel

    simulate_panel(load_panel("ikzf1"), 12, 7, (), tmp_path)
    for number in (1, 2):
        with (tmp_path / f"simulated-{number}.truth.csv").open(encoding="utf-8") as stream:
            found = {(row["seed"], row["plate_seed"]) for row in csv.DictReader(stream)}
        assert found == {("7", str(7 + number))}


def test_an_empty_sheet_is_not_one_that_an_instrument_writes(tmp_path):
    plate, sheet = written(tmp_path, small_eds()), tmp_path / "sheet.csv"
    sheet.touch()
    done = run("analyze", plate, "--sheet", sheet)
    assert done.exit_code == 3
    assert "the table is empty" in done.output
    assert "instrument" not in done.output


def test_thresholds_and_dates_that_are_alike_are_said_once(tmp_path):
    file, _ = write_simulated(simulate_plate(demo_plate(), seed=1), tmp_path / "p.eds")
    shown = [text for label, text in facts(read_run(file)) if label == "recorded threshold"]
    assert len(shown) == 1
    assert shown[0].startswith("F.4 × R-7, ")
    assert shown[0].endswith(", RNase P: 0.2 (automatic)")
    said = dict(facts(read_run(file)))
    assert said["optical calibration"].count("2000-01-01") == 1
    assert "no the" not in said["not possible"]


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_ctrl_c_ends_the_review_page_in_peace(tmp_path):
    Store.init(tmp_path / "s")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = ["serve", "--store", str(tmp_path / "s"), "--port", str(port), "--lang", "en"]
    serving = subprocess.Popen(
        [sys.executable, "-m", "cli", *told], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert "token=" in serving.stdout.readline()
    assert "Ctrl-C ends" in serving.stdout.readline()
    serving.send_signal(signal.SIGINT)
    out, err = serving.communicate(timeout=20)
    assert (serving.returncode, out, err) == (0, "", "")


def test_the_demonstration_says_whose_its_samples_are(tmp_path):
    assert run("demo", "--out", tmp_path).exit_code == 0
    sheet = (tmp_path / "simulated-1.samples.csv").read_text(encoding="utf-8").splitlines()
    assert sheet[0] == "sample,patient"
    with (tmp_path / "simulated-1" / "calls.csv").open(encoding="utf-8") as stream:
        calls = {row["sample"]: row["patient"] for row in csv.DictReader(stream)}
    assert dict(line.split(",") for line in sheet[1:]) == calls
    assert len(calls) == 10


def test_a_file_that_is_replaced_is_said_to_be(tmp_path):
    plate, out = written(tmp_path, small_eds()), tmp_path / "p.csv"
    told_first, told_then = (run("convert", plate, "--to", "csv", "--out", out) for _ in "12")
    assert told_first.output == f"written: {out}\n"
    assert told_then.output == f"replaced: {out}\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"unit": "10^9/L", "value": 40.0}, "40 10^9/L"),
        ({"unit": "%", "value": "<0.01"}, "<0.01 %"),
        ({"value": 35.25, "unit": ""}, "35.25"),
        (
            {"value": 1234567.25, "unit": "/µL", "date": "2021-03-05"},
            "1234567.25 /µL, date 2021-03-05",
        ),
        (True, "yes"),
        (None, "–"),
        ("男", "男"),
        ({"outcome": "detected"}, '{"outcome": "detected"}'),
        ({"value": {"a": 1.0}}, '{"value": {"a": 1.0}}'),
    ],
)
def test_values_on_record_are_told_as_people_write_them(value, text):
    assert told(value) == text


def test_records_say_where_results_went_and_what_a_result_is(tmp_path):
    run("simulate", "--patients", 1, "--seed", 2, "--out", tmp_path)
    plate, sheet, store = tmp_path / "simulated-1.eds", tmp_path / "s.csv", tmp_path / "store"
    run("records", "init", "--store", store)
    asked = ("analyze", plate, "--panel", "ikzf1", "--sheet", sheet, "--store", store)
    sheet.write_text("sample,patient\nP-001,Anna A\n", encoding="utf-8")
    assert run(*asked).exit_code == 0
    who = ("records", "amend", "--store", store, "--patient", "Anna A", "--reason", "misread")
    assert run(*who, "--path", "wbc", "--value", "40").exit_code == 0
    shown = run("records", "show", "--store", store, "--patient", "Anna A").output
    assert re.search(r"wbc +40 10\^9/L", shown)
    assert "Result" in shown
    result = re.search(r"r[0-9a-f]{20}/P-001", shown)[0]
    wrong = run(*who, "--result", result, "--value", "not detected")
    assert wrong.exit_code == 3
    example = re.search(r"as (\{.*?\})", wrong.output)[1]
    amended = run(*who, "--result", result, "--value", example)
    assert amended.exit_code == 0, amended.output
    assert run(*who, "--path", "wcb", "--value", "40").exit_code == 2
    sheet.write_text("sample,patient\nP-001,Berta\n", encoding="utf-8")
    again = run(*asked, "--reason", "the sheet named the wrong patient", "--user", "li")
    assert again.exit_code == 0, again.output
    shown = run("records", "show", "--store", store, "--patient", "Anna A").output
    assert "Result " not in shown
    assert "qpcr records history --patient 'Anna A'" in shown
    assert "P-001" in run("records", "show", "--store", store, "--patient", "Berta").output
    assert "1 run\n" in run("records", "list", "--store", store, "--latest").output
