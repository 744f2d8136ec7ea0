"""The truth of a simulated plate as a table beside it: ``truth.csv`` or ``truth.json``.

One row a reaction. What is true of a well and what its label says are told apart: ``sample`` and
``patient`` are those of the label, ``holds`` is the sample whose DNA is really in the well,
``deletions`` are those of the labelled patient, which a right call would find.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qpcr.errors import InputError
from qpcr.simulate.faults import SwappedSample
from qpcr.simulate.layout import Layout
from qpcr.simulate.run import SimulatedRun
from qpcr.simulate.xml import MARK

_MANY = "; "


@dataclass(frozen=True, slots=True)
class TrueReaction:
    """What is true of one reaction.

    Attributes
    ----------
    well, well_name
        0-based row-major index, and its name, as ``A1``.
    sample, patient
        As the plate is labelled; `patient` is ``None`` for controls and standards.
    holds
        Sample whose DNA is in the well.
    target, task
        What is measured, and why.
    mean_copies, copies
        Mean template copies, faults included, and those drawn.
    deletions
        True deletions of the labelled patient.
    faults
        Names of the faults that strike the well, in the order of the plate.
    cq
        True Ct at a threshold; ``None`` where the curve does not cross it, or none was given.
    """

    well: int
    well_name: str
    sample: str | None
    patient: str | None
    holds: str | None
    target: str
    task: str
    mean_copies: float
    copies: int
    deletions: tuple[str, ...]
    faults: tuple[str, ...]
    cq: float | None


def true_reactions(
    simulated: SimulatedRun, thresholds: Mapping[str, float] | None = None
) -> tuple[TrueReaction, ...]:
    """List the truth of every reaction, by well and in the order of the well.

    Parameters
    ----------
    simulated
        The run.
    thresholds
        ΔRn by target at which the true Ct is wanted; targets may be left out.
    """
    plate, truth = simulated.spec, simulated.truth
    layout, crossed = Layout.of(plate), _crossings(simulated, thresholds or {})
    patients = {patient.name: patient for patient in plate.patients}
    wells = {well.well: well for well in plate.wells}
    found = []
    for row, index in enumerate(layout.wells.tolist()):
        well, struck = wells[index], [fault for fault in plate.faults if fault.strikes(index)]
        swaps = [fault.sample for fault in struck if isinstance(fault, SwappedSample)]
        found.append(
            TrueReaction(
                well=index,
                well_name=_name(index, plate.columns),
                sample=well.sample,
                patient=well.patient,
                holds=swaps[-1] if swaps else well.sample,
                target=truth.targets[row],
                task=layout.reactions[row].task,
                mean_copies=float(truth.mean_copies[row]),
                copies=int(truth.copies[row]),
                deletions=() if well.patient is None else patients[well.patient].deletions,
                faults=tuple(fault.name for fault in struck),
                cq=crossed[row],
            )
        )
    return tuple(found)


def write_truth(
    simulated: SimulatedRun,
    path: Path | str,
    thresholds: Mapping[str, float] | None = None,
    *,
    seed: int | None = None,
) -> None:
    """Write the truth of a plate: JSON if the path ends so, which also holds every fault's size.

    Parameters
    ----------
    simulated, thresholds
        As :func:`true_reactions` takes them.
    path
        Of the file.
    seed
        What was asked for where one seed made several plates, each with a seed of its own
        (``plate_seed``); default: the plate's own.

    Raises
    ------
    InputError
        When the path ends neither in ``.csv`` nor in ``.json``.
    """
    path, rows = Path(path), true_reactions(simulated, thresholds)
    kinds = {".csv": _csv, ".json": _json}
    if path.suffix.lower() not in kinds:
        raise InputError("the truth is written as .csv or .json", file=path)
    seeds = {
        "seed": simulated.seed if seed is None else seed,
        "plate_seed": simulated.seed,
    }
    path.write_bytes(kinds[path.suffix.lower()](simulated, seeds, rows).encode())


def _csv(simulated: SimulatedRun, seeds: Mapping[str, int], rows: tuple[TrueReaction, ...]) -> str:
    stream = io.StringIO()
    fields = [field for field in TrueReaction.__dataclass_fields__ if field != "well"]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["experiment", *seeds, *("well" if f == "well_name" else f for f in fields)])
    head = (f"{MARK} {simulated.spec.name}", *seeds.values())
    for row in rows:
        writer.writerow([*head, *(_cell(getattr(row, field)) for field in fields)])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    return _MANY.join(value) if isinstance(value, tuple) else value


def _json(simulated: SimulatedRun, seeds: Mapping[str, int], rows: tuple[TrueReaction, ...]) -> str:
    content = {
        "simulated": True,
        "experiment": f"{MARK} {simulated.spec.name}",
        **seeds,
        "patients": [asdict(patient) for patient in simulated.spec.patients],
        "faults": [{"name": f.name, **asdict(f)} for f in simulated.spec.faults],
        "reactions": [asdict(row) for row in rows],
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _crossings(simulated: SimulatedRun, thresholds: Mapping[str, float]) -> list[float | None]:
    targets = simulated.truth.targets
    if strange := thresholds.keys() - {target.name for target in simulated.spec.targets}:
        raise InputError("a threshold names an unknown target", found=", ".join(sorted(strange)))
    by_threshold = {value: simulated.truth.cq(value) for value in set(thresholds.values())}
    return [
        by_threshold[thresholds[target]][row] if target in thresholds else None
        for row, target in enumerate(targets)
    ]


def _name(well: int, columns: int) -> str:
    row, column = divmod(well, columns)
    letters = chr(ord("A") + row % 26)
    return f"{'A' * (row // 26)}{letters}{column + 1}"
