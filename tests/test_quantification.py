"""Cq by a chosen method on a plate, and what it leaves alone."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written

from cli import main
from qpcr import InputError, analyze
from qpcr.methods import methods
from qpcr.quantities.measured import measured
from qpcr.quantities.quantification import HEAD, quantified


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def standards(data_dir):
    """A vendor's standard curve: 15 standards, 6 unknowns, 3 controls without template."""
    return analyze(data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds")


def test_the_plate_of_a_standard_curve(standards):
    """Like its Ct to a constant; better against the stated quantities than the instrument's."""
    found = quantified(standards, "recommended")
    wells = standards.run.reactions
    state = [i for i, well in enumerate(wells) if str(well.task) == "STANDARD"]
    x = np.log10([wells[i].quantity for i in state])

    def scatter(cq):
        residual = cq - np.polyval(np.polyfit(x, cq, 1), x)
        return residual.std(ddof=2)

    ours = np.array([found[i].cq for i in state])
    style = np.array([standards.curves.instrument_cq[i].value for i in state])
    assert scatter(ours) < 0.6 * scatter(style)
    assert 1.85 < 10 ** (-1 / np.polyfit(x, ours, 1)[0]) < 2.15
    assert all(0 < found[i].cq_se < 0.3 for i in state)
    assert len({found[i].efficiency for i in state}) == 1
    for well, one in zip(wells, found, strict=True):
        assert (one.cq is None) == (one.reason is not None), well.well_name
        if str(well.task) == "NTC":
            assert one.cq is None


def test_every_method_takes_a_plate(standards):
    for name in methods():
        found = quantified(standards, name)
        assert len(found) == len(standards.run.reactions)
        assert sum(one.cq is not None for one in found) >= 15, name


def test_the_instruments_method_is_the_instruments_rule(standards):
    for one, style in zip(
        quantified(standards, "instrument"), standards.curves.instrument_cq, strict=True
    ):
        assert one.cq == style.value


def test_quantities_take_the_chosen_cq(standards):
    plain, chosen = measured(standards), measured(standards, method="recommended")
    found = quantified(standards, "recommended")
    assert [one.cq for one in chosen] == [one.cq for one in found]
    assert [one.cq for one in plain] == [fit.cq for fit in standards.fits]


def test_no_such_method(standards):
    with pytest.raises(InputError, match="no such method"):
        quantified(standards, "best")


def test_the_command_adds_one_file_and_changes_none(tmp_path):
    plate = written(tmp_path, small_eds())
    for folder, options in (("a", ()), ("b", ("--method", "recommended"))):
        assert run("analyze", plate, "--out", tmp_path / folder, *options).exit_code == 0
    a, b = tmp_path / "a" / "plate", tmp_path / "b" / "plate"
    assert {p.name for p in b.iterdir()} - {p.name for p in a.iterdir()} == {"quantification.csv"}
    for name in ("reactions.csv", "cycles.csv", "findings.csv"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    found = rows(b / "quantification.csv")
    assert tuple(found[0]) == HEAD
    assert [row["well"] for row in found] == [row["well"] for row in rows(a / "reactions.csv")]
    for row in found:
        assert bool(row["cq"]) != bool(row["reason"])


def test_a_file_needs_a_place(tmp_path):
    done = run("analyze", written(tmp_path, small_eds()), "--method", "recommended")
    assert done.exit_code == 2
    assert "--out" in done.output


def test_curves_at_the_threshold_do_not_mix_with_another_method(data_dir, tmp_path):
    """A stored curve read with another Cq would give a wrong quantity without a word."""
    plate = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    done = run("standards", plate, "--out", tmp_path / "m", "--method", "recommended")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "m" / "curves.json").exists()
    done = run("standards", plate, "--out", tmp_path / "t")
    assert (tmp_path / "t" / "curves.json").exists()
    again = run(
        "standards", plate, "--out", tmp_path / "x", "--method", "recommended",
        *("--curves", tmp_path / "t" / "curves.json"),
    )  # fmt: skip
    assert again.exit_code == 2
    assert "do not go with --method" in again.output
