"""Simulated plates for a panel: what the panel says, in the simulator's own words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from primers import Channel, Panel
from qpcr.errors import InputError, UnknownNameError
from qpcr.outputs import write_texts
from qpcr.simulate import (
    FAULT_NAMES,
    ChannelSpec,
    SimulatedRun,
    TargetSpec,
    patient_plates,
    plant_faults,
    random_patients,
    simulate_plate,
    write_eds,
    write_truth,
)

ALL = "all"


def wells_of(panel: Panel) -> list[list[ChannelSpec]]:
    """Kinds of well of a panel, as the simulator wants them."""
    product = {assay.name: assay.product for assay in panel.assays}

    def channel(one: Channel) -> ChannelSpec:
        quencher = None if one.quencher == "none" else one.quencher
        reads = () if one.role == "reference" else tuple((a, product[a]) for a in one.reads)
        target = TargetSpec(one.target, one.reporter, quencher)
        return ChannelSpec(target, reads, one.role == "reference")

    return [[channel(one) for one in reaction.channels] for reaction in panel.reactions]


def simulate_panel(
    panel: Panel, patients: int, seed: int, faults: Sequence[str], out: Path
) -> list[Path]:
    """Simulate as many plates as the patients need, and write each with its truth.

    Parameters
    ----------
    panel
        What is in the wells.
    patients
        How many to invent.
    seed
        Same seed, same files. Each plate has a seed of its own that follows from it.
    faults
        Names of faults to plant on every plate, or ``"all"``.
    out
        Folder; made if it does not exist.

    Returns
    -------
    list of Path
        An ``.eds`` and a ``.truth.csv`` a plate.

    Raises
    ------
    UnknownNameError
        There is no such fault.
    InputError
        The folder cannot be written to.
    """
    unknown = sorted(set(faults) - {ALL, *FAULT_NAMES})
    if unknown:
        raise UnknownNameError(
            "there is no such fault", expected=", ".join((ALL, *FAULT_NAMES)), found=unknown[0]
        )
    wanted = tuple(FAULT_NAMES) if ALL in faults else tuple(faults)
    kinds = wells_of(panel)
    plates = patient_plates(
        random_patients(patients, kinds, seed),
        kinds,
        name=panel.title,
        replicates=panel.layout.replicates,
        passive_reference=panel.layout.passive_reference,
    )
    written: list[Path] = []
    for number, plate in enumerate(plates, 1):
        run = simulate_plate(plant_faults(plate, wanted, seed + number), seed + number)
        written += write_simulated(run, out / f"simulated-{number}.eds", seed)
    return written


def write_sheet(run: SimulatedRun, file: Path) -> Path:
    """Write the sample sheet of a simulated plate: whose every patient's sample is.

    Raises
    ------
    InputError
        It cannot be written.
    """
    named = {well.sample: well.patient for well in run.spec.wells if well.patient is not None}
    lines = ["sample,patient", *(f"{sample},{patient}" for sample, patient in named.items())]
    return write_texts({file.name: "\n".join(lines) + "\n"}, file.parent)[0]


def write_simulated(run: SimulatedRun, file: Path, seed: int | None = None) -> tuple[Path, Path]:
    """Write a simulated plate and, beside it, its truth; returns both files.

    `seed` is what was asked for where it is not the plate's own.

    Raises
    ------
    InputError
        They cannot be written.
    """
    truth = file.with_suffix(".truth.csv")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_eds(run, file)
        write_truth(run, truth, seed=seed)
    except OSError as error:
        raise InputError(
            "the plate cannot be written",
            file=file,
            found=error.strerror or str(error),
            remedy="choose another folder with --out, or make room on the disk",
        ) from error
    return file, truth
