"""An invented cohort whose counts are those of a printed study; its people and dates are nobody's.

Counts by group are those of Tables 1 and 2 of DOI 10.3760/cma.j.issn.0253-2727.2022.03.009: 142
patients, 50 with a deletion. Means and standard deviations of age lie within the rounding of print
and were chosen so that both F are as printed. Everything else is assumed: who has which features
together, and all dates.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from qpcr._frozen import FloatArray
from qpcr.simulate.patient import Clone, PatientSpec

GROUPS = ("A", "B", "C", "D")
SIZES = (24, 26, 47, 45)
COUNTS: Mapping[str, tuple[int, int, int, int]] = {
    "male": (10, 16, 20, 27), "wbc": (14, 12, 14, 12), "ldh": (11, 9, 18, 17),
    "cd20": (9, 9, 14, 15), "mrd1": (12, 18, 13, 14), "mrd2": (7, 11, 9, 12),
    "mrd3": (7, 10, 11, 9), "cr1": (18, 17, 38, 36), "ph": (12, 14, 11, 9),
    "relapse": (16, 8, 16, 14), "death": (14, 7, 14, 10),
}  # fmt: skip
AGES = ((32.2875, 8.3126), (29.7127, 6.3126), (33.1873, 8.7126), (30.1125, 7.9126))
"""Mean and standard deviation of each group; in print they have one digit less."""
DELETIONS: Mapping[str, int] = {"Δ4-7": 22, "Δ2-7": 10, "Δ2-8": 3, "Δ4-8": 2, "mixed": 13}
NUMBERS = {
    "wbc": (30.0, 200.0, 2.0, 29.0), "ldh": (600.0, 3000.0, 150.0, 590.0),
    "cd20": (21.0, 95.0, 0.5, 19.5), "mrd1": (1.1, 20.0, 0.01, 0.9),
    "mrd2": (0.15, 5.0, 0.001, 0.09), "mrd3": (0.02, 1.0, 0.0005, 0.009),
}  # fmt: skip
"""Ranges of those beyond the study's cut, and of the others; even in the logarithm."""
FIRST, LAST_DIAGNOSIS, END = date(2016, 3, 1), date(2019, 9, 30), date(2020, 10, 30)
HEADS = (
    "patient", "sex", "age", "diagnosis_date", "wbc", "ldh", "cd20", "ph", "ikzf1",
    "ikzf1_deletion", "cr1", "cr_date", "mrd1", "mrd2", "mrd3", "therapy", "hsct_date", "relapse",
    "relapse_date", "death", "death_date", "first_event_date", "last_follow_up",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InventedPatient:
    """One invented patient.

    Attributes
    ----------
    name, group
        ``S-001`` …, and A to D.
    deletion
        One of :data:`DELETIONS`, or ``None``.
    cells
        Texts by :data:`HEADS`.
    """

    name: str
    group: str
    deletion: str | None
    cells: Mapping[str, str]


def invent_cohort(seed: int = 1) -> tuple[InventedPatient, ...]:
    """Invent the 142 patients; the counts are the same with every seed.

    Parameters
    ----------
    seed
        Not negative; same seed, same patients.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len("study cohort"),)))
    deletions = rng.permutation([name for name, n in DELETIONS.items() for _ in range(n)]).tolist()
    people = []
    for place, (group, size) in enumerate(zip(GROUPS, SIZES, strict=True)):
        has = {name: _chosen(rng, size, counts[place]) for name, counts in COUNTS.items()}
        ages = _ages(rng, size, *AGES[place])
        for i in range(size):
            deletion = deletions.pop() if group in "AB" else None
            flags = {name: bool(one[i]) for name, one in has.items()}
            people.append((group, deletion, flags, float(ages[i])))
    order = rng.permutation(len(people))
    return tuple(
        _patient(rng, f"S-{number:03d}", *people[place]) for number, place in enumerate(order, 1)
    )


def cohort_csv(patients: tuple[InventedPatient, ...], tested: frozenset[str] = frozenset()) -> str:
    """The table of the patients, as ``qpcr records import`` reads it.

    Parameters
    ----------
    patients
        Of :func:`invent_cohort`.
    tested
        Names of patients whose IKZF1 comes from plates: it is left out of the table.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for one in patients:
        hidden = ("ikzf1", "ikzf1_deletion") if one.name in tested else ()
        writer.writerow(["" if head in hidden else one.cells[head] for head in HEADS])
    return text.getvalue()


def _chosen(rng: np.random.Generator, size: int, count: int) -> list[bool]:
    """Exactly `count` of `size`, anywhere."""
    return [bool(one) for one in rng.permutation(np.arange(size) < count)]


def _ages(rng: np.random.Generator, size: int, mean: float, sd: float) -> FloatArray:
    """Ages with exactly this mean and standard deviation, within 16 to 64 years."""
    while True:
        drawn = rng.normal(size=size)
        drawn = (drawn - drawn.mean()) / drawn.std(ddof=1)
        ages: FloatArray = mean + sd * drawn
        if ages.min() >= 16 and ages.max() <= 64:
            return ages


def _patient(
    rng: np.random.Generator, name: str, group: str, deletion: str | None, has: Mapping[str, bool],
    age: float,
) -> InventedPatient:  # fmt: skip
    cells = dict.fromkeys(HEADS, "")
    cells |= {
        "patient": name, "sex": "male" if has["male"] else "female", "age": f"{age:.6f}",
        "ph": _flag(has["ph"]), "ikzf1": "deleted" if deletion else "not deleted",
        "ikzf1_deletion": deletion or "",
        "therapy": "allo-HSCT" if group in "BD" else "chemotherapy",
    }  # fmt: skip
    for field, (low, high, other_low, other_high) in NUMBERS.items():
        ends = (low, high) if has[field] else (other_low, other_high)
        cells[field] = f"{np.exp(rng.uniform(*np.log(ends))):.3g}"
    return InventedPatient(name, group, deletion, cells | _dates(rng, group in "BD", has))


def _dates(rng: np.random.Generator, hsct: bool, has: Mapping[str, bool]) -> dict[str, str]:
    """Dates in an order that can be: diagnosis, remission, transplantation, relapse, death."""
    days = (LAST_DIAGNOSIS - FIRST).days
    start = FIRST + timedelta(int(rng.integers(0, days + 1)))
    room = (END - start).days
    remission = int(rng.integers(24, 40)) + (0 if has["cr1"] else 40)
    moved = remission + int(rng.integers(60, 110)) if hsct else None
    at = moved or remission
    relapse = death = None
    if has["relapse"]:
        relapse = at + 10 + int((room - at - 40) * rng.uniform(0.05, 0.6))
        at = relapse
    if has["death"]:
        death = at + 10 + int((room - at - 20) * rng.uniform(0.05, 0.7))
    last = room if death is None else death
    first = min((one for one in (relapse, death) if one is not None), default=None)

    def day(offset: int | None) -> str:
        return "" if offset is None else (start + timedelta(offset)).isoformat()

    return {
        "diagnosis_date": day(0), "cr1": _flag(has["cr1"]), "cr_date": day(remission),
        "hsct_date": day(moved), "relapse": _flag(has["relapse"]), "relapse_date": day(relapse),
        "death": _flag(has["death"]), "death_date": day(death), "first_event_date": day(first),
        "last_follow_up": day(last),
    }  # fmt: skip


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def spec_of(patient: InventedPatient) -> PatientSpec:
    """What is in the DNA of a patient: much DNA, many blasts, deletions in all of them."""
    carried = {None: (), "mixed": ("Δ4-7", "Δ2-7")}.get(patient.deletion, (patient.deletion,))
    clones = tuple(Clone(name) for name in carried if name is not None)
    return PatientSpec(patient.name, clones, blasts=0.85)
