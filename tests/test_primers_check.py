"""What `check_panel` finds on its own, and against reference sequences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from primers import CheckLimits, Kind, Reference, check_panel, load_panel, panel_names, read_fasta
from primers.check import PanelFinding
from primers.sequence import reverse_complement

R8_SUPPORTED = "GTCTCGGCATACAGGGAAGA"


def of(findings: list[PanelFinding], kind: Kind) -> list[PanelFinding]:
    return [finding for finding in findings if finding.kind is kind]


@pytest.mark.parametrize("name", panel_names())
def test_shipped_panels_need_no_attention_by_themselves(name: str) -> None:
    findings = check_panel(load_panel(name))
    assert {f.severity for f in findings if "threshold" not in f.kind} == {"info"}


def test_printed_r8_lacks_a_g(data_dir: Path) -> None:
    for name in ("junctions.fa", "breakpoint_downstream.fa"):
        references = read_fasta(data_dir / "ikzf1" / name)
        (gap,) = of(check_panel(load_panel("ikzf1"), references), Kind.OLIGO_GAP)
        assert gap.subject == "R-8 as printed"
        assert gap.corrected == R8_SUPPORTED
        assert "aligns with one gap at position 15" in gap.message
        assert "corrected sequence matches exactly" in gap.message
        assert gap.severity == "warning"


def test_sizes_on_junctions_are_as_the_panel_states(data_dir: Path) -> None:
    references = read_fasta(data_dir / "ikzf1" / "junctions.fa")
    findings = check_panel(load_panel("ikzf1"), references)
    expected = {f.subject: f.values for f in of(findings, Kind.AMPLICON_EXPECTED)}
    assert {name: (len(v), min(v), max(v)) for name, v in expected.items()} == {
        "F.4/R-7 (Δ4-7)": (13, 163, 183),
        "F.2a/R-7 (Δ2-7)": (3, 227, 231),
        "F.2b/R-7 (Δ2-7)": (1, 173, 173),
        "F.4/R-8 (Δ4-8)": (1, 144, 144),
        "F.2a/R-8 (Δ2-8)": (1, 183, 183),
    }
    assert [f.subject for f in of(findings, Kind.AMPLICON_ABSENT)] == ["F.2b/R-8 (Δ2-8)"]
    assert of(findings, Kind.AMPLICON_UNEXPECTED) == []


def test_the_unseen_start_of_f4_is_called_unverified(data_dir: Path) -> None:
    references = read_fasta(data_dir / "ikzf1" / "breakpoint_upstream.fa")
    findings = check_panel(load_panel("ikzf1"), references)
    (part,) = of(findings, Kind.OLIGO_OVERHANG)
    assert part.subject == "F.4"
    assert "the last 15 bases" in part.message
    assert "first 6 lie outside" in part.message


def synthetic_junction(gap: int) -> Reference:
    """A made-up Δ4-8 junction: F.4, a gap, the R-8 site."""
    f4 = "GGAGTCTGTGAAGGTCACACC"
    return Reference("synthetic", f4 + "AT" * (gap // 2) + reverse_complement(R8_SUPPORTED))


def test_a_size_the_panel_does_not_state_is_flagged() -> None:
    panel = load_panel("ikzf1")
    (good,) = of(check_panel(panel, [synthetic_junction(103 - 1)]), Kind.AMPLICON_UNEXPECTED)
    assert good.values == (143.0,)
    assert good.severity == "warning"
    odd = Reference("synthetic", synthetic_junction(102).sequence.replace("CCAT", "CCGAT"))
    findings = check_panel(panel, [odd])
    assert of(findings, Kind.AMPLICON_UNEXPECTED) == []
    assert [f.values for f in of(findings, Kind.AMPLICON_EXPECTED)] == [(144.0,)]


def test_a_product_of_no_assay_is_flagged() -> None:
    """R-7 on both strands: a product that needs no other primer."""
    r7 = "AAAGAACCCTCAGGCATTCA"
    text = r7 + "GATC" * 10 + reverse_complement(r7)
    (finding,) = of(
        check_panel(load_panel("ikzf1"), [Reference("synthetic", text)]),
        Kind.AMPLICON_UNEXPECTED,
    )
    assert finding.subject == "R-7 with itself"
    assert finding.values == (80.0,)


def test_an_oligo_in_use_with_a_gap_is_an_error() -> None:
    panel = load_panel("ikzf1")
    printed = replace(panel.oligo("R-8"), sequence="GTCTCGGCATACAGGAAGA", other_forms=())
    oligos = tuple(printed if o.name == "R-8" else o for o in panel.oligos)
    findings = check_panel(replace(panel, oligos=oligos), [synthetic_junction(102)])
    (gap,) = of(findings, Kind.OLIGO_GAP)
    assert (gap.subject, gap.severity) == ("R-8", "error")


def test_an_extra_base_and_a_mismatch_are_told_apart() -> None:
    panel = load_panel("ikzf1")
    wrong = {"R-8": "GTCTCGGCATACACGGGAAGA", "F.4": "GGAGTCTGTGTAGGTCACACC"}
    oligos = tuple(
        replace(o, sequence=wrong.get(o.name, o.sequence), other_forms=()) for o in panel.oligos
    )
    findings = check_panel(replace(panel, oligos=oligos), [synthetic_junction(102)])
    (gap,) = of(findings, Kind.OLIGO_GAP)
    assert gap.corrected == R8_SUPPORTED
    assert "an extra C" in gap.message
    (mismatch,) = of(findings, Kind.OLIGO_MISMATCH)
    assert (mismatch.subject, mismatch.values) == ("F.4", (1.0,))


def test_an_oligo_without_a_site_is_named() -> None:
    findings = check_panel(load_panel("ikzf1"), [synthetic_junction(102)])
    assert {f.subject for f in of(findings, Kind.OLIGO_NOT_FOUND)} == {"F.2a", "F.2b", "R-7"}


def test_limits_turn_information_into_warnings() -> None:
    limits = CheckLimits(
        tm_spread_celsius=1.0, gc_high=0.5, hairpin_tm_celsius=45.0, dimer_free_energy=-8.0
    )
    warned = [
        (f.kind, f.subject)
        for f in check_panel(load_panel("ikzf1-pooled"), (), limits)
        if f.severity == "warning"
    ]
    assert warned.pop() == (Kind.THRESHOLD_FREE, "ikzf1-pooled")
    assert warned == [
        (Kind.OLIGO_THERMODYNAMICS, "F.4"),
        (Kind.OLIGO_THERMODYNAMICS, "R-8"),
        (Kind.TM_SPREAD, "pool"),
        (Kind.DIMER, "pool"),
    ]


def test_an_undisclosed_oligo_is_said_to_be_unchecked() -> None:
    findings = check_panel(load_panel("rnasep"))
    assert [f.kind for f in findings] == [*[Kind.OLIGO_UNDISCLOSED] * 2, Kind.THRESHOLD_FREE]
