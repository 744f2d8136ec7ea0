"""Cells in a well of a sample, by the control gene or by the stated DNA."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.mrd_assay import TINY, Cqs, curve_problem
from calibration.mrd_profile import Profile
from calibration.standard_curve import Quantity, StandardCurve
from calibration.stated import state

FAR = 5.0
"""Cells counted, over those that the DNA in the well would be, that are said to be far off (ours).
Ploidy and the measurement of DNA stay within; standards in a wrong unit and dilutions forgotten do
not."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells in a well of a sample, with the interval; `reason` says why there are none.

    `doubts` are said with every result, and no complete response rests on such a count.
    """

    value: float | None
    low: float | None
    high: float | None
    reason: str | None
    doubts: tuple[str, ...] = ()


def _no_cells(reason: str) -> Cells:
    return Cells(None, None, None, reason)


def count_cells(
    profile: Profile,
    control: StandardCurve | None,
    control_cqs: Cqs,
    ng: float | None = None,
    ntc: Cqs = (),
) -> Cells:
    """Cells in a well of a sample: by the control gene, else by the stated DNA.

    Parameters
    ----------
    control
        Standard curve of the control gene, quantities in copies per well.
    control_cqs
        Ct of the sample's wells of the control gene.
    ng
        DNA per well; counts where the control gene was not measured, and is compared with it
        where it was.
    ntc
        Ct of wells without template of the control gene; any of them is contamination, as it is in
        those of a target (:func:`calibration.mrd_assay.assess_assay`).
    """
    rules = profile.control_gene
    if not control_cqs:
        if ng is None:
            return _no_cells(
                state("neither {gene} nor the amount of DNA is known", gene=rules.name)
            )
        if ng <= 0:
            return _no_cells(state("the amount of DNA is not positive"))
        cells = profile.cells_of(ng)
        return Cells(cells, cells, cells, None)
    cqs = [cq for cq in control_cqs if cq is not None]
    reason = None
    if any(cq is not None for cq in ntc):
        reason = state(
            "a well of {gene} without template amplified: contamination", gene=rules.name
        )
    elif len(control_cqs) < rules.fewest_wells:
        reason = state(
            "{wells} wells of {gene}; {need} are needed",
            wells=len(control_cqs),
            gene=rules.name,
            need=rules.fewest_wells,
        )
    elif len(cqs) < len(control_cqs):
        reason = state("a well of {gene} has no Ct", gene=rules.name)
    elif max(cqs) - min(cqs) > profile.replicates.largest_spread + TINY:
        reason = state(
            "the wells of {gene} differ by {spread:.2f} cycles",
            gene=rules.name,
            spread=max(cqs) - min(cqs),
        )
    elif control is None:
        reason = state("there is no standard curve of {gene}", gene=rules.name)
    else:
        problem = curve_problem(profile, control)
        if problem is not None:
            reason = state("{gene}: {problem}", gene=rules.name, problem=problem)
    if reason is not None or control is None:
        return _no_cells(reason or state("there is no standard curve of {gene}", gene=rules.name))
    copies = control.quantity(cqs)
    if copies.value < rules.fewest_copies:
        return _no_cells(
            state(
                "{copies:.3g} copies of {gene} in a well; {need:g} are needed",
                copies=copies.value,
                gene=rules.name,
                need=rules.fewest_copies,
            )
        )
    each = rules.copies_per_cell
    low = None if copies.low is None else copies.low / each
    high = None if copies.high is None else copies.high / each
    cells = copies.value / each
    doubts = (*_outside(profile, copies), *_unlike_dna(profile, cells, ng))
    return Cells(cells, low, high, None, doubts)


def _outside(profile: Profile, copies: Quantity) -> tuple[str, ...]:
    """Say that the control gene lies outside its standards, where nobody saw the line hold."""
    gene = profile.control_gene.name
    if copies.extrapolated == "above":
        return (state("{gene} is above its highest standard: extrapolated", gene=gene),)
    if copies.extrapolated == "below":
        return (state("{gene} is below its lowest standard: extrapolated", gene=gene),)
    return ()


def _unlike_dna(profile: Profile, cells: float, ng: float | None) -> tuple[str, ...]:
    """Say that the cells counted are not those of the DNA in the well.

    Without an amount the sample is taken to have no more DNA than the profile's standards; that it
    has less is what the control gene is measured for.
    """
    stated = ng if ng is not None and ng > 0 else None
    expected = profile.cells_of(stated or profile.control_gene.ng_per_well)
    factor = cells / expected
    if factor > FAR * (1 + TINY) or (stated is not None and factor * FAR < 1 - TINY):
        return (
            state(
                "{gene} counts {factor:.2g} times the cells of {ng:g} ng",
                gene=profile.control_gene.name,
                factor=factor,
                ng=stated or profile.control_gene.ng_per_well,
            ),
        )
    return ()
