"""Proposals of thresholds as people read them: a table, sentences, and a citation for the panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qpcr.record import versions
from qpcr.threshold_evidence import Basis
from qpcr.threshold_proposal import Proposal

COLUMNS = {
    "Target": "left",
    "Threshold": "right",
    "Window": "right",
    "Highest without": "right",
    "Margin": "right",
    "Of the rise": "right",
    "Runs": "right",
    "With": "right",
    "Without": "right",
    "SD of Ct": "right",
    "Runs' own": "right",
    "Ct move by": "right",
}
"""Heads of the table and how they are aligned."""
MOST_HASHES = 12
ADVICE = (
    "These are proposals, not validated: verify each with your own dilution series, and set the "
    "cut-off anew where Ct move."
)


def proposal_rows(proposals: Iterable[Proposal]) -> list[tuple[str, ...]]:
    """One row a target.

    Thresholds, windows and heights in ΔRn; margin in multiples of the highest well without product;
    SD and move in cycles.
    """
    return [
        (
            one.target,
            _text(one.threshold, "g"),
            f"{_text(one.floor, '.3g')} to {_text(one.top, '.3g')}",
            _text(one.highest, ".3g"),
            "" if one.margin is None else f"{one.margin:.1f} ×",
            "" if one.share is None else f"{one.share:.1%}",
            f"{one.runs}",
            f"{one.products}" + (f" + {one.late} late" if one.late else ""),
            f"{one.empty}"
            + (f" + {one.copies + one.low} bleeding" if one.copies + one.low else ""),
            "" if one.sd is None else f"{one.sd:.3f} (df {one.degrees})",
            "" if one.own_sd is None else f"{one.own_sd:.3f}",
            "" if one.shift is None else f"{one.shift:+.2f}",
        )
        for one in proposals
    ]


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def proposal_notes(basis: Basis, proposals: Sequence[Proposal]) -> Iterator[str]:
    """What the table does not say, the reasons why there is no proposal first."""
    for one in proposals:
        if one.reason is not None:
            yield f"{one.target}: no proposal, {one.reason}."
    yield from (f"{note}." for note in basis.notes)
    for one in proposals:
        if one.highest_place is not None:
            yield f"{one.target}: the highest well without product is {one.highest_place}."
        if one.fallen:
            yield (
                f"{one.target}: in {one.fallen} of {one.runs} runs the run's own threshold lies"
                " among the wells without product."
            )
        for warning in one.warnings:
            yield f"{one.target}: {warning}."
        if one.unclear:
            more = "" if len(one.unclear) <= 3 else f" and {len(one.unclear) - 3} more"
            yield f"{one.target}: not counted: {', '.join(one.unclear[:3])}{more}."


def citation_of(basis: Basis) -> str:
    """Where proposed thresholds come from, for the panel: software, runs, dates, digests."""
    days = sorted(one.started.date().isoformat() for one in basis.provenance if one.started)
    files = list(dict.fromkeys(one.sha256[:12] for one in basis.provenance))
    told = ", ".join(files[:MOST_HASHES])
    more = f" and {len(files) - MOST_HASHES} more" if len(files) > MOST_HASHES else ""
    simulated = sum(one.simulated for one in basis.provenance)
    kind = "SIMULATED runs" if simulated == len(basis.provenance) else "runs"
    if 0 < simulated < len(basis.provenance):
        kind = f"runs ({simulated} of them SIMULATED)"
    return (
        f"Proposed by ikaros-qpcr {versions()['ikaros-qpcr']} from {len(basis.provenance)} {kind}"
        + (f" of {days[0]} to {days[-1]}" if days else "")
        + f" (SHA-256 {told}{more}); not validated: verify with your own dilution series"
    )
