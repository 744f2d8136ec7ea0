"""FASTA reading, binding sites, gapped alignment, and products of a multiplex."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from primers import Binding, Reference, SequenceError, in_silico_pcr, load_panel, read_fasta
from primers.sequence import reverse_complement
from primers.sites import best_alignment, find_sites

FORWARD, REVERSE = "ACGTTGCATCAGGATC", "TTGACCAGTCATGCAA"


def random_dna(length: int, seed: int = 0) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def template(gap: int = 60) -> str:
    """A synthetic template: flank, forward site, gap, reverse site, flank."""
    middle = random_dna(gap, seed=1)
    return random_dna(30, 2) + FORWARD + middle + reverse_complement(REVERSE) + random_dna(30, 3)


def test_product_has_the_size_it_was_built_with() -> None:
    pool = {"f": FORWARD, "r": REVERSE}
    for text, strand in ((template(), "+"), (reverse_complement(template()), "-")):
        (product,) = in_silico_pcr(pool, [Reference("t", text)])
        assert product.size_bp == 16 + 60 + 16
        assert product.pair == {"f", "r"}
        assert (product.forward.oligo == "f") is (strand == "+")
        assert text[product.forward.start : product.forward.end] in (FORWARD, REVERSE)


def test_a_long_product_is_not_made() -> None:
    long = Reference("t", template(5000))
    assert in_silico_pcr({"f": FORWARD, "r": REVERSE}, [long]) == ()
    found = in_silico_pcr({"f": FORWARD, "r": REVERSE}, [long], max_product_bp=6000)
    assert [p.size_bp for p in found] == [5032]


def test_one_primer_on_both_strands_makes_a_product() -> None:
    text = FORWARD + random_dna(40, 5) + reverse_complement(FORWARD)
    (product,) = in_silico_pcr({"f": FORWARD}, [Reference("t", text)])
    assert product.pair == {"f"}
    assert product.size_bp == 72


def test_primers_that_face_away_make_nothing() -> None:
    text = reverse_complement(FORWARD) + random_dna(40, 5) + REVERSE
    assert in_silico_pcr({"f": FORWARD, "r": REVERSE}, [Reference("t", text)]) == ()


def changed(sequence: str, position: int, base: str | None = None) -> str:
    """Put another base at a position counted from 1."""
    old = sequence[position - 1]
    new = base or {"A": "C", "C": "A", "G": "T", "T": "G"}[old]
    return sequence[: position - 1] + new + sequence[position:]


def test_mismatches_count_more_at_the_three_prime_end() -> None:
    def sites(*positions: int) -> int:
        site = FORWARD
        for position in positions:
            site = changed(site, position)
        return len(find_sites("f", FORWARD, Reference("t", "GG" + site + "GG")))

    assert sites(1) == sites(11) == sites(1, 4, 7) == 1
    assert sites(1, 4, 7, 9) == 0
    assert sites(12) == sites(16) == 0


def test_mismatch_positions_count_from_the_five_prime_end_on_both_strands() -> None:
    text = "TTT" + changed(changed(FORWARD, 2), 7) + "TTTT"
    (plus,) = find_sites("f", FORWARD, Reference("t", text))
    (minus,) = find_sites("f", FORWARD, Reference("t", reverse_complement(text)))
    assert plus.mismatches == minus.mismatches == (2, 7)
    assert (plus.strand, plus.start, plus.end) == ("+", 3, 19)
    assert (minus.strand, minus.start, minus.end) == ("-", 4, 20)


@pytest.mark.parametrize(("code", "found"), [("N", 1), ("R", 1), ("Y", 0)])
def test_iupac_codes_match_what_they_stand_for(code: str, found: int) -> None:
    """The last base of the primer is a C, the second to last a T, the one before an A."""
    text = changed(FORWARD, 14, code)
    sites = find_sites("f", FORWARD, Reference("t", text))
    assert len(sites) == found
    assert all(site.ambiguous == 1 and site.mismatches == () for site in sites)


def test_a_run_of_n_is_no_site() -> None:
    assert find_sites("f", FORWARD, Reference("t", "N" * 100)) == ()


def test_overhang_only_at_the_five_prime_end() -> None:
    binding = Binding(max_overhang=4)
    cut = Reference("t", FORWARD[4:] + "ACACA")
    assert find_sites("f", FORWARD, cut) == ()
    for reference in (cut, Reference("t", reverse_complement(cut.sequence))):
        (site,) = find_sites("f", FORWARD, reference, binding)
        assert site.overhang == 4
        assert site.mismatches == ()
    assert find_sites("f", FORWARD, Reference("t", FORWARD[5:] + "ACACA"), binding) == ()
    assert find_sites("f", FORWARD, Reference("t", "ACACA" + FORWARD[:12]), binding) == ()


@given(st.data())
def test_a_dropped_base_is_found_again(data: st.DataObject) -> None:
    """Whatever base of whatever primer is dropped, putting the reported one back heals it."""
    primer = data.draw(st.text(alphabet="ACGT", min_size=18, max_size=24))
    position = data.draw(st.integers(5, len(primer) - 6))
    flank = random_dna(20, 7)
    reference = Reference("t", flank + reverse_complement(primer) + flank)
    dropped = primer[:position] + primer[position + 1 :]
    found = best_alignment(dropped, reference)
    assert found is not None
    assert found.cost <= 2
    if found.gap == "missing":
        healed = dropped[: found.gap_after] + found.template[found.gap_after]
        assert healed + dropped[found.gap_after :] == found.template
        assert found.mismatches == 0


def test_a_base_too_many_at_the_very_end_of_a_reference() -> None:
    extra = FORWARD[:8] + "A" + FORWARD[8:]
    for flank in ("", "GGGG"):
        found = best_alignment(extra, Reference("t", "CCCC" + FORWARD + flank))
        assert found is not None
        assert (found.gap, found.mismatches, found.strand, found.start) == ("extra", 0, "+", 4)
        assert extra[: found.gap_after] + extra[found.gap_after + 1 :] == FORWARD


def test_the_gap_of_a_run_is_placed_behind_it() -> None:
    found = best_alignment("ACGTGGTACATGCA", Reference("t", "TTACGTGGGTACATGCATT"))
    assert found is not None
    assert (found.gap, found.gap_after, found.template) == ("missing", 6, "ACGTGGGTACATGCA")


def test_an_alignment_on_too_short_a_reference() -> None:
    assert best_alignment(FORWARD, Reference("t", "ACGT")) is None


def test_sizes_of_published_junctions(data_dir: Path) -> None:
    """`amplicons.tsv` was computed elsewhere, with the corrected R-8 and F.4 6 nt longer."""
    panel = load_panel("ikzf1-pooled")
    pool = {o.name: o.sequence for o in panel.oligos if o.sequence is not None}
    junctions = read_fasta(data_dir / "ikzf1" / "junctions.fa")
    assert len(junctions) == 22
    sizes: dict[frozenset[str], list[int]] = {}
    for product in in_silico_pcr(pool, junctions, binding=Binding(max_overhang=6)):
        sizes.setdefault(product.pair, []).append(product.size_bp)
    lines = (data_dir / "ikzf1" / "amplicons.tsv").read_text("utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t")
    expected = {
        frozenset((row["forward"], row["reverse"])): (
            int(row["n_junctions"]),
            int(row["min_bp"]),
            int(row["max_bp"]),
        )
        for row in rows
    }
    assert {pair: (len(s), min(s), max(s)) for pair, s in sizes.items()} == expected


def test_a_normal_genome_gives_no_product(data_dir: Path) -> None:
    panel = load_panel("ikzf1-pooled")
    pool = {o.name: o.sequence for o in panel.oligos if o.sequence is not None}
    for name in ("breakpoint_upstream.fa", "breakpoint_downstream.fa"):
        assert in_silico_pcr(pool, read_fasta(data_dir / "ikzf1" / name)) == ()


def write(folder: Path, data: bytes) -> Path:
    path = folder / "a.fa"
    path.write_bytes(data)
    return path


def test_fasta_is_read_as_it_is_found(tmp_path: Path) -> None:
    data = "\ufeff; comment\n>one é\r\nacgu\r\nRYn\r\n\n# note\n>two\nA\n".encode()
    one, two = read_fasta(write(tmp_path, data))
    assert (one.name, one.sequence, one.number) == ("one é", "ACGTRYN", 1)
    assert (two.name, two.sequence, two.number) == ("two", "A", 2)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no record"),
        (b"ACGT\n", "before the first header"),
        (b">a\nACXT\n", "line 2, column 3"),
        (b">a\nAC-T\n", "'-'"),
        (b">a\n>b\nA\n", "'a' has no bases"),
        (b"\x1f\x8b\x08\xff", "not UTF-8"),
        (b">a\n" + b"A" * 100, "too large"),
    ],
)
def test_bad_fasta_is_refused_with_its_place(tmp_path: Path, data: bytes, words: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(SequenceError) as caught:
        read_fasta(path, max_bytes=90)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_fasta_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SequenceError, match="cannot be opened"):
        read_fasta(tmp_path / "none.fa")
