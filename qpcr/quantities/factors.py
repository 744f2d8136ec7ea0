"""Amplification factors that relative quantities are made with, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calibration.relative import Factor
from calibration.stored_curve import StoredCurve
from qpcr.quantities.curves_used import lacking, origin, unused
from qpcr.quantities.relative import factor_of
from qpcr.said import Said, say


@dataclass(frozen=True, slots=True)
class GeneFactor:
    """Factor of a gene a cycle, and where it comes from; `known` is false where 2 is taken."""

    gene: str
    factor: Factor
    source: Said
    known: bool = True

    def told(self) -> Said:
        """As a line for a screen."""
        return say(
            "{gene}: factor {factor:.4g} a cycle ({source})",
            gene=self.gene, factor=self.factor.value, source=self.source,
        )  # fmt: skip


def gene_factors(
    genes: Iterable[str],
    stored: Sequence[StoredCurve] = (),
    measured: Mapping[str, Factor] | None = None,
    method: str = "",
    given: Mapping[str, Factor] | None = None,
) -> dict[str, GeneFactor]:
    """Factors of genes: those given by hand before measured ones, before those of curves, before 2.

    Parameters
    ----------
    stored
        Standard curves.
    measured
        Of the curves themselves, by `method`.
    given
        By hand.
    """
    made: dict[str, GeneFactor] = {}
    curves = {one.target: one for one in stored}
    for gene in dict.fromkeys(genes):
        if given and gene in given:
            made[gene] = GeneFactor(gene, given[gene], say("given by hand"))
        elif measured and gene in measured:
            source = say("by the method {method}", method=method)
            made[gene] = GeneFactor(gene, measured[gene], source)
        elif gene in curves:
            made[gene] = GeneFactor(gene, factor_of(curves[gene]), origin(curves[gene]))
        else:
            made[gene] = GeneFactor(gene, Factor(), say("taken to double"), known=False)
    return made


def factor_notes(used: Mapping[str, GeneFactor], stored: Sequence[StoredCurve]) -> list[Said]:
    """Say which genes have no curve among those that were given, and which curves serve none."""
    if not stored:
        return []
    curves = {one.target for one in stored}
    said = [lacking(gene, stored) for gene, one in used.items() if not one.known]
    return said + unused(stored, curves & set(used), used)
