"""Relative quantities: ΔCt, ΔΔCt, with efficiencies and several reference genes, errors carried.

For target t, references r = 1 … f, a sample and a calibrator sample, with mean Ct per sample and
gene and amplification factors A = 1 + E:

    ln NRQ = ln A_t · ΔCt_t − (1/f) Σ_r ln A_r · ΔCt_r,   ΔCt = Ct(calibrator) − Ct(sample)

One reference and A = 2 everywhere give 2^−ΔΔCt (Livak 2001, doi:10.1006/meth.2001.1262), one
reference and own factors Pfaffl 2001 (doi:10.1093/nar/29.9.e45), several references their geometric
mean (Vandesompele 2002, doi:10.1186/gb-2002-3-7-research0034; Hellemans 2007,
doi:10.1186/gb-2007-8-2-r19).

Errors: variances of the mean Ct (SD²/n of the replicates) and of the factors, to first order and
taken as independent; degrees of freedom after Welch and Satterthwaite. Replicates of a plate show
pipetting and reading, not biology: biological replicates belong in separate samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from calibration.errors import CalibrationError
from calibration.stated import state

LARGEST_FACTOR = 2.5
"""A PCR at most doubles in a cycle; what is above that by more than its error is wrong."""
LARGEST_LOG = 300.0
"""Natural logarithm of the largest ratio that is given."""


@dataclass(frozen=True, slots=True)
class Factor:
    """Amplification factor per cycle (2 = doubling) with its standard error and their df."""

    value: float = 2.0
    se: float = 0.0
    df: int = 1_000_000


@dataclass(frozen=True, slots=True)
class RelativeQuantity:
    """A ratio to the calibrator (or, without one, of target to references).

    Attributes
    ----------
    value, low, high
        The ratio with its interval; limits are ``None`` where a gene has a single
        well, where the wells differ so much that nothing is known, or where `reason` says why.
    ln_se, df
        Standard error of the natural logarithm, effective degrees of freedom.
    """

    value: float
    low: float | None
    high: float | None
    ln_se: float | None
    df: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Term:
    """Part of the logarithm, with the variance and df of each source of error."""

    value: float
    sources: tuple[tuple[float, float], ...]
    known: bool
    scatter: bool


def relative_quantity(
    sample: Mapping[str, Sequence[float]],
    calibrator: Mapping[str, Sequence[float]] | None,
    target: str,
    references: Sequence[str],
    factors: Mapping[str, Factor] | None = None,
    confidence: float = 0.95,
    between: Mapping[str, tuple[float | None, float]] | None = None,
) -> RelativeQuantity:
    """Quantity of a target in a sample, relative to references and to a calibrator sample.

    Parameters
    ----------
    sample, calibrator
        Ct of the replicate wells by gene. Without a calibrator the ratio of target to references
        is given (2^−ΔCt): proportional to the true one, by a constant of the two assays.
    target, references
        Names of genes.
    factors
        By gene; absent ones double.
    between
        By gene: variance of ΔCt by inter-run calibration, and its df; ``None``: not known, then
        there is no interval. Absent where sample and calibrator are of one run.

    Raises
    ------
    CalibrationError
        A gene without Ct, no reference, the target among the references, or an impossible factor.
    """
    if not references:
        raise CalibrationError(state("a relative quantity needs a reference gene"))
    if target in references or len(set(references)) < len(references):
        raise CalibrationError(state("a gene is named twice"))
    known = dict(factors or {})
    share = -1.0 / len(references)
    apart = between or {}
    terms = [
        _term(gene, part, sample, calibrator, known.get(gene, Factor()), apart.get(gene, (0.0, 1)))
        for gene, part in ((target, 1.0), *((gene, share) for gene in references))
    ]
    log = sum(term.value for term in terms)
    if abs(log) > LARGEST_LOG:
        raise CalibrationError(state("the Ct are so far apart that their ratio is no number"))
    if not all(term.known for term in terms):
        return RelativeQuantity(math.exp(log), None, None, None, None)
    sources = [source for term in terms for source in term.sources]
    if not any(term.scatter for term in terms):
        why = state("replicate wells have equal Ct: their scatter cannot be estimated, no interval")
        return RelativeQuantity(math.exp(log), None, None, None, None, why)
    variance = sum(one for one, _ in sources)
    df = variance**2 / sum(one**2 / free for one, free in sources)
    half = float(stdtrit(df, 0.5 + confidence / 2)) * math.sqrt(variance)
    if half > LARGEST_LOG:  # two wells that differ by cycles: nothing is known
        return RelativeQuantity(math.exp(log), None, None, math.sqrt(variance), df)
    return RelativeQuantity(
        math.exp(log), math.exp(log - half), math.exp(log + half), math.sqrt(variance), df
    )


def _term(
    gene: str,
    share: float,
    sample: Mapping[str, Sequence[float]],
    calibrator: Mapping[str, Sequence[float]] | None,
    factor: Factor,
    between: tuple[float | None, float],
) -> _Term:
    """The part of one gene: share · ln A · (Ct(calibrator) − Ct(sample))."""
    if not (factor.value > 1 and math.isfinite(factor.value) and factor.se >= 0):
        raise CalibrationError(
            state(
                "{gene}: an amplification factor is above 1, not {factor:g}",
                gene=gene,
                factor=factor.value,
            )
        )
    rate = math.log(factor.value)
    delta, sources, known, scatter = 0.0, [], True, False
    for sign, where in ((-1.0, sample), (1.0, calibrator)):
        if where is None:
            continue
        cqs = np.asarray(where.get(gene, ()), dtype=float)
        if not len(cqs) or not np.isfinite(cqs).all():
            raise CalibrationError(state("{gene}: a sample has no Ct", gene=gene))
        delta += sign * float(cqs.mean())
        if len(cqs) < 2:
            known = False
        else:
            variance = float(cqs.var(ddof=1)) / len(cqs)
            scatter = scatter or variance > 1e-18
            sources.append(((share * rate) ** 2 * variance, float(len(cqs) - 1)))
    if between[0] is None:
        known = False
    elif between[0] > 0:
        sources.append(((share * rate) ** 2 * between[0], float(between[1])))
    sources.append(((share * delta * factor.se / factor.value) ** 2, float(factor.df)))
    return _Term(share * rate * delta, tuple(sources), known, scatter)
