"""Every command as a user types it: what it prints, writes, and with which code it ends."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from rich.cells import cell_len

from cli import main
from qpcr.commands import _screen
from qpcr.commands._options import METHODS

COLUMNS = set(
    """well sample target task reporter quantity cq cq_se cq_low cq_high cq_rule
    cq_instrument_style cq_instrument cpd2 cy0 efficiency efficiency_se baseline_start
    baseline_end threshold reason model""".split()  # noqa: SIM905 - as the specification lists them
)
FIT_COLUMNS = "method,dataset,curve,cq,cq_se,eff,n0,call,score,sec,eff_se,n0_se"


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def commands(group=main, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        yield (*path, name)


@pytest.mark.parametrize("path", sorted(commands()), ids=" ".join)
def test_every_command_has_help(path):
    done = run(*path, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output
    assert len(done.output.splitlines()) > 4


def test_analyze_writes_files_that_agree(tmp_path):
    file = written(tmp_path, small_eds())
    done = run("analyze", file, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "样本-1" in done.output
    folder = tmp_path / "out" / "plate"
    assert sorted(p.name for p in folder.iterdir()) == [
        "cycles.csv", "findings.csv", "reactions.csv", "report.html", "run.json",
    ]  # fmt: skip
    reactions, cycles = rows(folder / "reactions.csv"), rows(folder / "cycles.csv")
    assert reactions[0].keys() >= COLUMNS
    assert list(cycles[0]) == ["well", "target", "cycle", "rn", "drn", "fit", "fit_ct"]
    assert len(cycles) == len(reactions) * 40
    everything = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert everything["run"]["provenance"]["simulated"] is True
    assert len(everything["run"]["provenance"]["sha256"]) == 64
    for row, reaction, fit in zip(
        reactions, everything["run"]["reactions"], everything["fits"], strict=True
    ):
        assert row["sample"] == reaction["sample"]
        assert (row["cq"] == "") == (fit["cq"] is None) == (row["reason"] != "")
        if row["cq"]:
            assert float(row["cq"]) == fit["cq"]
            assert float(row["cq_low"]) < float(row["cq"]) < float(row["cq_high"])
            mine = [c for c in cycles if c["well"] == row["well"]]
            drn = np.array([float(c["drn"]) for c in mine])
            k = int(float(row["cq"]))
            assert drn[k - 2] < float(row["threshold"]) < drn[k + 1]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "样本-1" in page or "\\u6837" in page


def test_json_holds_the_raw_readings_exactly(tmp_path):
    from qpcr.formats import read_run

    file = written(tmp_path, small_eds())
    done = run("inspect", file, "--json")
    everything = json.loads(done.output)
    read = read_run(file)
    np.testing.assert_array_equal(np.array(everything["raw"]), read.raw)
    pure = np.array(everything["calibration"]["pure_dyes"]["FAM"], np.float32)
    np.testing.assert_array_equal(pure, read.calibration.pure_dyes["FAM"])


def test_inspect_says_what_is_there_and_what_was_not_read(tmp_path):
    done = run("inspect", written(tmp_path, small_eds()))
    assert done.exit_code == 0
    for words in ("SIMULATED", "7500-2.x", "8 × 12", "ROX", "messages.log", "raw fluorescence"):
        assert words in done.output


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    good, bad = written(tmp_path, small_eds()), written(tmp_path, small_eds()[:9000], "bad.eds")
    last = shutil.copy(good, tmp_path / "last.eds")
    done = run("analyze", good, bad, last, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "1 of 3 files" in done.output
    assert "what to do:" in done.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["last", "plate"]


def test_bad_input_ends_with_3_and_leaves_nothing(tmp_path):
    bad = written(tmp_path, b"no zip", "bad.eds")
    for arguments in (["analyze", bad, "--out", tmp_path / "out"], ["inspect", bad]):
        done = run(*arguments)
        assert done.exit_code == 3
        assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--threshold", "many"],
        ["--threshold", "0"],
        ["--threshold", "ALB=x"],
        ["--threshold", "auto", "--threshold", "0.2"],
        ["--baseline", "short"],
        ["--baseline", "9-3"],
        ["--baseline", "²-5"],
        ["--rules", "7900"],
        ["--model", "cubic"],
        ["--release", "seen"],
        ["--panel", "ikzf1", "--release", ""],
        ["--panel", "ikzf1", "--release", " \t"],
    ],
)
def test_wrong_usage_ends_with_2(tmp_path, options):
    done = run("analyze", written(tmp_path, small_eds()), *options)
    assert done.exit_code == 2
    assert "Error:" in done.output
    assert "invalid literal" not in done.output


def test_options_reach_the_result(tmp_path):
    file = written(tmp_path, small_eds())
    done = run("analyze", file, "--threshold", "ALB=0.5", "--baseline", "4-12", "--model",
               "logistic4", "--out", tmp_path)  # fmt: skip
    assert done.exit_code == 0
    for row in rows(tmp_path / "plate" / "reactions.csv"):
        assert (row["threshold"], row["threshold_source"]) == ("0.5", "manual")
        assert (row["baseline_start"], row["baseline_end"]) == ("4", "12")
        assert row["model"] in ("logistic4", "")


def test_a_window_outside_the_run_is_bad_input(tmp_path):
    done = run("analyze", written(tmp_path, small_eds()), "--baseline", "3-99")
    assert done.exit_code == 3
    assert "1 to 40" in done.output


def test_files_of_one_name_are_refused_before_anything_is_written(tmp_path):
    (tmp_path / "a").mkdir()
    one, two = written(tmp_path, small_eds()), written(tmp_path / "a", small_eds())
    done = run("analyze", one, two, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    file = written(tmp_path, small_eds())
    (tmp_path / "out").write_text("a file")
    done = run("analyze", file, "--out", tmp_path / "out" / "deeper")
    assert done.exit_code in (2, 3)
    assert "Traceback" not in done.output


def test_fit_writes_what_scorers_read(tmp_path):
    x = np.arange(1, 41)
    rng = np.random.default_rng(0)
    curves = {f"c{ct}": 0.2 + 6 / (1 + np.exp(-(x - ct) / 1.5)) + rng.normal(0, 0.004, 40)
              for ct in (20, 24, 28)}  # fmt: skip
    curves["flat"] = 0.2 + rng.normal(0, 0.004, 40)
    lines = [",".join(["cycle", *curves])]
    lines += [",".join([str(c), *(str(v[i]) for v in curves.values())]) for i, c in enumerate(x)]
    table = tmp_path / "my set.csv"
    table.write_text("\n".join(lines))
    done = run("fit", table, "--out", tmp_path / "cq.csv", "--engine", "batch")
    assert done.exit_code == 0
    found = rows(tmp_path / "cq.csv")
    assert ",".join(found[0]) == FIT_COLUMNS
    assert {row["method"] for row in found} == set(METHODS)
    by = {(row["method"], row["curve"]): row for row in found}
    for method in ("recommended", "threshold", "cpd2", "cpd1", "cy0"):
        assert by[method, "flat"]["cq"] == ""
        assert by[method, "flat"]["call"] == "0"
        steps = [float(by[method, c]["cq"]) for c in ("c20", "c24", "c28")]
        assert np.diff(steps) == pytest.approx([4, 4], abs=0.05)
        assert all(by[method, c]["call"] == "1" for c in ("c20", "c24", "c28"))
    assert {row["dataset"] for row in found} == {"my set"}
    polished = run(
        "fit", table, "--out", tmp_path / "p.csv", "--method", "threshold", "--dataset", "d"
    )
    assert polished.exit_code == 0
    for row in rows(tmp_path / "p.csv"):
        assert row["dataset"] == "d"
        if row["cq"]:
            assert float(row["cq"]) == pytest.approx(
                float(by["threshold", row["curve"]]["cq"]), abs=1e-4
            )


def test_fit_writes_bootstrap_errors_when_asked(tmp_path):
    x = np.arange(1, 41)
    rng = np.random.default_rng(0)
    table = tmp_path / "set.csv"
    curves = [0.2 + 6 / (1 + np.exp(-(x - ct) / 1.5)) for ct in (20, 24, 28)] + [0 * x + 0.2]
    values = np.stack(curves, axis=1) + rng.normal(0, 0.004, (40, 4))
    lines = [f"{c},{','.join(map(str, row))}" for c, row in zip(x, values.tolist(), strict=True)]
    table.write_text("\n".join(["cycle,a,b,c,flat", *lines]))
    ask = ("fit", table, "--method", "recommended", "--engine", "batch")
    assert run(*ask, "--out", tmp_path / "plain.csv").exit_code == 0
    for name in ("boot.csv", "again.csv"):
        assert run(*ask, "--bootstrap", "20", "--out", tmp_path / name).exit_code == 0
    plain, found, again = (rows(tmp_path / f"{name}.csv") for name in ("plain", "boot", "again"))
    assert ",".join(plain[0]) == FIT_COLUMNS
    assert ",".join(found[0]) == FIT_COLUMNS + ",cq_se_boot,eff_se_boot,n0_se_boot"
    for old, new, same in zip(plain, found, again, strict=True):
        errors = [new[f"{name}_se_boot"] for name in ("cq", "eff", "n0")]
        assert {k: v for k, v in new.items() if k in old and k != "sec"} == {
            k: v for k, v in old.items() if k != "sec"
        }
        assert errors == [same[f"{name}_se_boot"] for name in ("cq", "eff", "n0")]
        if old["curve"] == "flat":
            assert errors == ["", "", ""]
            continue
        cq, _, n0 = (float(value) for value in errors)
        assert 0 < cq < 0.1
        assert 0 < n0 < float(new["n0"])
    for wrong in (("--method", "cy0", "--bootstrap", "20"), ("--bootstrap", "20")):
        done = run("fit", table, *wrong, "--out", tmp_path / "no.csv")
        assert done.exit_code == 2
        assert "recommended" in done.output
    assert run(*ask, "--bootstrap", "1", "--out", tmp_path / "no.csv").exit_code == 2
    assert not (tmp_path / "no.csv").exists()


def test_demo_is_the_same_for_the_same_seed(tmp_path):
    one = run("demo", "--out", tmp_path / "a", "--seed", "7")
    assert one.exit_code == 0
    assert "SIMULATED" in one.output
    assert "report.html" in one.output
    run("demo", "--out", tmp_path / "b", "--seed", "7")
    for name in ("simulated-7.eds", "simulated-7/reactions.csv", "simulated-7/cycles.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_panels_from_the_command_line(tmp_path):
    listed = run("panel", "list")
    assert all(name in listed.output for name in ("ikzf1", "ikzf1-pooled", "ikzf1-4plex", "rnasep"))
    assert "GTCTCGGCATACAGGGAAGA" in run("panel", "show", "ikzf1").output
    missing = run("panel", "show", "nothing")
    assert missing.exit_code == 2
    assert "ikzf1-pooled" in missing.output
    (tmp_path / "bad.toml").write_text("nmae = 'x'")
    assert run("panel", "check", tmp_path / "bad.toml").exit_code == 3


def test_panel_check_finds_the_missing_base(data_dir):
    done = run("panel", "check", "ikzf1", "--reference", data_dir / "ikzf1" / "junctions.fa")
    assert done.exit_code == 0
    assert "missing G" in done.output


def test_the_script_runs_as_a_process(tmp_path):
    command = [sys.executable, "-m", "cli", "analyze", str(tmp_path / "nothing.eds")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "what to do" in done.stderr
    assert done.stdout == ""


def test_simulate_writes_plates_and_their_truth(tmp_path):
    done = run("simulate", "--patients", 3, "--seed", 4, "--out", tmp_path)
    assert done.exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "simulated-1.eds",
        "simulated-1.truth.csv",
    ]
    truth = rows(tmp_path / "simulated-1.truth.csv")
    assert all("SIMULATED" in row["experiment"] for row in truth)
    wrong = run("simulate", "--fault", "gremlins", "--out", tmp_path)
    assert wrong.exit_code == 2
    assert "bubble" in wrong.output


def test_calls_of_a_simulated_plate(tmp_path):
    run("simulate", "--patients", 3, "--seed", 4, "--out", tmp_path)
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("sample,patient,timepoint\nP-001,X1,day 14\nP-002,X2,day 14\n")
    done = run("analyze", tmp_path / "simulated-1.eds", "--panel", "ikzf1", "--sheet", sheet,
               "--out", tmp_path)  # fmt: skip
    assert done.exit_code in (0, 1)
    calls = rows(tmp_path / "simulated-1" / "calls.csv")
    truth = {row["sample"]: row["deletions"] for row in rows(tmp_path / "simulated-1.truth.csv")}
    assert [row["sample"] for row in calls] == ["P-001", "P-002", "P-003"]
    assert [row["patient"] for row in calls] == ["X1", "X2", ""]
    assert "P-003 belongs to nobody" in done.output
    for row in calls:
        if row["outcome"] == "detected":
            assert set(row["deletions"].split(" + ")) <= set(truth[row["sample"]].split("; "))


def process(*arguments, **environment):
    """Run a command as a process; its output as bytes."""
    command = [sys.executable, "-m", "cli", *(str(a) for a in arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, check=False, env=env)


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_console_need_not_know_every_character(tmp_path, encoding):
    file = written(tmp_path, small_eds(), "plate\u2122.eds")
    done = process("analyze", file, file, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr.strip()) == (0, b"")
    assert done.stdout.count(b"7500 Software") == 2
    done = process("inspect", file, "--json", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert json.loads(done.stdout)["provenance"]["file"] == "plate\u2122.eds"


def test_a_file_name_that_is_no_text_does_not_stop_the_others(tmp_path):
    good, odd = written(tmp_path, small_eds()), tmp_path / "odd\udcff.eds"
    try:
        shutil.copy(good, odd)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only names that are text")
    done = run("analyze", odd, good, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["odd\udcff", "plate"]
    told = json.loads((tmp_path / "out" / odd.stem / "run.json").read_text(encoding="utf-8"))
    assert told["run"]["provenance"]["file"] == "odd\udcff.eds"
    assert "\\udcff" in (tmp_path / "out" / odd.stem / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("same", ["x.csv", "sub/../x.csv", "meta.csv"])
def test_fit_does_not_overwrite_what_it_reads(tmp_path, same):
    (tmp_path / "sub").mkdir()
    table, meta = tmp_path / "x.csv", tmp_path / "meta.csv"
    table.write_text("cycle,a\n" + "".join(f"{i},{0.1 + i / 1e3}\n" for i in range(1, 41)))
    meta.write_text("curve,target\na,T\n")
    before = table.read_bytes(), meta.read_bytes()
    done = run("fit", table, "--meta", meta, "--out", tmp_path / same)
    assert done.exit_code == 2
    assert "overwrite" in done.output
    assert (table.read_bytes(), meta.read_bytes()) == before


@pytest.mark.parametrize("command", [["demo"], ["simulate", "--patients", 1]])
@pytest.mark.parametrize("where", ["file/deeper", "taken"])
def test_simulated_plates_that_cannot_be_written(tmp_path, command, where):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "taken" / "simulated-1.eds").mkdir(parents=True)
    done = run(*command, "--out", tmp_path / where)
    assert done.exit_code == 3
    assert "cannot be written" in done.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_nobody_takes(tmp_path):
    file = written(tmp_path, small_eds())
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "cli", "analyze", str(file)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "qpcr: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("name", ["..eds", "...eds", "... .eds"])
def test_a_name_that_is_another_folder_is_refused(tmp_path, name):
    file = written(tmp_path, small_eds(), name)
    done = run("analyze", file, "--out", tmp_path / "out" / "in")
    assert done.exit_code == 2
    assert "rename" in done.output
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 150])
def test_numbers_are_whole_on_any_line(tmp_path, monkeypatch, width):
    file = written(tmp_path, small_eds())
    monkeypatch.setattr(_screen, "WIDE", width)
    done = run("analyze", file, "--out", tmp_path)
    table = re.split("note:|written:|Finding", done.output)[0].splitlines()[1:]
    assert "…" not in done.output
    for row in rows(tmp_path / "plate" / "reactions.csv"):
        line = next(one for one in table if one.split()[:1] == [row["well"]])
        if row["cq"]:
            assert f"{float(row['cq']):.2f}" in line.split()
            assert f"{float(row['cq_se']):.3f}" in line.split()
    if width >= 60:
        assert max(cell_len(line) for line in table) <= width


def test_what_a_short_line_leaves_out(monkeypatch, capsys):
    heads = {"Well": "left", "Task": "left", "Ct": "right", "95 %": "right", "Why": "left",
             "Note": "left"}  # fmt: skip
    cells = ("A1", "UNKNOWN", "21.50", "21.40–21.60", "样本" * 12, "")

    def shown(width, omit):
        monkeypatch.setattr(_screen, "WIDE", width)
        _screen.print_table(heads, [cells], omit=omit)
        return capsys.readouterr().out

    whole = shown(100, ("95 %", "Task"))
    assert all(text in whole for text in cells)
    assert "Note" not in whole
    shorter = shown(45, ("95 %", "Task"))
    assert "95 %" not in shorter
    assert "UNKNOWN" in shorter
    shortest = shown(30, ("95 %", "Task"))
    assert "Task" not in shortest
    assert shortest.count("样") == 12
    assert "21.50" in shortest


def test_inspect_folds_what_is_long(tmp_path, monkeypatch):
    file = written(tmp_path, small_eds(), "plate" + "-very-long" * 9 + ".eds")
    monkeypatch.setattr(_screen, "WIDE", 40)
    done = run("inspect", file)
    assert "…" not in done.output
    assert file.name in "".join(line[19:].strip() for line in done.output.splitlines()[:6])
