"""Melting temperatures and structures against published figures and closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from primers.errors import SequenceError
from primers.sequence import gc_fraction, reverse_complement
from primers.structures import dimer, hairpin
from primers.thermo import (
    ONE_MOLAR,
    Solution,
    duplex_energy,
    parameters,
    three_prime_free_energy,
    tm_celsius,
)

F2A, F2B = "CAACAAGTGACCCATCCTTTG", "CTCCTCTAATCTTTGGACTTGTGA"
F4, R7 = "GGAGTCTGTGAAGGTCACACC", "AAAGAACCCTCAGGCATTCA"
R8, R8_PRINTED = "GTCTCGGCATACAGGGAAGA", "GTCTCGGCATACAGGAAGA"

dna = st.text(alphabet="ACGT", min_size=8, max_size=24)


def test_worked_example_of_the_unified_parameters() -> None:
    """SantaLucia (1998), figure 1: CGTTGA on its complement, -5.35 kcal/mol at 37 °C."""
    energy = duplex_energy("CGTTGA", ONE_MOLAR)
    assert energy.enthalpy == pytest.approx(-10.6 - 8.4 - 7.9 - 8.5 - 8.2 + 0.1 + 2.3)
    # The printed stacks are rounded to 0.01 one by one: they add up to 0.06 less.
    assert energy.free_energy(37.0) == pytest.approx(-5.35, abs=0.07)


@pytest.mark.parametrize(
    ("stack", "free_energy"),
    [
        ("AA/TT", -1.00),
        ("AT/TA", -0.88),
        ("TA/AT", -0.58),
        ("CA/GT", -1.45),
        ("GT/CA", -1.44),
        ("CT/GA", -1.28),
        ("GA/CT", -1.30),
        ("CG/GC", -2.17),
        ("GC/CG", -2.24),
        ("GG/CC", -1.84),
    ],
)
def test_stacks_give_the_published_free_energies(stack: str, free_energy: float) -> None:
    """SantaLucia (1998), table 1, last column: fitted apart from enthalpy and entropy."""
    assert parameters().stack[stack].free_energy(37.0) == pytest.approx(free_energy, abs=0.045)


def test_tables_are_complete() -> None:
    table = parameters()
    assert len(table.stack) == 16
    # 4 dangling bases beside 4 pairs at the 5' and the 3' end, each also turned round.
    assert len(table.dangling) == 64
    # 12 mismatched pairs beside 4 pairs, on either side, each also turned round.
    assert len(table.mismatch) == 96


@pytest.mark.parametrize(
    ("sequence", "celsius"), [(F2A, 61.2), (F2B, 61.6), (F4, 64.1), (R7, 61.1), (R8, 62.9)]
)
def test_tm_of_the_ikzf1_pool(sequence: str, celsius: float) -> None:
    assert tm_celsius(sequence) == pytest.approx(celsius, abs=0.051)


def test_sodium_equivalent_is_von_ahsens() -> None:
    assert Solution().sodium_equivalent_millimolar == pytest.approx(50 + 120 * math.sqrt(2.2))
    assert ONE_MOLAR.salt_entropy == 0.0
    # Without free Mg2+ the dNTP takes nothing from the Na+.
    assert Solution(50, 0.5, 0.8).sodium_equivalent_millimolar == 50.0


def test_palindrome_melts_at_full_concentration() -> None:
    """GCGC by hand in 1 M NaCl at 1 mM: every term of the equation, palindrome included."""
    enthalpy = -9.8 - 10.6 - 9.8 + 2 * 0.1
    entropy = -24.4 - 27.2 - 24.4 - 2 * 2.8 - 1.4
    kelvin = 1000 * enthalpy / (entropy + 1.98717 * math.log(1e-3))
    solution = Solution(1000.0, 0.0, 0.0, 1e6)
    assert tm_celsius("GCGC", solution) == pytest.approx(kelvin - 273.15, abs=1e-9)


@given(dna)
def test_both_strands_of_a_duplex_melt_together(sequence: str) -> None:
    assert tm_celsius(sequence) == pytest.approx(tm_celsius(reverse_complement(sequence)))
    assert gc_fraction(sequence) == gc_fraction(reverse_complement(sequence))


def test_three_prime_end_by_hand() -> None:
    """The tail GGAGA: GG, GA, AG (= CT), GA and four salt terms."""
    salt = 0.368 * math.log(Solution().sodium_equivalent_millimolar / 1000)
    entropy = -19.9 - 22.2 - 21.0 - 22.2 + 4 * salt
    expected = -8.0 - 8.2 - 7.8 - 8.2 - 310.15 * entropy / 1000
    assert three_prime_free_energy("ACACACGGAGA") == pytest.approx(expected)


def test_worst_dimer_of_the_pool() -> None:
    pool = [F2A, F2B, F4, R7, R8]
    energies = {
        (a, b): found.free_energy
        for i, a in enumerate(pool)
        for b in pool[i:]
        if (found := dimer(a, b, celsius=25.0)) is not None
    }
    worst = min(energies, key=lambda pair: energies[pair])
    assert worst == (F2A, F4)
    assert energies[worst] == pytest.approx(-8.9, abs=0.05)


def test_hairpin_of_f4() -> None:
    fold = hairpin(F4)
    assert fold is not None
    assert fold.pairs == ((6, 18), (7, 17), (8, 16), (9, 15), (10, 14))
    # Published: 51.5 °C from primer3, which counts one dangling base and one salt term less.
    assert fold.tm_celsius == pytest.approx(51.5, abs=1.5)


def test_triloop_hairpin_by_hand() -> None:
    """GGCTTTGCC without dangling ends: three stacks' worth of GG, GC and a loop of three."""
    fold = hairpin("GGCTTTGCC", ONE_MOLAR, 37.0)
    assert fold is not None
    assert fold.pairs == ((0, 8), (1, 7), (2, 6))
    assert fold.energy.enthalpy == pytest.approx(-8.0 - 9.8)
    assert fold.energy.entropy == pytest.approx(-19.9 - 24.4 - 3500 / 310.15)


def test_printed_r8_on_target_melts_five_degrees_lower() -> None:
    """The bulged G: 58.0 °C as printed, 63.0 °C corrected, with one template base either side."""
    target = "C" + reverse_complement(R8) + "A"
    printed, corrected = dimer(R8_PRINTED, target), dimer(R8, target)
    assert printed is not None
    assert corrected is not None
    assert len(corrected.pairs) == 20
    other_way = dimer(target, R8_PRINTED)
    assert other_way is not None
    assert other_way.tm_celsius == pytest.approx(printed.tm_celsius)
    assert printed.tm_celsius == pytest.approx(58.0, abs=0.051)
    assert corrected.tm_celsius == pytest.approx(63.0, abs=0.051)


def test_mismatch_in_a_duplex_by_hand() -> None:
    """A G·T pair between G·C pairs: two doublets of Allawi & SantaLucia (1997)."""
    found = dimer("GCCGGCGC", "GCGCTGGC", ONE_MOLAR)
    assert found is not None
    assert len(found.pairs) == 7
    stacks = -9.8 - 8.0 - 9.8 - 10.6 - 9.8
    assert found.energy.enthalpy == pytest.approx(stacks - 4.1 - 2.8 + 0.2)
    entropy = -24.4 - 19.9 - 24.4 - 27.2 - 24.4 - 11.7 - 8.0 - 5.7
    assert found.energy.entropy == pytest.approx(entropy)


@given(dna, dna)
def test_a_dimer_does_not_depend_on_the_order_of_its_strands(first: str, second: str) -> None:
    one, other = dimer(first, second), dimer(second, first)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.free_energy == pytest.approx(other.free_energy, abs=1e-9)


@given(dna)
def test_a_structure_pairs_each_base_once(sequence: str) -> None:
    fold = hairpin(sequence)
    if fold is not None:
        bases = [base for pair in fold.pairs for base in pair]
        assert len(set(bases)) == len(bases)
        assert all({sequence[i], sequence[j]} in ({"A", "T"}, {"C", "G"}) for i, j in fold.pairs)
        assert all(j - i > 3 for i, j in fold.pairs)


def test_oligos_without_structure() -> None:
    assert hairpin("AAAAAAAAAA") is None
    assert dimer("AAAAAAAA", "CCCCCCCC") is None


def test_hairpin_loops_between_and_beyond_the_table() -> None:
    table = parameters()
    assert table.hairpin_loop(11).free_energy(37.0) == pytest.approx(4.8)
    beyond = 6.3 + 2.44 * 1.98717e-3 * 310.15 * math.log(60 / 30)
    assert table.hairpin_loop(60).free_energy(37.0) == pytest.approx(beyond)
    with pytest.raises(ValueError, match="too small"):
        table.hairpin_loop(2)


@pytest.mark.parametrize("sequence", ["", "ACGN", "acgt", "AC GT"])
def test_what_is_no_dna_is_refused(sequence: str) -> None:
    for function in (tm_celsius, gc_fraction, hairpin, three_prime_free_energy):
        with pytest.raises(SequenceError):
            function(sequence)


def test_too_short_for_a_duplex() -> None:
    with pytest.raises(SequenceError, match="two base pairs"):
        duplex_energy("A")


@pytest.mark.parametrize(
    "values", [(-1, 3, 0.8, 250), (50, 3, 0.8, 0), (0, 0.5, 0.8, 250), (math.nan, 3, 0.8, 250)]
)
def test_impossible_solutions_are_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"expected|above 0|without"):
        Solution(*values)
