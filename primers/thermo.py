"""Nearest-neighbour thermodynamics of DNA: parameters, salt, the melting temperature of a primer.

A duplex is the sum of its stacks and its ends. Parameters are data with their citation in
``parameters/nearest_neighbour.toml`` (1 M NaCl); the salt of a reaction enters as an entropy
term per stack, with Mg2+ turned into an equivalent of Na+.

References
----------
SantaLucia (1998), doi:10.1073/pnas.95.4.1460: unified parameters, Tm, and the salt term
0.368 ln[Na+] cal/(mol K) per stack.
von Ahsen, Wittwer & Schütz (2001), doi:10.1093/clinchem/47.11.1956: the equivalent
[Na+] + 120 sqrt([Mg2+] - [dNTP]), in mmol/L.
"""

from __future__ import annotations

import functools
import itertools
import math
import tomllib
from dataclasses import dataclass
from importlib import resources

from primers.errors import SequenceError
from primers.sequence import check_bases, reverse_complement

GAS_CONSTANT = 1.98717
"""cal/(mol K), as rounded in the fits of the unified parameters (1.987 in the papers)."""

ZERO_CELSIUS = 273.15
_SALT_PER_STACK = 0.368
_MAGNESIUM_FACTOR = 120.0


@dataclass(frozen=True)
class Energy:
    """Enthalpy in kcal/mol and entropy in cal/(mol K) of a structure or of a part of it."""

    enthalpy: float = 0.0
    entropy: float = 0.0

    def __add__(self, other: Energy) -> Energy:
        return Energy(self.enthalpy + other.enthalpy, self.entropy + other.entropy)

    def free_energy(self, celsius: float) -> float:
        """Return ΔG = ΔH - T ΔS in kcal/mol at a temperature in °C."""
        return self.enthalpy - (celsius + ZERO_CELSIUS) * self.entropy / 1000.0


@dataclass(frozen=True)
class Solution:
    """What the oligos swim in; the defaults are those of the figures of the IKZF1 panel.

    Attributes
    ----------
    sodium_millimolar
        All monovalent cations, as Na+.
    magnesium_millimolar, dntp_millimolar
        Total Mg2+, and total dNTP that binds one Mg2+ each.
    oligo_nanomolar
        Total strand concentration of the oligo.
    """

    sodium_millimolar: float = 50.0
    magnesium_millimolar: float = 3.0
    dntp_millimolar: float = 0.8
    oligo_nanomolar: float = 250.0

    def __post_init__(self) -> None:
        for name in ("sodium_millimolar", "magnesium_millimolar", "dntp_millimolar"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; a concentration of 0 or more was expected")
        if not 0.0 < self.oligo_nanomolar < math.inf:
            raise ValueError(f"oligo_nanomolar is {self.oligo_nanomolar}; it must be above 0")
        if self.sodium_equivalent_millimolar <= 0.0:
            raise ValueError("without Na+ and free Mg2+ no duplex has a melting temperature")

    @property
    def sodium_equivalent_millimolar(self) -> float:
        """Na+ that has the effect of this solution, in mmol/L (von Ahsen 2001)."""
        free = max(0.0, self.magnesium_millimolar - self.dntp_millimolar)
        return self.sodium_millimolar + _MAGNESIUM_FACTOR * math.sqrt(free)

    @property
    def salt_entropy(self) -> float:
        """Entropy that one stack gains from the salt, in cal/(mol K); 0 in 1 M Na+."""
        return _SALT_PER_STACK * math.log(self.sodium_equivalent_millimolar / 1000.0)


STANDARD = Solution()
"""50 mM Na+, 3 mM Mg2+, 0.8 mM dNTP, 250 nM of each oligo."""

ONE_MOLAR = Solution(1000.0, 0.0, 0.0, 250.0)
"""1 M NaCl without Mg2+, the state the parameters are published for."""


@dataclass(frozen=True)
class Parameters:
    """The published tables; doublets stand in both orientations."""

    stack: dict[str, Energy]
    mismatch: dict[str, Energy]
    dangling: dict[str, Energy]
    initiation: dict[str, Energy]
    dimer_initiation: Energy
    helix_end: dict[str, Energy]
    symmetry: Energy
    bulge_of_one: float
    hairpin: tuple[tuple[int, float], ...]

    def hairpin_loop(self, bases: int) -> Energy:
        """Return the cost of closing a loop of `bases` unpaired bases (3 or more).

        Between rows of the table the free energy is interpolated. Beyond the last row it grows
        as 2.44 R T ln(n / last) (SantaLucia & Hicks 2004, equation 7).
        """
        rows = self.hairpin
        last, last_energy = rows[-1]
        if bases >= last:
            kelvin = 37.0 + ZERO_CELSIUS
            growth = 2.44 * GAS_CONSTANT / 1000.0 * kelvin * math.log(bases / last)
            return loop_energy(last_energy + growth)
        for (low, g_low), (high, g_high) in itertools.pairwise(rows):
            if low <= bases < high:
                return loop_energy(g_low + (g_high - g_low) * (bases - low) / (high - low))
        raise ValueError(f"a hairpin loop of {bases} bases is too small to close")


def loop_energy(free_energy_37: float) -> Energy:
    """Return a loop's ΔG at 37 °C (kcal/mol) as an entropy: its enthalpy is taken as 0."""
    return Energy(0.0, -1000.0 * free_energy_37 / (37.0 + ZERO_CELSIUS))


@functools.cache
def parameters() -> Parameters:
    """Load the tables that ship with the package."""
    text = (
        resources.files("primers").joinpath("parameters/nearest_neighbour.toml").read_text("utf-8")
    )
    tables = tomllib.loads(text)

    def doublets(*names: str) -> dict[str, Energy]:
        """Read tables of doublets, each also turned by 180 degrees."""
        found: dict[str, Energy] = {}
        for name in names:
            for key, value in tables[name].items():
                if "/" in key:
                    found[key] = found[key[::-1]] = Energy(*value)
        return found

    ends, outer, loops = tables["ends"], tables["structure_ends"], tables["loops"]
    penalty, none = Energy(*outer["terminal_AT"]), Energy()
    strong, weak = Energy(*ends["initiation_GC"]), Energy(*ends["initiation_AT"])
    return Parameters(
        stack=doublets("stack"),
        mismatch=doublets(*(name for name in tables if name.startswith("mismatch_"))),
        dangling=doublets("dangling"),
        initiation={"A": weak, "T": weak, "G": strong, "C": strong},
        dimer_initiation=Energy(*outer["initiation"]),
        helix_end={"A": penalty, "T": penalty, "G": none, "C": none},
        symmetry=Energy(*ends["symmetry"]),
        bulge_of_one=loops["bulge_of_one"],
        hairpin=tuple(zip(loops["hairpin_lengths"], loops["hairpin"], strict=True)),
    )


def duplex_energy(sequence: str, solution: Solution = STANDARD) -> Energy:
    """Return ΔH and ΔS of an oligo bound to its exact complement.

    Raises
    ------
    SequenceError
        If the sequence has fewer than two bases, or other characters than A, C, G, T.
    """
    check_bases(sequence)
    if len(sequence) < 2:
        raise SequenceError("a duplex needs at least two base pairs", found=sequence)
    table = parameters()
    other = reverse_complement(sequence)[::-1]
    total = table.initiation[sequence[0]] + table.initiation[sequence[-1]]
    for i in range(len(sequence) - 1):
        total += table.stack[f"{sequence[i : i + 2]}/{other[i : i + 2]}"]
    if sequence == reverse_complement(sequence):
        total += table.symmetry
    return total + Energy(0.0, solution.salt_entropy * (len(sequence) - 1))


def melting_kelvin(energy: Energy, effective_molar: float) -> float | None:
    """Return Tm = ΔH / (ΔS + R ln C) in kelvin, or ``None`` if nothing melts.

    `effective_molar` is C: a quarter of the strands, all of them for a palindrome, 1 within one
    molecule.
    """
    denominator = energy.entropy + GAS_CONSTANT * math.log(effective_molar)
    if energy.enthalpy >= 0.0 or denominator >= 0.0:
        return None
    return 1000.0 * energy.enthalpy / denominator


def tm_celsius(sequence: str, solution: Solution = STANDARD) -> float:
    """Return the melting temperature of a primer on its exact complement, in °C.

    Tm = ΔH / (ΔS + R ln(C/4)), with C for C/4 when the oligo is its own complement
    (SantaLucia 1998, equation 3).

    Raises
    ------
    SequenceError
        As `duplex_energy`; also if so short an oligo has no melting temperature.
    """
    share = 1.0 if sequence == reverse_complement(sequence) else 4.0
    kelvin = melting_kelvin(
        duplex_energy(sequence, solution), solution.oligo_nanomolar * 1e-9 / share
    )
    if kelvin is None:
        raise SequenceError("the oligo is too short to have a melting temperature", found=sequence)
    return kelvin - ZERO_CELSIUS


def three_prime_free_energy(sequence: str, solution: Solution = STANDARD) -> float:
    """Return ΔG at 37 °C (kcal/mol) of the stacks of the last five bases at the 3' end.

    Initiation is not counted. The more negative, the more easily the primer starts from a wrong
    site that its 3' end alone matches; what is too negative is the panel's or reader's choice.
    """
    check_bases(sequence)
    tail = sequence[-5:]
    table = parameters()
    other = reverse_complement(tail)[::-1]
    total = Energy(0.0, solution.salt_entropy * (len(tail) - 1))
    for i in range(len(tail) - 1):
        total += table.stack[f"{tail[i : i + 2]}/{other[i : i + 2]}"]
    return total.free_energy(37.0)
