"""Quantities by the method that was asked for, in words: which, what rests on it, replicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qpcr.methods import methods
from qpcr.replicates import Replicates, replicates
from qpcr.report.language import Language

if TYPE_CHECKING:
    from qpcr.record import Record


@dataclass(frozen=True, slots=True)
class ByMethod:
    """What the page says of the method: its name, sentences, and a row a target.

    Attributes
    ----------
    method
        Its name, and its title in the field where this version knows it.
    sentences
        What rests on it and what not; a comparison with the instrument's rule.
    rows
        Texts a target: name, wells with Cq, factor, SD of replicates (observed, by the instrument's
        rule, from standard errors, from sampling).
    """

    method: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def by_method(record: Record, tongue: Language) -> ByMethod | None:
    """What the page says; ``None`` for a record without a quantification."""
    found = record.quantification
    if found is None:
        return None
    known = methods().get(found.method)
    t = tongue.texts
    said = [tongue.say(found.said), _shift(record, t)]
    if not found.copies:
        said.append(t["by_method_no_copies"])
    seen = {one.target: one for one in replicates(record)}
    targets = dict.fromkeys(reaction.target for reaction in record.run.reactions)
    return ByMethod(
        found.method if known is None else f"{found.method} · {known.title}",
        tuple(said),
        tuple(_row(record, target, seen.get(target)) for target in targets),
    )


def _shift(record: Record, t: Mapping[str, str]) -> str:
    """How far the method's Cq lie from the instrument's rule: another level, not an error."""
    if record.quantification is None:
        return ""
    pairs = [
        (one.cq, style.value)
        for one, style in zip(record.quantification.wells, record.curves.instrument_cq, strict=True)
    ]
    both = [ours - rule for ours, rule in pairs if ours is not None and rule is not None]
    single = sum((ours is None) != (rule is None) for ours, rule in pairs)
    if not both:
        return t["by_method_no_pair"].format(split=single, total=len(pairs))
    return t["by_method_shift"].format(
        count=len(both),
        median=f"{np.median(both):+.2f}",
        low=f"{min(both):+.2f}",
        high=f"{max(both):+.2f}",
        split=single,
        total=len(pairs),
    )


def _row(record: Record, target: str, seen: Replicates | None) -> tuple[str, ...]:
    wells = [] if record.quantification is None else list(record.quantification.wells)
    mine = [
        one
        for reaction, one in zip(record.run.reactions, wells, strict=True)
        if reaction.target == target
    ]
    factors = {(one.efficiency, one.efficiency_se) for one in mine if one.efficiency is not None}
    factor = ""
    if len(factors) == 1:  # one for the target; each well's own stand in the table of reactions
        value, error = factors.pop()
        factor = f"{value:.3f}" if error is None else f"{value:.3f} ± {error:.3f}"
    elif factors:
        factor = f"{min(f for f, _ in factors if f):.3f}–{max(f for f, _ in factors if f):.3f}"
    count = f"{sum(one.cq is not None for one in mine)} / {len(mine)}"
    if seen is None:
        return target, count, factor, "", "", "", "", ""
    return (
        target,
        count,
        factor,
        f"{seen.wells} / {seen.groups}",
        f"{seen.observed:.3f}",
        *("" if one is None else f"{one:.3f}" for one in (seen.by_rule, seen.stated, seen.poisson)),
    )
