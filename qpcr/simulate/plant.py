"""Faults in places where they matter, chosen by a seed: one of each kind wanted.

For tests of quality rules on many plates: the plate is drawn, the truth says what went wrong where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from qpcr.errors import InputError
from qpcr.simulate import faults as kinds
from qpcr.simulate.fault import Fault
from qpcr.simulate.spec import POSITIVE_CONTROL, PlateSpec, WellSpec


@dataclass(eq=False)
class _Places:
    """Wells still to be had, and the chance that chooses among them."""

    plate: PlateSpec
    rng: np.random.Generator
    taken: set[int] = field(default_factory=set)

    def well(self, what: str, suits: Callable[[WellSpec], bool]) -> tuple[int, ...]:
        """Take one free well that suits."""
        free = sorted(w.well for w in self.plate.wells if w.well not in self.taken and suits(w))
        if not free:
            raise InputError("the plate has no free well for a fault", place=what)
        chosen = free[int(self.rng.integers(len(free)))]
        self.taken.add(chosen)
        return (chosen,)

    def amplifying(self, what: str) -> tuple[int, ...]:
        """Take a patient's well in which every reaction has template enough for any draw."""
        return self.well(
            what, lambda w: w.patient is not None and all(r.copies >= 50 for r in w.reactions)
        )

    def uniform(self, low: float, high: float) -> float:
        """Draw a size, to three digits."""
        return round(float(self.rng.uniform(low, high)), 3)


def plant_faults(plate: PlateSpec, names: Iterable[str], seed: int) -> PlateSpec:
    """Add one fault of each name to a plate, in wells of its own, with a visible size.

    Parameters
    ----------
    plate
        With wells of patients, and with controls where their faults are wanted.
    names
        From :data:`FAULT_NAMES`; their order decides which well each gets.
    seed
        Non-negative.

    Raises
    ------
    InputError
        When a name is unknown, or the plate has no well for a fault.
    """
    if seed < 0:
        raise InputError("the seed must not be negative", found=str(seed))
    places = _Places(plate, np.random.default_rng(seed))
    places.taken |= {well for fault in plate.faults for well in fault.wells or ()}
    found = list(plate.faults)
    for name in names:
        if name not in _PLANTERS:
            raise InputError("unknown fault", expected=", ".join(_PLANTERS), found=name)
        found += _PLANTERS[name](places)
    return replace(plate, faults=tuple(found))


def _contamination(places: _Places) -> list[Fault]:
    """Carry a strong sample into a neighbouring well of the same target that holds none of it."""
    copies = {w.well: {r.target: r.copies for r in w.reactions} for w in places.plate.wells}
    pairs = [
        (well, source)
        for well in copies
        for source in _neighbours(places.plate, well)
        if not {well, source} & places.taken and _clean_and_strong(copies, well, source)
    ]
    if not pairs:
        raise InputError("the plate has no free well for a fault", place="contamination")
    well, source = pairs[int(places.rng.integers(len(pairs)))]
    places.taken |= {well, source}
    return [kinds.Contamination((well,), source, places.uniform(0.001, 0.01))]


def _clean_and_strong(copies: dict[int, dict[str, float]], well: int, source: int) -> bool:
    here, there = copies[well], copies.get(source, {})
    return any(mean == 0 and there.get(target, 0) >= 20_000 for target, mean in here.items())


def _neighbours(plate: PlateSpec, well: int) -> list[int]:
    row, column = divmod(well, plate.columns)
    around = [
        (row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right
    ]
    return [
        r * plate.columns + c for r, c in around if 0 <= r < plate.rows and 0 <= c < plate.columns
    ]


def _swap(places: _Places) -> list[Fault]:
    free = [w for w in places.plate.wells if w.patient is not None and w.well not in places.taken]
    names = sorted({w.sample for w in free if w.sample})
    if len(names) < 2:
        raise InputError("the plate has no two samples to swap", place="swapped sample")
    first, second = places.rng.choice(names, 2, replace=False).tolist()
    pair = kinds.swapped(places.plate, first, second)
    places.taken |= {well for fault in pair for well in fault.wells or ()}
    return list(pair)


def _edge(places: _Places) -> list[Fault]:
    used = {well.well for well in places.plate.wells if well.reactions}
    outer = kinds.outer_wells(places.plate.rows, places.plate.columns)
    return [kinds.EdgeEffect(tuple(well for well in outer if well in used))]


def _bubble(places: _Places) -> list[Fault]:
    cycle = int(places.rng.integers(6, max(places.plate.cycles // 2, 7)))
    sign = 1 if places.rng.random() < 0.5 else -1
    size = sign * places.uniform(0.15, 0.35)
    return [kinds.Bubble(places.amplifying("bubble"), cycle, size)]


def _reporter(plate: PlateSpec) -> str:
    return plate.targets[0].reporter


_PLANTERS: Mapping[str, Callable[[_Places], list[Fault]]] = {
    "swapped sample": _swap,
    "contamination": _contamination,
    "dropout": lambda p: [kinds.Dropout(p.amplifying("dropout"))],
    "failed positive control": lambda p: [
        kinds.FailedControl(p.well("positive control", lambda w: w.sample == POSITIVE_CONTROL))
    ],
    "contaminated NTC": lambda p: [
        kinds.ContaminatedControl(
            p.well("NTC", lambda w: bool(w.reactions) and w.reactions[0].task == "NTC"),
            p.uniform(20, 500),
        )
    ],
    "inhibition": lambda p: [kinds.Inhibition(p.amplifying("inhibition"))],
    "late": lambda p: [kinds.Late(p.amplifying("late"))],
    "edge effect": _edge,
    "bubble": _bubble,
    "evaporation": lambda p: [kinds.Evaporation(p.amplifying("evaporation"), p.uniform(0.25, 0.5))],
    "low passive reference": lambda p: [
        kinds.LowReference(p.amplifying("low passive reference"), p.uniform(0.05, 0.2))
    ],
    "drift": lambda p: [kinds.Drift(p.amplifying("drift"), p.uniform(0.01, 0.02))],
    "hook": lambda p: [kinds.Hook(p.amplifying("hook"))],
    "crosstalk": lambda p: [kinds.Crosstalk(dye=_reporter(p.plate), share=p.uniform(0.05, 0.1))],
    "weak lamp": lambda _: [kinds.WeakLamp()],
    "saturation": lambda _: [kinds.Saturation()],  # a detector has one ceiling
}
"""How each fault finds its place; a swap comes first, as it takes two whole samples."""

FAULT_NAMES = tuple(_PLANTERS)
"""Names of all faults that can be planted."""
