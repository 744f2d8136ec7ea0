"""IKZF1 of one patient: from the laboratory's results, beside what the clinical fields say.

References
----------
Stanulla M et al. J Clin Oncol 2018;36:1240-1249. doi:10.1200/JCO.2017.74.3617 (IKZF1plus).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr.clinical.fields import Value, schema
from qpcr.said import Said, say

if TYPE_CHECKING:
    from qpcr.records.patient import Patient, Result

DELETED, NOT_DELETED = "deleted", "not deleted"
_STATUS = {"detected": DELETED, "not detected": NOT_DELETED}
AT_DIAGNOSIS = (None, "diagnosis")
"""Time points whose results tell the genotype: later samples may be in remission."""


@dataclass(frozen=True, eq=False, slots=True)
class Genotype:
    """What is known of IKZF1.

    Attributes
    ----------
    values
        The clinical values, with `ikzf1` and `ikzf1_deletion` of the results.
    from_results
        The status is the laboratory's own.
    classes
        Functional classes, as the results name them.
    notes
        What a person should know.
    contradiction
        Why the status is not known although something is told; ``None``: no contradiction.
    """

    values: Mapping[str, Value]
    from_results: bool
    classes: tuple[str, ...]
    notes: tuple[Said, ...]
    contradiction: Said | None


def genotype(patient: Patient, values: Mapping[str, Value], signed_only: bool = False) -> Genotype:
    """Settle the IKZF1 status of a patient.

    Signed results are preferred; where there are none, current ones count unless `signed_only`.
    Results without a status (inconclusive, invalid) and of samples after diagnosis say nothing.

    Parameters
    ----------
    patient
        As the store has them.
    values
        Clinical values that are known.
    signed_only
        Unsigned results say nothing.
    """
    told = _telling(patient.final_results)
    notes: list[Said] = []
    if not told and not signed_only:
        told = _telling(patient.current_results)
        if told:
            notes.append(say("IKZF1 is taken from a result that is not signed"))
    if not told:
        return Genotype(values, False, (), tuple(notes), None)
    states = {_STATUS[str(one.outcome)] for one in told}
    if len(states) > 1:
        why = say("one result says that IKZF1 is deleted, another that it is not")
        return Genotype(values, False, (), tuple(notes), why)
    (status,) = states
    field = values.get("ikzf1")
    if field is not None and field != status:
        why = say("the result says IKZF1 {result}, the clinical field {field}", result=status,
                  field=field)  # fmt: skip
        return Genotype(values, False, (), tuple(notes), why)
    merged: dict[str, Value] = {**values, "ikzf1": status}
    kind = deletion_type(tuple(dict.fromkeys(d for one in told for d in one.deletions)))
    before = merged.pop("ikzf1_deletion", None)
    if kind is not None:
        merged["ikzf1_deletion"] = kind
        if before not in (None, kind):
            notes.append(say("the result says {result}, the clinical field {field}: the result is "
                             "taken", result=kind, field=before))  # fmt: skip
    elif before is not None and status == DELETED:
        merged["ikzf1_deletion"] = before
    classes = tuple(dict.fromkeys(name for one in told for name in one.classes))
    return Genotype(merged, True, classes, tuple(notes), None)


def _telling(results: tuple[Result, ...]) -> list[Result]:
    return [one for one in results if one.outcome in _STATUS and one.timepoint in AT_DIAGNOSIS]


def deletion_type(deletions: tuple[str, ...]) -> str | None:
    """The study's type of deletions that were found: one by its name, several are mixed."""
    if len(deletions) > 1:
        return "mixed"
    if not deletions:
        return None
    return deletions[0] if deletions[0] in schema().fields["ikzf1_deletion"].codes else "other"


def ikzf1_plus(values: Mapping[str, Value], both: bool = True) -> bool | None:
    """IKZF1plus: IKZF1 with CDKN2A, CDKN2B, PAX5 or PAR1 deleted, ERG not deleted.

    Publications differ in whether CDKN2A and CDKN2B must be lost on both chromosomes, and this
    test of breakpoints sees none of these genes: they are clinical fields. Unknown is not negative.

    Parameters
    ----------
    values
        Clinical values.
    both
        CDKN2A and CDKN2B count only where both copies are lost; a loss without a count of
        chromosomes is then not known.

    Returns
    -------
    bool or None
        ``None``: a field that would decide is not known.
    """
    status, erg = values.get("ikzf1"), values.get("erg")
    if status == NOT_DELETED or erg == DELETED:
        return False
    partners = [_lost(values.get(name), both) for name in ("cdkn2a", "cdkn2b")]
    partners += [_lost(values.get(name), False) for name in ("pax5", "par1")]
    if status is None:
        return False if all(one is False for one in partners) else None
    if True in partners:
        return None if erg is None else True
    return None if None in partners else False


def _lost(value: Value | None, both: bool) -> bool | None:
    if value is None or (both and value == DELETED):
        return None
    if value == "deleted on one":
        return not both
    return value != NOT_DELETED
