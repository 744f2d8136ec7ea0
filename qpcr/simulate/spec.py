"""What a simulated plate is made of: targets, wells, and the conditions of the experiment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from qpcr.errors import InputError
from qpcr.simulate.fault import Fault
from qpcr.simulate.patient import PatientSpec

TASKS = ("UNKNOWN", "STANDARD", "NTC")
"""The three task words of a quantitation plate."""

FILTERS = 5
"""Emission filters of the ABI 7500."""

MOST_WELLS, MOST_CYCLES = 1536, 1000
"""The largest plate that is simulated."""

POSITIVE_CONTROL = "Positive control"
"""Sample name of wells that must amplify; the instrument has no task word for them."""

NO_TEMPLATE = "NTC"
"""Sample name of wells without template."""


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A target and its hydrolysis probe.

    Attributes
    ----------
    name
        Target name.
    reporter, quencher
        Dye names. A quencher without a pure-dye spectrum (``"NFQ-MGB"``) is dark; ``None`` = none.
    efficiency
        Amplification efficiency while product is scarce, 0…1 (1 = doubling).
    baseline_rn
        Reporter signal of the intact probe, in units of the passive reference's nominal signal.
    span_rn
        Rise of that signal when the nominal capacity of the reaction has been copied.
    """

    name: str
    reporter: str = "FAM"
    quencher: str | None = "TAMRA"
    efficiency: float = 0.96
    baseline_rn: float = 2.2
    span_rn: float = 7.0


@dataclass(frozen=True, slots=True)
class ReactionSpec:
    """One target in a well.

    Attributes
    ----------
    target
        Name of the target.
    copies
        Mean number of template copies; the drawn number is Poisson about it.
    task
        One of :data:`TASKS`.
    quantity
        Quantity of a standard as entered on the plate; ``None`` for other tasks.
    """

    target: str
    copies: float
    task: str = "UNKNOWN"
    quantity: float | None = None


@dataclass(frozen=True, slots=True)
class WellSpec:
    """A well in use: 0-based row-major index, sample, one reaction for each reporter.

    `patient` names the patient whose sample it should be; ``None`` for controls and standards.
    """

    well: int
    sample: str | None
    reactions: tuple[ReactionSpec, ...]
    omitted: bool = False
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Constants of the simulated chemistry and optics.

    Magnitudes follow what 7500 runs with FAM/TAMRA probes show; they are assumptions, each may
    be changed. "sd" of a positive quantity is the standard deviation of its logarithm.

    Attributes
    ----------
    capacity, capacity_sd
        Molecules of product that primers and probe allow, and its well-to-well spread.
    saturation
        Molecules of product at which the enzyme works at half speed.
    competition
        Share of the other targets' product that counts against this saturation: small, as a
        well-designed multiplex limits the primers of the abundant target.
    efficiency_sd
        Well-to-well standard deviation of the efficiency (absolute).
    volume_sd
        Pipetting spread of the reaction mix; acts on all dyes of a well alike.
    probe_sd
        Spread of the intact probe's signal against the passive reference.
    reference_signal
        Nominal signal of the passive reference after unmixing, arbitrary units.
    quencher_rn, quencher_rise
        Signal of a fluorescent quencher relative to the reference, and its relative rise when
        all probe is hydrolysed.
    reporter_slope, slope_sd
        Relative rise of the intact probe's signal per cycle; standard deviation between wells.
    reference_drift, drift_sd
        The same of the passive reference.
    settling, probe_settling, settling_cycles
        Relative excess of all dyes, and relative deficit of the probe, at cycle 1; both fade as
        exp(−(c−1)/settling_cycles).
    shot_noise
        Variance of a count divided by the count.
    read_noise_counts
        Standard deviation of a reading in the dark.
    lamp_noise
        Relative standard deviation of the lamp between readings; common to the plate.
    spectral_error_sd
        Spread of each minor entry of a dye's true spectrum about its calibrated value.
    background_error_counts
        Standard deviation of what the background subtraction leaves in a well.
    stray_counts
        Mean reading of an empty well, by filter; its standard deviation is as large.
    temperature_sd_celsius
        Standard deviation of the recorded sample temperature.
    """

    capacity: float = 8.0e11
    capacity_sd: float = 0.06
    saturation: float = 1.2e11
    competition: float = 0.02
    efficiency_sd: float = 0.004
    volume_sd: float = 0.05
    probe_sd: float = 0.012
    reference_signal: float = 350_000.0
    quencher_rn: float = 1.3
    quencher_rise: float = 0.06
    reporter_slope: float = 0.001
    slope_sd: float = 0.0002
    reference_drift: float = 0.0003
    drift_sd: float = 0.0002
    settling: float = 0.025
    probe_settling: float = 0.006
    settling_cycles: float = 0.9
    shot_noise: float = 0.15
    read_noise_counts: float = 45.0
    lamp_noise: float = 0.0005
    spectral_error_sd: float = 0.03
    background_error_counts: float = 60.0
    stray_counts: tuple[float, ...] = (5000.0, 900.0, 2500.0, 2400.0, 80.0)
    temperature_sd_celsius: float = 0.05

    @classmethod
    def unbiased(cls) -> Conditions:
        """Return conditions in which detection noise is the only error of measurement.

        Spectra are as calibrated, the background is gone, and nothing settles: no analysis of
        the file has to miss the truth by more than noise.
        """
        return cls(spectral_error_sd=0, background_error_counts=0, settling=0, probe_settling=0)


@dataclass(frozen=True, slots=True)
class PlateSpec:
    """A whole plate to be simulated.

    Attributes
    ----------
    name
        Experiment name; the file shows it behind the word SIMULATED.
    targets, wells
        Wells that are not listed are empty.
    rows, columns
        Plate format.
    cycles
        Amplification cycles, one reading each.
    passive_reference
        Dye name or ``None``.
    noise
        Factor on all detection noise (shot, reading, lamp); 0 = none.
    conditions
        Constants of chemistry and optics.
    patients
        Whose samples the wells are; for the truth only.
    faults
        What goes wrong, in the order in which it acts.

    Raises
    ------
    InputError
        When the parts contradict each other.
    """

    name: str
    targets: tuple[TargetSpec, ...]
    wells: tuple[WellSpec, ...]
    rows: int = 8
    columns: int = 12
    cycles: int = 45
    passive_reference: str | None = "ROX"
    noise: float = 1.0
    conditions: Conditions = field(default_factory=Conditions)
    patients: tuple[PatientSpec, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if min(self.rows, self.columns, self.cycles) < 1:
            raise InputError("a plate needs rows, columns and cycles")
        if self.size > MOST_WELLS or self.cycles > MOST_CYCLES:
            raise InputError(
                "a plate is too large",
                expected=f"at most {MOST_WELLS} wells and {MOST_CYCLES} cycles",
                found=f"{self.size} wells, {self.cycles} cycles",
            )
        if not self.noise >= 0:
            raise InputError("the noise factor must not be negative", found=str(self.noise))
        _no_repeats("target", (target.name for target in self.targets))
        _no_repeats("well", (well.well for well in self.wells))
        _no_repeats("patient", (patient.name for patient in self.patients))
        for target in self.targets:
            _check_target(target)
        self._check_wells()
        texts = [self.name, *(target.name for target in self.targets)]
        texts += [well.sample or "" for well in self.wells]
        for text in texts:
            if not all(character.isprintable() for character in text):
                raise InputError("a name cannot be printed", found=repr(text))
        for fault in self.faults:
            fault.check(self)

    def _check_wells(self) -> None:
        by_name = {target.name: target for target in self.targets}
        patients = {patient.name for patient in self.patients}
        for well in self.wells:
            if not 0 <= well.well < self.size:
                raise InputError("a well lies outside the plate", found=str(well.well))
            if well.patient is not None and well.patient not in patients:
                raise InputError("a well names an unknown patient", found=well.patient)
            _no_repeats("target of a well", (r.target for r in well.reactions))
            for reaction in well.reactions:
                _check_reaction(reaction, by_name)

    @property
    def size(self) -> int:
        """Number of wells W."""
        return self.rows * self.columns


def _no_repeats(what: str, values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise InputError(f"a {what} is given twice", found=str(value))
        seen.add(value)


def _check_target(target: TargetSpec) -> None:
    if not 0 <= target.efficiency <= 1:
        raise InputError(
            "an efficiency must lie between 0 and 1",
            place=target.name,
            found=str(target.efficiency),
        )
    if target.reporter == target.quencher:
        raise InputError("reporter and quencher are the same dye", place=target.name)


def _check_reaction(reaction: ReactionSpec, targets: dict[str, TargetSpec]) -> None:
    if reaction.target not in targets:
        raise InputError("a well names a target the plate does not have", found=reaction.target)
    if not 0 <= reaction.copies <= 1e12:
        raise InputError("copies must lie between 0 and 1e12", found=str(reaction.copies))
    if reaction.task not in TASKS:
        raise InputError("unknown task", expected=", ".join(TASKS), found=reaction.task)
    if (reaction.quantity is not None) != (reaction.task == "STANDARD"):
        raise InputError(
            "standards, and only standards, have a quantity",
            place=reaction.target,
            found=f"{reaction.task}, {reaction.quantity}",
        )
