"""Invented cohorts: patients as many as are wanted, with deletions as frequent as in a study.

Deletions occur as in 142 adults with B-ALL (DOI 10.3760/cma.j.issn.0253-2727.2022.03.009): 50 with
a deletion, 22 Δ4-7, 10 Δ2-7, 3 Δ2-8, 2 Δ4-8, 13 mixed. Everything else is assumed: blasts evenly
between 20 and 95 %, DNA about 500 ng with a logarithmic spread of 0.4, and smaller clones of mixed
patients evenly in the logarithm between 2 % and all of the blasts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from qpcr.errors import InputError
from qpcr.simulate.patient import Clone, PatientSpec
from qpcr.simulate.screen import Wells

NOT_DELETED, MIXED = "not deleted", "mixed"

FREQUENCIES: Mapping[str, float] = {
    NOT_DELETED: 92, "Δ4-7": 22, "Δ2-7": 10, "Δ2-8": 3, "Δ4-8": 2, MIXED: 13,
}  # fmt: skip
"""Patients of the study, by what they carry."""

_INPUT_COPIES, _INPUT_SD = 150_000.0, 0.4
_BLASTS = (0.2, 0.95)
_SMALLEST_CLONE = 0.02


def random_patients(
    count: int,
    wells: Wells,
    seed: int,
    *,
    frequencies: Mapping[str, float] = FREQUENCIES,
    prefix: str = "P-",
) -> tuple[PatientSpec, ...]:
    """Invent patients whose deletions a plate of these wells can show.

    Parameters
    ----------
    count
        How many, 1…9999.
    wells
        Kinds of well, as for :func:`~qpcr.simulate.screen.patient_plates`. Each deletion gets one
        of the primer pairs that read it; a deletion that none reads gets none, and stays unseen.
    seed
        Non-negative.
    frequencies
        Weight of each deletion, of :data:`MIXED`, and of :data:`NOT_DELETED`. Mixed patients have
        two deletions, each as frequent among them as alone.
    prefix
        Names are the prefix and a number of three digits or more.

    Raises
    ------
    InputError
        When there is nobody to invent, or the weights make no distribution.
    """
    if not 1 <= count <= 9999 or seed < 0:
        raise InputError("a cohort needs 1 to 9999 patients, and a seed that is not negative")
    single = {k: v for k, v in frequencies.items() if k not in (NOT_DELETED, MIXED)}
    _check_weights(frequencies, single)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len("cohort"),)))
    kinds = rng.choice(list(frequencies), count, p=_shares(frequencies))
    patients = []
    for number, kind in enumerate(kinds.tolist(), start=1):
        if kind == MIXED:
            carried = rng.choice(list(single), 2, replace=False, p=_shares(single)).tolist()
        else:
            carried = [] if kind == NOT_DELETED else [kind]
        patients.append(
            PatientSpec(
                name=f"{prefix}{number:03d}",
                clones=tuple(_clone(d, wells, rng, place > 0) for place, d in enumerate(carried)),
                blasts=round(float(rng.uniform(*_BLASTS)), 3),
                input_copies=float(round(_INPUT_COPIES * math.exp(rng.normal(0, _INPUT_SD)))),
            )
        )
    return tuple(patients)


def _clone(deletion: str, wells: Wells, rng: np.random.Generator, smaller: bool) -> Clone:
    reads = [read for kind in wells for channel in kind for read in channel.reads]
    pairs = sorted({pair for pair, shown in reads if shown == deletion})
    chosen = (pairs[int(rng.integers(len(pairs)))],) if pairs else ()
    fraction = math.exp(rng.uniform(math.log(_SMALLEST_CLONE), 0)) if smaller else 1.0
    return Clone(deletion, round(fraction, 3), chosen)


def _check_weights(frequencies: Mapping[str, float], single: Mapping[str, float]) -> None:
    weights = list(frequencies.values())
    if not weights or not all(0 <= w < math.inf for w in weights) or sum(weights) <= 0:
        raise InputError("frequencies must not be negative, and not all zero")
    if frequencies.get(MIXED, 0) > 0 and sum(w > 0 for w in single.values()) < 2:
        raise InputError("mixed patients need two deletions with a frequency")


def _shares(weights: Mapping[str, float]) -> list[float]:
    total = sum(weights.values())
    return [weight / total for weight in weights.values()]
