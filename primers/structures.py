"""Hairpins and dimers of oligos: the most stable structure, its ΔG and its Tm.

A structure is a chain of base pairs, each joined to the one before by a stack, by one mismatched
pair (1 x 1), or by one bulged base. The chain with the lowest ΔG is found exactly, by dynamic
programming. A dimer pays its initiation once. A helix end takes the penalty of an A·T end and the
dangling-end terms of both neighbouring unpaired bases, added up where both exist.

How close this comes, at 50 mM Na+, 3 mM Mg2+, 0.8 mM dNTP, 250 nM: the IKZF1 pool was checked
with primer3 2.x. Its worst cross-dimer, F.2a/F.4 with -8.9 kcal/mol at 25 °C, is met to 0.01;
other cross-dimers to 0.9. The hairpin of F.4 (Tm 51.5 °C) comes out at 50.2 °C: the same five
pairs, but primer3 counts one of the two bases that dangle beside them and one salt term less.
Larger internal loops and the bonuses of special hairpin loops are not modelled. A self-dimer
that closes such a loop symmetrically (R-7, F.4) is therefore up to 2.6 kcal/mol less stable here,
still far from the worst of the pool. Hairpins that primer3 melts below 40 °C, harmless at
annealing, come out up to 25 °C lower.

References
----------
SantaLucia & Hicks (2004), doi:10.1146/annurev.biophys.32.110601.141800: loops and bulges.
Bommarito, Peyret & SantaLucia (2000), doi:10.1093/nar/28.9.1929: dangling ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from primers.sequence import check_bases, reverse_complement
from primers.thermo import (
    STANDARD,
    ZERO_CELSIUS,
    Energy,
    Parameters,
    Solution,
    loop_energy,
    melting_kelvin,
    parameters,
)

_COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}
_SMALLEST_LOOP = 3


@dataclass(frozen=True)
class Structure:
    """A hairpin or a dimer.

    Attributes
    ----------
    energy
        ΔH and ΔS of forming it.
    free_energy
        ΔG in kcal/mol at `celsius`.
    celsius
        The temperature at which the most stable structure was sought.
    tm_celsius
        Where half of it is melted; ``None`` if it does not melt (its ΔH is not negative).
    pairs
        Base pairs as indices from 0: (base of the first oligo, base of the second), each from
        its 5' end; for a hairpin both in the same oligo.
    """

    energy: Energy
    free_energy: float
    celsius: float
    tm_celsius: float | None
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Chain:
    """Base pairs found so far, their energy, and its ΔG at the temperature of the search."""

    energy: Energy
    free_energy: float
    pairs: tuple[tuple[int, int], ...]


class _Rules:
    """Energies of the parts of a structure on two strands, in one solution."""

    def __init__(self, first: str, second: str, solution: Solution, celsius: float) -> None:
        self.first, self.second = first, second
        self.table: Parameters = parameters()
        self.salt = Energy(0.0, solution.salt_entropy)
        self.celsius = celsius

    def paired(self, i: int, j: int) -> bool:
        return _COMPLEMENT[self.first[i]] == self.second[j]

    def stack(self, i: int, j: int, table: dict[str, Energy]) -> Energy | None:
        """Return the doublet of (i, j) and the next pair (i + 1, j - 1), if it is in `table`."""
        key = f"{self.first[i : i + 2]}/{self.second[j]}{self.second[j - 1]}"
        found = table.get(key)
        return None if found is None else found + self.salt

    def step(self, i: int, j: int, k: int, m: int) -> Energy | None:
        """Return what joins the pair (i, j) to the next pair (k, m), if it is modelled."""
        upper, lower = k - i, j - m
        if (upper, lower) == (1, 1):
            return self.stack(i, j, self.table.stack)
        if (upper, lower) == (2, 2):
            left = self.stack(i, j, self.table.mismatch)
            right = self.stack(i + 1, j - 1, self.table.mismatch)
            return None if left is None or right is None else left + right
        # A single bulged base leaves the stack of its neighbours in place.
        key = f"{self.first[i]}{self.first[k]}/{self.second[j]}{self.second[m]}"
        return self.table.stack[key] + loop_energy(self.table.bulge_of_one) + self.salt

    def end(self, i: int, j: int, side: int, i_free: bool, j_free: bool) -> Energy:
        """Return the terms of the helix end at pair (i, j).

        `side` is -1 for the end with neighbours i - 1 and j + 1, +1 for i + 1 and j - 1;
        `i_free`, `j_free` say which of these neighbours exist as unpaired bases. Neighbours that
        could pair do not dangle: their pair is a longer chain of its own.
        """
        top, bottom = self.first[i], self.second[j]
        energy = self.table.helix_end[top]
        if i_free and j_free and self.paired(i + side, j - side):
            return energy
        if i_free:
            dangling, gap = self.first[i + side], f".{bottom}" if side < 0 else f"{bottom}."
            doublet = f"{dangling}{top}" if side < 0 else f"{top}{dangling}"
            energy += self.table.dangling[f"{doublet}/{gap}"]
        if j_free:
            dangling, gap = self.second[j - side], f".{top}" if side < 0 else f"{top}."
            doublet = f"{dangling}{bottom}" if side < 0 else f"{bottom}{dangling}"
            energy += self.table.dangling[f"{gap}/{doublet}"]
        return energy

    def outer_end(self, i: int, j: int) -> Energy:
        """Return the terms of the end at which the chain starts."""
        return self.end(i, j, -1, i > 0, j + 1 < len(self.second))

    def inner_end(self, i: int, j: int) -> Energy:
        """Return the terms of the end at which the chain of a dimer stops."""
        return self.end(i, j, +1, i + 1 < len(self.first), j > 0)

    def chain(self, energy: Energy, pairs: tuple[tuple[int, int], ...]) -> _Chain:
        return _Chain(energy, energy.free_energy(self.celsius), pairs)


_STEPS = ((1, 1), (2, 2), (1, 2), (2, 1))
"""How far the next pair lies on either strand: stack, 1 x 1 mismatch, bulge below, above."""


def _best_chain(
    rules: _Rules,
    order: list[tuple[int, int]],
    start: Callable[[int, int], Energy],
    finish: Callable[[int, int], Energy | None],
) -> _Chain | None:
    """Return the chain of least ΔG with two pairs or more.

    `order` visits every pair after its predecessors.
    """
    single: dict[tuple[int, int], _Chain] = {}
    longer: dict[tuple[int, int], _Chain] = {}
    best: _Chain | None = None
    for i, j in order:
        if not rules.paired(i, j):
            continue
        single[i, j] = rules.chain(start(i, j), ((i, j),))
        options = [
            rules.chain(chain.energy + energy, (*chain.pairs, (i, j)))
            for upper, lower in _STEPS
            if (i - upper, j + lower) in single
            if (energy := rules.step(i - upper, j + lower, i, j)) is not None
            for chains in (longer, single)
            if (chain := chains.get((i - upper, j + lower))) is not None
        ]
        if not options:
            continue
        longer[i, j] = min(options, key=lambda chain: chain.free_energy)
        end = finish(i, j)
        if end is not None:
            whole = rules.chain(longer[i, j].energy + end, longer[i, j].pairs)
            if best is None or whole.free_energy < best.free_energy:
                best = whole
    return best


def dimer(
    first: str, second: str, solution: Solution = STANDARD, celsius: float = 37.0
) -> Structure | None:
    """Return the most stable dimer of two oligos, or ``None`` if no two pairs can form.

    Parameters
    ----------
    first, second
        5' to 3', A, C, G and T. Give the same oligo twice for its self-dimer.
    solution
        Salt, and the strand concentration for the Tm.
    celsius
        The temperature at which ΔG is minimised.

    Raises
    ------
    SequenceError
        If a sequence has other characters than A, C, G, T.
    """
    check_bases(first)
    check_bases(second)
    rules = _Rules(first, second, solution, celsius)
    order = [(i, j) for i in range(len(first)) for j in reversed(range(len(second)))]
    best = _best_chain(rules, order, rules.outer_end, rules.inner_end)
    if best is None:
        return None
    energy, share = best.energy + rules.table.dimer_initiation, 4.0
    if first == second == reverse_complement(first):
        energy, share = energy + rules.table.symmetry, 1.0
    return _structure(best.pairs, energy, celsius, solution.oligo_nanomolar * 1e-9 / share)


def hairpin(
    sequence: str, solution: Solution = STANDARD, celsius: float = 60.0
) -> Structure | None:
    """Return the most stable hairpin of an oligo, or ``None`` if no two pairs can form.

    The search is at the usual annealing temperature, where a hairpin costs primer. A loop of
    three bases pays its initiation and, closed by A·T, the penalty of such an end; a larger one
    pays its initiation, and its outermost bases stack as dangling ends do.

    Raises
    ------
    SequenceError
        If the sequence has other characters than A, C, G, T.
    """
    check_bases(sequence)
    rules = _Rules(sequence, sequence, solution, celsius)

    def loop(i: int, j: int) -> Energy | None:
        bases = j - i - 1
        if bases < _SMALLEST_LOOP:
            return None
        stacked = bases > _SMALLEST_LOOP
        end = rules.end(i, j, +1, stacked, stacked)
        return rules.table.hairpin_loop(bases) + end

    n = len(sequence)
    order = [(i, j) for i in range(n) for j in reversed(range(i + _SMALLEST_LOOP + 1, n))]
    best = _best_chain(rules, order, rules.outer_end, loop)
    return None if best is None else _structure(best.pairs, best.energy, celsius, 1.0)


def _structure(
    pairs: tuple[tuple[int, int], ...], energy: Energy, celsius: float, molar: float
) -> Structure:
    """Put a chain and its melting temperature together."""
    kelvin = melting_kelvin(energy, molar)
    return Structure(
        energy=energy,
        free_energy=energy.free_energy(celsius),
        celsius=celsius,
        tm_celsius=None if kelvin is None else kelvin - ZERO_CELSIUS,
        pairs=pairs,
    )
