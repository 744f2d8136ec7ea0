"""Files with several runs: every command that refuses them without a name takes one."""

from __future__ import annotations

import csv

import pytest
from click.testing import CliRunner
from eds_files import written
from rdml_files import data, document, react, run, small_rdml

from cli import main

SHEET = "sample,patient\ns1,P1\n"


def command(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def file(tmp_path):
    """SYNTHETIC: two runs of standards of T and samples of T and R, three cycles apart."""
    runs = []
    for name, late in (("Monday", 0.0), ("Tuesday", 3.0)):
        reacts = [
            react(place, f"std{level}", data("T", 40 - 3.4 * level + late))
            for place, level in enumerate((3, 3, 4, 4, 5, 5), 1)
        ]
        reacts += [
            react(place, "s1", data("T", 26.0 + late), data("R", 20.0 + late / 2))
            for place in (13, 14)
        ]
        head = "<runDate>2026-02-03T10:00:00Z</runDate>"
        runs.append(run(name, tuple(reacts), head))
    samples = "".join(
        f'<sample id="std{n}"><type>std</type><quantity><value>{10**n}</value><unit>cop</unit>'
        "</quantity></sample>"
        for n in (3, 4, 5)
    )
    return written(tmp_path, small_rdml(document(*runs, extra=samples)), "two.rdml")


COMMANDS = {
    "standards": (),
    "relative": ("--reference", "R"),
    "plot": (),
    "miqe": (),
    "control-chart": (),
    "mrd": (),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_run_is_read_by_its_name(file, tmp_path, name):
    out = tmp_path / ("picture.svg" if name == "plot" else "list.md" if name == "miqe" else "out")
    told = [name, file, *COMMANDS[name], "--out", out]
    if name == "mrd":
        sheet = tmp_path / "sheet.csv"
        sheet.write_text(SHEET)
        told += ["--sheet", sheet, "--profile", "laboratory"]
    refused = command(*told)
    assert refused.exit_code == 3
    assert "--run" in refused.output
    texts = {}
    for run_ in ("Monday", "e/Tuesday"):
        done = command(*told, "--run", run_)
        assert done.exit_code == 0, done.output
        files = [out] if out.is_file() else sorted(out.glob("*.csv"))
        texts[run_] = [one.read_text("utf-8") for one in files]
    if name != "mrd":  # too little is on the plate for more than "invalid", of either run
        assert texts["Monday"] != texts["e/Tuesday"]
    assert command(*told, "--run", "Friday").exit_code == 3


def test_the_run_that_is_named_is_the_one_that_is_read(file, tmp_path):
    found = {}
    for run_ in ("Monday", "Tuesday"):
        done = command("standards", file, "--run", run_, "--threshold", 0.5, "--out", tmp_path)
        assert done.exit_code == 0, done.output
        with (tmp_path / "samples.csv").open(encoding="utf-8") as stream:
            rows = {(row["sample"], row["target"]): row for row in csv.DictReader(stream)}
        found[run_] = float(rows["s1", "T"]["cq_mean"])
    assert found["Tuesday"] - found["Monday"] == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("name", ["relative", "mrd", "control-chart"])
def test_tables_have_no_runs_to_name(tmp_path, name):
    source = tmp_path / "t.csv"
    source.write_text("sample,target,cq\ns,T,20\n", encoding="utf-8")
    done = command(name, source, *COMMANDS[name], "--run", "x", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "is a table" in done.output
