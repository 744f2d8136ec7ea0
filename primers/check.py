"""A panel against its own chemistry and against reference sequences: a list of findings.

Without references: melting temperatures, hairpins, dimers and 3' ends of every well. With
references: where each oligo (and each other form of it) sits, whether a base is missing from it
or too many, and whether the products of every well have the sizes the panel states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from primers.fasta import Reference
from primers.finding import Kind, PanelFinding, Severity
from primers.panel import Assay, Oligo, Panel, ReactionDefinition
from primers.pcr import Product, in_silico_pcr
from primers.sequence import gc_fraction
from primers.sites import Alignment, Binding, best_alignment
from primers.structures import dimer, hairpin
from primers.thermo import STANDARD, Solution, three_prime_free_energy, tm_celsius
from primers.thresholds import check_thresholds


@dataclass(frozen=True)
class CheckLimits:
    """Limits of the checks: rules of thumb of primer design, to be set by who uses them.

    Attributes
    ----------
    tm_spread_celsius
        Between the coolest and the warmest primer of a well.
    gc_low, gc_high
        Fractions.
    hairpin_tm_celsius
        Hairpins that melt above it compete with the template at annealing.
    dimer_free_energy
        ΔG at 25 °C in kcal/mol; more stable dimers are flagged.
    max_mismatches
        Of an oligo on its best site before it counts as not found; a gap counts as two.
    max_overhang
        5' bases that a reference need not cover.
    """

    tm_spread_celsius: float = 5.0
    gc_low: float = 0.3
    gc_high: float = 0.7
    hairpin_tm_celsius: float = 55.0
    dimer_free_energy: float = -9.0
    max_mismatches: int = 3
    max_overhang: int = 6


def check_panel(
    panel: Panel, references: Iterable[Reference] = (), limits: CheckLimits | None = None
) -> list[PanelFinding]:
    """Check a panel, and compare it with references if there are any.

    Parameters
    ----------
    panel
        A loaded panel; its `chemistry` sets the solution.
    references
        Sequences around the breakpoints, or junctions of known deletions.
    limits
        When something is worth a warning.

    Returns
    -------
    list of PanelFinding
        In the order oligos, wells, thresholds, replicates, oligos on references, products.
    """
    limits = limits or CheckLimits()
    references = tuple(references)
    solution = _solution(panel)
    found = [finding for oligo in panel.oligos for finding in _oligo(oligo, solution, limits)]
    for reaction in panel.reactions:
        found += _well(panel, reaction, solution, limits)
    found += check_thresholds(panel)
    found += _replicates(panel)
    if references:
        for oligo in panel.oligos:
            found += _placements(oligo, references, limits)
        found += _products(panel, references, limits)
    return found


def _solution(panel: Panel) -> Solution:
    if panel.chemistry is None:
        return STANDARD
    return Solution(
        panel.chemistry.sodium_millimolar,
        panel.chemistry.magnesium_millimolar,
        panel.chemistry.dntp_millimolar,
        panel.chemistry.oligo_nanomolar,
    )


def _forms(oligo: Oligo) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, sequence, in use) of an oligo and its other forms."""
    if oligo.sequence is not None:
        yield oligo.name, oligo.sequence, True
    for form in oligo.other_forms:
        yield f"{oligo.name} {form.label}", form.sequence, False


def _oligo(oligo: Oligo, solution: Solution, limits: CheckLimits) -> Iterator[PanelFinding]:
    """Tm, GC, hairpin and 3' end of the form in use."""
    if oligo.sequence is None:
        yield PanelFinding(
            Kind.OLIGO_UNDISCLOSED,
            "info",
            oligo.name,
            f"{oligo.name} cannot be checked: {oligo.undisclosed}",
        )
        return
    tm, gc = tm_celsius(oligo.sequence, solution), gc_fraction(oligo.sequence)
    fold = hairpin(oligo.sequence, solution)
    fold_tm = None if fold is None else fold.tm_celsius
    tail = three_prime_free_energy(oligo.sequence, solution)
    faults = []
    if not limits.gc_low <= gc <= limits.gc_high:
        faults.append(f"GC outside {limits.gc_low:.0%} to {limits.gc_high:.0%}")
    if fold_tm is not None and fold_tm > limits.hairpin_tm_celsius:
        faults.append(f"its hairpin melts above {limits.hairpin_tm_celsius:g} °C")
    shape = "no hairpin" if fold_tm is None else f"hairpin Tm {fold_tm:.1f} °C"
    yield PanelFinding(
        Kind.OLIGO_THERMODYNAMICS,
        "warning" if faults else "info",
        oligo.name,
        f"{oligo.name}: Tm {tm:.1f} °C, GC {gc:.0%}, {shape}, 3' end {tail:.1f} kcal/mol"
        + "".join(f"; {fault}" for fault in faults),
        (tm, gc, tail) if fold_tm is None else (tm, gc, tail, fold_tm),
    )


def _well(
    panel: Panel, reaction: ReactionDefinition, solution: Solution, limits: CheckLimits
) -> Iterator[PanelFinding]:
    """Spread of Tm among the primers of a well, and its most stable dimer at 25 °C."""
    oligos = [panel.oligo(name) for name in reaction.oligos]
    known = {o.name: o.sequence for o in oligos if o.sequence is not None}
    if not known:
        return
    tms = {o.name: tm_celsius(known[o.name], solution) for o in oligos if o.name in known and
           o.role != "probe"}  # fmt: skip
    if len(tms) > 1:
        spread = max(tms.values()) - min(tms.values())
        wide = spread > limits.tm_spread_celsius
        yield PanelFinding(
            Kind.TM_SPREAD,
            "warning" if wide else "info",
            reaction.name,
            f"{reaction.name}: the primers melt within {spread:.1f} °C"
            + (f", more than {limits.tm_spread_celsius:g}" if wide else ""),
            (spread,),
        )
    pairs = [*combinations(known, 2), *((name, name) for name in known)]
    energies = [
        (found.free_energy, pair)
        for pair in pairs
        if (found := dimer(known[pair[0]], known[pair[1]], solution, 25.0)) is not None
    ]
    if energies:
        worst, pair = min(energies)
        strong = worst < limits.dimer_free_energy
        yield PanelFinding(
            Kind.DIMER,
            "warning" if strong else "info",
            reaction.name,
            f"{reaction.name}: most stable dimer {pair[0]} with {pair[1]},"
            f" {worst:.1f} kcal/mol at 25 °C",
            (worst,),
        )


def _replicates(panel: Panel) -> Iterator[PanelFinding]:
    """What single wells cannot show; 3 molecules a well on average leave e⁻³ of the wells empty."""
    if panel.layout.replicates == 1:
        yield PanelFinding(
            Kind.SINGLE_WELLS,
            "info",
            panel.name,
            "one well for each target: nothing shows that a well failed, and of wells with 3 copies"
            " on average 5 % hold none; a laboratory that runs more says so in [layout]",
            (1.0,),
        )


def _placements(
    oligo: Oligo, references: tuple[Reference, ...], limits: CheckLimits
) -> Iterator[PanelFinding]:
    """Where the forms of an oligo sit best among all references."""
    for name, sequence, in_use in _forms(oligo):
        found = [
            (alignment, reference)
            for reference in references
            if (alignment := best_alignment(sequence, reference, max_overhang=limits.max_overhang))
        ]
        if not found:
            continue
        best, reference = min(
            found, key=lambda item: (item[0].cost, item[0].gap != "none", item[0].overhang)
        )
        yield _placement(name, sequence, in_use, best, reference, limits)


def _placement(
    name: str,
    sequence: str,
    in_use: bool,
    best: Alignment,
    reference: Reference,
    limits: CheckLimits,
) -> PanelFinding:
    """Put the best alignment of one form into words."""
    where = f"on {reference.name!r}, strand {best.strand}"
    bad: Severity = "error" if in_use else "warning"
    if best.cost > limits.max_mismatches:
        return PanelFinding(
            Kind.OLIGO_NOT_FOUND,
            "warning",
            name,
            f"{name} has no site on these references"
            f" (the best has {best.mismatches} mismatches"
            f"{'' if best.gap == 'none' else ' and a gap'}, {where})",
            (float(best.mismatches),),
        )
    if best.gap != "none":
        if best.gap == "missing":
            base = best.template[best.gap_after]
            corrected = sequence[: best.gap_after] + base + sequence[best.gap_after :]
            fault = f"a missing {base} after base {best.gap_after}"
        else:
            base = sequence[best.gap_after]
            corrected = sequence[: best.gap_after] + sequence[best.gap_after + 1 :]
            fault = f"an extra {base} at base {best.gap_after + 1}"
        exact = (
            "corrected sequence matches exactly"
            if best.mismatches == 0
            else f"corrected sequence still has {best.mismatches} mismatches"
        )
        return PanelFinding(
            Kind.OLIGO_GAP,
            bad,
            name,
            f"{name} aligns with one gap at position {best.gap_after}, {fault}, {where};"
            f" {exact}: {corrected}",
            (float(best.gap_after), float(best.mismatches)),
            corrected,
        )
    if best.mismatches:
        return PanelFinding(
            Kind.OLIGO_MISMATCH,
            "warning",
            name,
            f"{name} has {best.mismatches} mismatches {where}",
            (float(best.mismatches),),
        )
    if best.overhang:
        return PanelFinding(
            Kind.OLIGO_OVERHANG,
            "info",
            name,
            f"the last {len(sequence) - best.overhang} bases of {name} match exactly {where};"
            f" its first {best.overhang} lie outside the reference: unverified",
            (float(best.overhang),),
        )
    return PanelFinding(Kind.OLIGO_EXACT, "info", name, f"{name} matches exactly {where}")


def _products(
    panel: Panel, references: tuple[Reference, ...], limits: CheckLimits
) -> Iterator[PanelFinding]:
    """Compare the products of every assay, and any other product of a well, with the panel."""
    binding = Binding(max_mismatches=limits.max_mismatches, max_overhang=limits.max_overhang)
    by_pair: dict[frozenset[str], list[Product]] = {}
    known = {o.name: o.sequence for o in panel.oligos if o.sequence is not None}
    for product in in_silico_pcr(known, references, binding=binding):
        by_pair.setdefault(product.pair, []).append(product)
    for assay in panel.assays:
        pair = frozenset((assay.forward, assay.reverse))
        if not pair <= set(known):
            continue
        name = f"{assay.name} ({assay.product})"
        products = by_pair.pop(pair, [])
        if not products:
            yield PanelFinding(
                Kind.AMPLICON_ABSENT,
                "info",
                name,
                f"{name} makes no product on these references",
            )
            continue
        for expected in (True, False):
            part = [p for p in products if _stated(assay, p.size_bp) is expected]
            if part and expected:
                yield _sizes(Kind.AMPLICON_EXPECTED, "info", name, part, "as the panel states")
            elif part:
                words = "not stated by the panel"
                yield _sizes(Kind.AMPLICON_UNEXPECTED, "warning", name, part, words)
    for pair, products in by_pair.items():
        if any(pair <= set(reaction.oligos) for reaction in panel.reactions):
            name = " with ".join(sorted(pair)) if len(pair) > 1 else f"{min(pair)} with itself"
            words = "a product of no assay"
            yield _sizes(Kind.AMPLICON_UNEXPECTED, "warning", name, products, words)


def _stated(assay: Assay, size_bp: int) -> bool:
    return any(a.low_bp <= size_bp <= a.high_bp for a in assay.amplicons)


def _sizes(
    kind: Kind, severity: Severity, subject: str, products: list[Product], words: str
) -> PanelFinding:
    """Report the sizes of a group of products, and how many rest on mismatched sites."""
    sizes = sorted(product.size_bp for product in products)
    span = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]}-{sizes[-1]}"
    strained = sum(bool(p.forward.mismatches or p.reverse.mismatches) for p in products)
    note = f" ({strained} with a mismatch under a primer)" if strained else ""
    plural = "s" if len(sizes) > 1 else ""
    return PanelFinding(
        kind,
        severity,
        subject,
        f"{subject}: {len(sizes)} product{plural} of {span} bp, {words}{note}",
        tuple(float(size) for size in sizes),
    )
