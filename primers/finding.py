"""What checks of a panel find: kind, severity, a sentence, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Severity = Literal["info", "warning", "error"]


class Kind(StrEnum):
    """What a finding is about."""

    OLIGO_UNDISCLOSED = "oligo undisclosed"
    OLIGO_THERMODYNAMICS = "oligo thermodynamics"
    TM_SPREAD = "tm spread"
    DIMER = "dimer"
    OLIGO_EXACT = "oligo matches exactly"
    OLIGO_OVERHANG = "oligo partly outside the references"
    OLIGO_GAP = "oligo has a gap"
    OLIGO_MISMATCH = "oligo has mismatches"
    OLIGO_NOT_FOUND = "oligo not found"
    AMPLICON_EXPECTED = "amplicon as expected"
    AMPLICON_UNEXPECTED = "amplicon unexpected"
    AMPLICON_ABSENT = "amplicon absent"
    SINGLE_WELLS = "single wells"
    THRESHOLD_FREE = "threshold not fixed"
    THRESHOLD_UNVALIDATED = "threshold not validated"


@dataclass(frozen=True)
class PanelFinding:
    """One thing that `primers.check.check_panel` found.

    Attributes
    ----------
    kind
        What it is about.
    severity
        "info": as it should be, or to know. "warning": look at it. "error": the panel, as it
        stands, cannot work as it says.
    subject
        The oligo, the pair or the well.
    message
        A sentence.
    values
        The numbers behind it: temperatures in °C, ΔG in kcal/mol, sizes in bp.
    corrected
        The sequence that the reference supports, for a gap.
    """

    kind: Kind
    severity: Severity
    subject: str
    message: str
    values: tuple[float, ...] = ()
    corrected: str | None = None
