"""What an instrument's file says about one run, as it was read: nothing computed, nothing changed.

A :class:`Run` is the first value of the pipeline (run → curves → fits → …). Arrays are copied,
checked and made read-only; wells are 0-based and row-major (0 = A1); cycles count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np

from calibration.optics import OpticalCalibration
from qpcr._frozen import Float32Array, FloatArray, FrozenMap, IntArray, frozen
from qpcr.light_source import LightSource
from qpcr.lots import Lot


class Task(StrEnum):
    """What a reaction is for (MIQE sample types)."""

    UNKNOWN = "UNKNOWN"
    STANDARD = "STANDARD"
    NTC = "NTC"
    POSITIVE_CONTROL = "POSITIVE_CONTROL"
    NEGATIVE_CONTROL = "NEGATIVE_CONTROL"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Target:
    """A nucleic acid sequence that is amplified, and the dyes that show it.

    `quencher` is ``None`` where the file names none.
    """

    name: str
    reporter: str
    quencher: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """One target in one well: the thing that has a curve, a fit and a Ct.

    Attributes
    ----------
    well
        0-based row-major index.
    well_name
        The same for people: ``"A1"``.
    sample
        Sample name, or ``None`` where the plate names none.
    quantity
        Quantity of a standard in the file's own unit; ``None`` for everything else.
    omitted
        The instrument's user marked the well as omitted.
    """

    well: int
    well_name: str
    sample: str | None
    target: str
    task: Task
    reporter: str
    quencher: str | None = None
    quantity: float | None = None
    omitted: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the thermal protocol: its steps repeated `repetitions` times."""

    name: str
    repetitions: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: temperature in °C, hold in seconds, and whether fluorescence is read.

    `melts` marks a step that reads while it heats (melt curve), an unknown number of times.
    """

    temperature_celsius: float
    hold_seconds: float
    reads: bool
    melts: bool = False


@dataclass(frozen=True, slots=True)
class BaselineWindow:
    """First and last baseline cycle (1-based, both inside), and who chose them.

    `automatic` is ``None`` where the file does not say.
    """

    start: int
    stop: int
    automatic: bool | None = None


@dataclass(frozen=True, slots=True)
class ThresholdSetting:
    """The threshold (ΔRn) that the file records for a target; ``None`` = none recorded."""

    value: float | None
    automatic: bool | None = None


@dataclass(frozen=True)
class AnalysisSettings:
    """What the file says about how the instrument's software analyzed it.

    Attributes
    ----------
    thresholds
        By target name.
    baselines
        By (well index, target name): the windows actually used.
    other
        Settings that are shown but not used.
    """

    thresholds: Mapping[str, ThresholdSetting] = field(default_factory=dict)
    baselines: Mapping[tuple[int, str], BaselineWindow] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("thresholds", "baselines", "other"):
            object.__setattr__(self, name, FrozenMap(getattr(self, name)))


@dataclass(frozen=True, eq=False, slots=True)
class DyeSignals:
    """Multicomponent data of one well as the instrument stored them.

    Attributes
    ----------
    dyes
        Names of the D dyes.
    signal
        (D, C) float32, arbitrary fluorescence units.
    residual
        (C,) residual standard error of the unmixing, or ``None``.
    """

    dyes: tuple[str, ...]
    signal: Float32Array
    residual: Float32Array | None = None

    def __post_init__(self) -> None:
        signal = frozen(self.signal, np.float32, (len(self.dyes), None))
        object.__setattr__(self, "signal", signal)
        if self.residual is not None:
            residual = frozen(self.residual, np.float32, (signal.shape[1],))
            object.__setattr__(self, "residual", residual)


@dataclass(frozen=True, eq=False, slots=True)
class InstrumentResult:
    """What the instrument itself reports for one reaction; kept apart from our own numbers.

    Attributes
    ----------
    well, target
        The reaction.
    cq
        Ct, or ``None`` when it is undetermined or not stored.
    determined
        Whether a Ct was determined; ``None`` when the file says nothing about it.
    rn, drn
        (C,) as stored, or ``None``.
    flags
        Quality flags that the instrument's software raised, by its names, e.g. ``"HIGHSD"``.
    """

    well: int
    target: str
    cq: float | None
    determined: bool | None
    rn: FloatArray | None = None
    drn: FloatArray | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("rn", "drn"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, frozen(values, np.float64, (None,)))


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a run comes from.

    Attributes
    ----------
    file
        Name of the file, without its folder.
    sha256
        Of the file's bytes, in hexadecimal. It goes with the run for ever.
    software, software_version
        What wrote the file, e.g. ``"7500 Software v2.3"`` and ``"2.3"``.
    reader
        The format module that read it, and this package's version.
    simulated
        True for files that say of themselves that they are simulated.
    """

    file: str
    sha256: str
    size: int
    reader: str
    instrument: str | None = None
    instrument_serial: str | None = None
    software: str | None = None
    software_version: str | None = None
    experiment: str | None = None
    experiment_type: str | None = None
    chemistry: str | None = None
    operator: str | None = None
    barcode: str | None = None
    comment: str | None = None
    run_state: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    modified: datetime | None = None
    simulated: bool = False


@dataclass(frozen=True, eq=False)
class Run:
    """One run of an instrument, as its file tells it.

    Attributes
    ----------
    provenance
        The file and the instrument.
    rows, columns
        The plate; W = rows × columns wells.
    reactions
        Every target of every well in use, in well order.
    targets
        By name.
    passive_reference
        Name of the dye, or ``None`` when the plate has none.
    cycles
        (C,) cycle numbers, from 1.
    filters
        Names of the F filters; empty without `raw`.
    raw
        (W, C, F) raw fluorescence, counts as stored (background already taken off by the
        instrument), NaN where a reading is absent; ``None`` when the file has none.
    raw_source
        Which part of the file `raw` was read from.
    calibration
        Uniformity, pure dyes and background, or ``None``.
    signals
        The instrument's multicomponent data by well index; may be empty.
    results
        The instrument's own results by (well index, target name); may be empty.
    settings
        Thresholds and baselines as recorded.
    protocol
        The thermal protocol, in order; may be empty.
    notes
        What the reader wants a person to know, in sentences.
    unread
        Members or fields that the reader did not use.
    light
        What the file says about the lamp or LED.
    reagents
        Lots of reagents that the file names.
    own_filters
        Filter in which a dye shines strongest, by dye, where a calibration tells it that is not
        `calibration`.
    """

    provenance: Provenance
    rows: int
    columns: int
    reactions: tuple[Reaction, ...]
    targets: Mapping[str, Target]
    passive_reference: str | None
    cycles: IntArray
    filters: tuple[str, ...] = ()
    raw: FloatArray | None = None
    raw_source: str | None = None
    calibration: OpticalCalibration | None = None
    signals: Mapping[int, DyeSignals] = field(default_factory=dict)
    results: Mapping[tuple[int, str], InstrumentResult] = field(default_factory=dict)
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)
    protocol: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    light: LightSource = field(default_factory=LightSource)
    reagents: tuple[Lot, ...] = ()
    own_filters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "cycles", frozen(self.cycles, np.int64, (None,)))
        wells, count = self.rows * self.columns, len(self.cycles)
        if self.raw is not None:
            set_(self, "raw", frozen(self.raw, np.float64, (wells, count, len(self.filters))))
        for name in ("targets", "signals", "results", "own_filters"):
            set_(self, name, FrozenMap(getattr(self, name)))

    @property
    def wells(self) -> int:
        """Number of wells of the plate."""
        return self.rows * self.columns


def well_name(index: int, columns: int) -> str:
    """Name of a well: row letters, then the 1-based column.

    >>> well_name(0, 12), well_name(95, 12), well_name(26 * 48, 48)
    ('A1', 'H12', 'AA1')
    """
    row, column = divmod(index, columns)
    letters = ""
    row += 1
    while row:
        row, digit = divmod(row - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return f"{letters}{column + 1}"
