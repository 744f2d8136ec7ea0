"""A plate that is given twice is refused wherever its wells would count double."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from report_records import synthetic_record

from cli import main
from qpcr import InputError
from qpcr.given_once import check_files, check_runs, readings_of
from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec, eds_bytes, simulate_plate


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    """SIMULATED: standards of A and B, and a sample of both."""
    places = iter(range(96))
    wells = [
        WellSpec(next(places), f"std {q:g}", (ReactionSpec(target, q, "STANDARD", q),))
        for target in "AB"
        for q in (1e5, 1e4, 1e3)
        for _ in "12"
    ]
    wells += [WellSpec(next(places), "s", (ReactionSpec(one, 3e3),)) for one in "AABB"]
    spec = PlateSpec("p", (TargetSpec("A"), TargetSpec("B", "VIC", None)), tuple(wells))
    file = tmp_path_factory.mktemp("plates") / "p.eds"
    file.write_bytes(eds_bytes(simulate_plate(spec, seed=5)))
    return file


def saved_again(plate, folder):
    """The same run under other bytes, as software that saves a file again leaves it."""
    file = folder / "again.eds"
    with zipfile.ZipFile(plate) as source, zipfile.ZipFile(file, "w") as other:
        for name in source.namelist():
            other.writestr(name, source.read(name))
    assert file.read_bytes() != plate.read_bytes()
    return file


COMMANDS = (
    ("standards", "--pool"),
    ("standards",),
    ("relative", "--reference", "B", "--common", "s"),
    ("control-chart",),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_copies_of_a_plate_are_refused(plate, tmp_path, command):
    copy = tmp_path / "copy.eds"
    shutil.copy(plate, copy)
    for files in ((plate, copy), (plate, plate)):
        done = run(command[0], *files, *command[1:], "--out", tmp_path / "out")
        assert done.exit_code == 3, done.output
        assert "given twice" in done.output
        assert "count double" in done.output
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", COMMANDS[1:3])
def test_a_run_that_was_saved_again_is_refused(plate, tmp_path, command):
    done = run(command[0], plate, saved_again(plate, tmp_path), *command[1:], "--out", tmp_path)
    assert done.exit_code == 3, done.output
    assert "the same readings as p.eds" in done.output


def test_a_chart_takes_a_run_that_was_saved_again_once(plate, tmp_path):
    told = ("control-chart", plate, saved_again(plate, tmp_path), "--out", tmp_path / "out")
    done = run(*told)
    assert "again.eds is a run that was there already" in done.output


TABLES = {
    "relative": ("well,sample,target,cq\nA1,s,A,25.1\nA2,s,A,25.3\nA3,s,B,20\nA4,s,B,20.1\n",
                 ("--reference", "B")),
    "lod": ("well,target,quantity,cq\n" + "".join(
        f"A{n},T,{q},{38 - n / 10}\n" for n, q in enumerate([1000] * 4 + [100] * 4, 1)), ()),
    "mrd": ("well,patient,target,role,sample,cq\nA1,P,IK,sample,s,30\nA2,P,IK,sample,s,30.1\n",
            ()),
    "control-chart": ("date,value\n2026-01-01,30\n2026-01-02,30.1\n", ()),
}  # fmt: skip


@pytest.mark.parametrize("command", TABLES)
def test_tables_that_hold_a_plate_twice_are_refused(tmp_path, command):
    text, options = TABLES[command]
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    _, _, lines = text.partition("\n")
    if command != "control-chart":
        one.write_text(text + lines, encoding="utf-8")
        done = run(command, one, *options, "--out", tmp_path / "out")
        assert done.exit_code == 3
        assert "a plate is given twice" in done.output
    if command != "lod":  # which takes one table
        one.write_text(text, encoding="utf-8")
        two.write_text(text, encoding="utf-8")
        done = run(command, one, two, *options, "--out", tmp_path / "out")
        assert done.exit_code == 3
        assert "a file is given twice" in done.output
    assert not (tmp_path / "out").exists()


def test_replicates_that_agree_are_no_copies(tmp_path):
    lines = "s,A,25\ns,A,25\ns,B,20\ns,B,20\n"
    source = tmp_path / "t.csv"
    source.write_text("sample,target,cq\n" + lines, encoding="utf-8")
    assert run("relative", source, "--reference", "B", "--out", tmp_path).exit_code == 0
    # two plates in one table: a well that agrees by chance is no copy
    rows = "A1,s,A,25.0\nA2,s,A,25.1\nA3,s,B,20.0\nA4,s,B,20.1\n"
    other = "A1,s,A,25.0\nA2,s,A,25.2\nA3,s,B,20.3\nA4,s,B,20.2\n"
    source.write_text("well,sample,target,cq\n" + rows + other, encoding="utf-8")
    assert run("relative", source, "--reference", "B", "--out", tmp_path).exit_code == 0


def test_runs_without_readings_are_told_by_their_files(tmp_path):
    one = synthetic_record()
    silent = replace(one.curves, rn=np.full(one.curves.rn.shape, np.nan))
    first = replace(one, curves=silent)
    other = replace(first, run=replace(one.run, provenance=replace(
        one.run.provenance, sha256="0" * 64)))  # fmt: skip
    assert readings_of(first) != readings_of(other)
    check_runs([first, other])
    with pytest.raises(InputError, match="given twice"):
        check_runs([first, first])
    with pytest.raises(InputError):
        check_files([tmp_path / "none.eds"])
