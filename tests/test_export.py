"""A run out in other programs' formats, and what comes back."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import sys
import zipfile

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

import cli
from primers import load_panel
from qpcr import analyze
from qpcr.commands.convert import NAMES
from qpcr.errors import InputError
from qpcr.export import content_of, write, writers
from qpcr.export._table import CYCLE_COLUMNS, REACTION_COLUMNS
from qpcr.export.rdml import document
from qpcr.formats import read_run
from qpcr.run import InstrumentResult, Run, Task, well_name

VERSIONS = writers()["rdml"].versions
NASTY = ("=cmd|' /C calc'!A0", "+1", "@x", "-2", 'a"b,c', "样本\u2028", "<&>", "s" * 400)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return read_run(written(tmp_path_factory.mktemp("run"), small_eds()))


@pytest.fixture(scope="module")
def content(run):
    return content_of(run)


@pytest.fixture(scope="module")
def nasty(run):
    """The run under names that spreadsheets and XML take for something else."""
    renamed = tuple(
        dataclasses.replace(reaction, sample=NASTY[at % len(NASTY)], omitted=at == 2)
        for at, reaction in enumerate(run.reactions)
    )
    return content_of(dataclasses.replace(run, reactions=renamed))


def schema(data_dir, version):
    return etree.XMLSchema(
        etree.parse(data_dir / "rdml_xsd" / f"RDML_v{version.replace('.', '_')}_REC.xsd")
    )


def check(xsd, tree) -> None:
    assert xsd.validate(tree), [str(error) for error in xsd.error_log][:5]


def back(tmp_path, content, version="1.2", name="out.rdml") -> Run:
    return read_run(write(content, "rdml", tmp_path / name, version=version))


def test_every_writer_is_offered():
    assert tuple(sorted(writers())) == NAMES
    for name, writer in writers().items():
        assert writer.name == name
        assert writer.describes
        assert writer.suffix.startswith(".")


@pytest.mark.parametrize("version", VERSIONS)
def test_rdml_comes_back_equal(tmp_path, content, version):
    again = back(tmp_path, content, version)
    run = content.run
    barred = {row.reaction.well for row in content.rows if row.excluded}
    for was, now, row in zip(run.reactions, again.reactions, content.rows, strict=True):
        assert now == dataclasses.replace(was, omitted=was.well in barred)
        result = again.results[was.well, was.target]
        assert result.cq == row.cq
        assert np.array_equal(result.rn, row.rn)
        assert again.settings.thresholds[was.target].value == row.threshold
    assert again.targets == run.targets
    assert again.passive_reference == run.passive_reference
    assert (again.rows, again.columns) == (run.rows, run.columns)
    assert again.provenance.software == run.provenance.software or run.provenance.software
    assert [(s.repetitions, s.steps) for s in again.protocol if s.repetitions > 1] == [
        (s.repetitions, s.steps) for s in run.protocol if s.repetitions > 1
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_analysis_gives_the_same_ct_from_rdml(tmp_path, content, version):
    again = content_of(back(tmp_path, content, version))
    for was, now in zip(content.rows, again.rows, strict=True):
        assert (was.cq is None) == (now.cq is None)
        if was.cq is not None:
            assert now.cq == pytest.approx(was.cq, abs=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_rdml_is_valid(data_dir, nasty, content, version):
    xsd = schema(data_dir, version)
    check(xsd, document(nasty, version))
    check(xsd, document(content, version))
    panel = load_panel("ikzf1-4plex")
    check(xsd, document(dataclasses.replace(content, panel=panel), version))


@pytest.mark.parametrize("version", VERSIONS)
def test_real_runs_are_valid_and_come_back(tmp_path, data_dir, version):
    for name in (
        "stepone/steponeplus_v2.3_native_with_results.eds",
        "rdml/lc96_bACTXY.rdml",
        "rdml/RAS002.rdml",
    ):
        run = read_run(data_dir / name)
        content = content_of(run, cq="instrument")
        check(schema(data_dir, version), document(content, version))
        again = back(tmp_path, content, version)
        assert again.reactions == run.reactions
        for key, result in run.results.items():
            assert again.results[key].cq == result.cq
            assert again.results[key].determined == result.determined
        for row in content.rows:
            rn = again.results[row.reaction.well, row.reaction.target].rn
            assert np.array_equal(rn, row.rn, equal_nan=True)


def test_oligos_of_the_panel_are_written(run):
    panel = load_panel("ikzf1")
    channel = panel.reactions[0].channels[0]
    target = dataclasses.replace(next(iter(run.targets.values())), name=channel.target)
    renamed = dataclasses.replace(
        run,
        targets={channel.target: target},
        reactions=tuple(dataclasses.replace(r, target=channel.target) for r in run.reactions),
        results={},
        settings=dataclasses.replace(run.settings, thresholds={}, baselines={}),
    )
    tree = document(content_of(renamed, panel=panel), "1.2")
    assay = panel.assay(channel.reads[0])
    found = tree.find("{*}target/{*}sequences")
    assert found.findtext("{*}forwardPrimer/{*}sequence") == panel.oligo(assay.forward).sequence
    assert found.findtext("{*}reversePrimer/{*}sequence") == panel.oligo(assay.reverse).sequence
    text = tree.findtext("{*}documentation/{*}text")
    assert f"panel: {panel.name} {panel.version}" in text


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cq_of_a_method_is_written_with_what_belongs_to_it(tmp_path, data_dir, run, version):
    made = content_of(run, method="recommended")
    found = analyze(run, method="recommended").quantification.wells
    assert [row.cq for row in made.rows] == [one.cq for one in found]
    assert made.about["Cq"] == "by the method recommended, version 1"
    tree = document(made, version)
    check(schema(data_dir, version), tree)
    stated = [float(one.text) for one in tree.iter("{*}N0")]
    effs = [float(one.text) for one in tree.iter("{*}ampEff")]
    if version == "1.2":
        assert not stated
    else:
        assert sorted(stated) == sorted(one.n0 for one in found if one.n0 is not None)
        assert sorted(effs) == sorted(o.efficiency for o in found if o.efficiency is not None)
    again = back(tmp_path, made, version)
    cqs = {key: one.cq for key, one in again.results.items()}
    for reaction, one in zip(run.reactions, found, strict=True):
        assert cqs[reaction.well, reaction.target] == (
            None if one.cq is None else pytest.approx(one.cq, rel=1e-12)
        )
    with pytest.raises(ValueError, match="our Cq"):
        content_of(run, cq="instrument", method="recommended")


def test_excluded_reactions_say_why(nasty):
    for version in VERSIONS:
        tree = document(nasty, version)
        reasons = [node.text for node in tree.iter("{*}excl")]
        assert len(reasons) == sum(bool(row.excluded) for row in nasty.rows)
        assert any("marked as omitted" in reason for reason in reasons)


plans = st.lists(
    st.tuples(
        st.sampled_from([None, "a", "b", "a (2)", "unnamed"]),
        st.lists(
            st.tuples(st.sampled_from(list(Task)), st.sampled_from([1.0, 2.5e-7, 1e9])),
            min_size=1,
            max_size=2,
        ),
    ),
    min_size=1,
    max_size=8,
)


@given(plans, st.sampled_from(VERSIONS))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_layout_comes_back(tmp_path, run, plan, version):
    first = run.reactions[0]
    targets = {name: dataclasses.replace(run.targets[first.target], name=name) for name in "TU"}
    reactions = tuple(
        dataclasses.replace(
            first,
            well=well,
            well_name=well_name(well, run.columns),
            sample=sample,
            target="TU"[at],
            task=task,
            quantity=quantity if task is Task.STANDARD else None,
        )
        for well, (sample, inside) in enumerate(plan)
        for at, (task, quantity) in enumerate(inside)
    )
    used = {reaction.target for reaction in reactions}
    curve = np.linspace(0.1, 1, len(run.cycles))
    made = dataclasses.replace(
        run,
        reactions=reactions,
        targets={name: target for name, target in targets.items() if name in used},
        raw=None, raw_source=None, filters=(), signals={}, calibration=None,
        results={
            (r.well, r.target): InstrumentResult(r.well, r.target, None, False, curve)
            for r in reactions
        },
        settings=dataclasses.replace(run.settings, thresholds={}, baselines={}),
    )  # fmt: skip
    again = back(tmp_path, content_of(made, cq="instrument"), version)
    assert again.reactions == reactions
    assert again.targets == made.targets


def table(content) -> list[tuple]:
    """What the tables must hold, made without their code."""
    rows = []
    for row in content.rows:
        for at, cycle in enumerate(content.cycles):
            rows.append((row.reaction.well_name, int(cycle), row.cq, row.rn[at], row.drn[at]))
    return rows


def same(found: list[tuple], content, rel: float = 0.0) -> None:
    expected = table(content)
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        assert left[:2] == right[:2]
        for a, b in zip(left[2:], right[2:], strict=True):
            assert a == pytest.approx(b, rel=rel, abs=0) if b is not None else a is None


def test_csv(tmp_path, nasty):
    text = write(nasty, "csv", tmp_path / "out.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert set(rows[0]) == {*REACTION_COLUMNS, *CYCLE_COLUMNS}
    number = {"": None}
    same(
        [
            (r["well"], int(r["cycle"]), number.get(r["cq"], r["cq"] and float(r["cq"])),
             float(r["rn"]), float(r["drn"]))
            for r in rows
        ],
        nasty,
    )  # fmt: skip
    for row in rows:
        for cell in (row["sample"], row["target"]):
            assert cell[:1] not in ("=", "+", "@", "-")
    assert {row["sample"].lstrip("'") for row in rows} <= set(NASTY)


def test_xlsx(tmp_path, nasty):
    book = openpyxl.load_workbook(write(nasty, "xlsx", tmp_path / "out.xlsx"))
    sheet = book["Reactions"]
    heads = [cell.value for cell in sheet[1]]
    assert tuple(heads) == REACTION_COLUMNS
    rows = [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(min_row=2)]
    cqs = {row["well"].value: row["cq"].value for row in rows}
    for row, wanted in zip(rows, nasty.rows, strict=True):
        assert row["sample"].value == wanted.reaction.sample
        assert row["sample"].data_type == "s", "a text, whatever it begins with"
    names = [cell.value for cell in book["Cycles"][1]]
    cycles = [
        dict(zip(names, row, strict=True))
        for row in book["Cycles"].iter_rows(min_row=2, values_only=True)
    ]
    found = [(c["well"], c["cycle"], cqs[c["well"]], c["rn"], c["drn"]) for c in cycles]
    same(found, nasty, rel=1e-15)
    assert book["About"]["B2"].value


def test_parquet(tmp_path, nasty):
    pq = pytest.importorskip("pyarrow.parquet")
    found = pq.read_table(write(nasty, "parquet", tmp_path / "out.parquet"))
    assert b"ikaros-qpcr" in found.schema.metadata
    rows = found.to_pylist()
    assert {row["sample"] for row in rows} <= set(NASTY)
    same([(r["well"], r["cycle"], r["cq"], r["rn"], r["drn"]) for r in rows], nasty)


def test_parquet_without_its_package_says_so(tmp_path, content, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="needs the package pyarrow") as caught:
        write(content, "parquet", tmp_path / "out.parquet")
    assert "ikaros-qpcr[parquet]" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_json(tmp_path, nasty):
    found = json.loads(write(nasty, "json", tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["about"]["SHA-256"] == nasty.run.provenance.sha256
    assert {one["sample"] for one in found["reactions"]} <= set(NASTY)
    rows = [
        (one["well"], cycle, one["cq"], one["rn"][at], one["drn"][at])
        for one in found["reactions"]
        for at, cycle in enumerate(found["cycles"])
    ]
    same(rows, nasty)


def test_a_file_of_another_program_reads_it(tmp_path, content):
    """rdmlpython, the reference implementation of the format, finds the same numbers."""
    rdml = pytest.importorskip("rdmlpython")
    for version in VERSIONS:
        path = write(content, "rdml", tmp_path / f"{version}.rdml", version=version)
        found = rdml.Rdml(str(path))
        assert found.isvalid()
        plate = found.get_experiment(byposition=0).get_run(byposition=0)
        reacts = {int(one["id"]): one for one in plate.getreactjson()["reacts"]}
        for row in content.rows:
            (data,) = reacts[row.reaction.well + 1]["datas"]
            assert data["tar"] == row.reaction.target
            assert float(data["cq"]) == (-1.0 if row.cq is None else row.cq)
            assert [float(point[1]) for point in data["adps"]] == list(row.rn)


@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
def test_the_source_is_never_overwritten(tmp_path, link):
    source = written(tmp_path, small_eds())
    target = source if link == "same" else tmp_path / "other.rdml"
    if link == "symbolic":
        target.symlink_to(source)
    elif link == "hard":
        os.link(source, target)
    done = CliRunner().invoke(
        cli.main, ["convert", str(source), "--to", "rdml", "--out", str(target)]
    )
    assert done.exit_code == 3
    assert "overwrite" in done.output
    assert source.read_bytes() == small_eds()


def test_what_cannot_be_written_leaves_nothing(tmp_path, content):
    with pytest.raises(InputError, match="no file"):
        write(content, "csv", tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        write(content, "csv", tmp_path / "no" / "such" / "folder.csv")
    with pytest.raises(InputError, match="version of rdml"):
        write(content, "rdml", tmp_path / "a.rdml", version="9")
    with pytest.raises(InputError, match="no such format"):
        write(content, "pdf", tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path):
    source = written(tmp_path, small_eds())
    for name in NAMES:
        out = tmp_path / f"out.{name}"
        arguments = ["convert", str(source), "--to", name, "--out", str(out), "--panel", "rnasep"]
        done = CliRunner().invoke(cli.main, [*arguments, "--cq", "instrument"])
        assert done.exit_code == 0, done.output
        assert out.stat().st_size > 1000
    wrong = CliRunner().invoke(
        cli.main, ["convert", str(source), "--to", "csv", "--out", "x", "--rdml-version", "1.3"]
    )
    assert wrong.exit_code == 2
    with zipfile.ZipFile(tmp_path / "out.rdml") as archive:
        assert archive.namelist() == ["rdml_data.xml"]
