"""In-silico PCR: every product that a pool of primers can make on a reference.

Each primer is looked for on both strands; a product is any pair of sites that face each other
within reach, whichever primers they belong to, so that one primer on both strands counts too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from primers.errors import SequenceError
from primers.fasta import Reference
from primers.sites import Binding, Site, find_sites

MAX_PRODUCT_BP = 3000
"""Longer products are not made in the extension time of a qPCR protocol."""

_MAX_PRODUCTS = 100_000


@dataclass(frozen=True)
class Product:
    """One amplicon.

    Attributes
    ----------
    reference
        The record it is made on.
    forward, reverse
        The sites of the primer that reads as the forward strand does, and of the other one.
    size_bp
        Length with both primers, overhanging 5' ends included.
    """

    reference: Reference
    forward: Site
    reverse: Site
    size_bp: int

    @property
    def pair(self) -> frozenset[str]:
        """The names of the two primers."""
        return frozenset((self.forward.oligo, self.reverse.oligo))


def in_silico_pcr(
    oligos: Mapping[str, str],
    references: Iterable[Reference],
    *,
    binding: Binding | None = None,
    max_product_bp: int = MAX_PRODUCT_BP,
) -> tuple[Product, ...]:
    """Return every product of a multiplex, by reference, place and size.

    Parameters
    ----------
    oligos
        Name and sequence of each primer in the well.
    references
        The templates, linear.
    binding
        Limits of a binding site.
    max_product_bp
        The longest product.

    Raises
    ------
    SequenceError
        If an oligo is not DNA, or the pool makes more than 100,000 products.
    """
    products: list[Product] = []
    for reference in references:
        sites = [
            site
            for name, sequence in oligos.items()
            for site in find_sites(name, sequence, reference, binding)
        ]
        rights = sorted((s for s in sites if s.strand == "-"), key=lambda s: s.end)
        for left in sorted((s for s in sites if s.strand == "+"), key=lambda s: s.start):
            for right in rights:
                size = right.end - left.start
                if size > max_product_bp:
                    break
                if left.end <= right.end and left.start <= right.start:
                    products.append(Product(reference, left, right, size))
                    if len(products) > _MAX_PRODUCTS:
                        raise SequenceError(
                            "the pool makes more products than can be told apart",
                            place=f"reference {reference.name!r}",
                            expected=f"at most {_MAX_PRODUCTS:,}",
                            remedy="allow fewer mismatches, or give a shorter reference",
                        )
    return tuple(products)
