"""The plate of the demonstration: an IKZF1 screen of ten invented patients, one pair per well."""

from __future__ import annotations

from qpcr.simulate.patient import Clone, PatientSpec
from qpcr.simulate.screen import ChannelSpec, Controls, patient_plates
from qpcr.simulate.spec import PlateSpec, TargetSpec

_PAIRS = (
    ("F.4", "R-7", "Δ4-7"),
    ("F.2a", "R-7", "Δ2-7"),
    ("F.2b", "R-7", "Δ2-7"),
    ("F.4", "R-8", "Δ4-8"),
    ("F.2a", "R-8", "Δ2-8"),
    ("F.2b", "R-8", "Δ2-8"),
)
_REFERENCE = "RNase P"

_PATIENTS = (
    PatientSpec("P-001", (Clone("Δ4-7"),), blasts=0.88),
    PatientSpec("P-002", (), input_copies=120_000),
    # A junction in the cluster of F.2a leaves the site of F.2b upstream: both pairs amplify.
    PatientSpec("P-003", (Clone("Δ2-7", pairs=("F.2a/R-7", "F.2b/R-7")),), 0.75, 180_000),
    PatientSpec("P-004", (Clone("Δ2-7", pairs=("F.2b/R-7",)),), 0.6, 90_000),
    PatientSpec("P-005", (Clone("Δ2-8", 0.4),), 0.5, 140_000),
    PatientSpec("P-006", (Clone("Δ4-8"),), 0.92, 160_000),
    PatientSpec("P-007", (Clone("Δ4-7"), Clone("Δ2-7", 0.02)), 0.8, 110_000),
    PatientSpec("P-008", (), blasts=0.7, input_copies=130_000),
    PatientSpec("P-009", (Clone("Δ4-7"),), input_copies=0),
    PatientSpec("P-010", (Clone("Δ4-7"),), blasts=7e-5, input_copies=100_000),
)
"""P-007 is mixed, P-002 and P-008 have no deletion. The DNA of P-009 was lost: its deletion cannot
be seen, and neither can its reference gene. P-010 is nearly in remission: three or four copies
a well, which come near the cut-off."""


def demo_plate(cycles: int = 45) -> PlateSpec:
    """Lay out a full 96-well screen: ten invented patients, a positive control and an NTC.

    A column is a sample: rows A–F hold one pair of primers each, G and H the reference gene. All
    wells are read with FAM/TAMRA probes.
    """
    kinds = [
        (ChannelSpec(TargetSpec(f"{forward} × {reverse}"), ((f"{forward}/{reverse}", deletion),)),)
        for forward, reverse, deletion in _PAIRS
    ]
    kinds.append((ChannelSpec(TargetSpec(_REFERENCE), reference=True),))
    (plate,) = patient_plates(
        _PATIENTS,
        kinds,
        replicates=1,
        reference_replicates=2,
        controls=Controls(),
        cycles=cycles,
    )
    return plate
