"""The plate of the demonstration: an IKZF1 deletion screen with a standard curve of ALB."""

from __future__ import annotations

from qpcr.simulate.spec import PlateSpec, ReactionSpec, TargetSpec, WellSpec

_COLUMNS = 12
_DELETIONS = ("IKZF1 Δ4-7", "IKZF1 Δ2-7", "IKZF1 Δ2-8", "IKZF1 Δ4-8")
_REFERENCE = "ALB"

_SAMPLES: tuple[tuple[str, float, tuple[float, float, float, float]], ...] = (
    ("P-001", 150_000, (20_000, 0, 0, 0)),
    ("P-002", 120_000, (0, 0, 0, 0)),
    ("P-003", 180_000, (0, 2_000, 0, 0)),
    ("P-004", 90_000, (0, 0, 0, 0)),
    ("P-005", 140_000, (0, 0, 300, 0)),
    ("P-006", 160_000, (0, 0, 0, 8_000)),
    ("P-007", 110_000, (5_000, 150, 0, 0)),
    ("P-008", 130_000, (3, 0, 0, 0)),
    ("P-009", 4, (0, 0, 0, 0)),
    ("Positive control", 10_000, (1_000, 1_000, 1_000, 1_000)),
)
"""Invented samples: name, mean copies of ALB a well, mean copies of each deletion a well.

P-007 carries two deletions, P-008 one near the limit of detection; P-009 holds hardly any DNA.
"""

_STANDARDS = (1e6, 1e5, 1e4, 1e3, 1e2, 1e1)
_REPLICATES = 3


def demo_plate(cycles: int = 45) -> PlateSpec:
    """Lay out a 96-well screen: nine invented samples, controls, standards, and twelve empty wells.

    Rows A–D hold one deletion target each, rows E and F the reference gene ALB twice; columns
    1–9 are samples, 10 the positive control, 11 the no-template control. Rows G and H hold ALB
    standards from 1,000,000 to 10 copies in triplicate. Column 12 and the last places of G and
    H are empty. Deletions are read with FAM/TAMRA probes, ALB with VIC and a dark quencher.
    """
    targets = (
        *(TargetSpec(name) for name in _DELETIONS),
        TargetSpec(_REFERENCE, "VIC", "NFQ-MGB", baseline_rn=0.9, span_rn=4.5),
    )
    wells = [*_sample_wells(), *_no_template_wells(), *_standard_wells()]
    return PlateSpec("IKZF1 deletion screen", targets, tuple(wells), cycles=cycles)


def _sample_wells() -> list[WellSpec]:
    wells = []
    for column, (sample, reference, deletions) in enumerate(_SAMPLES):
        column_of_copies = (*zip(_DELETIONS, deletions, strict=True),) + (
            (_REFERENCE, reference),
        ) * 2
        for row, (target, copies) in enumerate(column_of_copies):
            reaction = ReactionSpec(target, copies)
            wells.append(WellSpec(row * _COLUMNS + column, sample, (reaction,)))
    return wells


def _no_template_wells() -> list[WellSpec]:
    rows = (*_DELETIONS, _REFERENCE, _REFERENCE)
    return [
        WellSpec(row * _COLUMNS + len(_SAMPLES), "NTC", (ReactionSpec(target, 0, "NTC"),))
        for row, target in enumerate(rows)
    ]


def _standard_wells() -> list[WellSpec]:
    wells = []
    for level, quantity in enumerate(_STANDARDS):
        row, place = divmod(level, len(_STANDARDS) // 2)
        for replicate in range(_REPLICATES):
            well = (6 + row) * _COLUMNS + place * _REPLICATES + replicate
            reaction = ReactionSpec(_REFERENCE, quantity, "STANDARD", quantity)
            wells.append(WellSpec(well, f"ALB {quantity:.0f}", (reaction,)))
    return wells
