"""Small plates for the quality rules: curves of closed form, and a simulated screen without faults.

Curves are logistic, Rn = 1 + 4/(1 + exp((middle − c)/w)) with w = 1.6, plus white noise of fixed
seed; the threshold is set by hand, so that shifting `middle` by x shifts every Ct by x. Shapes are
stated, not classified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from primers import Panel
from qpcr.curves import Curves, from_run
from qpcr.findings import Finding
from qpcr.fits import fit_curves
from qpcr.qc import Plate, plate_of, rules
from qpcr.run import InstrumentResult, Provenance, Reaction, Run, Target, Task, well_name
from qpcr.settings import Settings
from qpcr.shapes import Kind, Shape
from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec

CYCLES = np.arange(1, 41)
RISE, WIDTH, THRESHOLD, NOISE = 4.0, 1.6, 0.4, 0.001


@dataclass(frozen=True)
class Well:
    """One reaction: `cq` where the noise-free curve crosses the threshold; ``None`` = flat.

    `middle`, where given, says where the curve has half its height, whatever `cq` says.
    """

    name: str
    cq: float | None = None
    sample: str | None = "S1"
    target: str = "T"
    task: Task = Task.UNKNOWN
    kind: Kind | None = None
    quantity: float | None = None
    omitted: bool = False
    rise: float = RISE
    slope: float = 0.0
    reporter: str = "FAM"
    probability: float | None = None
    middle: float | None = None
    width: float = WIDTH

    def rn(self) -> np.ndarray:
        """Rn without noise."""
        rn = 1.0 + self.slope * CYCLES
        if self.cq is None:
            return rn
        middle = self.middle
        if middle is None:
            middle = self.cq + self.width * np.log(self.rise / THRESHOLD - 1.0)
        return rn + self.rise / (1.0 + np.exp((middle - CYCLES) / self.width))

    def shape(self) -> Shape:
        """What the well is stated to look like."""
        kind = self.kind or (Kind.NONE if self.cq is None else Kind.PROPER)
        proper = kind is Kind.PROPER
        chance = (0.99 if proper else 0.01) if self.probability is None else self.probability
        return Shape(proper, kind, chance, {}, "As stated by the test.")


def index(name: str) -> int:
    """0-based index of a well of a 96-well plate."""
    return "ABCDEFGH".index(name[0]) * 12 + int(name[1:]) - 1


def run_of(wells: Iterable[Well], noise: float = NOISE) -> Run:
    """A run that holds nothing but Rn."""
    wells = list(wells)
    rng = np.random.default_rng(7)
    reactions, results = [], {}
    for well in wells:
        place = index(well.name)
        assert well_name(place, 12) == well.name
        reactions.append(
            Reaction(
                place, well.name, well.sample, well.target, well.task, well.reporter,
                quantity=well.quantity, omitted=well.omitted,
            )
        )  # fmt: skip
        rn = well.rn() + rng.normal(0, noise, len(CYCLES))
        results[place, well.target] = InstrumentResult(place, well.target, None, None, rn=rn)
    return Run(
        Provenance("synthetic.eds", "0" * 64, 0, "test", simulated=True),
        8,
        12,
        tuple(reactions),
        {well.target: Target(well.target, well.reporter) for well in wells},
        None,
        CYCLES,
        results=results,
    )


def plate(
    *wells: Well,
    panel: Panel | None = None,
    threshold: float | str | Mapping[str, float] = THRESHOLD,
    noise: float = NOISE,
    change: Callable[[Curves], Curves] | None = None,
) -> Plate:
    """A plate of these wells; `change` edits its curves before they are fitted."""
    run = run_of(wells, noise)
    curves = from_run(run, Settings(threshold=threshold))
    curves = curves if change is None else change(curves)
    shapes = tuple(well.shape() for well in wells)
    return plate_of(run, curves, fit_curves(curves, polish=False), shapes, panel)


def with_run(plate: Plate, **changes: object) -> Plate:
    """The same plate with some fields of its run replaced."""
    return replace(plate, run=replace(plate.run, **changes))


def with_curves(plate: Plate, **changes: object) -> Plate:
    """The same plate with some fields of its curves replaced."""
    return replace(plate, curves=replace(plate.curves, **changes))


def find(plate: Plate, rule: str, **limits: float) -> list[Finding]:
    """Findings of one rule, at its own limits unless told otherwise."""
    one = rules()[rule]
    return list(one.check(plate, {**one.limits, **limits}))


def only(plate: Plate, rule: str, **limits: float) -> Finding:
    """The one finding of a rule; fails where there are more or none."""
    (found,) = find(plate, rule, **limits)
    assert found.rule == rule
    assert found.message.endswith(".")
    assert found.remedy.endswith(".")
    return found


def names(plate: Plate, finding: Finding) -> list[str]:
    """Wells of a finding."""
    return [plate.run.reactions[row].well_name for row in finding.reactions]


PAIRS = ("F.4 × R-7", "F.2a × R-7", "F.2b × R-7", "F.4 × R-8", "F.2a × R-8", "F.2b × R-8")
PATIENTS = {"P-001": {0: 4000.0}, "P-002": {}, "P-003": {1: 900.0, 4: 2500.0}, "P-004": {3: 600.0}}


def clean_screen() -> PlateSpec:
    """Four patients, each pair and RNase P in duplicate, NTC and positive control; no fault."""
    targets = tuple(TargetSpec(name) for name in (*PAIRS, "RNase P"))
    columns: list[tuple[str, dict[int, float], float]] = []
    for sample, deletions in PATIENTS.items():
        columns += [(sample, deletions, 30_000.0)] * 2
    columns.append(("Positive control", dict.fromkeys(range(6), 1000.0), 10_000.0))
    wells = []
    for column, (sample, deletions, dna) in enumerate(columns):
        for row in range(7):
            copies = dna if row == 6 else deletions.get(row, 0.0)
            reaction = ReactionSpec(targets[row].name, copies)
            wells.append(WellSpec(row * 12 + column, sample, (reaction,)))
    wells += [
        WellSpec(row * 12 + 10, "NTC", (ReactionSpec(targets[row].name, 0, "NTC"),))
        for row in range(7)
    ]
    return PlateSpec("IKZF1 screen without faults", targets, tuple(wells))
