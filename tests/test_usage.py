"""What a person at the command line is told: exit codes, counted nouns, names, clean ends."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner
from eds_files import small_eds, written

from cli import main
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
