"""A whole road rehearsed with invented patients: plates, calls, records, and then the cohort.

Everything written says that it is synthetic: ids, file names, sources of every record, pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from primers import load_panel
from qpcr.errors import InputError
from qpcr.outputs import write_texts
from qpcr.rehearsal import wells_of, write_simulated
from qpcr.simulate import PatientSpec, PlateSpec, patient_plates, simulate_plate
from qpcr.simulate.study_cohort import (
    DELETIONS,
    InventedPatient,
    cohort_csv,
    invent_cohort,
    spec_of,
)

PANEL = "ikzf1"
TABLE = "synthetic-patients.csv"
USER = "synthetic-demo"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What was made: the store, its plates, the table, and who was tested on plates."""

    store: Path
    plates: tuple[Path, ...]
    table: Path
    tested: tuple[str, ...]


def rehearse_cohort(
    out: Path, seed: int = 1, tested: int = 9, told: Callable[[str], None] | None = None
) -> Rehearsed:
    """Simulate plates of some patients, analyze them, and keep results and clinical data.

    Parameters
    ----------
    out
        Folder; the store inside it must not exist yet.
    seed
        Same seed, same patients and plates.
    tested
        How many patients have plates behind their result, at least one of each deletion type and
        one without; the others' IKZF1 stands in the clinical table.
    told
        Is told of each step.

    Raises
    ------
    InputError
        The store exists already, or nothing can be written.
    """
    from qpcr.exchange.clinical import carry_out, plan_file
    from qpcr.pipeline import analyze
    from qpcr.records import Store
    from qpcr.samples import Identity

    tell = told or (lambda _: None)
    folder = out / "synthetic-store"
    if folder.exists():
        raise InputError(
            "the demonstration's store exists already", file=folder, remedy="choose another --out"
        )
    patients = invent_cohort(seed)
    chosen = _chosen(patients, tested)
    names = frozenset(one.name for one in chosen)
    store = Store.init(folder)
    write_texts({TABLE: cohort_csv(patients, names)}, out)
    plan = plan_file(store, out / TABLE)
    carry_out(store, plan, out / TABLE, user=USER)
    tell(f"{len(patients)} SYNTHETIC patients imported: {out / TABLE}")
    panel = load_panel(PANEL)
    files = []
    for number, plate in enumerate(_plates([spec_of(one) for one in chosen]), 1):
        file, _ = write_simulated(
            simulate_plate(plate, seed + number), out / f"synthetic-plate-{number}.eds"
        )
        people = [
            Identity(one.name, one.name, "bone marrow", "diagnosis")
            for one in chosen
            if any(well.sample == one.name for well in plate.wells)
        ]
        store.commit(analyze(file, panel=panel, identities=people), user=USER)
        files.append(file)
        tell(f"SIMULATED plate analyzed and kept: {file}")
    return Rehearsed(folder, tuple(files), out / TABLE, tuple(sorted(names)))


def _plates(specs: list[PatientSpec]) -> tuple[PlateSpec, ...]:
    panel = load_panel(PANEL)
    return patient_plates(
        specs,
        wells_of(panel),
        name=f"SYNTHETIC {panel.title}",
        replicates=panel.layout.replicates,
        passive_reference=panel.layout.passive_reference,
    )


def _chosen(patients: tuple[InventedPatient, ...], number: int) -> list[InventedPatient]:
    """The first of each deletion type and the first without, then others in their order."""
    kinds = (*DELETIONS, None)
    first = [next(one for one in patients if one.deletion == kind) for kind in kinds]
    rest = [one for one in patients if one not in first]
    return [*first, *rest][: max(number, len(first))]
