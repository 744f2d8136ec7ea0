"""The MIQE checklist: what is known, what is computed, and what must be added."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written

import cli
from primers import load_panel
from qpcr import analyze
from qpcr.formats import read_run
from qpcr.miqe import Status, checklist, items
from qpcr.miqe._computed import computed
from qpcr.miqe._files import HEADS, as_csv, as_markdown, summary
from qpcr.miqe._known import HINTS, REST, known
from qpcr.run import Task


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(written(tmp_path_factory.mktemp("run"), small_eds()))


@pytest.fixture(scope="module")
def record(run):
    """The small plate with standards of stated quantity: wells 1, 2 (1000), 3 (30), 5 (20,000)."""
    stated = {1: 1000.0, 2: 1000.0, 3: 30.0, 5: 20000.0}
    reactions = tuple(
        dataclasses.replace(
            reaction,
            task=Task.STANDARD if reaction.well in stated else Task.NTC,
            quantity=stated.get(reaction.well),
        )
        for reaction in run.reactions
    )
    return analyze(dataclasses.replace(run, reactions=reactions))


def by_item(record):
    return {answer.item.id: answer for answer in checklist(record)}


def test_items_are_well_formed():
    ids = [item.id for item in items()]
    assert len(ids) == len(set(ids)) == 86
    for item in items():
        assert item.text
        assert item.section
        assert item.miqe2009 in ("essential", "desirable", None)
        assert item.miqe2009 or item.miqe2
    assert sum(item.miqe2 for item in items()) == 6


def test_every_answer_belongs_to_an_item(record):
    ids = {item.id for item in items()}
    panel = load_panel("ikzf1-4plex")
    for one in (record, dataclasses.replace(record, panel=panel)):
        assert known(one).keys() <= ids
        assert computed(one).keys() <= ids
    assert HINTS.keys() <= ids
    assert REST.keys() <= ids


def test_numbers_are_those_of_plain_arithmetic(record):
    """Against the closed form of a straight line, done here."""
    found = by_item(record)
    rows = [
        (r.quantity, record.fits[i].cq) for i, r in enumerate(record.run.reactions) if r.quantity
    ]
    slope, intercept = np.polyfit(np.log10([q for q, _ in rows]), [cq for _, cq in rows], 1)
    assert f"slope {slope:.4g} " in found["calibration"].text[0]
    assert f"intercept {intercept:.4g} " in found["calibration"].text[0]
    assert f"{10 ** (-1 / slope) - 1:.1%}" in found["efficiency"].text[0]
    r2 = np.corrcoef(np.log10([q for q, _ in rows]), [cq for _, cq in rows])[0, 1] ** 2
    assert f"{r2:.5f}" in found["r2"].text[0]
    assert found["ntc"].text[0].startswith("ALB: 2 NTC, 0 with a Ct")
    assert found["calibration"].status is Status.COMPUTED


def test_repeatability_is_the_pooled_sd(run):
    names = {1: "a", 2: "a", 3: "b", 5: "b"}
    reactions = tuple(
        dataclasses.replace(r, sample=names.get(r.well), task=Task.UNKNOWN) for r in run.reactions
    )
    record = analyze(dataclasses.replace(run, reactions=reactions))
    cqs = {r.well: record.fits[i].cq for i, r in enumerate(record.run.reactions)}
    squares = (cqs[1] - cqs[2]) ** 2 / 2 + (cqs[3] - cqs[5]) ** 2 / 2
    assert (
        f"pooled SD {(squares / 2) ** 0.5:.3f} cycles" in by_item(record)["repeatability"].text[0]
    )


def test_what_nobody_here_can_know_is_to_be_added(record):
    found = by_item(record)
    for item in ("extraction", "polymerase", "storage", "power", "lod", "primer_sequences"):
        assert found[item].status is Status.MISSING
    assert "--panel" in found["primer_sequences"].text[0]
    assert found["cycling"].status is Status.KNOWN
    assert found["instrument"].status is Status.PARTLY
    assert "maker" in found["instrument"].text[-1]


def test_a_run_without_standards_has_no_curve(run):
    found = by_item(analyze(run))
    for item in ("calibration", "efficiency", "r2", "quantities"):
        assert found[item].status is Status.MISSING
        assert found[item].text


def test_the_panel_answers_for_its_targets_only(run, record):
    panel = load_panel("ikzf1")
    channel = panel.reactions[0].channels[0]
    target = dataclasses.replace(next(iter(run.targets.values())), name=channel.target)
    renamed = dataclasses.replace(
        run,
        targets={channel.target: target},
        reactions=tuple(dataclasses.replace(r, target=channel.target) for r in run.reactions),
        settings=dataclasses.replace(run.settings, thresholds={}, baselines={}),
    )
    found = by_item(analyze(renamed, panel=panel))
    assay = panel.assay(channel.reads[0])
    text = " ".join(found["primer_sequences"].text)
    for name in (assay.forward, assay.reverse):
        assert f"{name}: {panel.oligo(name).sequence}" in text
    assert found["gene"].text[0].startswith(panel.transcript.gene)
    assert len(found["primer_sequences"].text) == 2
    assert found["primer_sequences"].status is Status.KNOWN
    other = by_item(dataclasses.replace(record, panel=panel))  # the plate holds its reference only
    assert other["gene"].status is Status.MISSING
    assert other["primer_sequences"].status is Status.PARTLY, "its maker does not publish it"
    assert "catalogue number" in other["primer_sequences"].text[-1]
    strange = dataclasses.replace(
        record,
        panel=panel,
        run=dataclasses.replace(
            record.run,
            reactions=tuple(
                dataclasses.replace(r, target="unheard of") for r in record.run.reactions
            ),
        ),
    )
    assert "primer_sequences" not in known(strange)


def test_files(record):
    answers = checklist(record)
    rows = list(csv.reader(io.StringIO(as_csv(answers))))
    assert tuple(rows[0]) == HEADS
    assert len(rows) == len(answers) + 1
    assert all(cell[:1] not in ("=", "+", "@") for row in rows[1:] for cell in row)
    text = as_markdown(answers, "a|b <script>[x](y)")
    assert "<script>" not in text
    assert "[x]" not in text
    assert text.count("**to add**") == sum(one.status is Status.MISSING for one in answers)
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 5 for line in tables)
    assert str(len(answers)) in summary(answers)


def test_the_command(tmp_path):
    source = written(tmp_path, small_eds())
    for suffix in ("csv", "md"):
        out = tmp_path / f"miqe.{suffix}"
        done = CliRunner().invoke(cli.main, ["miqe", str(source), "--out", str(out)])
        assert done.exit_code == 0, done.output
        assert "the laboratory must add" in done.output
        assert "Cycle at which the curve" in out.read_text(encoding="utf-8")
    wrong = CliRunner().invoke(cli.main, ["miqe", str(source), "--out", "x.pdf"])
    assert wrong.exit_code == 2
    bad = CliRunner().invoke(cli.main, ["miqe", str(tmp_path / "none.eds")])
    assert bad.exit_code == 3


def test_a_run_of_a_store(tmp_path, record):
    pytest.importorskip("h5py")
    from qpcr.records import Store

    folder = tmp_path / "store"
    store = Store.init(folder)
    store.commit(record, user="anna")
    (kept,) = store.runs()
    out = tmp_path / "miqe.csv"
    arguments = ["miqe", kept.run_id, "--store", str(folder), "--out", str(out)]
    done = CliRunner().invoke(cli.main, arguments)
    assert done.exit_code == 0, done.output
    assert out.read_text(encoding="utf-8") == as_csv(checklist(record))
    assert CliRunner().invoke(cli.main, ["miqe", "r0", "--store", str(folder)]).exit_code == 3


def test_a_measured_plate(data_dir):
    path = data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds"
    found = by_item(analyze(path, panel=load_panel("rnasep")))
    assert "15 wells at 5 levels" in found["calibration"].text[0]
    assert "625 to 10000" in found["dynamic_range"].text[0]
    assert "2 NTC, 0 with a Ct; 1 omitted" in found["ntc"].text[0]
    assert load_panel("rnasep").find_channel("RNase P TAMRA") is not None
    assert any(text.startswith("pop1") for text in found["quantities"].text)
