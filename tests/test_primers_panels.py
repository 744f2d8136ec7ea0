"""The panels that ship: what they say, and that they say the same where they overlap."""

from __future__ import annotations

import ast
import csv
from itertools import combinations
from pathlib import Path

import pytest

import primers
from primers import Panel, load_panel, panel_names
from primers.panel import SOME_DELETION

IKZF1 = ("ikzf1", "ikzf1-pooled", "ikzf1-4plex")


def reports(panel: Panel) -> dict[str, str]:
    return {c.target: c.reports for r in panel.reactions for c in r.channels if c.role == "target"}


def test_names() -> None:
    assert panel_names() == ("ikzf1", "ikzf1-4plex", "ikzf1-pooled", "rnasep")
    assert [load_panel(name).name for name in panel_names()] == list(panel_names())


def test_one_pair_per_well_names_the_deletion() -> None:
    panel = load_panel("ikzf1")
    assert reports(panel) == {
        "F.4 × R-7": "Δ4-7",
        "F.2a × R-7": "Δ2-7",
        "F.2b × R-7": "Δ2-7",
        "F.4 × R-8": "Δ4-8",
        "F.2a × R-8": "Δ2-8",
        "F.2b × R-8": "Δ2-8",
    }
    assert panel.cutoffs.cq_below == 36.0
    assert panel.cutoffs.proper_curve
    assert panel.cutoffs.source.evidence == "study"
    classes = {a.product: a.functional_class for a in panel.assays if a.role == "target"}
    assert classes == {
        "Δ4-7": "dominant negative",
        "Δ2-7": "loss of function",
        "Δ4-8": "loss of function",
        "Δ2-8": "loss of function",
    }


def test_the_pool_names_nothing_and_asks_for_a_plate_that_does() -> None:
    panel = load_panel("ikzf1-pooled")
    assert set(reports(panel).values()) == {SOME_DELETION}
    assert panel.reflex is not None
    assert panel.reflex.panel == "ikzf1"
    assert panel.reflex.text.startswith("IKZF1 deletion detected.")


def test_the_four_plex_gives_each_deletion_a_dye() -> None:
    panel = load_panel("ikzf1-4plex")
    dyes = {c.reports: c.reporter for c in panel.reactions[0].channels}
    assert set(dyes) == {"Δ4-7", "Δ2-7", "Δ4-8", "Δ2-8"}
    assert len(set(dyes.values())) == 4
    assert any("example" in note.text for note in panel.notes)


@pytest.mark.parametrize(("one", "other"), list(combinations(IKZF1, 2)))
def test_the_ikzf1_panels_agree(one: str, other: str) -> None:
    first, second = load_panel(one), load_panel(other)
    for part in ("oligos", "assays", "transcript", "limitations", "chemistry"):
        assert getattr(first, part) == getattr(second, part)
    mine = {"simulated"}  # where the thresholds of the multiplex come from
    shared = [[s for s in panel.sources if s.name not in mine] for panel in (first, second)]
    assert shared[0] == shared[1]


def test_both_forms_of_r8() -> None:
    oligo = load_panel("ikzf1").oligo("R-8")
    (printed,) = oligo.other_forms
    assert oligo.sequence == "GTCTCGGCATACAGGGAAGA"
    assert printed.sequence == "GTCTCGGCATACAGGAAGA"
    assert (printed.label, printed.source.name, oligo.source.name) == (
        "as printed",
        "study",
        "breakpoints",
    )
    assert "missing" in printed.reason


@pytest.mark.parametrize("name", IKZF1)
def test_every_negative_names_what_is_not_seen(name: str) -> None:
    text = " ".join(s.text for s in load_panel(name).limitations)
    assert "Δ1-8" in text
    assert "Δ2-3" in text


@pytest.mark.parametrize("name", panel_names())
def test_unvalidated_limits_say_so(name: str) -> None:
    panel = load_panel(name)
    assert {c.kind for c in panel.layout.controls} >= {"ntc", "positive"}
    for rule in panel.qc:
        assert rule.source.evidence in {"study", "literature", "unverified"}
        if rule.name in {"late_cq", "passive_reference", "neighbour_contamination"}:
            assert rule.source.evidence == "unverified"


def test_hgvs_on_both_assemblies() -> None:
    for assay in load_panel("ikzf1").assays:
        if assay.role != "target":
            continue
        by_assembly = {h.assembly: h.description for h in assay.hgvs}
        assert by_assembly["GRCh38"].startswith("NC_000007.14(NM_006060.6):c.")
        assert by_assembly["GRCh37"].startswith("NC_000007.13(NM_006060.6):c.")
        # A c. position belongs to the transcript: the same on both.
        assert len({d.split(":")[1] for d in by_assembly.values()}) == 1
        if assay.product.endswith("8"):
            assert {h.source.evidence for h in assay.hgvs} == {"unverified"}


def test_exons_are_the_published_ones(data_dir: Path) -> None:
    panel = load_panel("ikzf1")
    assert panel.transcript is not None
    lines = (data_dir / "ikzf1" / "exons.tsv").read_text("utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t")
    assert [(e.number, *e.grch38, *e.grch37) for e in panel.transcript.exons] == [
        tuple(
            int(row[key])
            for key in ("exon", "grch38_start", "grch38_end", "grch37_start", "grch37_end")
        )
        for row in rows
    ]


def test_sizes_depend_on_the_assembly() -> None:
    """Intron 3 is 28,102 bp longer in GRCh37."""
    panel = load_panel("ikzf1")
    new = panel.deletion_bounds("F.4/R-7", "GRCh38")
    old = panel.deletion_bounds("F.4/R-7", "GRCh37")
    assert new is not None
    assert old is not None
    assert (old[1] - old[0]) - (new[1] - new[0]) == 28_102
    assert old[2] - old[1] == new[2] - new[1]


def test_sizes_are_those_computed_from_junctions(data_dir: Path) -> None:
    """Every row of `amplicons.tsv` stands in the panel, with its number of junctions."""
    panel = load_panel("ikzf1")
    stated = {
        (a.forward, a.reverse, x.junctions, x.low_bp, x.high_bp)
        for a in panel.assays
        for x in a.amplicons
    }
    lines = (data_dir / "ikzf1" / "amplicons.tsv").read_text("utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t")
    for row in rows:
        numbers = (int(row[key]) for key in ("n_junctions", "min_bp", "max_bp"))
        assert (row["forward"], row["reverse"], *numbers) in stated
    assert panel.assay("F.2b/R-8").amplicons == ()


def test_the_package_knows_no_other_room() -> None:
    for path in Path(primers.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            rooms = {name.split(".")[0] for name in names}
            assert not rooms & {"qpcr", "calibration", "click", "rich", "lmfit", "h5py", "cli"}
